"""What several tests need: the sources of the book, and programs."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
import yaml
from typer.testing import CliRunner

from deeptwins import processes
from deeptwins.cli import app
from deeptwins.paths import LANGUAGES, ROOT, script_file

# Seconds after which a process hangs for certain, however slow and busy the machine: a test
# fails by what it looks at and never by its duration.
HANGS = 3600


def read(path: str) -> str:
    """Return the text of a file of the checkout."""
    return (ROOT / path).read_text(encoding="utf-8")


def source(exercise: str, language: str) -> str:
    """Return the text of an exercise's script."""
    return script_file(exercise, language).read_text(encoding="utf-8")


def pages() -> list[str]:
    """Return the sources of the book's pages in the order that _quarto.yml gives them."""
    book = yaml.safe_load(read("_quarto.yml"))["book"]
    parts = (one["chapters"] if isinstance(one, dict) else [one] for one in book["chapters"])
    return [page for part in parts for page in part]


def slides_of(name: str) -> dict[str, str]:
    """Return the slides of a file of book/slides/ by their names."""
    found = r"^## .*?\{#([\w-]+)(.*?)(?=^## .*\{#|\Z)"
    return dict(re.findall(found, read(f"book/slides/{name}.qmd"), re.M | re.S))


def copy_sources(folder: Path) -> None:
    """Put the sources of the book and the scripts that it offers into a folder."""
    for name in ("_quarto.yml", "index.qmd"):
        shutil.copy(ROOT / name, folder / name)
    for name in ("book", "kit", "live"):
        shutil.copytree(ROOT / name, folder / name)
    for language in LANGUAGES:
        (folder / language).mkdir()
        for path in (ROOT / language).glob("[0-9]*"):
            shutil.copy(path, folder / language)


def interpreter(language: str) -> str:
    """Return what runs scripts in a language; skip the test where there is no R."""
    program = sys.executable if language == "python" else shutil.which("Rscript")
    return program or pytest.skip("R is not installed; `deeptwins doctor` says how to get it")


def execute(*command, **options) -> subprocess.CompletedProcess:
    """Run a program to its end; return its status and what it printed."""
    command = [str(one) for one in command]
    return subprocess.run(command, capture_output=True, encoding="utf-8", timeout=HANGS, **options)


def outside() -> dict[str, str]:
    """Return the environment of a script that runs outside the course, with its packages of R."""
    return processes.environment() | {
        "RETICULATE_PYTHON": sys.executable,
        "R_PROFILE_USER": os.devnull,
        "R_LIBS": os.pathsep.join([str(ROOT / ".rlib"), str(ROOT / ".rlib-standin")]),
    }


def deeptwins(*words):
    """Call the command line in this process."""
    return CliRunner().invoke(app, [str(one) for one in words])


def program(path: Path, body: str) -> Path:
    """Write a shell script that can be called."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return path


def alive(pid: int) -> bool:
    """Tell whether a process runs; one that only waits to be asked how it ended does not."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
