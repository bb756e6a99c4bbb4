"""What the steps of the set-up share: words, commands, stamps, and patience.

No package is installed yet, and this Python may be too old or too new for the course.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import ssl
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from subprocess import DEVNULL, PIPE, STDOUT

ROOT = Path(__file__).resolve().parents[1]
LOCK = ROOT / "requirements.lock"
PATIENCE = 10  # seconds that any step waits for a source that does not answer


class SetupError(Exception):
    """A step that cannot be done; the message says what to do about it."""


def say(text: str) -> None:
    """Print about the set-up; in one piece, since two steps may print beside each other."""
    print(f"set-up: {text}\n", end="", flush=True)


@contextlib.contextmanager
def step(text: str) -> Iterator[None]:
    """Print what is being done, and how long it took where no error ends it."""
    say(f"{text} ...")
    began = time.monotonic()
    yield
    say(f"{text}: {time.monotonic() - began:.0f} s")


def made(name: str) -> Path:
    """Return a file in .make/, where the set-up keeps its notes."""
    (ROOT / ".make").mkdir(exist_ok=True)
    return ROOT / ".make" / name


def write(path: Path, text: str) -> None:
    """Write a note whole or not at all."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(path)


def digest(*parts: Path | str) -> str:
    """Return one digest of the contents of files and of strings."""
    contents = [part.read_bytes() if isinstance(part, Path) else part.encode() for part in parts]
    digests = [hashlib.sha256(content).digest() for content in contents]
    return hashlib.sha256(b"".join(digests)).hexdigest()


def stamped(name: str, key: str) -> bool:
    """Tell whether a step was finished for exactly these inputs."""
    note = made(f"{name}.stamp")
    return note.is_file() and note.read_text(encoding="utf-8") == key


def stamp(name: str, key: str) -> None:
    """Note that a step was finished for these inputs."""
    write(made(f"{name}.stamp"), key)


def run(command: list[str], log: str) -> bool:
    """Run a command with its output kept in .make/<log>.log; tell whether it succeeded."""
    with made(f"{log}.log").open("ab") as stream:
        stream.write(f"$ {' '.join(command)}\n".encode())
        stream.flush()
        return subprocess.call(command, cwd=ROOT, stdin=DEVNULL, stdout=stream, stderr=STDOUT) == 0


def last_lines(log: str) -> str:
    """Return the end of a log, for a person who has to mend what failed."""
    lines = made(f"{log}.log").read_text(encoding="utf-8", errors="replace").splitlines()
    return "\n".join(f"  | {line}" for line in lines[-15:])


def output(*command: str) -> str:
    """Return what a command prints, which is nothing where there is no such program."""
    try:
        done = subprocess.run(command, cwd=ROOT, stdin=DEVNULL, stdout=PIPE, stderr=DEVNULL)
    except OSError:
        return ""
    return done.stdout.decode("utf-8", "replace").strip()


def answers(url: str, seconds: float) -> bool:
    """Tell whether anybody answers at an address in time, whatever the answer is.

    The limit holds for names, proxies and a server that connects and keeps silent, all together.
    """
    answered = threading.Event()
    plain = re.sub("//[^/@]*@", "//", url)  # without a name and a password
    # Nothing of the answer is used, and pip and uv may trust more certificates than Python does.
    context = ssl._create_unverified_context()

    def ask() -> None:
        with contextlib.suppress(OSError, ValueError):  # ValueError: no address at all
            with contextlib.suppress(urllib.error.HTTPError):
                urllib.request.urlopen(plain, timeout=seconds, context=context).close()
            answered.set()

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(seconds)
    return answered.is_set()
