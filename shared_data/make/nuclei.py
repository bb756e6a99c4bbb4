"""Make shared_data/nuclei: ten measurements of cell nuclei for each of 569 breast tumours."""

import numpy as np
import pandas as pd
from cards import write_card
from sklearn.datasets import load_breast_cancer

from deeptwins import files
from deeptwins.paths import SHARED

SEED = 1  # the first draw: no result was looked at to choose it
BLOCKS = 4
BLOCK_SIZE = 60
TEST_SIZE = 200

bunch = load_breast_cancer()
# The set holds mean, standard error and worst value of each measurement: the ten means.
columns = [str(name) for name in bunch.feature_names if name.startswith("mean ")]
nuclei = pd.DataFrame(bunch.data[:, : len(columns)], columns=columns)
nuclei.columns = [name.removeprefix("mean ").replace(" ", "_") for name in columns]
nuclei.insert(0, "row", np.arange(1, len(nuclei) + 1))
nuclei["diagnosis"] = bunch.target_names[bunch.target]

# Systematic sampling: the tumours in a row by diagnosis and radius, each part taken at even
# steps from a random start, so that every part has its share of large, small, benign and
# malignant ones.
names = [("train", block) for block in range(1, BLOCKS + 1)] + [("val", 0), ("test", 0)]
sizes = [BLOCK_SIZE] * BLOCKS + [len(nuclei) - BLOCKS * BLOCK_SIZE - TEST_SIZE, TEST_SIZE]
rng = np.random.default_rng(SEED)
places = np.concatenate([(np.arange(size) + rng.random()) / size for size in sizes])
deck = np.repeat(np.arange(len(sizes)), sizes)[np.argsort(places, kind="stable")]
in_a_row = nuclei.sort_values(["diagnosis", "radius", "row"]).index
part = pd.Series(deck, index=in_a_row).sort_index()
parts = nuclei[["row"]].copy()
parts["partition"] = [names[number][0] for number in part]
parts["block"] = [names[number][1] for number in part]

folder = SHARED / "nuclei"
for name, table in {"nuclei.csv": nuclei, "partitions.csv": parts}.items():
    files.write_text(folder / name, table.to_csv(index=False, lineterminator="\n"))
write_card(
    "nuclei",
    title="Cell nuclei of breast tumours, with a shared partition",
    origin="W. Wolberg, O. Mangasarian, N. Street and W. Street (1993), Breast Cancer Wisconsin "
    "(Diagnostic), UCI Machine Learning Repository, doi:10.24432/C5DW2B. The values are those "
    "of scikit-learn's load_breast_cancer().",
    licence="CC BY 4.0 (as published by the UCI Machine Learning Repository)",
    made="569 fine-needle aspirates; of each the means over its cell nuclei of ten measurements "
    "(lengths in pixels of the image), and the diagnosis; `row` counts from 1. Partition by "
    "systematic sampling over the tumours sorted by diagnosis and radius: train 4 blocks of "
    f"{BLOCK_SIZE}, val 129, test {TEST_SIZE} (block 0: not for training); seed {SEED}, "
    "the first draw",
    by="nuclei.py",
)
