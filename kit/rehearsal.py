"""Play a plan of book/plans.yml: type what its tasks tell learners to type, and measure.

`python course.py rehearse half_day`, or two_days. A task fits if its commands take at most half
of its minutes, one after the other: learners read and talk in the rest.
"""

import itertools
import os
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable

import plans
from deeptwins.paths import LANGUAGES, ROOT


def typed(line: str, language: str) -> int:
    """Type a line, return its status, and show the end of what it said where that is not 0."""
    command = [sys.executable, "-m", "deeptwins", *shlex.split(line)[1:]]
    if language == "r":
        command = ["Rscript", "-e", f'source("r/course.R"); quit(status = {line})']
    ended = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if ended.returncode:
        print(f"{line}\n{ended.stdout.decode('utf-8', 'replace')[-2000:]}")
    return ended.returncode


def play(plan: str, languages: Iterable[str]) -> bool:
    """Print a row for each task with commands, in each language; tell whether all of them fit."""
    days = [day for name, day in plans.days().items() if name.startswith(plan)]
    steps = [(one, it) for day in days for one in day["sessions"] for it in one.get("steps", ())]
    verdicts = []
    print(f"{'task':44} {'':6}  slot  seconds")
    for (session, task), language in itertools.product(steps, languages):
        if lines := plans.commands(session, task)[language]:
            began = time.monotonic()
            failed = any([typed(one, language) for one in lines])
            spent, slot = time.monotonic() - began, 60 * task["minutes"]
            verdicts.append("failed" if failed else "fits" if spent <= slot / 2 else "too slow")
            row = f"{task['task']:44} {language:6} {slot:5} {spent:8.0f}  {verdicts[-1]}"
            print(row, flush=True)
    return {*verdicts} == {"fits"}


if __name__ == "__main__":
    ready, plan = sys.argv[1], "".join(sys.argv[2:]) or "half_day"
    with tempfile.TemporaryDirectory() as results:
        os.environ["DEEPTWINS_RESULTS"] = results  # what learners find in results/ stays
        sys.exit(not play(plan, LANGUAGES if ready == "both" else [ready]))
