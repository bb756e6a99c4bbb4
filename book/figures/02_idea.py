"""Draw the idea of chapter 2: one locked test set, and five folds over the rest."""

import matplotlib.pyplot as plt
from matplotlib.patches import Rectangle

from deeptwins.paths import BOOK

FOLDS = 5
LEARN, EVALUATE, TEST = "#56B4E9", "#E69F00", "#999999"
fig, ax = plt.subplots(figsize=(7, 3.4))


def box(x, y, width, colour, words=""):
    ax.add_patch(Rectangle((x, y), width, 0.7, facecolor=colour, edgecolor="white", linewidth=2))
    ax.text(x + width / 2, y + 0.35, words, ha="center", va="center", fontsize=9)


box(0, FOLDS + 0.6, 3, LEARN, "train")
box(3, FOLDS + 0.6, 1, EVALUATE, "validation")
box(4, FOLDS + 0.6, 1, TEST, "test")
ax.text(-0.1, FOLDS + 0.95, "partition", ha="right", va="center")
for fold in range(FOLDS):
    y = FOLDS - 1 - fold
    for part in range(FOLDS):
        left_out = part == fold
        words = "evaluate" if left_out else "learn"
        box(part * 0.8, y, 0.8, EVALUATE if left_out else LEARN, words)
    box(4, y, 1, TEST, "locked")
    ax.text(-0.1, y + 0.35, f"fold {fold + 1}", ha="right", va="center")
box(0, -1.6, 4, LEARN, "train + validation: the final model learns")
box(4, -1.6, 1, TEST, "evaluate once")
ax.text(-0.1, -1.25, "at the end", ha="right", va="center")
ax.set_xlim(-0.9, 5)
ax.set_ylim(-1.7, FOLDS + 1.4)
ax.axis("off")
fig.savefig(BOOK / "images" / "02_idea.svg", transparent=True, metadata={"Date": None})
