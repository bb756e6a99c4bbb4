"""Make the instructors' slides, a deck for each day of book/plans.yml, with pandoc.

They lie beside their slides, with a copy of reveal.js, so that no slide needs a network. The book
is rendered after that, and takes them along as _quarto.yml asks.
"""

import importlib.resources
import re
from typing import Any

import yaml

import plans
from deeptwins import files
from deeptwins.book import fragments, site
from deeptwins.paths import BOOK

SLIDES = BOOK / "slides"
BESIDE = SLIDES / "reveal"
ASSETS = BOOK / "assets"
TEMPLATE, FILTER = ASSETS / "slides.html", ASSETS / "slides.lua"
OPTIONS = (
    *("--to=revealjs", "--slide-level=2", "--standalone", "--mathml"),
    *(f"--template={TEMPLATE}", f"--lua-filter={FILTER}"),
)
REVEAL = ("LICENSE", "dist/reset.css", "dist/reveal.css", "dist/reveal.js", "dist/plugin/notes.js")
# The blocks of twins.css that hold the colours, light and dark.
PALETTE = re.compile(r"^[^{}\n]+\{[^{}]*--page:[^{}]*\}\n", re.M)


def write() -> None:
    """Write the deck of each day beside the slides, with reveal.js, where a source has changed."""
    packed = importlib.resources.files("pyreveal") / "revealjs"
    for one in (*map(packed.joinpath, REVEAL), ASSETS / "slides.css", ASSETS / "favicon.svg"):
        files.update(BESIDE / one.name, one.read_text(encoding="utf-8"))
    palette = PALETTE.findall((ASSETS / "twins.css").read_text(encoding="utf-8"))
    files.update(BESIDE / "palette.css", "".join(palette))
    read = [TEMPLATE, FILTER, *SLIDES.glob("*.qmd"), *fragments.FRAGMENTS.rglob("*.qmd")]
    newest = max(one.stat().st_mtime for one in read)
    for name, day in plans.days().items():
        files.update(source := BESIDE / f"{name}.md", deck(day))
        page, since = SLIDES / f"{name}.html", max(newest, source.stat().st_mtime)
        if not page.is_file() or page.stat().st_mtime < since:
            site.pandoc(deck(day), f"--output={page}", *OPTIONS)


def deck(day: dict[str, Any]) -> str:
    """Return a day's talks and tasks, of which slides.lua makes the slides."""
    head = yaml.safe_dump({one: day[one] for one in ("title", "subtitle", "notes")})
    steps = [plans.step(one, it) for one in day["sessions"] for it in one.get("steps", ())]
    return "\n".join([f"---\n{head}---\n", *steps])
