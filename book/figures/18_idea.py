"""Draw the idea of chapter 18: one queue of tasks, and workers that fetch the next one."""

import matplotlib.pyplot as plt

from deeptwins.paths import BOOK

CONFIGURATIONS, FOLDS = 6, 5
DONE = 13  # tasks are finished; the next two are being worked on
WHOSE = (0, 1, 1, 0, 0, 1, 0, 1, 1, 0, 1, 0, 1)  # the worker of each
COLOURS = ("#0072B2", "#D55E00")
GREY = "#8a8f98"

fig, ax = plt.subplots(figsize=(7.2, 3.5))
for task in range(CONFIGURATIONS * FOLDS):
    row, column = divmod(task, FOLDS)
    corner = (column, CONFIGURATIONS - 1 - row)
    if task < DONE:
        mine = COLOURS[WHOSE[task]]
        style = {"facecolor": mine, "edgecolor": mine, "alpha": 0.75}
    elif task < DONE + 2:
        mine = COLOURS[task - DONE]
        style = {"facecolor": "none", "edgecolor": mine, "linewidth": 2.5, "hatch": "///"}
    else:
        style = {"facecolor": "none", "edgecolor": GREY}
    ax.add_patch(plt.Rectangle(corner, 0.86, 0.8, **style))
for row in range(CONFIGURATIONS):
    place = CONFIGURATIONS - 0.6 - row
    ax.text(-0.2, place, f"configuration {row + 1}", ha="right", va="center", fontsize=9)
    ax.annotate("", (7.0, place), (5.1, place), arrowprops={"arrowstyle": "->", "color": GREY})
    ax.text(7.15, place, "mean", va="center", fontsize=9)
for column in range(FOLDS):
    ax.text(column + 0.43, CONFIGURATIONS + 0.05, f"fold {column + 1}", ha="center", fontsize=9)
for worker, colour in enumerate(COLOURS):
    place = (10.0, 4.4 - 2.4 * worker)
    ax.text(
        *place,
        f"worker {worker + 1}\nbuilds, trains,\nasks, forgets",
        ha="center",
        va="center",
        fontsize=9,
        color=colour,
        bbox={"boxstyle": "round,pad=0.5", "facecolor": "none", "edgecolor": colour},
    )
ax.text(10.0, -0.2, "the best mean\ntrains once more,\nand is tested once", ha="center", fontsize=9)
ax.set(xlim=(-2.6, 11.6), ylim=(-0.2, CONFIGURATIONS + 0.6))
ax.axis("off")
fig.savefig(BOOK / "images" / "18_idea.svg", metadata={"Date": None})
