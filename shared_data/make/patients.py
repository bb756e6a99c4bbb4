"""Make shared_data/patients: samples of patients in which no gene has to do with the illness."""

import numpy as np
import pandas as pd
from cards import write_card

from deeptwins import files
from deeptwins.paths import SHARED

SEED = 20262
PATIENTS, SAMPLES, NEW = 40, 3, 30
GENES, FOLDS = 200, 4
NOISE = 0.5  # of a sample, beside the spread of 1 between patients

rng = np.random.default_rng(SEED)
patient = np.r_[np.repeat(np.arange(1, PATIENTS + 1), SAMPLES), np.arange(1, NEW + 1) + PATIENTS]


def halves(size):
    """Return 0 for one random half and 1 for the other."""
    return rng.permutation(np.arange(size) % 2)


def folds(ill):
    """Return the fold of each, from 1, with as many ill as healthy ones in each fold."""
    fold = np.empty(len(ill), int)
    for label in (0, 1):
        own = np.flatnonzero(ill == label)
        fold[own] = 1 + rng.permutation(np.arange(len(own)) % FOLDS)
    return fold


ill = np.r_[halves(PATIENTS), halves(NEW)]
of_patient = rng.normal(size=(PATIENTS + NEW, GENES))
genes = of_patient[patient - 1] + rng.normal(scale=NOISE, size=(len(patient), GENES))
known = patient <= PATIENTS
samples = pd.DataFrame({"row": np.arange(1, len(patient) + 1), "patient": patient})
samples["ill"] = ill[patient - 1]
samples["partition"] = np.where(known, "rest", "test")
samples["fold_rows"] = 0
samples.loc[known, "fold_rows"] = folds(samples["ill"][known].to_numpy())
samples["fold_patients"] = np.where(
    known, np.r_[folds(ill[:PATIENTS]), np.zeros(NEW, int)][patient - 1], 0
)
columns = [f"gene_{number}" for number in range(1, GENES + 1)]
samples = pd.concat([samples, pd.DataFrame(genes.round(2), columns=columns)], axis="columns")

text = samples.to_csv(index=False, lineterminator="\n")
files.write_text(SHARED / "patients" / "samples.csv", text)
write_card(
    "patients",
    title="Samples of patients, with nothing to learn",
    origin="made by a random generator; no patient and no gene is real",
    licence="CC0 1.0",
    made=f"{PATIENTS} patients with {SAMPLES} samples each, and {NEW} patients with one sample for "
    f"the test set; half of each group is ill. {GENES} genes of standard normal noise for each "
    f"patient, and noise of standard deviation {NOISE} for each sample: samples of a patient are "
    f"alike, and no gene has to do with the illness. {FOLDS} stratified folds by row and by "
    f"patient (0: test set); seed {SEED}",
    by="patients.py",
)
