"""Run twins: each in a process and a folder of its own, two side by side.

A twin's folder is results/<language>/<id>/, in which `shared_data` is linked.
The driver of its language runs the script there. One twin gets a fresh process;
several are forked from a warm one (warm.py).
"""

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import filelock
import yaml

from deeptwins import files, processes
from deeptwins.data import cards, variants
from deeptwins.paths import FIGURES, ROOT, results_dir, script_file
from deeptwins.runs import record, sections
from deeptwins.runs.warm import Forked, Warm

THREADS = 1  # of each twin, so that the numbers do not depend on how many cores a machine has
TIMEOUT = 3600  # seconds: only what hangs takes so long, on a slow and busy machine too
LAST_LINES = 12
JOB = "job.json"
MAKE_ROOM = "see to it, or choose another folder: export DEEPTWINS_RESULTS=/some/folder"
# What TensorFlow writes before it knows its log level, and our own marks.
NOISE = re.compile(rf"{sections.MARK}|[IWE]0000 |WARNING: All log messages before absl")


@dataclass(frozen=True)
class Settings:
    """How twins are to be run."""

    variant: str = "mini"
    values: Mapping[str, Any] = field(default_factory=dict)  # constants to replace
    threads: int = THREADS
    timeout: float = TIMEOUT


@dataclass(frozen=True)
class Outcome:
    """How the run of one twin ended."""

    exercise: str
    language: str
    ok: bool
    seconds: float
    problem: str = ""
    last_lines: list[str] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """Return the outcome as plain data for JSON."""
        return asdict(self)


def driver(language: str) -> list[str]:
    """Return the command of the driver, without the job."""
    if language == "python":
        return [sys.executable, "-m", "deeptwins.runs.driver"]
    return ["Rscript", str(ROOT / "r" / "driver.R")]


def environment(threads: int = THREADS) -> dict[str, str]:
    """Return the environment of a twin: the user's own, with the settings of the run."""
    env = os.environ | {
        "MPLBACKEND": "module://deeptwins.runs.figures",
        "MATPLOTLIBRC": str(ROOT / "matplotlibrc"),
        "PYTHONUNBUFFERED": "1",
        "PYTHONUTF8": "1",
        "R_PROFILE_USER": str(ROOT / ".Rprofile"),
        "TF_CPP_MIN_LOG_LEVEL": os.environ.get("TF_CPP_MIN_LOG_LEVEL", "2"),
        # Sums depend on how many threads share them, so every run says how many.
        "TF_NUM_INTRAOP_THREADS": str(threads),
        "OMP_NUM_THREADS": str(threads),
    }
    named = env.get("LC_ALL") or env.get("LC_CTYPE") or env.get("LANG") or "C"
    if os.name == "posix" and not re.search("utf-?8", named, re.I):
        # R would take every letter beyond ASCII apart, those of the checkout's own path too.
        env["LC_ALL"] = "en_US.UTF-8" if sys.platform == "darwin" else "C.UTF-8"
    return env


def warm(language: str, threads: int = THREADS) -> Warm | None:
    """Start a warm process from which `run_twin` can fork, or None where that cannot be.

    Call it in a thread that outlives it: its end is the warm process's end.
    """
    argv = driver(language)
    if not processes.can_fork() or shutil.which(argv[0]) is None:
        return None
    return Warm(_bound(argv), environment(threads), str(ROOT))


def job(
    exercise: str, language: str, script: Path, folder: Path, values: Mapping[str, Any]
) -> dict[str, Any]:
    """Return what a driver has to know: the script, where to run it, the constants to replace."""
    return {
        "id": exercise,
        "language": language,
        "script": str(script),
        "folder": str(folder),
        "set": dict(values),
        "sizes": _sizes(exercise),
        "mark": sections.MARK,
        "pattern": sections.PATTERN,
        "setup": sections.SETUP,
        "constants": sections.CONSTANTS,
    }


def run_twin(
    exercise: str,
    language: str,
    settings: Settings,
    warmed: Warm | None = None,
    results: Path | None = None,
) -> Outcome:
    """Run one twin and return how it ended; never raises for a twin's own failure.

    The folder of an earlier run is removed first: what is there afterwards is
    from this run. A twin that is still running after the timeout is ended with
    everything that it started, and under Linux also when this process is killed.
    """
    began = time.monotonic()

    def outcome(problem: str = "", lines: Sequence[str] = ()) -> Outcome:
        seconds = round(time.monotonic() - began, 2)
        return Outcome(exercise, language, not problem, seconds, problem, list(lines))

    script = script_file(exercise, language)
    if not script.is_file():
        return outcome(f"{script.relative_to(ROOT).as_posix()} does not exist")
    argv = driver(language)
    if shutil.which(argv[0]) is None:
        return outcome(f"{argv[0]} was not found; `deeptwins doctor` says how to get it")
    room = (results or results_dir()) / language
    if trouble := files.trouble(room):
        return outcome(f"{trouble}; {MAKE_ROOM}")
    try:
        values = variants.constants(exercise, settings.variant) | dict(settings.values)
        data = cards.read_by(script, values, settings.variant)
    except (OSError, ValueError) as error:
        return outcome(str(error))
    folder = _fresh(record.folder_of(exercise, language, results))
    the_job = job(exercise, language, script, folder, values)
    (folder / JOB).write_text(json.dumps(the_job), encoding="utf-8")
    env = environment(settings.threads)
    status = _process([*argv, str(folder / JOB)], env, folder, settings.timeout, warmed)
    if status == 0:
        try:
            record.write(the_job, data, _computing(env))
        except (record.RecordError, OSError, ValueError) as error:
            return outcome(f"ended without a valid record: {error}")
        (folder / JOB).unlink()
        return outcome()
    if status is None:
        problem = f"still ran after {settings.timeout:g} s and was ended"
    elif status < 0:
        problem = f"was ended by {signal.Signals(-status).name}"
        if status == -signal.SIGKILL:
            problem += "; if nobody did that, the memory was too small"
    else:
        problem = f"ended with status {status}"
    if trouble := files.trouble(room):
        problem += f"; {trouble}; {MAKE_ROOM}"
    return outcome(problem, _tail(folder))


def run(
    exercises: Sequence[str],
    languages: Sequence[str],
    settings: Settings,
    *,
    jobs: int | None = None,
    started: Callable[[str, str], None] = lambda exercise, language: None,
    ended: Callable[[Outcome], None] = lambda outcome: None,
    compared: Callable[[str], None] = lambda exercise: None,
    waiting: Callable[[str], None] = lambda exercise: None,
) -> list[Outcome]:
    """Run twins, at most `jobs` at once, and return their outcomes in the order asked for.

    The longest exercises start first, after one quick one; `compared` is called
    for each as soon as it has ended in all languages. An exercise is locked
    while it runs and is compared, so that two runs in the same results do not
    mix. An interrupt ends every twin that is running.
    """
    jobs = jobs or min(2, _cores())
    several = languages if len(exercises) > 1 else ()
    stop = threading.Event()
    left = {one: len(languages) for one in exercises}
    held = {one: _lock(one) for one in exercises}
    turns = {one: threading.Lock() for one in exercises}

    def one(exercise: str, language: str) -> Outcome:
        if stop.is_set():
            return Outcome(exercise, language, ok=False, seconds=0.0, problem="was not started")
        with turns[exercise]:
            if not held[exercise].is_locked:
                _acquire(held[exercise], lambda: waiting(exercise))
        started(exercise, language)
        return run_twin(exercise, language, settings, servers.get(language))

    outcomes: dict[tuple[str, str], Outcome] = {}
    with contextlib.ExitStack() as open_now, ThreadPoolExecutor(max_workers=jobs) as pool:
        servers = {
            language: open_now.enter_context(server)
            for language in several
            if (server := warm(language, settings.threads))
        }
        futures = {
            pool.submit(one, exercise, language): (exercise, language)
            for exercise in _in_order(exercises)
            for language in languages
        }
        try:
            running = set(futures)
            while running:
                # Not one long wait: on Windows, Ctrl+C comes through only between two.
                done, running = wait(running, timeout=0.5, return_when=FIRST_COMPLETED)
                for future in done:
                    exercise, _ = pair = futures[future]
                    outcomes[pair] = future.result()
                    ended(outcomes[pair])
                    left[exercise] -= 1
                    if not left[exercise]:
                        compared(exercise)
                        held[exercise].release()
        except BaseException:
            stop.set()
            # A twin may just be starting: go on until none is left.
            while wait(futures, timeout=0.1).not_done:
                for process in list(_running):
                    _end(process)
            raise
        finally:
            for lock in held.values():
                lock.release()
    return [outcomes[exercise, language] for exercise in exercises for language in languages]


_running: set[subprocess.Popen | Forked] = set()


def _process(
    argv: list[str], env: dict[str, str], folder: Path, timeout: float, warmed: Warm | None
) -> int | None:
    """Run a driver to its end and return its status; None where it was ended at the timeout."""
    began = time.monotonic()
    process: subprocess.Popen | Forked | None = None
    with (
        (folder / record.OUTPUT).open("wb") as out,
        (folder / record.ERRORS).open("wb") as err,
    ):
        try:
            if warmed:
                process = warmed.fork(argv[-1], out, err, timeout)
            process = process or processes.start(
                _bound(argv),
                cwd=ROOT,  # where R reads .Rprofile; the driver goes to the folder
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
            )
            _running.add(process)
            return process.wait(max(0.0, began + timeout - time.monotonic()))
        except subprocess.TimeoutExpired:
            return None
        finally:
            if process:
                _end(process)
                _running.discard(process)


def _fresh(folder: Path) -> Path:
    """Return an empty folder in which shared_data is linked, whatever was there before."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    files.link(folder / "shared_data", ROOT / "shared_data")
    return folder


def _sizes(exercise: str) -> dict[str, list[float]]:
    """Return the size of each section's pictures in inches, where figures.yml gives one."""
    entries = yaml.safe_load(FIGURES.read_text(encoding="utf-8")) or {}
    return {
        name.rpartition("-")[0]: entry["size"]
        for name, entry in (entries.get(exercise) or {}).items()
        if "size" in entry
    }


def _computing(env: Mapping[str, str]) -> dict[str, Any]:
    """Return what decides how TensorFlow computes, for the record."""
    return {
        "threads": int(env["TF_NUM_INTRAOP_THREADS"]),
        "onednn": env.get("TF_ENABLE_ONEDNN_OPTS", "default"),
        "deterministic": env.get("TF_DETERMINISTIC_OPS", "default"),
    }


def _in_order(exercises: Sequence[str]) -> list[str]:
    """Return the quickest exercise, then the others from the longest on, as far as is known."""

    def seconds(exercise: str) -> float:
        for language in ("python", "r"):
            with contextlib.suppress(record.RecordError):
                return record.read(exercise, language)["seconds"]
        kept = files.read_json(ROOT / "book" / "runs" / f"{exercise}.json")
        return kept.get("python", {}).get("seconds", 0.0)

    known = {one: seconds(one) for one in exercises}
    longest = sorted(exercises, key=lambda one: -known[one])
    return longest[-1:] + longest[:-1]


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _lock(exercise: str) -> filelock.BaseFileLock:
    path = results_dir() / ".locks" / f"{exercise.replace('/', '-')}.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    return filelock.FileLock(path, thread_local=False)


def _acquire(lock: filelock.BaseFileLock, waiting: Callable[[], None]) -> None:
    try:
        lock.acquire(timeout=0)
    except filelock.Timeout:
        waiting()
        lock.acquire()


def _bound(argv: list[str]) -> list[str]:
    """Return a command that runs `argv` and, where the system can do that, ends with us."""
    if sys.platform != "linux":
        return argv
    return [sys.executable, "-IS", str(Path(__file__).with_name("bound.py")), *argv]


def _end(process: subprocess.Popen | Forked) -> None:
    """End a twin and whatever it started."""
    processes.end(process.pid)
    process.wait()


def _tail(folder: Path) -> list[str]:
    """Return the last lines of the error output, or of the output where that is empty."""
    for name in (record.ERRORS, record.OUTPUT):
        lines = (folder / name).read_text(encoding="utf-8", errors="replace").split("\n")
        lines = [line for line in lines if line.strip() and not NOISE.match(line)]
        if lines:
            return lines[-LAST_LINES:]
    return []
