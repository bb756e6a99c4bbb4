"""The expected bands: their formula, their edges, where a value lies."""

import math

import pytest
import synthetic
from scipy import stats

from deeptwins import bands, catalog, checks


def test_the_band_is_the_prediction_interval_of_one_more_run():
    values = [0.50, 0.52, 0.48, 0.51, 0.49, 0.53, 0.47, 0.50, 0.52, 0.48]
    found = bands.band("score", values)
    # The same interval from a simulation-free identity: (new - mean) / (s sqrt(1 + 1/n)) ~ t.
    upper = (found["high"] - found["mean"]) / (found["sd"] * math.sqrt(1.1))
    assert math.isclose(2 * stats.t.cdf(upper, 9) - 1, bands.COVERAGE, abs_tol=1e-6)
    assert math.isclose(found["mean"] - found["low"], found["high"] - found["mean"])


def test_a_band_stops_at_the_limits_of_its_metric():
    found = bands.band("accuracy_final", [1.0] * 9 + [0.5])
    assert found["high"] == pytest.approx(1.0)
    assert bands.band("mcc", [-1.0, 1.0] * 5)["low"] == pytest.approx(-1.0)


def test_a_metric_that_never_varies_has_room_for_rounding_only():
    found = bands.band("mcc", [0.25] * 10)
    assert found["high"] - found["low"] == pytest.approx(2 * bands.ROUNDING)


def test_too_few_seeds_make_no_band():
    with pytest.raises(ValueError, match="9 seeds"):
        bands.band("accuracy", [0.5] * 9)


def test_a_metric_undefined_for_some_seeds_makes_no_band():
    with pytest.raises(ValueError, match="undefined for some"):
        bands.band("accuracy", [0.5] * 9 + [None])


def test_undefined_everywhere_is_a_band_of_its_own():
    expected = {"metrics": {"mcc": bands.band("mcc", [None] * 10)}}
    assert bands.place({"mcc": None}, expected)["mcc"].word == "in"
    assert bands.place({"mcc": 0.0}, expected)["mcc"].word == "undefined"


@pytest.mark.parametrize(("value", "word"), [(0.1, "below"), (0.75, "in"), (0.99, "above")])
def test_a_value_is_below_in_or_above(value, word):
    assert bands.place({"accuracy": value}, synthetic.expected())["accuracy"].word == word


def test_writing_one_variant_keeps_the_other(tmp_path, monkeypatch):
    monkeypatch.setattr(bands, "EXPECTED", tmp_path)
    bands.write("04_hello_iris", "mini", {"metrics": {}})
    bands.write("04_hello_iris", "full", {"metrics": {}})
    assert bands.read("04_hello_iris", "mini") == bands.read("04_hello_iris", "full")
    with pytest.raises(bands.BandError, match="has no bands for other data"):
        bands.read("04_hello_iris", "other")


@pytest.mark.parametrize("exercise", catalog.exercises())
def test_the_committed_bands_come_from_enough_seeds_by_their_own_formula(exercise):
    expected = bands.read(exercise, "mini")
    assert len(expected["seeds"]) >= bands.MINIMUM_SEEDS
    assert len(set(expected["seeds"])) == len(expected["seeds"])
    for name, kept in expected["metrics"].items():
        assert len(kept["values"]) == len(expected["seeds"])
        again = bands.band(name, kept["values"])
        for key in ("mean", "sd", "low", "high"):
            assert kept[key] == again[key] or kept[key] == pytest.approx(again[key], abs=1e-12)


@pytest.fixture
def checked(results, monkeypatch):
    """Check a synthetic record with a given accuracy against the synthetic bands."""

    def check(accuracy, language="python"):
        monkeypatch.setattr(bands, "EXPECTED", results / "expected")
        bands.write(synthetic.EXERCISE, "mini", synthetic.expected())
        one = synthetic.changed(synthetic.make(language), "metrics.accuracy", accuracy)
        synthetic.write(one)
        return checks.check(synthetic.EXERCISE, language)

    return check


@pytest.mark.parametrize(
    ("accuracy", "word", "reached", "holds"),
    [(0.1, "below", False, False), (0.75, "in", False, True), (0.97, "above", True, True)],
)
def test_check_places_a_result_and_weighs_it_against_the_target(
    checked, accuracy, word, reached, holds
):
    found = checked(accuracy)
    assert found.places["accuracy"].word == word
    assert [goal.reached for goal in found.goals] == [reached]
    assert found.holds is holds


def test_check_names_what_is_missing(results):
    assert "deeptwins run 04_hello_iris" in checks.check("04_hello_iris", "r").problem


@pytest.mark.parametrize(("metric", "value", "reached"), [("loss", 0.4, True), ("mcc", 0.4, False)])
def test_a_low_loss_is_good_and_a_low_score_is_not(metric, value, reached):
    assert checks.reached(metric, value, 0.5) is reached
