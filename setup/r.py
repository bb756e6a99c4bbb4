"""Make R ready: from apt where it manages R, from CRAN where it does not.

    python3 setup/r.py

DESCRIPTION names R's packages, and r/setup.R installs what apt cannot give.
Without R, and without the right to install it, the Python half goes on alone:
.make/languages then says `python` instead of `both`.
"""

from __future__ import annotations

import shutil
import subprocess
from email import message_from_string
from pathlib import Path

import common
from common import ROOT, say, step
from python import VENV, python_of

DESCRIPTION = ROOT / "DESCRIPTION"
R_SETUP = ROOT / "r" / "setup.R"
STANDIN = ROOT / "r" / "standin"
NEEDS_COMPILER = 3  # status of r/setup.R
APT_PUTS_R = (Path("/usr/bin"), Path("/usr/lib/R/bin"))
NOT_IN_DEBIAN = {"keras3"}


def set_up() -> None:
    """Make R ready, or see within a blink that it is, and note which languages run."""
    rscript = shutil.which("Rscript")
    if rscript and common.stamped("r", key_for(rscript)):
        return
    if not rscript or missing_from(rscript):
        names = [f"r-cran-{name.lower()}" for name in packages() if name not in NOT_IN_DEBIAN]
        from_apt("R and its packages", ["r-base-core", *names])
    if library := libpython():
        # Ubuntu 24.04 has it under the second name.
        known = common.apt_known([library, f"{library}t64"]) or {library}
        from_apt("Python's shared library (for reticulate)", sorted(known))
    rscript = shutil.which("Rscript")
    ready = bool(rscript) and with_r(rscript) and not libpython()
    common.write(common.made("languages"), "both\n" if ready else "python\n")
    if ready:
        common.stamp("r", key_for(rscript))
    else:
        say("R is not ready, so the Python half goes on alone.")


def key_for(rscript: str) -> str:
    """Return the digest of all that this step depends on."""
    standin = sorted(path for path in STANDIN.rglob("*") if path.is_file())
    return common.digest(DESCRIPTION, R_SETUP, Path(__file__), *standin, str(ROOT), rscript)


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


def libpython() -> str | None:
    """Return the Debian package of Python's shared library where that library is missing.

    Debian's Python is linked statically and runs without it; reticulate does not.
    """
    asked = (
        "import sys, sysconfig as s; v = s.get_config_var; "
        "print(sys._base_executable, v('LIBDIR'), v('MULTIARCH'), v('INSTSONAME'))"
    )
    found = subprocess.check_output([str(python_of(VENV)), "-c", asked]).decode().split()
    base, folder, architecture, library = found
    if not shutil.which("apt-get") or Path(base).resolve().parent != Path("/usr/bin"):
        return None
    if Path(folder, library).exists() or Path(folder, architecture, library).exists():
        return None
    return library.partition(".so")[0]


def from_apt(what: str, wanted: list[str]) -> None:
    """Install packages from apt, where apt is what manages R here."""
    rscript = shutil.which("Rscript")
    if not shutil.which("apt-get"):
        if not rscript:
            say("R is missing; install it from https://www.r-project.org, then call this again.")
        return
    if rscript and Path(rscript).resolve().parent not in APT_PUTS_R:
        return  # an R of the user's own, to which apt's packages do not belong
    missing = [name for name in wanted if name not in common.apt_installed(wanted)]
    if not missing:
        return
    root = common.as_root()
    if root is None:
        say(f"{what} from apt: that needs root's rights. Have this typed by someone who has them:")
        print(f"  sudo {common.apt_line(missing)}", flush=True)
        return
    with step(f"{what} from apt ({len(missing)} missing)"):
        complete = common.apt_install(missing, root)
    if not complete:
        left = [name for name in missing if name not in common.apt_installed(missing)]
        say(f"apt could not install {' '.join(left)}:\n{common.last_lines('apt')}")


def with_r(rscript: str) -> bool:
    """Let R install what it still lacks; tell whether it has all that the twins need."""
    command = [rscript, str(R_SETUP), "packages"]
    status = subprocess.call(command, cwd=str(ROOT))
    if status == NEEDS_COMPILER:
        root = common.as_root() if shutil.which("apt-get") else None
        if root is not None:
            with step("a C++ compiler from apt, for what CRAN has as source only"):
                compiler = common.apt_install(["g++"], root)
            if compiler:
                status = subprocess.call(command, cwd=str(ROOT))
    return status in (0, NEEDS_COMPILER) and not missing_from(rscript)


if __name__ == "__main__":
    common.main(set_up)
