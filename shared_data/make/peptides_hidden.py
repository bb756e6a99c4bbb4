"""Make shared_data/peptides_hidden: a sample hidden set for the AMP challenge of a class.

    pip download --no-deps modlamp==4.3.3
    python shared_data/make/peptides_hidden.py modlamp-4.3.3-py3-none-any.whl

From the same source as shared_data/peptides, without what is like those. Takes about two minutes.
"""

import sys
import tempfile
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
from cards import write_card
from peptides import LICENCE, SIMILAR, read_source, similarities, thinned

from deeptwins import amp, files
from deeptwins.paths import SHARED

SEED = 20212
PAIRS = 200


def new(known: list[str], peptides: list[str]) -> list[str]:
    """Return the peptides that are like none of the known ones, nor one before."""
    everything = [*known, *peptides]
    kept = thinned(np.arange(len(everything)), similarities(everything) >= SIMILAR)
    return [everything[row] for row in kept if row >= len(known)]


def choose(table: pd.DataFrame) -> list[tuple[str, str]]:
    """Return pairs of an AMP and another peptide of the same length, none like another."""
    course = [
        one for kind in amp.KINDS for one in amp.read_list(SHARED / f"peptides/{kind}.train.txt")
    ]
    table = table[~table["sequence"].isin(course)].sample(frac=1, random_state=SEED)
    # AMPs first: no other peptide may be like one.
    kept = new(
        course, table.sort_values("amp", ascending=False, kind="stable")["sequence"].tolist()
    )
    is_amp = set(table.loc[table["amp"] == 1, "sequence"])
    amps = sorted([one for one in kept if one in is_amp], key=len, reverse=True)
    others = sorted([one for one in kept if one not in is_amp], key=len, reverse=True)
    # Of the other peptides mostly long ones are left: each is cut to the length of its AMP.
    pairs = [(one, other[: len(one)]) for one, other in zip(amps, others, strict=False)]
    cut = set(new([*course, *amps], [other for _, other in pairs]))
    near = set(amp.near_copies([*amps, *cut]))  # which is measured in another way
    pairs = [
        (one, other)
        for one, other in pairs
        if len(one) == len(other) and other in cut and not near & {one, other}
    ]
    rows = np.random.default_rng(SEED).permutation(len(pairs))[:PAIRS]
    return [pairs[row] for row in rows]


def main() -> None:
    """Write the hidden set, its licence and its card."""
    folder, wheel = SHARED / "peptides_hidden", sys.argv[1]
    pairs = choose(read_source(wheel))
    with tempfile.TemporaryDirectory() as scratch:
        lists = Path(scratch, "amps"), Path(scratch, "others")
        for path, peptides in zip(lists, zip(*pairs, strict=True), strict=True):
            files.write_text(path, "\n".join(peptides) + "\n")
        for old in folder.glob("*.csv"):
            old.unlink()
        for path in amp.hide(*lists, folder):
            path.chmod(0o644)
    with zipfile.ZipFile(wheel) as archive:
        files.write_text(folder / "LICENSE.txt", archive.read(LICENCE).decode())
    write_card(
        "peptides_hidden",
        title="A sample hidden set for the AMP challenge of a class",
        origin="The set AMPvsUniProt of modlAMP 4.3.3 (PyPI), as for the set peptides",
        licence="BSD 3-Clause (LICENSE.txt); UniProt's sequences CC BY 4.0",
        made=f"{len(pairs)} AMPs and {len(pairs)} others that are not in the set peptides, written "
        f"by `deeptwins amp hide`. None is {SIMILAR:.0%} alike or more to a peptide of that set, "
        "by the measure of that set and by that of `deeptwins amp hide`, nor to another of this "
        "one. Each other peptide was cut at its end to the length of an AMP. This set is for a "
        "rehearsal: everybody can read its truth.csv, so a contest needs a set of its own. "
        f"In alphabetical order; seed {SEED}",
        by="peptides_hidden.py",
        path=".",
    )


if __name__ == "__main__":
    main()
