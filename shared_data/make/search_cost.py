"""Measure what the search of exercise 14 costs, for the picture in its chapter.

    python shared_data/make/search_cost.py

Both twins search with one and with two workers on this machine, for three and for five folds:
the seconds of the whole twin. Nothing else should run meanwhile. Writes book/search_cost.yml.
"""

import datetime
import os
import tempfile
from pathlib import Path

import yaml

from deeptwins import files
from deeptwins.paths import BOOK, LANGUAGES
from deeptwins.runs import runner

EXERCISE = "18_search"
CASES = [(folds, workers) for folds in (3, 5) for workers in (1, 2)]
HEAD = "# Seconds of one run each: made by shared_data/make/search_cost.py\n"


def measure(language: str, folds: int, workers: int) -> dict:
    """Return one row; SystemExit where the twin fails."""
    settings = runner.Settings(values={"FOLDS": folds, "WORKERS": workers})
    with tempfile.TemporaryDirectory() as folder:
        ended = runner.run_twin(EXERCISE, language, settings, results=Path(folder))
    if not ended.ok:
        raise SystemExit(f"{language}: {ended.problem}\n" + "\n".join(ended.last_lines))
    seconds = round(ended.seconds, 1)
    row = {"language": language, "folds": folds, "workers": workers, "seconds": seconds}
    print(row, flush=True)
    return row


def main() -> None:
    """Measure each case once and write the table."""
    content = {
        "made": datetime.datetime.now(datetime.timezone.utc).date().isoformat(),
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[2], 1),
        "measured": [measure(language, *case) for language in LANGUAGES for case in CASES],
    }
    files.write_text(BOOK / "search_cost.yml", HEAD + yaml.safe_dump(content, sort_keys=False))


if __name__ == "__main__":
    main()
