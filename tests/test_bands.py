"""The expected bands: their formula, their edges, where a value lies."""

import math
from operator import itemgetter

import pytest
import synthetic
from scipy import stats

from deeptwins import catalog
from deeptwins.data import cards
from deeptwins.paths import LANGUAGES, script_file
from deeptwins.proof import bands
from deeptwins.proof import check as checks

NEAR = [0.50, 0.52, 0.48, 0.51, 0.49, 0.53, 0.47, 0.50, 0.52, 0.48] * 2


@pytest.mark.parametrize("metrics", [1, 25])
def test_the_bands_are_prediction_intervals_that_hold_together(metrics):
    found = bands.band("score", NEAR, metrics)
    # (new - mean) / (s sqrt(1 + 1/n)) follows Student's t.
    upper = (found["high"] - found["mean"]) / (found["sd"] * math.sqrt(1 + 1 / 20))
    outside = 2 * stats.t.sf(upper, 19)
    assert math.isclose(metrics * outside, 1 - bands.NORMAL, abs_tol=1e-6)
    assert math.isclose(found["mean"] - found["low"], found["high"] - found["mean"])


@pytest.mark.parametrize(("last", "says"), [([], "19 seeds"), ([None], "undefined for some")])
def test_too_few_values_make_no_band(last, says):
    with pytest.raises(ValueError, match=says):
        bands.band("accuracy", [0.5] * 19 + last)


@pytest.mark.parametrize(("value", "word"), [(None, "in"), (0.0, "undefined")])
def test_undefined_everywhere_is_a_band_of_its_own(value, word):
    expected = {"results": {"mcc": bands.band("mcc", [None] * 20)}, "independent": {}}
    one = synthetic.make("r") | {"results": {"mcc": value}}
    assert bands.places(one, expected)["mcc"]["word"] == word


def test_what_each_language_draws_has_room_for_as_much_as_the_two_implementations_differ():
    both = {"python": NEAR, "r": [value + 0.2 for value in NEAR]}
    found = bands.together({}, {"kl_": both})["independent"]["kl_"]["python"]
    own = bands.band("kl_", NEAR, 2)
    assert found["low"] == pytest.approx(own["low"] - 0.2)
    assert found["high"] == pytest.approx(own["high"] + 0.4)


def test_writing_one_variant_keeps_the_other(tmp_path, monkeypatch):
    monkeypatch.setattr(bands, "EXPECTED", tmp_path)
    bands.write("01_first_network", "mini", {"results": {}})
    bands.write("01_first_network", "full", {"results": {}})
    assert bands.read("01_first_network", "mini") == bands.read("01_first_network", "full")
    with pytest.raises(bands.BandError, match="has no bands for other data"):
        bands.read("01_first_network", "other")


EVERY_BAND = [(one, "mini") for one in catalog.exercises()]
EVERY_BAND += [(one, "full") for one in cards.with_full()]


def same(kept, again):
    if isinstance(again, dict):
        return kept.keys() == again.keys() and all(same(kept[key], again[key]) for key in again)
    return kept == again or kept == pytest.approx(again, rel=1e-9, abs=1e-12)


def values_of(expected, some=lambda values: values):
    """Return what bands.together() took, or of each list of values something else."""
    drawn = expected["independent"].items()
    return (
        {name: some(kept["values"]) for name, kept in expected["results"].items()},
        {name: {one: some(both[one]["values"]) for one in LANGUAGES} for name, both in drawn},
    )


@pytest.mark.parametrize(("exercise", "variant"), EVERY_BAND)
def test_the_committed_bands_come_from_enough_seeds_by_their_own_formula(exercise, variant):
    expected = bands.read(exercise, variant)
    assert len(expected["seeds"]) >= bands.MINIMUM_SEEDS
    assert len(set(expected["seeds"])) == len(expected["seeds"])
    # R ran as well, and the maker of the bands stops where it is not equal.
    assert len(set(expected["r_seeds"])) >= 2
    assert expected["versions"].keys() == set(LANGUAGES)
    assert expected["coverage"] == bands.COVERAGE
    assert 1 <= len(expected["results"]) + len(expected["independent"]) <= 6
    assert expected["targets"]
    metrics, drawn = values_of(expected)
    for values in [*metrics.values(), *(kept for both in drawn.values() for kept in both.values())]:
        assert len(values) == len(expected["seeds"])
    if drawn:
        assert expected["r_seeds"] == expected["seeds"]
    again = bands.together(metrics, drawn)
    assert same({kind: expected[kind] for kind in again}, again)
    if variant == "full":
        assert expected["note"], "say from which part of the original the band was made"


def outside_without(expected, left_out):
    """Whether the run with one seed leaves the bands that all the other seeds make."""
    place = expected["seeds"].index(left_out)
    others = itemgetter(*(i for i in range(len(expected["seeds"])) if i != place))
    again = bands.together(*values_of(expected, others))
    metrics, drawn = values_of(expected, itemgetter(place))
    runs = [
        {"language": one, "results": metrics | {name: both[one] for name, both in drawn.items()}}
        for one in LANGUAGES
    ]
    words = {found["word"] for run in runs for found in bands.places(run, again).values()}
    return words != {"in"}


def test_a_seed_that_a_band_has_not_seen_leaves_it_as_seldom_as_stated(monkeypatch):
    """Each seed in turn is left out: to the others, it is a fresh one."""
    monkeypatch.setattr(bands, "MINIMUM_SEEDS", bands.MINIMUM_SEEDS - 1)
    runs = [(bands.read(*one), seed) for one in EVERY_BAND for seed in bands.read(*one)["seeds"]]
    outside = sum(outside_without(expected, seed) for expected, seed in runs)
    assert outside <= len(runs) * (1 - bands.COVERAGE)


SOLVED = [(name, variant) for name, variant in EVERY_BAND if name.startswith("solutions/")]


@pytest.mark.parametrize(("exercise", "variant"), SOLVED)
def test_a_solution_beats_its_exercise_at_the_same_seeds(exercise, variant):
    solved = bands.read(exercise, variant)
    plain = bands.read(exercise.removeprefix("solutions/"), variant)
    assert solved["seeds"] == plain["seeds"]
    for metric in solved["targets"]:
        pair = (one["results"][metric]["values"] for one in (solved, plain))
        gain = stats.ttest_rel(
            *pair, alternative="less" if bands.lower_is_better(metric) else "greater"
        )
        assert variant == "full" or gain.pvalue < 0.005


@pytest.fixture
def checked(results, monkeypatch):
    """Check a synthetic record with a given accuracy against the synthetic bands."""

    def check(accuracy, language="python", changes=None, expected=None, **options):
        monkeypatch.setattr(bands, "EXPECTED", results / "expected")
        bands.write(synthetic.EXERCISE, "mini", expected or synthetic.expected())
        one = synthetic.changed(synthetic.make(language), "results.accuracy", accuracy)
        for place, value in (changes or {}).items():
            one = synthetic.changed(one, place, value)
        synthetic.leave(one)
        return checks.check(synthetic.EXERCISE, language, **options)

    return check


@pytest.mark.parametrize(
    ("accuracy", "word", "reached", "holds"),
    [(0.1, "below", False, False), (0.75, "in", False, True), (0.97, "above", True, True)],
)
def test_check_places_a_result_and_weighs_it_against_the_target(
    checked, accuracy, word, reached, holds
):
    said, lines = checked(accuracy)
    assert [line for line in lines if "accuracy " in line and checks.SENTENCES[word] in line]
    assert f"challenge: accuracy {accuracy}, target 0.9: {checks.REACHED[reached]}" in lines[-1]
    assert said is holds


@pytest.mark.parametrize("language", LANGUAGES)
def test_check_says_nothing_of_a_script_that_changed_since_it_ran(checked, language):
    holds, (_, *lines) = checked(0.97, language, {"script": "0" * 64})
    name = script_file(synthetic.EXERCISE, language).name
    assert f"{name} changed since it ran: deeptwins run" in "".join(lines)
    assert (holds, len(lines)) == (None, 1)


def test_check_holds_other_data_to_their_goal_and_not_to_the_band(checked):
    holds, (_, note, goal) = checked(0.97, changes={"data.digest": "0" * 64})
    assert "other data" in note
    assert checks.REACHED[True] in goal
    assert holds


@pytest.mark.parametrize("final", [False, True])
def test_check_looks_at_results_on_the_test_set_only_at_the_end(checked, final):
    expected = synthetic.expected() | {"targets": {"accuracy": 0.7, "test_accuracy": 0.9}}
    expected["results"]["test_accuracy"] = bands.band("test_accuracy", [0.7, 0.8] * 10)
    values = {"results": {"accuracy": 0.75, "loss": 0.5, "test_accuracy": 0.1}}
    holds, lines = checked(0.75, changes=values, expected=expected, final=final)
    assert sum("test_accuracy" in line for line in lines) == 2 * final
    assert sum("challenge: " in line for line in lines) == 1 + final
    assert holds is not final


@pytest.mark.parametrize(("metric", "value", "reached"), [("loss", 0.4, True), ("mcc", 0.4, False)])
def test_a_low_loss_is_good_and_a_low_score_is_not(metric, value, reached):
    assert checks.reached(metric, value, 0.5) is reached
