"""Make the plans for a class from book/plans.yml: tables, task sheets, and what learners type."""

import re
import shlex
from typing import Any

from deeptwins import files
from deeptwins.book import markup
from deeptwins.paths import BOOK


def days() -> dict[str, dict[str, Any]]:
    """Return the days of all plans by their names."""
    return files.read_yaml(BOOK / "plans.yml")


def fragments() -> dict[str, str]:
    """Return the table and the task sheets of each day, by the name of the fragment."""
    return {f"plan_{name}": plan(day) for name, day in days().items()}


def plan(day: dict[str, Any]) -> str:
    """Return the sessions of a day, with the time at which each starts, and its tasks."""
    rows, sheets, at = [["From", "Minutes", "What", "Which part"]], [], 9 * 60
    for one in [*day["sessions"], {"title": "End", "minutes": 0}]:
        clock = f"{at // 60}:{at % 60:02}"
        rows.append([clock, str(one["minutes"] or ""), one["title"], one.get("part", "")])
        at += one["minutes"]
        sheets.append(f"**{clock} {one['title']}**\n")
        sheets += [step(one, it) for it in one.get("steps", ()) if "task" in it]
    return "\n".join([markup.table("wide", rows[0], rows[1:], "---"), *sheets])


def step(session: dict[str, Any], one: dict[str, Any]) -> str:
    """Return a task as a box that unfolds, or what names a talk; slides.lua makes the slides."""
    if "show" in one:
        return '::: {{.talk show={show} slides="{slides}" minutes={minutes}}}\n:::\n'.format(**one)
    panes = {k: markup.fenced("\n".join(v)) for k, v in commands(session, one).items() if v}
    return f"""::: {{.callout-tip .task minutes={one["minutes"]} collapse="true"}}
## {one["task"]} ({one["minutes"]} minutes)

{one["do"]}

{markup.tabs(panes) if panes else ""}
**Answer.** {one["answer"]}

**If somebody is stuck.** {one["stuck"]}
:::
"""


def commands(session: dict[str, Any], task: dict[str, Any]) -> dict[str, list[str]]:
    """Return what learners type in each language for a task."""
    options, number = task.get("run", ()), session.get("chapter", "")[:2]
    python = [f".venv/bin/deeptwins run {number} --lang python {one}".rstrip() for one in options]
    r = [f'run_twin("{", ".join([number + chr(34), *_arguments(one)])})' for one in options]
    return {"python": python, "r": r}


def _arguments(options: str) -> list[str]:
    """Return the options of `deeptwins run` as arguments of R's run_twin()."""
    words, said = " ".join(shlex.split(options)), []
    for name, value in re.findall(r"--(?:set )?(\w+)[= ](\S+)", words):
        text = value.upper() if value in ("True", "False") else value
        if found := re.fullmatch(r"\[(.*)\]", value):
            text = f"c({', '.join(found[1].split(','))})"
        elif text == value and not re.fullmatch(r"-?[\d.]+(e-?\d+)?", value):
            text = f'"{value}"'
        said.append(f"{name.replace('seed', 'SEED')} = {text}")
    return said
