"""Look at everything the course needs, and say how to mend what is missing or does not fit.

`gather` asks the machine, `judge` decides, so that every misfit can be tested
without being brought about. Nothing here imports TensorFlow: versions come from
the packages' metadata, and R is asked once.
"""

import locale
import os
import platform
import re
import shutil
import socket
import subprocess
import sys
import sysconfig
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from email import message_from_string
from importlib import metadata
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.version import InvalidVersion, Version
from rich.console import Console
from rich.markup import escape

from deeptwins import datasets, files
from deeptwins.paths import ROOT, data_home, results_dir

PATIENCE = 60  # seconds for R and for Quarto to say what they are; a cluster's disks are slow
PROXY_PATIENCE = 5
SET_UP = "make setup"
R_SET_UP = "Rscript r/setup.R"
KERAS3_NEEDS_RETICULATE = "1.42"
# (NumPy from, reticulate from): the first versions that speak to a new ABI, by reticulate's NEWS.
RETICULATE_FOR_NUMPY = (("2.1", "1.39"), ("2", "1.38"))
RPY2_FOR_NEW_R = ("3.6.6", "4.5")  # from this rpy2-rinterface on, R must be this new
# 04_hello_iris in Python and in R, side by side: 0.7 and 0.9 GiB at their peaks.
GIB_NEEDED = 2.0

# One line per fact: what it is, a tab, its value. It works in an R without any package.
ASK_R = r"""
show <- function(name, value) cat(name, "\t", as.character(value), "\n", sep = "")
show("version", getRversion())
show("utf8", l10n_info()$`UTF-8`)
show("python", Sys.getenv("RETICULATE_PYTHON"))
for (name in commandArgs(TRUE)) {
  if (nzchar(system.file(package = name))) {
    show(paste0("package ", name), packageVersion(name))
  }
}
"""


@dataclass(frozen=True)
class Check:
    """One row of the table; without a `required` one that fails the course still runs in part."""

    name: str
    found: str
    needed: str
    ok: bool
    required: bool
    remedy: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Return the check as plain data for JSON."""
        return asdict(self)


@dataclass(frozen=True)
class R:
    """What R says of itself."""

    version: str
    packages: dict[str, str]
    utf8: bool
    python: str  # RETICULATE_PYTHON as R sees it, after .Rprofile


@dataclass(frozen=True)
class Facts:
    """What the machine is like; a package or program that is missing is None."""

    python: str
    executable: str
    packages: dict[str, str | None]
    bounds: dict[str, SpecifierSet]
    r: R | None
    r_problem: str
    r_bounds: dict[str, SpecifierSet]
    libpython: bool
    quarto: str | None
    data_home: str | None  # None: there is no home folder
    data_home_writable: bool
    results: str
    results_problem: str
    shipped: list[str]  # what is wrong in shared_data
    proxies: dict[str, bool]  # by address, whether they answer
    encoding: str
    cores: int
    avx: bool | None
    memory_gib: float | None


def examine() -> list[Check]:
    """Return one check for each thing the course needs, on this machine."""
    return judge(gather())


# ---- ask the machine ----


def gather() -> Facts:
    """Ask the machine; R and Quarto at the same time, each for at most PATIENCE seconds."""
    bounds = python_bounds()
    r_bounds = description_bounds()
    with ThreadPoolExecutor() as pool:
        asked_r = pool.submit(ask_r, list(r_bounds))
        asked_quarto = pool.submit(ask_quarto)
        asked_proxies = {one: pool.submit(proxy_answers, one) for one in proxies()}
    r, r_problem = asked_r.result()
    try:
        home = data_home()
    except FileNotFoundError:
        home = None
    return Facts(
        python=".".join(map(str, sys.version_info[:3])),
        executable=sys.executable,
        packages={name: installed(name) for name in bounds},
        bounds=bounds,
        r=r,
        r_problem=r_problem,
        r_bounds=r_bounds,
        libpython=has_libpython(),
        quarto=asked_quarto.result(),
        data_home=home and str(home),
        data_home_writable=bool(home and writable(home)),
        results=str(results_dir()),
        results_problem=files.trouble(results_dir()),
        shipped=shipped(),
        proxies={one: asked.result() for one, asked in asked_proxies.items()},
        encoding=locale.getpreferredencoding(False),
        cores=len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        avx=has_avx(),
        memory_gib=memory_gib(),
    )


def python_bounds() -> dict[str, SpecifierSet]:
    """Return the packages of pyproject.toml that apply to this Python, with their bounds."""
    extras = [{"extra": name} for name in ("", "maps", "cluster", "preview", "exports", "test")]
    requirements = [Requirement(line) for line in metadata.requires("deeptwins") or []]
    return {
        one.name: one.specifier
        for one in requirements
        if one.marker is None or any(one.marker.evaluate(extra) for extra in extras)
    }


def description_bounds() -> dict[str, SpecifierSet]:
    """Return the R packages that DESCRIPTION imports, with their bounds; `R` is R itself."""
    fields = message_from_string((ROOT / "DESCRIPTION").read_text(encoding="utf-8"))
    entries = f"{fields['Depends']},{fields['Imports']}".split(",")
    found = (re.fullmatch(r"([\w.]+)\s*(?:\((.*)\))?", entry.strip()) for entry in entries)
    return {one[1]: SpecifierSet((one[2] or "").replace("-", ".")) for one in found if one}


def installed(name: str) -> str | None:
    """Return the version of a Python package, or None."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def ask_r(packages: list[str]) -> tuple[R | None, str]:
    """Return what R says of itself, or None and what went wrong."""
    rscript = shutil.which("Rscript")
    if rscript is None:
        return None, "not found"
    try:
        done = subprocess.run(
            [rscript, "-e", ASK_R, *packages],
            cwd=ROOT,
            # The other packages that R attaches by itself double the time of its start.
            env=os.environ | {"R_DEFAULT_PACKAGES": "utils"},
            capture_output=True,
            text=True,
            encoding="utf-8",
            errors="replace",
            timeout=PATIENCE,
        )
    except subprocess.TimeoutExpired:
        return None, f"did not answer within {PATIENCE} s"
    except OSError as error:
        return None, f"does not start: {error.strerror}"
    if done.returncode != 0:
        return None, (done.stderr.strip().splitlines() or ["ended with an error"])[-1]
    facts = dict(line.split("\t", 1) for line in done.stdout.splitlines() if "\t" in line)
    return R(
        version=facts["version"],
        packages={
            name.removeprefix("package "): version
            for name, version in facts.items()
            if name.startswith("package ")
        },
        utf8=facts["utf8"] == "TRUE",
        python=facts["python"],
    ), ""


def ask_quarto() -> str | None:
    """Return the version of Quarto on the PATH or beside this Python, or None."""
    beside = str(Path(sys.executable).parent)
    quarto = shutil.which("quarto") or shutil.which("quarto", path=beside)
    if quarto is None:
        return None
    try:
        done = subprocess.run(
            [quarto, "--version"], capture_output=True, text=True, timeout=PATIENCE
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() or None if done.returncode == 0 else None


def has_libpython() -> bool:
    """Tell whether this Python's shared library, which reticulate loads, is there."""
    if sys.platform != "linux":
        return True
    folder, architecture, name = (
        sysconfig.get_config_var(key) or "" for key in ("LIBDIR", "MULTIARCH", "INSTSONAME")
    )
    return not name.endswith(".a") and any(
        Path(folder, part, name).exists() for part in ("", architecture)
    )


def writable(folder: Path) -> bool:
    """Tell whether files can be written in a folder that may still have to be made."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return os.access(folder, os.W_OK)


def shipped() -> list[str]:
    """Return what is wrong in the data sets that ship with the course, each in a sentence."""
    problems = []
    for name in sorted(path.name for path in datasets.SHARED.iterdir() if path.is_dir()):
        if name in ("expected", "make"):
            continue
        try:
            datasets.mini(name)
        except (OSError, ValueError) as error:
            problems.append(str(error))
    return problems


def proxies() -> list[str]:
    """Return the proxies that this machine is told to use, without names and passwords."""
    found = urllib.request.getproxies()
    named = (found.get(scheme) for scheme in ("http", "https"))
    whole = (one if "//" in one else f"http://{one}" for one in named if one)
    parts = (one.partition("://") for one in whole)
    return list(
        dict.fromkeys(
            f"{scheme}://{rest.split('/')[0].rpartition('@')[2]}" for scheme, _, rest in parts
        )
    )


def proxy_answers(address: str) -> bool:
    """Tell whether a proxy says anything at all in time.

    It is asked for a page that cannot exist, so that the answer is its own.
    """
    try:
        parts = urlsplit(address)
        where = parts.hostname or "", parts.port or 80
        with socket.create_connection(where, timeout=PROXY_PATIENCE) as connection:
            connection.sendall(
                b"GET http://deeptwins.invalid/ HTTP/1.1\r\n"
                b"Host: deeptwins.invalid\r\nConnection: close\r\n\r\n"
            )
            return bool(connection.recv(1))
    except (OSError, ValueError):  # or what is given is no address
        return False


def has_avx() -> bool | None:
    """Tell whether the processor has AVX, which TensorFlow's builds for x86 use; None: unknown."""
    try:
        flags = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    return re.search(r"^flags\s*:.*\bavx\b", flags, re.M) is not None


def memory_gib() -> float | None:
    """Return the size of the memory in GiB; None where this system does not tell."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    except (AttributeError, ValueError, OSError):
        return None


# ---- decide ----


def judge(facts: Facts) -> list[Check]:
    """Return the checks that follow from the facts."""
    return [
        *check_python(facts),
        *check_r(facts),
        check_rpy2(facts),
        check_book(facts),
        check_shipped(facts),
        check_results(facts),
        check_data_home(facts),
        *check_proxies(facts),
        check_locale(facts),
        *check_machine(facts),
    ]


def at_least(version: str, bound: str) -> bool:
    """Compare versions of Python or R packages; R's 0.1-7 counts as 0.1.7."""
    try:
        return Version(version.replace("-", ".")) >= Version(bound)
    except InvalidVersion:
        return True


def check_python(facts: Facts) -> list[Check]:
    """Check Python and the packages that every twin needs."""
    fits = (3, 10) <= Version(facts.python).release[:2] <= (3, 12)
    rows = [
        Check(
            "Python",
            f"{facts.python} ({facts.executable})",
            "3.10 to 3.12",
            fits,
            required=True,
            remedy="" if fits else "Install Python 3.12, then: rm -r .venv && make setup",
        )
    ]
    for shown, name, required in (
        ("TensorFlow", "tensorflow", True),
        ("Keras", "keras", True),
        ("NumPy", "numpy", True),
        ("UMAP (exercise 12)", "umap-learn", False),
        ("Dask (exercise 14)", "distributed", False),
    ):
        version = facts.packages.get(name)
        bound = facts.bounds[name]
        fits = version is not None and bound.contains(version, prereleases=True)
        remedy = "" if fits else f"rm -rf .make && {SET_UP}"
        if name == "numpy" and version and facts.r and "reticulate" in facts.r.packages:
            reticulate = facts.r.packages["reticulate"]
            for numpy_from, needed in RETICULATE_FOR_NUMPY:
                if at_least(version, numpy_from) and not at_least(reticulate, needed):
                    fits = False
                    remedy = (
                        f"reticulate {reticulate} does not speak to NumPy {version}, "
                        f"{needed} does: {facts.executable} -m pip install 'numpy{bound}'"
                    )
                    break
        rows.append(Check(shown, version or "missing", in_words(bound), fits, required, remedy))
    return rows


def check_r(facts: Facts) -> list[Check]:
    """Check R, reticulate, Keras for R and the other packages of DESCRIPTION."""
    bounds = facts.r_bounds
    if facts.r is None:
        return [
            Check(
                "R",
                facts.r_problem,
                str(bounds["R"]),
                False,
                required=False,
                remedy=f"sudo apt-get install r-base-core && {SET_UP}",
            )
        ]
    r = facts.r
    fits = at_least(r.version, lowest(bounds["R"]))
    upgrade = "" if fits else "Install a newer R from https://cloud.r-project.org"
    rows = [Check("R", r.version, str(bounds["R"]), fits, False, upgrade)]
    rows.append(check_reticulate(facts, r))
    rows.append(check_keras_for_r(r))
    others = [name for name in bounds if name not in ("R", "reticulate", "keras3")]
    wrong = [
        f"{name} {r.packages.get(name, 'missing')}"
        for name in others
        if not at_least(r.packages.get(name, "0"), lowest(bounds[name]))
    ]
    rows.append(
        Check(
            "R packages",
            ", ".join(wrong) or f"all {len(others)}",
            "those in DESCRIPTION",
            not wrong,
            required=False,
            remedy=R_SET_UP if wrong else "",
        )
    )
    return rows


def in_words(bound: SpecifierSet) -> str:
    """Return a bound with its lower end first: >=2.19, <2.22."""
    return ", ".join(sorted(map(str, bound), reverse=True))


def lowest(bound: SpecifierSet) -> str:
    """Return the version in a bound such as >=1.24, or 0 where there is none."""
    return next((one.version for one in bound), "0")


def check_reticulate(facts: Facts, r: R) -> Check:
    """Check the bridge between R and Python: its version, and which Python it would start."""
    version = r.packages.get("reticulate")
    needed = KERAS3_NEEDS_RETICULATE if "keras3" in r.packages else None
    bound = f">={needed} (for keras3)" if needed else str(facts.r_bounds["reticulate"])
    remedy = ""
    if version is None or not at_least(version, lowest(facts.r_bounds["reticulate"])):
        remedy = R_SET_UP
    elif needed and not at_least(version, needed):
        remedy = 'Rscript -e \'install.packages("reticulate", lib = ".rlib")\''
    elif r.python and not same_python(r.python, facts.executable):
        remedy = (
            f"R would start {r.python}, not the course's Python: "
            "unset RETICULATE_PYTHON, here and in ~/.Renviron"
        )
    elif not facts.libpython:
        name = f"libpython{'.'.join(facts.python.split('.')[:2])}"
        remedy = (
            f"reticulate loads Python's shared library, which is missing: "
            f"sudo apt-get install {name}, or make .venv with a Python that has one"
        )
    return Check("reticulate", version or "missing", bound, not remedy, False, remedy)


def same_python(one: str, other: str) -> bool:
    """Tell whether two paths are interpreters of the same environment."""
    return Path(one).expanduser().parent.resolve() == Path(other).parent.resolve()


def check_keras_for_r(r: R) -> Check:
    """Say which Keras R attaches; the bridge is as good for the course, so neither is a fault."""
    if version := r.packages.get("keras3"):
        return Check("Keras for R", f"keras3 {version}", "keras3 or bridge", True, False)
    return Check(
        "Keras for R",
        "bridge (r/keras_bridge.R)",
        "keras3 or bridge",
        True,
        required=False,
        remedy=f"for keras3, with CRAN in reach: {R_SET_UP}",
    )


def check_rpy2(facts: Facts) -> Check:
    """Check what runs R's tests inside pytest."""
    names = ("rpy2-rinterface", "rpy2-robjects")
    versions = [facts.packages.get(name) for name in names]
    rinterface = versions[0]
    from_version, needs_r = RPY2_FOR_NEW_R
    remedy = ""
    if None in versions:
        remedy = f"rm -rf .make && {SET_UP}"
    elif facts.r and at_least(rinterface, from_version) and not at_least(facts.r.version, needs_r):
        pins = " ".join(f"'{name}{facts.bounds[name]}'" for name in names)
        remedy = (
            f"rpy2-rinterface {rinterface} needs R {needs_r}: "
            f"{facts.executable} -m pip install --no-deps {pins}"
        )
    needed = ", ".join(str(facts.bounds[name]) for name in names)
    found = ", ".join(version or "missing" for version in versions)
    return Check("rpy2", found, needed, not remedy, False, remedy)


def check_book(facts: Facts) -> Check:
    """Check what renders the book."""
    if facts.quarto:
        return Check("Book", f"Quarto {facts.quarto}", "Quarto or preview", True, False)
    smalldocs = facts.packages.get("smalldocs")
    return Check(
        "Book",
        f"preview (smalldocs {smalldocs})" if smalldocs else "neither Quarto nor the preview",
        "Quarto or preview",
        smalldocs is not None,
        required=False,
        remedy="for the real site: Quarto from https://quarto.org",
    )


def check_shipped(facts: Facts) -> Check:
    """Check that the data sets of the course are as they were published."""
    return Check(
        "Course data",
        f"{len(facts.shipped)} damaged" if facts.shipped else "as on their cards",
        "as on their cards",
        not facts.shipped,
        required=True,
        remedy=" ".join(facts.shipped),
    )


def check_results(facts: Facts) -> Check:
    """Check that a run can leave its results."""
    problem = facts.results_problem
    return Check(
        "Results",
        facts.results,
        f"writable, {files.ROOM >> 20} MB free",
        not problem,
        required=True,
        remedy=f"{problem}: export DEEPTWINS_RESULTS=/some/folder" if problem else "",
    )


def check_proxies(facts: Facts) -> list[Check]:
    """Check that a proxy answers, if there is one: one that does not holds up every download."""
    return [
        Check(
            "Proxy",
            address,
            f"an answer within {PROXY_PATIENCE} s",
            answers,
            required=False,
            remedy=""
            if answers
            else "it keeps silent or is not there: ask for its address, or "
            "unset http_proxy https_proxy HTTP_PROXY HTTPS_PROXY",
        )
        for address, answers in facts.proxies.items()
    ]


def check_data_home(facts: Facts) -> Check:
    """Check the folder of the full data sets; a class may share one that it only reads."""
    if facts.data_home is None:
        return Check(
            "Data home",
            "no home folder (HOME is not set)",
            "a folder, for full data",
            False,
            required=False,
            remedy="export DEEPTWINS_DATA=/some/folder KERAS_HOME=/some/folder/keras",
        )
    return Check(
        "Data home",
        facts.data_home,
        "writable, to fetch full data",
        facts.data_home_writable,
        required=False,
        remedy=""
        if facts.data_home_writable
        else "to fetch data of your own: export DEEPTWINS_DATA=~/deeptwins_data",
    )


def check_locale(facts: Facts) -> Check:
    """Check that letters beyond ASCII survive in both languages."""
    wrong = [] if re.fullmatch(r"utf-?8", facts.encoding, re.I) else [f"Python: {facts.encoding}"]
    if facts.r and not facts.r.utf8:
        wrong.append("R: not UTF-8")
    return Check(
        "Locale",
        ", ".join(wrong) or "UTF-8",
        "UTF-8",
        not wrong,
        required=False,
        remedy="export LC_ALL=C.UTF-8" if wrong else "",
    )


def check_machine(facts: Facts) -> list[Check]:
    """Check the processor and the memory."""
    x86 = platform.machine().lower() in ("x86_64", "amd64")
    no_avx = x86 and facts.avx is False
    enough = facts.memory_gib is None or facts.memory_gib >= GIB_NEEDED
    known = "unknown" if facts.memory_gib is None else f"{facts.memory_gib:.1f} GiB"
    return [
        Check(
            "CPU",
            f"{facts.cores} cores{', no AVX' if no_avx else ''}",
            "AVX" if x86 else "any",
            not no_avx,
            required=True,
            remedy="TensorFlow's builds need AVX: use another machine" if no_avx else "",
        ),
        Check(
            "Memory",
            known,
            f"{GIB_NEEDED:g} GiB",
            enough,
            required=False,
            remedy="" if enough else "run one language at a time: deeptwins run --lang python",
        ),
    ]


# ---- show ----


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
