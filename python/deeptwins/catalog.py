"""Which exercises there are: the scripts in python/ and r/ say so themselves."""

import ast
import difflib
import re

from deeptwins import files
from deeptwins.paths import LANGUAGES, ROOT, script_file


class UnknownExercise(ValueError):
    """An exercise that was asked for does not exist."""


def exercises(*, solutions: bool = True) -> list[str]:
    """Return the ids of all exercises in either language, each solution after its exercise."""
    names = {
        path.relative_to(ROOT / language).with_suffix("").as_posix()
        for language in LANGUAGES
        for folder in ("", "solutions")[: 1 + solutions]
        for path in (ROOT / language / folder).glob("[0-9][0-9]_*")
        if path.suffix in (".py", ".R")
    }
    return sorted(names, key=lambda name: (name.removeprefix("solutions/"), name.count("/")))


def find(wanted: list[str], *, solutions: bool = False) -> list[str]:
    """Return the exercises of these ids or numbers, and their solutions if asked for; else all."""
    found, everything = [], exercises()
    for name in wanted:
        pattern = f"{int(name):02d}_.*" if re.fullmatch(r"\d{1,2}", name) else re.escape(name)
        pattern = f"(solutions/)?{pattern}" if solutions else pattern
        hits = [known for known in everything if re.fullmatch(pattern, known)]
        if not hits:
            near = ", ".join(difflib.get_close_matches(name, everything, cutoff=0.3) or everything)
            raise UnknownExercise(f"There is no exercise {name!r}. Did you mean: {near}?")
        found += hits
    return list(dict.fromkeys(found)) or exercises(solutions=solutions)


def title(exercise: str) -> str:
    """Return the first line of the Python twin's docstring."""
    script = ast.parse(script_file(exercise, "python").read_text(encoding="utf-8"))
    return ast.get_docstring(script).splitlines()[0].rstrip(".")


def repository() -> str:
    """Return the address of the course's repository as _quarto.yml gives it, else ""."""
    path = ROOT / "_quarto.yml"
    book = files.read_yaml(path)["book"] if path.is_file() else {}
    return book.get("repo-url", "").rstrip("/").removesuffix(".git")
