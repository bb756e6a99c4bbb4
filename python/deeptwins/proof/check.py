"""Tell a learner who changed a twin where the new result lies."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from rich.console import Console
from rich.markup import escape

from deeptwins.paths import TITLES
from deeptwins.proof import bands
from deeptwins.runs import record

SENTENCES = {
    "in": "[green]in the expected band[/]",
    "below": "[yellow]below the expected band[/]",
    "above": "[yellow]above the expected band[/]",
    "undefined": "[yellow]undefined, or defined where it was not[/]",
    "absent": "not computed, since a package is missing",
}
TEST = "test_"  # so begin the names of results on the test set


def reached(metric: str, value: float | None, target: float) -> bool:
    """Whether a value reaches its target: low is good for errors and losses."""
    if value is None:
        return False
    return value <= target if bands.lower_is_better(metric) else value >= target


def check(exercise: str, language: str, *, final: bool = False) -> dict[str, Any]:
    """Return where the last run of a twin lies, against its bands and its targets, as plain data.

    Results on the test set are looked at only if `final`. A reached target excuses leaving a band.
    """
    found: dict[str, Any] = {"exercise": exercise, "language": language, "problem": "", "note": ""}
    found |= {"places": {}, "goals": [], "holds": False}
    try:
        run = record.read(exercise, language)
        expected = bands.read(exercise, run["data"]["variant"])
    except (record.RecordError, bands.BandError) as error:
        return found | {"problem": str(error)}
    if changed := record.changed(run):
        return found | {"problem": changed}

    def shown(by_name: Mapping[str, Any]) -> dict[str, Any]:
        return {k: one for k, one in by_name.items() if final or not k.startswith(TEST)}

    places = shown(bands.place(run, expected))
    if run["data"]["digest"] != expected["data"]:
        found["note"] = "the band was made from other data, so it says nothing of these"
        places = {}
    goals = [
        {"metric": name, "target": target, "value": value, "reached": reached(name, value, target)}
        for name, target in shown(expected["targets"]).items()
        for value in [run["results"].get(name)]
    ]
    won = bool(goals) and all(goal["reached"] for goal in goals)
    holds = won or all(place.word in bands.FITS for place in places.values())
    places = {name: asdict(place) for name, place in places.items()}
    return found | {"places": places, "goals": goals, "holds": holds}


def show(found: Mapping[str, Any], console: Console) -> None:
    """Print the places and the goals, a line each."""

    def number(value: float | None) -> str:
        return "undefined" if value is None else f"{value:.4g}"

    lines = [f"[bold]{found['exercise']}[/], {TITLES[found['language']]}"]
    lines += [f"  {escape(found[one])}" for one in ("problem", "note") if found[one]]
    for name, place in found["places"].items():
        sentence = SENTENCES[place["word"]]
        limits = f"({number(place['low'])} to {number(place['high'])})"
        lines.append(f"  {name:<24} {number(place['value']):>10}  {sentence} {limits}")
    for goal in found["goals"]:
        word = "[green]reached[/]" if goal["reached"] else "[yellow]not reached yet[/]"
        value, target = number(goal["value"]), number(goal["target"])
        lines.append(f"  challenge: {goal['metric']} {value}, target {target}: {word}")
    for line in lines:
        console.print(line, highlight=False, soft_wrap=True)
