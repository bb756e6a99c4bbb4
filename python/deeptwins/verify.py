"""Compare the two records of an exercise, level by level, and both with the expected band.

Each level has one rule, stated in LEVELS and nowhere else. A level that does
not apply to an exercise (a network level where nothing is trained) is marked
as such by the expected file, not by the absence of data in a record.
"""

import json
import math
import struct
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

from deeptwins import bands, record
from deeptwins.paths import LANGUAGES

Record = dict[str, Any]


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
    keras_from: str = ""  # what R reached Keras by: "bridge", or keras3 and its version

    @property
    def holds(self) -> bool:
        """Whether no level fails."""
        return all(finding.holds is not False for finding in self.findings)

    def as_dict(self) -> dict[str, Any]:
        """Return the verdict as plain data for JSON."""
        return {
            "exercise": self.exercise,
            "holds": self.holds,
            "keras_from": self.keras_from,
            "levels": [asdict(finding) for finding in self.findings],
        }


def _largest(pairs: Iterator[tuple[str, float | None, float | None]]) -> tuple[float, str]:
    """Return the largest difference over named pairs of numbers, and its name.

    None stands for undefined and equals only None; the difference is then infinite.
    """
    worst, where = 0.0, ""
    for name, a, b in pairs:
        difference = 0.0 if a == b else math.inf if a is None or b is None else abs(a - b)
        if difference > worst or math.isnan(difference):
            worst, where = (math.inf if math.isnan(difference) else difference), name
    return worst, where


def _keys(level: str, what: str, python: dict, r: dict) -> Finding | None:
    """Return a failed finding if two mappings do not have the same names."""
    if python.keys() == r.keys():
        return None
    only = [f"{name} only in Python" for name in python if name not in r]
    only += [f"{name} only in R" for name in r if name not in python]
    return Finding(level, False, None, f"{what}: {', '.join(only)}")


def _same(a: Any, b: Any) -> bool:
    """Whether two constants agree; R knows no difference between 3 and [3], or 1 and 1.0."""
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(_same, a, b))
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(_same(a[key], b[key]) for key in a)
    if isinstance(a, list) and len(a) == 1:
        a = a[0]
    if isinstance(b, list) and len(b) == 1:
        b = b[0]
    return a == b


def script(python: Record, r: Record) -> Finding:
    """Compare the constants, and the scripts on disk with those that ran."""
    level = "script"
    for one in (python, r):
        if changed := record.changed(one):
            return Finding(level, False, None, changed)
    for name in sorted(python["constants"].keys() | r["constants"].keys()):
        values = [one["constants"].get(name) for one in (python, r)]
        if name not in python["constants"] or name not in r["constants"] or not _same(*values):
            return Finding(
                level, False, None, f"{name} is {values[0]!r} in Python and {values[1]!r} in R"
            )
    return Finding(level, True, None, f"{len(python['constants'])} constants")


def data(python: Record, r: Record) -> Finding:
    """Compare the data set and every array that was made from it."""
    level = "data"
    a, b = python["data"], r["data"]
    for field in ("name", "variant", "digest"):
        if a[field] != b[field]:
            return Finding(level, False, None, f"{field}: {a[field]} in Python, {b[field]} in R")
    if python["seed"] != r["seed"]:
        return Finding(level, False, None, f"seed: {python['seed']} in Python, {r['seed']} in R")
    if wrong := _keys(level, "arrays", a["arrays"], b["arrays"]):
        return wrong
    for name, array in a["arrays"].items():
        other = b["arrays"][name]
        if array["shape"] != other["shape"]:
            shapes = f"{array['shape']} in Python, {other['shape']} in R"
            return Finding(level, False, None, f"{name} has shape {shapes}")
        if array["digest"] != other["digest"]:
            return Finding(level, False, None, f"{name} holds other values")
    return Finding(level, True, 0.0, f"{len(a['arrays'])} arrays")


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


def architecture(python: Record, r: Record) -> Finding:
    """Compare the networks' names, sizes and configurations field by field."""
    level = "architecture"
    if wrong := _keys(level, "networks", python["networks"], r["networks"]):
        return wrong
    for name, network in python["networks"].items():
        other = r["networks"][name]
        configs = json.loads(network["architecture"]), json.loads(other["architecture"])
        for path, a, b in _fields(*configs):
            return Finding(level, False, None, f"{name}: {path} is {a} in Python, {b} in R")
        if network["parameters"] != other["parameters"]:
            sizes = f"{network['parameters']} parameters in Python, {other['parameters']} in R"
            return Finding(level, False, None, f"{name}: {sizes}")
    total = sum(network["parameters"] for network in python["networks"].values())
    return Finding(level, True, 0.0, f"{len(python['networks'])} networks, {total} parameters")


def _weights(one: Record) -> dict[tuple[str, str, int], memoryview]:
    """Return the float32 values of every weight tensor of a record, from its .f32 file."""
    path = record.record_file(one["id"], one["language"]).with_suffix(".f32")
    content, position, tensors = memoryview(path.read_bytes()), 0, {}
    for name, network in one["networks"].items():
        for moment in ("initial", "final"):
            for index, tensor in enumerate(network[moment]):
                size = 4 * math.prod(tensor["shape"])
                tensors[name, moment, index] = content[position : position + size]
                position += size
    return tensors


def _weight_level(level: str, moment: str, python: Record, r: Record) -> Finding:
    """Compare the weights at one moment: shapes and digests, with the difference if they differ."""
    if wrong := _keys(level, "networks", python["networks"], r["networks"]):
        return wrong
    count, differing = 0, []
    for name, network in python["networks"].items():
        a, b = network[moment], r["networks"][name][moment]
        if [tensor["shape"] for tensor in a] != [tensor["shape"] for tensor in b]:
            return Finding(level, False, None, f"{name}: the weights have other shapes")
        count += len(a)
        differing += [
            (name, moment, index)
            for index, (x, y) in enumerate(zip(a, b, strict=True))
            if x["digest"] != y["digest"]
        ]
    if not differing:
        return Finding(level, True, 0.0, f"{count} tensors")
    try:
        both = [_weights(one) for one in (python, r)]
        values = [
            [value for key in differing for (value,) in struct.iter_unpack("<f", tensors[key])]
            for tensors in both
        ]
        difference = max(abs(x - y) for x, y in zip(*values, strict=True))
    except (OSError, ValueError, struct.error):
        difference = None  # the digests are what counts; the values are only shown
    first = f"{differing[0][0]}, tensor {differing[0][2]}"
    return Finding(
        level, False, difference, f"{len(differing)} of {count} tensors differ, first {first}"
    )


def initial_weights(python: Record, r: Record) -> Finding:
    """Compare the weights before training, bit by bit."""
    return _weight_level("initial weights", "initial", python, r)


def final_weights(python: Record, r: Record) -> Finding:
    """Compare the weights after training, bit by bit."""
    return _weight_level("final weights", "final", python, r)


def trajectory(python: Record, r: Record) -> Finding:
    """Compare the loss and every metric of every epoch: they must be equal."""
    level = "trajectory"
    if wrong := _keys(level, "networks", python["networks"], r["networks"]):
        return wrong
    pairs, epochs = [], 0
    for name, network in python["networks"].items():
        a, b = network["history"], r["networks"][name]["history"]
        if wrong := _keys(level, f"{name}: history", a, b):
            return wrong
        for metric, values in a.items():
            if len(values) != len(b[metric]):
                lengths = f"{len(values)} epochs in Python, {len(b[metric])} in R"
                return Finding(level, False, None, f"{name}: {metric} has {lengths}")
            steps = zip(values, b[metric], strict=True)
            pairs += [
                (f"{name}: {metric}, epoch {i}", x, y) for i, (x, y) in enumerate(steps, start=1)
            ]
        epochs += len(a["loss"])
    difference, where = _largest(iter(pairs))
    if difference > 0:
        return Finding(level, False, difference, where + _settings(python, r))
    return Finding(level, True, difference, f"{epochs} epochs")


def _settings(python: Record, r: Record) -> str:
    """Say in which settings two runs were not alike, since that alone can move a trajectory."""
    differing = [
        f"{name} {value} in Python, {r['settings'][name]} in R"
        for name, value in python["settings"].items()
        if value != r["settings"][name]
    ]
    return f" (the settings differ: {'; '.join(differing)})" if differing else ""


TOLERANCE = 1e-12


def test_metrics(python: Record, r: Record) -> Finding:
    """Compare the metrics that each language computed by its own code: equal to TOLERANCE.

    Results of algorithms that draw their own random numbers must only be the
    same ones: their values are compared with the expected band.
    """
    level = "test metrics"
    a, b = python["metrics"], r["metrics"]
    for kind in ("metrics", "independent"):
        if wrong := _keys(level, kind, python[kind], r[kind]):
            return wrong
    difference, where = _largest((name, value, b[name]) for name, value in a.items())
    if difference > TOLERANCE:
        return Finding(level, False, difference, f"{where}: {a[where]} in Python, {b[where]} in R")
    return Finding(level, True, difference, f"{len(a)} metrics")


def expected_band(python: Record, r: Record) -> Finding:
    """Place the results of both languages in the band of many seeds.

    The level does not apply to full data other than those of the band: of a
    data home there are many, whole or in part.
    """
    level = "expected band"
    try:
        expected = bands.read(python["id"], python["data"]["variant"])
    except bands.BandError as error:
        return Finding(level, False, None, str(error))
    if expected["data"]["digest"] != python["data"]["digest"]:
        detail = "the band was made from other data"
        mini = python["data"]["variant"] == "mini"
        return Finding(level, False if mini else None, None, detail)
    outside, absent, worst = [], [], 0.0
    for one in (python, r):
        for kind in ("metrics", "independent"):
            missing = sorted(expected[kind].keys() ^ one[kind].keys())
            if missing:
                names = ", ".join(missing)
                return Finding(level, False, None, f"expected file and record differ in {names}")
        for name, place in bands.place(one, expected).items():
            worst = max(worst, place.distance)
            if place.word == "absent":
                absent.append(f"{name} in {one['language']}")
            elif place.word != "in":
                outside.append(f"{name} {place.value} {place.word} [{place.low}, {place.high}]")
    if outside:
        return Finding(level, False, worst, outside[0])
    without = f", without {', '.join(absent)}" if absent else ""
    return Finding(level, True, 0.0, f"{len(expected['seeds'])} seeds{without}")


@dataclass(frozen=True)
class Level:
    """A level of the comparison: its name, its rule in words, the function that applies it."""

    name: str
    heading: str  # the name as it fits over a narrow column
    rule: str
    compare: Callable[[Record, Record], Finding]
    needs_network: bool = False


LEVELS = [
    Level("script", "\nscript", "both ran as they stand now, with the same constants", script),
    Level("data", "\ndata", "every array has the same shape and the same bits", data),
    Level(
        "architecture",
        "archi-\ntecture",
        "every field of every configuration is equal",
        architecture,
        True,
    ),
    Level(
        "initial weights",
        "initial\nweights",
        "every weight is bit-identical",
        initial_weights,
        True,
    ),
    Level(
        "trajectory",
        "trajec-\ntory",
        "loss and metrics of every epoch differ by 0",
        trajectory,
        True,
    ),
    Level("final weights", "final\nweights", "every weight is bit-identical", final_weights, True),
    Level(
        "test metrics",
        "test\nmetrics",
        f"values differ by at most {TOLERANCE:g}; what an algorithm of each language's own draws "
        "at random (t-SNE, UMAP, k-means) is held to the band alone",
        test_metrics,
    ),
    Level(
        "expected band",
        "\nband",
        "both languages lie in the bands of many seeds, which a run with another seed leaves by "
        f"chance once in {1 / (1 - bands.COVERAGE):.0f}",
        expected_band,
    ),
]


def compare(python: Record, r: Record, *, networks: bool = True) -> Verdict:
    """Return the verdict on two validated records of the same exercise.

    With `networks=False` the levels that need one do not apply, and a record
    that has one all the same fails its architecture level.
    """
    findings = []
    for level in LEVELS:
        if level.needs_network and not networks:
            stray = level.name == "architecture" and (python["networks"] or r["networks"])
            detail = "a network where none was expected" if stray else "no network"
            findings.append(Finding(level.name, False if stray else None, None, detail))
        elif level.needs_network and not (python["networks"] or r["networks"]):
            findings.append(Finding(level.name, False, None, "no network was recorded"))
        else:
            findings.append(level.compare(python, r))
    return Verdict(python["id"], findings, r["versions"].get("keras_from", ""))


def keras_from(verdicts: Iterable[Verdict]) -> str:
    """Return a sentence on what R reached Keras by in the runs that were compared."""
    found = sorted({verdict.keras_from for verdict in verdicts} - {""})
    names = ["the course's own bridge" if one == "bridge" else one for one in found]
    return f"R reached Keras through {' and through '.join(names) or 'nothing yet'}."


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
        networks = bool(records[0]["networks"])  # the level 'expected band' reports it
    return compare(*records, networks=networks)
