"""Compare the two records of an exercise, level by level, and both with the expected band.

LEVELS states the rule of each. Those about networks do not apply where none is trained.
"""

import contextlib
import json
import math
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from typing import Any

from deeptwins.paths import LANGUAGES
from deeptwins.proof import bands
from deeptwins.runs import capture, record
from deeptwins.runs.record import Record

TOLERANCE = 1e-12

Said = tuple[bool | None, float | None, str]  # the last three fields of a Finding
Comparison = Callable[[Record, Record], Said]
Part = Callable[[Record], Any]


@dataclass(frozen=True)
class Finding:
    """What one level says of one exercise."""

    level: str
    holds: bool | None  # None: the level does not apply
    difference: float | None = None  # the largest that was seen, where the level has numbers
    detail: str = ""


@dataclass(frozen=True)
class Verdict:
    """What all levels say of one exercise."""

    exercise: str
    findings: list[Finding]
    keras3: str = ""  # the version of R's keras3, below 0.1 where the stand-in served
    diverged: str = ""  # where a loss became NaN or infinite

    @property
    def failed(self) -> list[Finding]:
        """What does not hold."""
        return [finding for finding in self.findings if finding.holds is False]

    def as_dict(self) -> dict[str, Any]:
        """Return the verdict as plain data for JSON."""
        return asdict(self) | {"holds": not self.failed}


@dataclass(frozen=True)
class Level:
    """A level of the comparison."""

    name: str
    rule: str
    compare: Comparison
    needs_network: bool = False


# ---- the parts of a record that have to be equal ----


def calls(*keys: str) -> Part:
    """Return the part that has these entries of each call of Keras."""
    return lambda one: {
        f"{call['call']}, call {number}": {key: call[key] for key in keys if key in call}
        for number, call in enumerate(one["calls"], start=1)
    }


def inputs(one: Record) -> Any:
    """Return the data, and what was given to Keras."""
    data = {"variant": one["data"]["variant"], "sets": one["data"]["sets"]}
    return data | calls("section", "inputs", "settings")(one)


def models(one: Record) -> Any:
    """Return the configurations of the fitted models."""
    texts = [one["architectures"][fit["architecture"]] for fit in record.fits(one)]
    return {f"fit {number}": json.loads(text) for number, text in enumerate(texts, start=1)}


def results(one: Record) -> Any:
    """Return the results; of what the language draws by itself only that it is there."""
    own: set[str] = set()
    with contextlib.suppress(bands.BandError):
        expected = bands.read(one["id"], one["data"]["variant"])
        own = {*expected["independent"], *expected["own_random"]}
    return {name: None if name in own else value for name, value in one["results"].items()}


# ---- how they are compared ----


def same(part: Part, tolerance: float = 0.0) -> Comparison:
    """Return the comparison of a part of two records, value by value; of arrays, by digest."""

    def compare(python: Record, r: Record) -> Said:
        a, b = _leaves(part(python)), _leaves(part(r))
        largest, wrong = 0.0, []
        for place in a | b:
            x, y = a.get(place, "missing"), b.get(place, "missing")
            if x == y:
                continue
            numbers = isinstance(x, int | float) and isinstance(y, int | float)
            difference = abs(x - y) if numbers else math.inf
            largest = max(largest, difference)
            if difference > tolerance:
                wrong.append(f"{place} is {x!s:.60} in Python, {y!s:.60} in R")
        if not wrong:
            return True, largest, f"{len(a)} values"
        if math.isinf(largest):
            largest = _between_arrays(wrong[0], python, r)
        detail = f"{wrong[0]}; {len(wrong)} of {len(a)} values differ"
        for name, value in python["settings"].items():  # that alone can move a training
            if value != r["settings"][name]:
                detail += f"; the setting {name} was {value} in Python, {r['settings'][name]} in R"
        return False, largest, detail

    return compare


def script(python: Record, r: Record) -> Said:
    """Compare the scripts on disk with those that ran, and the constants."""
    if changed := record.changed(python) or record.changed(r):
        return False, None, changed
    return same(lambda one: one["constants"])(python, r)


def band(python: Record, r: Record) -> Said:
    """Place the headline results of both in the band, if constants and data are those of it."""
    variant = python["data"]["variant"]
    changed = [name for name in python["set"] if name != "SEED"]
    if changed and variant != "full":
        return None, None, f"{', '.join(changed)} set: the band is for other constants"
    try:
        expected = bands.read(python["id"], variant)
    except bands.BandError as error:
        return False, None, str(error)
    if expected["data"] != python["data"]["digest"]:
        return None if variant == "full" else False, None, "the band was made from other data"
    for one in (python, r):
        for name, place in bands.places(one, expected).items():
            if place["word"] not in bands.FITS:
                where = "{value} {word} [{low}, {high}]".format_map(place)
                return False, None, f"{name} {where} in {one['language']}"
    return True, 0.0, f"{len(expected['seeds'])} seeds"


BAND = (
    "the main results of both languages lie in the expected band, which was made from many seeds; "
    f"about 1 run in {1 / (1 - bands.COVERAGE):.0f} with another seed lies outside by chance"
)
LEVELS = [
    Level("script", "both runs used the present scripts and the same constants", script),
    Level("inputs", "every array given to Keras has the same shape and numbers", same(inputs)),
    Level("architecture", "the same layers with the same settings", same(models), True),
    Level("initial weights", "every weight is the same number", same(calls("initial")), True),
    Level("training", "loss and metrics of every epoch differ by 0", same(calls("history")), True),
    Level("final weights", "every weight is the same number", same(calls("final")), True),
    Level("predictions", "each is the same number", same(calls("predictions", "scores")), True),
    Level(
        "results",
        f"values differ by at most {TOLERANCE:g}; for t-SNE, UMAP and k-means each language draws "
        "its own random numbers, so these only have to lie in the expected band",
        same(results, TOLERANCE),
    ),
    Level("band", BAND, band),
]


def compare(python: Record, r: Record, *, networks: bool = True) -> Verdict:
    """Return the verdict on two records; without `networks`, a record that has one fails."""
    found = {}
    for level in LEVELS:
        applies = networks or not level.needs_network
        found[level.name] = level.compare(python, r) if applies else (None, None, "no network")
    if networks != any(map(record.fits, (python, r))):
        detail = "no network was fitted" if networks else "a network where none was expected"
        found["architecture"] = (False, None, detail)
    findings = [Finding(name, *said) for name, said in found.items()]
    diverged = record.diverged(python) or record.diverged(r)
    return Verdict(python["id"], findings, r["versions"].get("keras3", ""), diverged)


def verify(exercise: str) -> Verdict:
    """Return the verdict on the last records; one that cannot be read fails every level."""
    try:
        python, r = (record.read(exercise, language) for language in LANGUAGES)
    except record.RecordError as error:
        first, *others = LEVELS
        told = Finding(first.name, False, detail=str(error))
        return Verdict(exercise, [told, *(Finding(level.name, False) for level in others)])
    try:
        networks = bands.read(exercise, python["data"]["variant"])["networks"]
    except bands.BandError:
        networks = bool(record.fits(python))  # the level `band` reports it
    return compare(python, r, networks=networks)


def keras3_of(verdicts: Iterable[Verdict]) -> str:
    """Return a sentence on the keras3 that R had in the runs that were compared."""
    found = sorted({verdict.keras3 for verdict in verdicts} - {""})
    names = ["the course's stand-in" if one < "0.1" else f"version {one}" for one in found]
    return f"R's keras3 was {' and '.join(names) or 'not used yet'}."


def _leaves(value: Any, place: str = "") -> dict[str, Any]:
    """Return every value in nested dictionaries and lists by its place; R knows no list of one."""
    if isinstance(value, dict):
        inside = {f"{place}.{key}" if place else key: one for key, one in value.items()}
    elif isinstance(value, list):
        many = len(value) > 1
        inside = {f"{place} #{n}" if many else place: one for n, one in enumerate(value, start=1)}
    else:
        return {place: value}
    leaves = {}
    for path, one in inside.items():
        leaves |= _leaves(one, path)
    return leaves


def _between_arrays(place: str, python: Record, r: Record) -> float | None:
    """Return the largest difference of the arrays at a place; None where runs kept none."""
    kind = next((one for one in capture.KEPT if f".{one}" in place), "")
    a, b = (record.tensors(one, kind) for one in (python, r))
    comparable = a is not None and b is not None and len(a) == len(b) > 0
    return float(abs(a.astype(float) - b).max()) if comparable else None
