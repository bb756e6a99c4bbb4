"""The data sets that ship, each with its card, and whether they are whole."""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from deeptwins import files
from deeptwins.paths import ROOT, SHARED, data_home

RESTORE = "Restore it with: git checkout -- shared_data/{name}"
NAMED = re.compile(r"shared_data/([a-z0-9_]+)")


def card(name: str) -> dict[str, Any]:
    """Return the card of a data set.

    Raises
    ------
    FileNotFoundError
        There is none.
    ValueError
        It is not JSON, or has no list of files with their digests.
    """
    path, remedy = SHARED / name / "card.json", RESTORE.format(name=name)
    if not path.is_file():
        raise FileNotFoundError(f"{path} is missing. {remedy}")
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        if not all(isinstance(entry["sha256"], str) for entry in found["files"].values()):
            raise ValueError("a digest is no text")
    except (ValueError, LookupError, TypeError, AttributeError):
        raise ValueError(f"{path} is no card of a data set. {remedy}") from None
    return found


def names() -> list[str]:
    """Return the names of all data sets that have a card."""
    return sorted(path.parent.name for path in SHARED.glob("[!.]*/card.json"))


def verify(name: str) -> str:
    """Return the digest of a set that ships, once its files agree with its card.

    Raises
    ------
    FileNotFoundError
        The set or one of its files is missing.
    ValueError
        A file is not the one that the card describes.
    """
    remedy = RESTORE.format(name=name)
    lines = []
    for file, entry in card(name)["files"].items():
        path = SHARED / name / file
        if not path.exists():
            raise FileNotFoundError(f"{path} is missing. {remedy}")
        digest, expected = digest_of(path), entry["sha256"]
        if digest != expected:
            raise ValueError(
                f"{path} is not the file that its card describes (SHA-256 {digest[:12]}, "
                f"expected {expected[:12]}). {remedy}"
            )
        lines.append((digest, file))
    return listing_digest(lines)


def digest_of(path: Path) -> str:
    """Return the SHA-256 of a file, or for a folder that of the lines of its files.

    The lines are `<sha256>  <path below the folder>`, in the order of the paths;
    hidden files (.DS_Store, the Mac's ._name.png, .ipynb_checkpoints) are none of them.
    """
    if path.is_file():
        return files.sha256(path)
    below = [one.relative_to(path) for one in path.rglob("*") if one.is_file()]
    shown = sorted(one.as_posix() for one in below if not any(p[0] == "." for p in one.parts))
    return listing_digest((files.sha256(path / one), one) for one in shown)


def listing_digest(lines: Iterable[tuple[str, str]]) -> str:
    """Return the SHA-256 over lines `<sha256>  <file>`."""
    return hashlib.sha256("".join(f"{d}  {name}\n" for d, name in lines).encode()).hexdigest()


def named_in(script: Path, replaced: Iterable[str] = ()) -> list[str]:
    """Return the sets of shared_data that a script names, but for those in replaced constants."""
    source = script.read_text(encoding="utf-8")
    for name in replaced:
        source = re.sub(rf"^{re.escape(name)} *(?:=|<-).*$", "", source, flags=re.M)
    return [name for name in dict.fromkeys(NAMED.findall(source)) if name in names()]


def read_by(script: Path, values: Mapping[str, Any], variant: str) -> dict[str, Any]:
    """Return what a run reads, for its record: variant, each set with its digest, all together.

    `values` are the constants that are replaced; one that names an existing file or
    folder stands for data of the user's own, or in the data home for an original.

    Raises
    ------
    FileNotFoundError, ValueError
        A set is not whole, or a path with a folder in it does not exist.
    """
    sets = {name: verify(name) for name in named_in(script, values)}
    own = False
    for name, value in values.items():
        if not isinstance(value, str) or "/" not in value.replace("\\", "/"):
            continue
        if not Path(ROOT, value).exists():
            raise FileNotFoundError(f"{name} is set to {value}, which does not exist.")
        full = variant == "full" and Path(value).is_relative_to(data_home())
        sets[Path(value).relative_to(data_home()).as_posix() if full else value] = digest_of(
            Path(ROOT, value)
        )
        own = own or not full
    return {
        "variant": "own" if own else variant,
        "sets": sets,
        "digest": listing_digest((digest, name) for name, digest in sets.items()),
    }
