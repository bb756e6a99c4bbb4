"""Measure how long the course takes, and write book/speed.yml for the book's page on speed.

    python course.py bench                 everything; use a quiet machine
    .venv/bin/python bench/run.py 02 04 --rounds 3     some exercises alone; the rest stays

Of each exercise: the seconds of processor time of a twin that runs by itself in a fresh process, in
Python and in R by turns, the ratio of the two, and what the capture takes of Python's time. Of
the set-up in a new clone, the book and a command: the seconds that pass.
"""

import argparse
import datetime
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from importlib import metadata
from pathlib import Path

import yaml

from deeptwins import catalog, files
from deeptwins.book import renderer
from deeptwins.paths import BOOK, LANGUAGES, ROOT
from deeptwins.runs import capture, driver, record, runner

FOUND = BOOK / "speed.yml"
HOOKS = "hooks.json"
HEAD = "# Made by bench/run.py: do not edit\n"


def seconds(exercise: str, language: str, results: Path) -> float:
    """Return the processor seconds of one twin; SystemExit where it fails."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    ended = runner.run_twin(exercise, language, runner.Settings(), results=results)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if not ended.ok:
        raise SystemExit(f"{exercise}, {language}: {ended.problem}\n" + "\n".join(ended.last_lines))
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def cost_of_capture(exercise: str, results: Path) -> float:
    """Return what the hooks take, in percent of the same run without them."""
    usual = runner.driver
    runner.driver = lambda language: [sys.executable, __file__, "--hooks"]
    try:
        seconds(exercise, "python", results)
    finally:
        runner.driver = usual
    found = files.read_json(record.folder_of(exercise, "python", results) / HOOKS)
    return 100 * found["hooks"] / (found["whole"] - found["hooks"])


def run_with_clock(job_file: str) -> int:
    """Run a job as Python's driver does, and note how long the capture takes of it."""
    spent = 0.0

    def clocked(function):
        def wrapped(*given):
            nonlocal spent
            began = time.process_time()
            try:
                return function(*given)
            finally:
                spent += time.process_time() - began

        return wrapped

    for name in ("_before", "_after", "finish"):
        setattr(capture, name, clocked(getattr(capture, name)))
    status = driver.run(job_file)
    Path(HOOKS).write_text(json.dumps({"hooks": spent, "whole": time.process_time()}))
    return status


def measure(exercise: str, rounds: int, results: Path) -> dict:
    """Return one row of the table: the middle of the rounds."""
    pairs = [[seconds(exercise, one, results) for one in LANGUAGES] for _ in range(rounds)]
    cost = statistics.median(cost_of_capture(exercise, results) for _ in range(rounds))
    row = {"exercise": exercise}
    for language, several in zip(LANGUAGES, zip(*pairs, strict=True), strict=True):
        row[language] = round(statistics.median(several), 2)
    row["ratio"] = round(statistics.median(r / python for python, r in pairs), 3)
    row["capture"] = round(cost, 2)
    print(row, flush=True)
    return row


def clock(command: list[str], folder: Path = ROOT) -> float:
    """Return the seconds that a command takes by the clock; SystemExit where it fails."""
    began = time.monotonic()
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}")
    print(f"{' '.join(command)}: {time.monotonic() - began:.1f} s", flush=True)
    return round(time.monotonic() - began, 1)


def commands() -> dict[str, float]:
    """Return the seconds of the set-up, of the book and of a command."""
    ours = [sys.executable, "-m", "deeptwins"]
    with tempfile.TemporaryDirectory() as folder:
        clone = Path(folder, "clone")
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
        set_up = [sys.executable, "course.py", "setup"]
        return {
            "`make setup` in a new clone, with a filled cache": clock(set_up, clone),
            "`make setup` again": clock(set_up, clone),
            f"`make book`, by {renderer.renderer().name}": clock([*ours, "book", "--render"]),
            "`deeptwins list`": clock([*ours, "list"]),
        }


def machine() -> dict[str, str | int]:
    """Return on what was measured, and how busy it was."""
    cpu = Path("/proc/cpuinfo")
    lines = cpu.read_text(encoding="utf-8").splitlines() if cpu.is_file() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return {
        "processor": names[0] if names else platform.machine(),
        "cores": os.cpu_count() or 1,
        "load": round(os.getloadavg()[1], 1),
        "Python": platform.python_version(),
        "TensorFlow": metadata.version("tensorflow"),
        "Keras": metadata.version("keras"),
    }


def main() -> None:
    """Measure what the command line asks for, and write the file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("ids", nargs="*", metavar="ID", help="exercises; all and the rest if none")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    known = yaml.safe_load(FOUND.read_text(encoding="utf-8")) if FOUND.is_file() else {}
    rows = {row["exercise"]: row for row in known.get("exercises", []) if options.ids}
    with tempfile.TemporaryDirectory() as results:
        for exercise in catalog.find(options.ids):
            rows[exercise] = measure(exercise, options.rounds, Path(results))
    found = {
        "made": datetime.datetime.now(datetime.timezone.utc).date().isoformat(),
        "rounds": options.rounds,
        "machine": machine(),
        "exercises": [rows[exercise] for exercise in sorted(rows)],
        "commands": known.get("commands", {}) if options.ids else commands(),
    }
    text = yaml.safe_dump(found, sort_keys=False, allow_unicode=True, width=100)
    files.write_text(FOUND, HEAD + text)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--hooks"]:
        sys.exit(run_with_clock(sys.argv[2]))
    main()
