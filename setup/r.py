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
from common import ROOT, say, step

DESCRIPTION = ROOT / "DESCRIPTION"
R_SETUP = ROOT / "r" / "setup.R"
STANDIN = ROOT / "r" / "standin"
NEEDS_COMPILER = 3  # status of r/setup.R
APT_PUTS_R = (Path("/usr/bin"), Path("/usr/lib/R/bin"))
NOT_IN_DEBIAN = {"keras3"}


def lacks() -> list[str]:
    """Return the Debian packages that R's half still needs, where apt is what manages R here."""
    rscript = shutil.which("Rscript")
    if not aptget.there():
        return []
    if rscript and (
        # An R of the user's own, to which apt's packages do not belong.
        Path(rscript).resolve().parent not in APT_PUTS_R or not missing_from(rscript)
    ):
        return []
    names = [f"r-cran-{name.lower()}" for name in packages() if name not in NOT_IN_DEBIAN]
    wanted = ["r-base-core", *names]
    there = aptget.installed(wanted)
    return [name for name in wanted if name not in there]


def set_up(wanted: list[str], root: list[str] | None) -> None:
    """Make R ready with these Debian packages, and see what is missing then."""
    if wanted and root is not None:
        with step(f"R and its packages from apt ({len(wanted)} missing)"):
            complete = aptget.install(wanted, root)
        if not complete:
            left = [name for name in wanted if name not in aptget.installed(wanted)]
            say(f"apt could not install {' '.join(left)}:\n{common.last_lines('apt')}")
    if (rscript := shutil.which("Rscript")) is None:
        if not aptget.there():
            say("R is missing; install it from https://www.r-project.org, then call this again.")
    else:
        from_cran(rscript)


def finish() -> None:
    """Note which languages run here, once both are set up."""
    rscript = shutil.which("Rscript")
    python = str(python_step.python_of(python_step.VENV))
    complete = rscript and not missing_from(rscript) and not python_step.libpython(python)
    if complete and reads_numpy(python):
        common.write(common.made("languages"), "both\n")
        common.stamp("r", key_for(rscript))
    else:
        common.write(common.made("languages"), "python\n")
        say("R is not ready, so the Python half goes on alone.")


def ready() -> bool:
    """See within a blink whether R was found complete."""
    rscript = shutil.which("Rscript")
    return bool(rscript) and common.stamped("r", key_for(rscript))


def reads_numpy(python: str) -> bool:
    """Tell whether R reads the NumPy of .venv, and say what to do where it does not."""
    minor = int(python_step.asked(python, "print(sys.version_info[1])")[0])
    old = python_step.old_reticulate() if minor > python_step.BEFORE_NUMPY_2 else ""
    if old:
        say(
            f"R's reticulate {old} does not read NumPy 2, which Python 3.{minor} needs. Install "
            f"Python 3.{python_step.BEFORE_NUMPY_2} and remove .venv, or get a newer reticulate "
            "(in R: install.packages('reticulate')); then call this again."
        )
    return not old


def key_for(rscript: str) -> str:
    """Return the digest of all that this step depends on."""
    standin = sorted(path for path in STANDIN.rglob("*") if path.is_file())
    config = python_step.VENV / "pyvenv.cfg"  # names the Python that R calls
    python = config.read_text(encoding="utf-8") if config.exists() else ""
    parts = [DESCRIPTION, R_SETUP, Path(__file__), *standin, str(ROOT), rscript, python]
    return common.digest(*parts)


def packages() -> list[str]:
    """Return the packages that DESCRIPTION imports or suggests."""
    fields = message_from_string(DESCRIPTION.read_text(encoding="utf-8"))
    entries = f"{fields['Imports']},{fields['Suggests']}".split(",")
    return [entry.split("(")[0].strip() for entry in entries]


def missing_from(rscript: str) -> list[str]:
    """Return the packages that R lacks or has too old, by its own account."""
    asked = subprocess.run(
        [rscript, str(R_SETUP), "missing"], cwd=str(ROOT), stdout=subprocess.PIPE, check=True
    )
    return asked.stdout.decode().split()


def from_cran(rscript: str) -> None:
    """Let R install what it still lacks, with a compiler from apt where it needs one."""
    command = [rscript, str(R_SETUP), "packages"]
    if told_by(command) == NEEDS_COMPILER:
        root = aptget.as_root() if aptget.there() else None
        if root is not None:
            with step("a C++ compiler from apt, for what CRAN has as source only"):
                compiler = aptget.install(["g++"], root)
            if compiler:
                told_by(command)


def told_by(command: list[str]) -> int:
    """Run a part of the set-up that prints for itself, line by line; return its status."""
    with subprocess.Popen(command, cwd=str(ROOT), stdout=subprocess.PIPE) as running:
        for line in running.stdout:
            say(line.decode("utf-8", "replace").strip().replace("set-up: ", "", 1))
    return running.returncode
