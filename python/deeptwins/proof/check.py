"""Tell a learner who changed a twin where the new result lies."""

from collections.abc import Mapping
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
REACHED = {True: "[green]reached[/]", False: "[yellow]not reached yet[/]"}


def reached(metric: str, value: float | None, target: float) -> bool:
    """Whether a value reaches its target: low is good for errors and losses."""
    if value is None:
        return False
    return float(value) <= target if bands.lower_is_better(metric) else float(value) >= target


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
    for metric, target in expected["targets"].items():
        value = run["results"].get(metric)
        goal = {"metric": metric, "target": target, "value": value}
        if final or not metric.startswith("test_"):
            found["goals"].append(goal | {"reached": reached(metric, value, target)})
    if run["data"]["digest"] != expected["data"]:
        found["note"] = "the band was made from other data, so it says nothing of these"
    else:
        places = bands.places(run, expected).items()
        found["places"] = {k: one for k, one in places if final or not k.startswith("test_")}
    won = bool(found["goals"]) and all(goal["reached"] for goal in found["goals"])
    fits = all(place["word"] in bands.FITS for place in found["places"].values())
    return found | {"holds": won or fits}


def show(found: Mapping[str, Any], console: Console) -> None:
    """Print the places and the goals, a line each."""
    lines = [f"[bold]{found['exercise']}[/], {TITLES[found['language']]}"]
    lines += [f"  {escape(found[one])}" for one in ("problem", "note") if found[one]]
    for name, place in found["places"].items():
        limits = f"({bands.number(place['low'])} to {bands.number(place['high'])})"
        value, sentence = bands.number(place["value"]), SENTENCES[place["word"]]
        lines.append(f"  {name:<24} {value:>10}  {sentence} {limits}")
    for goal in found["goals"]:
        value, target = bands.number(goal["value"]), bands.number(goal["target"])
        said = f"{goal['metric']} {value}, target {target}: {REACHED[goal['reached']]}"
        lines.append(f"  challenge: {said}")
    for line in lines:
        console.print(line, highlight=False, soft_wrap=True)
