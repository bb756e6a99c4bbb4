"""Make R ready: from apt where it manages R, from CRAN where it does not.

DESCRIPTION names R's packages, and r/setup.R installs what apt cannot give.
Without R, and without the right to install it, the Python half goes on alone:
.make/languages then says `python` instead of `both`.
"""

from __future__ import annotations

import shutil
import subprocess
from email import message_from_string
from pathlib import Path

import aptget
import common
import python as python_step
from common import ROOT, say

DESCRIPTION = ROOT / "DESCRIPTION"
R_SETUP = ROOT / "r" / "setup.R"
NEEDS_COMPILER = 3  # status of r/setup.R
APT_PUTS_R = (Path("/usr/bin"), Path("/usr/lib/R/bin"))


def lacks(python: str) -> list[str]:
    """Return the Debian packages that R and its calls of Python still need, where apt has them."""
    library = python_step.lacks(python, python_step.LIBRARY)
    rscript = shutil.which("Rscript")
    # To an R of the user's own, apt's packages do not belong.
    own = rscript and Path(rscript).resolve().parent not in APT_PUTS_R
    if not aptget.there() or own or (rscript and not missing()):
        return library
    wanted = packages()
    return library + sorted(wanted - aptget.installed([*wanted]))


def packages() -> set[str]:
    """Return Debian's names for R and the packages that DESCRIPTION lists."""
    fields = message_from_string(DESCRIPTION.read_text(encoding="utf-8"))
    entries = f"{fields['Imports']},{fields['Suggests']}".split(",")
    names = {f"r-cran-{entry.split('(')[0].strip().lower()}" for entry in entries}
    return {"r-base-core", *names} - {"r-cran-keras3"}  # not in Debian


def set_up(wanted: list[str]) -> None:
    """Make R ready with these Debian packages, and let it get from CRAN what it lacks then."""
    if wanted:
        aptget.get(wanted, f"R and its packages ({len(wanted)} missing)")
    command = ["Rscript", str(R_SETUP), "packages"]
    if not shutil.which("Rscript"):
        if not aptget.there():
            say("R is missing; install it from https://www.r-project.org, then call this again.")
    elif subprocess.call(command, cwd=ROOT) == NEEDS_COMPILER and aptget.get(["g++"], "g++"):
        subprocess.call(command, cwd=ROOT)


def finish() -> None:
    """Note which languages run here, once both are set up."""
    library = python_step.lacks(python_step.PYTHON, python_step.LIBRARY)
    old = python_step.old_reticulate()
    if old and python_step.works("import numpy; assert numpy.__version__ >= '2'"):
        say(
            f"R's reticulate {old} does not read NumPy 2, which .venv has. Install Python "
            f"3.{python_step.BEFORE_NUMPY_2} and remove .venv, or get a newer reticulate "
            "(in R: install.packages('reticulate')); then call this again."
        )
    elif shutil.which("Rscript") and not missing() and not library:
        common.write(common.made("languages"), "both\n")
        common.stamp("r", key())
        return
    common.write(common.made("languages"), "python\n")
    say("R is not ready, so the Python half goes on alone.")


def key() -> str:
    """Return the digest of all that this step depends on."""
    standin = sorted(path for path in (ROOT / "r" / "standin").rglob("*") if path.is_file())
    config = python_step.VENV / "pyvenv.cfg"  # names the Python that R calls
    python = config.read_text(encoding="utf-8") if config.exists() else ""
    parts = [DESCRIPTION, R_SETUP, Path(__file__), *standin, str(ROOT), python]
    return common.digest(*parts, str(shutil.which("Rscript")))


def missing() -> list[str]:
    """Return the packages that R lacks or has too old, by its own account."""
    command = ["Rscript", str(R_SETUP), "missing"]
    return subprocess.check_output(command, cwd=ROOT).decode().split()
