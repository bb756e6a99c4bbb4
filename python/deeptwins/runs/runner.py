"""Run twins: each in a process of its own and in results/<language>/<id>/, two side by side.

One twin gets a fresh process; several are forked from a warm one (warm.py).
"""

import collections
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
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, CancelledError, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import filelock
import yaml

from deeptwins import files, processes, sections
from deeptwins.data import cards
from deeptwins.paths import BOOK, FIGURES, ROOT, results_dir, script_file
from deeptwins.processes import THREADS
from deeptwins.runs import record, warm

TIMEOUT = 3600  # seconds: only what hangs takes so long, on a slow and busy machine too
LAST_LINES = 12
# Twins that run side by side: the threads of one often wait for each other. Each takes about 1 GB.
AT_ONCE = min(4, processes.cores() + 2)
# What TensorFlow writes before it knows its log level, and our own marks.
NOISE = re.compile(rf"{sections.MARK}|[IWE]0000 |WARNING: All log messages before absl|\s*$")


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


def driver(language: str) -> list[str]:
    """Return the command of the driver, without the job."""
    if language == "python":
        return [sys.executable, "-m", "deeptwins.runs.driver"]
    return ["Rscript", str(ROOT / "r" / "driver.R")]


@contextlib.contextmanager
def warm_processes(languages: Sequence[str], threads: int = THREADS) -> Iterator[dict[str, bytes]]:
    """Yield the address of a warm process for each language that can have one, for `run_twin`."""
    env = processes.environment(threads)
    with contextlib.ExitStack() as held:
        yield {
            language: held.enter_context(warm.started([*driver(language), "--warm"], env, ROOT))
            for language in languages
            if processes.can_fork() and shutil.which(driver(language)[0])
        }


def job(
    exercise: str, language: str, script: Path, folder: Path, values: Mapping[str, Any]
) -> dict[str, Any]:
    """Return what a driver has to know: the script, where to run it, the constants to replace."""
    figures = (yaml.safe_load(FIGURES.read_text(encoding="utf-8")) or {}).get(exercise, {})
    return {
        "id": exercise,
        "language": language,
        "script": str(script),
        "folder": str(folder),
        "set": dict(values),
        # In inches, of each section's pictures in R; a Python script says it itself.
        "sizes": {k.rpartition("-")[0]: one["size"] for k, one in figures.items() if "size" in one},
        "mark": sections.MARK,
        "pattern": sections.PATTERN,
        "setup": sections.SETUP,
        "constants": sections.CONSTANTS,
    }


def run_twin(
    exercise: str,
    language: str,
    settings: Settings,
    server: bytes | None = None,
    results: Path | None = None,
) -> Outcome:
    """Run one twin and return how it ended; never raises for a twin's own failure.

    The folder of an earlier run is removed first. A twin that still runs after the timeout is ended
    with everything that it started, and under Linux also when this process is killed.
    """
    began = time.monotonic()
    folder = record.folder_of(exercise, language, results)
    lines = []
    try:
        if problem := _run(exercise, language, settings, server, folder):
            lines = _last_lines(folder)
    except (record.RecordError, OSError, ValueError) as error:
        problem = str(error)
    seconds = round(time.monotonic() - began, 2)
    return Outcome(exercise, language, not problem, seconds, problem, lines)


def run(
    exercises: Sequence[str],
    languages: Sequence[str],
    settings: Settings,
    *,
    started: Callable[[str, str], None] = lambda exercise, language: None,
    ended: Callable[[Outcome], None] = lambda outcome: None,
    compared: Callable[[str], None] = lambda exercise: None,
    waiting: Callable[[str], None] = lambda exercise: None,
) -> list[Outcome]:
    """Run twins, some at once, and return their outcomes in the order asked for.

    `compared` is called for each exercise as soon as it has ended in all languages. Until then it
    is locked, so that two runs in the same results do not mix. An interrupt ends every twin.
    OSError where nothing can be written into the results.
    """
    if trouble := files.trouble(results_dir()):
        raise OSError(trouble)
    locks = {one: files.lock(results_dir() / ".locks" / one) for one in exercises}
    told: set[str] = set()
    stop = threading.Event()

    def one(exercise: str, language: str) -> Outcome:
        while not stop.is_set():
            try:
                locks[exercise].acquire(timeout=1)
            except filelock.Timeout:
                if exercise not in told:
                    told.add(exercise)
                    waiting(exercise)
            else:
                started(exercise, language)
                return run_twin(exercise, language, settings, servers.get(language))
        raise CancelledError

    with (
        warm_processes(languages if len(exercises) > 1 else (), settings.threads) as servers,
        ThreadPoolExecutor(AT_ONCE) as pool,
    ):
        pairs = [(exercise, each) for exercise in _in_order(exercises) for each in languages]
        futures = {pool.submit(one, *pair): pair[0] for pair in pairs}
        left = collections.Counter(futures.values())
        running = set(futures)
        try:
            while running:
                # Not one long wait: on Windows, Ctrl+C comes through only between two.
                done, running = wait(running, timeout=0.5, return_when=FIRST_COMPLETED)
                for future in done:
                    ended(future.result())
                    exercise = futures[future]
                    left[exercise] -= 1
                    if not left[exercise]:
                        compared(exercise)
                        locks[exercise].release(force=True)
        except BaseException:
            stop.set()
            # A twin may just be starting: go on until none is left.
            while wait(futures, timeout=0.1).not_done:
                for process in list(_running):
                    processes.end(process.pid)
            raise
        finally:
            for lock in locks.values():
                lock.release(force=True)
    outcomes = [future.result() for future in futures]
    return sorted(outcomes, key=lambda outcome: exercises.index(outcome.exercise))


_running: set[subprocess.Popen | warm.Forked] = set()


def _run(
    exercise: str, language: str, settings: Settings, server: bytes | None, folder: Path
) -> str:
    """Run one twin in an empty folder; return how it failed, or "". Raises if it cannot begin."""
    script, command = script_file(exercise, language), driver(language)
    if not script.is_file():
        raise FileNotFoundError(f"{script.relative_to(ROOT).as_posix()} does not exist")
    if shutil.which(command[0]) is None:
        raise FileNotFoundError(f"{command[0]} is missing; `deeptwins doctor` says how to get it")
    values = cards.constants(exercise, settings.variant) | dict(settings.values)
    data = cards.read_by(script, values, settings.variant)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    files.link(folder / "shared_data", ROOT / "shared_data")
    the_job = job(exercise, language, script, folder, values)
    job_file = folder / "job.json"
    job_file.write_text(json.dumps(the_job), encoding="utf-8")
    status = _process([*command, str(job_file)], settings, folder, server)
    if status == 0:
        how = {  # what decides how TensorFlow computes
            "threads": settings.threads,
            "onednn": os.environ.get("TF_ENABLE_ONEDNN_OPTS", "default"),
            "deterministic": os.environ.get("TF_DETERMINISTIC_OPS", "default"),
        }
        record.write(the_job, data, how)
        job_file.unlink()
        return ""
    if status is None:
        problem = f"still ran after {settings.timeout:g} s and was ended"
    elif status < 0:
        problem = f"was ended by {signal.Signals(-status).name}"
        if problem.endswith("SIGKILL"):
            problem += "; if nobody did that, the memory was too small"
    else:
        problem = f"ended with status {status}"
    trouble = files.trouble(folder)
    return f"{problem}; {trouble}" if trouble else problem


def _process(argv: list[str], settings: Settings, folder: Path, server: bytes | None) -> int | None:
    """Run a driver to its end and return its status; None where it was ended at the timeout."""
    until = time.monotonic() + settings.timeout
    process: subprocess.Popen | warm.Forked | None = None
    with (folder / record.OUTPUT).open("wb") as out, (folder / record.ERRORS).open("wb") as err:
        with contextlib.suppress(EOFError, OSError):  # a fresh one serves where it has ended
            process = warm.Forked(server, argv[-1], settings.timeout) if server else None
        if not process:
            # R reads .Rprofile where it starts; the driver goes to the folder.
            to = {"stdin": subprocess.DEVNULL, "stdout": out, "stderr": err}
            env = processes.environment(settings.threads)
            process = processes.start(argv, cwd=ROOT, env=env, **to)
    _running.add(process)
    try:
        return process.wait(max(0.1, until - time.monotonic()))
    except subprocess.TimeoutExpired:
        processes.end(process.pid)
        process.wait()
        return None
    finally:
        processes.end(process.pid)  # what it has started
        _running.discard(process)


def _in_order(exercises: Sequence[str]) -> list[str]:
    """Return the quickest exercise, then the others from the longest on, by the verified runs."""
    kept = {one: files.read_json(BOOK / "runs" / f"{one}.json") for one in exercises}
    seconds = {one: run.get("python", {}).get("seconds", 0.0) for one, run in kept.items()}
    longest = sorted(exercises, key=seconds.get, reverse=True)
    return longest[-1:] + longest[:-1]


def _last_lines(folder: Path) -> list[str]:
    """Return the last lines of the error output, or of the output where that is empty."""
    for name in (record.ERRORS, record.OUTPUT):
        lines = (folder / name).read_text(encoding="utf-8", errors="replace").split("\n")
        if lines := [line for line in lines if not NOISE.match(line)]:
            return lines[-LAST_LINES:]
    return []
