"""The metrics that 02_metrics writes by hand, against scikit-learn and their definitions."""

import json
import math
from fractions import Fraction
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import sklearn.metrics as sk
from helpers import names_of
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as nps

from deeptwins.paths import SHARED

TWIN = names_of("02_metrics", ["head", "constants", "counts", "rates", "roc", "errors"])
SOLUTION = names_of("solutions/02_metrics", ["head", "mcc"])
EXPECTED = json.loads(Path(__file__).with_name("undefined_cases.json").read_text("utf-8"))
CASES = pd.read_csv(SHARED / "scores" / "cases.csv")
TOLERANCE = 1e-12

# Scores with few different values, so that nearly every example has ties.
people = st.lists(
    st.tuples(st.integers(0, 1), st.integers(0, 6).map(lambda step: step / 6)), max_size=40
).map(lambda rows: pd.DataFrame(rows, columns=["label", "score"], dtype=float))
people_of_both_kinds = people.filter(lambda sample: sample["label"].nunique() == 2)
in_time = settings(deadline=None)


def same(ours, theirs):
    return (math.isnan(ours) and math.isnan(theirs)) or abs(ours - theirs) <= TOLERANCE


def rates_of(label, predicted):
    return TWIN.rates(**TWIN.counts(label, predicted))


@in_time
@given(people)
def test_counts_are_those_of_the_confusion_matrix(sample):
    predicted = sample["score"] >= TWIN.THRESHOLD
    four = TWIN.counts(sample["label"], predicted)
    assert sum(four.values()) == len(sample)
    if len(sample):  # scikit-learn refuses an empty sample
        theirs = sk.confusion_matrix(sample["label"], predicted, labels=[0, 1])
        assert [four[name] for name in ("tn", "fp", "fn", "tp")] == theirs.ravel().tolist()


@in_time
@given(people.filter(len))
def test_rates_are_those_of_scikit_learn(sample):
    label, predicted = sample["label"].astype(int), (sample["score"] >= 0.5).astype(int)
    ours = rates_of(label, predicted)
    undefined = {"zero_division": math.nan}
    assert same(ours["sensitivity"], sk.recall_score(label, predicted, **undefined))
    assert same(ours["specificity"], sk.recall_score(label, predicted, pos_label=0, **undefined))
    assert same(ours["precision"], sk.precision_score(label, predicted, **undefined))
    assert same(ours["f1"], sk.f1_score(label, predicted, **undefined))
    assert same(ours["accuracy"], sk.accuracy_score(label, predicted))


@in_time
@given(people.filter(len))
def test_mcc_is_that_of_scikit_learn_and_undefined_where_a_margin_is_empty(sample):
    label, predicted = sample["label"].astype(int), (sample["score"] >= 0.5).astype(int)
    ours = rates_of(label, predicted)["mcc"]
    if label.nunique() == 2 and predicted.nunique() == 2:
        assert same(ours, sk.matthews_corrcoef(label, predicted))
        assert same(ours, np.corrcoef(label, predicted)[0, 1])
        assert same(ours, rates_of(1 - label, 1 - predicted)["mcc"])
    else:
        assert math.isnan(ours)


@in_time
@given(people, st.integers(0, 7).map(lambda step: step / 6))
def test_the_solution_has_the_same_mcc(sample, threshold):
    assert same(
        SOLUTION.mcc(sample, threshold),
        rates_of(sample["label"], sample["score"] >= threshold)["mcc"],
    )


@in_time
@given(people_of_both_kinds)
def test_roc_curve_is_that_of_scikit_learn(sample):
    ours = TWIN.roc(sample["label"], sample["score"])
    fpr, tpr, _ = sk.roc_curve(sample["label"], sample["score"], drop_intermediate=False)
    assert np.allclose(ours["fpr"].iloc[:-1], fpr, rtol=0, atol=TOLERANCE)
    assert np.allclose(ours["tpr"].iloc[:-1], tpr, rtol=0, atol=TOLERANCE)
    assert tuple(ours.iloc[-1]) == (1, 1)


@in_time
@given(people_of_both_kinds)
def test_auc_by_area_by_ranks_by_pairs_and_by_scikit_learn_are_one(sample):
    label, score = sample["label"], sample["score"]
    area = TWIN.auc_area(label, score)
    ill, healthy = score[label == 1].to_numpy(), score[label == 0].to_numpy()
    pairs = np.sign(ill[:, None] - healthy[None, :])
    assert same(area, (pairs.mean() + 1) / 2)
    assert same(area, TWIN.auc_ranks(label, score))
    assert same(area, sk.roc_auc_score(label, score))
    assert same(area, TWIN.auc_area(label, np.exp(score)))
    assert same(area, 1 - TWIN.auc_area(1 - label, score))


@in_time
@given(
    st.integers(1, 30).flatmap(
        lambda n: nps.arrays("float64", (2, n), elements=st.floats(-1e3, 1e3, width=32))
    )
)
def test_errors_are_those_of_scikit_learn(values):
    observed, predicted = values
    squares = sk.mean_squared_error(observed, predicted) * len(observed)
    assert math.isclose(TWIN.sum_of_squares(observed, predicted), squares, rel_tol=TOLERANCE)
    theirs = sk.root_mean_squared_error(observed, predicted)
    assert math.isclose(TWIN.rmse(observed, predicted), theirs, rel_tol=TOLERANCE)


@in_time
@given(st.tuples(*[st.integers(1, 10**7)] * 4))
def test_rates_hold_for_a_whole_country(four):
    tp, tn, fp, fn = four
    product = Fraction((tp + fp) * (tp + fn) * (tn + fp) * (tn + fn))
    squared = Fraction(tp * tn - fp * fn) ** 2 / product
    mcc = TWIN.rates(tp, tn, fp, fn)["mcc"]
    assert mcc**2 == pytest.approx(float(squared), abs=TOLERANCE)
    assert np.sign(mcc) == np.sign(tp * tn - fp * fn)


def test_without_people_nothing_is_defined():
    none = pd.Series([], dtype=float)
    values = rates_of(none, none)
    values["auc"], values["auc_ranks"] = TWIN.auc_area(none, none), TWIN.auc_ranks(none, none)
    values["rmse"] = TWIN.rmse(none, none)
    assert all(map(math.isnan, values.values())), values


def test_the_table_names_every_case():
    assert list(EXPECTED) == list(CASES["case"].unique())


@pytest.mark.parametrize("case", EXPECTED)
def test_undefined_cases(case):
    sample = CASES[CASES["case"] == case]
    label, score = sample["label"], sample["score"]
    values = rates_of(label, score >= TWIN.THRESHOLD)
    values["auc"] = TWIN.auc_area(label, score)
    assert values.keys() == EXPECTED[case].keys()
    for name, expected in EXPECTED[case].items():
        assert same(values[name], math.nan if expected is None else expected), name
    assert same(TWIN.auc_ranks(label, score), values["auc"])


def test_accuracy_prefers_the_model_that_finds_nobody():
    """What the chapter says of the screening sample."""
    sample = pd.read_csv(SHARED / "scores" / "screening.csv")
    useful = rates_of(sample["label"], sample["score"] >= TWIN.THRESHOLD)
    nobody = rates_of(sample["label"], sample["score"] > 1)
    assert nobody["accuracy"] > useful["accuracy"]
    assert useful["mcc"] > 0
    assert math.isnan(nobody["mcc"])
