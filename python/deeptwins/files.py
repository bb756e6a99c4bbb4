"""Files that are whole or not there at all, and their digests; whether they can be written."""

import contextlib
import functools
import hashlib
import json
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import filelock
import yaml

ROOM = 1 << 20  # bytes; what one run leaves behind is of this order


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path` that takes its place when the block ends well.

    A reader sees the old file or the new one, never a half; two writers do not share a file.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{uuid.uuid4().hex}{path.suffix}")
    try:
        yield temporary
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def trouble(folder: Path) -> str:
    """Write into a folder of results; return why that cannot be, and what to do, or ""."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=folder, prefix=".room.") as out:
            out.write(bytes(ROOM))
            out.flush()
    except OSError as error:
        reason = f"{folder} cannot be written to ({error.strerror})"
        return f"{reason}; choose another folder: export DEEPTWINS_RESULTS=/some/folder"
    return ""


def link(place: Path, target: Path) -> None:
    """Make `place` stand for the folder `target`: a link, a junction on Windows, or else a copy."""
    try:
        place.symlink_to(target, target_is_directory=True)
    except (OSError, NotImplementedError):  # some Windows accounts, network drives
        try:
            import _winapi

            _winapi.CreateJunction(str(target), str(place))
        except (ImportError, OSError):
            shutil.copytree(target, place)


def lock(path: Path) -> filelock.FileLock:
    """Return a lock between processes, which the threads of this one share."""
    path.parent.mkdir(parents=True, exist_ok=True)
    return filelock.FileLock(path, thread_local=False)


def read_json(path: Path) -> dict[str, Any]:
    """Return the object in a JSON file; {} where there is no file."""
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}


def read_yaml(path: Path) -> Any:
    """Return the content of a YAML file, which is parsed again only when it has changed."""
    return _yaml(path, path.stat().st_mtime_ns)


@functools.lru_cache
def _yaml(path: Path, changed: int) -> Any:
    text = path.read_text(encoding="utf-8")
    return yaml.load(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader)) or {}


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text with Unix line ends, whole or not at all."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")


def update(path: Path, text: str) -> None:
    """Write text where a file does not hold it yet; what watches the file sees changes alone."""
    if not path.is_file() or path.read_text(encoding="utf-8") != text:
        write_text(path, text)


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file as 64 hexadecimal digits."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
