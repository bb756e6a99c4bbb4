"""Read the record of a run and refuse one that does not follow the schema."""

import json
from functools import cache
from pathlib import Path
from typing import Any

from deeptwins import files
from deeptwins.paths import results_dir, script_file

SCHEMA_FILE = Path(__file__).with_name("record.schema.json")


class RecordError(Exception):
    """A record that is missing, unreadable or against the schema."""


def record_file(exercise: str, language: str) -> Path:
    """Return where report() of that language writes the record of an exercise."""
    return results_dir() / language / f"{exercise}.json"


@cache
def _validator() -> Any:
    import jsonschema  # takes 0.1 s, which `deeptwins list` need not pay

    schema = json.loads(SCHEMA_FILE.read_text(encoding="utf-8"))
    return jsonschema.Draft202012Validator(schema)


def validate(record: Any, where: str) -> None:
    """Raise RecordError, naming the place, if `record` does not follow the schema."""
    errors = sorted(_validator().iter_errors(record), key=lambda error: list(error.absolute_path))
    if errors:
        first = errors[0]
        place = ".".join(str(part) for part in first.absolute_path) or "the record"
        raise RecordError(f"{where}: {place}: {first.message}")


def read(exercise: str, language: str) -> dict[str, Any]:
    """Return the validated record of an exercise in one language.

    Raises RecordError where there is none, or none that can be believed.
    """
    path = record_file(exercise, language)
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


def changed(record: dict[str, Any]) -> str:
    """Return, with what to do, that a script is no longer the one that made a record; else ""."""
    script = script_file(record["id"], record["language"])
    if script.is_file() and files.sha256(script) == record["script"]:
        return ""
    return f"{script.name} changed since it ran: deeptwins run {record['id']}"
