"""Make .venv with the Python packages of requirements.lock, and nothing twice.

    python3 setup/python.py

The Makefile calls it and so does r/setup.R, hence Python and not a shell script.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import common
from common import LOCK, ROOT, SetupError, say, step

OLDEST, NEWEST = ((3, minor) for minor in common.python_bounds())
UV = "uv==0.13.9"  # installs in a quarter of the time that pip takes
VENV = ROOT / ".venv"
# Settings of pip, and the names of the same settings for uv, which does not read pip's.
FOR_UV = {
    "index-url": "UV_INDEX_URL",
    "no-index": "UV_NO_INDEX",
    "find-links": "UV_FIND_LINKS",
    "cert": "SSL_CERT_FILE",
    "trusted-host": "UV_INSECURE_HOST",
}


def set_up() -> None:
    """Make .venv, or see within a blink that it is there and fits."""
    key = common.digest(LOCK, ROOT / "pyproject.toml", Path(__file__), str(ROOT))
    if common.stamped("python", key) and works("import deeptwins"):
        return
    if moved() or not works("import pip"):
        make_venv(choose())
    settings = pip_settings()
    os.environ.update(for_uv(settings))
    if not reachable(settings):
        raise SetupError(
            f"nobody answered within {common.PATIENCE} s where pip gets its packages. Check the "
            "network, or give pip a mirror (PIP_INDEX_URL), or a folder of wheels and nothing else "
            "(PIP_FIND_LINKS with PIP_NO_INDEX=1)."
        )
    install(installers())
    common.stamp("venv", str(ROOT))
    common.stamp("python", key)


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
    words = found.stdout.split()
    return found.returncode == 0 and OLDEST <= (int(words[0]), int(words[1])) <= NEWEST


def choose() -> str:
    """Return a Python that fits: the one that runs this, or one on the PATH.

    Behind a virtual environment it is the Python that made it, since .venv
    itself may be what has to be made again.
    """
    if OLDEST <= sys.version_info[:2] <= NEWEST:
        return getattr(sys, "_base_executable", None) or sys.executable
    for minor in range(NEWEST[1], OLDEST[1] - 1, -1):
        found = shutil.which(f"python3.{minor}")
        # A shim may be on the PATH without the version that it stands for.
        if found and subprocess.call([found, "-c", ""], stderr=subprocess.DEVNULL) == 0:
            return found
    raise SetupError(
        f"TensorFlow needs a Python from 3.{OLDEST[1]} to 3.{NEWEST[1]}; this one is "
        f"{sys.version_info[0]}.{sys.version_info[1]}, and there is no other on the PATH. Install "
        f"Python 3.{NEWEST[1]} beside it; the next call finds it."
    )


def make_venv(python: str) -> None:
    """Make .venv anew, with pip, fetching Debian's python3-venv where it is missing."""
    asked = (
        "import sys, importlib.util as u; print(*sys.version_info[:2], u.find_spec('ensurepip'))"
    )
    major, minor, *ensurepip = subprocess.check_output([python, "-c", asked]).decode().split()
    if ensurepip == ["None"]:
        package = f"python{major}.{minor}-venv"
        root = common.as_root() if shutil.which("apt-get") else None
        if root is None:
            raise SetupError(
                f"{python} cannot make a virtual environment. Have it mended with:\n"
                f"  sudo {common.apt_line([package])}"
            )
        with step(f"{package} from apt"):
            if not common.apt_install([package], root):
                raise SetupError(f"apt could not install {package}:\n{common.last_lines('apt')}")
    shutil.rmtree(VENV, ignore_errors=True)
    with step(f".venv with Python {major}.{minor} ({python})"):
        if common.run([python, "-m", "venv", str(VENV)], "python") != 0:
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


def install(programs: list[tuple[str, list[str]]]) -> None:
    """Install the locked packages and this project with the first program that can."""
    for name, command in programs:
        try:
            with step(f"Python packages of requirements.lock with {name}"):
                for what in (
                    ["--require-hashes", "-r", str(LOCK)],
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
    common.main(set_up)
