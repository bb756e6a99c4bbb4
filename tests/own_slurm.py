"""A SLURM of the tests' own on this machine: one node with two slots, on loopback."""

import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "squeue", "scancel", "sinfo")
PATIENCE = 300  # seconds until the node has to be there, on a busy machine too
PATH = f"{os.environ['PATH']}:/usr/sbin:/sbin"
CONFIGURATION = """
ClusterName=deeptwins
SlurmctldHost={host}(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
CredType=cred/munge
SlurmctldPort={controller}
SlurmdPort={node}
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
MpiDefault=none
MailProg=/bin/true
JobAcctGatherType=jobacct_gather/none
KillWait=2
ReturnToService=2
NodeName={host} NodeAddr=127.0.0.1 CPUs=2 RealMemory=8000 State=UNKNOWN
PartitionName=short Nodes={host} Default=YES MaxTime=INFINITE State=UP
"""


class CannotStart(Exception):
    """SLURM cannot be started here; the message says why."""


def free_port() -> int:
    """Return a port on which nobody listens now."""
    with socket.socket() as asked:
        asked.bind(("127.0.0.1", 0))
        return asked.getsockname()[1]


@contextlib.contextmanager
def running() -> Iterator[dict[str, str]]:
    """Run munged, slurmctld and slurmd; give the environment in which sbatch speaks to them.

    All three, and every job that is left, end with the context.

    Raises
    ------
    CannotStart
        A program is missing, this is not root, or the node does not come up.
    """
    if missing := [one for one in PROGRAMS if not shutil.which(one, path=PATH)]:
        raise CannotStart(f"not installed: {', '.join(missing)} (`make test-all` gets it)")
    if os.geteuid() != 0:
        raise CannotStart("slurmd of its own node has to be started by root")
    # Not pytest's folder: munge wants one that everybody may enter.
    folder = Path(tempfile.mkdtemp(prefix="deeptwins-slurm-"))
    folder.chmod(0o755)
    for name in ("state", "spool"):
        (folder / name).mkdir()
    key = folder / "munge.key"
    key.touch(mode=0o600)
    key.write_bytes(os.urandom(1024))
    text = CONFIGURATION.format(
        host=socket.gethostname().split(".")[0],
        folder=folder,
        controller=free_port(),
        node=free_port(),
    )
    (folder / "slurm.conf").write_text(text)
    env = os.environ | {"SLURM_CONF": str(folder / "slurm.conf"), "PATH": PATH}
    munge = [
        f"--{name}={folder / file}"
        for name, file in {
            "socket": "munge.socket",
            "key-file": "munge.key",
            "pid-file": "munged.pid",
            "log-file": "munged.log",
            "seed-file": "munged.seed",
        }.items()
    ]
    started: list[subprocess.Popen] = []

    def start(*command: str) -> None:
        out = (folder / f"{command[0]}.out").open("wb")
        program = shutil.which(command[0], path=PATH)
        started.append(
            subprocess.Popen(
                [program, *command[1:]], env=env, stdout=out, stderr=out, start_new_session=True
            )
        )

    try:
        start("munged", "--foreground", *munge)
        wait(lambda: (folder / "munge.socket").exists(), folder)
        start("slurmctld", "-D")
        start("slurmd", "-D")
        wait(lambda: "idle" in call(env, "sinfo", "--noheader", "--format=%T"), folder)
        yield env
    finally:
        call(env, "scancel", "--user=root")
        with contextlib.suppress(CannotStart):
            wait(lambda: not call(env, "squeue", "--noheader"), folder)
        for process in reversed(started):
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        shutil.rmtree(folder, ignore_errors=True)


def call(env: dict[str, str], *command: str) -> str:
    """Return what one of SLURM's programs prints."""
    done = subprocess.run(
        command, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
    )
    return done.stdout.decode()


def wait(true, folder: Path) -> None:
    """Wait until something is true; CannotStart with the ends of the logs where it stays false."""
    until = time.monotonic() + PATIENCE
    while not true():
        if time.monotonic() > until:
            ends = [
                f"{path.name}: {path.read_text(errors='replace')[-300:]}"
                for path in sorted(folder.glob("*.out"))
            ]
            raise CannotStart(" | ".join(ends))
        time.sleep(0.2)
