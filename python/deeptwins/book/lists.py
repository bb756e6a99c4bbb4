"""Make the tables and lists of the appendices: each from a file of entries in book/.

book/phrasebook.yml and its likes become fragments of the same names, which the
pages include. Tests run every entry of the first three; commands measure the others.
"""

from collections.abc import Callable
from typing import Any

import yaml

from deeptwins.book import markup
from deeptwins.paths import BOOK, LANGUAGES, TITLES


def fragments() -> dict[str, str]:
    """Return what is made of each file of entries, by its name."""
    texts = {name: (BOOK / f"{name}.yml").read_text(encoding="utf-8") for name in BODIES}
    return {name: BODIES[name](yaml.safe_load(text)) for name, text in texts.items()}


def phrasebook(groups: list[dict[str, Any]]) -> str:
    """Return a section for each group of entries, and in it each entry in both languages."""
    parts = []
    for group in groups:
        parts.append(f"## {group['group']}\n")
        for entry in group["entries"]:
            panes = {
                language: markup.pane(
                    language, entry[language].rstrip(), entry["shows"][language].rstrip()
                )
                for language in LANGUAGES
            }
            words = entry.get("differs") or entry.get("say")
            parts += [f"### {entry['title']}\n", *([f"{words}\n"] if words else [])]
            parts.append(markup.tabs(panes))
    return "\n".join(parts)


def migration(entries: dict[str, list[dict[str, Any]]]) -> str:
    """Return a table for each language: old code, what it meets, new code."""
    parts = []
    for language in LANGUAGES:
        rows = []
        for entry in entries[language]:
            kind = "Warning: " if entry.get("warns") else ""
            kind = "No error, but " if entry.get("silent") else kind
            meets = f"{kind}{_code(entry['meets'])}"
            new = ". ".join([_code(entry["new"]), *([entry["say"]] if "say" in entry else [])])
            rows.append([_code(entry["old"]), meets, new])
        heads = ["As in 2021", "What you get today", "As it is today"]
        title = f"## {TITLES[language]} {{#migration-{language}}}\n"
        parts += [title, _wide(heads, rows, "---")]
    return "\n".join(parts)


def faults(entries: list[dict[str, Any]]) -> str:
    """Return a table of the faults: where each was put, and the level that caught it."""
    rows = [
        [
            f"`{entry['exercise']}`",
            " and ".join(TITLES[language] for language in LANGUAGES if language in entry),
            entry["fault"],
            entry["caught"],
        ]
        for entry in entries
    ]
    return _wide(["Exercise", "Put into", "Fault", "Caught first at"], rows, "---")


def settings(found: dict[str, Any]) -> str:
    """Return a table of the differences between runs under each setting."""
    rows = [
        [
            f"`{row['exercise']}`",
            row["setting"],
            f"{row['r_python']:.1g}",
            f"{row['python_course']:.1g}",
        ]
        for row in found["rows"]
    ]
    heads = ["Exercise", "Setting", "R against Python", f"Python against {found['course']}"]
    return f"{_wide(heads, rows)}\n[Measured on {found['made']}.]{{.note}}\n"


def speed(found: dict[str, Any]) -> str:
    """Return a table of the exercises' seconds, one of the rest, and the machine."""
    rows = [
        [
            f"`{row['exercise']}`",
            *(f"{row[one]:.1f}" for one in LANGUAGES),
            f"{row['ratio']:.2f}",
            f"{row['capture']:+.1f} %",
        ]
        for row in found["exercises"]
    ]
    rows += [[words, f"{seconds:.1f}", "", "", ""] for words, seconds in found["commands"].items()]
    machine = ", ".join(f"{name} {value}" for name, value in found["machine"].items())
    heads = ["Seconds of", "Python", "R", "R / Python", "capture"]
    note = f"Measured on {found['made']}, the middle of {found['rounds']} rounds: {machine}."
    return f"{_wide(heads, rows)}\n[{note}]{{.note}}\n"


def _wide(heads: list[str], rows: list[list[str]], align: str = "--:") -> str:
    return f"::: {{.wide}}\n{markup.table(heads, rows, align)}:::\n"


def _code(text: str) -> str:
    """Return text as code in a table, whatever backticks are in it."""
    return f"`` {text} ``" if "`" in text else f"`{text}`"


BODIES: dict[str, Callable[[Any], str]] = {
    one.__name__: one for one in (phrasebook, migration, faults, settings, speed)
}
