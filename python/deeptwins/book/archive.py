"""The last verified runs, as the book shows them: book/runs/<id>.json and its pictures."""

import datetime
import json
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
VISIBLE = 8  # the largest change of one colour channel that a palette may bring, of 255


def note() -> int:
    """Keep what was run here, return how many files changed; BookError where it does not hold."""
    changed = 0
    for exercise in catalog.exercises():
        paths = [record.folder_of(exercise, one) / record.RECORD for one in LANGUAGES]
        if all(path.is_file() for path in paths) and not _is_kept(exercise, paths):
            changed += _keep(exercise)
    return changed


def read(exercise: str) -> dict[str, Any]:
    """Return what was kept of an exercise; BookError where it was never verified."""
    if kept := files.read_json(RUNS / f"{exercise}.json"):
        return kept
    raise BookError(f"{exercise} was never verified. Run: {AGAIN.format(exercise=exercise)}")


def picture(exercise: str, language: str, name: str) -> Path:
    """Return where a figure of a verified run is kept."""
    return RUNS / exercise / language / name


def problems(exercise: str) -> list[str]:
    """Return a sentence for each thing that changed since it was verified, and what mends it."""
    try:
        run = read(exercise)
    except BookError as error:
        return [str(error)]
    changed = verified.changes(exercise, run["digests"])
    for path in pictures(exercise, run):
        if not path.is_file():
            changed.append(f"the picture {path.name} of {path.parent.name} is missing")
    return [f"{exercise}: {one}. Run: {AGAIN.format(exercise=exercise)}" for one in changed]


def _is_kept(exercise: str, paths: list[Path]) -> bool:
    """Tell whether the book has these runs already, without the time that a whole look takes."""
    try:
        known = files.read_json(RUNS / f"{exercise}.json")
        both = dict(zip(LANGUAGES, map(files.read_json, paths), strict=True))
        return known.get("digests") == verified.digests(exercise) and all(
            known[language] == {key: one[key] for key in KEPT} and _is_plain(one)
            for language, one in both.items()
        )
    except (KeyError, ValueError):  # a damaged record: _keep() says which
        return False


def _is_plain(run: dict[str, Any]) -> bool:
    return not run["set"] and run["data"]["variant"] == "mini"


def _keep(exercise: str) -> int:
    """Keep one exercise, and return how many files changed."""
    both = {language: record.read(exercise, language) for language in LANGUAGES}
    for one in both.values():
        if not _is_plain(one):
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
    changed = 0
    for target in pictures(exercise, both):
        drawn = record.folder_of(exercise, target.parent.name) / record.FIGURES / target.name
        changed += compress(drawn, target)
    path = RUNS / f"{exercise}.json"
    known = files.read_json(path)
    if changed or any(known.get(key) != content[key] for key in ("digests", "ledger")):
        files.write_text(path, json.dumps(content, indent=1, ensure_ascii=False) + "\n")
        changed += 1
    return changed


def pictures(exercise: str, runs: dict[str, Any]) -> list[Path]:
    """Return where each picture that was drawn is kept."""
    return [
        picture(exercise, language, name)
        for language in LANGUAGES
        for section in runs[language]["sections"]
        for name in section["figures"]
    ]


def compress(source: Path, target: Path) -> bool:
    """Write a picture as PNG, with few colours if that changes little; say if `target` changed."""
    with Image.open(source) as image:
        shown = image.convert("RGB")
    small = shown.quantize(256, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
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
