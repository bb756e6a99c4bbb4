"""Make a notebook of each twin, with what its verified run printed and drew.

Rendering the book writes book/notebooks/<id>_python.ipynb and <id>_r.ipynb from the scripts
and their last verified runs; nothing is run, and nothing of it is committed. A first cell,
from book/assets/, brings the kernel into the course's folder, or gets the course.
"""

import base64
from collections.abc import Sequence
from pathlib import Path

import nbformat
from nbformat import v4

from deeptwins import catalog, files, sections
from deeptwins.book import archive, fragments
from deeptwins.paths import BOOK, LANGUAGES, TITLES, script_file

KERNELS = {
    "python": {"name": "python3", "display_name": "Python 3", "language": "python"},
    "r": {"name": "ir", "display_name": "R", "language": "R"},
}
INTRODUCTION = """\
# {title}

The {language} twin of exercise {number}, section by section, with what its verified run printed and
drew. Its chapter in the book explains it. The first cell goes to the course's folder."""


def write(exercises: Sequence[str], folder: Path) -> None:
    """Write the notebooks of these exercises, and no others of a twin, into a folder."""
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
    number = exercise.partition("_")[0]
    words = {"title": catalog.title(exercise), "language": TITLES[language], "number": number}
    cells = [
        v4.new_markdown_cell(INTRODUCTION.format(**words), id="introduction"),
        v4.new_code_cell(home(language), id="home", execution_count=1),
    ]
    code = fragments.code(exercise, language)
    for count, one in enumerate(archive.read(exercise)[language]["sections"], start=2):
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
    path = BOOK / "assets" / script_file("notebook_home", language).name
    return path.read_text(encoding="utf-8").strip().replace('""', f'"{catalog.repository()}"', 1)


def _figure(exercise: str, language: str, name: str) -> nbformat.NotebookNode:
    picture = base64.b64encode(archive.picture(exercise, language, name).read_bytes()).decode()
    alt = fragments.alt_of(exercise, name.removesuffix(".png"))
    return v4.new_output("display_data", {"image/png": picture, "text/plain": alt})
