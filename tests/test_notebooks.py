"""The notebooks of the exercises: made from verified runs, and true when they are run."""

import json
import re
import shutil
import subprocess

import pytest
from helpers import HANGS, source
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from deeptwins import catalog, files, sections
from deeptwins.book import archive, notebooks
from deeptwins.paths import LANGUAGES, ROOT

EXERCISE = "01_first_network"
# NumPy 2 shows one of its own numbers as np.float64(0.5).
NUMBER = re.compile(r"(?<![a-z\d])-?\d+(?:\.\d+)?(?:e[+-]?\d+)?")
IRKERNEL = ["R", "--no-save", "--slave", "-e", "IRkernel::main()", "--args", "{connection_file}"]


def printed(cell):
    """Return what a cell shows that the script prints too, and its number of pictures.

    R prints the value of a line, which its kernel displays; Python's kernel shows the value of a
    cell's last line as a result, and the script prints nothing.
    """
    pictures = [one for one in cell["outputs"] if "image/png" in one.get("data", {})]
    texts = [
        one["text"] if one["output_type"] == "stream" else one["data"].get("text/plain", "")
        for one in cell["outputs"]
        if one["output_type"] in ("stream", "display_data")
        and one not in pictures
        and one.get("name") != "stderr"
    ]
    return sections.clean("".join(texts)), len(pictures)


@pytest.mark.parametrize("exercise", catalog.exercises(solutions=False))
def test_a_notebook_has_every_section_with_what_it_printed_and_drew(exercise):
    for language in LANGUAGES:
        made = notebooks.make(exercise, language)
        parts = sections.of_script(source(exercise, language))
        cells = [cell for cell in made.cells if cell["cell_type"] == "code"][1:]
        assert [cell["source"] for cell in cells] == list(parts.values())
        kept = archive.read(exercise)[language]["sections"]
        shown = [(one["printed"], len(one["figures"])) for one in kept]
        assert [printed(cell) for cell in cells] == shown
        assert made.cells[0]["source"].startswith(f"# {catalog.title(exercise)}\n")


def test_making_them_twice_gives_the_same_files_and_leaves_others_alone(tmp_path):
    for name in ("05_gone_r.ipynb", "mine.ipynb"):
        (tmp_path / name).write_text("{}")
    notebooks.write([EXERCISE], tmp_path)
    first = {path: path.read_bytes() for path in tmp_path.iterdir()}
    assert {path.stem for path in first} == {f"{EXERCISE}_python", f"{EXERCISE}_r", "mine"}
    notebooks.write([EXERCISE], tmp_path)
    assert first == {path: path.read_bytes() for path in tmp_path.iterdir()}


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Run a notebook that lies in a folder, as Jupyter would, with one thread as for the record."""
    kernel = {"argv": IRKERNEL, "display_name": "R", "language": "R"}
    files.write_text(tmp_path / "jupyter/kernels/ir/kernel.json", json.dumps(kernel))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "jupyter"))
    for name in ("TF_NUM_INTRAOP_THREADS", "OMP_NUM_THREADS"):
        monkeypatch.setenv(name, "1")
    for name in ("RETICULATE_PYTHON", "R_PROFILE_USER"):
        monkeypatch.delenv(name, raising=False)

    def run(language, folder, cells=None):
        asked = ["Rscript", "-e", "quit(status = !requireNamespace('IRkernel', quietly = TRUE))"]
        if language == "r" and (not shutil.which("Rscript") or subprocess.run(asked).returncode):
            pytest.skip("IRkernel is missing (apt-get install r-cran-irkernel): no R notebook")
        made = notebooks.make(EXERCISE, language)
        made.cells = made.cells[:cells]
        where = {"metadata": {"path": str(folder)}}
        return NotebookClient(made, timeout=HANGS, resources=where).execute()

    return run


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_notebook_prints_the_numbers_of_the_verified_run(run, tmp_path, language):
    home = tmp_path / "course"  # what the script writes lands in the course's folder
    home.mkdir()
    for name in ("shared_data", ".Rprofile", "python", ".venv", ".rlib", ".rlib-standin"):
        if (ROOT / name).exists():
            (home / name).symlink_to(ROOT / name)
    again = run(language, home)
    was = archive.read(EXERCISE)[language]["sections"]
    cells = [cell for cell in again.cells if cell["cell_type"] == "code"][1:]
    for one, cell in zip(was, cells, strict=True):
        text, pictures = printed(cell)
        assert NUMBER.findall(text) == NUMBER.findall(one["printed"]), one["name"]
        assert pictures == len(one["figures"]), one["name"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_outside_the_course_a_notebook_says_where_it_belongs_or_gets_the_course(
    run, tmp_path, monkeypatch, language
):
    away = tmp_path / "away"
    away.mkdir()
    monkeypatch.setattr(catalog, "repository", lambda: "")
    with pytest.raises(CellExecutionError, match=r"Ask whoever gave it to you"):
        run(language, away, 2)
    repository = tmp_path / "repository"
    for name in ("shared_data/README.md", ".Rprofile"):
        files.write_text(repository / name, "")
    files.write_text(repository / "r/setup.R", "file.create('set_up')")
    git = ["git", "-c", "user.name=x", "-c", "user.email=x@example.org", "-C", str(repository)]
    for command in (["init", "-q"], ["add", "."], ["commit", "-qm", "The course"]):
        subprocess.run([*git, *command], check=True)
    monkeypatch.setattr(catalog, "repository", repository.as_uri)
    for _ in range(2):  # the second time it is there
        run(language, away, 2)
    assert (away / "deeptwins/shared_data/README.md").is_file()
    assert (away / "deeptwins/set_up").is_file() == (language == "r")
