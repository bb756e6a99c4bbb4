"""Stage all that a class without a network needs in one folder: `python course.py stage FOLDER`."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

import aptget
import common
import r as r_step
from common import LOCK, ROOT, SetupError, output, run, say, step
from python import LIBRARY, PYTHON, UV, VENV_PACKAGE

CLASSROOM = ("jupyterlab", "r-cran-irkernel")  # for one computer that serves all
LEFT_OUT = shutil.ignore_patterns(
    ".git", ".venv", ".rlib*", ".make", "results", "__pycache__", ".*_cache"
)
INSTALLER = Path(__file__).with_name("install.sh")
IMAGE = "deeptwins.tar"


def stage(folder: Path) -> None:
    """Fill the folder: wheels/, debs/, cran/, an image, and the course; say what could not be had.

    What is there already stays, so that a broken call goes on from there.
    """
    folder = folder.resolve()
    if folder == ROOT or ROOT in folder.parents:
        raise SetupError(f"{folder} lies in the course, which is copied; name a folder outside.")
    folder.mkdir(parents=True, exist_ok=True)
    for part in (wheels, debs, cran, image):
        part(folder)
    with step("the course itself"):
        shutil.copytree(ROOT, folder / "deeptwins", ignore=LEFT_OUT, dirs_exist_ok=True)
        shutil.copy(INSTALLER, folder)
    say(f"{folder} is ready. On each machine of the class: sh {folder.name}/{INSTALLER.name}")


def wheels(folder: Path) -> None:
    """Download every package of the lock, uv and JupyterLab; SetupError where one is missing."""
    download = [PYTHON, "-m", "pip", "download", "-d", str(folder / "wheels")]
    with step("Python packages"):
        for what in (["--require-hashes", "-r", str(LOCK)], [UV, CLASSROOM[0]]):
            if not run([*download, *what], "stage"):
                raise SetupError(f"not all wheels could be had:\n{common.last_lines('stage')}")


def debs(folder: Path) -> None:
    """Make a small archive for apt, with R and all that it needs on a bare machine."""
    python = Path(os.path.realpath("/usr/bin/python3")).name
    asked = [*r_step.packages(), CLASSROOM[1], "g++", "make"]  # keras3 comes as source
    asked += [one.format(python) for one in (VENV_PACKAGE, LIBRARY)]
    names = sorted(aptget.known(asked)) if aptget.there() else []
    if not names or not aptget.reachable():
        return say("no Debian packages: apt is not here, or none of its sources answered.")
    home = folder / "debs"
    (home / "partial").mkdir(parents=True, exist_ok=True)
    common.write(home / "status", "")  # as if nothing were installed yet
    places = {"Dir::State::status": home / "status", "Dir::Cache::archives": home}
    options = [f"-o{name}={place}" for name, place in places.items()]
    what = ["install", "--download-only", "-y", aptget.NO_MORE, *names]
    with step("Debian packages"):
        if not run(["apt-get", *aptget.OPTIONS, *options, "-oDebug::NoLocking=1", *what], "stage"):
            raise SetupError(f"not all packages could be had:\n{common.last_lines('stage')}")
    shown = output("apt-cache", "show", *{path.name.split("_")[0] for path in home.glob("*.deb")})
    entries = []
    for entry in shown.split("\n\n"):
        about = dict(re.findall(r"^(Package|Version|Architecture): (.*)$", entry, re.M))
        name = "_".join(about.values()).replace(":", "%3a") + ".deb"  # as apt names it
        if (home / name).is_file():
            entries.append(re.sub(r"^Filename: .*$", f"Filename: ./{name}", entry, flags=re.M))
    common.write(home / "Packages", "\n\n".join(entries) + "\n")
    common.write(home / "names", " ".join(names))


def cran(folder: Path) -> None:
    """Make a CRAN of the packages that apt has not, keras3 above all."""
    if not run(["Rscript", str(r_step.R_SETUP), "stage", str(folder / "cran")], "stage"):
        say("no CRAN: it did not answer. r/standin will stand in for keras3.")


def image(folder: Path) -> None:
    """Save the container's image where docker or podman is here."""
    if program := shutil.which("docker") or shutil.which("podman"):
        build = [program, "build", "-t", "deeptwins", str(ROOT)]
        save = [program, "save", "-o", str(folder / IMAGE), "deeptwins"]
        with step("the container's image"):
            if not (run(build, "stage") and run(save, "stage")):
                say(f"no image: {program} could not make it; .make/stage.log says why.")
