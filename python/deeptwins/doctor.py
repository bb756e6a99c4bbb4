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
from dataclasses import dataclass
from email import message_from_string
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from rich.console import Console
from rich.table import Table
from rich.text import Text

from deeptwins import files
from deeptwins.book import BookError
from deeptwins.book.renderer import renderer
from deeptwins.data import cards, originals
from deeptwins.paths import ROOT, results_dir

PATIENCE = 60  # seconds for R to say what it is; a cluster's disks are slow
SET_UP = "python course.py setup" if os.name == "nt" else "make setup"
REPAIR = f"rm -r .make; {SET_UP}"  # in PowerShell too
R_SET_UP = "Rscript r/setup.R"
NEW_R = "install R from https://cloud.r-project.org"
FROM_CRAN = "install.packages('reticulate', '.rlib', 'https://cloud.r-project.org')"
NEW_RETICULATE = f"Rscript -e \"dir.create('.rlib'); {FROM_CRAN}\""
UTF8 = "export LC_ALL=" + ("en_US.UTF-8" if sys.platform == "darwin" else "C.UTF-8")
FOR_NUMPY_2 = SpecifierSet(">=1.40")  # of reticulate
FIND_KERAS = "import importlib.util as u, sys; sys.exit(u.find_spec('keras') is None)"
Bounds, Versions = dict[str, SpecifierSet], dict[str, str]


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
    fits = bound.contains(version, prereleases=True)
    remedy = "" if fits else f"install a Python that is {in_words(bound)}, then: {SET_UP}"
    return Check("Python", f"{version} ({sys.executable})", in_words(bound), remedy, True)


def check_packages() -> list[Check]:
    """Check the Python packages that the twins need."""
    needed: Bounds = {}
    for one in map(Requirement, metadata.requires("deeptwins") or []):
        if one.marker is None or one.marker.evaluate({"extra": ""}):
            needed[one.name] = one.specifier
    versions = installed(needed)
    named = ("TensorFlow", "Keras", "NumPy")
    rows = {name: {name.lower(): needed.pop(name.lower())} for name in named}
    rows["Python packages"] = needed
    return [compare(name, bounds, versions, REPAIR, True) for name, bounds in rows.items()]


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
        version = versions.get(package, "missing")
        number = version.replace("-", ".")  # R's 0.1-7 is 0.1.7
        if version == "missing" or not bound.contains(number, prereleases=True):
            wrong.append(f"{package} {version}")
    found, bounds = ", ".join(wrong) or f"all {len(needed)}", f"{len(needed)} packages"
    if len(needed) == 1:
        found, bounds = versions.get(package, "missing"), in_words(bound)
    return Check(name, found, bounds, remedy if wrong else "", required)


def in_words(bound: SpecifierSet) -> str:
    """Return a bound with its lower end first: >=2.19, <2.22."""
    return ", ".join(sorted(map(str, bound), reverse=True)) or "any"


# ---- R ----


def ask_r() -> dict[str, str]:
    """Return what R says of itself and its packages, or what is wrong under "problem"."""
    if not (rscript := shutil.which("Rscript")):
        return {"problem": "not found"}
    try:
        said = subprocess.run(
            [rscript, str(ROOT / "r" / "doctor.R"), *description_bounds()],
            cwd=ROOT,
            # The other packages that R attaches by itself double the time of its start.
            env=os.environ | {"R_DEFAULT_PACKAGES": "utils"},
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=PATIENCE,
            check=True,
        ).stdout
    except subprocess.TimeoutExpired:
        return {"problem": f"did not answer within {PATIENCE} s"}
    except subprocess.CalledProcessError as error:
        return {"problem": (error.stderr.strip().splitlines() or ["ended with an error"])[-1]}
    except OSError as error:
        return {"problem": f"does not start: {error.strerror}"}
    return dict(line.split("\t", 1) for line in said.splitlines() if "\t" in line)


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
    if "R" not in r:
        apt = f"sudo apt-get install r-base-core && {SET_UP}"
        return [Check("R", r["problem"], in_words(own), apt if shutil.which("apt-get") else NEW_R)]
    there = "reticulate" in r
    if not installed(["numpy"]).get("numpy", "1.").startswith("1."):
        reticulate &= FOR_NUMPY_2
    remedy = NEW_RETICULATE if there else R_SET_UP
    keras = r.get("keras3", "")
    stand_in = f"the course's stand-in ({R_SET_UP} gets keras3 from CRAN)"
    found = stand_in if keras.startswith("0.0.") else f"keras3 {keras}" if keras else "missing"
    utf8 = r["utf8"] == "TRUE"
    return [
        compare("R", {"R": own}, r, NEW_R),
        compare("reticulate", {"reticulate": reticulate}, r, remedy, required=there),
        *([check_rs_python(r["python"])] if there else []),
        Check("Keras for R", found, "keras3, or the stand-in", "" if keras else R_SET_UP),
        compare("R packages", bounds, r, R_SET_UP),
        Check("Locale", "UTF-8" if utf8 else "R: not UTF-8", "UTF-8", "" if utf8 else UTF8),
    ]


def check_rs_python(python: str) -> Check:
    """Check which Python R starts: no twin runs in R where that one lacks Keras."""
    remedy, required, path = "", False, Path(python).expanduser()
    if path.parent.resolve() != Path(sys.executable).parent.resolve():
        # .Rprofile chooses the course's Python, unless it is not read or there is none to choose.
        remedy = f"R would start {python or 'no Python'}, not {sys.executable}: "
        remedy += f"unset RETICULATE_PYTHON R_PROFILE_USER; {SET_UP}"
        starts = shutil.which(str(path))
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
        found, remedy = f"{(one := renderer()).name} {one.version}", ""
    except BookError as error:
        found, remedy = "nothing renders it", str(error)
    return Check("Book", found, "Quarto, or smalldocs (a preview)", remedy)


def check_data() -> Check:
    """Check that the data sets of the course are as they were published."""
    rows = originals.verify(cards.names())
    problems = [row["found"] for row in rows if not row["ok"]]
    found = f"{len(problems)} damaged" if problems else "whole"
    return Check("Course data", found, "as on their cards", " ".join(problems), required=True)


def check_results() -> Check:
    """Check that a run can leave its results."""
    trouble = files.trouble(results_dir())
    return Check("Results", str(results_dir()), "a folder to write in", trouble, required=True)


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
    table = Table("", "", "found", "needed", box=None, pad_edge=False, header_style="bold")
    for column in table.columns:
        column.overflow = "fold"
    for one in checks:
        mark = "[green]✓[/]" if one.ok else "[red]✗[/]" if one.required else "[yellow]![/]"
        table.add_row(mark, one.name, Text(one.found), Text(one.needed))
    console.print(table)
    for one in checks:
        if one.remedy:
            console.print(Text(f"{one.name}: {one.remedy}"), soft_wrap=True)
