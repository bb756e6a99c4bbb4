"""The twins on the originals: run where DEEPTWINS_DATA names a data home that has them."""

import os
import subprocess
import sys

import embedded_r
import pytest
from helpers import HANGS

from deeptwins import bands, catalog, datasets, record, verify
from deeptwins.paths import LANGUAGES, ROOT

EXERCISES = bands.with_full(catalog.exercises())
LEVELS = [level.name for level in verify.LEVELS]


def missing(exercise):
    """Return what an exercise lacks of the data home, in words."""
    if not os.environ.get("DEEPTWINS_DATA"):
        return "DEEPTWINS_DATA is not set"
    wanted = bands.read(exercise, "full")["data"]["name"].split(" + ")
    for name in datasets.names():
        if datasets.card(name).get("full", {}).get("name") in wanted:
            try:
                datasets.full(name)
            except FileNotFoundError as error:
                return str(error)
    return ""


@pytest.fixture(scope="module")
def full_run(tmp_path_factory):
    """Every exercise that can run on full data, run once; returns the output."""
    wanted = [exercise for exercise in EXERCISES if not missing(exercise)]
    folder = tmp_path_factory.mktemp("full")
    before = os.environ.get("DEEPTWINS_RESULTS")
    os.environ["DEEPTWINS_RESULTS"] = str(folder)
    command = [sys.executable, "-m", "deeptwins", "run", *wanted, "--data", "full"]
    if not embedded_r.installed():
        command += ["--lang", "python"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=4 * HANGS)
    yield done.stdout + done.stderr
    del os.environ["DEEPTWINS_RESULTS"]
    if before is not None:
        os.environ["DEEPTWINS_RESULTS"] = before


@pytest.fixture
def ran(request, exercise):
    """The output of the run, or a skip that says what this machine lacks."""
    if reason := missing(exercise):
        pytest.skip(reason)
    return request.getfixturevalue("full_run")


@pytest.mark.long
@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("exercise", EXERCISES)
def test_r_equals_python_on_full_data(r, ran, exercise, level):
    finding = next(f for f in verify.verify(exercise).findings if f.level == level)
    if finding.holds is False:
        console = ran if "record" in finding.detail or "missing" in finding.detail else ""
        pytest.fail(f"{exercise}, {level}: {finding.detail}\n{console}", pytrace=False)


@pytest.mark.long
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("exercise", EXERCISES)
def test_the_record_says_that_the_data_were_the_original(request, ran, exercise, language):
    if language == "r":
        request.getfixturevalue("r")
    found = record.read(exercise, language)
    assert found["data"]["variant"] == "full"
    assert found["data"]["name"] == bands.read(exercise, "full")["data"]["name"]


def test_the_exercises_that_have_an_original_run_on_it():
    plain = {name for name in EXERCISES if not name.startswith("solutions/")}
    assert {"06_cnn_images", "07_transfer_cells", "10_cnn_lstm_peptides"} <= plain
