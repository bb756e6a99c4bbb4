"""Make shared_data/dna: short sequences with and without a box, and nothing else to go by."""

import numpy as np
import pandas as pd
from cards import write_card

from deeptwins import files
from deeptwins.paths import SHARED

SEED = 20218
LENGTH = 40
# Variants of the box before bacterial genes, one after the other equally often.
BOXES = ["TATAAT", "TATAGT", "TACAAT", "TATGAT", "TATACT", "CATAAT", "GATAAT", "TATATT"]
ROWS = {"train": 1000, "tuning": 200, "test": 400}

rng = np.random.default_rng(SEED)


def has_box(sequence: str) -> bool:
    return any(box in sequence for box in BOXES)


def without_box() -> str:
    while True:
        sequence = "".join(rng.choice(list("ACGT"), LENGTH))
        if not has_box(sequence):
            return sequence


def with_box(box: str) -> str:
    place = rng.integers(LENGTH - len(box) + 1)
    sequence = without_box()
    return sequence[:place] + box + sequence[place + len(box) :]


def shuffled(sequence: str) -> str:
    while True:
        other = "".join(rng.permutation(list(sequence)))
        if not has_box(other):
            return other


rows = []
for part, count in ROWS.items():
    pairs = []
    for number in range(count // 2):
        # The partner has the same letters in another order, so that only order tells them apart.
        sequence = with_box(BOXES[number % len(BOXES)])
        pairs += [(part, 1, sequence), (part, 0, shuffled(sequence))]
    rows += [pairs[row] for row in rng.permutation(count)]
dna = pd.DataFrame(rows, columns=["part", "label", "sequence"])
dna.insert(0, "row", np.arange(1, len(dna) + 1))

files.write_text(SHARED / "dna" / "dna.csv", dna.to_csv(index=False, lineterminator="\n"))
write_card(
    "dna",
    title="Short DNA with and without a box",
    origin="Simulated for this course; the box is that of D. Pribnow (1975), Nucleotide sequence "
    "of an RNA polymerase binding site at an early T7 promoter, PNAS 72:784-788",
    licence="CC0 1.0",
    made=f"{len(dna)} sequences of {LENGTH} random letters. Half (`label` 1) have one of "
    f"{len(BOXES)} variants of the box ({', '.join(BOXES)}) at a random place; each of the others "
    "has the letters of one of these in another order, without a box. A pair lies in one part; "
    f"seed {SEED}",
    by="dna.py",
)
