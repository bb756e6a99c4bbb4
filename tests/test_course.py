"""The four functions that a twin calls, in Python; and that R says the same where it matters."""

import hashlib
import json
import struct

import numpy as np
import pytest

from deeptwins import course, files, record


@pytest.fixture
def data_home(tmp_path, monkeypatch):
    """A data home with one good set, read as the `full` variant."""
    monkeypatch.setenv("DEEPTWINS_VARIANT", "full")
    monkeypatch.setenv("DEEPTWINS_DATA", str(tmp_path))
    monkeypatch.setattr(course, "_opened", {})
    folder = tmp_path / "toy"
    folder.mkdir()
    (folder / "a.csv").write_text("x\n1\n")
    (folder / "b.csv").write_text("y\n2\n")
    card = {"files": {name: {"sha256": files.sha256(folder / name)} for name in ("b.csv", "a.csv")}}
    (folder / "card.json").write_text(json.dumps(card))
    return tmp_path


def test_a_good_set_is_found_and_its_digest_follows_the_card(data_home):
    assert course.data_dir("toy") == data_home / "toy"
    listing = "".join(f"{files.sha256(data_home / 'toy' / n)}  {n}\n" for n in ("b.csv", "a.csv"))
    assert course._opened == {"toy": hashlib.sha256(listing.encode()).hexdigest()}


faults = {
    "no card": lambda folder: (folder / "card.json").unlink(),
    "missing": lambda folder: (folder / "a.csv").unlink(),
    "cut off": lambda folder: (folder / "a.csv").write_text("x\n"),
    "empty": lambda folder: (folder / "b.csv").write_text(""),
}


@pytest.mark.parametrize("fault", faults)
def test_a_bad_set_is_refused_by_name_in_the_same_words_in_both_languages(data_home, fault, r):
    faults[fault](data_home / "toy")
    with pytest.raises((FileNotFoundError, ValueError)) as caught:
        course.data_dir("toy")
    said = str(caught.value)
    assert str(data_home / "toy") in said
    r(f"Sys.setenv(DEEPTWINS_VARIANT = 'full', DEEPTWINS_DATA = '{data_home}')")
    try:
        in_r = r("tryCatch(data_dir('toy'), error = conditionMessage)")
    finally:
        r("Sys.unsetenv(c('DEEPTWINS_VARIANT', 'DEEPTWINS_DATA'))")
    assert in_r == said


def test_seed_is_the_twins_own_unless_the_run_gives_another(monkeypatch):
    monkeypatch.delenv("DEEPTWINS_SEED", raising=False)
    assert course.seed(3) == 3
    monkeypatch.setenv("DEEPTWINS_SEED", "5")
    assert course.seed(3) == 5


SEED = 1
LEVELS = [3, 5]
lower_case = 2


def test_report_writes_a_valid_record_with_the_callers_constants(data_home, results):
    course.data_dir("toy")
    array = np.array([[1, 2, 3], [4, 5, 6]], dtype=np.uint8)
    path = course.report(
        "02_metrics", data={"x": array}, metrics={"mcc": float("nan"), "f1": 0.5, "auc": None}
    )
    written = json.loads(path.read_text())
    record.validate(written, str(path))
    assert written["constants"]["LEVELS"] == [3, 5]
    assert "lower_case" not in written["constants"]
    assert written["metrics"] == {"mcc": None, "f1": 0.5, "auc": None}
    digest = hashlib.sha256(struct.pack("<6d", 1, 2, 3, 4, 5, 6)).hexdigest()
    assert written["data"]["arrays"]["x"] == {"shape": [2, 3], "digest": digest}


def test_report_needs_exactly_one_data_set(monkeypatch, results):
    monkeypatch.setattr(course, "_opened", {})
    with pytest.raises(ValueError, match="opened 0 data sets"):
        course.report("02_metrics", data={}, metrics={"f1": 1.0})
    assert not list(results.rglob("*.json"))


def test_the_digest_does_not_depend_on_memory_order():
    array = np.arange(24.0).reshape(2, 3, 4)
    assert course._tensor(np.asfortranarray(array), "<f8") == course._tensor(array, "<f8")
    assert course._tensor(array.transpose(), "<f8") != course._tensor(array, "<f8")


@pytest.mark.parametrize("shape", [(7,), (2, 3), (2, 3, 4), (2, 3, 1, 2)])
def test_r_and_python_digest_an_array_alike(r, shape):
    values = np.random.default_rng(1).normal(size=shape)
    flat = ", ".join(repr(float(value)) for value in values.flatten(order="F"))
    dims = ", ".join(str(size) for size in shape)
    found = r(f"tensor(array(c({flat}), c({dims})), 8L)$digest")
    assert found == course._tensor(values, "<f8")["digest"]


def test_a_failed_write_leaves_the_old_file_and_no_other(tmp_path):
    path = tmp_path / "file.txt"
    files.write_text(path, "old")

    def fail():
        with files.replacing(path) as temporary:
            temporary.write_text("half")
            raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        fail()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]
