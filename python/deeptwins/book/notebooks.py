"""Make a notebook of each twin, with what its verified run printed and drew.

Rendering the book writes book/notebooks/<id>_python.ipynb and <id>_r.ipynb from
the scripts and their last verified runs; nothing is run, and nothing of it is
committed. A first cell brings the kernel into the course's folder, or gets the course.
"""

import base64
from collections.abc import Sequence
from pathlib import Path

import nbformat
from nbformat import v4

from deeptwins import catalog, files
from deeptwins.book import fragments
from deeptwins.paths import LANGUAGES, TITLES
from deeptwins.proof import verified
from deeptwins.runs import sections

KERNELS = {
    "python": {"name": "python3", "display_name": "Python 3", "language": "python"},
    "r": {"name": "ir", "display_name": "R", "language": "R"},
}
# A kernel starts in the folder of its notebook. The first cell looks for the course there and
# above; GET stands for what it does where the course is not there, as on Colab.
HOME = {
    "python": """\
import os
import subprocess
from pathlib import Path

here = Path.cwd()
places = [here, *here.parents, here / "deeptwins"]
root = next((p for p in places if (p / "shared_data").is_dir()), None)
if root is None:
    GET
    root = here / "deeptwins"
os.chdir(root)""",
    "r": """\
root <- normalizePath(getwd())
while (!dir.exists(file.path(root, "shared_data"))) {
  if (dirname(root) == root) {
    root <- "deeptwins"
    break
  }
  root <- dirname(root)
}
if (!dir.exists(root)) {
  GET
}
setwd(root)
source(".Rprofile")""",
}
CLONE = {
    "python": 'subprocess.run(["git", "clone", "--depth=1", "{}", "deeptwins"], check=True)',
    "r": '''\
system2("git", c("clone", "--depth=1", "{}", root))
  setwd(root)
  source("r/setup.R")
  root <- "."''',
}
# Without an address in _quarto.yml there is nothing to clone.
ASK = (
    "This notebook does not lie in the course's folder. Ask whoever gave it to you "
    "for that folder, put it there beside README.md, and open it again."
)
STOP = {"python": f'raise FileNotFoundError("{ASK}")', "r": f'stop("{ASK}")'}
INTRODUCTION = """\
# {title}

The {language} twin of exercise {number}, section by section, with what its verified run printed and
drew. Its chapter in the book explains it. The first cell goes to the course's folder."""


def write(exercises: Sequence[str], folder: Path) -> None:
    """Write the notebooks of these exercises, and nothing else, into a folder."""
    made = {
        folder / f"{exercise}_{language}.ipynb": make(exercise, language)
        for exercise in exercises
        for language in LANGUAGES
    }
    for path, notebook in made.items():
        files.write_text(path, nbformat.writes(notebook) + "\n")
    for language in LANGUAGES:
        for path in set(folder.glob(f"*_{language}.ipynb")) - made.keys():
            path.unlink()


def make(exercise: str, language: str) -> nbformat.NotebookNode:
    """Return the notebook of one twin: a heading and a cell for each section."""
    introduction = INTRODUCTION.format(
        title=catalog.title(exercise),
        language=TITLES[language],
        number=exercise.partition("_")[0],
    )
    cells = [
        v4.new_markdown_cell(introduction, id="introduction"),
        v4.new_code_cell(home(language), id="home", execution_count=1),
    ]
    code = fragments.code(exercise, language)
    for count, one in enumerate(verified.read(exercise)[language]["sections"], start=2):
        outputs = [v4.new_output("stream", text=f"{one['printed']}\n")] if one["printed"] else []
        outputs += [_figure(exercise, language, name) for name in one["figures"]]
        slug = sections.slug(one["name"])
        cells += [
            v4.new_markdown_cell(f"## {one['name']}", id=f"{slug}-heading"),
            v4.new_code_cell(code[one["name"]], id=slug, execution_count=count, outputs=outputs),
        ]
    made = v4.new_notebook(cells=cells, metadata={"kernelspec": KERNELS[language]})
    nbformat.validate(made)
    return made


def home(language: str) -> str:
    """Return the first cell, which clones the repository that _quarto.yml names, if any."""
    address = catalog.repository()
    got = CLONE[language].format(address) if address else STOP[language]
    return HOME[language].replace("GET", got)


def _figure(exercise: str, language: str, name: str) -> nbformat.NotebookNode:
    picture = base64.b64encode(verified.picture(exercise, language, name).read_bytes()).decode()
    alt = fragments.alt_of(exercise, name.removesuffix(".png"))
    return v4.new_output("display_data", {"image/png": picture, "text/plain": alt})
