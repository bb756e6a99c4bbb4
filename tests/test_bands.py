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
    expected = {"metrics": {"mcc": bands.band("mcc", [None] * 10)}, "independent": {}}

    def word(value):
        return bands.place({"metrics": {"mcc": value}, "independent": {}}, expected)["mcc"].word

    assert word(None) == "in"
    assert word(0.0) == "undefined"


@pytest.mark.parametrize(("value", "word"), [(0.1, "below"), (0.75, "in"), (0.99, "above")])
def test_a_value_is_below_in_or_above(value, word):
    one = synthetic.changed(synthetic.make("python"), "metrics.accuracy", value)
    assert bands.place(one, synthetic.expected())["accuracy"].word == word


def test_what_a_language_draws_by_itself_has_a_place_too():
    one = synthetic.make("r") | {"independent": {"kl_roll": 0.5}}
    expected = synthetic.expected()
    expected["independent"] = {"kl_roll": bands.band("kl_roll", [0.9, 1.0] * 10)}
    assert bands.place(one, expected)["kl_roll"].word == "below"


def test_the_margin_is_taken_seed_by_seed_and_its_limit_is_that_of_a_t_test():
    seeds = list(range(1, 11))
    missed = [0.50, 0.60, 0.55, 0.52, 0.58, 0.51, 0.57, 0.53, 0.56, 0.54]
    gains = [0.10, 0.20, 0.15, 0.12, 0.18, 0.11, 0.17, 0.13, 0.16, 0.14]
    solved = [value + gain for value, gain in zip(missed, gains, strict=True)]
    plain, better = (
        {"seeds": seeds, "metrics": {name: {"values": values} for name in ("accuracy", "loss")}}
        for values in (missed, solved)
    )
    found = bands.margins(better, plain, ["accuracy", "loss"])
    assert found["accuracy"]["least"] == pytest.approx(0.10)
    # A low loss is good: the same gains are losses there.
    assert found["loss"]["least"] == pytest.approx(-0.20)
    interval = stats.ttest_rel(solved, missed).confidence_interval(bands.COVERAGE)
    assert found["accuracy"]["low"] == pytest.approx(interval.low)
    with pytest.raises(ValueError, match="other seeds"):
        bands.margins(better | {"seeds": seeds[1:]}, plain, ["accuracy"])


def test_writing_one_variant_keeps_the_other(tmp_path, monkeypatch):
    monkeypatch.setattr(bands, "EXPECTED", tmp_path)
    bands.write("04_hello_iris", "mini", {"metrics": {}})
    bands.write("04_hello_iris", "full", {"metrics": {}})
    assert bands.read("04_hello_iris", "mini") == bands.read("04_hello_iris", "full")
    with pytest.raises(bands.BandError, match="has no bands for other data"):
        bands.read("04_hello_iris", "other")


EVERY_BAND = [(one, "mini") for one in catalog.exercises()] + [
    (one, "full") for one in bands.with_full(catalog.exercises())
]


def same(kept, again):
    return all(
        kept[key] == again[key] or kept[key] == pytest.approx(again[key], abs=1e-12)
        for key in again
    )


@pytest.mark.parametrize(("exercise", "variant"), EVERY_BAND)
def test_the_committed_bands_come_from_enough_seeds_by_their_own_formula(exercise, variant):
    expected = bands.read(exercise, variant)
    assert len(expected["seeds"]) >= bands.MINIMUM_SEEDS
    assert len(set(expected["seeds"])) == len(expected["seeds"])
    for kind, languages in (("metrics", 1), ("independent", 2)):
        for name, kept in expected[kind].items():
            assert len(kept["values"]) == languages * len(expected["seeds"])
            assert same(kept, bands.band(name, kept["values"]))
    if variant == "full":
        assert expected["note"], "say from which part of the original the band was made"


SOLVED = [(name, variant) for name, variant in EVERY_BAND if name.startswith("solutions/")]


@pytest.mark.parametrize(("exercise", "variant"), SOLVED)
def test_a_solution_beats_its_exercise_by_the_margin_that_its_file_states(exercise, variant):
    solved = bands.read(exercise, variant)
    plain = bands.read(exercise.removeprefix("solutions/"), variant)
    again = bands.margins(solved, plain, solved["margins"])
    assert solved["margins"].keys()
    for metric, stated in solved["margins"].items():
        assert same(stated, again[metric])
        assert variant == "full" or stated["low"] > 0


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
