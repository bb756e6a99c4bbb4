"""Make shared_data/search: configurations for a random search, and folds for the nuclei."""

import numpy as np
import pandas as pd
from cards import write_card

from deeptwins import files
from deeptwins.paths import SHARED

SEED = 14  # the exercise's number: chosen before any network was trained
CONFIGURATIONS = 24
FOLDS = 5
FOLD_SIZE = 70

rng = np.random.default_rng(SEED)
rates = 10 ** rng.uniform(-3.5, -1, CONFIGURATIONS)
configurations = pd.DataFrame(
    {
        "configuration": np.arange(1, CONFIGURATIONS + 1),
        "learning_rate": [float(f"{rate:.2g}") for rate in rates],
        "units": (2 ** rng.uniform(2, 7, CONFIGURATIONS)).round().astype(int),
        "dropout": rng.uniform(0, 0.6, CONFIGURATIONS).round(2),
    }
)

# Systematic sampling, as in nuclei.py: the tumours in a row by diagnosis and radius, each part
# taken at even steps from a random start.
nuclei = pd.read_csv(SHARED / "nuclei" / "nuclei.csv")
sizes = [len(nuclei) - FOLDS * FOLD_SIZE] + [FOLD_SIZE] * FOLDS
places = np.concatenate([(np.arange(size) + rng.random()) / size for size in sizes])
deck = np.repeat(np.arange(FOLDS + 1), sizes)[np.argsort(places, kind="stable")]
in_a_row = nuclei.sort_values(["diagnosis", "radius", "row"]).index
folds = nuclei[["row"]].assign(fold=pd.Series(deck, index=in_a_row))

folder = SHARED / "search"
for name, table in {"configurations.csv": configurations, "folds.csv": folds}.items():
    files.write_text(folder / name, table.to_csv(index=False, lineterminator="\n"))
write_card(
    "search",
    title="Configurations of a random search, and folds of the nuclei",
    origin="Drawn for this course; `row` is that of the set nuclei",
    licence="CC0 1.0",
    made=f"{CONFIGURATIONS} configurations: the learning rate from 10^-3.5 to 0.1 and the number "
    "of units from 4 to 128, both even on a logarithmic scale, and the dropout from 0 to 0.6; "
    f"the learning rate keeps two digits. Folds 1 to {FOLDS} of {FOLD_SIZE} tumours each, and 0 "
    "for the test part, by systematic sampling over the tumours sorted by diagnosis and radius; "
    f"seed {SEED}, chosen before any network was trained",
    by="search.py",
)
