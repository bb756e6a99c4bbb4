"""Draw the idea of chapter 7: a filter slides over an image, and pooling keeps the largest."""

import matplotlib.pyplot as plt
import numpy as np

from deeptwins.paths import BOOK

IMAGE = np.array([
    [0, 0, 0, 3, 3, 3],
    [0, 0, 0, 3, 3, 3],
    [0, 0, 3, 3, 3, 0],
    [0, 0, 3, 3, 3, 0],
    [0, 3, 3, 3, 0, 0],
    [0, 3, 3, 3, 0, 0],
])  # fmt: skip
FILTER = np.array([[-1, 0, 1]] * 3)
AT = (0, 1)  # the window that is drawn
MARK, POOL = "#D55E00", "#0072B2"

windows = np.lib.stride_tricks.sliding_window_view(IMAGE, FILTER.shape)
sums = (windows * FILTER).sum(axis=(2, 3))
feature_map = np.maximum(sums, 0)
pooled = feature_map.reshape(2, 2, 2, 2).max(axis=(1, 3))
fig, ax = plt.subplots(figsize=(7.4, 3.7))


def grid(numbers, left, title, top=0.0):
    """Draw a table of numbers, light for small ones, its top at `top`."""
    columns = numbers.shape[1]
    scale = max(numbers.max(), 1)
    for (row, column), number in np.ndenumerate(numbers):
        shade = 1 - 0.45 * max(number, 0) / scale
        ax.add_patch(plt.Rectangle(
            (left + column, -top - row - 1), 1, 1,
            facecolor=(shade, shade, shade), edgecolor="white", linewidth=1,
        ))  # fmt: skip
        ax.text(left + column + 0.5, -top - row - 0.5, str(number).replace("-", "−"),
                ha="center", va="center", fontsize=9)  # fmt: skip
    ax.text(left + columns / 2, -top + 0.35, title, ha="center", va="bottom", fontsize=9)


def frame(left, top, width, height, colour):
    ax.add_patch(plt.Rectangle(
        (left, -top - height), width, height, fill=False, edgecolor=colour, linewidth=2.2, zorder=3
    ))  # fmt: skip


grid(IMAGE, 0, "image, 6 × 6")
grid(FILTER, 7.2, "filter, 3 × 3", 1.5)
grid(feature_map, 11.4, "feature map, 4 × 4\nafter ReLU", 1)
grid(pooled, 16.9, "after pooling, 2 × 2", 2)
frame(AT[1], AT[0], 3, 3, MARK)
frame(7.2, 1.5, 3, 3, MARK)
frame(11.4 + AT[1], 1 + AT[0], 1, 1, MARK)
frame(13.4, 1, 2, 2, POOL)
frame(17.9, 2, 1, 1, POOL)
for x, sign in ((6.6, "×"), (10.8, "="), (16.15, "→")):
    ax.text(x, -3, sign, ha="center", va="center", fontsize=13)
window = windows[AT]
terms = " + ".join(
    f"{value}·{weight}".replace("·-1", "·(−1)")
    for value, weight in zip(window.flat, FILTER.flat, strict=True)
    if weight
)
ax.text(0, -7.1, f"{terms} = {sums[AT]}", color=MARK, fontsize=9, va="center")
corner = feature_map[:2, 2:]
ax.text(0, -8, f"largest of {', '.join(map(str, corner.flat))}: {corner.max()}", color=POOL,
        fontsize=9, va="center")  # fmt: skip
ax.set(xlim=(-0.2, 19.4), ylim=(-8.4, 1.6), aspect="equal")
ax.axis("off")
fig.savefig(BOOK / "images" / "07_idea.svg", transparent=True, metadata={"Date": None})
