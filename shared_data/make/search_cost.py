"""Measure what the search of exercise 14 costs, for the picture in its chapter.

    python shared_data/make/search_cost.py

Both twins search with one and with two workers on this machine, for three and
for five folds: the seconds from the start of the workers to the last result.
Nothing else should run meanwhile. Writes book/search_cost.yml.
"""

import datetime
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import yaml

from deeptwins import files, runner
from deeptwins.paths import BOOK, LANGUAGES, ROOT, script_file

WORKERS = (1, 2)
FOLDS = (3, 5)
# Where the clock starts and stops in each twin.
CLOCK = {
    "python": (
        "left = [",
        "import time\nbegan = time.monotonic()\nleft = [",
        "found = [json",
        "print('SECONDS', time.monotonic() - began)\nraise SystemExit\nfound = [json",
    ),
    "r": (
        "left <- Filter(",
        'began <- proc.time()[["elapsed"]]\nleft <- Filter(',
        "found <- lapply(tasks",
        'cat("SECONDS", proc.time()[["elapsed"]] - began, "\\n")\nquit()\nfound <- lapply(tasks',
    ),
}


def measure(language: str, workers: int, folds: int) -> float:
    """Return the seconds of one search; SystemExit where it fails."""
    equals = "=" if language == "python" else "<-"
    source = script_file("14_search", language).read_text(encoding="utf-8")
    changes = [
        (f"WORKERS {equals} 2\n", f"WORKERS {equals} {workers}\n"),
        (f"FOLDS {equals} 5\n", f"FOLDS {equals} {folds}\n"),
        CLOCK[language][:2],
        CLOCK[language][2:],
    ]
    for old, new in changes:
        if source.count(old) != 1:
            raise SystemExit(f"the twin in {language} has not one {old!r}")
        source = source.replace(old, new)
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder, "search.py" if language == "python" else "search.R")
        script.write_text(source, encoding="utf-8")
        env = runner.environment("mini", seed=1, threads=1) | {"DEEPTWINS_RESULTS": folder}
        program = sys.executable if language == "python" else "Rscript"
        done = subprocess.run(
            [program, str(script)], cwd=ROOT, env=env, capture_output=True, text=True, check=False
        )
    marks = [line.split() for line in done.stdout.splitlines() if line.startswith("SECONDS")]
    if len(marks) != 1:
        raise SystemExit(f"{language}: no time was measured\n{done.stderr[-2000:]}")
    return round(float(marks[0][1]), 1)


def main() -> None:
    """Measure each case once and write the table."""
    measured = []
    for language in LANGUAGES:
        for folds in FOLDS:
            for workers in WORKERS:
                seconds = measure(language, workers, folds)
                measured.append(
                    {"language": language, "folds": folds, "workers": workers, "seconds": seconds}
                )
                print(measured[-1], flush=True)
    content = {
        "made": datetime.datetime.now(datetime.timezone.utc).date().isoformat(),
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[2], 1),
        "measured": measured,
    }
    header = "# Seconds of one run each: made by shared_data/make/search_cost.py\n"
    files.write_text(BOOK / "search_cost.yml", header + yaml.safe_dump(content, sort_keys=False))


if __name__ == "__main__":
    main()
