"""Run a command that is killed when the process that started it ends (Linux).

Usage: python bound.py PARENT COMMAND...
"""

import ctypes
import os
import sys

PR_SET_PDEATHSIG, SIGKILL = 1, 9


def to_parent(parent: int) -> None:
    """Have the system kill this process when its parent, of this number, ends; or end now."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, SIGKILL)
    if os.getppid() != parent:
        sys.exit("The run that started this twin has ended.")


if __name__ == "__main__":
    to_parent(int(sys.argv[1]))
    os.execvp(sys.argv[2], sys.argv[2:])
