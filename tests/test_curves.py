"""The tumours of 05_curves, its logs for TensorBoard, and what its curves have to show."""

import json
import math

import numpy as np
import pandas as pd
import pytest
from helpers import names_of
from sklearn.datasets import load_breast_cancer
from sklearn.metrics import log_loss

from deeptwins import bands
from deeptwins.paths import LANGUAGES, SHARED

TWIN = names_of(
    "05_curves",
    ["head", "constants", "baseline"],
    x_few=np.array([[-1.0], [1.0], [2.0]]),
    y_few=np.array([[0.0], [1.0], [1.0]]),
    x_test=np.array([[0.5], [-2.0]]),
    y_test=np.array([[1.0], [0.0]]),
)


@pytest.fixture(scope="module")
def tumours():
    folder = SHARED / "nuclei"
    return pd.read_csv(folder / "nuclei.csv").merge(pd.read_csv(folder / "partitions.csv"))


def record_of(fresh_run, language):
    folder, output = fresh_run
    path = folder / language / "05_curves.json"
    if not path.is_file():
        pytest.fail(f"05_curves left no record in {language}\n{output}", pytrace=False)
    return json.loads(path.read_text(encoding="utf-8"))


def logged(folder, language, network, part):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
    from tensorflow import make_ndarray

    where = folder / language / "05_curves-logs" / network / part
    events = EventAccumulator(str(where), size_guidance={"tensors": 0})
    events.Reload()
    return [
        (event.step, make_ndarray(event.tensor_proto).item())
        for event in events.Tensors("epoch_binary_crossentropy")
    ]


def test_nuclei_are_the_data_of_scikit_learn(tumours):
    bunch = load_breast_cancer()
    assert np.array_equal(tumours.iloc[:, 1:11], bunch.data[:, :10])
    assert list(tumours["diagnosis"]) == list(bunch.target_names[bunch.target])


def test_partition_is_complete_and_each_part_has_its_share_of_both_diagnoses(tumours):
    sizes = tumours.groupby(["partition", "block"]).size().to_dict()
    train = {("train", block): 60 for block in range(1, 5)}
    assert sizes == train | {("tuning", 0): 129, ("test", 0): 200}
    malignant = tumours["diagnosis"] == "malignant"
    share = malignant.groupby([tumours["partition"], tumours["block"]]).mean()
    assert (abs(share - malignant.mean()) < 0.02).all()


def test_no_tumour_stands_twice(tumours):
    assert not tumours.iloc[:, 1:11].duplicated().any()


def test_cross_entropy_is_that_of_scikit_learn():
    rng = np.random.default_rng(3)
    y, p = rng.integers(0, 2, size=(50, 1)), rng.uniform(size=(50, 1))
    assert TWIN.cross_entropy(p, y) == pytest.approx(log_loss(y, p), abs=1e-12)


def test_cross_entropy_of_a_sure_mistake_is_finite():
    wrong = TWIN.cross_entropy(np.array([[1.0]], "float32"), np.array([[0.0]]))
    assert wrong == pytest.approx(-math.log(1e-7))


@pytest.mark.parametrize("language", LANGUAGES)
def test_tensorboard_reads_the_curves_that_the_record_holds(request, fresh_run, language):
    if language == "r":
        request.getfixturevalue("r")
    networks = record_of(fresh_run, language)["networks"]
    logs = fresh_run[0] / language / "05_curves-logs"
    assert {path.name for path in logs.iterdir()} == networks.keys()
    for name, network in networks.items():
        for part, metric in [("train", ""), ("validation", "val_")]:
            # One file each: those of an earlier run are gone.
            assert len(list((logs / name / part).glob("events.out.tfevents.*"))) == 1
            found = logged(fresh_run[0], language, name, part)
            kept = network["history"][f"{metric}binary_crossentropy"]
            assert [step for step, _ in found] == list(range(len(kept)))
            assert [value for _, value in found] == pytest.approx(kept, rel=1e-6)


def test_the_curves_show_underfitting_and_overfitting(fresh_run):
    found = record_of(fresh_run, "python")
    history = {name: one["history"] for name, one in found["networks"].items()}
    under, over = history["underfit"], history["overfit"]
    for metric in ("binary_crossentropy", "val_binary_crossentropy"):
        assert np.all(np.diff(under[metric]) < 0)
    assert under["binary_crossentropy"][-1] > 0.5
    tuning = over["val_binary_crossentropy"]
    assert over["binary_crossentropy"][-1] < 0.5 * min(over["binary_crossentropy"][:3])
    assert np.argmin(tuning) < len(tuning) / 2
    assert tuning[-1] > 1.2 * min(tuning)


def test_early_stopping_is_the_beginning_of_the_overfitted_run(fresh_run):
    found = record_of(fresh_run, "python")
    early, over = (found["networks"][name]["history"] for name in ("early", "overfit"))
    length = len(early["loss"])
    assert length < len(over["loss"])
    assert early["loss"] == over["loss"][:length]
    best = int(np.argmin(early["val_binary_crossentropy"]))
    assert length == best + 1 + found["constants"]["PATIENCE"]


def test_what_helps_helps_for_every_seed():
    metrics = bands.read("05_curves", "mini")["metrics"]
    overfit = np.array(metrics["loss"]["values"])
    for name in ("early", "l1", "l2", "data_2x", "data_4x"):
        assert (np.array(metrics[f"loss_{name}"]["values"]) < overfit).all(), name
    # Dropout helps too, but less than any other remedy.
    dropout = np.array(metrics["loss_dropout"]["values"])
    assert dropout.mean() < overfit.mean()
    for name in ("early", "l1", "l2", "data_4x"):
        assert dropout.mean() > metrics[f"loss_{name}"]["mean"], name


def test_the_solution_beats_the_overfitted_network_at_every_seed():
    plain = bands.read("05_curves", "mini")
    solved = bands.read("solutions/05_curves", "mini")
    assert plain["seeds"] == solved["seeds"]
    margin = np.subtract(plain["metrics"]["loss"]["values"], solved["metrics"]["loss"]["values"])
    assert margin.min() > 0
