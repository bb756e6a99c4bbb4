"""Which exercises there are: the scripts in python/ and r/ say so themselves."""

import ast
import difflib
import re

import yaml

from deeptwins.paths import LANGUAGES, ROOT, script_file


class UnknownExercise(Exception):
    """An exercise that was asked for does not exist."""


def exercises(*, solutions: bool = True) -> list[str]:
    """Return the ids of all exercises in order, each solution after its exercise.

    An id is the script's path below python/ or r/ without its ending. A script
    that stands in one language only is listed too: it cannot be verified.
    """
    names = {
        path.relative_to(ROOT / language).with_suffix("").as_posix()
        for language in LANGUAGES
        for folder in ("", "solutions")[: 1 + solutions]
        for path in (ROOT / language / folder).glob("[0-9][0-9]_*")
        if path.suffix in (".py", ".R")
    }
    return sorted(names, key=lambda name: (name.removeprefix("solutions/"), name.count("/")))


def find(wanted: list[str], *, solutions: bool = False) -> list[str]:
    """Return the exercises that `wanted` names, by id or by number; all where it is empty.

    With `solutions` a name stands for the exercise and its solution. Raises
    UnknownExercise, which names the nearest ids.
    """
    if not wanted:
        return exercises(solutions=solutions)
    everything = exercises()
    found: list[str] = []
    for name in wanted:
        pattern = f"{int(name):02d}_.*" if re.fullmatch(r"\d{1,2}", name) else re.escape(name)
        pattern = f"(solutions/)?{pattern}" if solutions else pattern
        hits = [known for known in everything if re.fullmatch(pattern, known)]
        if not hits:
            near = difflib.get_close_matches(name, everything, n=3, cutoff=0.3) or everything
            raise UnknownExercise(
                f"There is no exercise {name!r}. Did you mean: {', '.join(near)}?"
            )
        found += hits
    return list(dict.fromkeys(found))


def title(exercise: str) -> str:
    """Return the first line of the Python twin's docstring, or the id where it cannot be read."""
    try:
        tree = ast.parse(script_file(exercise, "python").read_text(encoding="utf-8"))
    except (OSError, ValueError, SyntaxError):
        return exercise
    return (ast.get_docstring(tree) or exercise).splitlines()[0].rstrip(".")


def repository() -> str:
    """Return the address of the course's repository by _quarto.yml; "" for none or an example."""
    path = ROOT / "_quarto.yml"
    book = yaml.safe_load(path.read_text(encoding="utf-8"))["book"] if path.is_file() else {}
    address = book.get("repo-url", "").rstrip("/").removesuffix(".git")
    return "" if "//example.org" in address else address
