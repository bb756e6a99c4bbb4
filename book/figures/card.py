"""Draw the card that stands for the book where somebody links to it: the twin networks."""

import itertools
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from PIL import Image

LAYERS = [3, 5, 2]
TWINS = [(0.07, "#e0b93c"), (0.93, "#6aa9e9")]  # where each starts, and its colour
WORDS = [
    (0.31, 70, "#ffffff", "Deep twins"),
    (0.18, 27, "#d8dee6", "An introduction to deep learning for biologists"),
    (0.105, 27, "#d8dee6", "in Python and in R"),
]
fig = plt.figure(figsize=(12, 6.3), dpi=100, facecolor="#15191e")
ax = fig.add_axes((0, 0, 1, 1))


def column(start, depth, count):
    """Return the places of one layer's units; the twins grow towards each other."""
    x = start + (0.16 if start < 0.5 else -0.16) * depth
    return [(x, 0.66 + 0.1 * ((count - 1) / 2 - unit)) for unit in range(count)]


for start, colour in TWINS:
    layers = [column(start, depth, count) for depth, count in enumerate(LAYERS)]
    for layer, following in zip(layers, layers[1:], strict=False):
        for x, y in layer:
            for next_x, next_y in following:
                ax.plot([x, next_x], [y, next_y], color="#57606a", linewidth=1.2, zorder=1)
    ax.scatter(*zip(*itertools.chain(*layers), strict=True), s=420, color=colour, zorder=2)
ax.text(0.5, 0.66, "=", ha="center", va="center", color="#ffffff", fontsize=60)
for y, size, colour, words in WORDS:
    ax.text(0.5, y, words, ha="center", va="center", color=colour, fontsize=size)
ax.set_xlim(0, 1)
ax.set_ylim(0, 1)
ax.axis("off")
# Exactly 1200 x 630 pixels, the size that such cards have everywhere.
fig.canvas.draw()
drawn = Image.fromarray(np.asarray(fig.canvas.buffer_rgba())).convert("RGB").quantize(256)
drawn.save(Path(__file__).parents[1] / "assets" / "card.png", optimize=True)
