"""Tell a learner who changed a twin where the new result lies."""

from dataclasses import asdict, dataclass, field
from typing import Any

from rich.console import Console
from rich.markup import escape

from deeptwins.paths import TITLES
from deeptwins.proof import bands
from deeptwins.runs import record

SENTENCES = {
    "in": "in the expected band",
    "below": "below the expected band",
    "above": "above the expected band",
    "undefined": "undefined, or defined where it was not",
    "absent": "not computed, since a package is missing",
}
TEST = "test_"  # so begin the names of results on the test set


@dataclass(frozen=True)
class Goal:
    """The challenge's target for one metric, and whether it is reached."""

    metric: str
    target: float
    value: float | None
    reached: bool


@dataclass(frozen=True)
class Check:
    """Where the result of one twin lies."""

    exercise: str
    language: str
    problem: str = ""
    note: str = ""  # why there are no places
    places: dict[str, bands.Place] = field(default_factory=dict)
    goals: list[Goal] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        """Whether nothing fell out of its band, but for better: a reached goal excuses."""
        inside = all(place.word in ("in", "absent") for place in self.places.values())
        reached = bool(self.goals) and all(goal.reached for goal in self.goals)
        return not self.problem and (inside or reached)

    def as_dict(self) -> dict[str, Any]:
        """Return the check as plain data for JSON."""
        return asdict(self) | {"holds": self.holds}


def reached(metric: str, value: float | None, target: float) -> bool:
    """Whether a value reaches its target: low is good for errors and losses."""
    if value is None:
        return False
    return value <= target if bands.lower_is_better(metric) else value >= target


def check(exercise: str, language: str, *, final: bool = False) -> Check:
    """Return where the last run of a twin lies: against its band and its target.

    Results on the test set are looked at only if `final`.
    """
    try:
        found = record.read(exercise, language)
        expected = bands.read(exercise, found["data"]["variant"])
    except (record.RecordError, bands.BandError) as error:
        return Check(exercise, language, str(error))
    if changed := record.changed(found):
        return Check(exercise, language, changed)
    goals = [
        Goal(name, target, value, reached(name, value, target))
        for name, target in expected["targets"].items()
        for value in [found["results"].get(name)]
        if final or not name.startswith(TEST)
    ]
    if found["data"]["digest"] != expected["data"]:
        note = "the band was made from other data, so it says nothing of these"
        return Check(exercise, language, note=note, goals=goals)
    places = {
        name: place
        for name, place in bands.place(found, expected).items()
        if final or not name.startswith(TEST)
    }
    return Check(exercise, language, places=places, goals=goals)


def show(result: Check, console: Console) -> None:
    """Print the places and the goals, a line each."""

    def number(value: float | None) -> str:
        return "undefined" if value is None else f"{value:.4g}"

    lines = [f"[bold]{result.exercise}[/], {TITLES[result.language]}"]
    if result.problem or result.note:
        style = "red" if result.problem else "none"
        lines.append(f"  [{style}]{escape(result.problem or result.note)}[/]")
    for name, place in result.places.items():
        style = "green" if place.word in ("in", "absent") else "yellow"
        where = f"[{style}]{SENTENCES[place.word]}[/] ({number(place.low)} to {number(place.high)})"
        lines.append(f"  {name:<24} {number(place.value):>10}  {where}")
    for goal in result.goals:
        word = "[green]reached[/]" if goal.reached else "[yellow]not reached yet[/]"
        found = f"{goal.metric} {number(goal.value)}, target {number(goal.target)}"
        lines.append(f"  challenge: {found}: {word}")
    for line in lines:
        console.print(line, highlight=False, soft_wrap=True)
