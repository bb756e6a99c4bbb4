"""Make .venv with the Python packages of requirements.lock, and nothing twice.

    python3 setup/python.py

r/setup.R calls it, hence Python and not a shell script; course.py calls its functions.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import aptget
import common
from common import LOCK, ROOT, SetupError, say, step

OLDEST, NEWEST = common.python_bounds()
BEFORE_NUMPY_2 = 12  # the newest Python that goes with NumPy 1, see pyproject.toml
READS_NUMPY_2 = (1, 40)  # the oldest reticulate that does
PARTS = ("run", "book", "test")  # of the lock; each takes those before it along
UV = "uv==0.13.9"  # installs in a quarter of the time that pip takes
MANAGED = "https://github.com/astral-sh/python-build-standalone/releases"
VENV = ROOT / ".venv"
# Settings of pip, and the names of the same settings for uv, which does not read pip's.
FOR_UV = {
    "index-url": "UV_INDEX_URL",
    "no-index": "UV_NO_INDEX",
    "find-links": "UV_FIND_LINKS",
    "cert": "SSL_CERT_FILE",
    "trusted-host": "UV_INSECURE_HOST",
}


def base() -> str | None:
    """Return the Python to make .venv with, or None where .venv is there and fits."""
    return None if not moved() and works("import pip") else choose()


def set_up(part: str = "run", python: str | None = None) -> None:
    """Make .venv from `python` if that is given, and install the part that is asked for."""
    if python is not None:
        make_venv(python, VENV)
    elif ready(part):
        return
    settings = pip_settings()
    os.environ.update(for_uv(settings))
    if not reachable(settings):
        raise SetupError(
            f"nobody answered within {common.PATIENCE} s where pip gets its packages. Check the "
            "network, or give pip a mirror (PIP_INDEX_URL), or a folder of wheels and nothing else "
            "(PIP_FIND_LINKS with PIP_NO_INDEX=1)."
        )
    install(part, installers())
    common.stamp("venv", str(ROOT))
    for one in PARTS[: PARTS.index(part) + 1]:
        common.stamp(f"python-{one}", key_for(one))


def ready(part: str) -> bool:
    """See within a blink whether this part is installed."""
    return common.stamped(f"python-{part}", key_for(part)) and works("import deeptwins")


def key_for(part: str) -> str:
    """Return the digest of all that this step depends on."""
    return common.digest(locked(part), ROOT / "pyproject.toml", Path(__file__), str(ROOT))


def locked(part: str) -> str:
    """Return the lock up to and with this part."""
    heads = re.split(r"^(?=# ---- )", LOCK.read_text(encoding="utf-8"), flags=re.M)
    return "".join(heads[: PARTS.index(part) + 2])


def moved() -> bool:
    """Tell whether .venv was made in another folder: its programs would call the Python there."""
    return common.made("venv.stamp").is_file() and not common.stamped("venv", str(ROOT))


def python_of(venv: Path) -> Path:
    """Return the interpreter of a virtual environment, under Windows too."""
    return venv / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def works(statement: str) -> bool:
    """Tell whether .venv has a Python of the right version that can do this."""
    python = python_of(VENV)
    if not python.exists():
        return False
    script = f"import sys; {statement}; print(*sys.version_info[:2])"
    found = subprocess.run(
        [str(python), "-c", script],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=str(VENV),  # not ROOT, from which more could be imported
        check=False,
    )
    return found.returncode == 0 and fits(*map(int, found.stdout.split()[-2:]))


def fits(major: int, minor: int) -> bool:
    """Tell whether pyproject.toml allows this version of Python."""
    return major == 3 and OLDEST <= minor <= NEWEST


def choose() -> str:
    """Return a Python that fits: the one that runs this, one on the PATH, or one that uv fetches.

    Behind a virtual environment it is the Python that made it, since .venv itself may be what has
    to be made again. Where R's reticulate reads NumPy 1 only, a Python that has it goes first.
    """
    major, minor = sys.version_info[:2]
    here = getattr(sys, "_base_executable", None) or sys.executable
    if fits(major, minor) and (minor <= BEFORE_NUMPY_2 or not old_reticulate()):
        return here
    newest = BEFORE_NUMPY_2 if fits(major, minor) else NEWEST
    for other in range(newest, OLDEST - 1, -1):
        if found := on_path(other):
            return found
    if fits(major, minor):
        return here  # setup/r.py says what R lacks
    if found := managed():
        return found
    raise SetupError(
        f"TensorFlow needs a Python from 3.{OLDEST} to 3.{NEWEST}; this one is {major}.{minor}, "
        f"there is no other on the PATH, and uv could not fetch one. Install Python 3.{NEWEST} "
        "beside it (from your system's packages or https://www.python.org); the next call finds it."
    )


def on_path(minor: int) -> str | None:
    """Return Python 3.minor where the PATH, or under Windows its launcher, has one that starts."""
    command = ["py", f"-3.{minor}"] if os.name == "nt" else [f"python3.{minor}"]
    if not shutil.which(command[0]):
        return None
    asked = subprocess.run(
        [*command, "-c", "import sys; print(sys.executable)"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        check=False,
    )
    # A shim may be on the PATH without the version that it stands for.
    return asked.stdout.decode().strip() or None if asked.returncode == 0 else None


def old_reticulate() -> str:
    """Return the version of R's reticulate where it does not read NumPy 2, else ''."""
    if not (rscript := shutil.which("Rscript")):
        return ""
    asked = subprocess.run(
        [rscript, "-e", "cat(format(packageVersion('reticulate')))"],
        cwd=str(ROOT),  # where .Rprofile names the libraries
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        check=False,
    )
    version = asked.stdout.decode()
    numbers = tuple(map(int, re.findall(r"\d+", version)[:2]))
    return version if asked.returncode == 0 and numbers < READS_NUMPY_2 else ""


def managed() -> str | None:
    """Return a Python that uv fetches for this user, None where that cannot be had soon."""
    mirror = os.environ.get("UV_PYTHON_INSTALL_MIRROR")
    if not mirror and not common.answers(MANAGED, common.PATIENCE / 2):
        return None
    tools, version = common.made("uv"), f"3.{NEWEST}"
    make_venv(sys.executable, tools)
    uv = [str(python_of(tools)), "-m", "uv", "python"]
    with step(f"Python {version}, which uv fetches"):
        pip = [str(python_of(tools)), "-m", "pip", "install", UV]
        fetched = common.run(pip, "python") == 0
        fetched = fetched and common.run([*uv, "install", version], "python") == 0
    if not fetched:
        say(f"uv could not fetch it:\n{common.last_lines('python')}")
        return None
    found = subprocess.check_output([*uv, "find", "--managed-python", "--no-project", version])
    return found.decode().strip()


def asked(python: str, expression: str) -> list[str]:
    """Return the words that an expression gives in another Python, where s is sysconfig."""
    code = f"import sys, importlib.util as u, sysconfig; s = sysconfig.get_config_var; {expression}"
    return subprocess.check_output([python, "-c", code]).decode().split()


def venv_package(python: str) -> list[str]:
    """Return the Debian package without which this Python cannot make a virtual environment."""
    major, minor, *ensurepip = asked(
        python, "print(*sys.version_info[:2], u.find_spec('ensurepip'))"
    )
    return [f"python{major}.{minor}-venv"] if ensurepip == ["None"] else []


def libpython(python: str) -> list[str]:
    """Return the Debian package of Python's shared library where that library is missing.

    Debian's Python is linked statically and runs without it; reticulate does not.
    """
    if not aptget.there():
        return []
    base, folder, architecture, library = asked(
        python, "print(sys._base_executable, s('LIBDIR'), s('MULTIARCH'), s('INSTSONAME'))"
    )
    there = Path(folder, library).exists() or Path(folder, architecture, library).exists()
    if there or Path(base).resolve().parent != Path("/usr/bin"):
        return []
    package = library.partition(".so")[0]
    # Ubuntu 24.04 has it under the second name.
    return sorted(aptget.known([package, f"{package}t64"])) or [package]


def make_venv(python: str, folder: Path) -> None:
    """Make a virtual environment anew, with pip; SetupError names Debian's package it lacks."""
    if package := venv_package(python):
        root = aptget.as_root() if aptget.there() else None
        if root is None:
            raise SetupError(
                f"{python} cannot make a virtual environment. Have it mended with:\n"
                f"  sudo {aptget.line(package)}"
            )
        with step(f"{package[0]} from apt"):
            if not aptget.install(package, root):
                raise SetupError(f"apt could not install {package[0]}:\n{common.last_lines('apt')}")
    shutil.rmtree(folder, ignore_errors=True)
    with step(f"{folder.relative_to(ROOT)} with {python}"):
        if common.run([python, "-m", "venv", str(folder)], "python") != 0:
            raise SetupError(f"no virtual environment:\n{common.last_lines('python')}")


def pip_settings() -> dict[str, str]:
    """Return pip's settings for installing, from its files and its environment."""
    listed = subprocess.run(
        [str(python_of(VENV)), "-m", "pip", "config", "list"],
        stdout=subprocess.PIPE,
        check=True,
    )
    found: dict[str, dict[str, str]] = {"global": {}, "install": {}, ":env:": {}}
    for line in listed.stdout.decode().splitlines():
        name, _, value = line.partition("=")
        section, _, setting = name.partition(".")
        if section in found:
            found[section][setting] = value.strip("'\"")
    return {**found["global"], **found["install"], **found[":env:"]}


def for_uv(settings: dict[str, str]) -> dict[str, str]:
    """Return pip's settings as environment variables for uv; the user's own for uv go first."""
    env = {FOR_UV[name]: value for name, value in settings.items() if name in FOR_UV}
    if "find-links" in settings:  # pip puts blanks between folders, uv commas
        env["UV_FIND_LINKS"] = ",".join(settings["find-links"].split())
    if "proxy" in settings:
        env["HTTPS_PROXY"] = env["HTTP_PROXY"] = settings["proxy"]
    # rpy2's C extension needs a compiler and R's headers; without it, it calls R through ffi.
    env["RPY2_CFFI_MODE"] = "ABI"
    return {name: value for name, value in env.items() if name not in os.environ}


def reachable(settings: dict[str, str]) -> bool:
    """Tell whether pip's index answers; without an index nobody needs to."""
    if "no-index" in settings:
        return True
    asked = "from pip._internal.models.index import PyPI; print(PyPI.simple_url)"
    url = (
        settings.get("index-url")
        or subprocess.check_output([str(python_of(VENV)), "-c", asked]).decode().strip()
    )
    return url.startswith("file:") or common.answers(url, common.PATIENCE)


def installers() -> list[tuple[str, list[str]]]:
    """Return the programs that can install here, the fastest first: uv, then pip."""
    python = str(python_of(VENV))
    pip = [python, "-m", "pip", "install", "--disable-pip-version-check"]
    with_pip = ("pip", pip)
    if common.run([*pip, UV], "python") != 0:
        return [with_pip]
    # pip compiles what it installs, uv only on demand; uncompiled, TensorFlow and Keras take
    # 10 s to import instead of 4, in every process where Python may not write (as on shared
    # folders, or under PYTHONDONTWRITEBYTECODE).
    uv = [python, "-m", "uv", "pip", "install", "--compile-bytecode", "--python", python]
    return [("uv", uv), with_pip]


def install(part: str, programs: list[tuple[str, list[str]]]) -> None:
    """Install a part of the lock and this project with the first program that can."""
    wanted = common.made("requirements.txt")
    common.write(wanted, locked(part))
    for name, command in programs:
        try:
            with step(f"Python packages for `{part}` with {name}"):
                for what in (
                    ["--require-hashes", "-r", str(wanted)],
                    ["--no-deps", "--no-build-isolation", "-e", str(ROOT)],
                ):
                    if common.run([*command, *what], "python") != 0:
                        raise SetupError(
                            f"{name} could not install:\n{common.last_lines('python')}"
                        )
            return
        except SetupError as error:
            if name == programs[-1][0]:
                raise
            say(str(error))


if __name__ == "__main__":
    common.main(lambda: set_up("run", base()))
