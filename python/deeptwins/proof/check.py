"""Tell a learner who changed a twin where the new result lies."""

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
    sign = -1 if bands.lower_is_better(metric) else 1
    return value is not None and sign * float(value) >= sign * target


def check(exercise: str, language: str, *, final: bool = False) -> tuple[bool | None, list[str]]:
    """Return whether the last run of a twin holds, None if nothing can be said, and lines for rich.

    Results on the test set are looked at only if `final`. A reached target excuses leaving a band.
    """
    lines = [f"[bold]{exercise}[/], {TITLES[language]}"]
    try:
        run = record.read(exercise, language)
        expected = bands.read(exercise, run["data"]["variant"])
        problem = record.changed(run)
    except (record.RecordError, bands.BandError) as error:
        problem = str(error)
    if problem:
        return None, [*lines, f"  {escape(problem)}"]
    places = bands.places(run, expected)
    if run["data"]["digest"] != expected["data"]:
        lines.append("  the band was made from other data, so it says nothing of these")
        places = {}
    shown, fits, goals = bands.number, True, []
    for name, place in places.items():
        if final or not name.startswith("test_"):
            fits &= place["word"] in bands.FITS
            limits = f"({shown(place['low'])} to {shown(place['high'])})"
            sentence = f"{shown(place['value']):>10}  {SENTENCES[place['word']]}"
            lines.append(f"  {name:<24} {sentence} {limits}")
    for metric, target in expected["targets"].items():
        if final or not metric.startswith("test_"):
            value = run["results"].get(metric)
            goals.append(reached(metric, value, target))
            said = f"{metric} {shown(value)}, target {shown(target)}: {REACHED[goals[-1]]}"
            lines.append(f"  challenge: {said}")
    return fits or (bool(goals) and all(goals)), lines
