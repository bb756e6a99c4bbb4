"""Warm processes: one for each language has loaded what twins need, and forks each of them (Linux).

To start Python or R and to import TensorFlow takes longer than many a twin. A warm process has a
listening socket as its standard input. Whoever connects sends the path of a job, and gets the
number of the process that was forked for it and, when that has ended, its status. The drivers of
both languages call `serve()`; R does so through reticulate.
"""

import contextlib
import gc
import os
import signal
import socket
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from multiprocessing import connection
from pathlib import Path

from deeptwins import bound, processes
from deeptwins.runs.record import ERRORS, OUTPUT


@contextlib.contextmanager
def started(command: Sequence[str], env: Mapping[str, str], folder: Path) -> Iterator[bytes]:
    """Start a warm process, not waiting until it is ready, and yield its address.

    At the end of the block it is killed, and with it the twins that it has forked.
    """
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("")  # the system chooses a name, which is no file's
        listener.listen()
        address = listener.getsockname()
        # Where it fails, the fresh process that then runs the twin says why.
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        process = processes.start(command, cwd=folder, env=env, stdin=listener, **quiet)
    try:
        yield address
    finally:
        process.kill()
        process.wait()


class Forked:
    """A twin's process that a warm process has forked; used like a subprocess.Popen."""

    def __init__(self, address: bytes, job: str, timeout: float) -> None:
        """Have a job run; EOFError or OSError where the warm process is no more, or too slow."""
        self._answers = connection.Client(address, "AF_UNIX")
        self._answers.send(job)
        if not self._answers.poll(timeout):
            raise TimeoutError
        self.pid = self._answers.recv()

    def wait(self, timeout: float | None = None) -> int:
        """Return how the process ended, as Popen.wait() does; TimeoutExpired if it has not."""
        if not self._answers.poll(timeout):
            raise subprocess.TimeoutExpired("a twin", timeout or 0)
        try:
            return os.waitstatus_to_exitcode(self._answers.recv())
        except (EOFError, ConnectionResetError):
            return -signal.SIGKILL  # it is killed with its warm process
        finally:
            self._answers.close()


def serve() -> str:
    """Fork a process for every job that comes in, and return there with the job's path."""
    server, listener = os.getpid(), socket.socket(fileno=os.dup(0))
    gc.freeze()  # else a twin's first collection would copy the pages of all that is loaded
    running: dict[int, tuple[int, connection.Connection]] = {}
    while True:
        for one in connection.wait([listener, *running]):
            if one is listener:
                client = connection.Connection(listener.accept()[0].detach())
                job = client.recv()
                if (pid := os.fork()) == 0:
                    _become_a_twin(client, server, Path(job))
                    return job
                running[os.pidfd_open(pid)] = pid, client
            else:
                pid, client = running.pop(one)
                os.close(one)
                with client, contextlib.suppress(OSError):  # nobody may wait any more
                    client.send(os.waitpid(pid, 0)[1])


def _become_a_twin(client: connection.Connection, server: int, job: Path) -> None:
    """Make this forked process what a fresh one of the runner is, and tell its number."""
    os.setsid()
    bound.to_parent(server)
    for number, name in enumerate((os.devnull, OUTPUT, ERRORS)):
        os.dup2(os.open(job.parent / name, os.O_RDWR | os.O_CREAT), number)
    client.send(os.getpid())  # or end with an error, where nobody waits any more
