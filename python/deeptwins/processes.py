"""Where operating systems differ in processes: groups, how one ends with its children, forking."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

import psutil

from deeptwins import bound

PATIENCE = 10  # seconds for killed processes to go, so that nobody holds their files any more


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

    One that has ended already is fine. Where the system knows no groups
    (Windows), a child whose parent has ended before is not found.
    """
    if hasattr(os, "killpg"):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(leader, signal.SIGKILL)
        return
    try:
        first = psutil.Process(leader)
        children = first.children(recursive=True)
    except psutil.NoSuchProcess:
        return
    for one in (first, *children):  # parents first: they start nothing new
        with contextlib.suppress(psutil.NoSuchProcess):
            one.kill()
    psutil.wait_procs(children, timeout=PATIENCE)


def can_fork() -> bool:
    """Tell whether twins can be forked from a warm process: Linux 5.3 and later, no emulation."""
    try:
        os.close(os.pidfd_open(os.getpid()))
    except (AttributeError, OSError):
        return False
    return hasattr(os, "fork")
