"""Make the instructors' slides from the book's own sources, with pandoc.

They lie beside their sources, with a copy of reveal.js, so that no slide needs a network. The
book is rendered after that, and takes them along as _quarto.yml asks.
"""

import importlib.resources
import re
import subprocess
from pathlib import Path

from deeptwins import files
from deeptwins.book import BookError, fragments
from deeptwins.paths import BOOK, ROOT

SLIDES = BOOK / "slides"
BESIDE = SLIDES / "reveal"
ASSETS = BOOK / "assets"
TEMPLATE, FILTER = ASSETS / "slides.html", ASSETS / "slides.lua"
OPTIONS = (
    *("--to=revealjs", "--slide-level=2", "--standalone", "--mathml"),
    *(f"--template={TEMPLATE}", f"--lua-filter={FILTER}"),
)
REVEAL = ("LICENSE", "dist/reset.css", "dist/reveal.css", "dist/reveal.js", "dist/plugin/notes.js")
FRAGMENT = re.compile(r"^\{\{< fragment (\S+) >\}\}$", re.M)
# The blocks of twins.css that hold the colours, light and dark.
PALETTE = re.compile(r"^[^{}\n]+\{[^{}]*--page:[^{}]*\}\n", re.M)
# A drawing on a slide, and in its chapter, which has the words for it.
DRAWING = re.compile(r"!\[\]\(\.\./images/(\w+\.svg)\)")
DESCRIBED = re.compile(r'\(images/(\w+\.svg)\)\{[^}]*(fig-alt="(?:[^"\\]|\\.)*")')


def write() -> None:
    """Write every deck of book/slides/ as a page, with reveal.js beside it, if it has changed."""
    packed = importlib.resources.files("pyreveal") / "revealjs"
    copied = [packed / name for name in REVEAL]
    copied += [ASSETS / name for name in ("slides.css", "favicon.svg")]
    for one in copied:
        files.update(BESIDE / one.name, one.read_text(encoding="utf-8"))
    palette = PALETTE.findall((ASSETS / "twins.css").read_text(encoding="utf-8"))
    files.update(BESIDE / "palette.css", "".join(palette))
    # The alt text of a drawing, as the chapter that shows it states it.
    chapters = (path.read_text(encoding="utf-8") for path in sorted(BOOK.glob("*.qmd")))
    described = dict(pair for text in chapters for pair in DESCRIBED.findall(text))
    for deck in sorted(SLIDES.glob("*.qmd")):
        text = DRAWING.sub(lambda one: f"{one[0]}{{{described[one[1]]}}}", expanded(deck))
        files.update(source := BESIDE / f"{deck.stem}.md", text)
        made_of = max(one.stat().st_mtime for one in (source, TEMPLATE, FILTER))
        if not (page := deck.with_suffix(".html")).is_file() or page.stat().st_mtime < made_of:
            pandoc(text, f"--output={page}", *OPTIONS)


def expanded(path: Path) -> str:
    """Return a source with the fragments that it shows; BookError where one is missing."""

    def shown(found: re.Match[str]) -> str:
        file = fragments.FRAGMENTS / f"{found[1]}.qmd"
        if not file.is_file():
            raise BookError(f"{path} shows {found[1]}, which no exercise or list makes.")
        return file.read_text(encoding="utf-8")

    return FRAGMENT.sub(shown, path.read_text(encoding="utf-8"))


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
