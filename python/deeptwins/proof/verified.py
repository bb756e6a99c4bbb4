"""What a verified run depends on, as digests; nothing here needs R or TensorFlow."""

from collections.abc import Mapping
from pathlib import Path

from deeptwins.data import cards
from deeptwins.paths import LANGUAGES, ROOT, script_file
from deeptwins.proof import bands
from deeptwins.runs import record

# Beside scripts, data and expected file, all that can change what a run prints, draws or computes.
MODULES = sorted(path.name for path in Path(record.__file__).parent.glob("*.py"))
MACHINERY = (
    *(f"python/deeptwins/runs/{name}" for name in MODULES),
    "python/deeptwins/processes.py",
    "python/deeptwins/sections.py",
    "r/driver.R",
    "r/standin",
    ".Rprofile",
    "matplotlibrc",
    "requirements.lock",
)


def digests(exercise: str) -> dict[str, str]:
    """Return the SHA-256 of all that can change a run; ValueError where a set is not whole."""
    scripts = [script_file(exercise, language) for language in LANGUAGES]
    sets = {name for one in scripts for name in cards.named_in(one)}
    ours = [*scripts, bands.expected_file(exercise), *(ROOT / name for name in MACHINERY)]
    found = {one.relative_to(ROOT).as_posix(): cards.digest_of(one) for one in ours}
    return found | {f"shared_data/{name}": cards.verify(name) for name in sets}


def changes(exercise: str, known: Mapping[str, str]) -> list[str]:
    """Return a clause for each thing that is not as when an exercise had these digests."""
    try:
        now = digests(exercise)
    except (OSError, ValueError) as error:
        return [str(error)]
    names = sorted(now.keys() | known.keys())
    changed = [name for name in names if now.get(name) != known.get(name)]
    return [f"{name} changed since it was verified" for name in changed]
