"""The record of a run: put together when a twin has ended, read and refused where it is not whole.

results/<language>/<id>/record.json follows record.schema.json; beside it lie
output.txt, errors.txt, figures/ and whatever the twin wrote.
"""

import datetime
import functools
import json
import platform
import re
from pathlib import Path
from typing import Any

import numpy as np

from deeptwins import files
from deeptwins.paths import results_dir, script_file
from deeptwins.runs import capture, sections

SCHEMA = 2
SCHEMA_FILE = Path(__file__).with_name("record.schema.json")
RECORD, OUTPUT, ERRORS, RAN = "record.json", "output.txt", "errors.txt", "ran.json"
FIGURES = "figures"

Record = dict[str, Any]


class RecordError(Exception):
    """A record that is missing, unreadable or against the schema."""


def folder_of(exercise: str, language: str, results: Path | None = None) -> Path:
    """Return the folder in which a twin runs and leaves everything."""
    return (results or results_dir()) / language / exercise


def write(job: dict[str, Any], data: dict[str, Any], settings: dict[str, Any]) -> Record:
    """Write the record of a run that has ended well, from what the driver left in its folder."""
    folder = Path(job["folder"])
    ran = json.loads((folder / RAN).read_text(encoding="utf-8"))
    calls = folder / capture.CALLS
    noted = (
        json.loads(calls.read_text(encoding="utf-8"))
        if calls.is_file()
        else {"architectures": {}, "calls": []}
    )
    printed = (folder / OUTPUT).read_text(encoding="utf-8", errors="replace")
    figures = sorted((folder / FIGURES).glob("*.png"), key=_in_order)
    now = datetime.datetime.now(datetime.timezone.utc)
    record = {
        "schema": SCHEMA,
        "id": job["id"],
        "language": job["language"],
        "data": data,
        "set": job["set"],
        "constants": ran["constants"],
        **noted,
        "results": ran["results"],
        "sections": [
            {
                "name": name,
                "printed": text,
                "figures": [
                    one.name
                    for one in figures
                    if one.name.rpartition("-")[0] == sections.slug(name)
                ],
            }
            for name, text in sections.of_output(printed).items()
        ],
        "seconds": ran["seconds"],
        "settings": settings,
        "versions": ran["versions"],
        "machine": f"{platform.machine()} {platform.system()}",
        "script": files.sha256(Path(job["script"])),
        "finished": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
    validate(record, str(folder))
    text = json.dumps(record, indent=1, ensure_ascii=False, allow_nan=False)
    files.write_text(folder / RECORD, text + "\n")
    (folder / RAN).unlink()
    calls.unlink(missing_ok=True)
    return record


def read(exercise: str, language: str, results: Path | None = None) -> Record:
    """Return the validated record of an exercise in one language, from the results folder.

    Raises RecordError where there is none, or none that can be believed.
    """
    path = folder_of(exercise, language, results) / RECORD
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise RecordError(
            f"{path} is missing. Make it with: deeptwins run {exercise} --lang {language}"
        ) from None
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise RecordError(f"{path} is not JSON: {error}") from None
    validate(record, str(path))
    if (record["id"], record["language"]) != (exercise, language):
        raise RecordError(f"{path} is the record of {record['language']} {record['id']}")
    return record


def validate(record: Any, where: str) -> None:
    """Raise RecordError, naming the place, if `record` does not follow the schema."""
    errors = sorted(_validator().iter_errors(record), key=lambda error: list(error.absolute_path))
    if errors:
        place = ".".join(str(part) for part in errors[0].absolute_path) or "the record"
        raise RecordError(f"{where}: {place}: {errors[0].message}")


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
            if isinstance(value, str):
                return f"the loss of fit {number} ({call['section']}) is {value} in epoch {epoch}"
    return ""


def tensors(
    record: Record, folder: Path | None = None
) -> dict[tuple[int, str], list[np.ndarray]] | None:
    """Return the kept arrays by call (from 0) and kind (initial, final, predictions), flat float32.

    None where the run did not keep them.
    """
    path = (folder or folder_of(record["id"], record["language"])) / capture.TENSORS
    if not path.is_file():
        return None
    values, place, found = np.fromfile(path, "<f4"), 0, {}
    for number, call in enumerate(record["calls"]):
        for kind in ("initial", "final", "predictions"):
            for one in call.get(kind) or []:
                size = int(np.prod(one["shape"]))
                found.setdefault((number, kind), []).append(values[place : place + size])
                place += size
    return found


def drop_tensors(exercise: str, language: str) -> None:
    """Delete the kept arrays of a run."""
    (folder_of(exercise, language) / capture.TENSORS).unlink(missing_ok=True)


def _in_order(path: Path) -> tuple[str, int]:
    name, _, number = path.stem.rpartition("-")
    return name, int(re.sub(r"\D", "", number) or 0)


@functools.cache
def _validator() -> Any:
    import jsonschema  # takes 0.1 s, which `deeptwins list` need not pay

    schema = json.loads(SCHEMA_FILE.read_text(encoding="utf-8"))
    return jsonschema.Draft202012Validator(schema)
