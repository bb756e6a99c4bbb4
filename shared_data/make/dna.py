"""Make shared_data/dna: drawn sequences with and without a TATA box, alike in composition."""

import re

import numpy as np
import pandas as pd
from cards import write_card

from deeptwins import files
from deeptwins.paths import SHARED

SEED = 20218
LENGTH = 40
SIZES = {"train": 1000, "tuning": 300, "test": 400}
# The consensus of the TATA box, TATAWAW, where W is A or T.
BOX = re.compile("TATA[AT]A[AT]")

rng = np.random.default_rng(SEED)


def with_box() -> str:
    """Return random letters with one box at a random place."""
    while True:
        weak = rng.choice(list("AT"), size=2)
        box = f"TATA{weak[0]}A{weak[1]}"
        start = rng.integers(LENGTH - len(box) + 1)
        letters = "".join(rng.choice(list("ACGT"), size=LENGTH - len(box)))
        sequence = letters[:start] + box + letters[start:]
        if len(BOX.findall(sequence)) == 1:
            return sequence


def shuffled(sequence: str) -> str:
    """Return the same letters in an order that holds no box."""
    while True:
        other = "".join(rng.permutation(list(sequence)))
        if not BOX.search(other):
            return other


# Each sequence without a box is one with a box, drawn for this alone, in another order: both
# kinds come from one distribution of composition, and only order tells them apart.
rows = []
for partition, size in SIZES.items():
    for label in rng.permutation(np.repeat([0, 1], size // 2)):
        sequence = with_box()
        rows.append((sequence if label else shuffled(sequence), int(label), partition))
table = pd.DataFrame(rows, columns=["sequence", "label", "partition"])
table.insert(0, "row", np.arange(1, len(table) + 1))

files.write_text(
    SHARED / "dna" / "dna.csv",
    table.to_csv(index=False, lineterminator="\n"),
)
write_card(
    "dna",
    title="Drawn DNA with and without a TATA box",
    origin="Drawn by the course; the motif is the consensus of the TATA box, TATAWAW.",
    licence="CC0 1.0",
    made=f"{len(table)} sequences of {LENGTH} letters, half of each part with one box at a random "
    "place (label 1); the others (label 0) are such sequences with their letters shuffled until "
    f"no box is left, so that composition tells nothing; seed {SEED}",
    by="dna.py",
)
