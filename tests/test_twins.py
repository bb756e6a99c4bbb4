"""The twins are plain scripts, the same in both languages."""

import re
import shutil
import sys

import pytest
from helpers import execute, interpreter, outside, source

from deeptwins import catalog, sections
from deeptwins.paths import LANGUAGES, ROOT, find_r, script_file
from deeptwins.runs import record

EXERCISES = catalog.exercises()
WIDTH = 65  # characters of a line that stands in one of two columns
LENGTH = 120  # lines of code, without comments
STANDARD = sys.stdlib_module_names
THEIRS = {
    "python": {
        *("joblib", "keras", "matplotlib", "numpy", "pandas", "PIL", "scipy"),
        *("sklearn", "tensorboard", "tensorflow", "umap"),
    },
    "r": {
        *("keras3", "ggplot2", "dplyr", "readr", "tidyr", "pROC", "glmnet", "Rtsne", "uwot"),
        *("future", "reticulate", "jsonlite"),
    },
}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("exercise", EXERCISES)
def test_a_twin_needs_nothing_of_ours(exercise, language):
    text = source(exercise, language)
    for ours in ("deeptwins", "DEEPTWINS", "source(", "Sys.getenv", "environ", "standin"):
        assert ours not in text, ours
    if language == "python":
        imported = set(re.findall(r"^ *(?:import|from) (\w+)", text, re.M))
        assert imported - STANDARD <= THEIRS["python"]
    else:
        named = re.findall(r"library\(([\w.]+)\)|\b([\w.]+)::", text)
        assert {one or other for one, other in named} <= THEIRS["r"] | {"stats", "utils"}


@pytest.mark.parametrize("exercise", EXERCISES)
def test_both_twins_have_the_same_sections_and_the_same_title(exercise):
    python, r = (source(exercise, language) for language in LANGUAGES)
    names = list(sections.of_script(python))
    assert names == list(sections.of_script(r))
    assert names[1] == sections.CONSTANTS
    assert names[-1] == "test"
    assert python.splitlines()[0].strip('"') == r.splitlines()[0].removeprefix("# ")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("exercise", EXERCISES)
def test_a_twin_fits_a_column_of_the_book_is_short_and_asks_the_test_set_last(exercise, language):
    text = source(exercise, language)
    assert [line for line in text.splitlines() if len(line) > WIDTH] == []
    code = [line.strip() for line in text.splitlines()]
    assert len([line for line in code if line and not line.startswith("#")]) <= LENGTH
    *before, (last, _) = parts = list(sections.of_script(text).items())
    assert last == "test"
    # What measures: predictions for the test set are made, or its labels used, in the last one.
    measures = re.compile(r"(?:predict|evaluate)\(\s*x_test|y_test\s*==|==\s*y_test|, y_test\b")
    loading = {"load", "split", "partition", "read", "data", "scale", "encode", "prepare"}
    assert [name for name, part in before if name not in loading and measures.search(part)] == []
    assert parts[-1][1].count("results") >= 2


def test_every_exercise_has_a_solution():
    exercises = [one for one in EXERCISES if "/" not in one]
    assert [name for one in exercises for name in (one, f"solutions/{one}")] == EXERCISES


@pytest.mark.keras
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_twin_runs_in_a_folder_with_nothing_but_the_data(tmp_path, language):
    find_r()
    script = script_file("01_first_network", language)
    shutil.copy(script, tmp_path)
    shutil.copytree(ROOT / "shared_data" / "iris", tmp_path / "shared_data" / "iris")
    env = outside() | {"MPLBACKEND": "agg"}
    ended = execute(interpreter(language), script.name, cwd=tmp_path, env=env)
    assert ended.returncode == 0, ended.stderr
    assert "test accuracy" in ended.stdout
    assert (tmp_path / "iris.keras").is_file()


RUNS = [  # each exercise with the fixture that has run it, together with all others
    pytest.param("ran_solutions", one, marks=pytest.mark.long) if "/" in one else ("ran", one)
    for one in EXERCISES
]


@pytest.mark.parametrize(("run", "exercise"), RUNS)
def test_r_equals_python(request, run, exercise):
    """The ledger's own row."""
    verdict = request.getfixturevalue(run)[exercise]
    failed = [f"{one.level}: {one.detail}" for one in verdict.findings if one.holds is False]
    assert failed == []


@pytest.mark.parametrize(("saved", "loaded"), [LANGUAGES, LANGUAGES[::-1]])
def test_a_model_saved_by_one_language_is_that_of_the_other(ran, saved, loaded):
    keras = pytest.importorskip("keras")
    folders = (record.folder_of("01_first_network", one) for one in (saved, loaded))
    first, second = (keras.models.load_model(one / "iris.keras").get_weights() for one in folders)
    assert all((a == b).all() for a, b in zip(first, second, strict=True))
