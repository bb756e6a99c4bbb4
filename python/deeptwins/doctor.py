"""Look at everything the course needs, and say how to mend what is missing or does not fit.

Nothing here imports TensorFlow: versions come from the packages' metadata, and
R is asked once.
"""

import contextlib
import os
import platform
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from email import message_from_string
from importlib import metadata
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from rich.console import Console
from rich.markup import escape

from deeptwins import files
from deeptwins.book.renderer import SiteError, renderer
from deeptwins.data import cards
from deeptwins.paths import ROOT, results_dir
from deeptwins.runs.runner import driver

PATIENCE = 60  # seconds for R to say what it is; a cluster's disks are slow
SET_UP = "python course.py setup" if os.name == "nt" else "make setup"
REPAIR = f"rm -r .make; {SET_UP}"  # in PowerShell too
R_SET_UP = "Rscript r/setup.R"
FROM_CRAN = "install.packages('reticulate', '.rlib', 'https://cloud.r-project.org')"
NEW_RETICULATE = f"Rscript -e \"dir.create('.rlib'); {FROM_CRAN}\""
UTF8 = "export LC_ALL=" + ("en_US.UTF-8" if sys.platform == "darwin" else "C.UTF-8")
FOR_NUMPY_2 = SpecifierSet(">=1.40")  # of reticulate
NAMED = ("TensorFlow", "Keras", "NumPy")
Bounds, Versions = dict[str, SpecifierSet], dict[str, str]

# One line per fact: what it is, a tab, its value. It works in an R without any package.
# What RETICULATE_PYTHON names after .Rprofile is what reticulate uses; discovery takes seconds.
ASK_R = r"""
show <- function(name, value) cat(name, "\t", as.character(value), "\n", sep = "")
show("R", getRversion())
show("utf8", l10n_info()$`UTF-8`)
for (name in commandArgs(TRUE)) {
  if (nzchar(system.file(package = name))) show(name, packageVersion(name))
}
python <- Sys.getenv("RETICULATE_PYTHON")
if (!nzchar(python)) {
  python <- tryCatch(reticulate::py_discover_config()$python, error = function(e) "")
}
show("python", c(python, "")[[1]])
"""
FIND_KERAS = "import importlib.util as u, sys; sys.exit(u.find_spec('keras') is None)"


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

    def as_dict(self) -> dict[str, Any]:
        """Return the check as plain data for JSON."""
        return {**asdict(self), "ok": self.ok}


def examine() -> list[Check]:
    """Return one check for each thing the course needs, on this machine."""
    with ThreadPoolExecutor() as pool:
        r, book = pool.submit(ask_r), pool.submit(check_book)
        here = [check_python(), *check_packages()]
        below = [check_data(), check_results(), check_processor()]
        return [*here, *check_r(r.result()), book.result(), *below]


# ---- Python ----


def check_python() -> Check:
    """Check the version of this Python."""
    version = platform.python_version()
    bound = SpecifierSet(metadata.metadata("deeptwins")["Requires-Python"])
    wrong = not bound.contains(version, prereleases=True)
    remedy = f"install a Python that is {in_words(bound)}, then: {SET_UP}" if wrong else ""
    return Check("Python", f"{version} ({sys.executable})", in_words(bound), remedy, True)


def check_packages() -> list[Check]:
    """Check the Python packages that the twins need."""
    every = requirements()
    rows = {name: {name.lower(): every.pop(name.lower())} for name in NAMED}
    rows |= {"Python packages": every}
    return [
        compare(name, needed, installed(needed), REPAIR, required=True)
        for name, needed in rows.items()
    ]


def requirements() -> Bounds:
    """Return the packages that this project needs here."""
    found = {}
    for one in map(Requirement, metadata.requires("deeptwins") or []):
        if one.marker is None or one.marker.evaluate({"extra": ""}):
            found[one.name] = one.specifier
    return found


def installed(packages: Iterable[str]) -> Versions:
    """Return the versions of those of these Python packages that are installed."""
    found = {}
    for package in packages:
        with contextlib.suppress(metadata.PackageNotFoundError):
            found[package] = metadata.version(package)
    return found


def compare(
    name: str, needed: Bounds, versions: Versions, remedy: str, required: bool = False
) -> Check:
    """Return the row of some packages, which names those that are missing or do not fit."""
    wrong = []
    for package, bound in needed.items():
        version = versions.get(package, "").replace("-", ".")  # R's 0.1-7 is 0.1.7
        if not version or not bound.contains(version, prereleases=True):
            wrong.append(f"{package} {versions.get(package, 'missing')}")
    found, bounds = ", ".join(wrong) or f"all {len(needed)}", f"{len(needed)} packages"
    if len(needed) == 1:
        (package, bound), *_ = needed.items()
        found, bounds = versions.get(package, "missing"), in_words(bound)
    return Check(name, found, bounds, remedy if wrong else "", required)


def in_words(bound: SpecifierSet) -> str:
    """Return a bound with its lower end first: >=2.19, <2.22."""
    return ", ".join(sorted(map(str, bound), reverse=True)) or "any"


# ---- R ----


def ask_r() -> dict[str, str]:
    """Return what R says of itself and its packages, or what is wrong under "problem"."""
    rscript = shutil.which(driver("r")[0])
    if rscript is None:
        return {"problem": "not found"}
    try:
        done = subprocess.run(
            [rscript, "-e", ASK_R, *description_bounds()],
            cwd=ROOT,
            # The other packages that R attaches by itself double the time of its start.
            env=os.environ | {"R_DEFAULT_PACKAGES": "utils"},
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=PATIENCE,
        )
    except subprocess.TimeoutExpired:
        return {"problem": f"did not answer within {PATIENCE} s"}
    except OSError as error:
        return {"problem": f"does not start: {error.strerror}"}
    if done.returncode != 0:
        return {"problem": (done.stderr.strip().splitlines() or ["ended with an error"])[-1]}
    return dict(line.split("\t", 1) for line in done.stdout.splitlines() if "\t" in line)


def description_bounds() -> Bounds:
    """Return the R packages that DESCRIPTION imports, with their bounds; `R` is R itself."""
    fields = message_from_string((ROOT / "DESCRIPTION").read_text(encoding="utf-8"))
    entries = f"{fields['Depends']},{fields['Imports']}".split(",")
    found = (re.fullmatch(r"([\w.]+)\s*(?:\((.*)\))?", entry.strip()) for entry in entries)
    return {one[1]: SpecifierSet((one[2] or "").replace("-", ".")) for one in found if one}


def check_r(r: dict[str, str]) -> list[Check]:
    """Check R, which Python and which Keras it uses, and the packages of DESCRIPTION."""
    bounds = description_bounds()
    own, _, reticulate = map(bounds.pop, ("R", "keras3", "reticulate"))
    newer = "install R from https://cloud.r-project.org"
    if "R" not in r:
        apt = shutil.which("apt-get")
        remedy = f"sudo apt-get install r-base-core && {SET_UP}" if apt else newer
        return [Check("R", r["problem"], in_words(own), remedy)]
    there = "reticulate" in r
    if not installed(["numpy"]).get("numpy", "1.").startswith("1."):
        reticulate &= FOR_NUMPY_2
    remedy = NEW_RETICULATE if there else R_SET_UP
    rows = [
        compare("R", {"R": own}, r, newer),
        compare("reticulate", {"reticulate": reticulate}, r, remedy, required=there),
        *([check_rs_python(r["python"])] if there else []),
    ]
    version = r.get("keras3", "")
    stand_in = f"the course's stand-in ({R_SET_UP} gets keras3 from CRAN)"
    found = f"keras3 {version}" if version else "missing"
    if version.startswith("0.0."):
        found = stand_in
    remedy = "" if version else R_SET_UP
    rows.append(Check("Keras for R", found, "keras3, or the stand-in", remedy))
    rows.append(compare("R packages", bounds, r, R_SET_UP))
    remedy = "" if r["utf8"] == "TRUE" else UTF8
    return [*rows, Check("Locale", "R: not UTF-8" if remedy else "UTF-8", "UTF-8", remedy)]


def check_rs_python(python: str) -> Check:
    """Check which Python R starts: no twin runs in R where that one lacks Keras."""
    remedy, required = "", False
    if Path(python).expanduser().parent.resolve() != Path(sys.executable).parent.resolve():
        # .Rprofile chooses the course's Python, unless it is not read or there is none to choose.
        remedy = f"R would start {python or 'no Python'}, not {sys.executable}: "
        remedy += f"unset RETICULATE_PYTHON R_PROFILE_USER; {SET_UP}"
        starts = shutil.which(str(Path(python).expanduser()))
        required = not starts or subprocess.call([starts, "-c", FIND_KERAS]) != 0
    elif sys.platform == "linux" and not has_libpython():
        remedy = (
            "reticulate loads Python's shared library, which is missing: sudo apt-get install "
            f"libpython3.{sys.version_info.minor}, or make .venv with a Python that has one"
        )
    return Check("Python of R", python or "none", "the course's", remedy, required)


def has_libpython() -> bool:
    """Tell whether this Python's shared library, which reticulate loads, is there."""
    get = sysconfig.get_config_var
    library, name = Path(get("LIBDIR") or ""), get("INSTSONAME") or ""
    folders = (library, library / (get("MULTIARCH") or ""), Path(sys.base_prefix, "lib"))
    return not name.endswith(".a") and any((folder / name).is_file() for folder in folders)


# ---- the book, the data, the machine ----


def check_book() -> Check:
    """Check what renders the book."""
    try:
        found, remedy = renderer(), ""
    except SiteError as error:
        found, remedy = None, str(error)
    named = f"{found.name} {found.version}" if found else "nothing renders it"
    return Check("Book", named, "Quarto, or smalldocs (a preview)", remedy)


def check_data() -> Check:
    """Check that the data sets of the course are as they were published."""
    problems = []
    for name in cards.names():
        try:
            cards.verify(name)
        except (OSError, ValueError) as error:
            problems.append(str(error))
    found = f"{len(problems)} damaged" if problems else "whole"
    return Check("Course data", found, "as on their cards", " ".join(problems), required=True)


def check_results() -> Check:
    """Check that a run can leave its results."""
    problem = files.trouble(results_dir())
    remedy = problem and f"{problem}: export DEEPTWINS_RESULTS=/some/folder"
    return Check("Results", str(results_dir()), "a folder to write in", remedy, required=True)


def check_processor() -> Check:
    """Check for AVX, without which TensorFlow's builds for x86 end without a sentence."""
    told = ""
    with contextlib.suppress(OSError):  # only Linux tells
        told = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    lacks = re.search(r"^flags\s*:(?!.*\bavx\b)", told, re.M)
    remedy = "TensorFlow's builds need AVX: use another machine" if lacks else ""
    return Check("Processor", "no AVX" if lacks else "fits", "AVX, if x86", remedy, required=True)


def show(checks: list[Check], console: Console) -> None:
    """Print the checks as a table, and below it what to do about each that does not hold."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("", "", "found", "needed"):
        table.add_column(heading, overflow="fold")
    for check in checks:
        mark = "[green]✓[/]" if check.ok else "[red]✗[/]" if check.required else "[yellow]![/]"
        table.add_row(mark, check.name, escape(check.found), escape(check.needed))
    console.print(table)
    for check in checks:
        if check.remedy:
            console.print(f"{check.name}: {escape(check.remedy)}", soft_wrap=True, highlight=False)
