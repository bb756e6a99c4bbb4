"""Debian's packages: which are there, and how to get more without waiting for what is silent."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache

from common import PATIENCE, answers, last_lines, output, run, say, step

NO_MORE = "--no-install-recommends"
OPTIONS = (
    *("-o", f"Acquire::http::Timeout={PATIENCE - 2}"),
    *("-o", f"Acquire::https::Timeout={PATIENCE - 2}"),
    *("-o", "Acquire::Retries=0"),
    *("-o", "DPkg::Lock::Timeout=60"),  # a machine that has just started may upgrade itself
)


def there() -> bool:
    """Tell whether this machine has apt."""
    return shutil.which("apt-get") is not None


@lru_cache
def as_root() -> list[str] | None:
    """Return what to put before a command that needs root: [], sudo, or None."""
    if os.geteuid() == 0:
        return []
    # Without a terminal nobody can type a password.
    sudo = ["sudo"] if sys.stdin.isatty() else ["sudo", "-n"]
    may = shutil.which("sudo") and subprocess.call([*sudo, "true"], stderr=subprocess.DEVNULL) == 0
    return sudo if may else None


def installed(packages: list[str]) -> set[str]:
    """Return which of these Debian packages are installed."""
    form = "${Package} ${db:Status-Status}\\n"
    lines = output("dpkg-query", "-W", "-f", form, *packages).splitlines()
    return {name for name, status in map(str.split, lines) if status == "installed"}


def known(packages: list[str]) -> set[str]:
    """Return which of these packages apt could install with the lists that it has."""
    return {line.split()[0] for line in output("apt-cache", "madison", *packages).splitlines()}


@lru_cache
def reachable() -> bool:
    """Tell whether any of apt's sources answers in time, or its proxy where it has one.

    apt waits for each file of a silent source anew, so it is not even asked then.
    """
    proxy = re.search(r'^Acquire::https?::Proxy "(http[^"]+)"', output("apt-config", "dump"), re.M)
    listed = output("apt-get", "--print-uris", "update")
    sites = [proxy[1]] if proxy else sorted(set(re.findall(r"^'(https?://[^/']+)", listed, re.M)))
    with ThreadPoolExecutor() as pool:  # for a CD or a folder there is nothing to wait for
        return not sites or any(pool.map(lambda site: answers(site, PATIENCE), sites))


def get(packages: list[str], what: str) -> bool:
    """Install Debian packages, or say what to type or what failed; tell whether all are there.

    The lists of packages are fetched only where they lack one of these or are out of date.
    """
    if not there():
        return False
    root = as_root()
    if root is None:
        line = f"sudo apt-get install {NO_MORE} {' '.join(packages)}"
        say(f"this needs root's rights; have it typed by someone who has them:\n  {line}")
        return False
    apt = [*root, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", *OPTIONS]

    def attempt() -> bool:
        return run([*apt, "install", "-y", NO_MORE, *sorted(known(packages))], "apt")

    with step(f"{what} from apt"):
        if reachable() and (known(packages) < set(packages) or not attempt()):
            run([*apt, "update"], "apt")
            attempt()
    left = sorted(set(packages) - installed(packages))
    if left:
        silent = f"  none of its sources answered within {PATIENCE} s"
        why = last_lines("apt") if reachable() else silent
        say(f"apt could not install {' '.join(left)}:\n{why}")
    return not left
