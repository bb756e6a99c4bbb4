"""The notebooks of the exercises: made from the fragments, and true when they are run."""

import copy
import json
import re
import shutil
import subprocess
import sys

import nbformat
import pytest
from helpers import HANGS
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from deeptwins import catalog, files, fragments, notebooks, record, sections
from deeptwins.paths import LANGUAGES, ROOT, script_file

EXERCISE = "04_hello_iris"
NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:e[+-]?\d+)?")
EXERCISES = catalog.exercises(solutions=False)
R_KERNEL = {
    "argv": ["R", "--no-save", "--slave", "-e", "IRkernel::main()", "--args", "{connection_file}"],
    "display_name": "R",
    "language": "R",
}


def printed(cell):
    """Return what a cell shows that the script prints too.

    R prints the value of a line, which its kernel displays; Python's kernel shows
    the value of a cell's last line as a result, and the script prints nothing.
    """
    texts = [
        one["text"] if one["output_type"] == "stream" else one["data"].get("text/plain", "")
        for one in cell["outputs"]
        if one["output_type"] in ("stream", "display_data")
        and "image/png" not in one.get("data", {})
        and one.get("name") != "stderr"
    ]
    return sections.clean("".join(texts))


def pictures(cell):
    return sum("image/png" in one.get("data", {}) for one in cell["outputs"])


# ---- what is in them ----


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("exercise", EXERCISES)
def test_a_notebook_has_every_section_of_the_script(exercise, language):
    made = notebooks.make(exercise, language)
    code = [cell["source"] for cell in made.cells if cell["cell_type"] == "code"][1:]
    split = sections.of_script(script_file(exercise, language).read_text(encoding="utf-8"))
    assert code == list(split.values())
    headings = [cell["source"] for cell in made.cells if cell["source"].startswith("## ")]
    assert headings == [f"## {name}" for name in split]
    assert made.cells[0]["source"].startswith(f"# {catalog.title(exercise)}\n")
    for cell, text in zip(made.cells[3::2], code, strict=True):
        assert pictures(cell) == len(fragments.FIGURE.findall(text))


@pytest.mark.parametrize("exercise", EXERCISES)
def test_a_notebook_shows_every_output_of_the_fragments(exercise):
    for language in LANGUAGES:
        made = notebooks.make(exercise, language)
        here = [printed(cell) for cell in made.cells if cell["cell_type"] == "code"]
        whole = (fragments.FRAGMENTS / exercise / "all.qmd").read_text(encoding="utf-8")
        panes = re.split(r"^## (?:Python|R)$", whole, flags=re.M)[1:]
        shown = fragments.OUTPUT.search(panes[LANGUAGES.index(language)])
        assert "\n".join(filter(None, here)) == (shown[2] if shown else "")


def test_making_them_twice_gives_the_same_files(tmp_path):
    (tmp_path / "05_gone_r.ipynb").write_text("{}")
    notebooks.write(EXERCISES[:2], tmp_path)
    first = {path: path.read_bytes() for path in tmp_path.iterdir()}
    assert {path.stem for path in first} == {
        f"{exercise}_{language}" for exercise in EXERCISES[:2] for language in LANGUAGES
    }
    notebooks.write(EXERCISES[:2], tmp_path)
    assert first == {path: path.read_bytes() for path in tmp_path.iterdir()}
    # What Jupyter and its user put beside them is theirs.
    (tmp_path / ".ipynb_checkpoints").mkdir()
    (tmp_path / "mine.ipynb").write_text("{}")
    notebooks.write(EXERCISES[:2], tmp_path)
    assert (tmp_path / ".ipynb_checkpoints").is_dir()
    assert (tmp_path / "mine.ipynb").is_file()
    for path in first:
        nbformat.validate(nbformat.read(path, as_version=4))


# ---- what they do ----


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Run a notebook that lies in a folder, as Jupyter would, with one thread as for the record."""
    folder = tmp_path / "jupyter" / "kernels" / "ir"
    folder.mkdir(parents=True)
    (folder / "kernel.json").write_text(json.dumps(R_KERNEL))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "jupyter"))
    monkeypatch.setenv("DEEPTWINS_RESULTS", str(tmp_path / "results"))
    for name in ("TF_NUM_INTRAOP_THREADS", "OMP_NUM_THREADS"):
        monkeypatch.setenv(name, "1")
    for name in ("DEEPTWINS_SEED", "DEEPTWINS_VARIANT", "RETICULATE_PYTHON", "R_PROFILE_USER"):
        monkeypatch.delenv(name, raising=False)

    def run(notebook, folder):
        for cell in notebook.cells:
            if cell["cell_type"] == "code":
                cell["outputs"] = []
        where = {"metadata": {"path": str(folder)}}
        return NotebookClient(notebook, timeout=HANGS, resources=where).execute()

    return run


def need(language):
    """Skip where the language's kernel is missing."""
    asked = ["Rscript", "-e", "quit(status = !requireNamespace('IRkernel', quietly = TRUE))"]
    if language == "r" and (not shutil.which("Rscript") or subprocess.run(asked).returncode):
        pytest.skip("IRkernel is missing (apt-get install r-cran-irkernel); no R notebook was run")


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_notebook_runs_and_shows_what_its_record_holds(run, language):
    need(language)
    made = notebooks.make(EXERCISE, language)
    again = run(copy.deepcopy(made), ROOT / "book")
    for was, now in zip(made.cells, again.cells, strict=True):
        if was["cell_type"] == "code" and was["id"] != "home":
            assert NUMBER.findall(printed(now)) == NUMBER.findall(printed(was)), was["id"]
            assert pictures(now) == pictures(was), was["id"]
    # The numbers of the book's table are those of the record that this run wrote.
    band = (fragments.FRAGMENTS / EXERCISE / "band.qmd").read_text(encoding="utf-8")
    column = 2 + LANGUAGES.index(language)
    for name, value in record.read(EXERCISE, language)["metrics"].items():
        (row,) = [line for line in band.splitlines() if line.startswith(f"| `{name}` |")]
        assert row.split("|")[column].strip() == f"{value:.4g}"


def first_cell(run, language, folder):
    need(language)
    made = notebooks.make(EXERCISE, language)
    made.cells = made.cells[:2]
    return run(made, folder)


@pytest.mark.parametrize("language", LANGUAGES)
def test_outside_the_course_a_notebook_says_where_it_belongs(run, tmp_path, monkeypatch, language):
    monkeypatch.setattr(catalog, "repository", lambda: "")
    with pytest.raises(CellExecutionError, match=r"Ask whoever gave it to you"):
        first_cell(run, language, tmp_path)


@pytest.mark.parametrize("language", LANGUAGES)
def test_outside_the_course_a_notebook_gets_it_from_its_repository(
    run, tmp_path, monkeypatch, language
):
    repository = tmp_path / "repository"
    for name in ("shared_data/README.md", "python/deeptwins/__init__.py", ".Rprofile"):
        files.write_text(repository / name, "")
    files.write_text(repository / "r/setup.R", "file.create('set_up')")
    git = ["git", "-c", "user.name=x", "-c", "user.email=x@example.org", "-C", str(repository)]
    for command in (["init", "-q"], ["add", "."], ["commit", "-qm", "The course"]):
        subprocess.run([*git, *command], check=True)
    monkeypatch.setattr(catalog, "repository", lambda: repository.as_uri())
    (tmp_path / "away").mkdir()
    for _ in range(2):  # the second time it is there
        first_cell(run, language, tmp_path / "away")
    got = tmp_path / "away" / "deeptwins"
    assert (got / "shared_data/README.md").is_file()
    assert (got / "set_up").is_file() == (language == "r")


def test_another_python_is_told_which_kernel_to_choose(tmp_path):
    # -S leaves out the site-packages, and with them Keras.
    ended = subprocess.run(
        [sys.executable, "-S", "-c", notebooks.home("python")],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 1
    assert "Choose the kernel of the Python in .venv" in ended.stderr
