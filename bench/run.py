"""Measure how long the course takes, and write book/speed.yml for the book's page on speed.

`python course.py bench` measures everything; use a quiet machine. With the ids of exercises
behind it, it measures those alone, and what the file says of the rest stays.
"""

import argparse
import os
import platform
import re
import subprocess
import sys
import tempfile
import time
from importlib import metadata
from pathlib import Path
from statistics import median

import yaml

from deeptwins import catalog, files
from deeptwins.book import renderer
from deeptwins.paths import BOOK, LANGUAGES, ROOT
from deeptwins.runs import capture, driver, record, runner

FOUND = BOOK / "speed.yml"
CLOCKED = [sys.executable, __file__, "--clocked"]  # the driver of Python, as follows
SPENT = "spent.txt"


def clocked(job_file: str) -> int:
    """Run a job as Python's driver does, and note the processor seconds of the capture."""
    spent = []

    def with_clock(function):
        def inner(*given):
            spent.append(-time.process_time())
            try:
                return function(*given)
            finally:
                spent.append(time.process_time())

        return inner

    for name in ("_before", "_after", "finish"):
        setattr(capture, name, with_clock(getattr(capture, name)))
    status = driver.run(job_file)
    Path(SPENT).write_text(str(sum(spent)), encoding="utf-8")
    return status


def measure(exercise: str, results: Path) -> tuple[float, ...]:
    """Return the numbers of the table's columns, from one fresh process in each language."""
    clock = [sum(os.times()[2:4])]  # processor seconds of the children
    for language in LANGUAGES:
        ended = runner.run_twin(exercise, language, runner.Settings(), results=results)
        if not ended.ok:
            sys.exit("\n".join([f"{exercise}, {language}: {ended.problem}", *ended.last_lines]))
        clock.append(sum(os.times()[2:4]))
    python, r = clock[1] - clock[0], clock[2] - clock[1]
    cost = float((record.folder_of(exercise, "python", results) / SPENT).read_text())
    return python, r, r / python, 100 * cost / (python - cost)


def commands() -> dict[str, list[str]]:
    """Return rows of seconds by the clock: the set-up in a new clone, the book, a command."""
    ours = [sys.executable, "-m", "deeptwins"]
    found = {}
    with tempfile.TemporaryDirectory() as clone:
        subprocess.run(["git", "clone", "--quiet", ROOT, clone], check=True)
        set_up = [sys.executable, f"{clone}/course.py", "setup"]
        timed = {"`make setup` in a new clone, with a filled cache": set_up}
        timed |= {"`make setup` again": set_up, "`deeptwins --help`": [*ours, "--help"]}
        timed[f"`make book`, by {renderer.renderer().name}"] = [*ours, "book", "--render"]
        for words, command in timed.items():
            began = time.monotonic()
            subprocess.run(command, cwd=ROOT, check=True)
            found[words] = [words, f"{time.monotonic() - began:.1f}", "", "", ""]
    return found


def main() -> None:
    """Measure what the command line asks for, and write the file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("ids", nargs="*", metavar="ID", help="exercises; all and the rest if none")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    known = yaml.safe_load(FOUND.read_text(encoding="utf-8"))
    rows = {row[0]: row for row in known["rows"] if options.ids}
    usual = runner.driver
    runner.driver = lambda language: CLOCKED if language == "python" else usual(language)
    with tempfile.TemporaryDirectory() as results:
        for exercise in catalog.find(options.ids):
            rounds = [measure(exercise, Path(results)) for _ in range(options.rounds)]
            python, r, ratio, cost = map(median, zip(*rounds, strict=True))
            row = [f"`{exercise}`", f"{python:.1f}", f"{r:.1f}", f"{ratio:.2f}", f"{cost:+.1f} %"]
            rows[row[0]] = row
            print(*row, flush=True)
    if not options.ids:
        rows |= commands()
    processor = re.search("model name\\s*: (.+)", subprocess.getoutput("cat /proc/cpuinfo"))
    said = f"processor {processor[1] if processor else platform.machine()}, cores {os.cpu_count()}"
    said += f", load {os.getloadavg()[1]:.1f}, Python {platform.python_version()}"
    said += "".join(f", {one} {metadata.version(one)}" for one in ("TensorFlow", "Keras"))
    made = time.strftime("%Y-%m-%d", time.gmtime())
    found = {
        "heads": ["Seconds of", "Python", "R", "R / Python", "capture"],
        # Exercises first: their names begin with a digit, those of commands with a letter.
        "rows": [rows[name] for name in sorted(rows)],
        "note": f"Measured on {made}, the middle of {options.rounds} rounds: {said}.",
    }
    text = yaml.safe_dump(found, sort_keys=False, allow_unicode=True, width=100)
    files.write_text(FOUND, "# Made by bench/run.py: do not edit\n" + text)


if __name__ == "__main__":
    sys.exit(clocked(sys.argv[2]) if CLOCKED[-1] in sys.argv else main())
