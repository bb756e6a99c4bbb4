"""The twins: alike to look at, and equal in what they find."""

import os
import re
import subprocess
import sys

import numpy as np
import pytest
from helpers import RAN

from deeptwins import bands, catalog, record, verify
from deeptwins.checks import reached
from deeptwins.paths import LANGUAGES, ROOT, script_file

EXERCISES = catalog.exercises()
CHALLENGES = [name for name in EXERCISES if f"solutions/{name}" in EXERCISES]
LEVELS = [level.name for level in verify.LEVELS]


def source(exercise, language):
    return script_file(exercise, language).read_text(encoding="utf-8")


@pytest.mark.parametrize("exercise", EXERCISES)
def test_a_twin_has_a_twin_with_the_same_sections(exercise):
    marks = [re.findall(r"^# ---- (.+?) ----$", source(exercise, one), re.M) for one in LANGUAGES]
    assert marks[0] == marks[1]
    assert marks[0][0] == "constants"
    assert marks[0][-1] == "report"
    assert len(set(marks[0])) == len(marks[0])


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("exercise", EXERCISES)
def test_no_line_is_longer_than_a_column_of_the_book(exercise, language):
    long = [line for line in source(exercise, language).split("\n") if len(line) > 65]
    assert not long


@pytest.mark.parametrize("exercise", EXERCISES)
def test_both_twins_say_the_same_title(exercise):
    first = source(exercise, "r").split("\n")[0]
    assert first.removeprefix("# ").rstrip(".") == catalog.title(exercise)


FUNCTION = re.compile(r"^([\w.]+) <- (?:function|\\)\(", re.M)


@pytest.mark.parametrize("exercise", EXERCISES)
def test_a_twin_in_r_takes_no_function_away_from_the_course(exercise):
    course = {
        name
        for file in ("course.R", "readers.R")
        for name in FUNCTION.findall((ROOT / "r" / file).read_text(encoding="utf-8"))
    }
    assert not course & set(FUNCTION.findall(source(exercise, "r")))


def test_every_exercise_has_a_solution():
    plain = [name for name in EXERCISES if not name.startswith("solutions/")]
    assert plain == CHALLENGES


@pytest.fixture(scope="session")
def ran(fresh_run):
    """Let record.read() look at the fresh run."""
    folder, output = fresh_run
    before = os.environ.get("DEEPTWINS_RESULTS")
    os.environ["DEEPTWINS_RESULTS"] = str(folder)
    yield output
    if before is None:
        del os.environ["DEEPTWINS_RESULTS"]
    else:
        os.environ["DEEPTWINS_RESULTS"] = before


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("exercise", RAN)
def test_r_equals_python(r, ran, exercise, level):
    finding = next(f for f in verify.verify(exercise).findings if f.level == level)
    if finding.holds is False:
        # Where there is no record, the console says what became of the run.
        console = ran if "record" in finding.detail or "missing" in finding.detail else ""
        pytest.fail(f"{exercise}, {level}: {finding.detail}\n{console}", pytrace=False)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("exercise", RAN)
def test_the_record_is_valid_and_complete(request, ran, exercise, language):
    if language == "r":
        request.getfixturevalue("r")
    found = record.read(exercise, language)
    assert found["seconds"] > 0
    assert found["settings"]["threads"] == 1
    assert found["data"]["arrays"]
    if language == "r":
        source_of_keras = found["versions"]["keras_from"]
        assert source_of_keras == "bridge" or source_of_keras.startswith("keras3 ")


# With how many seeds of the bands a twin reaches its target by luck, and a solution misses it.
LUCKY = {"01_partitions": 6, "04_hello_iris": 6, "10_cnn_lstm_peptides": 1, "14_search": 4}
SHORT = {"03_backprop": 1, "06_cnn_images": 1, "10_cnn_lstm_peptides": 2, "12_maps": 1}


@pytest.mark.long
@pytest.mark.parametrize("exercise", CHALLENGES)
def test_the_solution_reaches_the_target_that_the_exercise_misses(ran, exercise):
    """Over the seeds of the bands: one run depends on the processor as much as on its seed."""

    def over_seeds(name, metric, target):
        values = bands.read(name, "mini")["metrics"][metric]["values"]
        return [reached(metric, value, target) for value in values]

    plain, solved = (record.read(name, "python") for name in (exercise, f"solutions/{exercise}"))
    assert plain["constants"]["TARGET"] == solved["constants"]["TARGET"]
    for metric, target in plain["constants"]["TARGET"].items():
        assert over_seeds(plain["id"], metric, target).count(True) == LUCKY.get(exercise, 0)
        assert over_seeds(solved["id"], metric, target).count(False) == SHORT.get(exercise, 0)
        if exercise not in SHORT:
            assert reached(metric, solved["metrics"][metric], target)


FAMILIES = (
    "application callback constraint initializer keras layer loss metric op optimizer regularizer"
)
CALL = re.compile(r"(?<![\w.$:])([A-Za-z][\w.]*)\(")


def test_the_contract_of_the_bridge_holds_every_function_that_the_twins_call():
    """What r/keras_bridge.R stands in for is compared with keras3 and with Python, call by call."""
    code = [re.sub(r"#.*", "", source(exercise, "r")) for exercise in EXERCISES]
    called = {name for text in code for name in CALL.findall(text)}
    bridge = (ROOT / "r" / "keras_bridge.R").read_text(encoding="utf-8")
    defined = set(re.findall(r"^([a-z]\w*) <- function", bridge, re.M))
    of_keras = {one for one in called if one.split("_")[0] in FAMILIES.split() or one in defined}
    contract = set(CALL.findall((ROOT / "tests/testthat/test-bridge.R").read_text("utf-8")))
    assert len(of_keras) > 40
    assert of_keras <= contract


def test_another_seed_gives_other_weights_and_the_same_seed_the_same(ran, results):
    """`results` of its own: the fresh run stays as it is."""

    def weights(number):
        command = [sys.executable, "-m", "deeptwins", "run", "04", "--lang", "python"]
        command += ["--seed", str(number)]
        subprocess.run(command, cwd=ROOT, check=True, capture_output=True, env=dict(os.environ))
        found = record.read("04_hello_iris", "python")
        assert found["seed"] == number
        return found["networks"]["iris"]["final"], found["metrics"]

    first = weights(1)
    assert weights(2) != first
    assert weights(1) == first


SAVED = {
    name: pytest.param(name, marks=pytest.mark.long if exercise.startswith("solutions/") else ())
    for exercise in EXERCISES
    for name in re.findall(r'result_file\(\s*"([^"]+)\.keras"', source(exercise, "python"))
}


@pytest.mark.parametrize("name", SAVED.values())
def test_a_model_saved_by_one_language_predicts_the_same_in_the_other(r, fresh_run, tmp_path, name):
    import keras

    folder, _ = fresh_run
    for language in LANGUAGES:
        saved = folder / language / f"{name}.keras"
        model = keras.models.load_model(saved, compile=False)
        # Small whole numbers suit every input: pixels, lengths, indices of words.
        size = [length or 20 for length in model.input_shape[1:]]
        x = np.random.default_rng(1).integers(0, 20, (4, *size), dtype="int32")
        np.savez(tmp_path / "x.npz", x=x)
        in_python = model.predict(x, verbose=0)
        in_r = r(f"""local({{
            x <- read_arrays('{tmp_path}/x.npz', x = c(4, {", ".join(map(str, size))}))$x
            model <- load_model('{saved}', compile = FALSE)
            predict(model, x, verbose = 0)
        }})""")
        assert np.array_equal(np.asarray(in_r, dtype="float32"), in_python)
