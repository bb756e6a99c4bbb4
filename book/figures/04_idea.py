"""Draw the idea of chapter 4: three ways to fit points, and where to stop learning."""

import matplotlib.pyplot as plt
import numpy as np

from deeptwins.paths import BOOK

TRAIN, VAL, FIT = "#0072B2", "#D55E00", "#444444"
rng = np.random.default_rng(5)
fig, axes = plt.subplot_mosaic(
    [["few", "right", "many"], ["loss", "loss", "loss"]],
    figsize=(7, 5), height_ratios=[1, 1.15], gridspec_kw={"hspace": 0.35, "wspace": 0.08},
)  # fmt: skip


def truth(x):
    return np.sin(1.9 * x)


def noisy(x):
    return x, truth(x) + rng.normal(0, 0.28, len(x))


learned = noisy(np.linspace(-1.9, 1.9, 10) + rng.normal(0, 0.06, 10))
asked = noisy(np.linspace(-1.75, 1.75, 8))
grid = np.linspace(-2.0, 2.0, 121)
panels = {"few": ("underfitted", 1), "right": ("about right", 4), "many": ("overfitted", 9)}
for name, (title, degree) in panels.items():
    ax = axes[name]
    fit = np.polynomial.Polynomial.fit(*learned, degree)
    ax.plot(grid, fit(grid), color=FIT, linewidth=1.4)
    ax.plot(*learned, "o", color=TRAIN, markersize=5)
    ax.plot(*asked, "D", color=VAL, markersize=4, markerfacecolor="white")
    ax.set(title=title, ylim=(-2.1, 2.1), xticks=[], yticks=[])

ax = axes["loss"]
epoch = np.linspace(0, 10, 121)
train = 0.06 + 0.94 * np.exp(-0.42 * epoch)
val = train + 0.03 + 0.0075 * epoch**1.9
best = epoch[val.argmin()]
ax.axvspan(best - 0.9, best + 0.9, color="#eeeeee", zorder=0)
ax.plot(epoch, train, color=TRAIN)
ax.plot(epoch, val, color=VAL, linestyle="--")
ax.text(9.9, train[-1] + 0.1, "training loss (dots)", color=TRAIN, ha="right")
ax.text(9.9, val[-1] + 0.02, "validation loss (diamonds)  ", color=VAL, ha="right",
        va="bottom")  # fmt: skip
ax.text(0.7, 0.06, "underfitted:\nboth still fall", va="bottom", ha="left")
ax.text(best, 0.9, "stop here", ha="center")
ax.text(7.6, 0.33, "overfitted: they part", ha="center")
ax.set(xlabel="epochs", ylabel="loss", xticks=[], yticks=[], xlim=(0, 10), ylim=(0, 1.05))
for ax in axes.values():
    ax.grid(False)
fig.savefig(BOOK / "images" / "04_idea.svg", transparent=True, metadata={"Date": None})
