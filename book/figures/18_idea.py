"""Draw the idea of chapter 18: a grid tries few values of each setting, random search many."""

import matplotlib.pyplot as plt
import numpy as np

from deeptwins.paths import BOOK

POINT, LOSS, GREY = "#0072B2", "#D55E00", "#8a8f98"
rng = np.random.default_rng(18)
steps = (np.arange(3) + 0.5) / 3
grid = np.array([(a, b) for a in steps for b in steps])
# One point in each ninth of both axes, so that the picture does not depend on luck.
random = np.column_stack([(rng.permutation(9) + rng.random(9)) / 9 for _ in range(2)])
fig, axes = plt.subplots(1, 2, figsize=(7.2, 3.6), gridspec_kw={"wspace": 0.25})
across = np.linspace(0, 1, 121)
loss = 1.06 + 0.3 * (1 - np.exp(-(((across - 0.66) / 0.09) ** 2)))
for ax, points, title in zip(
    axes, (grid, random), ("grid: 3 learning rates", "random: 9 learning rates"), strict=True
):
    ax.plot(across, loss, color=LOSS)
    for x in np.unique(points[:, 0]):
        ax.plot([x, x], [0, 1.02], color=GREY, linewidth=0.7, linestyle=":")
        ax.plot(x, np.interp(x, across, loss), "o", color=LOSS, markersize=4)
    ax.plot(*points.T, "o", color=POINT, markersize=8)
    ax.plot([0, 1, 1, 0, 0], [0, 0, 1.02, 1.02, 0], color=GREY, linewidth=1)
    ax.text(0.02, 1.4, "loss", color=LOSS, va="bottom", fontsize=9)
    ax.set(title=title, xlabel="learning rate", xlim=(-0.02, 1.02), ylim=(-0.03, 1.5))
    ax.set_ylabel("dropout", y=0.33)
    ax.set(xticks=[], yticks=[])
    ax.grid(False)
    for side in ax.spines.values():
        side.set_visible(False)
fig.savefig(BOOK / "images" / "18_idea.svg", transparent=True, metadata={"Date": None})
