"""Make shared_data/scores: scores with labels from made-up people, doses, and edge cases."""

import numpy as np
import pandas as pd
from cards import write_card
from sklearn.model_selection import train_test_split

from deeptwins import files
from deeptwins.paths import SHARED

SEED = 20212
SEPARATION = 2.4  # between the two groups' mean logits, in standard deviations

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
tuning, _ = train_test_split(
    screening.index, test_size=0.5, stratify=screening["label"], random_state=SEED
)
screening["part"] = np.where(screening.index.isin(tuning), "tuning", "test")

observed = rng.gamma(4.0, 1.25, size=40)
doses = pd.DataFrame(
    {
        "row": np.arange(1, 41),
        "observed": observed.round(2),
        "predicted": (0.9 * observed + 0.4 + rng.normal(0, 0.5, size=40)).round(2),
    }
)

# Four people each, read with the threshold 0.5.
cases = {
    "no_positives": ([0, 0, 0, 0], [0.1, 0.2, 0.3, 0.9]),
    "no_negatives": ([1, 1, 1, 1], [0.9, 0.8, 0.7, 0.2]),
    "no_predicted_positives": ([1, 1, 0, 0], [0.4, 0.2, 0.3, 0.1]),
    "no_predicted_negatives": ([1, 1, 0, 0], [0.9, 0.7, 0.8, 0.6]),
    "one_class": ([0, 0, 0, 0], [0.1, 0.2, 0.3, 0.4]),
    "equal_scores": ([1, 1, 0, 0], [0.5, 0.5, 0.5, 0.5]),
}
cases = pd.DataFrame(
    [
        (case, label, score)
        for case, (labels, scores) in cases.items()
        for label, score in zip(labels, scores, strict=True)
    ],
    columns=["case", "label", "score"],
)

folder = SHARED / "scores"
for name, table in {
    "balanced.csv": balanced,
    "screening.csv": screening,
    "doses.csv": doses,
    "cases.csv": cases,
}.items():
    files.write_text(folder / name, table.to_csv(index=False, lineterminator="\n"))
write_card(
    "scores",
    title="Scores with labels, doses, and the cases in which a metric is undefined",
    origin="Simulated for this course; no measurement of any person",
    licence="CC0 1.0",
    made="`label` is 1 for ill and 0 for healthy; `score` is the logistic function of a normal "
    f"logit with standard deviation 1 and means {SEPARATION / 2} (ill) and {-SEPARATION / 2} "
    "(healthy), rounded to two decimals, so that scores tie. The balanced sample has 100 ill "
    "of 200 people, the screening sample 100 of 4,000, drawn from the same two distributions "
    "and halved into a tuning and a test part, stratified by label. `doses` holds observed "
    "values (gamma, shape 4, scale 1.25) and predictions that shrink them and add noise "
    f"(standard deviation 0.5). `cases` was written by hand; seed {SEED}",
    by="scores.py",
)
