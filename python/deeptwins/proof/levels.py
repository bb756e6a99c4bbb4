"""Compare the two records of an exercise, level by level, and both with the expected band.

Each level has one rule, stated in LEVELS and nowhere else. The levels about
networks do not apply to an exercise whose expected file says that it trains
none; a record without a network is no reason.
"""

import json
import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from deeptwins.paths import LANGUAGES
from deeptwins.proof import bands
from deeptwins.runs import record
from deeptwins.runs.record import Record

TOLERANCE = 1e-12


@dataclass(frozen=True)
class Finding:
    """What one level says of one exercise."""

    level: str
    holds: bool | None  # None: the level does not apply
    difference: float | None  # the largest that was seen, where the level has numbers
    detail: str


@dataclass(frozen=True)
class Verdict:
    """What all levels say of one exercise."""

    exercise: str
    findings: list[Finding]
    keras3: str = ""  # the version of R's keras3, below 0.1 where the stand-in served
    diverged: str = ""  # where a loss became NaN or infinite

    @property
    def holds(self) -> bool:
        """Whether no level fails."""
        return all(finding.holds is not False for finding in self.findings)

    def as_dict(self) -> dict[str, Any]:
        """Return the verdict as plain data for JSON."""
        return asdict(self) | {"holds": self.holds}


Compared = tuple[bool | None, float | None, str]
Call = dict[str, Any]


class _Differs(Exception):
    """The two records differ; arguments are the detail and, where it is a number, by how much."""

    def __init__(self, detail: str, difference: float | None = None) -> None:
        super().__init__(detail)
        self.difference = difference


def _largest(pairs: Iterable[tuple[str, Any, Any]]) -> tuple[float, str]:
    """Return the largest difference over named pairs of numbers, and its name.

    None stands for undefined and equals only None; NaN equals NaN.
    """
    worst, where = 0.0, ""
    for name, a, b in pairs:
        if a == b:
            continue
        difference = math.inf if a is None or b is None else abs(float(a) - float(b))
        difference = math.inf if math.isnan(difference) else difference
        if difference > worst:
            worst, where = difference, name
    return worst, where


def _same_keys(what: str, python: Iterable[str], r: Iterable[str]) -> None:
    a, b = list(python), list(r)
    only = [f"{name} only in Python" for name in a if name not in b]
    only += [f"{name} only in R" for name in b if name not in a]
    if only:
        raise _Differs(f"{what}: {', '.join(only)}")


def _same_value(a: Any, b: Any) -> bool:
    """Whether two constants agree; R knows no difference between 3 and [3], or 1 and 1.0."""
    if isinstance(a, list) and len(a) == 1:
        a = a[0]
    if isinstance(b, list) and len(b) == 1:
        b = b[0]
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(_same_value, a, b))
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(_same_value(a[key], b[key]) for key in a)
    return a == b


def _calls(python: Record, r: Record, *kinds: str) -> list[tuple[str, Call, Call]]:
    """Return the calls of these kinds in pairs, each with a name to speak of it."""
    mine, others = ([c for c in one["calls"] if c["call"] in kinds] for one in (python, r))
    if len(mine) != len(others):
        names = "/".join(kinds)
        raise _Differs(f"{len(mine)} calls of {names} in Python, {len(others)} in R")
    pairs = []
    for number, (a, b) in enumerate(zip(mine, others, strict=True), start=1):
        names = [f"{one['call']} in section {one['section']}" for one in (a, b)]
        if names[0] != names[1]:
            raise _Differs(f"call {number} is {names[0]} in Python, {names[1]} in R")
        pairs.append((f"{a['call']} {number} ({a['section']})", a, b))
    return pairs


def script(python: Record, r: Record) -> Compared:
    """Compare the constants, and the scripts on disk with those that ran."""
    for one in (python, r):
        if changed := record.changed(one):
            raise _Differs(changed)
    a, b = python["constants"], r["constants"]
    _same_keys("constants", a, b)
    for name, value in a.items():
        if not _same_value(value, b[name]):
            raise _Differs(f"{name} is {value!r} in Python and {b[name]!r} in R")
    return True, None, f"{len(a)} constants"


def inputs(python: Record, r: Record) -> Compared:
    """Compare the data, and every array that was given to Keras."""
    for field in ("variant", "sets"):
        a, b = python["data"][field], r["data"][field]
        if a != b:
            raise _Differs(f"{field}: {a} in Python, {b} in R")
    pairs = _calls(python, r, "fit", "predict", "evaluate")
    for name, a, b in pairs:
        for kind in ("inputs", "settings"):
            for path, x, y in _fields(a.get(kind, {}), b.get(kind, {})):
                raise _Differs(f"{name}: {path} is {_short(x)} in Python, {_short(y)} in R")
    return True, 0.0 if pairs else None, f"{len(pairs)} calls"


def architecture(python: Record, r: Record) -> Compared:
    """Compare the fitted models' configurations field by field."""
    pairs = _calls(python, r, "fit")
    for name, a, b in pairs:
        if a["architecture"] == b["architecture"]:
            continue
        configurations = (
            json.loads(one["architectures"][call["architecture"]])
            for one, call in ((python, a), (r, b))
        )
        for path, x, y in _fields(*configurations):
            raise _Differs(f"{name}: {path} is {x} in Python, {y} in R")
    if not pairs:
        raise _Differs("no network was fitted")
    return True, 0.0, f"{len(pairs)} fits"


def initial_weights(python: Record, r: Record) -> Compared:
    """Compare the weights before each fit, bit by bit."""
    return _tensors("initial", python, r)


def final_weights(python: Record, r: Record) -> Compared:
    """Compare the weights after each fit, bit by bit."""
    return _tensors("final", python, r)


def predictions(python: Record, r: Record) -> Compared:
    """Compare what predict returned, bit by bit, and what evaluate returned."""
    _same_scores(python, r)
    return _tensors("predictions", python, r)


def training(python: Record, r: Record) -> Compared:
    """Compare the loss and every metric of every epoch: they must be equal."""
    values, epochs = [], 0
    for name, a, b in _calls(python, r, "fit"):
        _same_keys(f"{name}: history", a["history"], b["history"])
        for metric, mine in a["history"].items():
            others = b["history"][metric]
            if len(mine) != len(others):
                lengths = f"{len(mine)} epochs in Python, {len(others)} in R"
                raise _Differs(f"{name}: {metric} has {lengths}")
            epochs += len(mine) if metric == "loss" else 0
            values += [
                (f"{name}: {metric}, epoch {epoch}", x, y)
                for epoch, (x, y) in enumerate(zip(mine, others, strict=True), start=1)
            ]
    difference, where = _largest(values)
    if difference > 0:
        raise _Differs(where + _settings(python, r), difference)
    return True, difference, f"{epochs} epochs"


def results(python: Record, r: Record) -> Compared:
    """Compare `results`, which each language computed by its own code: equal to TOLERANCE.

    What an algorithm of each language's own draws at random must only be there:
    its values are compared with the expected band.
    """
    a, b = python["results"], r["results"]
    _same_keys("results", a, b)
    own = bands.own_random(python["id"], python["data"]["variant"])
    difference, where = _largest((name, a[name], b[name]) for name in a if name not in own)
    if difference > TOLERANCE:
        raise _Differs(f"{where}: {a[where]} in Python, {b[where]} in R", difference)
    return True, difference, f"{len(a)} results"


def band(python: Record, r: Record) -> Compared:
    """Place the headline results of both languages in the band of many seeds.

    The level does not apply where the band says nothing: to constants that were
    set, to data of the user's own, to other full data than the band's.
    """
    changed = [name for name in python["set"] if name != "SEED"]
    if changed and python["data"]["variant"] != "full":
        return None, None, f"{', '.join(changed)} set: the band is for other constants"
    try:
        expected = bands.read(python["id"], python["data"]["variant"])
    except bands.BandError as error:
        raise _Differs(str(error)) from None
    if expected["data"] != python["data"]["digest"]:
        if python["data"]["variant"] == "mini":
            raise _Differs("the band was made from other data")
        return None, None, "the band was made from other data"
    absent = []
    for one in (python, r):
        for name, place in bands.place(one, expected).items():
            if place.word == "absent":
                absent.append(f"{name} in {one['language']}")
            elif place.word != "in":
                where = f"[{place.low:.6g}, {place.high:.6g}]"
                raise _Differs(f"{name} {place.value} {place.word} {where}", place.distance)
    without = f", without {', '.join(absent)}" if absent else ""
    return True, 0.0, f"{len(expected['seeds'])} seeds{without}"


def _fields(a: Any, b: Any, path: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Yield every leaf in which two configurations differ, with its path."""
    if isinstance(a, dict) and isinstance(b, dict):
        for key in sorted(a.keys() | b.keys()):
            yield from _fields(a.get(key), b.get(key), f"{path}.{key}" if path else key)
    elif isinstance(a, list) and isinstance(b, list) and len(a) == len(b):
        for index, (x, y) in enumerate(zip(a, b, strict=True)):
            yield from _fields(x, y, f"{path}[{index}]")
    elif a != b:
        yield path, a, b


def _short(value: Any) -> str:
    text = str(value)
    return text[:12] if len(text) == 64 else text


def _tensors(kind: str, python: Record, r: Record) -> Compared:
    """Compare one kind of kept arrays: shapes and digests, with the difference if they differ."""
    mine, others = (
        [
            (number, call, index, one)
            for number, call in enumerate(record_["calls"])
            for index, one in enumerate(call.get(kind) or [])
        ]
        for record_ in (python, r)
    )
    if [one["shape"] for *_, one in mine] != [one["shape"] for *_, one in others]:
        raise _Differs("the arrays have other shapes")
    differing = [
        (number, call, index)
        for (number, call, index, a), (*_, b) in zip(mine, others, strict=True)
        if a["digest"] != b["digest"]
    ]
    if not differing:
        return True, 0.0 if mine else None, f"{len(mine)} arrays"
    kept = [record.tensors(one) for one in (python, r)]
    difference = None  # the digests are what counts; the values are only shown
    if all(kept):
        both = [
            np.concatenate([values[number, kind][index] for number, _, index in differing])
            for values in kept
        ]
        difference = float(np.abs(both[0].astype(float) - both[1]).max())
    _, call, index = differing[0]
    first = f"{call['call']} in section {call['section']}, array {index + 1}"
    raise _Differs(f"{len(differing)} of {len(mine)} arrays differ, first {first}", difference)


def _same_scores(python: Record, r: Record) -> None:
    for name, a, b in _calls(python, r, "evaluate"):
        scores = [list(one["scores"].values()) for one in (a, b)]
        difference, _ = _largest(("", x, y) for x, y in zip(*scores, strict=True))
        if difference > 0:
            raise _Differs(f"{name}: {scores[0]} in Python, {scores[1]} in R", difference)


def _settings(python: Record, r: Record) -> str:
    """Say in which settings two runs were not alike, since that alone can move a training."""
    differing = [
        f"{name} {value} in Python, {r['settings'][name]} in R"
        for name, value in python["settings"].items()
        if value != r["settings"][name]
    ]
    return f" (the settings differ: {'; '.join(differing)})" if differing else ""


@dataclass(frozen=True)
class Level:
    """A level of the comparison: its name, its rule in words, the function that applies it."""

    name: str
    heading: str  # the name as it fits over a narrow column
    rule: str
    compare: Callable[[Record, Record], Compared]
    needs_network: bool = False

    def find(self, python: Record, r: Record) -> Finding:
        """Return what this level says of two records."""
        try:
            return Finding(self.name, *self.compare(python, r))
        except _Differs as error:
            return Finding(self.name, False, error.difference, str(error))


LEVELS = [
    Level("script", "\nscript", "both ran as they stand now, with the same constants", script),
    Level("inputs", "\ninputs", "every array given to Keras has the same shape and bits", inputs),
    Level(
        "architecture",
        "archi-\ntect.",
        "every field of every configuration is equal",
        architecture,
        True,
    ),
    Level(
        "initial weights",
        "initial\nweight",
        "every weight is bit-identical",
        initial_weights,
        True,
    ),
    Level("training", "train-\ning", "loss and metrics of every epoch differ by 0", training, True),
    Level("final weights", "final\nweight", "every weight is bit-identical", final_weights, True),
    Level("predictions", "predic\ntions", "every prediction is bit-identical", predictions, True),
    Level(
        "results",
        "re-\nsults",
        f"values differ by at most {TOLERANCE:g}; what an algorithm of each language's own draws "
        "at random (t-SNE, UMAP, k-means) is held to the band alone",
        results,
    ),
    Level(
        "band",
        "\nband",
        "the headline results of both languages lie in the bands of many seeds, which a run with "
        f"another seed leaves by chance once in {1 / (1 - bands.COVERAGE):.0f}",
        band,
    ),
]


def compare(python: Record, r: Record, *, networks: bool = True) -> Verdict:
    """Return the verdict on two validated records of the same exercise.

    With `networks=False` the levels that need one do not apply, and a record
    that has one all the same fails its architecture level.
    """
    findings = []
    for level in LEVELS:
        if networks or not level.needs_network:
            findings.append(level.find(python, r))
        else:
            stray = level.name == "architecture" and (record.fits(python) or record.fits(r))
            detail = "a network where none was expected" if stray else "no network"
            findings.append(Finding(level.name, False if stray else None, None, detail))
    lost = {one["language"]: found for one in (python, r) if (found := record.diverged(one))}
    if len(set(lost.values())) == 1 and len(lost) == len(LANGUAGES):
        diverged = f"{next(iter(lost.values()))}, in both languages"
    else:
        diverged = "; ".join(f"{found}, in {language}" for language, found in lost.items())
    return Verdict(python["id"], findings, r["versions"].get("keras3", ""), diverged)


def keras3_of(verdicts: Iterable[Verdict]) -> str:
    """Return a sentence on the keras3 that R had in the runs that were compared."""
    found = sorted({verdict.keras3 for verdict in verdicts} - {""})
    names = ["the course's stand-in" if one < "0.1" else f"version {one}" for one in found]
    return f"R's keras3 was {' and '.join(names) or 'not used yet'}."


def verify(exercise: str) -> Verdict:
    """Return the verdict on the records of an exercise in the results folder.

    A record that cannot be read fails every level and says why at the first.
    """
    records = []
    for language in LANGUAGES:
        try:
            records.append(record.read(exercise, language))
        except record.RecordError as error:
            reasons = [str(error)] + ["no record to compare"] * (len(LEVELS) - 1)
            return Verdict(
                exercise,
                [
                    Finding(level.name, False, None, reason)
                    for level, reason in zip(LEVELS, reasons, strict=True)
                ],
            )
    try:
        networks = bands.read(exercise, records[0]["data"]["variant"])["networks"]
    except bands.BandError:
        networks = bool(record.fits(records[0]))  # the level `band` reports it
    return compare(*records, networks=networks)
