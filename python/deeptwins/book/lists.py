"""Make the tables and lists of the appendices: each from a file of entries in book/.

Tests run every entry of the phrasebook, the migration and the faults; commands measure the others.
"""

import re
from typing import Any

import yaml

from deeptwins import files
from deeptwins.book import markup
from deeptwins.paths import BOOK, LANGUAGES, ROOT, TITLES

# The box at the head of a chapter: its first objective, and the minutes that it takes.
FIRST_BOX = re.compile(
    r"## What you will be able to do.*?\n- (?P<first>.*?)\n.*?About (?P<minutes>\d+)", re.S
)


def fragments() -> dict[str, str]:
    """Return what is made of each file of entries, by its name."""
    makers = {one.__name__: one for one in (phrasebook, migration, faults)}
    makers |= {"settings": measured, "speed": measured}
    made = {name: make(files.read_yaml(BOOK / f"{name}.yml")) for name, make in makers.items()}
    return made | {"chapters": chapters()}


def chapters() -> str:
    """Return the chapters that _quarto.yml lists: what each says of itself in its first box."""
    book = files.read_yaml(ROOT / "_quarto.yml")["book"]
    rows, heads = [], ["", "Chapter", "Minutes", "After it you can"]
    for page in (page for part in book["chapters"] if "part" in part for page in part["chapters"]):
        text = (ROOT / page).read_text(encoding="utf-8")
        if box := FIRST_BOX.search(text):
            about = yaml.safe_load(text.split("---")[1])
            link = f"[**{about['title']}**]({page})<br>{about['subtitle']}"
            number = re.match(r"\d*", page.split("/")[-1])[0].lstrip("0")
            rows.append([number, link, box["minutes"], box["first"]])
    return markup.table("wide .chapters", heads, rows, "---")


def phrasebook(groups: list[dict[str, Any]]) -> str:
    """Return a section for each group of entries, and in it each entry in both languages."""
    parts = []
    for group in groups:
        parts.append(f"## {group['group']}\n")
        for entry in group["entries"]:
            panes = {
                one: markup.pane(one, entry[one].rstrip(), entry["shows"][one].rstrip())
                for one in LANGUAGES
            }
            words = entry.get("differs") or entry.get("say") or ""
            parts += [f"### {entry['title']}\n", words and f"{words}\n", markup.tabs(panes)]
    return "\n".join(parts)


def migration(entries: dict[str, list[dict[str, Any]]]) -> str:
    """Return a table for each language: old code, what it meets, new code."""
    parts = []
    for language, then in {"python": ("keras", "tensorflow.keras"), "r": ()}.items():
        heads = ["Old code", *(f"`{one}` 2" for one in then), "With Keras 3", "What to write"]
        rows = []
        for one in entries[language]:
            kind = "Warning: " if one.get("warns") else "No error, but " * one.get("silent", 0)
            new = ". ".join(filter(None, [_code(one["new"]), one.get("say")]))
            was = [one[name] for name in then]
            rows.append([_code(one["old"]), *was, f"{kind}{_code(one['meets'])}", new])
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


def measured(found: dict[str, Any]) -> str:
    """Return a table that a command has measured, and what that says of the measurement."""
    return f"{markup.table('wide', found['heads'], found['rows'])}\n[{found['note']}]{{.note}}\n"


def _code(text: str) -> str:
    """Return text as code in a table, whatever backticks are in it."""
    return f"`` {text} ``" if "`" in text else f"`{text}`"
