"""Look at what the course needs, and say how to mend what is missing or does not fit.

Versions come from the packages' metadata, without TensorFlow, and R speaks for itself.
"""

import os
import platform
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from rich.console import Console
from rich.markup import escape

from deeptwins.book import BookError
from deeptwins.book.renderer import renderer
from deeptwins.data import cards, originals
from deeptwins.paths import ROOT

PATIENCE = 60  # seconds for R to say what it is; a cluster's disks are slow
SET_UP = "python course.py setup" if os.name == "nt" else "make setup"
REPAIR = f"rm -r .make; {SET_UP}"  # in PowerShell too
R_SET_UP = "Rscript r/setup.R"
NEW_R = f"install R from https://cloud.r-project.org or your system's packages; then: {SET_UP}"
FROM_CRAN = "install.packages('reticulate', '.rlib', 'https://cloud.r-project.org')"
NEW_RETICULATE = f"Rscript -e \"dir.create('.rlib'); {FROM_CRAN}\""
FOR_NUMPY_2 = ">=1.40"  # of reticulate
NAMED = ("tensorflow", "keras", "numpy")  # Python packages that always have a row


@dataclass(frozen=True)
class Check:
    """One row of the table; without a `required` one that fails the course still runs in part."""

    name: str
    found: str
    needed: str
    remedy: str = ""  # "": all is well
    required: bool = False

    @property
    def ok(self) -> bool:
        """Whether there is nothing to mend."""
        return not self.remedy


def examine() -> list[Check]:
    """Return one check for each thing the course needs, on this machine."""
    return [*check_python(), *check_r(), check_book(), check_data()]


def fits(version: str, bound: str) -> bool:
    """Whether a version is there and within its bound."""
    number = version.replace("-", ".")  # R's 0.1-7 is 0.1.7
    return bool(version) and SpecifierSet(bound).contains(number, prereleases=True)


def check_python() -> list[Check]:
    """Check this Python and the packages that the twins need, those that do not fit apart."""
    python = f"{platform.python_version()} ({sys.executable})"
    rows = [Check("Python", python, metadata.metadata("deeptwins")["Requires-Python"])]
    for one in map(Requirement, metadata.requires("deeptwins") or []):
        if not one.marker or one.marker.evaluate({"extra": ""}):
            version, bound = installed(one.name), str(one.specifier)
            remedy = "" if fits(version, bound) else REPAIR
            if one.name in NAMED or remedy:
                rows.append(Check(one.name, version or "missing", bound, remedy, True))
    return rows


def installed(package: str) -> str:
    """Return the version of a Python package; "" where it is missing."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return ""


# ---- R ----


def ask_r(script: str, *words: str) -> list[str]:
    """Return the lines that a script of r/ prints; OSError where R is missing or fails."""
    if not (rscript := shutil.which("Rscript")):
        raise OSError("not found")
    command = [rscript, str(ROOT / "r" / script), *words]
    how = {"cwd": ROOT, "capture_output": True, "encoding": "utf-8", "errors": "replace"}
    try:
        ended = subprocess.run(command, timeout=PATIENCE, **how)
    except subprocess.TimeoutExpired:
        raise OSError(f"did not answer within {PATIENCE} s") from None
    if ended.returncode:
        raise OSError((ended.stderr.strip().splitlines() or ["ended with an error"])[-1])
    return ended.stdout.splitlines()


def check_r() -> list[Check]:
    """Check R, which Python and which Keras it uses, and the packages of DESCRIPTION."""
    bound = re.search(r"\bR \((.*?)\)", (ROOT / "DESCRIPTION").read_text(encoding="utf-8"))[1]
    try:
        told = ask_r("doctor.R", "keras3", "reticulate")
        lacks = ", ".join(ask_r("setup.R", "missing"))
    except OSError as error:
        return [Check("R", str(error), bound, NEW_R)]
    r = dict(line.split("\t", 1) for line in told if "\t" in line)
    keras, python, reticulate = (r.get(name, "") for name in ("keras3", "python", "reticulate"))
    stand_in = f"the course's stand-in ({R_SET_UP} gets keras3 from CRAN)"
    found = stand_in if keras.startswith("0.0.") else f"keras3 {keras}" if keras else "missing"
    # .Rprofile chooses the course's Python, unless it is not read or there is none to choose.
    ours = Path(python).expanduser().parent.resolve() == Path(sys.executable).parent.resolve()
    other = f"R would start {python or 'no Python'}, not {sys.executable}: "
    other += f"unset RETICULATE_PYTHON R_PROFILE_USER; {SET_UP}"
    reads = "any" if installed("numpy").startswith("1.") else FOR_NUMPY_2
    old = reticulate and reads != "any" and not fits(reticulate, reads)
    return [
        Check("R", r["R"], bound, "" if fits(r["R"], bound) else NEW_R),
        Check("R packages", lacks or "all", "as in DESCRIPTION", R_SET_UP if lacks else ""),
        Check("reticulate", reticulate or "missing", reads, NEW_RETICULATE if old else ""),
        Check("Python of R", python or "none", "the course's", "" if ours else other),
        Check("Keras for R", found, "keras3, or the stand-in", "" if keras else R_SET_UP),
    ]


# ---- the book, the data ----


def check_book() -> Check:
    """Check what renders the book."""
    try:
        found, remedy = f"{(one := renderer()).name} {one.version}", ""
    except BookError as error:
        found, remedy = "nothing renders it", str(error)
    return Check("Book", found, "Quarto, or smalldocs (a preview)", remedy)


def check_data() -> Check:
    """Check that the data sets of the course are as they were published."""
    problems = [found for _, whole, found in originals.verify(cards.names()) if not whole]
    found = f"{len(problems)} damaged" if problems else "whole"
    return Check("Course data", found, "as on their cards", " ".join(problems), required=True)


def show(checks: list[Check], console: Console) -> None:
    """Print the checks, a line each, and below it what to do about one that does not hold."""
    for one in checks:
        mark = "[green]✓[/]" if one.ok else "[red]✗[/]" if one.required else "[yellow]![/]"
        line = f"{one.name}: {one.found} (needed: {one.needed})"
        console.print(mark, escape(line), highlight=False, soft_wrap=True)
        if one.remedy:
            console.print("  ", escape(one.remedy), style="yellow", highlight=False, soft_wrap=True)
