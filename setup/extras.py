"""What only tests need, from apt: a browser, and SLURM. Without them the other tests go on."""

from __future__ import annotations

import shutil
from pathlib import Path

import aptget
import common
from common import say, step

BROWSERS = ("chromium", "google-chrome")  # tests/test_browser.py looks for the same
SLURM = ("slurmctld", "slurmd", "munged", "sbatch")  # tests/own_slurm.py starts the same
SLURM_PACKAGES = ["slurmctld", "slurmd", "slurm-client", "munge", "r-cran-future.batchtools"]
SYSTEM = "/usr/sbin"  # a user's PATH may lack it
SYSTEMD = Path("/run/systemd/system")


def browser() -> None:
    """Get the browser in which the tests open the book."""
    if not any(map(shutil.which, BROWSERS)):
        get("browser", ["chromium"], lambda: any(map(shutil.which, BROWSERS)))


def slurm() -> None:
    """Get the SLURM in which the tests run exercise 14, on ports and in folders of their own."""

    def there() -> bool:
        return all(shutil.which(one) or shutil.which(one, path=SYSTEM) for one in SLURM)

    # Where systemd runs, apt would start another one at every boot.
    get("SLURM", SLURM_PACKAGES, there, may=not SYSTEMD.exists())


def get(what: str, packages: list[str], there, may: bool = True) -> None:
    """Install packages, or see within a blink that they are there or cannot be had."""
    key = common.digest(Path(__file__))
    if common.stamped(what, key):
        return
    root = aptget.as_root() if may and aptget.there() else None
    if root is not None and len(aptget.installed(packages)) < len(packages):
        with step(f"{what} from apt"):
            aptget.install(packages, root)
    if not there():
        say(f"no {what}: the tests that need it are skipped, and say so. They need:")
        print(f"  sudo {aptget.line(packages)}", flush=True)
    common.stamp(what, key)
