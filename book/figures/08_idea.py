"""Draw the idea of chapter 8: a plain convolution, and the same work in two cheaper steps."""

import matplotlib.pyplot as plt

from deeptwins.paths import BOOK

WINDOW, CHANNELS, FILTERS = 3, 3, 5  # what is drawn
REAL = 128  # channels in and out of MobileNet's blocks 7 to 11, a quarter wide
IN = ["#0072B2", "#D55E00", "#009E73"]
OUT, WEIGHT = "#BBBBBB", "#E69F00"
fig, ax = plt.subplots(figsize=(7.4, 4.6))


def maps(left, bottom, colours, size=1.3):
    """Draw feature maps one behind the other, the first in front."""
    for place, colour in reversed(list(enumerate(colours))):
        ax.add_patch(plt.Rectangle(
            (left + 0.22 * place, bottom + 0.22 * place), size, size,
            facecolor=colour, edgecolor="white", linewidth=1,
        ))  # fmt: skip


def window(left, bottom, side, colour):
    """Draw a filter's window of weights, `side` by `side`, in the colour of its map."""
    for row in range(side):
        for column in range(side):
            ax.add_patch(plt.Rectangle(
                (left + 0.22 * column, bottom + 0.22 * row), 0.22, 0.22,
                facecolor=colour, edgecolor="white", linewidth=0.6,
            ))  # fmt: skip


def arrow(left, y, words):
    ax.annotate("", (left + 0.9, y), (left, y), arrowprops={"arrowstyle": "->", "color": WEIGHT})
    ax.text(left + 0.45, y - 0.2, words, ha="center", va="top", fontsize=8)


def plain(bottom):
    maps(0, bottom, IN)
    for number in range(FILTERS):
        for channel, colour in enumerate(IN):
            window(3.1 + 0.75 * channel, bottom - 0.5 + 0.75 * number, WINDOW, colour)
    arrow(2, bottom + 0.9, "")
    arrow(5.5, bottom + 0.9, "")
    maps(6.7, bottom, [OUT] * FILTERS)


def separable(bottom):
    maps(0, bottom, IN)
    arrow(2, bottom + 0.9, "")
    for channel, colour in enumerate(IN):
        window(3.1, bottom + 0.1 + 0.75 * channel, WINDOW, colour)
    arrow(4, bottom + 0.9, "")
    maps(5.2, bottom, IN)
    arrow(7.2, bottom + 0.9, "")
    for number in range(FILTERS):
        for channel, colour in enumerate(IN):
            window(8.35 + 0.24 * channel, bottom + 0.05 + 0.45 * number, 1, colour)
    arrow(9.3, bottom + 0.9, "")
    maps(10.5, bottom, [OUT] * FILTERS)


def product(*factors):
    return " · ".join(map(str, factors))


def counts(channels, filters):
    """Return the weights of a plain, a depthwise and a pointwise convolution."""
    window_size = WINDOW * WINDOW
    return window_size * channels * filters, window_size * channels, channels * filters


one, depthwise, pointwise = counts(CHANNELS, FILTERS)
plain(5.1)
ax.text(0, 8.9, "Plain: each filter has a window for every map, and there are five filters",
        fontsize=9, weight="bold")  # fmt: skip
ax.text(9.6, 6, f"{product(WINDOW, WINDOW, CHANNELS, FILTERS)}\n= {one} weights", fontsize=9,
        va="center")  # fmt: skip
separable(0.4)
ax.text(0, 3.3, "Separable: one window for each map, then sums across the maps", fontsize=9,
        weight="bold")  # fmt: skip
ax.text(3.4, -0.1, f"depthwise\n{product(WINDOW, WINDOW, CHANNELS)} = {depthwise}", fontsize=8.5,
        ha="center", va="top")  # fmt: skip
ax.text(8.7, -0.1, f"pointwise, 1 × 1\n{product(CHANNELS, FILTERS)} = {pointwise}", fontsize=8.5,
        ha="center", va="top")  # fmt: skip
real = counts(REAL, REAL)
ax.text(0, -1.9, f"together {depthwise + pointwise} weights in place of {one}; "
        f"with {REAL} maps in and {REAL} out, {real[1] + real[2]:,} in place of {real[0]:,}",
        fontsize=9)  # fmt: skip
ax.set(xlim=(-0.2, 13), ylim=(-2.2, 9.4), aspect="equal")
ax.axis("off")
fig.savefig(BOOK / "images" / "08_idea.svg", transparent=True, metadata={"Date": None})
