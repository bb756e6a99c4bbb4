"""Draw an LSTM cell: the memory above, three gates and a proposal below."""

import matplotlib.pyplot as plt

from deeptwins.paths import BOOK

MEMORY, GATE, WIRE = "#D55E00", "#0072B2", "#777777"
fig, ax = plt.subplots(figsize=(7, 3.9))
ax.add_patch(plt.matplotlib.patches.FancyBboxPatch(
    (0.6, 0.45), 7.2, 3.6, boxstyle="round,pad=0.1", facecolor="#f4f4f4", edgecolor="#bbbbbb"
))  # fmt: skip


def line(points, colour=WIRE, arrow=True):
    """Draw a wire through the points; the last piece is an arrow."""
    x, y = zip(*(points if not arrow else points[:-1]), strict=True)
    ax.plot(x, y, color=colour, linewidth=1.3, zorder=1)
    if arrow:
        ax.annotate("", points[-1], points[-2], zorder=1, arrowprops={
            "arrowstyle": "-|>", "color": colour, "linewidth": 1.3, "shrinkA": 0, "shrinkB": 0,
        })  # fmt: skip


def gate(x, name, function, words):
    ax.text(
        x, 1.5, function, ha="center", va="center", fontsize=10, color=GATE, zorder=3,
        bbox={"boxstyle": "square,pad=0.4", "facecolor": "white", "edgecolor": GATE},
    )  # fmt: skip
    ax.text(x + 0.13, 1.98, name, ha="left", va="center", fontsize=11, color=GATE, style="italic")
    ax.text(x, 0.62, words, ha="center", va="center", fontsize=8.5, color=GATE)
    line([(x, 0.9), (x, 1.2)])


def operation(x, y, sign):
    ax.text(
        x, y, sign, ha="center", va="center", fontsize=12, zorder=3,
        bbox={"boxstyle": "circle,pad=0.15", "facecolor": "white", "edgecolor": WIRE},
    )  # fmt: skip


line([(0, 3.5), (1.6, 3.5), (8.6, 3.5)], MEMORY)
ax.text(-0.1, 3.5, "memory\n$c_{t-1}$", ha="right", va="center", color=MEMORY)
ax.text(8.7, 3.5, "$c_t$", ha="left", va="center", color=MEMORY)
for x, name, function, words in (
    (1.6, "f", "σ", "forget?"),
    (3.1, "i", "σ", "write?"),
    (4.5, "g", "tanh", "write what?"),
    (6.0, "o", "σ", "show?"),
):
    gate(x, name, function, words)
line([(0, 0.9), (3, 0.9), (6.0, 0.9)], arrow=False)
ax.text(-0.1, 1.05, "shown before\n$h_{t-1}$", ha="right", va="center")
ax.text(0.25, -0.35, "word vector $x_t$", ha="center", va="center")
line([(0.25, -0.1), (0.25, 0.9)], arrow=False)
line([(1.6, 1.8), (1.6, 3.3)])
line([(3.1, 1.8), (3.1, 2.55), (3.65, 2.55)])
line([(4.5, 1.8), (4.5, 2.55), (3.95, 2.55)])
line([(3.8, 2.7), (3.8, 3.3)])
line([(6.0, 1.8), (6.0, 2.3), (6.85, 2.3)])
line([(7.0, 3.5), (7.0, 3.1)], MEMORY, arrow=False)
ax.text(7.0, 2.95, "tanh", ha="center", va="center", fontsize=9, zorder=3,
        bbox={"boxstyle": "round,pad=0.2", "facecolor": "white", "edgecolor": WIRE})  # fmt: skip
line([(7.0, 2.78), (7.0, 2.48)])
line([(7.0, 2.15), (7.0, 0.9), (8.6, 0.9)])
ax.text(8.7, 0.9, "$h_t$", ha="left", va="center")
for x, y, sign in ((1.6, 3.5, "×"), (3.8, 2.55, "×"), (3.8, 3.5, "+"), (7.0, 2.3, "×")):
    operation(x, y, sign)
ax.set(xlim=(-1.6, 9.2), ylim=(-0.6, 4.3))
ax.axis("off")
fig.savefig(BOOK / "images" / "11_cell.svg", transparent=True, metadata={"Date": None})
