"""Make the tables and lists of the appendices: each from a file of entries in book/.

book/phrasebook.yml and its likes become fragments of the same names, which the
pages include. Tests run every entry of the first three; commands measure the others.
"""

from typing import Any

import yaml

from deeptwins.book import markup
from deeptwins.paths import BOOK, LANGUAGES, TITLES


def fragments() -> dict[str, str]:
    """Return what is made of each file of entries, by its name."""
    makers = (phrasebook, migration, faults, settings, speed)
    texts = {one: (BOOK / f"{one.__name__}.yml").read_text(encoding="utf-8") for one in makers}
    return {one.__name__: one(yaml.safe_load(text)) for one, text in texts.items()}


def phrasebook(groups: list[dict[str, Any]]) -> str:
    """Return a section for each group of entries, and in it each entry in both languages."""
    parts = []
    for group in groups:
        parts.append(f"## {group['group']}\n")
        for entry in group["entries"]:
            shows = entry["shows"]
            panes = {
                one: markup.pane(one, entry[one].rstrip(), shows[one].rstrip()) for one in LANGUAGES
            }
            words = entry.get("differs") or entry.get("say")
            parts += [f"### {entry['title']}\n", *([f"{words}\n"] if words else [])]
            parts.append(markup.tabs(panes))
    return "\n".join(parts)


def migration(entries: dict[str, list[dict[str, Any]]]) -> str:
    """Return a table for each language: old code, what it meets, new code."""
    heads = ["As in 2021", "What you get today", "As it is today"]
    parts = []
    for language in LANGUAGES:
        rows = []
        for one in entries[language]:
            kind = (
                "No error, but " if one.get("silent") else "Warning: " if one.get("warns") else ""
            )
            new = ". ".join(filter(None, [_code(one["new"]), one.get("say")]))
            rows.append([_code(one["old"]), f"{kind}{_code(one['meets'])}", new])
        parts.append(f"## {TITLES[language]} {{#migration-{language}}}\n")
        parts.append(markup.table("wide", heads, rows, "---"))
    return "\n".join(parts)


def faults(entries: list[dict[str, Any]]) -> str:
    """Return a table of the faults: where each was put, and the level that caught it."""
    rows = []
    for one in entries:
        into = " and ".join(TITLES[language] for language in LANGUAGES if language in one)
        rows.append([_code(one["exercise"]), into, one["fault"], one["caught"]])
    return markup.table("wide", ["Exercise", "Put into", "Fault", "Caught first at"], rows, "---")


def settings(found: dict[str, Any]) -> str:
    """Return a table of the differences between runs under each setting."""
    rows = []
    for one in found["rows"]:
        numbers = f"{one['r_python']:.1g}", f"{one['python_course']:.1g}"
        rows.append([_code(one["exercise"]), one["setting"], *numbers])
    heads = ["Exercise", "Setting", "R against Python", f"Python against {found['course']}"]
    return f"{markup.table('wide', heads, rows)}\n[Measured on {found['made']}.]{{.note}}\n"


def speed(found: dict[str, Any]) -> str:
    """Return a table of the exercises' seconds, one of the rest, and the machine."""
    rows = []
    for one in found["exercises"]:
        seconds = (f"{one[language]:.1f}" for language in LANGUAGES)
        ratio, capture = f"{one['ratio']:.2f}", f"{one['capture']:+.1f} %"
        rows.append([_code(one["exercise"]), *seconds, ratio, capture])
    rows += [[words, f"{seconds:.1f}", "", "", ""] for words, seconds in found["commands"].items()]
    machine = ", ".join(f"{name} {value}" for name, value in found["machine"].items())
    note = f"Measured on {found['made']}, the middle of {found['rounds']} rounds: {machine}."
    heads = ["Seconds of", "Python", "R", "R / Python", "capture"]
    return f"{markup.table('wide', heads, rows)}\n[{note}]{{.note}}\n"


def _code(text: str) -> str:
    """Return text as code in a table, whatever backticks are in it."""
    return f"`` {text} ``" if "`" in text else f"`{text}`"
