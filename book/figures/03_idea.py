"""Draw the idea of chapter 3: one test, one threshold, two kinds of crowd."""

import matplotlib.pyplot as plt
import numpy as np
from scipy.stats import norm

from deeptwins.paths import BOOK

# The made-up test of shared_data/make/scores.py, before the logistic function.
MEAN, CROWDS = 1.2, {"as many ill as healthy": 0.5, "one in ten is ill": 0.1}
HEALTHY, ILL = "#0072B2", "#D55E00"
x = np.linspace(-4.5, 4.5, 400)
fig, axes = plt.subplots(1, 2, figsize=(7, 3), sharex=True, sharey=True)
for ax, (words, share) in zip(axes, CROWDS.items(), strict=True):
    groups = [
        ("healthy", (1 - share) * norm.pdf(x, -MEAN), HEALTHY, "TN", "FP"),
        ("ill", share * norm.pdf(x, MEAN), ILL, "FN", "TP"),
    ]
    for name, height, colour, below, above in groups:
        ax.plot(x, height, color=colour)
        for part, alpha, letters in [(x < 0, 0.2, below), (x >= 0, 0.5, above)]:
            label = f"{letters} ({name}, {'called ill' if part[-1] else 'not called'})"
            ax.fill_between(x, height, where=part, color=colour, alpha=alpha, label=label)
    ax.axvline(0, color="#555555", linestyle="--")
    ax.set_title(words)
    ax.set_xticks([0], ["threshold"])
    ax.set_yticks([])
    ax.spines["left"].set_visible(False)
    ax.grid(visible=False)
axes[0].set_ylim(bottom=0)
axes[0].set_ylabel("people with this score")
handles, labels = axes[0].get_legend_handles_labels()
fig.legend(handles, labels, loc="upper center", bbox_to_anchor=(0.5, 0.02), ncols=2)
fig.tight_layout()
fig.savefig(BOOK / "images" / "03_idea.svg", transparent=True, metadata={"Date": None})
