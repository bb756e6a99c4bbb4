"""The whole set-up: Python and R beside each other."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import aptget
import python as python_step
import r as r_step
from common import say, step


def set_up(part: str) -> None:
    """Make both languages ready for a part of the course: run, book or test."""
    base = python_step.base()
    python = base or str(python_step.python_of(python_step.VENV))
    # What .venv cannot be made without, or R cannot call Python without, comes first: it is small.
    r_ready = r_step.ready()
    rest = [] if r_ready else r_step.lacks()
    first = [] if r_ready else python_step.libpython(python)
    first += python_step.venv_package(base) if base else []
    root = aptget.as_root() if first or rest else None
    if (first or rest) and root is None:
        say("this needs root's rights; have it typed by someone who has them:")
        print(f"  sudo {aptget.line(first + rest)}", flush=True)
    elif first:
        with step(f"{' and '.join(first)} from apt"):
            aptget.install(first, root)
    with ThreadPoolExecutor(1) as beside:
        r_half = None if r_ready else beside.submit(r_step.set_up, rest, root)
        python_step.set_up(part, base)
    if r_half:
        r_half.result()
        r_step.finish()
