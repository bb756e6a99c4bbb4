"""Draw the idea of chapter 11: one layer reads word after word and hands its memory on."""

import matplotlib.pyplot as plt

from deeptwins.paths import BOOK

WORDS = ["not", "bad", "rather", "good"]
FORWARD, BACKWARD = "#0072B2", "#D55E00"
fig, ax = plt.subplots(figsize=(7, 3.4))


def box(x, y, text, colour):
    ax.text(
        x, y, text, ha="center", va="center", fontsize=10, color=colour,
        bbox={"boxstyle": "round,pad=0.45", "facecolor": "white", "edgecolor": colour},
        zorder=3,
    )  # fmt: skip


def arrow(start, end, colour):
    ax.annotate("", end, start, zorder=1, arrowprops={
        "arrowstyle": "-|>", "color": colour, "shrinkA": 0, "shrinkB": 0,
    })  # fmt: skip


for place, word in enumerate(WORDS):
    x = 1.7 * place
    ax.text(x, 0, word, ha="center", va="center", fontsize=11, style="italic")
    box(x, 1, "vector", "#555555")
    arrow((x, 0.22), (x, 0.66), "#888888")
    box(x - 0.22, 2.15, "LSTM", FORWARD)
    box(x + 0.22, 3.25, "LSTM", BACKWARD)
    arrow((x - 0.22, 1.32), (x - 0.22, 1.8), FORWARD)
    arrow((x + 0.38, 1.32), (x + 0.38, 2.9), BACKWARD)
    if place + 1 < len(WORDS):
        arrow((x + 0.2, 2.15), (x + 1.0, 2.15), FORWARD)
        arrow((x + 1.5, 3.25), (x + 0.7, 3.25), BACKWARD)
end = 1.7 * len(WORDS)
box(end + 0.1, 2.7, "Dense", "#555555")
arrow((end - 1.5, 2.15), (end - 0.42, 2.6), FORWARD)
ax.plot([0.22, 0.22, end + 0.1], [3.55, 3.95, 3.95], color=BACKWARD, linewidth=1)
arrow((end + 0.1, 3.97), (end + 0.1, 3.02), BACKWARD)
arrow((end + 0.55, 2.7), (end + 0.95, 2.7), "#555555")
ax.text(end + 1.05, 2.7, "positive or\nnegative?", ha="left", va="center", fontsize=10)
ax.text(-0.85, 2.15, "read\nforward", ha="right", va="center", color=FORWARD, fontsize=9)
ax.text(-0.45, 3.25, "and, if you like,\nbackward", ha="right", va="center", color=BACKWARD,
        fontsize=9)  # fmt: skip
ax.set(xlim=(-2.2, 9.2), ylim=(-0.3, 4.2))
ax.axis("off")
fig.savefig(BOOK / "images" / "11_idea.svg", transparent=True, metadata={"Date": None})
