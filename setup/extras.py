"""What only tests need, from apt: a browser. Without it the other tests go on."""

from __future__ import annotations

import shutil
from pathlib import Path

import aptget
import common
from common import say, step

BROWSERS = ("chromium", "google-chrome")  # tests/test_browser.py looks for the same


def browser() -> None:
    """Get the browser in which the tests open the book."""
    if not any(map(shutil.which, BROWSERS)):
        get("browser", ["chromium"], lambda: any(map(shutil.which, BROWSERS)))


def get(what: str, packages: list[str], there) -> None:
    """Install packages, or see within a blink that they are there or cannot be had."""
    key = common.digest(Path(__file__))
    if common.stamped(what, key):
        return
    root = aptget.as_root() if aptget.there() else None
    if root is not None and len(aptget.installed(packages)) < len(packages):
        with step(f"{what} from apt"):
            aptget.install(packages, root)
    if not there():
        say(f"no {what}: the tests that need it are skipped, and say so. They need:")
        print(f"  sudo {aptget.line(packages)}", flush=True)
    common.stamp(what, key)
