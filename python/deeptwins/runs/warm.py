"""Warm processes: one for each language has loaded what twins need, and forks each of them (Linux).

To start Python or R and to import TensorFlow takes longer than many a twin. A forked process
differs from a fresh one only in that it need not do it again.

A warm process has a listening socket as its standard input. Whoever connects sends the path of
a job, and gets the number of the process that was forked for it and, when that has ended, its
status. The drivers of both languages call `serve()`; R does so through reticulate.
"""

import contextlib
import os
import select
import signal
import socket
import struct
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from deeptwins import bound, processes
from deeptwins.runs.record import ERRORS, OUTPUT

NUMBER = struct.Struct("i")  # a process, or a status as waitpid() gives it
LARGEST = 1 << 16  # bytes of a path


@contextlib.contextmanager
def started(command: Sequence[str], env: Mapping[str, str], folder: Path) -> Iterator[bytes]:
    """Start a warm process, not waiting until it is ready, and yield its address.

    At the end of the block it is killed, and with it the twins that it has forked.
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
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
        """Have a job run; OSError where the warm process is no more, or too slow."""
        self._answers = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._answers.settimeout(timeout)
        self._answers.connect(address)
        self._answers.send(job.encode())
        if not (told := self._answers.recv(NUMBER.size)):
            raise ConnectionResetError("the warm process has ended")
        (self.pid,) = NUMBER.unpack(told)

    def wait(self, timeout: float | None = None) -> int:
        """Return how the process ended, as Popen.wait() does; TimeoutExpired if it has not."""
        self._answers.settimeout(timeout)
        try:
            told = self._answers.recv(NUMBER.size)
        except TimeoutError:
            raise subprocess.TimeoutExpired("a twin", timeout or 0) from None
        except ConnectionResetError:
            told = b""  # it is killed with its warm process
        self._answers.close()
        return os.waitstatus_to_exitcode(*NUMBER.unpack(told)) if told else -signal.SIGKILL


def serve() -> str:
    """Fork a process for every job that comes in, and return there with the job's path."""
    server, listener = os.getpid(), socket.socket(fileno=os.dup(0))
    running: dict[int, tuple[int, socket.socket]] = {}
    while True:
        for one in select.select([listener, *running], [], [])[0]:
            if one is listener:
                client, _ = listener.accept()
                job = client.recv(LARGEST).decode()
                if (pid := os.fork()) == 0:
                    _become_a_twin(client, server, Path(job))
                    return job
                running[os.pidfd_open(pid)] = pid, client
            else:
                pid, client = running.pop(one)
                os.close(one)
                with client, contextlib.suppress(OSError):  # nobody may wait any more
                    client.send(NUMBER.pack(os.waitpid(pid, 0)[1]))


def _become_a_twin(client: socket.socket, server: int, job: Path) -> None:
    """Make this forked process what a fresh one of the runner is, and tell its number."""
    os.setsid()
    bound.to_parent(server)
    for number, name in enumerate((os.devnull, OUTPUT, ERRORS)):
        os.dup2(os.open(job.parent / name, os.O_RDWR | os.O_CREAT), number)
    try:
        client.send(NUMBER.pack(os.getpid()))
    except OSError:
        sys.exit(1)
