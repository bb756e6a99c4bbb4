"""Draw the idea of chapter 5: values run forward through the gates, gradients run back."""

import matplotlib.pyplot as plt

from deeptwins.paths import BOOK

X, Y, Z = -2, 5, -4
Q = X + Y
FORWARD, BACKWARD = "#0072B2", "#D55E00"
fig, ax = plt.subplots(figsize=(7, 3))


def wire(start, end, name, value, gradient):
    """Draw a wire with its value above and its gradient below."""
    ax.annotate(
        "", end, start, arrowprops={"arrowstyle": "-|>", "color": "#777777", "linewidth": 1.2}
    )
    x, y = (start[0] + end[0]) / 2, (start[1] + end[1]) / 2
    around = {"ha": "center", "fontsize": 11}
    box = {"facecolor": "white", "edgecolor": "none", "pad": 1}
    ax.text(x, y + 0.12, f"{name} = {value}", color=FORWARD, va="bottom", bbox=box, **around)
    ax.text(x, y - 0.12, f"{gradient}", color=BACKWARD, va="top", bbox=box, **around)


def gate(x, y, sign):
    """Draw a gate with its operation."""
    ax.text(
        x, y, sign, ha="center", va="center", fontsize=18, zorder=3,
        bbox={"boxstyle": "circle,pad=0.35", "facecolor": "#eeeeee", "edgecolor": "#777777"},
    )  # fmt: skip


wire((0, 2.2), (1.75, 1.65), "x", X, Z)
wire((0, 0.8), (1.75, 1.35), "y", Y, Z)
wire((2.3, 1.5), (4.2, 0.85), "q", Q, Z)
wire((0, -0.3), (4.2, 0.45), "z", Z, Q)
wire((4.75, 0.65), (6.6, 0.65), "f", Q * Z, 1)
gate(2, 1.5, "+")
gate(4.45, 0.65, "×")
ax.text(4.2, 2.25, "forward: values", color=FORWARD, fontsize=11)
ax.text(4.2, 1.9, "backward: df / d(this wire)", color=BACKWARD, fontsize=11)
ax.set_xlim(-0.2, 6.7)
ax.set_ylim(-0.8, 2.7)
ax.axis("off")
fig.savefig(BOOK / "images" / "05_idea.svg", transparent=True, metadata={"Date": None})
