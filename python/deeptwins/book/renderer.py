"""Find what renders the book: Quarto, or the preview that stands in for it.

The set-up asks too, by `python -m deeptwins.book.renderer`, so it needs no package.
"""

import importlib.metadata
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

PATIENCE = 60  # seconds for Quarto to say its version; a cluster's disks are slow
QUARTO_MINIMUM = (1, 4)  # cross-references to a figure that is made of tabs
NOT_IN_PREVIEW = {
    "numbers": "numbers of chapters, sections and figures (references are links without a number)",
    "lightbox": "pictures that open in full size",
}
PREVIEW_PACKAGES = ("smalldocs", "pypandoc-binary")


class SiteError(Exception):
    """The book cannot be rendered: no renderer, or it failed."""


@dataclass(frozen=True)
class Renderer:
    """What renders the book; `note` says what a reader of the result should know, if anything."""

    name: str
    version: str
    command: tuple[str, ...]
    note: str = ""


def renderer(*, preview: bool = False) -> Renderer:
    """Return Quarto if one serves, else the preview; with `preview`, the preview.

    Raises
    ------
    SiteError
        There is neither.
    """
    found = "the preview was asked for" if preview else quarto()
    if isinstance(found, Renderer):
        return found
    if missing := [package for package in PREVIEW_PACKAGES if not _version(package)]:
        raise SiteError(
            f"The book cannot be rendered: {found}, and the preview needs "
            f"{' and '.join(missing)}. Install Quarto from https://quarto.org, "
            f"or: pip install 'deeptwins[preview,exports]'"
        )
    command = (sys.executable, "-m", "smalldocs.cli", "render", ".")
    note = f"A preview, because {found}. It leaves out {'; '.join(NOT_IN_PREVIEW.values())}."
    return Renderer("smalldocs", _version("smalldocs"), command, note)


def quarto() -> Renderer | str:
    """Return the first Quarto that answers and is new enough, or why there is none.

    QUARTO_PATH is the only one asked where it is set; else the one beside this Python, where
    the set-up puts it, and then the one on the PATH.
    """
    beside = shutil.which("quarto", path=str(Path(sys.executable).parent))
    given = os.environ.get("QUARTO_PATH")
    reasons = []
    for path in filter(None, [given] if given else [beside, shutil.which("quarto")]):
        version = _said(path)
        numbers = re.match(r"(\d+)\.(\d+)", version)
        if numbers is None:
            reasons.append(f"{path} does not say its version")
        elif (int(numbers[1]), int(numbers[2])) < QUARTO_MINIMUM:
            reasons.append(
                f"Quarto {version} ({path}) is older than {'.'.join(map(str, QUARTO_MINIMUM))}"
            )
        else:
            return Renderer("Quarto", version, (path, "render", "."))
    return " and ".join(dict.fromkeys(reasons)) or "Quarto was not found"


def _said(path: str) -> str:
    """Return what a Quarto says its version is; "" where it fails or does not answer."""
    try:
        return subprocess.check_output([path, "--version"], text=True, timeout=PATIENCE).strip()
    except (OSError, subprocess.SubprocessError):
        return ""


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return ""


if __name__ == "__main__":
    sys.exit(0 if isinstance(found := quarto(), Renderer) else found)
