"""Draw the idea of chapter 9: how long running averages remember what came before."""

import matplotlib.pyplot as plt
import numpy as np

from deeptwins.paths import BOOK

BATCHES = np.arange(101)
MARKS = {6: "1 epoch", 30: "5 epochs"}  # of six batches
fig, ax = plt.subplots(figsize=(6.4, 3.2))
for momentum, colour in {0.99: "#D55E00", 0.9: "#0072B2"}.items():
    ax.plot(BATCHES, momentum**BATCHES, color=colour, label=f"momentum {momentum}")
for batch, name in MARKS.items():
    ax.axvline(batch, color="#999999", linestyle="dotted")
    ax.text(batch + 1, 0.02, name, fontsize=9)
ax.set(xlabel="batches", ylabel="weight of the old average", ylim=(0, 1.02), xlim=(0, 100))
ax.legend(frameon=False)
fig.tight_layout()
fig.savefig(BOOK / "images" / "09_idea.svg", transparent=True, metadata={"Date": None})
