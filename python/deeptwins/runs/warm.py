"""Warm processes: one for each language has loaded what twins need, and forks each of them.

To start Python or R and to import TensorFlow takes longer than many a twin.
What a warm process forks differs from a fresh one only in that it need not do
it again. The same drivers run the script in both.
"""

import json
import os
import select
import signal
import socket
import subprocess
import threading
from collections.abc import Mapping, Sequence
from typing import BinaryIO

from deeptwins import processes
from deeptwins.runs.warm_server import STATUS


class Forked:
    """A twin's process that a warm process has forked; used like a subprocess.Popen."""

    def __init__(self, answer: socket.socket, pid: int) -> None:
        """Take the socket that gets the status, and the number of process and group."""
        self._answer, self.pid = answer, pid
        self.returncode: int | None = None
        self._one_waits = threading.Lock()

    def wait(self, timeout: float | None = None) -> int:
        """Return how the process ended, as Popen.wait() does; TimeoutExpired if it has not."""
        with self._one_waits:
            if self.returncode is None:
                self._answer.settimeout(timeout)
                try:
                    told = self._answer.recv(STATUS.size)
                except TimeoutError:
                    raise subprocess.TimeoutExpired("a twin", timeout or 0) from None
                if told:
                    self.returncode = os.waitstatus_to_exitcode(*STATUS.unpack(told))
                else:  # It was bound to its warm process, which has ended.
                    _wait_for_end(self.pid)
                    self.returncode = -signal.SIGKILL
                self._answer.close()
            return self.returncode


class Warm:
    """One warm process; as a context, it ends with the block, and what it has forked with it."""

    def __init__(self, command: Sequence[str], env: Mapping[str, str], folder: str) -> None:
        """Start it, and do not wait until it is ready; its last argument is an open socket."""
        self._jobs, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = processes.start(
                [*command, "--warm", str(theirs.fileno())],
                cwd=folder,
                env=dict(env),
                stdin=subprocess.DEVNULL,
                # Where it fails, the fresh process that then runs the twin says why.
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
            )

    @property
    def pid(self) -> int:
        """Its number, and that of its group."""
        return self._process.pid

    def __enter__(self) -> "Warm":
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Kill it; twins that it has forked are bound to it."""
        self._process.kill()
        self._process.wait()
        self._jobs.close()

    def fork(self, job: str, out: BinaryIO, err: BinaryIO, timeout: float) -> Forked | None:
        """Run a job in a forked process, in its own session; None where the server is no more.

        TimeoutExpired where it has not started after `timeout` seconds.
        """
        answer, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            try:
                handles = [out.fileno(), err.fileno(), theirs.fileno()]
                socket.send_fds(self._jobs, [json.dumps(job).encode()], handles)
            except OSError:
                answer.close()
                return None
        answer.settimeout(timeout)
        try:
            told = answer.recv(STATUS.size)
        except TimeoutError:
            answer.close()
            raise subprocess.TimeoutExpired("a twin", timeout) from None
        except OSError:
            told = b""
        if not told:
            answer.close()
            return None
        return Forked(answer, *STATUS.unpack(told))


def _wait_for_end(pid: int) -> None:
    """Wait for a process that the system is ending, and that is no child of ours."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    select.select([handle], [], [])
    os.close(handle)
