"""Draw the idea of chapter 6: split first, then learn the preprocessing from the training rows."""

import matplotlib.pyplot as plt

from deeptwins.paths import BOOK

PARTS = {"training rows": "#0072B2", "validation rows": "#E69F00", "test rows": "#CC79A7"}
USES = ("train the network", "choose epoch\nand threshold", "evaluate once")
fig, ax = plt.subplots(figsize=(7.4, 3))


def box(x, y, text, colour="#eeeeee", white=False):
    """Draw a text in a rounded box around its centre."""
    ax.text(
        x, y, text, ha="center", va="center", fontsize=9, color="white" if white else "black",
        bbox={"boxstyle": "round,pad=0.45", "facecolor": colour, "edgecolor": "#777777"},
    )  # fmt: skip


def arrow(start, end, colour="#777777"):
    """Draw an arrow."""
    style = {"arrowstyle": "-|>", "color": colour, "linewidth": 1.2, "shrinkA": 0, "shrinkB": 0}
    ax.annotate("", end, start, arrowprops=style)


box(0.7, 1.6, "your table")
for (name, colour), use, y in zip(PARTS.items(), USES, (2.6, 1.6, 0.6), strict=True):
    arrow((1.3, 1.6), (2.05, y))
    box(2.75, y, name, colour, white=True)
    arrow((3.5, y), (5.5, y), colour)
    box(6.05, y, "inputs")
    arrow((6.45, y), (7.2, y), colour)
    box(8.0, y, use)
box(4.4, 3.35, "medians, categories, mean, standard deviation", "#D9ECF7")
arrow((2.75, 2.82), (3.4, 3.12), "#0072B2")
for y, x in ((2.6, 4.9), (1.6, 4.7), (0.6, 4.5)):
    arrow((x, 3.12), (x, y + 0.04), "#0072B2")
ax.text(1.3, 2.35, "split by id", fontsize=9, ha="center")
ax.set(xlim=(0, 8.9), ylim=(0.2, 3.7))
ax.axis("off")
fig.savefig(
    BOOK / "images" / "06_idea.svg", bbox_inches="tight", transparent=True, metadata={"Date": None}
)
