"""Make shared_data/iris: Fisher's measurements, and the splits that both languages share."""

import numpy as np
import pandas as pd
from cards import write_card
from sklearn.datasets import load_iris
from sklearn.model_selection import StratifiedKFold, train_test_split

from deeptwins import files
from deeptwins.paths import SHARED

SEED = 20211
FOLDS = (3, 5, 10)

bunch = load_iris()
columns = ["sepal_length", "sepal_width", "petal_length", "petal_width"]
iris = pd.DataFrame(bunch.data, columns=columns)
iris["species"] = bunch.target_names[bunch.target]
iris.insert(0, "row", np.arange(1, len(iris) + 1))

# 60 % training, 20 % validation, 20 % test, the same share of each species in each set.
rest, test = train_test_split(
    iris, test_size=30, stratify=iris["species"], random_state=SEED, shuffle=True
)
train, val = train_test_split(rest, test_size=30, stratify=rest["species"], random_state=SEED)
parts = iris[["row"]].copy()
parts["partition"] = "train"
parts.loc[val.index, "partition"] = "val"
parts.loc[test.index, "partition"] = "test"

# Folds over the rows that are not for the test; the test rows belong to no fold (0).
rest = iris[parts["partition"] != "test"]
for k in FOLDS:
    parts[f"fold_{k}"] = 0
    splitter = StratifiedKFold(k, shuffle=True, random_state=SEED + k)
    for fold, (_, held_out) in enumerate(splitter.split(rest, rest["species"]), start=1):
        parts.loc[rest.index[held_out], f"fold_{k}"] = fold

folder = SHARED / "iris"
tables = {"iris.csv": iris, "partitions.csv": parts}
for name, table in tables.items():
    files.write_text(folder / name, table.to_csv(index=False, lineterminator="\n"))
write_card(
    "iris",
    title="Fisher's iris measurements, with shared splits",
    origin="R. A. Fisher (1936), The use of multiple measurements in taxonomic problems, "
    "Annals of Eugenics 7:179-188; measured by E. Anderson. The values are those of R's "
    "datasets::iris and of scikit-learn's load_iris().",
    licence="CC BY 4.0 (as published by the UCI Machine Learning Repository)",
    made="150 flowers, four lengths in cm; `row` counts from 1. Stratified partition 90 / 30 / "
    "30 (train, val, test), and stratified folds over the 120 rows outside the test set "
    f"(0: no fold); seed {SEED}",
    by="iris.py",
)
