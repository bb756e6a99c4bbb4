"""Records that no run made, for tests that change them."""

import copy
import hashlib
import json
import struct

from deeptwins import bands, files, record
from deeptwins.paths import script_file

EXERCISE = "04_hello_iris"
WEIGHTS = {"initial": [[0.5, -0.25], [0.0]], "final": [[0.75, -0.5], [0.125]]}


def digest(values, kind="f"):
    return hashlib.sha256(struct.pack(f"<{len(values)}{kind}", *values)).hexdigest()


def tensor(values, kind="f"):
    return {"shape": [len(values)], "digest": digest(values, kind)}


def make(language: str, exercise: str = EXERCISE) -> dict:
    """Return a record that follows the schema; those of the two languages agree."""
    return {
        "schema": 1,
        "id": exercise,
        "language": language,
        "data": {
            "name": "iris",
            "variant": "mini",
            "digest": digest([1.0]),
            "arrays": {"x_train": tensor([5.1, 3.5], "d"), "y_train": tensor([0.0], "d")},
        },
        "seed": 1,
        "constants": {"SEED": 1, "EPOCHS": 2, "TARGET": {"accuracy": 0.9}},
        "networks": {
            "iris": {
                "parameters": 3,
                "architecture": json.dumps(
                    {"layers": [{"units": 10, "activation": "relu"}], "optimizer": {"rate": 0.01}}
                ),
                "initial": [tensor(values) for values in WEIGHTS["initial"]],
                "final": [tensor(values) for values in WEIGHTS["final"]],
                "history": {"loss": [1.0, 0.5], "accuracy": [0.5, 0.75]},
            }
        },
        "metrics": {"accuracy": 0.75, "loss": 0.5},
        "independent": {},
        "seconds": 1.5,
        "settings": {"threads": 1, "onednn": "default", "deterministic": "default"},
        "versions": {"keras": "3.15.1"},
        "machine": "x86_64 Linux",
        "script": files.sha256(script_file(exercise, language)),
        "finished": "2026-01-01T00:00:00Z",
    }


def pair() -> tuple[dict, dict]:
    return make("python"), make("r")


def write(one: dict, weights: dict = WEIGHTS) -> None:
    """Write a record and its weights to the results folder."""
    path = record.record_file(one["id"], one["language"])
    files.write_text(path, json.dumps(one))
    content = [values for moment in ("initial", "final") for values in weights[moment]]
    with files.replacing(path.with_suffix(".f32")) as temporary:
        temporary.write_bytes(b"".join(struct.pack(f"<{len(v)}f", *v) for v in content))


def expected(networks: bool = True) -> dict:
    """Return bands around the synthetic metrics."""
    near = [round(0.70 + 0.01 * step, 2) for step in [*range(11), *range(1, 10)]]
    return {
        "networks": networks,
        "seeds": list(range(1, 21)),
        "data": {"name": "iris", "digest": digest([1.0]), "arrays": {"x_train": [2]}},
        "independent": {},
        "metrics": {
            "accuracy": bands.band("accuracy", near),
            "loss": bands.band("loss", [value - 0.25 for value in near]),
        },
    }


def changed(one: dict, path: str, value) -> dict:
    """Return a copy of a record in which the field at a dotted path has another value."""
    other = copy.deepcopy(one)
    *parents, last = path.split(".")
    place = other
    for part in parents:
        place = place[int(part) if part.isdigit() else part]
    place[int(last) if last.isdigit() else last] = value
    return other
