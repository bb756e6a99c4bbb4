"""What all tests share: R inside this process, and each test_that() block as a pytest item."""

import atexit
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from deeptwins.paths import ROOT

R_MISSING = "R is not installed; `deeptwins doctor` says how to get it"


def start_r():
    """Start R in this process, once, and return rpy2's objects module.

    reticulate then finds this very Python, so that both languages share one
    TensorFlow. rpy2's own end of R aborts with most versions of reticulate and
    would spoil the exit status; R has nothing to save, so it is left out.
    """
    os.environ["RETICULATE_PYTHON"] = sys.executable
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    here = Path.cwd()
    os.chdir(ROOT)  # where R reads .Rprofile
    try:
        from rpy2 import rinterface, robjects

        atexit.unregister(rinterface.endr)
    finally:
        os.chdir(here)
    return robjects


@pytest.fixture(scope="session")
def r():
    """R in this process, with the course attached: `r("1 + 1")[0]`."""
    if shutil.which("Rscript") is None:
        pytest.skip(R_MISSING)
    objects = start_r()
    objects.r(f"setwd({str(ROOT)!r}); source('r/course.R')")
    return objects.r


@pytest.fixture
def results(tmp_path, monkeypatch):
    """A results folder of the test's own."""
    monkeypatch.setenv("DEEPTWINS_RESULTS", str(tmp_path))
    return tmp_path


@pytest.fixture(scope="session")
def fresh_run(tmp_path_factory):
    """Every twin and solution in both languages, run once as a learner would run them.

    Returns the folder of the results and the command's output. What does not
    hold is for the tests to say, exercise by exercise.
    """
    folder = tmp_path_factory.mktemp("results")
    command = [sys.executable, "-m", "deeptwins", "run", "--solutions"]
    if shutil.which("Rscript") is None:
        command += ["--lang", "python"]
    done = subprocess.run(
        command,
        cwd=ROOT,
        env=os.environ | {"DEEPTWINS_RESULTS": str(folder)},
        capture_output=True,
        text=True,
        timeout=1800,
    )
    return folder, done.stdout + done.stderr


# ---- testthat ----

RUN_FILE = """
function(file) {
  results <- testthat::test_file(
    file, reporter = "silent", stop_on_failure = FALSE
  )
  lapply(results, function(test) {
    wrong <- Filter(function(one) {
      inherits(one, c(
        "expectation_failure", "expectation_error", "expectation_skip"
      ))
    }, test$results)
    list(
      name = test$test,
      checks = length(test$results),
      skipped = any(vapply(
        wrong, inherits, TRUE, what = "expectation_skip"
      )),
      message = paste(vapply(wrong, function(one) {
        line <- if (is.null(one$srcref)) "?" else one$srcref[[1]]
        paste0(basename(file), ":", line, ": ", conditionMessage(one))
      }, ""), collapse = "\\n")
    )
  })
}
"""


def pytest_collect_file(file_path, parent):
    """Collect tests/testthat/test-*.R."""
    if re.fullmatch(r"test-.*\.R", file_path.name):
        return RFile.from_parent(parent, path=file_path)
    return None


class RFile(pytest.File):
    """A testthat file: run once, at its first item."""

    outcome = None

    def collect(self):
        """Yield an item for each test_that() block, found without starting R."""
        names = re.findall(r'^test_that\(\s*"(.+?)",', self.path.read_text("utf-8"), re.M)
        for name in names:
            yield RTest.from_parent(self, name=name)

    def results(self):
        """Return what each block of the file came to, by name."""
        if self.outcome is None:
            objects = start_r()
            objects.r(f"setwd({str(ROOT)!r})")
            blocks = objects.r(RUN_FILE)(str(self.path))
            self.outcome = {
                block.rx2("name")[0]: (
                    int(block.rx2("checks")[0]),
                    bool(block.rx2("skipped")[0]),
                    str(block.rx2("message")[0]),
                )
                for block in blocks
            }
        return self.outcome


class RFailure(Exception):
    """A test_that() block that failed, with R's own words."""


class RTest(pytest.Item):
    """One test_that() block."""

    def runtest(self):
        """Fail or skip as the block did in R."""
        if shutil.which("Rscript") is None:
            pytest.skip(R_MISSING)
        results = self.parent.results()
        if self.name not in results:
            raise RFailure(f"{self.path.name} ended before this block ran")
        checks, skipped, message = results[self.name]
        if skipped and "empty test" not in message:
            pytest.skip(message)
        if message or not checks:
            raise RFailure(message or f"{self.path.name}: the block checks nothing")

    def repr_failure(self, excinfo):
        """Show R's message, not the Python that fetched it."""
        return str(excinfo.value)

    def reportinfo(self):
        """Name the file and the block."""
        return self.path, None, f"{self.path.name}: {self.name}"
