"""Make the instructors' slides from the book's own sources, with pandoc.

They lie beside the rendered pages, with a copy of reveal.js, so that no slide needs a network.
"""

import importlib.resources
import re
import shutil
import subprocess
from pathlib import Path

from deeptwins import files
from deeptwins.book import BookError
from deeptwins.paths import BOOK, ROOT

DECKS = "book/slides"
SLIDES = BOOK / "slides"
ASSETS = BOOK / "assets"
OPTIONS = (
    *("--to=revealjs", "--slide-level=2", "--standalone", "--mathml"),
    *(f"--template={ASSETS / 'slides.html'}", f"--lua-filter={ASSETS / 'slides.lua'}"),
)
REVEAL = ("LICENSE", "dist/reset.css", "dist/reveal.css", "dist/reveal.js", "dist/plugin/notes.js")
INCLUDE = re.compile(r"^\{\{< include (\S+) >\}\}$", re.M)
# The blocks of twins.css that hold the colours, light and dark.
PALETTE = re.compile(r"^[^{}\n]+\{[^{}]*--page:[^{}]*\}\n", re.M)
# A drawing on a slide, and in its chapter, which has the words for it.
DRAWING = re.compile(r"!\[\]\(\.\./images/(\w+\.svg)\)")
DESCRIBED = re.compile(r'\(images/(\w+\.svg)\)\{[^}]*(fig-alt="(?:[^"\\]|\\.)*")')


def write(output: Path) -> None:
    """Write every deck of book/slides/ into a rendered book as a page, with reveal.js beside it."""
    beside = output / DECKS / "reveal"
    beside.mkdir(parents=True, exist_ok=True)
    packed = importlib.resources.files("pyreveal") / "revealjs"
    for name in REVEAL:
        (beside / Path(name).name).write_bytes((packed / name).read_bytes())
    for name in ("slides.css", "favicon.svg"):
        shutil.copy(ASSETS / name, beside)
    palette = PALETTE.findall((ASSETS / "twins.css").read_text(encoding="utf-8"))
    files.write_text(beside / "palette.css", "".join(palette))
    shutil.copytree(BOOK / "images", output / "book" / "images", dirs_exist_ok=True)
    # The alt text of a drawing, as the chapter that shows it states it.
    chapters = (path.read_text(encoding="utf-8") for path in sorted(BOOK.glob("*.qmd")))
    described = dict(pair for text in chapters for pair in DESCRIBED.findall(text))
    for deck in sorted(SLIDES.glob("*.qmd")):
        text = DRAWING.sub(lambda one: f"{one[0]}{{{described[one[1]]}}}", expanded(deck))
        pandoc(text, f"--output={output / DECKS / deck.stem}.html", *OPTIONS)


def expanded(path: Path) -> str:
    """Return a source with the fragments that it includes; BookError where one is missing."""

    def included(found: re.Match[str]) -> str:
        place = found[1]
        file = ROOT / place[1:] if place.startswith("/") else path.parent / place
        if not file.is_file():
            raise BookError(f"{path} includes {place}, which no exercise or list makes.")
        return expanded(file)

    return INCLUDE.sub(included, path.read_text(encoding="utf-8"))


def pandoc(text: str, *options: str) -> str:
    """Return what pandoc makes of Markdown; BookError where it fails or warns."""
    import pypandoc  # only this needs it

    ended = subprocess.run(
        [pypandoc.get_pandoc_path(), "--from=markdown", "--fail-if-warnings", *options],
        input=text,
        cwd=ROOT,
        capture_output=True,
        encoding="utf-8",
    )
    if ended.returncode:
        raise BookError(f"pandoc {' '.join(options)} failed:\n{ended.stderr.strip()}")
    return ended.stdout
