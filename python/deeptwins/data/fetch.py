"""Bring a published archive from the network and unpack it: whole or not at all.

What arrived before a connection broke is kept and gone on from. Every failure
is a FetchError: one sentence that a learner can act on.
"""

import contextlib
import http.client
import json
import queue
import shutil
import stat
import threading
import urllib.error
import urllib.request
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

from filelock import FileLock, Timeout

from deeptwins import files

PATIENCE = 10.0  # seconds that a server may be silent
TRIES = 5  # connections for one download
BLOCK = 1 << 16
RANGE_REFUSED = 416  # what is asked for lies behind the file's end

# What an archive of cell images may hold at most; the published one stays far below each.
MOST_ENTRIES = 60_000
MOST_BYTES_EACH = 1 << 20
MOST_BYTES = 1 << 30
MOST_RATIO = 20  # a PNG is compressed already, so that its entry cannot shrink much

Progress = Callable[..., None]  # is told `completed=` bytes


def silent(**told: int) -> None:
    """Show no progress."""


class FetchError(Exception):
    """What could not be fetched, and why."""


class Unreachable(FetchError):
    """There is no server, it is silent, or it does not have the file."""


def amount(size: float) -> str:
    """Return a number of bytes as a person reads it: `353 MB`."""
    for unit in ("bytes", "kB", "MB"):
        if size < 1000:
            return f"{size:.3g} {unit}"
        size /= 1000
    return f"{size:.3g} GB"


@contextlib.contextmanager
def alone(lock: Path) -> Iterator[None]:
    """Hold the file `lock` for the block, so that two fetches do not write the same files."""
    lock.parent.mkdir(parents=True, exist_ok=True)
    try:
        held = FileLock(lock).acquire(blocking=False)
    except Timeout:
        raise FetchError(
            f"Another process is fetching into {lock.parent}; wait until it is done."
        ) from None
    with held:
        yield


def need_space(folder: Path, needed: int) -> None:
    """Raise FetchError where the disk that holds `folder` has less than `needed` bytes free."""
    while not folder.exists():
        folder = folder.parent
    if (free := shutil.disk_usage(folder).free) < needed:
        raise FetchError(
            f"{folder} has {amount(free)} free, {amount(needed)} are needed. "
            "Make room, or choose another folder."
        )


def ask(
    url: str, headers: dict[str, str] | None = None, *, method: str = "GET", patience: float
) -> http.client.HTTPResponse:
    """Return the server's answer, or raise FetchError within `patience` seconds.

    urlopen's own time-out holds for each address of a host anew, and not for
    the look-up of its name; so a thread asks, and nobody waits for it longer.
    """
    answers: queue.SimpleQueue = queue.SimpleQueue()

    def wait_for_it() -> None:
        try:
            request = urllib.request.Request(url, headers=headers or {}, method=method)
            # An opener of its own: the common one keeps the proxies of its first use.
            answers.put(urllib.request.build_opener().open(request, timeout=patience))
        except Exception as error:  # whatever it is, the caller gets it
            answers.put(error)

    threading.Thread(target=wait_for_it, daemon=True).start()
    parts = urlsplit(url)
    host = parts.netloc + _proxy_of(parts.scheme, parts.hostname or "")
    try:
        answer = answers.get(timeout=patience)
    except queue.Empty:
        answer = TimeoutError()
    if isinstance(answer, urllib.error.HTTPError):
        raise Unreachable(f"{url}: the server answered {answer.code} {answer.reason}.") from answer
    if isinstance(answer, Exception):
        reason = getattr(answer, "reason", answer)
        if isinstance(reason, TimeoutError):
            raise Unreachable(f"{host} gave no answer within {patience:.0f} seconds.") from None
        raise Unreachable(f"{host} cannot be reached ({reason}).") from None
    return answer


def _proxy_of(scheme: str, host: str) -> str:
    """Return in words through which proxy a host is asked; "" where through none."""
    if urllib.request.proxy_bypass(host):
        return ""
    proxy = urllib.request.getproxies().get(scheme)
    # Without a name and a password, if there are any in it.
    return f" (through the proxy {urlsplit(proxy).netloc.rpartition('@')[2]})" if proxy else ""


def download(
    url: str,
    part: Path,
    *,
    size: int,
    sha256: str,
    progress: Progress = silent,
    patience: float = PATIENCE,
) -> None:
    """Bring the file at `url`, of known size and digest, into the file `part`.

    What `part` holds from an earlier try is kept where the server can go on
    from there and still has the same file (If-Range); `<part>.json` notes
    which one that was.

    Raises
    ------
    FetchError
        The server cannot be reached, is silent, or has another file. What
        arrived stays in `part`, unless its digest is wrong.
    """
    for _ in range(TRIES):
        have = _length(part)
        if have == size:
            break
        try:
            _go_on(url, part, have, size, progress, patience)
        except TimeoutError:
            raise Unreachable(
                f"{urlsplit(url).netloc} has been silent for {patience:.0f} seconds. {_kept(part)}"
            ) from None
        except Unreachable as error:
            if getattr(error.__cause__, "code", None) != RANGE_REFUSED:
                raise
            part.unlink(missing_ok=True)
        except (ConnectionError, http.client.HTTPException):
            pass  # broken off: the next try goes on from there
    if _length(part) != size:
        raise FetchError(
            f"The connection with {urlsplit(url).netloc} breaks off again and again. {_kept(part)}"
        )
    digest = files.sha256(part)
    if digest != sha256:
        part.unlink()
        raise FetchError(
            f"{url} is not the file that was published (SHA-256 {digest[:12]}, expected "
            f"{sha256[:12]}); it was deleted. Try again later, or from another network."
        )


def _length(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _kept(part: Path) -> str:
    return f"{amount(_length(part))} are kept; the same command goes on from there."


def _go_on(url: str, part: Path, have: int, size: int, progress: Progress, patience: float) -> None:
    """Make one connection, and add to `part` what it brings."""
    note = part.with_name(f"{part.name}.json")
    same = _noted(note, url) if have else None
    headers = {"Range": f"bytes={have}-", "If-Range": same} if same else {}
    with ask(url, headers, patience=patience) as answer:
        goes_on = answer.status == http.HTTPStatus.PARTIAL_CONTENT
        if goes_on and answer.headers["Content-Range"] != f"bytes {have}-{size - 1}/{size}":
            part.unlink()  # not what was asked for: the next try starts anew
            return
        length = answer.headers["Content-Length"]
        if not goes_on and length and int(length) != size:
            raise FetchError(
                f"{url} is not the file that was published: it has {length} bytes, "
                f"expected {size}. Try again later, or from another network."
            )
        if not goes_on:
            have = 0
            tag = answer.headers["ETag"]
            # A weak tag names a meaning, not bytes.
            validator = answer.headers["Last-Modified"] if not tag or tag[:2] == "W/" else tag
            part.unlink(missing_ok=True)
            files.write_text(note, json.dumps({"url": url, "validator": validator}))
        with part.open("ab") as out:
            while block := answer.read1(BLOCK):
                have += len(block)
                if have > size:
                    raise FetchError(f"{url} is longer than the file that was published.")
                out.write(block)
                progress(completed=have)


def _noted(note: Path, url: str) -> str | None:
    """Return by what the server can tell that its file is still the one begun."""
    try:
        found = json.loads(note.read_text(encoding="utf-8"))
        return found["validator"] if found["url"] == url else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def unpack_images(archive: Path, folder: Path, *, classes: tuple[str, ...], count: int) -> None:
    """Unpack the .png images of an archive's class folders to `folder`/<class>/.

    They are written beside `folder`, which appears when all are there. What
    else is in the archive (Thumbs.db) is left there.

    Raises
    ------
    FetchError
        The archive is damaged, does not hold `count` images, is larger than
        images can be, or has an entry that would lead out of the folder.
        Nothing of it is left behind.
    """
    aside = folder.with_name(f".{folder.name}.unpacking")
    shutil.rmtree(aside, ignore_errors=True)
    try:
        with zipfile.ZipFile(archive) as content:
            chosen = _images(content, classes, archive)
            if len(chosen) != count:
                raise FetchError(
                    f"{archive} holds {len(chosen):,} images in the folders "
                    f"{' and '.join(classes)}, expected {count:,}."
                )
            # Each file takes whole blocks of the disk.
            need_space(folder.parent, sum(entry.file_size + 4096 for entry in chosen.values()))
            for name in classes:
                (aside / name).mkdir(parents=True)
            for target, entry in chosen.items():
                (aside / target).write_bytes(content.read(entry))
        aside.rename(folder)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise FetchError(f"{archive} is damaged: {error}.") from None
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _images(
    content: zipfile.ZipFile, classes: tuple[str, ...], archive: Path
) -> dict[str, zipfile.ZipInfo]:
    """Return the entries to unpack by `<class>/<name>.png`, once all entries are harmless."""

    def refuse(entry: zipfile.ZipInfo, reason: str) -> FetchError:
        return FetchError(f"{archive} was not unpacked: {entry.filename!r} {reason}.")

    chosen: dict[str, zipfile.ZipInfo] = {}
    if len(content.infolist()) > MOST_ENTRIES:
        raise FetchError(f"{archive} was not unpacked: it has more than {MOST_ENTRIES:,} entries.")
    for entry in content.infolist():
        path = PurePosixPath(entry.orig_filename)
        if path.is_absolute() or ".." in path.parts or set(entry.orig_filename) & set("\\:\0"):
            raise refuse(entry, "leads out of its folder")
        if stat.S_ISLNK(entry.external_attr >> 16):
            raise refuse(entry, "is a symbolic link")
        if entry.is_dir() or path.suffix != ".png" or path.parent.name not in classes:
            continue
        if entry.file_size > MOST_BYTES_EACH or (
            entry.file_size > MOST_RATIO * max(entry.compress_size, 1)
        ):
            raise refuse(entry, "is larger than an image of a cell can be")
        target = f"{path.parent.name}/{path.name}"
        if target in chosen:
            raise refuse(entry, "is there twice")
        chosen[target] = entry
    if sum(entry.file_size for entry in chosen.values()) > MOST_BYTES:
        raise FetchError(f"{archive} was not unpacked: it holds more than {amount(MOST_BYTES)}.")
    return chosen
