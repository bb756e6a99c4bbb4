"""Each level of the ledger must be able to fail, alone, and say why."""

import numpy as np
import pytest
import synthetic
from synthetic import tensor

from deeptwins.paths import LANGUAGES
from deeptwins.proof import bands, levels
from deeptwins.runs import capture, record

LEVELS = [level.name for level in levels.LEVELS]
TANH = synthetic.ARCHITECTURE.replace("relu", "tanh")


@pytest.fixture(autouse=True)
def own_files(results, tmp_path, monkeypatch):
    """Neither bands nor arrays of a real run take part."""
    monkeypatch.setattr(bands, "EXPECTED", tmp_path / "expected")
    bands.write(synthetic.EXERCISE, "mini", synthetic.expected())


def failed(verdict):
    return [finding.level for finding in verdict.failed]


FAULTS = [
    ("script", "script", "0" * 64, "changed since it ran"),
    ("script", "constants.EPOCHS", 3, "EPOCHS is 2 in Python, 3 in R"),
    ("inputs", "data.sets", {"wine": "1" * 64}, "sets.iris is "),
    ("inputs", "data.variant", "full", "full"),
    ("inputs", "calls.0.inputs.x.digest", "0" * 64, "fit, call 1.inputs.x.digest is "),
    ("inputs", "calls.0.inputs.x.shape", [1, 2], "x.shape is 2 in Python, missing in R"),
    ("inputs", "calls.0.settings.batch_size", 32, "batch_size is 16 in Python, 32 in R"),
    ("inputs", "calls.2.section", "fit", "predict, call 3.section is test in Python, fit in R"),
    ("initial weights", "calls.0.initial.0", tensor([0.5, 0.0]), "initial #1.digest is"),
    ("initial weights", "calls.0.initial.1", tensor([0.0, 0.0]), "#2.shape is 1 in Python, 2 in R"),
    ("training", "calls.0.history.loss", [1.0, 0.5000001], "history.loss #2 is 0.5"),
    ("training", "calls.0.history.loss", [1.0, "nan"], "loss #2 is 0.5 in Python, nan in R"),
    ("training", "calls.0.history.loss", [1.0], "history.loss #1 is 1.0 in Python, missing in R"),
    ("final weights", "calls.0.final.1", tensor([0.25]), "final #2.digest"),
    ("predictions", "calls.2.predictions.0", tensor([0.5]), "predict, call 3.predictions.digest"),
    ("predictions", "calls.1.scores", {"loss": 0.25}, "evaluate, call 2.scores.loss is 0.5"),
    ("results", "results.accuracy", 0.75 + 1e-9, "accuracy is 0.75 in Python"),
    ("results", "results.accuracy", None, "accuracy is 0.75 in Python, None in R"),
]


@pytest.mark.parametrize(("level", "path", "value", "says"), FAULTS)
def test_a_fault_fails_its_level_and_no_other(level, path, value, says):
    python, r = synthetic.pair()
    verdict = levels.compare(python, synthetic.changed(r, path, value))
    held = {finding.level: finding.holds for finding in verdict.findings}
    assert list(held) == LEVELS
    assert held.pop(level) is False
    # What is undefined is outside its band.
    band = held.pop("band", True) or path.startswith(("results", "data"))
    assert all([*held.values(), band])
    assert says in verdict.findings[LEVELS.index(level)].detail


def test_another_architecture_is_named_by_its_field():
    python, r = synthetic.pair()
    other = synthetic.architecture(TANH)
    r = synthetic.changed(r, "calls.0.architecture", *other) | {"architectures": other}
    verdict = levels.compare(python, r)
    assert failed(verdict) == ["architecture"]
    assert "layers.activation is relu in Python, tanh in R" in verdict.findings[2].detail


def test_both_out_of_the_band_fail_only_the_band():
    both = [synthetic.changed(one, "results.accuracy", 0.1) for one in synthetic.pair()]
    verdict = levels.compare(*both)
    assert failed(verdict) == ["band"]
    assert verdict.failed[0].detail.startswith("accuracy 0.1 below [0.")


@pytest.mark.parametrize(("value", "holds"), [(1.0, True), (2.0, False)])
def test_what_each_language_draws_is_held_to_its_band_alone(value, holds):
    expected = synthetic.expected()
    drawn = {"kl": {language: [0.9, 1.0] * 10 for language in LANGUAGES}}
    expected["independent"] = bands.together({}, drawn)["independent"]
    bands.write(synthetic.EXERCISE, "mini", expected)
    python, r = synthetic.pair()
    python["results"]["kl"], r["results"]["kl"] = 0.95, value
    assert failed(levels.compare(python, r)) == ([] if holds else ["band"])


def test_the_band_says_nothing_of_constants_that_were_set():
    both = [one | {"set": {"EPOCHS": 3}} for one in synthetic.pair()]
    both = [synthetic.changed(one, "results.accuracy", 0.1) for one in both]
    verdict = levels.compare(*both)
    assert not verdict.failed
    assert verdict.findings[-1].holds is None


def test_a_network_is_missing_or_stray():
    python, r = (one | {"calls": []} for one in synthetic.pair())
    assert "architecture" in failed(levels.compare(python, r))
    assert not levels.compare(python, r, networks=False).failed
    assert failed(levels.compare(*synthetic.pair(), networks=False)) == ["architecture"]


def test_a_loss_that_became_nan_is_said_and_equal():
    lost = [1.0, "nan"]
    both = [synthetic.changed(one, "calls.0.history.loss", lost) for one in synthetic.pair()]
    for one in both:
        record.validate(one, "here")
    verdict = levels.compare(*both)
    assert not verdict.failed
    assert verdict.diverged == "the loss of fit 1 (fit) is nan in epoch 2"


def test_the_settings_that_differ_are_named_and_kept_arrays_give_the_difference():
    python, r = synthetic.pair()
    r = synthetic.changed(r, "calls.0.final.0", tensor([0.75, -0.25]))
    r = synthetic.changed(r, "settings.threads", 2)
    for one, last in ((python, -0.5), (r, -0.25)):
        folder = record.folder_of(synthetic.EXERCISE, one["language"])
        folder.mkdir(parents=True)
        kept = [0.5, -0.25, 0.0, 0.75, last, 0.125, 0.75]  # initial, final, predictions
        np.array(kept, "<f4").tofile(folder / capture.TENSORS)
    (finding,) = levels.compare(python, r).failed
    assert (finding.level, finding.difference) == ("final weights", 0.25)
    assert "the setting threads was 1 in Python, 2 in R" in finding.detail
