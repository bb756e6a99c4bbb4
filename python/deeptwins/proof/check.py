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
        return not self.problem and (
            inside or (bool(self.goals) and all(goal.reached for goal in self.goals))
        )

    def as_dict(self) -> dict[str, Any]:
        """Return the check as plain data for JSON."""
        return asdict(self) | {"holds": self.holds}


def reached(metric: str, value: float | None, target: float) -> bool:
    """Whether a value reaches its target: low is good for errors and losses."""
    if value is None:
        return False
    return value <= target if bands.lower_is_better(metric) else value >= target


def check(exercise: str, language: str) -> Check:
    """Return where the last run of a twin lies: against its band and its target."""
    try:
        found = record.read(exercise, language)
        expected = bands.read(exercise, found["data"]["variant"])
    except (record.RecordError, bands.BandError) as error:
        return Check(exercise, language, problem=str(error))
    if changed := record.changed(found):
        return Check(exercise, language, problem=changed)
    goals = []
    for name, target in expected["targets"].items():
        value = found["results"].get(name)
        goals.append(Goal(name, target, value, reached(name, value, target)))
    if found["data"]["digest"] != expected["data"]:
        note = "the band was made from other data, so it says nothing of these"
        return Check(exercise, language, note=note, goals=goals)
    return Check(exercise, language, places=bands.place(found, expected), goals=goals)


def _number(value: float | None) -> str:
    return "undefined" if value is None else f"{value:.4g}"


def show(result: Check, console: Console) -> None:
    """Print the places and the goals, a line each."""
    console.print(f"[bold]{result.exercise}[/], {TITLES[result.language]}", highlight=False)
    if result.problem:
        console.print(f"  [red]{escape(result.problem)}[/]", highlight=False, soft_wrap=True)
    if result.note:
        console.print(f"  {escape(result.note)}", highlight=False, soft_wrap=True)
    for name, place in result.places.items():
        style = "green" if place.word in ("in", "absent") else "yellow"
        limits = f"{_number(place.low)} to {_number(place.high)}"
        console.print(
            f"  {name:<24} {_number(place.value):>10}  [{style}]{SENTENCES[place.word]}[/]"
            f" ({limits})",
            highlight=False,
        )
    for goal in result.goals:
        word, style = ("reached", "green") if goal.reached else ("not reached yet", "yellow")
        console.print(
            f"  challenge: {goal.metric} {_number(goal.value)}, target {_number(goal.target)}:"
            f" [{style}]{word}[/]",
            highlight=False,
        )
