"""Get the SLURM in which the tests run exercise 14.

    python3 setup/slurm.py

Only apt's is tried, and what R needs to speak to it; without them the other
tests go on. apt starts no service here that a test would use: the tests start
their own, on ports and in folders of their own.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import common
from common import say, step

PROGRAMS = ("slurmctld", "slurmd", "munged", "sbatch")  # tests/slurm.py starts the same
PACKAGES = ["slurmctld", "slurmd", "slurm-client", "munge", "r-cran-future.batchtools"]
SYSTEM = "/usr/sbin"  # a user's PATH may lack it


def there() -> bool:
    """Tell whether all programs are on this machine."""
    return all(shutil.which(one) or shutil.which(one, path=SYSTEM) for one in PROGRAMS)


def set_up() -> None:
    """Install SLURM, or see within a blink that it is there or cannot be had."""
    key = common.digest(Path(__file__))
    if common.stamped("slurm", key):
        return
    root = common.as_root() if shutil.which("apt-get") else None
    if root is not None and len(common.apt_installed(PACKAGES)) < len(PACKAGES):
        with step("SLURM from apt"):
            common.apt_install(PACKAGES, root)
    if not there():
        say("no SLURM: the tests that send exercise 14 to one are skipped, and say so.")
    common.stamp("slurm", key)


if __name__ == "__main__":
    common.main(set_up)
