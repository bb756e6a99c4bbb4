"""Show that a twin that is forked from a warm process gives what a fresh one gives.

    .venv/bin/python bench/forked.py [ID ...]

Every twin and solution, or those named, runs both ways in both languages. All
of the record but its times, the weights bit by bit, and what was printed have
to be equal. The status is 1 where something is not.
"""

import os
import re
import sys
import tempfile
from collections.abc import Sequence

from deeptwins import catalog, record, runner
from deeptwins.paths import LANGUAGES
from deeptwins.warm import Warm

TIMES = ("seconds", "finished")
DURATION = re.compile(r"\d+(?:ms|us|s)\b")  # as Keras prints them: 8/8 - 0s - 12ms/step


def left(exercise: str, language: str, warmed: Warm | None) -> dict[str, object]:
    """Run a twin, and return all that it left by name; SystemExit where it fails."""
    with tempfile.TemporaryDirectory() as folder:
        before = os.environ.get("DEEPTWINS_RESULTS")
        os.environ["DEEPTWINS_RESULTS"] = folder
        try:
            outcome = runner.run_twin(exercise, language, warmed=warmed)
            if not outcome.ok:
                lines = "\n".join(outcome.last_lines)
                raise SystemExit(f"{exercise}, {language}: {outcome.problem}\n{lines}")
            found: dict[str, object] = dict(record.read(exercise, language))
            for name in TIMES:
                del found[name]
            weights = record.record_file(exercise, language).with_suffix(".f32")
            found["weights"] = weights.read_bytes() if weights.exists() else b""
            printed = runner.output_file(exercise, language).read_text("utf-8")
            found["printed"] = DURATION.sub("...", printed.replace(folder, "..."))
        finally:
            del os.environ["DEEPTWINS_RESULTS"]
            if before is not None:
                os.environ["DEEPTWINS_RESULTS"] = before
    return found


def differences(exercises: Sequence[str], language: str) -> dict[str, list[str]]:
    """Return for each exercise the names of what differs between a fresh and a forked process.

    Raises
    ------
    RuntimeError
        Twins of this language cannot be forked here.
    """
    with runner.warm(language) or _nothing(language) as warmed:
        found = {}
        for exercise in exercises:
            fresh, forked = (left(exercise, language, one) for one in (None, warmed))
            found[exercise] = [name for name in fresh if fresh[name] != forked[name]]
            print(f"{exercise}, {language}: {found[exercise] or 'equal'}", flush=True)
        if warmed.forked != len(exercises):
            _nothing(language)
    return found


def _nothing(language: str) -> Warm:
    raise RuntimeError(f"{language} twins cannot be forked here: each gets a fresh process.")


def main() -> None:
    """Compare what the command line asks for."""
    exercises = catalog.find(sys.argv[1:], solutions=True)
    found = [differences(exercises, language) for language in LANGUAGES]
    raise SystemExit(any(any(one.values()) for one in found))


if __name__ == "__main__":
    main()
