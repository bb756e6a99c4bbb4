"""The validation scores of the screening in chapter 3."""

import csv

from deeptwins.paths import ROOT


def data():
    """Return the ill and the healthy people with each score, by 100 times the score."""
    with (ROOT / "shared_data" / "scores" / "screening.csv").open(encoding="utf-8") as file:
        people = [one for one in csv.DictReader(file) if one["part"] == "val"]
    counts = {}
    for one in people:
        at = round(100 * float(one["score"]))
        assert at / 100 == float(one["score"])
        counts.setdefault(at, [0, 0])[one["label"] == "0"] += 1
    return [[at, *counts[at]] for at in sorted(counts)]
