"""What the three steps of the set-up share: words, commands, stamps, and patience.

Plain Python without any package, since nothing is installed yet; it also has
to start under a Python that is too old or too new for the course, only to say so.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import shutil
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from ssl import SSLCertVerificationError
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parents[1]
LOCK = ROOT / "requirements.lock"
PATIENCE = 10  # seconds that any step waits for a source that does not answer
SHOWN = 15  # last lines of a command that failed


class SetupError(Exception):
    """A step that cannot be done; the message says what to do about it."""


def say(text: str) -> None:
    """Print one line about the set-up."""
    print(f"set-up: {text}", flush=True)


@contextlib.contextmanager
def step(text: str) -> Iterator[None]:
    """Print what is being done and, on the same line, how long it took."""
    print(f"set-up: {text} ...", end=" ", flush=True)
    began = time.monotonic()
    try:
        yield
    except BaseException:
        print("failed", flush=True)
        raise
    print(f"{time.monotonic() - began:.0f} s", flush=True)


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


def as_root() -> list[str] | None:
    """Return what to put before a command that needs root: [], ["sudo"], or None."""
    if os.geteuid() == 0:
        return []
    if shutil.which("sudo"):
        # Without a terminal nobody can type a password.
        asks = ["sudo", "true"] if sys.stdin.isatty() else ["sudo", "-n", "true"]
        if subprocess.call(asks, stderr=subprocess.DEVNULL) == 0:
            return ["sudo"]
    return None


def apt_line(packages: list[str]) -> str:
    """Return the command that a person with root's rights types."""
    return f"apt-get install --no-install-recommends {' '.join(packages)}"


def apt_installed(packages: list[str]) -> set[str]:
    """Return which of these Debian packages are installed."""
    asked = subprocess.run(
        ["dpkg-query", "-W", "-f", "${Package} ${db:Status-Status}\\n", *packages],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        check=False,
    )
    lines = (line.split() for line in asked.stdout.decode().splitlines())
    return {line[0] for line in lines if line[1:] == ["installed"]}


def apt_known(packages: list[str]) -> set[str]:
    """Return which of these packages apt could install with the lists that it has."""
    asked = subprocess.run(
        ["apt-cache", "policy", *packages],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "LC_ALL": "C"},
        check=False,
    )
    known, name = set(), ""
    for line in asked.stdout.decode().splitlines():
        if not line.startswith(" "):
            name = line.rstrip(":")
        elif line.strip().startswith("Candidate:") and "(none)" not in line:
            known.add(name)
    return known


def apt_reachable() -> bool:
    """Tell whether any of apt's sources answers in time, or its proxy where it has one.

    apt waits for each file of a silent source anew, so it is not even asked then.
    """

    def output(*command: str) -> str:
        return subprocess.run(
            command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False
        ).stdout.decode()

    proxy = re.search(r'^Acquire::https?::Proxy "(http[^"]+)"', output("apt-config", "dump"), re.M)
    listed = output("apt-get", "--print-uris", "update")
    sites = [proxy[1]] if proxy else sorted(set(re.findall(r"^'(https?://[^/']+)", listed, re.M)))
    if not sites:
        return True  # a CD, a folder: nothing to wait for
    with ThreadPoolExecutor(len(sites)) as pool:
        return any(pool.map(lambda site: answers(site, PATIENCE), sites))


def apt_install(packages: list[str], root: list[str]) -> bool:
    """Install Debian packages, those that apt knows; tell whether all were installed.

    The lists of packages are fetched only where they lack one of these, or
    turn out to be out of date.
    """
    if not apt_reachable():
        write(made("apt.log"), f"none of apt's sources answered within {PATIENCE} s\n")
        return False
    options = [
        "-o", f"Acquire::http::Timeout={PATIENCE - 2}",
        "-o", f"Acquire::https::Timeout={PATIENCE - 2}",
        "-o", "Acquire::Retries=0",
        # A machine that has just been started may be at its own upgrades.
        "-o", "DPkg::Lock::Timeout=60",
    ]  # fmt: skip
    command = [*root, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", *options]

    def install() -> bool:
        known = [name for name in packages if name in apt_known(packages)]
        install_them = [*command, "install", "-y", "--no-install-recommends", *known]
        return bool(known) and run(install_them, "apt") == 0

    if apt_known(packages) < set(packages) or not install():
        run([*command, "update"], "apt")
        install()
    return apt_installed(packages) == set(packages)


def main(step_function) -> None:
    """Run one step as a program: its error becomes a sentence and status 1."""
    try:
        step_function()
    except SetupError as error:
        sys.exit(f"set-up: {error}")
    except KeyboardInterrupt:
        sys.exit("set-up: stopped; the next call goes on from here.")
