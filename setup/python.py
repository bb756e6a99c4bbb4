"""Make .venv with the Python packages of requirements.lock, and nothing twice."""

from __future__ import annotations

import os
import re
import shutil
import sys
from pathlib import Path

import aptget
import common
from common import LOCK, ROOT, SetupError, output, say, step

_project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
_bounds = re.search(r'^requires-python = ">=3\.(\d+),<3\.(\d+)"', _project, re.M)
OLDEST, NEWEST = int(_bounds[1]), int(_bounds[2]) - 1  # minor versions of Python 3
BEFORE_NUMPY_2 = 12  # the newest Python that goes with NumPy 1, see pyproject.toml
READS_NUMPY_2 = (1, 40)  # the oldest reticulate that does
PARTS = ("run", "book", "test")  # of the lock; each takes those before it along
UV = "uv==0.13.9"  # installs in a quarter of the time that pip takes
MANAGED = "https://github.com/astral-sh/python-build-standalone/releases"
INDEX = "https://pypi.org/simple"
VENV = ROOT / ".venv"
PYTHON = str(VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python"))
VENV_PACKAGE = "{}-venv"  # Debian's, for python3.11 say; no virtual environment without it
LIBRARY = "lib{}"  # Debian's Python is linked statically and runs without it; reticulate does not
FOR_UV = (  # settings of pip, and their names for uv, which does not read pip's
    ("index-url", "UV_INDEX_URL"),
    ("find-links", "UV_FIND_LINKS"),
    ("cert", "SSL_CERT_FILE"),
    ("trusted-host", "UV_INSECURE_HOST"),
    ("proxy", "HTTP_PROXY"),
    ("proxy", "HTTPS_PROXY"),
)


def base() -> str | None:
    """Return the Python to make .venv with, or None where .venv is there and fits."""
    # In a .venv that was made in another folder the programs would call the Python there.
    moved = common.made("venv.stamp").is_file() and not common.stamped("venv", str(ROOT))
    return None if not moved and works("import pip") else choose()


def set_up(part: str, python: str | None) -> None:
    """Make .venv from `python` if that is given, and install the part that is asked for."""
    if python is not None:
        make_venv(python)
    elif common.stamped(f"python-{part}", key_for(part)) and works("import deeptwins"):
        return
    settings = pip_settings()
    url = settings.get("index-url", INDEX)
    asked = "no-index" not in settings and not url.startswith("file:")
    if asked and not common.answers(url, common.PATIENCE):
        raise SetupError(
            f"nobody answered within {common.PATIENCE} s where pip gets its packages. Check the "
            "network, or name a mirror (PIP_INDEX_URL) or wheels (PIP_FIND_LINKS, PIP_NO_INDEX=1)."
        )
    install(part)
    common.stamp("venv", str(ROOT))
    for one in PARTS[: PARTS.index(part) + 1]:
        common.stamp(f"python-{one}", key_for(one))


def key_for(part: str) -> str:
    """Return the digest of all that this step depends on."""
    return common.digest(locked(part), ROOT / "pyproject.toml", Path(__file__), str(ROOT))


def locked(part: str) -> str:
    """Return the lock up to and with this part."""
    heads = re.split(r"^(?=# ---- )", LOCK.read_text(encoding="utf-8"), flags=re.M)
    return "".join(heads[: PARTS.index(part) + 2])


def works(statement: str) -> bool:
    """Tell whether .venv has a Python of the right version that can do this."""
    return fits(output(PYTHON, "-c", f"{statement}; import sys; print(sys.version)"))


def fits(version: str, newest: int = NEWEST) -> bool:
    """Tell whether this version of Python is one that pyproject.toml allows."""
    numbers = [int(one) for one in re.findall(r"\d+", version)[:2]]
    return [3, OLDEST] <= numbers <= [3, newest]


def choose() -> str:
    """Return a Python that fits: the one that runs this, one on the PATH, or one that uv fetches.

    It is not that of a virtual environment but the one behind it, since .venv may be made again.
    Where R's reticulate reads NumPy 1 only, a Python that has it goes first.
    """
    here = getattr(sys, "_base_executable", None) or sys.executable
    newest = BEFORE_NUMPY_2 if old_reticulate() else NEWEST
    if fits(sys.version, newest):
        return here
    for minor in range(newest, OLDEST - 1, -1):
        command = ["py", f"-3.{minor}"] if os.name == "nt" else [f"python3.{minor}"]
        # A shim may be on the PATH without the version that it stands for.
        if found := output(*command, "-c", "import sys; print(sys.executable)"):
            return found
    if found := managed(f"3.{newest}"):
        return found
    if fits(sys.version):
        return here  # setup/r.py says what R lacks
    raise SetupError(
        f"TensorFlow needs a Python from 3.{OLDEST} to 3.{NEWEST}; this one is "
        f"{sys.version.split()[0]}, there is no other on the PATH, and uv could not fetch one "
        f"(.make/python.log). Install Python 3.{NEWEST} beside it, from your system's packages or "
        "https://www.python.org; the next call finds it."
    )


def old_reticulate() -> str:
    """Return the version of R's reticulate where it does not read NumPy 2, else ''."""
    version = output("Rscript", "-e", "cat(format(packageVersion('reticulate')))")
    numbers = tuple(int(one) for one in re.findall(r"\d+", version))
    return version if () < numbers < READS_NUMPY_2 else ""


def managed(version: str) -> str | None:
    """Return a Python that uv fetches for this user, None where that cannot be had soon."""
    mirror = os.environ.get("UV_PYTHON_INSTALL_MIRROR")
    if not mirror and not common.answers(MANAGED, common.PATIENCE / 2):
        return None
    if package := lacks(sys.executable, VENV_PACKAGE):
        aptget.get(package, package[0])
    make_venv(sys.executable)  # for uv alone
    uv = [PYTHON, "-m", "uv", "python"]
    with step(f"Python {version}, which uv fetches"):
        commands = [PYTHON, "-m", "pip", "install", UV], [*uv, "install", version]
        fetched = all(common.run(one, "python") for one in commands)
    return output(*uv, "find", "--managed-python", "--no-project", version) if fetched else None


def lacks(python: str, package: str) -> list[str]:
    """Return VENV_PACKAGE or LIBRARY of Debian's own Python, where that is it and lacks it."""
    path = Path(python).resolve()
    name = package.format(path.name)
    debians = aptget.there() and path.parent == Path("/usr/bin")
    if not debians or aptget.installed([name, f"{name}t64"]):
        return []
    return [f"{name}t64" if name == "libpython3.12" else name]  # so is its name in Ubuntu 24.04


def make_venv(python: str) -> None:
    """Make .venv anew, with nothing but pip."""
    shutil.rmtree(VENV, ignore_errors=True)
    with step(f".venv with {python}"):
        if not common.run([python, "-m", "venv", str(VENV)], "python"):
            raise SetupError(f"no virtual environment:\n{common.last_lines('python')}")


def pip_settings() -> dict[str, str]:
    """Return pip's settings, from its files and its environment, and give them to uv too."""
    lines = output(PYTHON, "-m", "pip", "config", "list").splitlines()
    lines.sort(key=lambda line: line.startswith(":env:"))  # which count most, as `install` does
    found = (re.match(r"(?:global|install|:env:)\.([\w-]+)='?(.*?)'?$", line) for line in lines)
    settings = dict(one.groups() for one in found if one)
    for name, for_uv in FOR_UV:
        if name in settings:  # the user's own for uv go first
            blank = "," if name == "find-links" else " "
            os.environ.setdefault(for_uv, blank.join(settings[name].split()))
    return settings


def install(part: str) -> None:
    """Install a part of the lock and this project: with uv, or else with pip."""
    wanted = common.made("requirements.txt")
    common.write(wanted, locked(part))
    pip = [PYTHON, "-m", "pip", "install", "--disable-pip-version-check"]
    # pip compiles what it installs, uv only on demand; uncompiled, TensorFlow and Keras take
    # 10 s to import instead of 4, in every process where Python may not write (as on shared
    # folders, or under PYTHONDONTWRITEBYTECODE).
    uv = [PYTHON, "-m", "uv", "pip", "install", "--compile-bytecode", "--python", PYTHON]
    uv += ["--no-index"] * ("no-index" in pip_settings())  # it has no variable for this
    programs = {"uv": uv, "pip": pip} if common.run([*pip, UV], "python") else {"pip": pip}
    packages = ["--require-hashes", "-r", str(wanted)]
    course = ["--no-deps", "--no-build-isolation", "-e", str(ROOT)]
    for name, program in programs.items():
        with step(f"Python packages for `{part}` with {name}"):
            if all(common.run([*program, *what], "python") for what in (packages, course)):
                return
        say(f"{name} could not install:\n{common.last_lines('python')}")
    raise SetupError("without these packages nothing of the course runs; mend what pip names.")
