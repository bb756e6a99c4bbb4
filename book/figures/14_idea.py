"""Draw the idea of chapter 14: a loop around the validation set, and one way out of it."""

import matplotlib.pyplot as plt

from deeptwins.paths import BOOK

LEARN, CHOOSE, TEST = "#0072B2", "#009E73", "#D55E00"
fig, ax = plt.subplots(figsize=(7.4, 3.3))


def box(x, y, title, words, colour):
    ax.text(x, y + 0.13, title, ha="center", va="center", fontsize=10, weight="bold", color=colour)
    ax.text(x, y - 0.27, words, ha="center", va="center", fontsize=8.5)
    ax.add_patch(plt.matplotlib.patches.FancyBboxPatch(
        (x - 1.15, y - 0.55), 2.3, 1, boxstyle="round,pad=0.06", facecolor="none",
        edgecolor=colour, linewidth=1.4,
    ))  # fmt: skip


def arrow(start, end, bend=0.0, colour="#777777"):
    ax.annotate("", end, start, arrowprops={
        "arrowstyle": "-|>", "color": colour, "linewidth": 1.4,
        "connectionstyle": f"arc3,rad={bend}",
    })  # fmt: skip


box(1, 2.5, "an idea", "written down, with\nwhat it should bring", LEARN)
box(4.3, 2.5, "training set", "the network learns,\nseveral seeds", LEARN)
box(4.3, 0.5, "validation set", "better: whole interval\nabove 0?", CHOOSE)
box(1, 0.5, "keep or drop", "one change at a time,\nnoted either way", CHOOSE)
box(8.45, 0.5, "test set", "evaluated once,\nreported as it is", TEST)
arrow((2.25, 2.45), (3.05, 2.45))
arrow((4.3, 1.85), (4.3, 1.05))
arrow((3.05, 0.45), (2.25, 0.45))
arrow((1, 1.05), (1, 1.85))
arrow((5.55, 0.45), (7.2, 0.45), colour=TEST)
decided = "all decided:\nFINAL is True"
ax.text(6.35, 0.6, decided, ha="center", va="bottom", fontsize=8.5, color=TEST)
ax.text(2.65, 1.45, "as often as you like", ha="center", va="center", fontsize=9, style="italic")
ax.plot([6.35, 6.35], [1.05, 3.1], color=TEST, linestyle=":", linewidth=1.4)
ax.plot([6.35, 6.35], [-0.2, 0.3], color=TEST, linestyle=":", linewidth=1.4)
ax.text(6.55, 2.5, "no way back: if you\ndecide after this line,\nthe test set becomes\n"
        "a validation set", ha="left", va="center", fontsize=8.5, color=TEST)  # fmt: skip
ax.set(xlim=(-0.3, 9.75), ylim=(-0.3, 3.2))
ax.axis("off")
fig.savefig(BOOK / "images" / "14_idea.svg", transparent=True, metadata={"Date": None})
