"""Warm processes: one for each language has loaded what twins need, and forks each of them.

To start Python or R and to import TensorFlow takes longer than many a twin.
A warm process has done it, and has used nothing of it: what it forks differs
from a fresh process only in that it need not do it again. The same drivers,
marked.py and marked.R, run the script in both.
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

from deeptwins import forks, processes
from deeptwins.paths import ROOT

OURS = "DEEPTWINS_"  # variables that nothing reads before a twin does


class Forked:
    """A twin's process that a warm process has forked; used like a subprocess.Popen."""

    def __init__(self, answer: socket.socket, pid: int) -> None:
        """Take the socket that gets the status, and the number of process and group."""
        self._answer, self.pid = answer, pid
        self.seconds = 0.0  # of processor time, once it has ended
        self.returncode: int | None = None
        self._one_waits = threading.Lock()

    def wait(self, timeout: float | None = None) -> int:
        """Return how the process ended, as Popen.wait() does; TimeoutExpired if it has not."""
        with self._one_waits:
            if self.returncode is None:
                self._answer.settimeout(timeout)
                try:
                    told = self._answer.recv(forks.STATUS.size)
                except TimeoutError:
                    raise subprocess.TimeoutExpired("a twin", timeout or 0) from None
                if told:
                    status, self.seconds = forks.STATUS.unpack(told)
                    self.returncode = os.waitstatus_to_exitcode(status)
                else:  # It was bound to its warm process, which has ended.
                    _wait_for_end(self.pid)
                    self.returncode = -signal.SIGKILL
                self._answer.close()
            return self.returncode


def _wait_for_end(pid: int) -> None:
    """Wait for a process that the system is ending, and that is no child of ours."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    select.select([handle], [], [])
    os.close(handle)


class Warm:
    """One warm process; as a context, it ends with the block, and what it has forked with it."""

    def __init__(self, command: Sequence[str], env: Mapping[str, str]) -> None:
        """Start it, and do not wait until it is ready.

        `command` gets the number of an open socket as its last argument, and
        has to hand that to `forks.serve()`.
        """
        self.forked = 0  # how many twins it has started
        self._env = dict(env)
        self._jobs, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = processes.start(
                [*command, str(theirs.fileno())],
                cwd=ROOT,
                env=self._env,
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
        """End it."""
        self.end()

    def end(self) -> None:
        """Kill it; twins that it has forked are bound to it."""
        self._process.kill()
        self._process.wait()
        self._jobs.close()

    def fork(
        self, script: str, env: Mapping[str, str], out: BinaryIO, err: BinaryIO, timeout: float
    ) -> Forked | None:
        """Run a script in a forked process, in its own session, with its output into files.

        None where that is not possible: the warm process did not start, or it
        was started in another environment, which TensorFlow may have read.
        TimeoutExpired where it has not started after `timeout` seconds.
        """
        changed = {
            name: env.get(name)
            for name in self._env.keys() | env.keys()
            if self._env.get(name) != env.get(name)
        }
        if not all(name.startswith(OURS) for name in changed):
            return None
        job = json.dumps({"script": script, "environment": changed}).encode()
        answer, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            try:
                handles = [out.fileno(), err.fileno(), theirs.fileno()]
                socket.send_fds(self._jobs, [job], handles)
            except OSError:
                answer.close()
                return None
        answer.settimeout(timeout)
        try:
            told = answer.recv(forks.PID.size)
        except TimeoutError:
            answer.close()
            raise subprocess.TimeoutExpired(script, timeout) from None
        if not told:
            answer.close()
            return None
        self.forked += 1
        return Forked(answer, *forks.PID.unpack(told))
