"""Make shared_data/scores: scores of made-up people, measured doses, and counted cells."""

import numpy as np
import pandas as pd
from cards import write_card
from sklearn.model_selection import train_test_split

from deeptwins import files
from deeptwins.paths import SHARED

SEED = 20212
SEPARATION = 2.4  # between the two groups' mean logits, in standard deviations
SECOND = 0.75  # the share of it that the second test has
PREDICTED = {"neutrophil": (110, 8, 2), "lymphocyte": (6, 51, 3), "basophil": (5, 7, 8)}

rng = np.random.default_rng(SEED)


def people(ill: int, healthy: int) -> pd.DataFrame:
    """Return people in random order; both samples share one distribution per group."""
    label = rng.permutation(np.repeat([1, 0], [ill, healthy]))
    logit = rng.normal((label - 0.5) * SEPARATION)
    # Two decimals, as a report would print them: people with the same score are frequent.
    score = (1 / (1 + np.exp(-logit))).round(2)
    return pd.DataFrame({"row": np.arange(1, len(label) + 1), "label": label, "score": score})


balanced = people(ill=100, healthy=100)

screening = people(ill=100, healthy=3900)
val, _ = train_test_split(
    screening.index, test_size=0.5, stratify=screening["label"], random_state=SEED
)
screening["part"] = np.where(screening.index.isin(val), "val", "test")

observed = rng.gamma(4.0, 1.25, size=40)
doses = pd.DataFrame(
    {
        "row": np.arange(1, 41),
        "observed": observed.round(2),
        "predicted": (0.9 * observed + 0.4 + rng.normal(0, 0.5, size=40)).round(2),
    }
)

# A second test of the same people, weaker than the first and independent of it.
logit = rng.normal((screening["label"] - 0.5) * SEPARATION * SECOND)
screening["second_score"] = (1 / (1 + np.exp(-logit))).round(2)

# Cells of three kinds, named by an expert and by a program: of each kind, whom the program takes
# it for.
cells = pd.DataFrame(
    [
        (true, predicted)
        for true, row in PREDICTED.items()
        for predicted, count in zip(PREDICTED, row, strict=True)
        for _ in range(count)
    ],
    columns=["true", "predicted"],
)

folder = SHARED / "scores"
for name, table in {
    "balanced.csv": balanced,
    "screening.csv": screening,
    "doses.csv": doses,
    "cells.csv": cells,
}.items():
    files.write_text(folder / name, table.to_csv(index=False, lineterminator="\n"))
write_card(
    "scores",
    title="Scores of people, measured doses, and counted cells",
    origin="Simulated for this course; no measurement of any person",
    licence="CC0 1.0",
    made="`label` is 1 for ill and 0 for healthy; `score` is the logistic function of a normal "
    f"logit with standard deviation 1 and means {SEPARATION / 2} (ill) and {-SEPARATION / 2} "
    "(healthy), rounded to two decimals, so that scores tie. The balanced sample has 100 ill "
    "of 200 people, the screening sample 100 of 4,000, drawn from the same two distributions "
    "and halved into a validation and a test set, stratified by label. `second_score` is a "
    f"further test, independent of the first, with means {SECOND} times as far apart. `doses` "
    "holds observed values (gamma, shape 4, scale 1.25) and predictions that shrink them and "
    "add noise (standard deviation 0.5). `cells` was written by hand: 200 cells of three kinds "
    f"and what a program takes them for; seed {SEED}",
    by="scores.py",
)
