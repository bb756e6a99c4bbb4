"""Find what renders the book: Quarto, or the preview that stands in for it.

    python3 setup/quarto.py        (after setup/python.py)

PyPI's quarto-cli is a small package that fetches Quarto itself while it is
installed, so it is tried only where the place it fetches from answers.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import common
import python as python_step
from common import SetupError, say, step

QUARTO = "quarto-cli==1.10.19"
RELEASES = "https://github.com/quarto-dev/quarto-cli/releases"
PATIENCE = 5  # seconds for the releases to answer
PYTHON = python_step.python_of(python_step.VENV)


def set_up() -> None:
    """Say what renders the book, and install it where that is possible and needed."""
    if quarto := find_quarto():
        say(f"Quarto renders the book ({quarto}).")
        return
    key = common.digest(Path(__file__), str(PYTHON))
    if not common.stamped("quarto", key):
        if common.answers(RELEASES, PATIENCE) and install():
            say(f"Quarto renders the book ({find_quarto()}).")
            return
        common.stamp("quarto", key)
    preview = [str(PYTHON), "-c", "import smalldocs, latex2mathml, bibtexparser"]
    if subprocess.call(preview, stderr=subprocess.DEVNULL) != 0:
        raise SetupError(
            "nothing here renders the book: Quarto is missing and could not be fetched, and the "
            "preview (smalldocs) needs Python 3.11. Install Quarto from https://quarto.org."
        )
    say(
        "smalldocs renders a preview of the book: Quarto is missing and could not be fetched. "
        "Install it from https://quarto.org to get the real site."
    )


def find_quarto() -> str | None:
    """Return the path of Quarto: on the PATH, or in .venv where quarto-cli puts it."""
    return shutil.which("quarto") or shutil.which("quarto", path=str(PYTHON.parent))


def install() -> bool:
    """Install quarto-cli into .venv; tell whether its Quarto runs."""
    os.environ.update(python_step.for_uv(python_step.pip_settings()))
    _, command = python_step.installers()[0]
    try:
        with step(f"{QUARTO}, which fetches Quarto"):
            installed = common.run([*command, QUARTO], "quarto") == 0
            quarto = installed and find_quarto()
            if not quarto or common.run([quarto, "--version"], "quarto") != 0:
                raise SetupError(f"no Quarto:\n{common.last_lines('quarto')}")
    except SetupError as error:
        say(str(error))
        common.run([str(PYTHON), "-m", "pip", "uninstall", "-y", "quarto-cli"], "quarto")
        return False
    return True


if __name__ == "__main__":
    common.main(set_up)
