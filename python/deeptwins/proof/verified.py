"""What was verified last, and what has changed since.

`deeptwins book` notes in book/verified.json, for every exercise whose runs hold,
the SHA-256 of all that the verification was about: the two scripts, the data
sets, the file of expected bands, the fragments with their figures. `problems()`
compares it with what is there now, and needs neither R nor TensorFlow.
"""

import datetime
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from deeptwins import bands, catalog, datasets, files, fragments, record
from deeptwins.paths import BOOK, LANGUAGES, ROOT, script_file

VERIFIED = BOOK / "verified.json"
AGAIN = "deeptwins run {exercise} && deeptwins book"
NEW_BANDS = "python shared_data/make/expected.py {exercise}"


def note() -> bool:
    """Note the exercises that were run here, once fragments.write() has found that they hold.

    Returns whether anything is new: an entry changes only where a digest does,
    and exercises that no longer exist leave the record.

    Raises
    ------
    FragmentError
        The data of an exercise changed after it ran.
    """
    known = _read()
    noted = {}
    for exercise in catalog.exercises():
        if fragments.was_run(exercise):
            noted[exercise] = _entry(exercise, known.get(exercise, {}))
        elif exercise in known:
            noted[exercise] = known[exercise]
    if noted == known:
        return False
    files.write_text(VERIFIED, json.dumps(noted, indent=1, ensure_ascii=False) + "\n")
    return True


def problems(exercises: Iterable[str]) -> list[str]:
    """Return a sentence for each thing that changed since it was verified, and what mends it."""
    known = _read()
    return [
        problem for exercise in exercises for problem in _problems(exercise, known.get(exercise))
    ]


def _problems(exercise: str, noted: Mapping[str, Any] | None) -> Iterator[str]:
    again = AGAIN.format(exercise=exercise)
    if noted is None:
        yield f"{exercise} was never verified. Run: {again}"
        return
    try:
        now = _digests(exercise, noted["data"])
    except (FileNotFoundError, ValueError) as error:  # a data set that is not whole
        yield f"{exercise}: {error}"
        return
    for kind, digests in now.items():
        for name, digest in digests.items():
            if noted[kind].get(name) != digest:
                first = f"{NEW_BANDS} && ".format(exercise=exercise) if kind == "data" else ""
                yield f"{exercise}: {name} changed since it was verified. Run: {first}{again}"


def _read() -> dict[str, Any]:
    return json.loads(VERIFIED.read_text(encoding="utf-8")) if VERIFIED.is_file() else {}


def _entry(exercise: str, known: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what is noted of an exercise: as before, if nothing changed."""
    ran = record.read(exercise, "python")
    now = _digests(exercise, ran["data"]["name"].split(" + "))
    if datasets.together(now["data"]) != ran["data"]["digest"]:
        names = " or ".join(now["data"])
        again = AGAIN.format(exercise=exercise)
        raise fragments.FragmentError(f"{names} changed since {exercise} ran. Run: {again}")
    if all(known.get(kind) == digests for kind, digests in now.items()):
        return known
    keras_from = record.read(exercise, "r")["versions"]["keras_from"]
    day = datetime.datetime.now(datetime.timezone.utc).date().isoformat()
    return now | {"keras_from": keras_from, "verified": day}


def _digests(exercise: str, data: Iterable[str]) -> dict[str, dict[str, str]]:
    """Return the digests of what is there now, by kind and by name."""
    scripts = [script_file(exercise, language) for language in LANGUAGES]
    expected = bands.expected_file(exercise)
    return {
        "scripts": {_place(path): _sha256(path) for path in scripts},
        "data": {name: datasets.mini(name).digest for name in data},
        "expected": {_place(expected): _sha256(expected)},
        "fragments": {_place(fragments.FRAGMENTS / exercise): fragments.digest(exercise)},
    }


def _sha256(path: Path) -> str:
    return files.sha256(path) if path.is_file() else "missing"


def _place(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()
