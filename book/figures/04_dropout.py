"""Draw dropout: for each example other units are silent, in prediction none."""

import matplotlib.pyplot as plt

from deeptwins.paths import BOOK

LAYERS = [3, 6, 1]
PANELS = [
    ("training: one example", {1, 2, 5}),
    ("training: another example", {0, 2, 4}),
    ("prediction", set()),
]
ON, OFF = "#0072B2", "#cccccc"
fig, axes = plt.subplots(1, 3, figsize=(7, 2.6))


def heights(count):
    return [(count - 1) / 2 - index for index in range(count)]


for ax, (title, silent) in zip(axes, PANELS, strict=True):
    for unit, y in enumerate(heights(LAYERS[1])):
        colour = OFF if unit in silent else ON
        if unit not in silent:
            for layer, x in ((0, 0), (2, 2)):
                for end in heights(LAYERS[layer]):
                    ax.plot([x, 1], [end, y], color="#bbbbbb", linewidth=0.7, zorder=1)
        ax.scatter(1, y, s=130, color="white" if unit in silent else colour, edgecolor=colour,
                   zorder=2)  # fmt: skip
        if unit in silent:
            ax.text(1, y, "×", ha="center", va="center", color="#888888", zorder=3)
    for layer, x in ((0, 0), (2, 2)):
        for y in heights(LAYERS[layer]):
            ax.scatter(x, y, s=130, color=ON, edgecolor="white", zorder=2)
    ax.set_title(title, loc="center", fontsize=10)
    ax.set(xlim=(-0.3, 2.3), ylim=(-3.1, 3.1))
    ax.axis("off")
fig.savefig(BOOK / "images" / "04_dropout.svg", transparent=True, metadata={"Date": None})
