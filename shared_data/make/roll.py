"""Make shared_data/roll: a Swiss roll, a sheet of paper that is rolled up."""

import numpy as np
import pandas as pd
from cards import write_card

from deeptwins import files
from deeptwins.paths import SHARED

SEED = 20230
TURNS = (1.5 * np.pi, 4.5 * np.pi)
HEIGHT = 30  # more than the roll is wide, so that PCA looks at it from the side
POINTS = 500

rng = np.random.default_rng(SEED)
angle = np.linspace(*TURNS, 100_001)
step = np.hypot(1, (angle[1:] + angle[:-1]) / 2) * np.diff(angle)
length = np.concatenate([[0], np.cumsum(step)])
along = (np.arange(POINTS) + rng.uniform(size=POINTS)) / POINTS * length[-1]
across = rng.uniform(0, HEIGHT, POINTS)
angle = np.interp(along, length, angle)
roll = pd.DataFrame(
    {
        "along": along,
        "across": across,
        "x": angle * np.cos(angle),
        "y": angle * np.sin(angle),
        "z": across,
    }
)
roll = roll.sample(frac=1, random_state=SEED).round(3)
files.write_text(SHARED / "roll" / "roll.csv", roll.to_csv(index=False, lineterminator="\n"))
write_card(
    "roll",
    title="A sheet of paper that is rolled up, to test maps on",
    origin="Computed; the Swiss roll is that of J. B. Tenenbaum, V. de Silva and J. C. Langford "
    "(2000), A global geometric framework for nonlinear dimensionality reduction, "
    "Science 290:2319-2323.",
    licence="CC0 1.0",
    made=f"{POINTS} points on a sheet of paper, rolled up (x, y, z); `along` and `across` are the "
    f"place on the flat paper; seed {SEED}",
    by="roll.py",
)
