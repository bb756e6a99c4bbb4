"""Find what renders the book: Quarto, or the preview that stands in for it.

The set-up asks too, by `python -m deeptwins.book.renderer`, so it needs no package.
"""

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from deeptwins.book import BookError

PATIENCE = 60  # seconds for Quarto to say its version; a cluster's disks are slow
QUARTO_MINIMUM = (1, 4)  # cross-references to a figure that is made of tabs
NOT_IN_PREVIEW = "numbers of chapters, sections and figures; pictures that open in full size"
PREVIEW_MODULES = ("smalldocs", "pypandoc")


@dataclass(frozen=True)
class Renderer:
    """What renders the book; `note` says what a reader of the result should know, if anything."""

    name: str
    version: str
    command: tuple[str, ...]
    note: str = ""


def renderer(*, preview: bool = False) -> Renderer:
    """Return Quarto if one serves, else the preview; BookError where there is neither."""
    found = "the preview was asked for" if preview else quarto()
    if isinstance(found, Renderer):
        return found
    if not all(map(importlib.util.find_spec, PREVIEW_MODULES)):
        raise BookError(
            f"The book cannot be rendered: {found}, and the preview needs "
            f"{' and '.join(PREVIEW_MODULES)}. Install Quarto from https://quarto.org, "
            f"or: pip install 'deeptwins[preview,exports]'"
        )
    command = (sys.executable, "book/preview.py", "render", ".")
    note = f"A preview, because {found}. It leaves out {NOT_IN_PREVIEW}."
    return Renderer("smalldocs", metadata.version("smalldocs"), command, note)


def quarto() -> Renderer | str:
    """Return the Quarto of QUARTO_PATH, .venv or the PATH if it serves, or why there is none."""
    beside = shutil.which("quarto", path=str(Path(sys.executable).parent))
    if not (path := os.environ.get("QUARTO_PATH") or beside or shutil.which("quarto")):
        return "Quarto was not found"
    try:
        asked = [path, "--version"]
        said = subprocess.check_output(asked, encoding="utf-8", timeout=PATIENCE).strip()
    except (OSError, subprocess.SubprocessError):
        said = "of no version"
    if tuple(map(int, re.findall(r"\d+", said)[:2])) >= QUARTO_MINIMUM:
        return Renderer("Quarto", said, (path, "render", "."))
    return f"{path} ({said}) is no Quarto from {'.'.join(map(str, QUARTO_MINIMUM))} on"


if __name__ == "__main__":
    sys.exit(0 if isinstance(found := quarto(), Renderer) else found)
