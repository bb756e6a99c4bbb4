"""The last verified runs, as the book shows them: book/runs/<id>.json and its pictures."""

import datetime
import json
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from PIL import Image, ImageChops

from deeptwins import catalog, files
from deeptwins.book import BookError
from deeptwins.paths import BOOK, LANGUAGES
from deeptwins.proof import levels, verified
from deeptwins.runs import record

RUNS = BOOK / "runs"
AGAIN = "deeptwins run {exercise} && deeptwins book"
KEPT = ("results", "sections", "seconds", "versions", "settings", "machine", "finished")
COLOURS = 256
VISIBLE = 8  # the largest change of one colour channel that a palette may bring, of 255


def note() -> list[Path]:
    """Keep every exercise that was run here, and return the files that changed.

    What was not run here stays as it is; what belongs to no exercise is deleted. BookError
    where a run does not hold, or was made with other constants or data than the book's.
    """
    exercises, changed = catalog.exercises(), []
    for exercise in exercises:
        folders = [record.folder_of(exercise, language) for language in LANGUAGES]
        if all((one / record.RECORD).is_file() for one in folders):
            changed += _keep(exercise)
    for path in set(RUNS.rglob("*.json")) - {RUNS / f"{one}.json" for one in exercises}:
        shutil.rmtree(path.with_suffix(""), ignore_errors=True)
        path.unlink()
        changed.append(path)
    return changed


def read(exercise: str) -> dict[str, Any]:
    """Return what was kept of an exercise; BookError where it was never verified."""
    if kept := files.read_json(RUNS / f"{exercise}.json"):
        return kept
    raise BookError(f"{exercise} was never verified. Run: {AGAIN.format(exercise=exercise)}")


def picture(exercise: str, language: str, name: str) -> Path:
    """Return where a figure of a verified run is kept."""
    return RUNS / exercise / language / name


def problems(exercises: Iterable[str]) -> list[str]:
    """Return a sentence for each thing that changed since it was verified, and what mends it."""
    found = []
    for exercise in exercises:
        try:
            run = read(exercise)
        except BookError as error:
            found.append(str(error))
            continue
        changed = verified.changes(exercise, run["digests"])
        for language, name in _figures(run):
            if not picture(exercise, language, name).is_file():
                changed.append(f"the picture {name} of {language} is missing")
        again = AGAIN.format(exercise=exercise)
        found += [f"{exercise}: {one}. Run: {again}" for one in changed]
    return found


def _keep(exercise: str) -> list[Path]:
    both = {language: record.read(exercise, language) for language in LANGUAGES}
    for one in both.values():
        if one["set"] or one["data"]["variant"] != "mini":
            values = ", ".join(one["set"]) or one["data"]["variant"]
            again = f"the book shows it as it stands. Run: deeptwins run {exercise}"
            raise BookError(f"{exercise} last ran with {values} set; {again}")
    verdict = levels.verify(exercise)
    for finding in verdict.failed:
        raise BookError(f"{exercise} does not hold: {finding.level}: {finding.detail}")
    content = {
        "digests": verified.digests(exercise),
        "verified": datetime.datetime.now(datetime.timezone.utc).date().isoformat(),
        "ledger": verdict.as_dict(),
        **{language: {key: one[key] for key in KEPT} for language, one in both.items()},
    }
    shown, changed = set(), []
    for language, name in _figures(both):
        target = picture(exercise, language, name)
        shown.add(target)
        if compress(record.folder_of(exercise, language) / record.FIGURES / name, target):
            changed.append(target)
    for left in set((RUNS / exercise).rglob("*.png")) - shown:
        left.unlink()
        changed.append(left)
    path = RUNS / f"{exercise}.json"
    known = files.read_json(path)
    if changed or any(known.get(key) != content[key] for key in ("digests", "ledger")):
        files.write_text(path, json.dumps(content, indent=1, ensure_ascii=False) + "\n")
        changed.append(path)
    return changed


def _figures(runs: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield language and name of each picture that was drawn."""
    for language in LANGUAGES:
        for section in runs[language]["sections"]:
            yield from ((language, name) for name in section["figures"])


def compress(source: Path, target: Path) -> bool:
    """Write a picture as a small PNG, and say whether `target` changed.

    A picture of few colours gets a palette, which makes it a third the size; a
    photograph keeps its colours. `target` is left alone if it shows the same.
    """
    with Image.open(source) as image:
        shown = image.convert("RGB")
    small = shown.quantize(COLOURS, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    change = ImageChops.difference(small.convert("RGB"), shown)
    if max(high for _, high in change.getextrema()) > VISIBLE:
        small = shown
    if target.is_file():
        with Image.open(target) as old:
            if old.convert("RGB").tobytes() == small.convert("RGB").tobytes():
                return False
    with files.replacing(target) as temporary:
        small.save(temporary, format="PNG", optimize=True)
    return True
