"""Draw the idea of chapter 1: four numbers go in, three probabilities come out."""

import matplotlib.pyplot as plt

from deeptwins.paths import BOOK

LAYERS = [
    (0, ["sepal length", "sepal width", "petal length", "petal width"], "input\n4 numbers\n"),
    (1, [""] * 10, "Dense(10, relu)\n4 × 10 weights\n10 biases"),
    (2, ["setosa", "versicolor", "virginica"], "Dense(3, softmax)\n10 × 3 weights\n3 biases"),
]
COLOURS = ["#56B4E9", "#E69F00", "#009E73"]
fig, ax = plt.subplots(figsize=(7, 3.8))


def heights(count):
    return [(count - 1) / 2 - index for index in range(count)]


for (x, names, _), (next_x, next_names, _) in zip(LAYERS, LAYERS[1:], strict=False):
    for y in heights(len(names)):
        for next_y in heights(len(next_names)):
            ax.plot([x, next_x], [y, next_y], color="#bbbbbb", linewidth=0.5, zorder=1)
for (x, names, words), colour in zip(LAYERS, COLOURS, strict=True):
    for name, y in zip(names, heights(len(names)), strict=True):
        ax.scatter(x, y, s=150, color=colour, edgecolor="white", zorder=2)
        side = -0.08 if x == 0 else 0.08
        ax.text(x + side, y, name, ha="right" if x == 0 else "left", va="center", fontsize=9)
    ax.text(x, -6.1, words, ha="center", va="center", fontsize=9)
ax.set_xlim(-0.6, 2.6)
ax.set_ylim(-7, 5)
ax.axis("off")
fig.savefig(BOOK / "images" / "01_idea.svg", transparent=True, metadata={"Date": None})
