"""Make a notebook of each twin before the book is rendered: book/notebooks/<id>_<language>.ipynb.

It shows what the last verified run printed and drew; nothing is run, nothing is committed. A
first cell, from book/assets/, brings the kernel into the course's folder, or gets the course.
"""

import base64
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import nbformat

from deeptwins import catalog, files, sections
from deeptwins.book import archive, fragments
from deeptwins.paths import BOOK, FIGURES, LANGUAGES, TITLES, script_file

KERNELS = {
    "python": {"name": "python3", "display_name": "Python 3", "language": "python"},
    "r": {"name": "ir", "display_name": "R", "language": "R"},
}
INTRODUCTION = """\
# {}

The {} twin of exercise {}, section by section, with what its verified run printed and drew.
Its chapter in the book explains it. The first cell goes to the course's folder."""


def write(exercises: Sequence[str], folder: Path) -> None:
    """Write the notebooks of these exercises, and no others of a twin, into a folder."""
    for language in LANGUAGES:
        made = {folder / f"{one}_{language}.ipynb": make(one, language) for one in exercises}
        for path in set(folder.glob(f"*_{language}.ipynb")) - made.keys():
            path.unlink()
        for path, notebook in made.items():
            files.update(path, nbformat.writes(notebook) + "\n")


def make(exercise: str, language: str) -> nbformat.NotebookNode:
    """Return the notebook of one twin: a heading and a cell for each section."""
    words = INTRODUCTION.format(catalog.title(exercise), TITLES[language], exercise[:2])
    cells = [_text("introduction", words), _code("home", home(language), 1)]
    code = fragments.code(exercise, language)
    for count, one in enumerate(archive.read(exercise)[language]["sections"], start=2):
        printed = {"output_type": "stream", "name": "stdout", "text": f"{one['printed']}\n"}
        outputs = [printed] if one["printed"] else []
        outputs += [_figure(exercise, language, name) for name in one["figures"]]
        slug = sections.slug(one["name"])
        cells.append(_text(f"{slug}-heading", f"## {one['name']}"))
        cells.append(_code(slug, code[one["name"]], count, outputs))
    metadata = {"kernelspec": KERNELS[language]}
    content = {"nbformat": 4, "nbformat_minor": 5, "metadata": metadata, "cells": cells}
    made = nbformat.from_dict(content)
    nbformat.validate(made)  # once: nbformat's own functions would do so for each cell
    return made


def home(language: str) -> str:
    """Return the first cell, which clones the repository that _quarto.yml names, if any."""
    path = BOOK / "assets" / script_file("notebook_home", language).name
    return path.read_text(encoding="utf-8").strip().replace('""', f'"{catalog.repository()}"', 1)


def _text(name: str, words: str) -> dict[str, Any]:
    return {"id": name, "cell_type": "markdown", "metadata": {}, "source": words}


def _code(name: str, code: str, count: int, outputs: Sequence[Any] = ()) -> dict[str, Any]:
    cell = {"id": name, "cell_type": "code", "metadata": {}, "source": code}
    return cell | {"execution_count": count, "outputs": list(outputs)}


def _figure(exercise: str, language: str, name: str) -> dict[str, Any]:
    picture = base64.b64encode(archive.picture(exercise, language, name).read_bytes()).decode()
    alt = files.read_yaml(FIGURES)[exercise][name.removesuffix(".png")]["alt"]
    data = {"image/png": picture, "text/plain": alt.strip()}
    return {"output_type": "display_data", "metadata": {}, "data": data}
