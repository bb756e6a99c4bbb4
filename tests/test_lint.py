"""Both languages pass their linters, and the prose a spelling check."""

import shutil
import subprocess
import sys

import pytest
from helpers import HANGS

from deeptwins.paths import ROOT


def run(*command):
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=HANGS)
    assert done.returncode == 0, done.stdout + done.stderr


def test_ruff():
    run(sys.executable, "-m", "ruff", "check", ".")


def test_ruff_format():
    # Twins break their lines for a reader's narrow column; the rest is ruff's to format.
    run(
        sys.executable,
        "-m",
        "ruff",
        "format",
        "--check",
        "python/deeptwins",
        "tests",
        "shared_data",
    )


@pytest.mark.long
@pytest.mark.parametrize("folder", ["r", "tests/testthat"])
def test_lintr(folder):
    if shutil.which("Rscript") is None:
        pytest.skip("R is not installed; `deeptwins doctor` says how to get it")
    code = f"found <- lintr::lint_dir('{folder}'); print(found); quit(status = length(found) > 0)"
    run("Rscript", "-e", code)


# The false positive rate.
NOT_MISTAKES = "fpr"
PROSE = ("*.qmd", "*.md", "book/*.*", "python/*.py", "r/*.R", "shared_data/*/card.json")


def test_spelling():
    found = sorted(path for pattern in PROSE for path in ROOT.glob(pattern))
    listed = [str(path) for path in found if path.suffix != ".bib"]  # names of people
    assert len(listed) > 50
    run(sys.executable, "-m", "codespell_lib", "-L", NOT_MISTAKES, *listed)


def test_a_misspelling_is_found(tmp_path):
    (tmp_path / "page.qmd").write_text("A nueral network recieves numbers.\n")
    with pytest.raises(AssertionError, match="recieves ==> receives"):
        run(sys.executable, "-m", "codespell_lib", "-L", NOT_MISTAKES, str(tmp_path))
