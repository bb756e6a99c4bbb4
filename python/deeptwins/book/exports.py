"""Make the EPUB and the instructors' slides from the book's own sources, with pandoc.

Quarto and the preview make web pages; this makes the rest beside them, the same
for both: _book/deep-twins.epub, and _book/book/slides/<part>.html with a copy of
reveal.js, so that no slide needs a network.
"""

import importlib.resources
import os
import re
import shutil
import subprocess
from pathlib import Path

import yaml

from deeptwins import files
from deeptwins.paths import BOOK, ROOT

EPUB = "deep-twins.epub"
DECKS = "book/slides"
SLIDES = BOOK / "slides"
ASSETS = BOOK / "assets"
CITING = (
    "--citeproc",
    f"--bibliography={BOOK / 'references.bib'}",
    "--metadata=link-citations:true",
)
REVEAL = ("LICENSE", "dist/reset.css", "dist/reveal.css", "dist/reveal.js", "dist/plugin/notes.js")
INCLUDE = re.compile(r"^\{\{< include (\S+) >\}\}$", re.M)
# The blocks of twins.css that hold the colours, light and dark.
PALETTE = re.compile(r"^[^{}\n]+\{[^{}]*--page:[^{}]*\}\n", re.M)
# A drawing on a slide, and in its chapter, which has the words for it.
DRAWING = re.compile(r"!\[\]\(\.\./images/(\w+\.svg)\)")
DESCRIBED = re.compile(r'\(images/(\w+\.svg)\)\{[^}]*(fig-alt="(?:[^"\\]|\\.)*")')
FRONT = re.compile(r"\A---\n(.*?)\n---\n", re.S)
HEADING = re.compile(r"^# (.+?)(?: \{([^}]*)\})?$", re.M)


class ExportError(Exception):
    """Pandoc failed, or a source includes what is not there."""


def write(output: Path) -> list[Path]:
    """Write the EPUB and the slides into a rendered book, and return their files."""
    return [epub(output), *slides(output)]


def epub(output: Path) -> Path:
    """Write the whole book as one EPUB, both languages one after the other."""
    config = yaml.safe_load((ROOT / "_quarto.yml").read_text(encoding="utf-8"))["book"]
    text = "\n\n".join(chapter(ROOT / page) for page in pages(config))
    target = output / EPUB
    _write(
        text,
        target,
        "--to=epub3",
        "--toc-depth=2",
        "--mathml",
        *CITING,
        f"--css={ASSETS / 'epub.css'}",
        f"--resource-path={ROOT}{os.pathsep}{BOOK}",
        f"--metadata=title:{config['title']}",
        f"--metadata=subtitle:{config['subtitle']}",
        "--metadata=lang:en-GB",
        "--metadata=reference-section-title:References",
    )
    return target


def slides(output: Path) -> list[Path]:
    """Write every deck of book/slides/ as a page, with reveal.js beside it."""
    folder = output / DECKS
    beside = folder / "reveal"
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
    described = dict(
        pair
        for path in sorted(BOOK.glob("*.qmd"))
        for pair in DESCRIBED.findall(path.read_text(encoding="utf-8"))
    )
    made = []
    for deck in sorted(SLIDES.glob("*.qmd")):
        made.append(folder / f"{deck.stem}.html")
        _write(
            DRAWING.sub(lambda found: f"{found[0]}{{{described[found[1]]}}}", expanded(deck)),
            made[-1],
            "--to=revealjs",
            "--slide-level=2",
            f"--template={ASSETS / 'slides.html'}",
            "--mathml",
            up="../../",
        )
    return made


def pages(config: dict) -> list[str]:
    """Return the sources of the book's pages in order, as _quarto.yml lists them."""
    parts = (one["chapters"] if isinstance(one, dict) else [one] for one in config["chapters"])
    return [page for part in parts for page in part]


def chapter(path: Path) -> str:
    """Return a page with its includes, its title a heading that links can lead to."""
    text = expanded(path)
    if front := FRONT.match(text):
        stated = yaml.safe_load(front[1])
        text = f"# {stated['title']}\n\n*{stated['subtitle']}*\n\n{text[front.end() :]}"
    return HEADING.sub(rf"# \1 {{#ch-{path.stem} \2}}", text, count=1)


def expanded(path: Path) -> str:
    """Return a source with the fragments that it includes; ExportError where one is missing."""

    def included(found: re.Match[str]) -> str:
        place = found[1]
        file = ROOT / place[1:] if place.startswith("/") else path.parent / place
        if not file.is_file():
            raise ExportError(f"{path} includes {place}, which no exercise or list makes.")
        return expanded(file)

    return INCLUDE.sub(included, path.read_text(encoding="utf-8"))


def pandoc(text: str, *options: str, up: str = "") -> str:
    """Return what pandoc makes of Markdown, or prints while it writes a file.

    Raises
    ------
    ExportError
        Pandoc failed or warned.
    """
    import pypandoc  # only this needs it

    ended = subprocess.run(
        [pypandoc.get_pandoc_path(), "--from=markdown", "--fail-if-warnings", *options],
        input=text,
        env=os.environ | {"DEEPTWINS_UP": up},
        cwd=ROOT,
        capture_output=True,
        text=True,
        encoding="utf-8",
    )
    if ended.returncode:
        raise ExportError(f"pandoc {' '.join(options)} failed:\n{ended.stderr.strip()}")
    return ended.stdout


def _write(text: str, target: Path, *options: str, up: str = "") -> None:
    filtered = f"--lua-filter={ASSETS / 'pandoc.lua'}"
    pandoc(text, "--standalone", filtered, f"--output={target}", *options, up=up)
