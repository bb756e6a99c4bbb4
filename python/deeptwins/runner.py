"""Run twins as a learner would: each in a process of its own, two side by side.

The process runs the script itself; a small driver only prints a mark at each
section, so that the book can later say which section printed what. One twin
gets a fresh process; several are forked from a warm one (warm.py).
"""

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from deeptwins import files, processes, record
from deeptwins.paths import ROOT, data_home, results_dir, script_file
from deeptwins.warm import Forked, Warm

THREADS = 1  # of each twin, so that the numbers do not depend on how many cores a machine has
TIMEOUT = 3600  # seconds: only what hangs takes so long, on a slow and busy machine too
SECTION_MARK = "\x1e"  # ASCII record separator, which no twin prints; splitlines() splits at it
LAST_LINES = 12
MAKE_ROOM = "see to it, or choose another folder: export DEEPTWINS_RESULTS=/some/folder"
# What TensorFlow writes before it knows its log level, and our own marks.
NOISE = re.compile(rf"{SECTION_MARK}|[IWE]0000 |WARNING: All log messages before absl")


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


def output_file(exercise: str, language: str, stream: str = "out") -> Path:
    """Return where the console output of a twin is kept: its `out` or its `err`."""
    return results_dir() / language / f"{exercise}.{stream}"


def command(exercise: str, language: str) -> list[str]:
    """Return the command that runs a twin with its sections marked."""
    return [*driver(language), str(script_file(exercise, language))]


def driver(language: str) -> list[str]:
    """Return the command that runs the script named after it, or with --warm those it is sent."""
    if language == "python":
        return [sys.executable, str(Path(__file__).with_name("marked.py"))]
    return ["Rscript", str(ROOT / "r" / "marked.R")]


def warm(language: str, variant: str = "mini", threads: int = THREADS) -> Warm | None:
    """Start a warm process from which `run_twin` can fork, or None where that cannot be.

    Call it in a thread that outlives it: its end is the warm process's end.
    """
    argv = [*driver(language), "--warm"]
    if not processes.can_fork() or shutil.which(argv[0]) is None:
        return None
    return Warm(_bound(argv), environment(variant, None, threads))


def environment(variant: str, seed: int | None, threads: int) -> dict[str, str]:
    """Return the environment of a twin: the user's own, with the settings of the run."""
    env = os.environ | {
        "DEEPTWINS_VARIANT": variant,
        "DEEPTWINS_RESULTS": str(results_dir()),
        "MPLBACKEND": "agg",
        "PYTHONUNBUFFERED": "1",
        "PYTHONUTF8": "1",
        "PYTHONIOENCODING": "utf-8",
        "TF_CPP_MIN_LOG_LEVEL": os.environ.get("TF_CPP_MIN_LOG_LEVEL", "2"),
        # Sums depend on how many threads share them, so every run says how many.
        "TF_NUM_INTRAOP_THREADS": str(threads),
        "OMP_NUM_THREADS": str(threads),
    }
    named = env.get("LC_ALL") or env.get("LC_CTYPE") or env.get("LANG") or "C"
    if os.name == "posix" and not re.search("utf-?8", named, re.I):
        # R would take every letter beyond ASCII apart, those of the checkout's own path too.
        env["LC_ALL"] = "en_US.UTF-8" if sys.platform == "darwin" else "C.UTF-8"
    if env.get("DEEPTWINS_DATA"):  # a twin runs in another folder than the one who named it
        env["DEEPTWINS_DATA"] = str(data_home())
    env.pop("DEEPTWINS_SEED", None)
    if seed is not None:
        env["DEEPTWINS_SEED"] = str(seed)
    return env


def run_twin(
    exercise: str,
    language: str,
    *,
    variant: str = "mini",
    seed: int | None = None,
    threads: int = THREADS,
    timeout: float = TIMEOUT,
    warmed: Warm | None = None,
) -> Outcome:
    """Run one twin and return how it ended; never raises for a twin's own failure.

    It runs in a process that is forked from `warmed` where that was started
    with the same settings, and else in a fresh one.

    An earlier record of the twin is removed first: what is there afterwards is
    from this run. A twin that is still running after `timeout` seconds is ended
    with everything that it started. Under Linux a twin also ends when this
    process is killed, so that it does not write into the next run.
    """
    began = time.monotonic()

    def outcome(problem: str = "", lines: Sequence[str] = ()) -> Outcome:
        seconds = round(time.monotonic() - began, 2)
        return Outcome(exercise, language, not problem, seconds, problem, list(lines))

    script = script_file(exercise, language)
    if not script.is_file():
        return outcome(f"{script.relative_to(ROOT).as_posix()} does not exist")
    argv = command(exercise, language)
    if shutil.which(argv[0]) is None:
        return outcome(f"{argv[0]} was not found; `deeptwins doctor` says how to get it")
    if trouble := files.trouble(results_dir() / language):
        return outcome(f"{trouble}; {MAKE_ROOM}")
    record.record_file(exercise, language).unlink(missing_ok=True)
    _sweep(exercise, language)
    out, err = (output_file(exercise, language, stream) for stream in ("out", "err"))
    status: int | None = None
    process: subprocess.Popen | Forked | None = None
    env = environment(variant, seed, threads)
    with (
        files.replacing(out) as out_now,
        files.replacing(err) as err_now,
        out_now.open("wb") as stdout,
        err_now.open("wb") as stderr,
    ):
        try:
            if warmed:
                process = warmed.fork(str(script), env, stdout, stderr, timeout)
            process = process or processes.start(
                _bound(argv),
                cwd=ROOT,
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=stderr,
            )
            _running.add(process)
            status = process.wait(max(0.0, began + timeout - time.monotonic()))
        except subprocess.TimeoutExpired:
            pass
        finally:
            if process:
                _end(process)
                _running.discard(process)
    if status == 0:
        try:
            record.read(exercise, language)
        except record.RecordError as error:
            return outcome(f"ended without a valid record: {error}")
        return outcome()
    if status is None:
        problem = f"still ran after {timeout:g} s and was ended"
    elif status < 0:
        problem = f"was ended by {signal.Signals(-status).name}"
        if status == -signal.SIGKILL:
            problem += "; if nobody did that, the memory was too small"
    else:
        problem = f"ended with status {status}"
    if trouble := files.trouble(results_dir() / language):
        problem += f"; {trouble}; {MAKE_ROOM}"
    return outcome(problem, _tail(out, err))


@contextlib.contextmanager
def reserved(exercises: Sequence[str], waiting: Callable[[str], None]) -> Iterator[None]:
    """Keep other runs in the same results from these exercises, or wait until they are done.

    The order is the same in every run, so that no two wait for each other.

    Raises
    ------
    OSError
        Nothing can be written where the results go.
    """
    with contextlib.ExitStack() as held:
        for one in sorted(set(exercises)):
            lock = results_dir() / ".locks" / f"{one}.lock"
            lock.parent.mkdir(parents=True, exist_ok=True)
            alone = FileLock(lock)
            try:
                held.enter_context(alone.acquire(blocking=False))
            except Timeout:
                waiting(one)
                held.enter_context(alone.acquire())
        yield


def _sweep(exercise: str, language: str) -> None:
    """Remove what an earlier run that was killed has left half written."""
    for stream in ("out", "err"):
        files.sweep(output_file(exercise, language, stream))
    path = record.record_file(exercise, language)
    for ending in (".json", ".f32"):
        files.sweep(path.with_suffix(ending))
        for left in path.parent.glob(f".{path.stem}{ending}.*"):  # R's names for the same
            left.unlink(missing_ok=True)


def _bound(argv: list[str]) -> list[str]:
    """Return a command that runs `argv` and, where the system can do that, ends with us."""
    if sys.platform != "linux":
        return argv
    return [sys.executable, "-IS", str(Path(__file__).with_name("bound.py")), *argv]


_running: set[subprocess.Popen | Forked] = set()


def _end(process: subprocess.Popen | Forked) -> None:
    """End a twin and whatever it started."""
    processes.end(process.pid)
    process.wait()


def _tail(out: Path, err: Path) -> list[str]:
    """Return the last lines of the error output, or of the output where that is empty."""
    for path in (err, out):
        lines = path.read_text(encoding="utf-8", errors="replace").split("\n")
        lines = [line for line in lines if line.strip() and not NOISE.match(line)]
        if lines:
            return lines[-LAST_LINES:]
    return []


def run(
    exercises: Sequence[str],
    languages: Sequence[str],
    *,
    variant: str = "mini",
    seed: int | None = None,
    timeout: float = TIMEOUT,
    jobs: int | None = None,
    forked: bool = True,
    started: Callable[[str, str], None] = lambda exercise, language: None,
    ended: Callable[[Outcome], None] = lambda outcome: None,
) -> list[Outcome]:
    """Run twins, at most `jobs` at once, and return their outcomes in the order asked for.

    The R twin of an exercise runs beside its Python twin where there are two
    cores. Of two exercises and more, each language's are forked from one warm
    process, unless `forked` is false. An interrupt ends every twin that is running.
    """
    jobs = jobs or min(2, os.cpu_count() or 1)
    several = languages if forked and len(exercises) > 1 else ()
    pairs = [(exercise, language) for exercise in exercises for language in languages]
    stop = threading.Event()

    def one(pair: tuple[str, str]) -> Outcome:
        if stop.is_set():
            return Outcome(*pair, ok=False, seconds=0.0, problem="was not started")
        started(*pair)
        warmed = servers.get(pair[1])
        return run_twin(*pair, variant=variant, seed=seed, timeout=timeout, warmed=warmed)

    outcomes: dict[tuple[str, str], Outcome] = {}
    with ThreadPoolExecutor(max_workers=jobs) as pool, contextlib.ExitStack() as held:
        servers = {
            language: held.enter_context(server)
            for language in several
            if (server := warm(language, variant))
        }
        futures = {pool.submit(one, pair): pair for pair in pairs}
        try:
            left = set(futures)
            while left:
                # Not one long wait: on Windows, Ctrl+C comes through only between two.
                done, left = wait(left, timeout=0.5, return_when=FIRST_COMPLETED)
                for future in done:
                    outcomes[futures[future]] = future.result()
                    ended(outcomes[futures[future]])
        except BaseException:
            stop.set()
            held.close()
            # A twin may just be starting: go on until none is left.
            while wait(futures, timeout=0.1).not_done:
                for process in list(_running):
                    _end(process)
            raise
    return [outcomes[pair] for pair in pairs]
