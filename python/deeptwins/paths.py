"""Where things are: the checkout, the data home, the results."""

import os
import re
import shutil
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SHARED = ROOT / "shared_data"
EXPECTED = SHARED / "expected"
BOOK = ROOT / "book"
FIGURES = BOOK / "figures.yml"
LANGUAGES = ("python", "r")
TITLES = {"python": "Python", "r": "R"}


def results_dir() -> Path:
    """Return the folder of the results: DEEPTWINS_RESULTS, or results/ in the checkout."""
    return Path(os.environ.get("DEEPTWINS_RESULTS") or ROOT / "results").absolute()


def data_home() -> Path:
    """Return the folder of the full data sets: DEEPTWINS_DATA, or one in the user's cache."""
    return Path(os.environ.get("DEEPTWINS_DATA") or "~/.cache/deeptwins").expanduser().absolute()


def find_r() -> None:
    """Put the newest R on the PATH where R's installer for Windows has left every one out of it."""
    places = [os.environ.get("PROGRAMFILES", ""), f"{os.environ.get('LOCALAPPDATA')}/Programs"]
    found = [path.parent for one in places for path in Path(one).glob("R/R-*/bin/Rscript.exe")]
    if found and not shutil.which("Rscript"):
        newest = max(found, key=lambda path: [int(n) for n in re.findall(r"\d+", path.parts[-2])])
        os.environ["PATH"] += f"{os.pathsep}{newest}"


def script_file(exercise: str, language: str) -> Path:
    """Return the script of an exercise: python/01_first_network.py or r/01_first_network.R."""
    return ROOT / language / f"{exercise}{'.py' if language == 'python' else '.R'}"
