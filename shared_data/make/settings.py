"""Measure under which settings two runs are equal, and write book/settings.yml.

    python shared_data/make/settings.py

Every exercise below runs in both languages under every setting, one run at a
time. Two differences are kept: R against Python under the same setting, and
Python against Python under the course's own setting. Each is the largest over
losses and metrics of all epochs and over all weights, before and after training.
"""

import datetime
import os
import tempfile

import numpy as np
import yaml

from deeptwins import files, record, runner
from deeptwins.paths import BOOK, LANGUAGES, ROOT

EXERCISES = {
    "04_hello_iris": "dense layers, shuffled rows",
    "05_curves": "dropout, L1 and L2",
    "06_cnn_images": "convolution and pooling",
    "09_lstm_reviews": "embedding and LSTM",
}
ONE_DNN_OFF = {"TF_ENABLE_ONEDNN_OPTS": "0"}
DETERMINISTIC = {"TF_DETERMINISTIC_OPS": "1"}
SETTINGS = {  # the first is the course's
    "1 thread": (1, {}),
    "2 threads": (2, {}),
    "1 thread, oneDNN off": (1, ONE_DNN_OFF),
    "2 threads, oneDNN off": (2, ONE_DNN_OFF),
    "1 thread, deterministic": (1, DETERMINISTIC),
    "2 threads, deterministic": (2, DETERMINISTIC),
}
COURSE = next(iter(SETTINGS))


def numbers(exercise: str, language: str) -> np.ndarray:
    """Return all numbers of a run: the histories of its networks, then their weights."""
    one = record.read(exercise, language)
    histories = [
        values
        for network in one["networks"].values()
        for _, values in sorted(network["history"].items())
    ]
    weights = np.fromfile(record.record_file(exercise, language).with_suffix(".f32"), "<f4")
    return np.concatenate([*histories, weights.astype(float)])


def run(exercise: str, language: str, threads: int, extra: dict[str, str]) -> np.ndarray:
    """Run one twin under a setting; SystemExit where it fails."""
    os.environ |= extra
    with tempfile.TemporaryDirectory() as folder:
        os.environ["DEEPTWINS_RESULTS"] = folder
        outcome = runner.run_twin(exercise, language, threads=threads)
        if not outcome.ok:
            raise SystemExit(f"{exercise}, {language}: {outcome.problem}")
        found = numbers(exercise, language)
    for name in extra:
        del os.environ[name]
    print(f"{exercise}, {language}, {threads}, {extra}: {outcome.seconds} s", flush=True)
    return found


def main() -> None:
    """Run everything, and write what was found."""
    os.chdir(ROOT)
    for name in ONE_DNN_OFF | DETERMINISTIC:
        os.environ.pop(name, None)
    rows = []
    for exercise, holds in EXERCISES.items():
        course = run(exercise, "python", *SETTINGS[COURSE])
        for setting, how in SETTINGS.items():
            python, r = (run(exercise, language, *how) for language in LANGUAGES)
            rows.append(
                {
                    "exercise": exercise,
                    "holds": holds,
                    "setting": setting,
                    "r_python": float(abs(r - python).max()),
                    "python_course": float(abs(python - course).max()),
                }
            )
    found = {
        "course": COURSE,
        "made": datetime.datetime.now(datetime.timezone.utc).date().isoformat(),
        "rows": rows,
    }
    files.write_text(BOOK / "settings.yml", yaml.safe_dump(found, sort_keys=False))


if __name__ == "__main__":
    main()
