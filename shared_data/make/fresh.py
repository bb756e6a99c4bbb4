"""Count how often a run with a fresh seed leaves its bands, and write book/fresh.yml.

    python shared_data/make/fresh.py [ID ...] [--seeds 20] [--data mini]

The Python twins run with the seeds that follow those of their bands; R would
give the same. What was counted for other exercises stays.
"""

import argparse
from pathlib import Path

import expected
import yaml

from deeptwins import bands, catalog, files
from deeptwins.paths import BOOK, VARIANTS

FRESH = BOOK / "fresh.yml"


def count(exercise: str, variant: str, seeds: int, forked) -> dict:
    """Return how many of so many fresh runs of an exercise left its bands, and where."""
    limits = bands.read(exercise, variant)
    first = max(limits["seeds"]) + 1
    outside = []
    numbers = list(range(first, first + seeds))
    for one in expected.runs(exercise, "python", variant, numbers, forked):
        left = [name for name, place in bands.place(one, limits).items() if place.word != "in"]
        if left:
            outside.append({"seed": one["seed"], "metrics": left})
    return {
        "exercise": exercise,
        "variant": variant,
        "first": first,
        "runs": seeds,
        "outside": outside,
        "bands": files.sha256(bands.expected_file(exercise)),
    }


def keep(row: dict, path: Path = FRESH) -> None:
    """Write a row in the place of an earlier one of the same exercise and variant."""
    rows = yaml.safe_load(path.read_text(encoding="utf-8")) if path.is_file() else []
    found = {(one["exercise"], one["variant"]): one for one in [*rows, row]}
    order = sorted(found, key=lambda key: (VARIANTS.index(key[1]), key[0]))
    text = yaml.safe_dump([found[key] for key in order], sort_keys=False)
    files.write_text(path, text)


def main() -> None:
    """Count what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("ids", nargs="*", metavar="ID")
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--data", choices=VARIANTS, default="mini")
    options = parser.parse_args()
    forked = expected.ready(options.data)
    for exercise in catalog.find(options.ids, solutions=True):
        keep(count(exercise, options.data, options.seeds, forked))


if __name__ == "__main__":
    main()
