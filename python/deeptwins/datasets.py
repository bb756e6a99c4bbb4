"""Where a data set lies, in shared_data or in the data home, and that it is whole."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from deeptwins import files
from deeptwins.messages import message
from deeptwins.paths import SHARED, data_home


class Found(NamedTuple):
    """A data set that was found whole."""

    name: str
    folder: Path
    path: Path  # the file or folder in which its data are
    digest: str  # SHA-256 over the lines `<sha256>  <file>`


def card(name: str) -> dict[str, Any]:
    """Return the card of a data set.

    Raises
    ------
    FileNotFoundError
        There is none.
    ValueError
        It is not JSON, or has no list of files with their digests.
    """
    path, remedy = SHARED / name / "card.json", message("restore", name=name)
    if not path.is_file():
        raise FileNotFoundError(message("missing", path=path, remedy=remedy))
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        if not all(isinstance(entry["sha256"], str) for entry in found["files"].values()):
            raise ValueError("a digest is no text")
    except (ValueError, LookupError, TypeError, AttributeError):
        raise ValueError(message("card", path=path, remedy=remedy)) from None
    return found


def names() -> list[str]:
    """Return the names of all data sets that have a card."""
    return sorted(path.parent.name for path in SHARED.glob("[!.]*/card.json"))


def digest_of(path: Path) -> str:
    """Return the SHA-256 of a file, or for a folder that of the lines of its files.

    The lines are `<sha256>  <path below the folder>`, in the order of the paths. Hidden files
    do not count: macOS and Jupyter leave theirs in every folder that they open.
    """
    if path.is_file():
        return files.sha256(path)
    below = sorted(one.relative_to(path).as_posix() for one in path.rglob("*") if one.is_file())
    below = [one for one in below if not one.startswith(".") and "/." not in one]
    return listing_digest((files.sha256(path / one), one) for one in below)


def listing_digest(lines) -> str:
    """Return the SHA-256 over lines `<sha256>  <file>`."""
    return hashlib.sha256("".join(f"{d}  {name}\n" for d, name in lines).encode()).hexdigest()


def together(digests: Mapping[str, str]) -> str:
    """Return the digest of the data of a twin, from the digest of each set that it opened."""
    if len(digests) == 1:
        return next(iter(digests.values()))
    return listing_digest((digest, name) for name, digest in digests.items())


def mini(name: str) -> Found:
    """Return a set that ships with the course, once its files agree with its card.

    Raises
    ------
    FileNotFoundError
        The set or one of its files is missing.
    ValueError
        A file is not the one that the card describes.
    """
    described, folder = card(name), SHARED / name
    remedy = message("restore", name=name)
    lines = []
    for file, entry in described["files"].items():
        path = folder / file
        if not path.exists():
            raise FileNotFoundError(message("missing", path=path, remedy=remedy))
        digest, expected = digest_of(path), entry["sha256"]
        if digest != expected:
            found = {"found": digest[:12], "expected": expected[:12]}
            raise ValueError(message("digest", path=path, remedy=remedy, **found))
        lines.append((digest, file))
    return Found(name, folder, folder / described.get("path", "."), listing_digest(lines))


def full(name: str) -> Found:
    """Return the original of a set from the data home.

    Raises
    ------
    FileNotFoundError
        The data home does not have it.
    ValueError
        The set ships whole and has no other variant.
    """
    entry = card(name).get("full")
    if entry is None:
        raise ValueError(message("no_full", name=name))
    path = data_home() / entry["path"]
    if not path.exists():
        remedy = message("get", home=data_home(), get=entry["get"])
        raise FileNotFoundError(message("missing", path=path, remedy=remedy))
    digest = listing_digest([(digest_of(path), entry["path"])])
    return Found(entry["name"], data_home(), path, digest)
