"""The inner side of a warm process: wait for twins, and fork a process for each (Linux).

marked.py and marked.R call `serve()` once they have loaded what twins need;
it returns in each forked process, with the script to run there. Here is plain
Python without the course's other modules, since R calls it through reticulate.
"""

import contextlib
import json
import os
import select
import socket
import struct

from deeptwins import bound

PID = struct.Struct("i")
STATUS = struct.Struct("id")  # as waitpid() gives it, and seconds of processor time
LARGEST = 1 << 16  # bytes of a job; it holds a script's path and a few variables


def serve(handle: int) -> str:
    """Fork a process for every job that comes in, and return there with the job's script.

    Each job brings the files for its output and a socket, which gets the
    forked process's number and, when that has ended, its status and what it
    took. The process that serves never returns: it ends with the run.

    Parameters
    ----------
    handle
        Number of an open socket, inherited from the runner (warm.py).
    """
    jobs = socket.socket(fileno=int(handle))
    running: dict[int, tuple[int, socket.socket]] = {}
    while True:
        for one in select.select([jobs, *running], [], [])[0]:
            if one is not jobs:
                _ended(one, *running.pop(one))
                continue
            job, handles, *_ = socket.recv_fds(jobs, LARGEST, 3)
            if not job:
                os._exit(0)
            out, err, answer = handles
            server = os.getpid()
            if (pid := os.fork()) == 0:
                jobs.close()
                for other, (_, its_answer) in running.items():
                    os.close(other)
                    its_answer.close()
                return _become(json.loads(job), server, out, err, answer)
            os.close(out)
            os.close(err)
            running[os.pidfd_open(pid)] = pid, socket.socket(fileno=answer)


def _become(job: dict, server: int, out: int, err: int, answer: int) -> str:
    """Make this forked process what a fresh one of the runner is, and return its script."""
    os.setsid()
    bound.to_parent(server)
    with open(os.devnull, "rb") as nothing:  # noqa: PTH123
        os.dup2(nothing.fileno(), 0)
    os.dup2(out, 1)
    os.dup2(err, 2)
    for name, value in job["environment"].items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value
    with socket.socket(fileno=answer) as told:
        try:
            told.send(PID.pack(os.getpid()), socket.MSG_NOSIGNAL)
        except OSError:  # Nobody waits for this twin any more.
            os._exit(1)
    os.close(out)
    os.close(err)
    return job["script"]


def _ended(handle: int, pid: int, answer: socket.socket) -> None:
    """Say how a forked process ended; a run that no longer listens is fine."""
    os.close(handle)
    _, status, used = os.wait4(pid, 0)
    with answer, contextlib.suppress(OSError):
        answer.send(STATUS.pack(status, used.ru_utime + used.ru_stime), socket.MSG_NOSIGNAL)
