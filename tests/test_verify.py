"""Each level of verify must be able to fail, alone, and say why."""

import json
import math

import pytest
import synthetic

from deeptwins import bands, record, verify
from deeptwins.paths import LANGUAGES

LEVELS = [level.name for level in verify.LEVELS]


@pytest.fixture(autouse=True)
def expected_files(tmp_path, monkeypatch):
    monkeypatch.setattr(bands, "EXPECTED", tmp_path / "expected")
    bands.write(synthetic.EXERCISE, "mini", synthetic.expected())


def failed(verdict):
    return [finding.level for finding in verdict.findings if finding.holds is False]


def test_equal_records_hold_at_every_level():
    verdict = verify.compare(*synthetic.pair())
    assert verdict.holds
    assert [finding.level for finding in verdict.findings] == LEVELS
    assert all(finding.holds for finding in verdict.findings)


ARCHITECTURE = json.dumps(
    {"layers": [{"units": 10, "activation": "tanh"}], "optimizer": {"rate": 0.01}}
)
FAULTS = [
    ("script", "script", "0" * 64, "changed since it ran"),
    ("script", "constants.EPOCHS", 3, "EPOCHS is 2 in Python and 3 in R"),
    ("script", "constants.TARGET", {"accuracy": 0.8}, "TARGET"),
    ("data", "data.name", "wine", "wine"),
    ("data", "data.variant", "full", "full"),
    ("data", "data.digest", "0" * 64, "digest"),
    ("data", "data.arrays.x_train.digest", "0" * 64, "x_train holds other values"),
    ("data", "data.arrays.x_train.shape", [1, 2], "x_train has shape"),
    ("data", "data.arrays.x_test", synthetic.tensor([1.0]), "x_test only in R"),
    ("data", "seed", 2, "seed"),
    ("architecture", "networks.iris.architecture", ARCHITECTURE, "layers[0].activation"),
    ("architecture", "networks.iris.parameters", 4, "3 parameters in Python, 4 in R"),
    ("initial weights", "networks.iris.initial.0", synthetic.tensor([0.5, 0.0]), "1 of 2"),
    ("initial weights", "networks.iris.initial.1", synthetic.tensor([0.0, 0.0]), "shapes"),
    ("trajectory", "networks.iris.history.loss", [1.0, 0.5000001], "loss, epoch 2"),
    ("trajectory", "networks.iris.history.loss", [1.0, None], "loss, epoch 2"),
    ("trajectory", "networks.iris.history.loss", [1.0], "2 epochs in Python, 1 in R"),
    ("trajectory", "networks.iris.history.mae", [1.0, 1.0], "mae only in R"),
    ("final weights", "networks.iris.final.1", synthetic.tensor([0.25]), "1 of 2"),
    ("test metrics", "metrics.accuracy", 0.75 + 1e-9, "accuracy: 0.75 in Python"),
    ("test metrics", "metrics.accuracy", None, "accuracy"),
]


@pytest.mark.parametrize(("level", "path", "value", "says"), FAULTS)
def test_a_fault_fails_its_level_and_no_other(level, path, value, says):
    python, r = synthetic.pair()
    verdict = verify.compare(python, synthetic.changed(r, path, value))
    levels = failed(verdict)
    # A value that is undefined or of another data variant is outside its band too.
    assert levels[0] == level
    assert set(levels) <= {level, "expected band"}
    finding = next(finding for finding in verdict.findings if finding.level == level)
    assert says in finding.detail


def test_both_out_of_the_band_fail_only_the_band():
    records = [synthetic.changed(one, "metrics.accuracy", 0.1) for one in synthetic.pair()]
    verdict = verify.compare(*records)
    assert failed(verdict) == ["expected band"]
    assert verdict.findings[-1].difference > 0.5
    assert "accuracy 0.1 below" in verdict.findings[-1].detail


def test_a_metric_without_a_band_fails():
    records = [synthetic.changed(one, "metrics.auc", 0.5) for one in synthetic.pair()]
    assert failed(verify.compare(*records)) == ["expected band"]


def drawn(value):
    """Return the two records with a result that R drew by itself, and make it a band."""
    expected = synthetic.expected()
    drawn = {"kl_roll": {language: [0.9, 1.0] * 10 for language in LANGUAGES}}
    expected["independent"] = bands.together({}, drawn)["independent"]
    bands.write(synthetic.EXERCISE, "mini", expected)
    python, r = synthetic.pair()
    return python | {"independent": {"kl_roll": 0.95}}, r | {"independent": {"kl_roll": value}}


def test_what_each_language_draws_may_differ_within_the_band():
    assert verify.compare(*drawn(1.0)).holds
    assert failed(verify.compare(*drawn(2.0))) == ["expected band"]


def test_what_only_one_language_draws_fails():
    python, r = drawn(1.0)
    verdict = verify.compare(python, r | {"independent": {}})
    assert failed(verdict) == ["test metrics", "expected band"]


def test_what_a_missing_package_would_have_drawn_is_left_out_and_named():
    verdict = verify.compare(*drawn(None))
    assert verdict.holds
    assert verdict.findings[-1].detail == "20 seeds, without kl_roll in r"


def test_a_band_from_other_data_fails_on_mini_and_does_not_apply_on_full():
    bands.write(synthetic.EXERCISE, "full", synthetic.expected())
    for variant, holds in (("mini", False), ("full", None)):
        pair = synthetic.pair()
        for path, value in (("data.variant", variant), ("data.digest", "1" * 64)):
            pair = [synthetic.changed(one, path, value) for one in pair]
        finding = verify.compare(*pair).findings[-1]
        assert (finding.level, finding.holds) == ("expected band", holds)
        assert "other data" in finding.detail


def test_a_missing_expected_file_fails_and_names_the_command():
    bands.expected_file(synthetic.EXERCISE).unlink()
    verdict = verify.compare(*synthetic.pair())
    assert failed(verdict) == ["expected band"]
    assert "shared_data/make/expected.py 04_hello_iris" in verdict.findings[-1].detail


def test_constants_may_be_written_as_each_language_writes_them():
    python, r = synthetic.pair()
    python = synthetic.changed(python, "constants.FOLDS", [5])
    r = synthetic.changed(r, "constants.FOLDS", 5.0)
    assert verify.compare(python, r).holds


def test_a_constant_in_one_language_only_fails():
    python, r = synthetic.pair()
    verdict = verify.compare(synthetic.changed(python, "constants.UNITS", None), r)
    assert failed(verdict) == ["script"]
    assert "UNITS" in verdict.findings[0].detail


def test_networks_that_are_missing_on_both_sides_do_not_pass():
    records = [synthetic.changed(one, "networks", {}) for one in synthetic.pair()]
    assert "architecture" in failed(verify.compare(*records))


def test_an_exercise_without_network_needs_none_and_tolerates_none():
    bare = [synthetic.changed(one, "networks", {}) for one in synthetic.pair()]
    verdict = verify.compare(*bare, networks=False)
    assert verdict.holds
    assert [f.level for f in verdict.findings if f.holds is None] == [
        level.name for level in verify.LEVELS if level.needs_network
    ]
    assert failed(verify.compare(*synthetic.pair(), networks=False)) == ["architecture"]


def test_different_weights_are_measured(results):
    python, r = synthetic.pair()
    weights = {"initial": [[0.5, -0.25], [0.0]], "final": [[0.75, -0.5], [0.375]]}
    synthetic.write(python)
    r = synthetic.changed(r, "networks.iris.final.1", synthetic.tensor([0.375]))
    synthetic.write(r, weights)
    finding = next(f for f in verify.verify(python["id"]).findings if f.level == "final weights")
    assert finding.holds is False
    assert finding.difference == 0.25
    assert "1 of 2 tensors differ, first iris, tensor 1" in finding.detail


def test_unlike_settings_are_named_as_the_likely_cause():
    python, r = synthetic.pair()
    r = synthetic.changed(r, "networks.iris.history.loss", [1.0, 0.6])
    r = synthetic.changed(r, "settings.threads", 2)
    finding = next(f for f in verify.compare(python, r).findings if f.level == "trajectory")
    assert "threads 1 in Python, 2 in R" in finding.detail
    assert math.isclose(finding.difference, 0.1)


def test_a_missing_record_fails_every_level_and_names_the_command(results):
    synthetic.write(synthetic.make("python"))
    verdict = verify.verify(synthetic.EXERCISE)
    assert failed(verdict) == LEVELS
    assert "deeptwins run 04_hello_iris --lang r" in verdict.findings[0].detail


@pytest.mark.parametrize(
    ("path", "value", "says"),
    [
        ("metrics", {}, "metrics"),
        ("language", "julia", "language"),
        ("script", "abc", "script"),
        ("seed", "1", "seed"),
        ("surprise", 1, "surprise"),
        ("networks.iris.history.loss", "low", "networks.iris.history.loss"),
    ],
)
def test_the_schema_refuses(results, path, value, says):
    synthetic.write(synthetic.changed(synthetic.make("python"), path, value))
    # A record in a language that does not exist lies where no one reads; put it in place.
    file = results / str(value if path == "language" else "python") / "04_hello_iris.json"
    target = record.record_file(synthetic.EXERCISE, "python")
    target.parent.mkdir(parents=True, exist_ok=True)
    if file != target:
        file.rename(target)
    with pytest.raises(record.RecordError, match=says):
        record.read(synthetic.EXERCISE, "python")


def test_a_cut_off_record_is_refused(results):
    synthetic.write(synthetic.make("python"))
    path = record.record_file(synthetic.EXERCISE, "python")
    path.write_text(path.read_text()[:100])
    with pytest.raises(record.RecordError, match="is not JSON"):
        record.read(synthetic.EXERCISE, "python")


def test_a_record_under_another_name_is_refused(results):
    synthetic.write(synthetic.make("python", "01_partitions"))
    path = record.record_file("01_partitions", "python")
    path.rename(record.record_file(synthetic.EXERCISE, "python"))
    with pytest.raises(record.RecordError, match="is the record of python 01_partitions"):
        record.read(synthetic.EXERCISE, "python")
