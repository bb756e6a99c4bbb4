"""What several tests need: the sources of the book, and programs."""

import re
import shutil
import sys
from pathlib import Path

import psutil
import pytest
import yaml

from deeptwins.paths import LANGUAGES, ROOT

# Seconds after which a process hangs for certain, however slow and busy the machine: a test
# fails by what it looks at and never by its duration.
HANGS = 3600


def pages() -> list[str]:
    """Return the sources of the book's pages in the order that _quarto.yml gives them."""
    book = yaml.safe_load((ROOT / "_quarto.yml").read_text(encoding="utf-8"))["book"]
    parts = (one["chapters"] if isinstance(one, dict) else [one] for one in book["chapters"])
    return [page for part in parts for page in part]


def slides_of(name: str) -> dict[str, str]:
    """Return the slides of a file of book/slides/ by their names."""
    text = (ROOT / "book" / "slides" / f"{name}.qmd").read_text(encoding="utf-8")
    return dict(re.findall(r"^## .*?\{#([\w-]+)(.*?)(?=^## .*\{#|\Z)", text, re.M | re.S))


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
