"""Make the appendices that are lists: each from a file of entries that tests run.

book/phrasebook.yml and its likes become fragments of the same names, which the
pages include: see BODIES.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from deeptwins.book import defaults, markup, speed
from deeptwins.paths import BOOK, LANGUAGES, TITLES
from deeptwins.proof import bands



def body(source: Path) -> str:
    """Return the fragment that is made from a file of entries."""
    return BODIES[source.stem](yaml.safe_load(source.read_text(encoding="utf-8")))


def sources() -> list[Path]:
    """Return the files of entries that there are."""
    return [path for name in BODIES if (path := BOOK / f"{name}.yml").is_file()]


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
        heads = ["As in 2021", "What one meets today", "As it is today"]
        title = f"## {TITLES[language]} {{#migration-{language}}}\n"
        parts += [title, f"::: {{.wide}}\n{markup.table(heads, rows, '---')}:::\n"]
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
        for entry in sorted(entries, key=lambda entry: entry["exercise"])
    ]
    heads = ["Exercise", "Put into", "Fault", "Caught first at"]
    return f"::: {{.wide}}\n{markup.table(heads, rows, '---')}:::\n"


def settings(found: dict[str, Any]) -> str:
    """Return a table of the differences between runs under each setting."""
    rows = [
        [
            f"`{row['exercise']}`: {row['holds']}",
            row["setting"],
            f"{row['r_python']:.1g}",
            f"{row['python_course']:.1g}",
        ]
        for row in found["rows"]
    ]
    heads = ["Exercise", "Setting", "R against Python", f"Python against {found['course']}"]
    return f"::: {{.wide}}\n{markup.table(heads, rows)}:::\n\nMeasured on {found['made']}.\n"


def fresh(rows: list[dict[str, Any]]) -> str:
    """Return a table of the runs with fresh seeds that left their bands, and their number."""
    table = [
        [
            f"`{row['exercise']}`",
            row["variant"],
            str(row["runs"]),
            str(len(row["outside"])),
            "; ".join(
                f"seed {one['seed']}: {', '.join(map(_code, one['metrics']))}"
                for one in row["outside"]
            ),
        ]
        for row in rows
    ]
    heads = ["Exercise", "Data", "Fresh runs", "Outside", "Which"]
    runs, outside = (sum(int(row[column]) for row in table) for column in (2, 3))
    chance = round(100 * (1 - bands.COVERAGE), 6)
    return (
        f"Of {runs} runs with fresh seeds, {outside} left a band; at the stated chance of "
        f"{chance:g} % one expects {runs * chance / 100:.1f}.\n\n"
        f"::: {{.wide}}\n{markup.table(heads, table)}:::\n"
    )


def _code(text: str) -> str:
    """Return text as code in a table, whatever backticks are in it."""
    return f"`` {text} ``" if "`" in text else f"`{text}`"


BODIES: dict[str, Callable[[Any], str]] = {
    "phrasebook": phrasebook,
    "defaults": defaults.body,
    "migration": migration,
    "faults": faults,
    "settings": settings,
    "fresh": fresh,
    **speed.PARTS,
}
