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
from deeptwins.book import BookError
from deeptwins.paths import BOOK, ROOT

EPUB = "deep-twins.epub"
DECKS = "book/slides"
SLIDES = BOOK / "slides"
ASSETS = BOOK / "assets"
BIBLIOGRAPHY = f"--bibliography={BOOK / 'references.bib'}"
CITING = ("--citeproc", BIBLIOGRAPHY, "--metadata=link-citations:true")
STANDALONE = ("--standalone", "--mathml", f"--lua-filter={ASSETS / 'pandoc.lua'}")
REVEAL = ("LICENSE", "dist/reset.css", "dist/reveal.css", "dist/reveal.js", "dist/plugin/notes.js")
INCLUDE = re.compile(r"^\{\{< include (\S+) >\}\}$", re.M)
# The blocks of twins.css that hold the colours, light and dark.
PALETTE = re.compile(r"^[^{}\n]+\{[^{}]*--page:[^{}]*\}\n", re.M)
# A drawing on a slide, and in its chapter, which has the words for it.
DRAWING = re.compile(r"!\[\]\(\.\./images/(\w+\.svg)\)")
DESCRIBED = re.compile(r'\(images/(\w+\.svg)\)\{[^}]*(fig-alt="(?:[^"\\]|\\.)*")')
FRONT = re.compile(r"\A---\n(.*?)\n---\n", re.S)
HEADING = re.compile(r"^# (.+?)(?: \{([^}]*)\})?$", re.M)


def write(output: Path) -> None:
    """Write the EPUB and the slides into a rendered book."""
    epub(output / EPUB)
    slides(output)


def epub(target: Path) -> None:
    """Write the whole book as one EPUB, both languages one after the other."""
    config = yaml.safe_load((ROOT / "_quarto.yml").read_text(encoding="utf-8"))["book"]
    said = {name: config[name] for name in ("title", "subtitle")}
    said |= {"lang": "en-GB", "reference-section-title": "References"}
    pandoc(
        "\n\n".join(chapter(ROOT / page) for page in pages(config)),
        *("--to=epub3", "--toc-depth=2", f"--css={ASSETS / 'epub.css'}", f"--output={target}"),
        f"--resource-path={ROOT}{os.pathsep}{BOOK}",
        *(f"--metadata={name}:{value}" for name, value in said.items()),
        *(*STANDALONE, *CITING),
    )


def slides(output: Path) -> None:
    """Write every deck of book/slides/ as a page, with reveal.js beside it."""
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
    options = ("--to=revealjs", "--slide-level=2", f"--template={ASSETS / 'slides.html'}")
    for deck in sorted(SLIDES.glob("*.qmd")):
        text = DRAWING.sub(lambda one: f"{one[0]}{{{described[one[1]]}}}", expanded(deck))
        page = f"--output={output / DECKS / deck.stem}.html"
        pandoc(text, page, *options, *STANDALONE, up="../../")


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
    """Return a source with the fragments that it includes; BookError where one is missing."""

    def included(found: re.Match[str]) -> str:
        place = found[1]
        file = ROOT / place[1:] if place.startswith("/") else path.parent / place
        if not file.is_file():
            raise BookError(f"{path} includes {place}, which no exercise or list makes.")
        return expanded(file)

    return INCLUDE.sub(included, path.read_text(encoding="utf-8"))


def pandoc(text: str, *options: str, up: str = "") -> str:
    """Return what pandoc makes of Markdown, or prints while it writes a file.

    `up` leads from the result to the book's root. BookError where pandoc fails or warns.
    """
    import pypandoc  # only this needs it

    ended = subprocess.run(
        [pypandoc.get_pandoc_path(), "--from=markdown", "--fail-if-warnings", *options],
        input=text,
        env=os.environ | {"DEEPTWINS_UP": up},
        cwd=ROOT,
        capture_output=True,
        encoding="utf-8",
    )
    if ended.returncode:
        raise BookError(f"pandoc {' '.join(options)} failed:\n{ended.stderr.strip()}")
    return ended.stdout
