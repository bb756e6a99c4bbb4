"""Run one process, and return what its sections and its calls of Keras took, and its memory.

Times are seconds of processor time, all threads together, unless they are
called wall: another program that runs beside changes them least.
"""

import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path

from deeptwins import record, runner
from deeptwins.paths import ROOT, script_file
from deeptwins.warm import Warm

CLOCK = ROOT / "bench" / "clock"
MIB = 1024  # ru_maxrss is in KiB under Linux


@dataclass
class Measured:
    """What one process took: processor seconds, MiB at its peak, and what it left."""

    seconds: float
    wall: float
    peak: float
    sections: dict[str, float]
    calls: list[dict] = field(default_factory=list)
    metrics: dict[str, float] = field(default_factory=dict)
    weights: bytes = b""
    printed: list[str] = field(default_factory=list)

    def without_import(self, names: Sequence[str]) -> float:
        """Return the seconds of sections, less those of loading Keras in one of them."""
        found = sum(self.sections.get(name, 0.0) for name in names)
        for one in self.calls:
            if one["call"] == "import":
                middle, ends = one["at"] + one["seconds"] / 2, 0.0
                for name, seconds in self.sections.items():
                    ends += seconds
                    if middle < ends:
                        return found - (one["seconds"] if name in names else 0.0)
        return found

    @property
    def training(self) -> float:
        """Seconds in fit(), with its compiling and its looks at the tuning part."""
        return self.of("fit")

    def of(self, *names: str, part: str = "seconds") -> float:
        """Return the seconds of calls of these names; part="compile" for those of compiling."""
        return sum(one.get(part, 0.0) for one in self.calls if one["call"] in names)


def process(command: Sequence[str], env: Mapping[str, str]) -> Measured:
    """Run a command and time the marks in its output; SystemExit where it fails.

    The first section, "start-up", lasts until the first mark.
    """
    mark, began = runner.SECTION_MARK.encode(), time.perf_counter()
    sections, name, last, printed = {}, "start-up", 0.0, []
    with tempfile.TemporaryFile() as err:
        running = subprocess.Popen(
            command, cwd=ROOT, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=err
        )
        for line in running.stdout:
            if line.startswith(mark):
                now = _used(running.pid)
                sections[name] = sections.get(name, 0.0) + now - last
                name, last = line[1:].decode().strip(), now
            else:
                printed.append(line.decode(errors="replace").rstrip())
        _, status, used = os.wait4(running.pid, 0)
        running.returncode = os.waitstatus_to_exitcode(status)
        seconds = used.ru_utime + used.ru_stime
        sections[name] = seconds - last
        if running.returncode:
            err.seek(0)
            raise SystemExit(f"{command}: {running.returncode}\n{err.read().decode()[-2000:]}")
    wall = time.perf_counter() - began
    return Measured(seconds, wall, used.ru_maxrss / MIB, sections, printed=printed)


def _used(pid: int) -> float:
    """Return the processor time of a process and of what it has waited for (Linux)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return sum(int(one) for one in fields[11:15]) / os.sysconf("SC_CLK_TCK")


def twin(
    exercise: str, language: str = "python", *, seed: int | None = None, **settings: str
) -> Measured:
    """Run a twin in a fresh process; `settings` are variables of bench/clock."""
    return _script(runner.command(exercise, language), exercise, language, seed, settings)


def plain(exercise: str, *, seed: int | None = None) -> Measured:
    """Run the plain script of an exercise; its last line is the name and value of its metric."""
    script = str(ROOT / "bench" / "plain" / f"{exercise}.py")
    found = _script([*runner.driver("python"), script], exercise, "python", seed, {})
    name, value = found.printed[-1].split()
    found.metrics = {name: float(value)}
    return found


def forked(exercise: str, warmed: Warm, *, seed: int | None = None) -> float:
    """Return the seconds of a Python twin that is forked from a warm process."""
    env = runner.environment("mini", seed, runner.THREADS)
    script = str(script_file(exercise, "python"))
    with (
        tempfile.TemporaryDirectory() as folder,
        tempfile.TemporaryFile() as out,
        tempfile.TemporaryFile() as err,
    ):
        env["DEEPTWINS_RESULTS"] = folder
        process = warmed.fork(script, env, out, err, runner.TIMEOUT)
        if process is None or process.wait(runner.TIMEOUT):
            raise SystemExit(f"{exercise} did not run in a forked process")
        return process.seconds


def _script(
    command: list[str], exercise: str, language: str, seed: int | None, settings: Mapping[str, str]
) -> Measured:
    with tempfile.TemporaryDirectory() as folder:
        clock = Path(folder) / "clock"
        clock.touch()
        path = os.pathsep.join(filter(None, [str(CLOCK), os.environ.get("PYTHONPATH")]))
        env = runner.environment("mini", seed, runner.THREADS) | {
            "DEEPTWINS_RESULTS": folder,
            "BENCH_CLOCK": str(clock),
            "PYTHONPATH": path,
            **settings,
        }
        found = process(command, env)
        found.calls = [json.loads(line) for line in clock.read_text().splitlines()]
        result = Path(folder) / language / f"{exercise}.json"
        if result.is_file():
            one = json.loads(result.read_text("utf-8"))
            record.validate(one, exercise)
            found.metrics = one["metrics"]
            weights = result.with_suffix(".f32")
            found.weights = weights.read_bytes() if weights.is_file() else b""
    return found


def machine() -> dict[str, object]:
    """Return what the numbers depend on: processor, cores, versions, and how busy it all is."""
    info = Path("/proc/cpuinfo")
    names = [
        line.split(":", 1)[1].strip()
        for line in (info.read_text().splitlines() if info.is_file() else [])
        if line.startswith("model name")
    ]
    return {
        "processor": names[0] if names else platform.processor(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        **{name: metadata.version(name) for name in ("tensorflow", "keras", "numpy")},
        "command": " ".join(sys.argv[1:]),
        "load_before": round(os.getloadavg()[0], 1),
    }
