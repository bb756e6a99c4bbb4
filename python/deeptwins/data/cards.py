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

RESTORE = "Restore it with: git checkout -- shared_data/{}"
FULL = SHARED / "full.yml"  # the constants of a run on original data, by exercise
NAMED = re.compile(r"shared_data/([a-z0-9_]+)")


def card(name: str) -> dict[str, Any]:
    """Return the card of a data set.

    Raises FileNotFoundError where there is none, and ValueError where it is not JSON
    or has no list of files with their digests.
    """
    path = SHARED / name / "card.json"
    if not path.is_file():
        raise FileNotFoundError(f"{path} is missing. {RESTORE.format(name)}")
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        "".join(entry["sha256"] for entry in found["files"].values())
    except (ValueError, LookupError, TypeError, AttributeError):
        raise ValueError(f"{path} is no card of a data set. {RESTORE.format(name)}") from None
    return found


def names() -> list[str]:
    """Return the names of all data sets that have a card."""
    return sorted(path.parent.name for path in SHARED.glob("[!.]*/card.json"))


def verify(name: str) -> str:
    """Return the digest of a set that ships, once its files agree with its card.

    Raises FileNotFoundError where the set or one of its files is missing, and
    ValueError where a file is not the one that the card describes.
    """
    digests = {}
    for file, entry in card(name)["files"].items():
        path = SHARED / name / file
        if not path.exists():
            raise FileNotFoundError(f"{path} is missing. {RESTORE.format(name)}")
        digests[file] = digest_of(path)
        if digests[file] != entry["sha256"]:
            raise ValueError(
                f"{path} is not the file that its card describes (SHA-256 {digests[file][:12]}, "
                f"expected {entry['sha256'][:12]}). {RESTORE.format(name)}"
            )
    return _digest(digests)


def digest_of(path: Path) -> str:
    """Return the SHA-256 of a file, or for a folder that of the lines of its files.

    The lines are `<sha256>  <path below the folder>`, in the order of the paths;
    hidden files (.DS_Store, the Mac's ._name.png, .ipynb_checkpoints) are none of them.
    """
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

    `values` are the constants that are replaced; one that names an existing file or folder
    stands for data of the user's own, or in the data home for an original. Raises
    FileNotFoundError or ValueError where a set is not whole or a path does not exist.
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
    """Return the constants to replace for a variant: none for `mini`; {home} is the data home.

    Raises ValueError where the exercise has no full variant.
    """
    if variant != "full":
        return {}
    if not (found := with_full().get(exercise)):
        raise ValueError(f"{exercise} has no full data: its mini data are all there are.")
    home = str(data_home())
    return {
        key: one.format(home=home) if isinstance(one, str) else one for key, one in found.items()
    }
