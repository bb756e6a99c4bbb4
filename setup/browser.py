"""Get the browser in which the tests open the book.

    python3 setup/browser.py

Only apt's Chromium is tried; without one the other tests go on.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import common
from common import say, step

NAMES = ("chromium", "google-chrome")  # tests/test_browser.py looks for the same
PACKAGE = "chromium"


def set_up() -> None:
    """Install Chromium, or see within a blink that a browser is there or cannot be had."""
    if any(map(shutil.which, NAMES)):
        return
    key = common.digest(Path(__file__))
    if common.stamped("browser", key):
        return
    root = common.as_root() if shutil.which("apt-get") else None
    if root is not None:
        with step(f"{PACKAGE} from apt"):
            common.apt_install([PACKAGE], root)
    if not any(map(shutil.which, NAMES)):
        say("no browser: the tests that open the book's pages are skipped, and say so.")
        common.stamp("browser", key)


if __name__ == "__main__":
    common.main(set_up)
