"""What a twin calls, in Python; and that R says the same where it matters."""

import hashlib
import json
import struct

import numpy as np
import pytest

from deeptwins import course, datasets, files, record


@pytest.fixture
def toy(tmp_path, monkeypatch, r):
    """A set of two files and a folder in a project of its own, in both languages.

    Returns its folder and a function that opens it: in Python it gives the path
    or the error's sentence, and it checks that R gives the same.
    """
    monkeypatch.setattr(course, "_opened", {})
    monkeypatch.setattr(datasets, "SHARED", tmp_path / "shared_data")
    monkeypatch.setenv("DEEPTWINS_DATA", str(tmp_path / "home"))
    folder = tmp_path / "shared_data" / "toy"
    (folder / "pictures" / "deep").mkdir(parents=True)
    for name in ("a.csv", "b.csv", "pictures/B.png", "pictures/a.png", "pictures/deep/c.png"):
        (folder / name).write_text(f"{name}\n")
    named = ("b.csv", "a.csv", "pictures")
    card = {"files": {name: {"sha256": datasets.digest_of(folder / name)} for name in named}}
    (folder / "card.json").write_text(json.dumps(card))

    def opened(function, variant="mini"):
        monkeypatch.setenv("DEEPTWINS_VARIANT", variant)
        try:
            said = str(getattr(course, function)("toy"))
        except (FileNotFoundError, ValueError) as error:
            said = str(error)
        in_r = r(f"""local({{
            before <- setwd('{tmp_path}'); on.exit(setwd(before))
            Sys.setenv(DEEPTWINS_VARIANT = '{variant}', DEEPTWINS_DATA = '{tmp_path}/home')
            on.exit(Sys.unsetenv(c('DEEPTWINS_VARIANT', 'DEEPTWINS_DATA')), add = TRUE)
            .course$opened <- character()
            said <- tryCatch({function}('toy'), error = conditionMessage)
            list(said, if (length(.course$opened)) .course$opened[[1]])
        }})""")
        # R names what ships from the project's folder, Python by its absolute path.
        assert in_r[0].replace("shared_data/toy", str(folder), 1) in (said, in_r[0])
        assert in_r[0].replace(str(folder), "shared_data/toy") == said.replace(
            str(folder), "shared_data/toy"
        )
        if course._opened:
            assert in_r[1] == next(iter(course._opened.values()))
        return said

    def change(**entries):
        (folder / "card.json").write_text(json.dumps(card | entries))

    return folder, opened, change


def lines(*pairs):
    text = "".join(f"{files.sha256(path)}  {name}\n" for path, name in pairs)
    return hashlib.sha256(text.encode()).hexdigest()


def test_a_good_set_is_found_and_its_digest_follows_the_card(toy):
    folder, opened, _ = toy
    assert opened("data_dir") == str(folder)
    inside = "B.png", "a.png", "deep/c.png"  # capitals first, as in the C locale
    pictures = lines(*((folder / "pictures" / name, name) for name in inside))
    start = "".join(f"{files.sha256(folder / n)}  {n}\n" for n in ("b.csv", "a.csv"))
    whole = hashlib.sha256(f"{start}{pictures}  pictures\n".encode()).hexdigest()
    assert course._opened == {"toy": whole}


def test_the_file_of_a_set_is_the_one_on_its_card(toy):
    folder, opened, change = toy
    change(path="b.csv")
    assert opened("data_file") == str(folder / "b.csv")


faults = {
    "no card": lambda folder: (folder / "card.json").unlink(),
    "missing": lambda folder: (folder / "a.csv").unlink(),
    "cut off": lambda folder: (folder / "a.csv").write_text("x"),
    "empty": lambda folder: (folder / "b.csv").write_text(""),
    "one picture less": lambda folder: (folder / "pictures" / "a.png").unlink(),
    "one picture changed": lambda folder: (folder / "pictures" / "deep" / "c.png").write_text("?"),
}


@pytest.mark.parametrize("fault", faults)
def test_a_bad_set_is_refused_by_name_in_the_same_words_in_both_languages(toy, fault):
    folder, opened, _ = toy
    faults[fault](folder)
    said = opened("data_file")
    assert str(folder) in said
    assert "git checkout -- shared_data/toy" in said


FULL = {"name": "real", "path": "real", "get": "Ask the librarian."}


def test_the_original_is_found_in_the_data_home(toy, tmp_path):
    _, opened, change = toy
    change(full=FULL)
    (tmp_path / "home" / "real").mkdir(parents=True)
    (tmp_path / "home" / "real" / "x.txt").write_text("x")
    assert opened("data_file", "full") == str(tmp_path / "home" / "real")
    assert list(course._opened) == ["real"]


def test_an_original_that_is_missing_is_asked_for(toy, tmp_path):
    _, opened, change = toy
    change(full=FULL)
    said = opened("data_file", "full")
    assert str(tmp_path / "home" / "real") in said
    assert "Ask the librarian." in said


@pytest.mark.parametrize("function", ["data_dir", "data_file"])
def test_a_set_that_ships_whole_has_no_full_variant(toy, function):
    assert "no full variant" in toy[1](function, "full")


def test_seed_is_the_twins_own_unless_the_run_gives_another(monkeypatch):
    monkeypatch.delenv("DEEPTWINS_SEED", raising=False)
    assert course.seed(3) == 3
    monkeypatch.setenv("DEEPTWINS_SEED", "5")
    assert course.seed(3) == 5


SEED = 1
LEVELS = [3, 5]
lower_case = 2


@pytest.fixture
def opened(monkeypatch):
    """One data set counts as opened."""
    monkeypatch.setattr(course, "_opened", {"toy": "0" * 64})


def test_report_writes_a_valid_record_with_the_callers_constants(opened, results):
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


def test_a_record_names_every_data_set_that_was_opened(opened, results):
    course._opened["other"] = "1" * 64
    path = course.report("02_metrics", data={}, metrics={"f1": 1.0}, independent={"kl_x": 0.5})
    found = json.loads(path.read_text())
    assert found["data"]["name"] == "toy + other"
    text = f"{'0' * 64}  toy\n{'1' * 64}  other\n"
    assert found["data"]["digest"] == hashlib.sha256(text.encode()).hexdigest()
    assert found["independent"] == {"kl_x": 0.5}


def test_report_needs_a_data_set(monkeypatch, results):
    monkeypatch.setattr(course, "_opened", {})
    with pytest.raises(ValueError, match="opened no data set"):
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
