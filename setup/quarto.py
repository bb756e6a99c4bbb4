"""Get Quarto into .venv where none here serves; without it, the preview renders the book.

PyPI's quarto-cli is a small package that fetches Quarto itself while it is
installed, so it is tried only where the place it fetches from answers.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import common
import python as python_step
from common import SetupError, say, step

QUARTO = "quarto-cli==1.10.19"
RELEASES = "https://github.com/quarto-dev/quarto-cli/releases"
PATIENCE = 5  # seconds for the releases to answer
PYTHON = str(python_step.python_of(python_step.VENV))


def set_up() -> None:
    """Install Quarto where one is needed and can be had."""
    key = common.digest(Path(__file__), PYTHON)
    if common.stamped("quarto", key) or serves():
        return
    if not (common.answers(RELEASES, PATIENCE) and install()):
        common.stamp("quarto", key)


def serves() -> bool:
    """Tell whether the course finds a Quarto that it can use."""
    asked = [PYTHON, "-m", "deeptwins.book.renderer"]
    return subprocess.call(asked, stderr=subprocess.DEVNULL) == 0


def install() -> bool:
    """Install quarto-cli into .venv; tell whether its Quarto serves."""
    os.environ.update(python_step.for_uv(python_step.pip_settings()))
    _, command = python_step.installers()[0]
    try:
        with step(f"{QUARTO}, which fetches Quarto"):
            if common.run([*command, QUARTO], "quarto") != 0 or not serves():
                raise SetupError(f"no Quarto:\n{common.last_lines('quarto')}")
    except SetupError as error:
        say(str(error))
        common.run([PYTHON, "-m", "pip", "uninstall", "-y", "quarto-cli"], "quarto")
        return False
    return True
