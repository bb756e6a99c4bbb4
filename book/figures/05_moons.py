"""Draw the two crescents of chapter 5: the points of the training set."""

import matplotlib.pyplot as plt
import pandas as pd

from deeptwins.paths import BOOK, SHARED

moons = pd.read_csv(SHARED / "moons" / "moons.csv")
moons = moons[moons["part"] == "train"]
fig, ax = plt.subplots(figsize=(6, 2.6), layout="constrained")
for label, name, colour in ((0, "upper", "#0072B2"), (1, "lower", "#D55E00")):
    own = moons[moons["label"] == label]
    ax.scatter(own["x1"], own["x2"], s=10, color=colour, label=f"{label}: {name} crescent")
ax.set(xlabel="x1", ylabel="x2")
ax.set_aspect("equal")
ax.legend(title="label", loc="center left", bbox_to_anchor=(1.02, 0.5))
fig.savefig(BOOK / "images" / "05_moons.svg", transparent=True, metadata={"Date": None})
