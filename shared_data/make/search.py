"""Make shared_data/search: configurations for two random searches, and folds for the nuclei."""

import numpy as np
import pandas as pd
from cards import write_card

from deeptwins import files
from deeptwins.paths import SHARED

SEED = 18  # the exercise's number: chosen before any network was trained
CONFIGURATIONS = 6
FOLDS = 5
FOLD_SIZE = 70
# By file: the ids' letter, and between which exponents of 10 the learning rate lies.
SEARCHES = {"configurations.csv": ("s", -4.0, -2.5), "wider.csv": ("w", -3.0, -1.0)}
UNITS = 4, 6  # exponents of 2
DROPOUT = 0, 0.5

rng = np.random.default_rng(SEED)
folder = SHARED / "search"
tables = {}

# Systematic sampling, as in nuclei.py: the tumours in a row by diagnosis and radius, each part
# taken at even steps from a random start.
nuclei = pd.read_csv(SHARED / "nuclei" / "nuclei.csv")
sizes = [len(nuclei) - FOLDS * FOLD_SIZE] + [FOLD_SIZE] * FOLDS
places = np.concatenate([(np.arange(size) + rng.random()) / size for size in sizes])
deck = np.repeat(np.arange(FOLDS + 1), sizes)[np.argsort(places, kind="stable")]
in_a_row = nuclei.sort_values(["diagnosis", "radius", "row"]).index
tables["folds.csv"] = nuclei[["row"]].assign(fold=pd.Series(deck, index=in_a_row))

for name, (letter, lowest, highest) in SEARCHES.items():
    rates = 10 ** rng.uniform(lowest, highest, CONFIGURATIONS)
    tables[name] = pd.DataFrame(
        {
            "id": [f"{letter}{number}" for number in range(1, CONFIGURATIONS + 1)],
            "learning_rate": [float(f"{rate:.2g}") for rate in rates],
            "units": (2 ** rng.uniform(*UNITS, CONFIGURATIONS)).round().astype(int),
            "dropout": rng.uniform(*DROPOUT, CONFIGURATIONS).round(2),
        }
    )

for name, table in tables.items():
    files.write_text(folder / name, table.to_csv(index=False, lineterminator="\n"))
write_card(
    "search",
    title="Configurations of two random searches, and folds of the nuclei",
    origin="Drawn for this course; `row` is that of the set nuclei",
    licence="CC0 1.0",
    made=f"{CONFIGURATIONS} configurations each, with an id: the learning rate from 10^-4 to "
    "10^-2.5 (configurations.csv) or from 0.001 to 0.1 (wider.csv) and the number of units from "
    "16 to 64, both even on a logarithmic scale, and the dropout from 0 to 0.5; the learning rate "
    f"keeps two digits. Folds 1 to {FOLDS} of {FOLD_SIZE} tumours each, and 0 for the test set, by "
    "systematic sampling over the tumours sorted by diagnosis and radius; "
    f"seed {SEED}, chosen before any network was trained",
    by="search.py",
)
