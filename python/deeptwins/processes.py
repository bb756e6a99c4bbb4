"""Processes on every system: environment, groups, how one ends with its children, forking."""

import contextlib
import os
import re
import signal
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

import psutil

from deeptwins import bound
from deeptwins.paths import ROOT

THREADS = 1  # of each twin, so that the numbers do not depend on how many cores a machine has
PATIENCE = 10  # seconds for killed processes to go, so that nobody holds their files any more


def environment(threads: int = THREADS) -> dict[str, str]:
    """Return the environment of a twin: the user's own, with the settings of the run."""
    env = os.environ | {
        "MPLBACKEND": "module://deeptwins.runs.figures",
        "MATPLOTLIBRC": str(ROOT / "matplotlibrc"),
        "PYTHONUNBUFFERED": "1",
        "PYTHONUTF8": "1",
        "R_PROFILE_USER": str(ROOT / ".Rprofile"),
        # R then seldom looks for what it can free, which takes 40 ms each time.
        "R_NSIZE": "4000000",
        "R_VSIZE": "256M",
        "TF_CPP_MIN_LOG_LEVEL": os.environ.get("TF_CPP_MIN_LOG_LEVEL", "2"),
        # Sums depend on how many threads share them, so every run says how many.
        "TF_NUM_INTRAOP_THREADS": str(threads),
        "TF_NUM_INTEROP_THREADS": str(threads),
        "OMP_NUM_THREADS": str(threads),
    }
    named = env.get("LC_ALL") or env.get("LC_CTYPE") or env.get("LANG") or "C"
    if os.name == "posix" and not re.search("utf-?8", named, re.I):
        # R would take every letter beyond ASCII apart, those of the checkout's own path too.
        env["LC_ALL"] = "en_US.UTF-8" if sys.platform == "darwin" else "C.UTF-8"
    return env


def cores() -> int:
    """Return how many cores this process may use."""
    known = getattr(os, "sched_getaffinity", None)
    return len(known(0)) if known else os.cpu_count() or 1


def start(argv: Sequence[str], **options: Any) -> subprocess.Popen:
    """Start a command in a group of its own, which Ctrl+C does not reach; options as of Popen.

    Under Linux it is killed when the thread that started it ends, whatever ends that.
    """
    if os.name == "nt":
        return subprocess.Popen(argv, creationflags=subprocess.CREATE_NEW_PROCESS_GROUP, **options)
    if sys.platform == "linux":
        argv = [sys.executable, "-IS", bound.__file__, str(os.getpid()), *argv]
    return subprocess.Popen(argv, start_new_session=True, **options)


def end(leader: int) -> None:
    """Kill the process with this number, which leads a group, and whatever it started.

    One that has ended is fine. Under Windows a child whose parent has ended before is not found.
    """
    if hasattr(os, "killpg"):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(leader, signal.SIGKILL)
        return
    try:
        every = [first := psutil.Process(leader), *first.children(recursive=True)]
    except psutil.NoSuchProcess:
        return
    for one in every:  # parents first: they start nothing new
        with contextlib.suppress(psutil.NoSuchProcess):
            one.kill()
    psutil.wait_procs(every[1:], timeout=PATIENCE)


def can_fork() -> bool:
    """Tell whether twins can be forked from a warm process: Linux 5.3 and later, no emulation."""
    try:
        os.close(os.pidfd_open(os.getpid()))
    except (AttributeError, OSError):
        return False
    return hasattr(os, "fork")
