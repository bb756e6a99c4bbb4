"""Records that no run made, for tests that change them."""

import copy
import hashlib
import json
import struct

from deeptwins import files
from deeptwins.paths import script_file
from deeptwins.proof import bands
from deeptwins.runs import record

EXERCISE = "01_first_network"
ARCHITECTURE = json.dumps(
    {"layers": [{"units": 10, "activation": "relu"}], "optimizer": {"rate": 0.01}}
)


def tensor(values):
    digest = hashlib.sha256(struct.pack(f"<{len(values)}f", *values)).hexdigest()
    return {"shape": [len(values)], "digest": digest}


def architecture(text):
    return {hashlib.sha256(text.encode()).hexdigest(): text}


def make(language: str) -> dict:
    """Return a record that follows the schema; those of the two languages agree."""
    return {
        "schema": 2,
        "id": EXERCISE,
        "language": language,
        "data": {"variant": "mini", "sets": {"iris": "1" * 64}, "digest": "2" * 64},
        "set": {},
        "constants": {"SEED": 1, "EPOCHS": 2},
        "architectures": architecture(ARCHITECTURE),
        "calls": [
            {
                "call": "fit",
                "section": "fit",
                "inputs": {"x": tensor([5.1, 3.5]), "y": tensor([0.0])},
                "settings": {"batch_size": 16, "epochs": 2},
                "architecture": next(iter(architecture(ARCHITECTURE))),
                "initial": [tensor([0.5, -0.25]), tensor([0.0])],
                "history": {"loss": [1.0, 0.5], "accuracy": [0.5, 0.75]},
                "final": [tensor([0.75, -0.5]), tensor([0.125])],
            },
            {
                "call": "evaluate",
                "section": "test",
                "inputs": {"x": tensor([4.9])},
                "scores": {"loss": 0.5},
            },
            {
                "call": "predict",
                "section": "test",
                "inputs": {"x": tensor([4.9])},
                "predictions": [tensor([0.75])],
            },
        ],
        "results": {"accuracy": 0.75, "loss": 0.5},
        "sections": [{"name": "setup", "printed": "", "figures": []}],
        "seconds": 1.5,
        "settings": {"threads": 1, "onednn": "default", "deterministic": "default"},
        "versions": {"keras": "3.15.1"},
        "machine": "x86_64 Linux",
        "script": files.sha256(script_file(EXERCISE, language)),
        "finished": "2026-01-01T00:00:00Z",
    }


def leave(one: dict) -> None:
    """Put a record where a run would leave it."""
    folder = record.folder_of(one["id"], one["language"])
    files.write_text(folder / record.RECORD, json.dumps(one))


def pair() -> tuple[dict, dict]:
    return make("python"), make("r")


def expected() -> dict:
    """Return bands in which the records lie."""
    values = {"accuracy": [0.7, 0.8] * 10, "loss": [0.4, 0.6] * 10}
    return {
        "networks": True,
        "seeds": list(range(1, 21)),
        "coverage": bands.COVERAGE,
        "data": "2" * 64,
        **bands.together(values, {}),
        "own_random": [],
        "targets": {"accuracy": 0.9},
    }


def changed(one: dict, path: str, value) -> dict:
    """Return a copy with another value at a dotted path; numbers count in lists from 0."""
    copied = copy.deepcopy(one)
    *parents, last = [int(part) if part.isdigit() else part for part in path.split(".")]
    place = copied
    for part in parents:
        place = place[part]
    place[last] = value
    return copied
