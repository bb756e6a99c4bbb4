"""Make the instructors' slides, a deck for each day of book/plans.yml, with pandoc.

They lie beside the rendered pages, with a copy of reveal.js, so that no slide needs a network.
"""

import importlib.resources
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import yaml

from deeptwins import files
from deeptwins.book import BookError, lists
from deeptwins.paths import BOOK, ROOT

DECKS = "book/slides"
ASSETS = BOOK / "assets"
OPTIONS = (
    *("--to=revealjs", "--slide-level=2", "--standalone", "--mathml"),
    *(f"--template={ASSETS / 'slides.html'}", f"--lua-filter={ASSETS / 'slides.lua'}"),
)
REVEAL = ("LICENSE", "dist/reset.css", "dist/reveal.css", "dist/reveal.js", "dist/plugin/notes.js")
# The blocks of twins.css that hold the colours, light and dark.
PALETTE = re.compile(r"^[^{}\n]+\{[^{}]*--page:[^{}]*\}\n", re.M)


def write(output: Path) -> None:
    """Write the deck of each day into a rendered book as a page, with reveal.js beside it."""
    beside = output / DECKS / "reveal"
    beside.mkdir(parents=True, exist_ok=True)
    packed = importlib.resources.files("pyreveal") / "revealjs"
    for file in (*map(packed.joinpath, REVEAL), ASSETS / "slides.css", ASSETS / "favicon.svg"):
        (beside / file.name).write_bytes(file.read_bytes())
    palette = PALETTE.findall((ASSETS / "twins.css").read_text(encoding="utf-8"))
    files.write_text(beside / "palette.css", "".join(palette))
    shutil.copytree(BOOK / "images", output / "book" / "images", dirs_exist_ok=True)
    for name, day in lists.read("plans").items():
        pandoc(deck(day), f"--output={output / DECKS / name}.html", *OPTIONS)


def deck(day: dict[str, Any]) -> str:
    """Return a day's talks and tasks, of which slides.lua makes the slides."""
    head = yaml.safe_dump({one: day[one] for one in ("title", "subtitle", "notes")})
    steps = [lists.step(one, it) for one in day["sessions"] for it in one.get("steps", ())]
    return "\n".join([f"---\n{head}---\n", *steps])


def pandoc(text: str, *options: str) -> str:
    """Return what pandoc makes of Markdown; BookError where it fails or warns."""
    import pypandoc  # only this needs it

    command = [pypandoc.get_pandoc_path(), "--from=markdown", "--fail-if-warnings", *options]
    ended = subprocess.run(command, input=text, cwd=ROOT, capture_output=True, encoding="utf-8")
    if ended.returncode:
        raise BookError(f"pandoc {' '.join(options)} failed:\n{ended.stderr.strip()}")
    return ended.stdout
