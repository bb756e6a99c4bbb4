"""The whole set-up: Python and R beside each other, and what only the book or tests need."""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor

import aptget
import common
import python as python_step
import r as r_step
from python import PYTHON

QUARTO = "quarto-cli==1.10.19"  # on PyPI, a small package that fetches Quarto itself
RELEASES = "https://github.com/quarto-dev/quarto-cli/releases"  # from here
BROWSERS = ("chromium", "google-chrome")  # tests/test_browser.py looks for the same


def set_up(part: str) -> None:
    """Make both languages ready for a part of the course: run, book or test."""
    base = python_step.base()
    r_ready = common.stamped("r", r_step.key())
    # What .venv cannot be made without comes first: it is small.
    first = python_step.lacks(base, python_step.VENV_PACKAGE) if base else []
    rest = [] if r_ready else r_step.lacks(base or PYTHON)
    if first + rest and aptget.as_root() is None:
        first, rest = first + rest, []  # one line to type
    if first:
        aptget.get(first, first[0])
    with ThreadPoolExecutor(1) as beside:
        r_half = None if r_ready else beside.submit(r_step.set_up, rest)
        python_step.set_up(part, base)
    if r_half:
        r_half.result()
        r_step.finish()


def quarto() -> None:
    """Get Quarto into .venv where none here serves; without it, the preview renders the book."""
    serves = [PYTHON, "-m", "deeptwins.book.renderer"]
    key = f"{QUARTO} {PYTHON}"
    if common.stamped("quarto", key) or common.run(serves, "quarto"):
        return
    if common.answers(RELEASES, common.PATIENCE / 2):
        with common.step(f"{QUARTO}, which fetches Quarto"):
            common.run([PYTHON, "-m", "pip", "install", QUARTO], "quarto")
    if not common.run(serves, "quarto"):
        common.stamp("quarto", key)


def browser() -> None:
    """Get the browser in which the tests open the book; without it, those are skipped."""
    if not common.stamped("browser", "asked") and not any(map(shutil.which, BROWSERS)):
        aptget.get(["chromium"], "a browser for the tests of the book's pages")
        common.stamp("browser", "asked")
