"""Draw the idea of chapter 17: training moves vectors where the task wants them."""

import matplotlib.pyplot as plt
import numpy as np

from deeptwins.paths import BOOK

LETTERS = "abcdefghijkl"
FOR_TASK = np.array([1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1, -1])
SHAPES = "osososososos"  # what the task does not ask for
FOR, AGAINST = "#0072B2", "#D55E00"
STEPS, RATE, LENGTH, BATCH = 80, 2.0, 12, 64
rng = np.random.default_rng(13)
start = rng.normal(0, 0.5, (len(LETTERS), 2))
vectors, weight = start.copy(), np.array([0.3, 0.1])
for _ in range(STEPS):
    # Made-up words of random letters; the label says whether more speak for it than against.
    words = rng.integers(0, len(LETTERS), (BATCH, LENGTH))
    label = FOR_TASK[words].sum(axis=1) > 0
    mean = vectors[words].mean(axis=1)
    wrong = (1 / (1 + np.exp(-mean @ weight)) - label) / BATCH
    counts = np.array([(words == one).mean(axis=1) for one in range(len(LETTERS))])
    vectors = vectors - RATE * (counts @ wrong)[:, None] * weight
    weight = weight - RATE * mean.T @ wrong

fig, axes = plt.subplots(1, 2, figsize=(7.2, 3.5), sharex=True, sharey=True)
for ax, places, title in zip(axes, (start, vectors), ("before", "after"), strict=True):
    for letter, place, sign, shape in zip(LETTERS, places, FOR_TASK, SHAPES, strict=True):
        colour = FOR if sign > 0 else AGAINST
        ax.plot(*place, shape, color=colour, markersize=12, markerfacecolor="white")
        ax.text(*place, letter, ha="center", va="center", fontsize=8.5, color=colour)
    ax.set_title(f"vectors {title} training")
    ax.set(xticks=[], yticks=[], aspect="equal")
    ax.grid(False)
for before, after in zip(start, vectors, strict=True):
    axes[1].plot(*zip(before, after, strict=True), color="#cccccc", linewidth=1, zorder=0)
words = "blue speaks for, orange against; circle or square makes no difference to the task"
fig.text(0.5, 0.0, words, ha="center", fontsize=9)
fig.savefig(BOOK / "images" / "17_idea.svg", transparent=True, metadata={"Date": None})
