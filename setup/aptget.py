"""Debian's packages: which are there, and how to get more without waiting for what is silent."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache

from common import PATIENCE, answers, made, run, write

NO_MORE = "--no-install-recommends"


def there() -> bool:
    """Tell whether this machine has apt."""
    return shutil.which("apt-get") is not None


@lru_cache
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


def line(packages: list[str]) -> str:
    """Return the command that a person with root's rights types."""
    return f"apt-get install {NO_MORE} {' '.join(packages)}"


def installed(packages: list[str]) -> set[str]:
    """Return which of these Debian packages are installed."""
    asked = subprocess.run(
        ["dpkg-query", "-W", "-f", "${Package} ${db:Status-Status}\\n", *packages],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        check=False,
    )
    lines = (line.split() for line in asked.stdout.decode().splitlines())
    return {line[0] for line in lines if line[1:] == ["installed"]}


def known(packages: list[str]) -> set[str]:
    """Return which of these packages apt could install with the lists that it has."""
    asked = subprocess.run(
        ["apt-cache", "policy", *packages],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "LC_ALL": "C"},
        check=False,
    )
    found, name = set(), ""
    for line in asked.stdout.decode().splitlines():
        if not line.startswith(" "):
            name = line.rstrip(":")
        elif line.strip().startswith("Candidate:") and "(none)" not in line:
            found.add(name)
    return found


@lru_cache
def reachable() -> bool:
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


def install(packages: list[str], root: list[str]) -> bool:
    """Install Debian packages, those that apt knows; tell whether all were installed.

    The lists of packages are fetched only where they lack one of these, or
    turn out to be out of date.
    """
    if not reachable():
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

    def attempt() -> bool:
        there = known(packages)
        names = [name for name in packages if name in there]
        return bool(names) and run([*command, "install", "-y", NO_MORE, *names], "apt") == 0

    if known(packages) < set(packages) or not attempt():
        run([*command, "update"], "apt")
        attempt()
    return installed(packages) == set(packages)
