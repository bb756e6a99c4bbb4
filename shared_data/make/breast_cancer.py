"""Make shared_data/breast_cancer from the Wisconsin table in R's package mlbench.

    python shared_data/make/breast_cancer.py [BreastCancer.rda]

Without a file, the one of the mlbench that R finds is taken: install.packages("mlbench"), or
Debian's r-cran-mlbench.
"""

import io
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
from cards import write_card

from deeptwins import files
from deeptwins.paths import SHARED

NEW = "563649"  # the patient whose diagnosis is taken away: one sample, without Bare.nuclei
FIND = 'cat(system.file("data", "BreastCancer.rda", package = "mlbench"))'
WRITE = 'load(commandArgs(TRUE)); write.csv(BreastCancer, row.names = FALSE, na = "?")'
COLUMNS = {
    "Id": "id",
    "Cl.thickness": "clump_thickness",
    "Cell.size": "cell_size",
    "Cell.shape": "cell_shape",
    "Marg.adhesion": "adhesion",
    "Epith.c.size": "epithelial_size",
    "Bare.nuclei": "bare_nuclei",
    "Bl.cromatin": "chromatin",
    "Normal.nucleoli": "nucleoli",
    "Mitoses": "mitoses",
    "Class": "diagnosis",
}


def r(code: str, *arguments: str) -> str:
    """Return what a line of R prints."""
    command = ["Rscript", "-e", code, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


if shutil.which("Rscript") is None:
    sys.exit("Rscript was not found: R reads this file.")
source = sys.argv[1] if len(sys.argv) > 1 else r(FIND)
if not Path(source).is_file():
    sys.exit(
        f"{source or 'mlbench'} was not found. Install R's package mlbench, or name the file: "
        "python shared_data/make/breast_cancer.py BreastCancer.rda"
    )

# The original's question marks stand for what is missing, as UCI's file has them.
table = pd.read_csv(io.StringIO(r(WRITE, source)), dtype=str, keep_default_na=False)
table = table.rename(columns=COLUMNS)[list(COLUMNS.values())]
table.loc[table["id"] == NEW, "diagnosis"] = ""

folder = SHARED / "breast_cancer"
folder.mkdir(exist_ok=True)
files.write_text(folder / "samples.csv", table.to_csv(index=False, lineterminator="\n"))
write_card(
    "breast_cancer",
    title="Wisconsin breast cancer: nine scores of fine-needle samples, with missing values",
    origin="W. H. Wolberg (1990), Breast Cancer Wisconsin (Original), UCI Machine Learning "
    "Repository, doi:10.24432/C5HP4Z; from R's package mlbench 2.1-3 (F. Leisch, "
    "E. Dimitriadou)",
    licence="CC BY 4.0",
    made="The 699 rows in their order; the scores, 1 to 10, are as they were, 16 of "
    "`bare_nuclei` are missing (?), and 54 rows repeat an `id` that stands further up. Columns "
    f"are renamed. The diagnosis of id {NEW} (malignant) was taken away: a new patient to predict",
    by="breast_cancer.py",
)
