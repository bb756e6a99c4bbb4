"""What the steps of the set-up share: words, commands, stamps, and patience.

Plain Python without any package, since nothing is installed yet; it also has
to start under a Python that is too old or too new for the course, only to say so.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from ssl import SSLCertVerificationError
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parents[1]
LOCK = ROOT / "requirements.lock"
PATIENCE = 10  # seconds that any step waits for a source that does not answer
SHOWN = 15  # last lines of a command that failed


class SetupError(Exception):
    """A step that cannot be done; the message says what to do about it."""


_printing = threading.RLock()
_open = ""  # the step whose line has no end yet


def say(text: str, opens: str = "") -> None:
    """Print one line about the set-up; the line of a step that it `opens` stays without an end."""
    global _open
    with _printing:
        print(("\n" if _open else "") + f"set-up: {text}", end="" if opens else "\n", flush=True)
        _open = opens


@contextlib.contextmanager
def step(text: str) -> Iterator[None]:
    """Print what is being done and how long it took.

    That is one line, or two where another step, beside this one, printed in between.
    """
    say(f"{text} ...", opens=text)
    began = time.monotonic()
    result = "failed"
    try:
        yield
        result = f"{time.monotonic() - began:.0f} s"
    finally:
        global _open
        with _printing:
            if _open == text:
                print(f" {result}", flush=True)
                _open = ""
            else:
                say(f"{text}: {result}")


def python_bounds() -> tuple[int, int]:
    """Return the oldest and the newest minor version of Python 3 that pyproject.toml allows."""
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    oldest, above = re.search(r'^requires-python = ">=3\.(\d+),<3\.(\d+)"', text, re.M).groups()
    return int(oldest), int(above) - 1


def made(name: str) -> Path:
    """Return a file in .make/, where the set-up keeps its notes."""
    return ROOT / ".make" / name


def write(path: Path, text: str) -> None:
    """Write a note whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(path)


def digest(*parts: Path | str) -> str:
    """Return one digest of the contents of files and of strings."""
    total = hashlib.sha256()
    for part in parts:
        content = part.read_bytes() if isinstance(part, Path) else part.encode()
        total.update(hashlib.sha256(content).digest())
    return total.hexdigest()


def stamped(name: str, key: str) -> bool:
    """Tell whether a step was finished for exactly these inputs."""
    stamp = made(f"{name}.stamp")
    return stamp.is_file() and stamp.read_text(encoding="utf-8") == key


def stamp(name: str, key: str) -> None:
    """Note that a step was finished for these inputs."""
    write(made(f"{name}.stamp"), key)


def run(command: list[str], log: str, env: dict[str, str] | None = None) -> int:
    """Run a command with its output kept in .make/<log>.log; return its status."""
    path = made(f"{log}.log")
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab") as stream:
        stream.write(f"$ {' '.join(command)}\n".encode())
        stream.flush()
        return subprocess.call(
            command,
            cwd=ROOT,
            env={**os.environ, **(env or {})},
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=subprocess.STDOUT,
        )


def last_lines(log: str) -> str:
    """Return the end of a log, for a person who has to mend what failed."""
    lines = made(f"{log}.log").read_text(encoding="utf-8", errors="replace").splitlines()
    return "\n".join(f"  | {line}" for line in lines[-SHOWN:])


def answers(url: str, seconds: float) -> bool:
    """Tell whether anybody answers at an address in time, whatever the answer is.

    The limit holds for everything together: names, addresses, proxies, and a
    server that accepts the connection and then keeps silent.
    """
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    answered = []

    def ask() -> None:
        try:
            # An opener of its own, since the proxies may have been set after the last one.
            opener = urllib.request.build_opener()
            opener.open(f"{parts.scheme}://{host}{parts.path}", timeout=seconds).close()
        except urllib.error.HTTPError:
            pass
        except urllib.error.URLError as error:
            # pip and uv may trust a certificate that this Python does not know.
            if not isinstance(error.reason, SSLCertVerificationError):
                return
        except OSError:
            return
        answered.append(True)

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(seconds)
    return bool(answered)


def main(step_function) -> None:
    """Run one step as a program: its error becomes a sentence and status 1."""
    try:
        step_function()
    except SetupError as error:
        sys.exit(f"set-up: {error}")
    except KeyboardInterrupt:
        sys.exit("set-up: stopped; the next call goes on from here.")
