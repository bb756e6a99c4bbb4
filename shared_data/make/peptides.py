"""Make shared_data/peptides: antimicrobial peptides and others of the same lengths.

    pip download --no-deps modlamp==4.3.3
    python shared_data/make/peptides.py modlamp-4.3.3-py3-none-any.whl

The wheel is only read, not installed. Takes about two minutes.
"""

import sys
import zipfile

import numpy as np
import pandas as pd
from cards import write_card

from deeptwins import files
from deeptwins.paths import SHARED

SEED = 20211
AMINO_ACIDS = "ACDEFGHIKLMNPQRSTVWY"
SHORTEST, LONGEST = 10, 50  # the lengths that modlAMP drew from UniProt
SIMILAR = 0.7
SOURCE = "modlamp/data/AMPvsUniProt.csv"
LICENCE = "modlamp-4.3.3.dist-info/licenses/LICENSE"


def codes(peptides: list[str]) -> np.ndarray:
    """Return a row of letter codes for each peptide, filled up with zeros."""
    rows = [np.frombuffer(one.encode(), "uint8") for one in peptides]
    table = np.zeros((len(rows), max(map(len, rows))), "uint8")
    for row, letters in zip(table, rows, strict=True):
        row[: len(letters)] = letters
    return table


def similarity(query: str, others: np.ndarray) -> np.ndarray:
    """Return how much of `query` each of the other peptides holds, 0 to 1.

    That is 1 - d / length, where d is the least number of letters to change,
    insert or delete so that the query becomes a stretch of the other peptide.
    """
    steps = np.arange(others.shape[1] + 1, dtype="int16")
    edits = np.zeros((len(others), len(steps)), "int16")  # a stretch may begin anywhere
    for number, letter in enumerate(query.encode(), start=1):
        best = np.minimum(edits[:, :-1] + (others != letter), edits[:, 1:] + 1)
        edits = np.insert(best, 0, number, axis=1)
        edits = np.minimum.accumulate(edits - steps, axis=1) + steps
    return 1 - edits.min(axis=1) / len(query)


def similarities(peptides: list[str]) -> np.ndarray:
    """Return the similarity of each pair: that of the shorter one to the longer one."""
    table, lengths = codes(peptides), np.array([len(one) for one in peptides])
    found = np.zeros((len(peptides), len(peptides)), "float32")
    for number, peptide in enumerate(peptides):
        longer = np.flatnonzero(lengths >= len(peptide))
        found[number, longer] = similarity(peptide, table[longer])
    return np.maximum(found, found.T)


def thinned(order: np.ndarray, alike: np.ndarray) -> list[int]:
    """Return the rows of `order`, without those that are like one before."""
    kept: list[int] = []
    for row in order:
        if not alike[row, kept].any():
            kept.append(int(row))
    return kept


def read_source(wheel: str) -> pd.DataFrame:
    """Return the usable peptides of modlAMP: `sequence` and `amp`, each sequence once."""
    with zipfile.ZipFile(wheel) as archive, archive.open(SOURCE) as source:
        table = pd.read_csv(source, skiprows=1, names=["sequence", "amp"])
    # UniProt's entries begin with the M from which translation starts, AMPs are listed without.
    table["sequence"] = table["sequence"].str.strip().str.removeprefix("M")
    usable = table["sequence"].str.fullmatch(f"[{AMINO_ACIDS}]{{{SHORTEST},{LONGEST}}}")
    table = table[usable].drop_duplicates()
    both = table["sequence"].duplicated(keep=False) & (table["amp"] == 0)
    return table[~both].reset_index(drop=True)


def choose(table: pd.DataFrame) -> tuple[list[str], list[str]]:
    """Return AMPs and others, none like another, row by row of the same length."""
    rng = np.random.default_rng(SEED)
    alike = similarities(table["sequence"].tolist()) >= SIMILAR
    amp = (table["amp"] == 1).to_numpy()
    usable = amp | ~alike[:, amp].any(axis=1)
    kept = table.iloc[thinned(rng.permutation(np.flatnonzero(usable)), alike)]
    pairs = []
    for _, group in kept.groupby(kept["sequence"].str.len()):
        amps = group.loc[group["amp"] == 1, "sequence"]
        others = group.loc[group["amp"] == 0, "sequence"]
        pairs += list(zip(amps, others, strict=False))
    pairs = [pairs[row] for row in rng.permutation(len(pairs))]
    pairs = pairs[: len(pairs) // 5 * 5]
    return [amp for amp, _ in pairs], [other for _, other in pairs]


def main() -> None:
    """Write the two lists, the licence and the card."""
    folder, wheel = SHARED / "peptides", sys.argv[1]
    lists = dict(zip(("AMP", "DECOY"), choose(read_source(wheel)), strict=True))
    for name, peptides in lists.items():
        files.write_text(folder / f"{name}.train.txt", "\n".join(peptides) + "\n")
    with zipfile.ZipFile(wheel) as archive:
        files.write_text(folder / "LICENSE.txt", archive.read(LICENCE).decode())
    count = len(lists["AMP"])
    write_card(
        "peptides",
        title="Antimicrobial peptides, and other peptides of the same lengths",
        origin="The set AMPvsUniProt of modlAMP 4.3.3 (PyPI): AMPs of the database APD3 as of "
        "January 2016, and peptides drawn at random from UniProt. A. T. Müller and others (2017), "
        "modlAMP: Python for antimicrobial peptides, Bioinformatics 33:2753-2755",
        licence="BSD 3-Clause (LICENSE.txt); UniProt's sequences CC BY 4.0",
        made=f"{count} AMPs and {count} others, one per line, of {SHORTEST} to {LONGEST} of the 20 "
        "amino acids. A leading M was cut off, since three fifths of UniProt's and hardly any of "
        f"the AMPs have one. No two peptides of the set are {SIMILAR:.0%} alike or more "
        "(similarity: share of the shorter peptide's letters that need no edit to make it a "
        "stretch of the longer one), and no other is so like any of the AMPs. "
        "Line by line both lists have the same length of peptide. In random order, "
        f"seed {SEED}: in each list the last fifth is the test part, the fifth before it tuning",
        by="peptides.py",
        path=".",
        full={
            "name": "amp_challenge",
            "path": "amp_challenge",
            "get": "Put the course's lists AMP.train.txt and DECOY.train.txt into that folder: ask "
            "your instructor, or see the folder AMP_Challenge of "
            "https://github.com/dan-veltri/ace-intro-to-deep-learning",
            "origin": "The AMP challenge of the original course; the sequences are from D. Veltri "
            "and others (2018), Deep learning improves antimicrobial peptide recognition, "
            "Bioinformatics 34:2740-2747",
            "licence": "none stated: not shipped",
        },
    )


if __name__ == "__main__":
    main()
