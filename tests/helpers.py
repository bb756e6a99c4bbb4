"""What several tests need: a twin's own functions, and the sources of the book."""

import re
import shutil
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest
import yaml

from deeptwins import catalog, exports
from deeptwins.paths import LANGUAGES, ROOT, script_file

# Seconds after which a process hangs for certain, however slow and busy the machine: a test
# fails by what it looks at and never by its duration.
HANGS = 3600

# The exercises as parameters of tests that need their run; solutions are run for long tests only.
RAN = [
    pytest.param(name, marks=pytest.mark.long if name.startswith("solutions/") else ())
    for name in catalog.exercises()
]


def section(exercise: str, language: str, names: list[str]) -> str:
    """Return the source of the named sections, in the script's order.

    What stands before the first mark (the imports) is the section "head".
    Raises KeyError for a name that the script does not have.
    """
    source = script_file(exercise, language).read_text(encoding="utf-8")
    parts = re.split(r"^# ---- (.+?) -+$", source, flags=re.M)
    found = {"head": parts[0], **dict(zip(parts[1::2], parts[2::2], strict=True))}
    if missing := set(names) - found.keys():
        raise KeyError(f"{exercise} has no section {', '.join(sorted(missing))}")
    return "\n".join(found[name] for name in found if name in names)


def names_of(exercise: str, names: list[str], **given) -> SimpleNamespace:
    """Run the named sections of a Python twin and return all that they define.

    `given` are names that stand ready for them, in place of earlier sections.
    """
    namespace = {"__name__": exercise, **given}
    exec(compile(section(exercise, "python", names), exercise, "exec"), namespace)
    return SimpleNamespace(**namespace)


def pages() -> list[str]:
    """Return the sources of the book's pages in the order that _quarto.yml gives them."""
    book = yaml.safe_load((ROOT / "_quarto.yml").read_text(encoding="utf-8"))["book"]
    return exports.pages(book)


def copy_sources(folder: Path) -> None:
    """Put the sources of the book and the scripts that it offers into a folder."""
    for name in ("_quarto.yml", "index.qmd"):
        shutil.copy(ROOT / name, folder / name)
    shutil.copytree(ROOT / "book", folder / "book")
    for language in LANGUAGES:
        (folder / language).mkdir()
        for path in (ROOT / language).glob("[0-9]*"):
            shutil.copy(path, folder / language)


def alive(pid: int) -> bool:
    """Tell whether a process runs; one that only waits to be asked how it ended does not."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
