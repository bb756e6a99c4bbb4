"""What goes wrong on a machine is named, leaves nothing half written, and the next run works.

One twin without Keras is really run here, by the command line, in a copy of the checkout.
"""

import os
import shutil
import subprocess
import sys
import time

import psutil
import pytest
from helpers import HANGS, alive, execute

from deeptwins.paths import LANGUAGES, ROOT

TWIN = "03_metrics"
needs_r = pytest.mark.skipif(shutil.which("Rscript") is None, reason="R is not installed")
needs_linux = pytest.mark.skipif(sys.platform != "linux", reason="a matter of Linux")


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    """A copy of the checkout under a path with spaces and letters beyond ASCII."""
    root = tmp_path_factory.mktemp("a place") / "Kurs für Zellen – тест"
    root.mkdir()
    ignored = shutil.ignore_patterns("__pycache__", "*.egg-info", "runs", "images")
    for name in ("python", "r", "shared_data", "book"):
        kept = shutil.ignore_patterns("__pycache__") if name == "python" else ignored
        shutil.copytree(ROOT / name, root / name, ignore=kept)
    for name in (".Rprofile", "DESCRIPTION", "matplotlibrc"):
        shutil.copy(ROOT / name, root / name)
    for name in (".venv", ".rlib", ".rlib-standin"):
        if (ROOT / name).exists():
            (root / name).symlink_to(ROOT / name)
    return root


@pytest.fixture
def course(checkout, tmp_path):
    """A copy of it that a test may change."""
    return shutil.copytree(checkout, tmp_path / "course", symlinks=True)


def start(root, results, *arguments, **settings):
    """Start `deeptwins` in a checkout, with nothing of the tests' own around it."""
    ours = ("DEEPTWINS_", "LC_", "LANG", "RETICULATE_", "R_LIBS", "PYTHON")
    env = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    env |= {"PYTHONPATH": str(root / "python"), "LC_ALL": "C.UTF-8"}
    return subprocess.Popen(
        [sys.executable, "-m", "deeptwins", *arguments],
        cwd=root,
        env=env | {"DEEPTWINS_RESULTS": str(results)} | settings,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )


def call(*arguments, **settings):
    """Call `deeptwins` in a checkout; return its status and all that it said, in one line."""
    process = start(*arguments, **settings)
    said = " ".join("\n".join(process.communicate(timeout=HANGS)).split())
    return process.returncode, said


@needs_r
def test_both_languages_run_in_any_path_without_a_locale(checkout, tmp_path):
    status, said = call(checkout, tmp_path / "Ergebnisse für mich", "run", TWIN, LC_ALL="C")
    assert status == 0, said
    assert "1 of 1 exercises hold at every level" in said


@needs_linux
def test_a_killed_run_takes_its_twins_with_it_and_the_next_works(course, tmp_path):
    script = course / "python" / f"{TWIN}.py"
    source = script.read_text("utf-8")
    note = tmp_path / "asleep"
    end = f"import time\nopen({str(note)!r}, 'w').close()\ntime.sleep(3600)\n"
    script.write_text(f"{source}\n{end}", "utf-8")
    process = start(course, tmp_path / "results", "run", TWIN, "--lang", "python")
    while not note.exists():
        time.sleep(0.1)
    twins = [one.pid for one in psutil.Process(process.pid).children(recursive=True)]
    process.kill()
    process.communicate()
    while any(map(alive, twins)):
        time.sleep(0.1)
    status, said = call(course, tmp_path / "results", "verify", TWIN)
    assert status == 1
    assert f"record.json is missing. Make it with: deeptwins run {TWIN}" in said
    script.write_text(source, "utf-8")
    status, said = call(course, tmp_path / "results", "run", TWIN, "--lang", "python")
    assert status == 0, said


@pytest.mark.skipif(not shutil.which("mount"), reason="no small disk can be mounted here")
@pytest.mark.parametrize(
    ("options", "reason"),
    [("size=512k", "No space left on device"), ("size=4m,ro", "Read-only file system")],
)
def test_results_that_cannot_be_written_are_named_at_once(checkout, tmp_path, options, reason):
    done = execute("mount", "-t", "tmpfs", "-o", options, "deeptwins", tmp_path)
    if done.returncode != 0:
        pytest.skip(f"no small disk can be mounted here: {done.stderr.strip()}")
    status, said = call(checkout, tmp_path / "results", "run", TWIN, "--lang", "python")
    execute("umount", "-l", tmp_path)
    assert status == 1
    assert f"cannot be written to ({reason})" in said
    assert "export DEEPTWINS_RESULTS=/some/folder" in said


def test_a_set_that_is_damaged_ends_the_run_before_it_begins(course, tmp_path):
    (course / "shared_data" / "scores" / "balanced.csv").write_text("label,score\n1,0.5\n")
    for language in LANGUAGES:
        status, said = call(course, tmp_path / "results", "run", TWIN, "--lang", language)
        assert status == 1
        assert "balanced.csv is not the file that its card describes" in said
        assert "git checkout -- shared_data/scores" in said
