"""Make shared_data/splice from the splice junctions (DNA) in R's package mlbench.

    python shared_data/make/splice.py [DNA.rda]

Without a file, the one of the mlbench that R finds is taken: install.packages("mlbench"), or
Debian's r-cran-mlbench.
"""

import io
import shutil
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import numpy as np
import pandas as pd
from cards import write_card

from deeptwins import files
from deeptwins.paths import SHARED

SEED = 1  # the first draw: no result was looked at to choose it
SIZES = {"val": 500, "test": 600}
STRETCH = 16  # equal letters in a row, wherever they stand, ...
DIFFERENT = 15  # ... or at most so many other letters: sequences of one group
CLASSES = {"ei": "donor", "ie": "acceptor", "n": "neither"}
FIND = 'cat(system.file("data", "DNA.rda", package = "mlbench"))'
WRITE = "load(commandArgs(TRUE)); write.csv(DNA, row.names = FALSE)"


def r(code: str, *arguments: str) -> str:
    """Return what a line of R prints."""
    command = ["Rscript", "-e", code, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def group(sequences: list[str]) -> np.ndarray:
    """Return a number for each sequence, equal for those that are alike, also by way of others."""
    pairs, found = [], defaultdict(list)
    for row, one in enumerate(sequences):
        for start in range(len(one) - STRETCH + 1):
            found[one[start : start + STRETCH]].append(row)
    for rows in found.values():
        pairs += [(rows[0], other) for other in rows[1:]]
    letters = np.array([list(one) for one in sequences])
    for row, one in enumerate(letters):
        different = (letters[row + 1 :] != one).sum(axis=1)
        pairs += [(row, row + 1 + other) for other in np.flatnonzero(different <= DIFFERENT)]
    groups = np.arange(len(sequences))
    for row, other in pairs:
        groups[groups == groups[other]] = groups[row]
    return groups


if shutil.which("Rscript") is None:
    sys.exit("Rscript was not found: R reads this file.")
source = sys.argv[1] if len(sys.argv) > 1 else r(FIND)
if not Path(source).is_file():
    sys.exit(
        f"{source or 'mlbench'} was not found. Install R's package mlbench, or name the file: "
        "python shared_data/make/splice.py DNA.rda"
    )

# Three columns for each of 60 bases: A is 1 0 0, C 0 1 0, G 0 0 1, and T 0 0 0.
original = pd.read_csv(io.StringIO(r(WRITE, source)))
bits = original.drop(columns="Class").to_numpy().reshape(len(original), 60, 3)
letters = np.where(bits.any(axis=2), np.array(list("ACG"))[bits.argmax(axis=2)], "T")
splice = pd.DataFrame({
    "row": np.arange(1, len(original) + 1),
    "class": original["Class"].map(CLASSES),
    "sequence": ["".join(one) for one in letters],
})  # fmt: skip

# One of each sequence, and none that stands there under two classes.
classes = splice.groupby("sequence")["class"].transform("nunique")
splice = splice[classes == 1].drop_duplicates("sequence").reset_index(drop=True)
splice["group"] = group(list(splice["sequence"]))

# Whole groups go to a part, each class (that of a group's first sequence) in its share.
rng = np.random.default_rng(SEED)
first = splice.drop_duplicates("group").set_index("group")["class"]
part = pd.Series("train", first.index)
for _, members in first.groupby(first):
    drawn = list(rng.permutation(members.index))
    for name, size in SIZES.items():
        count = round(size * len(members) / len(first))
        part[drawn[:count]] = name
        drawn = drawn[count:]
splice["partition"] = splice["group"].map(part)
# In val and test one sequence stands for its group, so that sequences there are independent.
alone = ~splice.duplicated("group") | (splice["partition"] == "train")
kept = splice[alone].sort_values("row")
counts = kept["partition"].value_counts()

folder = SHARED / "splice"
folder.mkdir(exist_ok=True)
table = kept[["row", "partition", "class", "sequence"]]
files.write_text(folder / "splice.csv", table.to_csv(index=False, lineterminator="\n"))
write_card(
    "splice",
    title="Splice junctions of primates, and other DNA",
    origin="Molecular Biology (Splice-junction Gene Sequences), UCI Machine Learning Repository "
    "(1991), doi:10.24432/C5M888; donated by G. Towell, M. Noordewier and J. Shavlik, from "
    "GenBank 64.1. In the version of StatLog (R. King), from R's package mlbench 2.1-3 "
    "(F. Leisch, E. Dimitriadou)",
    licence="CC BY 4.0 (as published by the UCI Machine Learning Repository)",
    made=f"{len(original)} windows of 60 bases, 30 before and 30 after a place: a donor (the "
    "end of an exon), an acceptor (the end of an intron), or neither. `row` is that of mlbench; "
    "the indicators were turned back into letters. One of each repeated sequence was kept, and "
    "none of those that stand there under two classes. Sequences that "
    f"have {STRETCH} letters in a row in common, or at most {DIFFERENT} different letters, are "
    "a group, also by way of others; a group lies in one part, and in val and test one "
    f"sequence stands for its group. {counts['train']} for training, {counts['val']} for "
    f"validation and {counts['test']} for the test; seed {SEED}, the first draw",
    by="splice.py",
)
print(pd.crosstab(table["partition"], table["class"]), splice["group"].nunique())
