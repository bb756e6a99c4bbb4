"""Measure under which settings two runs are equal, and write book/settings.yml.

    python shared_data/make/settings.py

Two exercises run in both languages under each setting, one at a time. Two differences are kept:
R against Python under the same setting, and Python against Python under the course's own. Each is
the largest over all weights before and after training, and all predictions.
"""

import datetime
import os
import tempfile
from pathlib import Path

import numpy as np
import yaml

from deeptwins import files
from deeptwins.paths import BOOK, LANGUAGES
from deeptwins.runs import capture, record, runner

EXERCISES = ("01_first_network", "07_cnn")
SETTINGS = {  # threads, and whether oneDNN's routines are used; the first is the course's
    "1 thread": (1, "1"),
    "2 threads": (2, "1"),
    "1 thread, oneDNN off": (1, "0"),
}
COURSE = next(iter(SETTINGS))


def run(exercise: str, language: str, threads: int, onednn: str) -> np.ndarray:
    """Return the values that a run leaves behind; SystemExit where it fails."""
    os.environ["TF_ENABLE_ONEDNN_OPTS"] = onednn
    with tempfile.TemporaryDirectory() as folder:
        settings = runner.Settings(threads=threads)
        ended = runner.run_twin(exercise, language, settings, results=Path(folder))
        if not ended.ok:
            raise SystemExit(f"{exercise}, {language}: {ended.problem}")
        print(f"{exercise}, {language}, {threads} threads, oneDNN {onednn}: {ended.seconds} s")
        return np.fromfile(
            record.folder_of(exercise, language, Path(folder)) / capture.TENSORS, "<f4"
        )


def main() -> None:
    """Run everything, and write what was found."""
    rows = []
    for exercise in EXERCISES:
        course = run(exercise, "python", *SETTINGS[COURSE])
        for setting, how in SETTINGS.items():
            python, r = (run(exercise, language, *how) for language in LANGUAGES)
            differences = (abs(r - python).max(), abs(python - course).max())
            rows.append([f"`{exercise}`", setting, *(f"{one:.1g}" for one in differences)])
    made = datetime.datetime.now(datetime.timezone.utc).date().isoformat()
    found = {
        "heads": ["Exercise", "Setting", "R against Python", f"Python against {COURSE}"],
        "rows": rows,
        "note": f"Measured on {made}.",
    }
    text = "# Made by shared_data/make/settings.py: do not edit\n"
    files.write_text(BOOK / "settings.yml", text + yaml.safe_dump(found, sort_keys=False))


if __name__ == "__main__":
    main()
