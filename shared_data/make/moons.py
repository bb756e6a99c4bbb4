"""Make shared_data/moons: two crescents that no straight line separates."""

import numpy as np
import pandas as pd
from cards import write_card
from sklearn.datasets import make_moons
from sklearn.model_selection import train_test_split

from deeptwins import files
from deeptwins.paths import SHARED

SEED = 20212
NOISE = 0.18

points, label = make_moons(500, noise=NOISE, random_state=SEED)
moons = pd.DataFrame(points.round(4), columns=["x1", "x2"])
moons.insert(0, "row", np.arange(1, len(moons) + 1))
moons["label"] = label
rest, test = train_test_split(moons.index, test_size=200, stratify=label, random_state=SEED)
train, val = train_test_split(rest, test_size=100, stratify=label[rest], random_state=SEED)
for name, rows in {"train": train, "val": val, "test": test}.items():
    moons.loc[rows, "part"] = name

files.write_text(SHARED / "moons" / "moons.csv", moons.to_csv(index=False, lineterminator="\n"))
write_card(
    "moons",
    title="Two crescents in the plane",
    origin="Simulated for this course with scikit-learn's make_moons()",
    licence="CC0 1.0",
    made=f"500 points, 250 on each crescent, normal noise with standard deviation {NOISE}, rounded "
    "to four decimals; 200 for training, 100 for validation and 200 for the test, stratified by "
    f"label; seed {SEED}",
    by="moons.py",
)
