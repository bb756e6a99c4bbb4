"""The inner side of a warm process: fork a process for every job that comes in (Linux).

Both drivers call `serve()` once they have loaded what twins need; it returns in
each forked process, with the job to run there. R calls it through reticulate.
"""

import contextlib
import json
import os
import select
import socket
import struct
import sys

from deeptwins.runs import bound

STATUS = struct.Struct("i")  # as waitpid() gives it; before that, once, the process's number
LARGEST = 1 << 16  # bytes of a job; it holds paths only


def serve(handle: int) -> str:
    """Fork a process for every job, and return there with the job's file.

    Each job brings the files for its output and a socket, which gets the
    forked process's number and, when that has ended, its status. The process
    that serves never returns: it ends with the run.

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
                pid, answer = running.pop(one)
                os.close(one)
                with answer, contextlib.suppress(OSError):
                    answer.send(STATUS.pack(os.waitpid(pid, 0)[1]), socket.MSG_NOSIGNAL)
                continue
            job, handles, *_ = socket.recv_fds(jobs, LARGEST, 3)
            if not job:
                os._exit(0)
            out, err, answer_handle = handles
            server = os.getpid()
            if (pid := os.fork()) == 0:
                jobs.close()
                for other, (_, its_answer) in running.items():
                    os.close(other)
                    its_answer.close()
                return _become(json.loads(job), server, out, err, answer_handle)
            os.close(out)
            os.close(err)
            running[os.pidfd_open(pid)] = pid, socket.socket(fileno=answer_handle)


def _become(job: str, server: int, out: int, err: int, answer: int) -> str:
    """Make this forked process what a fresh one of the runner is, and return its job's file."""
    os.setsid()
    bound.to_parent(server)
    os.dup2(out, 1)
    os.dup2(err, 2)
    with socket.socket(fileno=answer) as told:
        try:
            told.send(STATUS.pack(os.getpid()), socket.MSG_NOSIGNAL)
        except OSError:  # Nobody waits for this twin any more.
            sys.exit(1)
    os.close(out)
    os.close(err)
    return job
