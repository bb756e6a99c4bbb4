"""The data sets that ship, each with its card, and whether they are whole; what runs read."""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from deeptwins import files
from deeptwins.paths import ROOT, SHARED, data_home

RESTORE = (
    "Restore it with: git checkout -- shared_data/{0}. "
    "If you changed it on purpose, make its card again with its script in shared_data/make"
)
FULL = SHARED / "full.yml"  # the constants of a run on original data, by exercise
NAMED = re.compile(r"shared_data/([a-z0-9_]+)")


def card(name: str) -> dict[str, Any]:
    """Return the card of a data set; ValueError where it is missing or damaged."""
    path = SHARED / name / "card.json"
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        return found | {"files": dict(found["files"])}
    except (OSError, ValueError, LookupError, TypeError):
        raise ValueError(f"{path} is no card of a data set. {RESTORE.format(name)}") from None


def names() -> list[str]:
    """Return the names of all data sets that have a card."""
    return sorted(path.parent.name for path in SHARED.glob("[!.]*/card.json"))


def verify(name: str) -> str:
    """Return the digest of a set that ships; ValueError where it is not as its card says."""
    digests = {}
    for file, entry in card(name)["files"].items():
        path = SHARED / name / file
        digests[file] = digest_of(path) if path.exists() else None
        if digests[file] != entry["sha256"]:
            wrong = "is not the file that its card describes" if path.exists() else "is missing"
            raise ValueError(f"{path} {wrong}. {RESTORE.format(name)}")
    return _digest(digests)


def digest_of(path: Path) -> str:
    """Return the SHA-256 of a file, or of a folder without hidden files (.DS_Store, ._name.png)."""
    if path.is_file():
        return files.sha256(path)
    below = [one.relative_to(path) for one in path.rglob("*") if one.is_file()]
    shown = sorted(one.as_posix() for one in below if not any(p[0] == "." for p in one.parts))
    return _digest({one: files.sha256(path / one) for one in shown})


def _digest(digests: Mapping[str, str]) -> str:
    """Return the SHA-256 over lines `<sha256>  <file>`."""
    lines = "".join(f"{digest}  {file}\n" for file, digest in digests.items())
    return hashlib.sha256(lines.encode()).hexdigest()


def named_in(script: Path, replaced: Iterable[str] = ()) -> list[str]:
    """Return the sets of shared_data that a script names, but for those in replaced constants."""
    source = script.read_text(encoding="utf-8")
    for name in replaced:
        source = re.sub(rf"^{re.escape(name)} *(?:=|<-).*$", "", source, flags=re.M)
    return [name for name in dict.fromkeys(NAMED.findall(source)) if name in names()]


def read_by(script: Path, values: Mapping[str, Any], variant: str) -> dict[str, Any]:
    """Return what a run reads, for its record: variant, each set with its digest, all together.

    A path among the constants that are replaced is the user's own data, or in the data home an
    original. FileNotFoundError where it does not exist, ValueError where a set is not whole.
    """
    sets = {name: verify(name) for name in named_in(script, values)}
    found = variant
    for name, value in values.items():
        if not isinstance(value, str) or not re.search(r"[/\\]", value):
            continue
        if not Path(ROOT, value).exists():
            raise FileNotFoundError(f"{name} is set to {value}, which does not exist.")
        if variant == "full" and Path(value).is_relative_to(data_home()):
            sets[Path(value).relative_to(data_home()).as_posix()] = digest_of(Path(value))
        else:
            sets[value], found = digest_of(Path(ROOT, value)), "own"
    return {"variant": found, "sets": sets, "digest": _digest(sets)}


def with_full() -> dict[str, dict[str, Any]]:
    """Return by exercise the constants of those that have a full variant, as the file has them."""
    return yaml.safe_load(FULL.read_text(encoding="utf-8")) or {}


def constants(exercise: str, variant: str) -> dict[str, Any]:
    """Return the constants to replace for a variant; ValueError where there is no full one."""
    if variant != "full":
        return {}
    if not (found := with_full().get(exercise)):
        raise ValueError(f"{exercise} has no full data: its mini data are all there are.")
    home = {"home": str(data_home())}
    return {k: one.format(**home) if isinstance(one, str) else one for k, one in found.items()}
