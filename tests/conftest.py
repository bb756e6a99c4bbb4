"""What all tests share: one run of all twins, and each test_that() block as a pytest item."""

import os
import re
from types import SimpleNamespace

import embedded_r
import filelock
import helpers
import pytest

import decks
import export
import plans
from deeptwins import catalog
from deeptwins.book import BookError, site
from deeptwins.book.renderer import renderer
from deeptwins.paths import LANGUAGES
from deeptwins.proof import levels
from deeptwins.runs import runner

EXIT_STATUS = pytest.StashKey[int]()


@pytest.fixture
def results(tmp_path, monkeypatch):
    """A results folder of the test's own."""
    monkeypatch.setenv("DEEPTWINS_RESULTS", str(tmp_path))
    return tmp_path


@pytest.fixture
def command(tmp_path, monkeypatch):
    """Write a shell command, which notes its calls, into the only folder on the PATH.

    `command.calls()` returns the calls so far, and forgets them.
    """
    folder, noted = tmp_path / "bin", tmp_path / "calls"
    monkeypatch.setenv("PATH", str(folder))

    def write(name, body="", where=folder):
        return helpers.program(where / name, f'echo "{name} $*" >> {noted}\n{body}')

    def calls():
        lines = noted.read_text().splitlines() if noted.exists() else []
        noted.unlink(missing_ok=True)
        return lines

    write.bin, write.calls = folder, calls
    return write


def run_once(exercises, name, tmp_path_factory):
    """Run twins in both languages, in one of pytest-xdist's processes; yield each verdict."""
    helpers.interpreter("r")
    base = tmp_path_factory.getbasetemp()
    done = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / name
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DEEPTWINS_RESULTS", str(done.with_name("results")))
        with filelock.FileLock(done.with_suffix(".lock")):
            if not done.exists():
                runner.run(exercises, LANGUAGES, runner.Settings())
                done.touch()
        yield {exercise: levels.verify(exercise) for exercise in exercises}


@pytest.fixture(scope="session")
def ran(tmp_path_factory):
    """Every exercise, run once in both languages; its verdict by exercise."""
    yield from run_once(catalog.exercises(solutions=False), "ran", tmp_path_factory)


@pytest.fixture(scope="session")
def ran_solutions(tmp_path_factory):
    """Every solution, run once in both languages."""
    solutions = [one for one in catalog.exercises() if "/" in one]
    yield from run_once(solutions, "ran-solutions", tmp_path_factory)


PREVIEW_TOO = pytest.param(True, id="preview, where Quarto rendered", marks=pytest.mark.long)


@pytest.fixture(scope="session")
def sources(tmp_path_factory):
    """The sources of the book with what `deeptwins book` makes for its pages."""
    with filelock.FileLock(tmp_path_factory.getbasetemp().parent / "sources.lock"):
        site.prepare(plans.fragments(), export.differences())
        decks.write()
        export.write()


@pytest.fixture(scope="session", params=[pytest.param(False, id="as make book"), PREVIEW_TOO])
def rendered(request, sources, tmp_path_factory):
    """The whole book, rendered once as `make book` does it, and once by the preview."""
    folder = tmp_path_factory.mktemp("book")
    helpers.copy_sources(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(site, "ROOT", folder)
        patch.setattr(site, "OUTPUT", folder / "_book")
        try:
            chosen = renderer(preview=request.param)
            if request.param and renderer().name == chosen.name:
                pytest.skip("Quarto is not here: the preview was rendered in its place")
        except BookError as error:
            pytest.skip(str(error))
        warnings = site.render(chosen)
    return SimpleNamespace(folder=folder / "_book", renderer=chosen.name, warnings=warnings)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session, exitstatus):
    """Keep the exit status for the very end."""
    session.config.stash[EXIT_STATUS] = int(exitstatus)


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config):
    """End the process with the status of the tests, R or no R."""
    embedded_r.leave(config.stash.get(EXIT_STATUS, 0))


# ---- testthat ----

RUN_FILE = """
(function(file) {
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
})"""


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
            blocks = embedded_r.evaluate(f"{RUN_FILE}({str(self.path)!r})")
            self.outcome = {block["name"]: block for block in blocks}
        return self.outcome


class RFailure(Exception):
    """A test_that() block that failed, with R's own words."""


class RTest(pytest.Item):
    """One test_that() block."""

    def runtest(self):
        """Fail or skip as the block did in R."""
        helpers.interpreter("r")
        results = self.parent.results()
        if self.name not in results:
            raise RFailure(f"{self.path.name} ended before this block ran")
        block = results[self.name]
        if block["skipped"] and "empty test" not in block["message"]:
            pytest.skip(block["message"])
        if block["message"] or not block["checks"]:
            raise RFailure(block["message"] or f"{self.path.name}: the block checks nothing")

    def repr_failure(self, excinfo):
        """Show R's message, not the Python that fetched it."""
        return str(excinfo.value)

    def reportinfo(self):
        """Name the file and the block."""
        return self.path, None, f"{self.path.name}: {self.name}"
