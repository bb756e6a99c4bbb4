"""Make shared_data/pbmc: blood cells with known types, from the file that scanpy carries.

    python shared_data/make/pbmc.py WHEEL

WHEEL is scanpy's: `pip download --no-deps scanpy==1.11.5`. Nothing of scanpy
is installed; h5py, which Keras brings, reads the file inside.
"""

import hashlib
import io
import sys
import zipfile

import h5py
import numpy as np
import pandas as pd
from cards import write_card
from scipy import sparse
from sklearn.model_selection import train_test_split

from deeptwins import files
from deeptwins.paths import SHARED

SEED = 20228
GENES = 100
INSIDE = "scanpy/datasets/10x_pbmc68k_reduced.h5ad"
SHA256 = "e71d41e737c941559b7c57c9243bdb3d2c889c2adfdf00e3422ac6b46783676f"
GROUPS = {
    "CD14+ Monocyte": "monocyte",
    "CD19+ B": "B",
    "CD34+": "CD34+",
    "CD4+/CD25 T Reg": "CD4 T",
    "CD4+/CD45RA+/CD25- Naive T": "CD4 T",
    "CD4+/CD45RO+ Memory": "CD4 T",
    "CD56+ NK": "NK",
    "CD8+ Cytotoxic T": "CD8 T",
    "CD8+/CD45RA+ Naive Cytotoxic": "CD8 T",
    "Dendritic": "dendritic",
}
SHARES = {"train": 0.60, "tuning": 0.15, "new": 0.25}

content = zipfile.ZipFile(sys.argv[1]).read(INSIDE)
if hashlib.sha256(content).hexdigest() != SHA256:
    sys.exit(f"{INSIDE} in {sys.argv[1]} is not the file that this script knows")
with h5py.File(io.BytesIO(content)) as source:
    parts = source["raw.X"]
    shape = parts.attrs["h5sparse_shape"]
    values = sparse.csr_matrix(
        (parts["data"][:], parts["indices"][:], parts["indptr"][:]), shape=shape
    ).toarray()
    genes = source["raw.var"]["index"].astype(str)
    labels = source["uns/bulk_labels_categories"].asstr()[:]
    observed = source["obs"][:]

# The genes that differ most between cells, in the file's own order.
most = np.sort(np.argsort(-values.var(axis=0), kind="stable")[:GENES])
cells = pd.DataFrame(values[:, most].astype(float).round(2), columns=genes[most])
types = pd.Series(labels[observed["bulk_labels"]])
group = types.map(GROUPS)
train, rest = train_test_split(
    cells.index, train_size=SHARES["train"], stratify=types, random_state=SEED
)
tuning, new = train_test_split(
    rest,
    train_size=round(SHARES["tuning"] * len(cells)),
    stratify=group[rest],
    random_state=SEED,
)
partition = pd.Series("train", index=cells.index)
partition[tuning], partition[new] = "tuning", "new"
cells.insert(0, "cell", observed["index"].astype(str))
cells.insert(1, "partition", partition)
cells.insert(2, "type", types)
cells.insert(3, "group", group)

folder = SHARED / "pbmc"
files.write_text(folder / "cells.csv", cells.to_csv(index=False, lineterminator="\n"))
write_card(
    "pbmc",
    title="Blood cells of one donor: expression of 100 genes, and the types of the cells",
    origin="10x Genomics, Fresh 68k PBMCs (Donor A); published by G. X. Y. Zheng et al. (2017), "
    "Massively parallel digital transcriptional profiling of single cells, Nature Communications "
    "8:14049; reduced to 700 cells and 765 genes in pbmc68k_reduced, which scanpy 1.11.5 (BSD) "
    "carries",
    licence="CC BY 4.0 (10x Genomics)",
    made=f"the {GENES} genes of greatest variance; values are the natural logarithm of 1 + the "
    "normalised count, rounded to two decimals. `type` is the file's bulk_labels: the purified "
    "cells that a cell is most like, so a computed label. `group` joins its three kinds of CD4 "
    "and two of CD8 T cells. Stratified partition 60 / 15 / 25 % into train, tuning and new; "
    f"seed {SEED}. It replaced an earlier partition, whose new cells had been seen while the "
    "challenge was made; its target was set anew, from tuning cells alone",
    by="pbmc.py",
)
