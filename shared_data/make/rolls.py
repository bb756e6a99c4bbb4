"""Make shared_data/rolls: a Swiss roll, two rolls in each other, and three uneven clusters."""

import numpy as np
import pandas as pd
from cards import write_card

from deeptwins import files
from deeptwins.paths import SHARED

SEED = 20217
TURNS = {"single": (1.5 * np.pi, 4.5 * np.pi), "double": (1.5 * np.pi, 3.75 * np.pi)}
HEIGHT = 7
POINTS = 400  # on the single roll, and on each sheet of the double one half of DOUBLE
DOUBLE = 500
CLUSTERS = (("small left", 0, 1), ("small right", 8, 1), ("wide", 50, 6))
OF_CLUSTER = 50
FEATURES = 5


def sheet(points: int, turns: tuple, turned: float, rng: np.random.Generator) -> pd.DataFrame:
    """Return points spread evenly over a sheet of paper, and where each lies once rolled up.

    `along` and `across` are the place on the flat paper, so that a map can be compared with
    it. `turned` turns the whole roll about its axis, in radians.
    """
    angle = np.linspace(*turns, 100_001)
    step = np.hypot(1, (angle[1:] + angle[:-1]) / 2) * np.diff(angle)
    length = np.concatenate([[0], np.cumsum(step)])
    along = (np.arange(points) + rng.uniform(size=points)) / points * length[-1]
    angle = np.interp(along, length, angle)
    table = {
        "x": angle * np.cos(angle + turned),
        "y": angle * np.sin(angle + turned),
        "z": rng.uniform(0, HEIGHT, points),
    }
    return pd.DataFrame(table | {"along": along, "across": table["z"]})


rng = np.random.default_rng(SEED)
single = sheet(POINTS, TURNS["single"], 0, rng).assign(sheet=1)
double = pd.concat(
    [
        sheet(DOUBLE // 2, TURNS["double"], number * np.pi, rng).assign(sheet=number + 1)
        for number in range(2)
    ]
)
rolls = pd.concat([single.assign(roll="single"), double.assign(roll="double")])
rolls = rolls[["roll", "sheet", "along", "across", "x", "y", "z"]]
rolls = rolls.groupby("roll", sort=False).sample(frac=1, random_state=SEED).round(3)

names = [f"feature_{number}" for number in range(1, FEATURES + 1)]
clusters = []
for name, place, spread in CLUSTERS:
    points = rng.normal(scale=spread, size=(OF_CLUSTER, FEATURES))
    points[:, 0] += place
    clusters.append(pd.DataFrame(points.round(3), columns=names).assign(cluster=name))
clusters = pd.concat(clusters)[["cluster", *names]]

folder = SHARED / "rolls"
for name, table in {"rolls.csv": rolls, "clusters.csv": clusters}.items():
    files.write_text(folder / name, table.to_csv(index=False, lineterminator="\n"))
write_card(
    "rolls",
    title="Rolled-up sheets and uneven clusters, to test maps on",
    origin="Computed; the Swiss roll is that of J. B. Tenenbaum, V. de Silva and J. C. Langford "
    "(2000), A global geometric framework for nonlinear dimensionality reduction, "
    "Science 290:2319-2323.",
    licence="CC0 1.0",
    made=f"rolls.csv: {POINTS} points on one sheet of paper, rolled up (x, y, z), and {DOUBLE} on "
    "two sheets rolled into each other; `along` and `across` are the place on the flat paper. "
    f"clusters.csv: three normal clusters of {OF_CLUSTER} points in {FEATURES} dimensions; two "
    "have a spread of 1 and lie 8 apart, the third has a spread of 6 and lies at 50; "
    f"seed {SEED}",
    by="rolls.py",
)
