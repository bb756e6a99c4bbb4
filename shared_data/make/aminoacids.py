"""Make shared_data/aminoacids: the twenty amino acids and what chemistry says of them."""

import io

import pandas as pd
from cards import write_card

from deeptwins import files
from deeptwins.paths import SHARED

# letter, name, group, kind, charge, hydropathy, volume
# Many lists of these volumes give N 114.1 (its mass) and P 112.7. Perkins (1986), who compares
# six sets of volumes, has Zamyatnin's times 0.996: N 117.3 and P 122.2, and the other 18 as here.
TABLE = """
A alanine        aliphatic hydrophobic  0    1.8  88.6
C cysteine       sulfur    hydrophobic  0    2.5 108.5
D aspartate      acidic    negative    -1   -3.5 111.1
E glutamate      acidic    negative    -1   -3.5 138.4
F phenylalanine  aromatic  hydrophobic  0    2.8 189.9
G glycine        glycine   polar        0   -0.4  60.1
H histidine      basic     positive     0.1 -3.2 153.2
I isoleucine     aliphatic hydrophobic  0    4.5 166.7
K lysine         basic     positive     1   -3.9 168.6
L leucine        aliphatic hydrophobic  0    3.8 166.7
M methionine     sulfur    hydrophobic  0    1.9 162.9
N asparagine     amide     polar        0   -3.5 117.7
P proline        proline   polar        0   -1.6 122.7
Q glutamine      amide     polar        0   -3.5 143.8
R arginine       basic     positive     1   -4.5 173.4
S serine         hydroxyl  polar        0   -0.8  89.0
T threonine      hydroxyl  polar        0   -0.7 116.1
V valine         aliphatic hydrophobic  0    4.2 140.0
W tryptophan     aromatic  hydrophobic  0   -0.9 227.8
Y tyrosine       aromatic  hydrophobic  0   -1.3 193.6
"""
COLUMNS = ["letter", "name", "group", "kind", "charge", "hydropathy", "volume"]

table = pd.read_csv(io.StringIO(TABLE), sep=r"\s+", names=COLUMNS)
table = table.astype({"charge": float})
files.write_text(
    SHARED / "aminoacids" / "aminoacids.csv", table.to_csv(index=False, lineterminator="\n")
)
write_card(
    "aminoacids",
    title="The twenty amino acids: groups, charge, hydropathy, volume",
    origin="Hydropathy: J. Kyte and R. F. Doolittle (1982), A simple method for displaying the "
    "hydropathic character of a protein, J. Mol. Biol. 157:105-132. Volume in cubic angstrom: "
    "A. A. Zamyatnin (1972), Protein volume in solution, Prog. Biophys. Mol. Biol. 24:107-123. "
    "Charge of the side chain at pH 7, with pKa 6.0 for histidine",
    licence="facts; the table is CC0",
    made="Hydropathy and volume compared value by value with Biopython's scale and with the "
    "volumes that S. J. Perkins (1986), Eur. J. Biochem. 157:169-180, quotes. Nine groups by the "
    "side chain, as textbooks have them, and four kinds by its charge and polarity; where to put "
    "glycine, proline, cysteine and tyrosine is a matter of taste",
    by="aminoacids.py",
)
