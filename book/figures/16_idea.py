"""Draw the idea of chapter 16: three cells, one encoder, and what the loss does on the map."""

import matplotlib.pyplot as plt
import numpy as np

from deeptwins.paths import BOOK

A, P, N, GREY = "#0072B2", "#009E73", "#D55E00", "#555555"
ARROW = {"arrowstyle": "-|>", "mutation_scale": 13, "linewidth": 1.6, "shrinkA": 0, "shrinkB": 0}
GENES = {
    "anchor": (A, [0.9, 0.2, 0.7, 0.1, 0.5]),
    "positive": (P, [0.8, 0.3, 0.6, 0.1, 0.6]),
    "negative": (N, [0.1, 0.8, 0.2, 0.9, 0.3]),
}
fig, (net, plane) = plt.subplots(1, 2, figsize=(7.2, 3.4), width_ratios=[1.35, 1])
for row, (name, (colour, genes)) in enumerate(GENES.items()):
    y = 2 - row
    net.bar(0.1 + 0.13 * np.arange(5), 0.55 * np.array(genes), 0.1, y - 0.27, color=colour)
    net.text(0.36, y - 0.31, name, ha="center", va="top", fontsize=9.5, color=colour)
    net.annotate("", (1.32, y), (0.9, y), arrowprops={**ARROW, "color": GREY})
    box = plt.Polygon(
        [(1.36, y - 0.33), (1.36, y + 0.33), (2.0, y + 0.14), (2.0, y - 0.14)],
        facecolor="#eeeeee",
        edgecolor=GREY,
    )
    net.add_patch(box)
    net.text(1.64, y, "encoder", ha="center", va="center", fontsize=8.5)
    net.annotate("", (2.46, y), (2.04, y), arrowprops={**ARROW, "color": GREY})
    net.scatter(2.56, y, s=70, color=colour)
for y in (0.5, 1.5):
    net.plot([1.5, 1.5], [y - 0.2, y + 0.2], ":", color=GREY, linewidth=1.3)
    net.text(1.56, y, "same weights", va="center", fontsize=8, color=GREY)
net.set(xlim=(0, 2.75), ylim=(-0.55, 2.5))
net.set_title("one encoder places three cells", fontsize=10)
net.axis("off")

places = {"anchor": (0, 0), "positive": (1.15, 0.75), "negative": (-0.55, -0.95)}
for name, place in places.items():
    plane.scatter(*place, s=70, color=GENES[name][0], zorder=3)
plane.add_patch(plt.Circle((0, 0), np.hypot(1.15, 0.75), fill=False, edgecolor=P, linestyle=":"))
plane.add_patch(
    plt.Circle((0, 0), np.hypot(1.15, 0.75) + 1, fill=False, edgecolor=N, linestyle="--")
)
plane.annotate("", (0.45, 0.29), places["positive"], arrowprops={**ARROW, "color": P})
plane.annotate("", (-1.0, -1.73), places["negative"], arrowprops={**ARROW, "color": N})
plane.text(0.1, 0.12, "anchor", fontsize=9, color=A, ha="right", va="bottom")
plane.text(0.2, 1.0, "positive: pull", fontsize=9, color=P)
words = "negative: push, until beyond the dashed circle"
plane.text(0, -2.8, words, fontsize=9, color=N, ha="center", va="top")
plane.set(xlim=(-2.5, 2.7), ylim=(-3.2, 2.5), aspect="equal")
plane.set_title("the triplet loss on the map", fontsize=10)
plane.axis("off")
fig.savefig(BOOK / "images" / "16_idea.svg", transparent=True, metadata={"Date": None})
