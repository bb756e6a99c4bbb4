"""Get the SLURM in which the tests run exercise 14.

    python3 setup/slurm.py

Only apt's is tried, and what R needs to speak to it; without them the other
tests go on. The tests start their own SLURM, on ports and in folders of their
own. Where systemd runs, apt would start another one at every boot, so there
nothing is installed that nobody asked for.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import common
from common import say, step

PROGRAMS = ("slurmctld", "slurmd", "munged", "sbatch")  # tests/own_slurm.py starts the same
PACKAGES = ["slurmctld", "slurmd", "slurm-client", "munge", "r-cran-future.batchtools"]
SYSTEM = "/usr/sbin"  # a user's PATH may lack it
SYSTEMD = Path("/run/systemd/system")


def there() -> bool:
    """Tell whether all programs are on this machine."""
    return all(shutil.which(one) or shutil.which(one, path=SYSTEM) for one in PROGRAMS)


def set_up() -> None:
    """Install SLURM, or see within a blink that it is there or cannot be had."""
    key = common.digest(Path(__file__))
    if common.stamped("slurm", key):
        return
    may = shutil.which("apt-get") and not SYSTEMD.exists()
    root = common.as_root() if may else None
    if root is not None and len(common.apt_installed(PACKAGES)) < len(PACKAGES):
        with step("SLURM from apt"):
            common.apt_install(PACKAGES, root)
    if not there():
        say("no SLURM: the tests that send exercise 14 to one are skipped, and say so. They need:")
        print(f"  sudo {common.apt_line(PACKAGES)}", flush=True)
    common.stamp("slurm", key)


if __name__ == "__main__":
    common.main(set_up)
