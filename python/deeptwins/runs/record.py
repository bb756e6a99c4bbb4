"""The record of a run, results/<language>/<id>/record.json, which follows record.schema.json.

Beside it lie output.txt, errors.txt, figures/ and whatever the twin wrote.
"""

import datetime
import json
import platform
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from deeptwins import files, sections
from deeptwins.paths import results_dir, script_file
from deeptwins.runs import capture

SCHEMA = Path(__file__).with_name("record.schema.json")
RECORD, OUTPUT, ERRORS, RAN = "record.json", "output.txt", "errors.txt", "ran.json"
FIGURES = "figures"

Record = dict[str, Any]


class RecordError(Exception):
    """A record that is missing, unreadable or against the schema."""


def folder_of(exercise: str, language: str, results: Path | None = None) -> Path:
    """Return the folder in which a twin runs and leaves everything."""
    return (results or results_dir()) / language / exercise


def write(job: Mapping[str, Any], data: dict[str, Any], settings: dict[str, Any]) -> Record:
    """Write the record of a run that has ended well, from what the driver left in its folder."""
    folder = Path(job["folder"])
    ran, calls = folder / RAN, folder / capture.CALLS
    printed = (folder / OUTPUT).read_text(encoding="utf-8", errors="replace")
    record = {
        "schema": 2,
        "id": job["id"],
        "language": job["language"],
        "data": data,
        "set": job["set"],
        **{"architectures": {}, "calls": []} | files.read_json(calls),
        **files.read_json(ran),  # constants, results, seconds, versions
        "sections": [
            {"name": name, "printed": text, "figures": _figures(folder, name)}
            for name, text in sections.of_output(printed).items()
        ],
        "settings": settings,
        "machine": f"{platform.machine()} {platform.system()}",
        "script": files.sha256(Path(job["script"])),
        "finished": f"{datetime.datetime.now(datetime.timezone.utc):%Y-%m-%dT%H:%M:%SZ}",
    }
    validate(record, "ended without a valid record")
    text = json.dumps(record, indent=1, ensure_ascii=False, allow_nan=False)
    files.write_text(folder / RECORD, text + "\n")
    ran.unlink()
    calls.unlink(missing_ok=True)
    return record


def read(exercise: str, language: str, results: Path | None = None) -> Record:
    """Return the validated record of an exercise in one language; RecordError where it has none."""
    path = folder_of(exercise, language, results) / RECORD
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        again = f"deeptwins run {exercise} --lang {language}"
        raise RecordError(f"{path} is missing. Make it with: {again}") from None
    except ValueError as error:  # neither UTF-8 nor JSON
        raise RecordError(f"{path} is not JSON: {error}") from None
    validate(record, str(path))
    return record


def validate(record: Any, where: str) -> None:
    """Raise RecordError, naming the place, if `record` does not follow the schema."""
    import jsonschema  # takes 0.1 s, which `deeptwins list` need not pay

    schema = jsonschema.Draft202012Validator(json.loads(SCHEMA.read_text(encoding="utf-8")))
    if error := jsonschema.exceptions.best_match(schema.iter_errors(record)):
        raise RecordError(f"{where}: {error.json_path}: {error.message}")


def changed(record: Record) -> str:
    """Return, with what to do, that a script is no longer the one that made a record; else ""."""
    script = script_file(record["id"], record["language"])
    if script.is_file() and files.sha256(script) == record["script"]:
        return ""
    return f"{script.name} changed since it ran: deeptwins run {record['id']}"


def fits(record: Record) -> list[dict[str, Any]]:
    """Return the calls of fit, in order."""
    return [call for call in record["calls"] if call["call"] == "fit"]


def diverged(record: Record) -> str:
    """Return which fit lost its way and when, in words; "" where none did."""
    for number, call in enumerate(fits(record), start=1):
        for epoch, value in enumerate(call["history"].get("loss", []), start=1):
            if isinstance(value, str):  # "nan" or "inf"
                return f"the loss of fit {number} ({call['section']}) is {value} in epoch {epoch}"
    return ""


def tensors(record: Record, kind: str, folder: Path | None = None) -> np.ndarray | None:
    """Return the values of all arrays of a kind of capture.KEPT; None where they were not kept."""
    path = (folder or folder_of(record["id"], record["language"])) / capture.TENSORS
    if not path.is_file():
        return None
    kinds = [
        np.full(sum(int(np.prod(one["shape"])) for one in call.get(each) or []), each == kind)
        for call in record["calls"]
        for each in capture.KEPT
    ]
    return np.fromfile(path, "<f4")[np.concatenate(kinds)]


def _figures(folder: Path, section: str) -> list[str]:
    """Return the names of a section's figures in the order in which they were drawn."""
    numbered = re.compile(rf"{sections.slug(section)}-\d+\.png")
    names = [one.name for one in (folder / FIGURES).glob("*.png")]
    return sorted(filter(numbered.fullmatch, names), key=lambda name: (len(name), name))
