"""Draw the idea of chapter 13: the word "cell" asks, four words answer."""

import matplotlib.pyplot as plt
import numpy as np

from deeptwins.paths import BOOK

WORDS = ["the", "small", "cell", "divides"]
KEYS = [(0, 0), (0, 2), (2, 0), (0, 0)]
VALUES = [(0, 0), (0, 1), (1, 0), (0, 0)]
QUERY = (0, 2)
ASKS, HOLDS, GIVES, PLAIN = "#E69F00", "#56B4E9", "#009E73", "#f0f0f0"
scores = np.array(KEYS) @ QUERY
scaled = scores / np.sqrt(2)
weights = np.exp(scaled) / np.exp(scaled).sum()
output = weights @ np.array(VALUES)
fig, ax = plt.subplots(figsize=(7.4, 3.9))


def cell(x, y, text, width=1.0, colour=PLAIN):
    ax.add_patch(plt.Rectangle((x, y), width, 0.8, facecolor=colour, edgecolor="white"))
    ax.text(x + width / 2, y + 0.4, text, ha="center", va="center", fontsize=10)


def pair(x, y, numbers, colour, digits=0):
    for place, number in enumerate(numbers):
        cell(x + 1.1 * place, y, f"{number:.{digits}f}", 1.1, colour)


def say(x, y, text, **more):
    ax.text(x, y, text, **({"ha": "center", "va": "center", "fontsize": 9} | more))


say(3.6, 5.6, "query of “cell”", ha="right")
pair(3.9, 5.2, QUERY, ASKS)
say(7.4, 5.6, "asks each key: do we fit?", ha="left", style="italic")
heads = {5.0: "key", 7.95: "query · key", 10.55: "÷ √2", 13.6: "softmax: weight", 18.0: "value"}
for x, text in heads.items():
    say(x, 4.55, text)
for place, word in enumerate(WORDS):
    y = 3.3 - place
    say(3.6, y + 0.4, word, ha="right", fontsize=10, weight="bold" if word == "cell" else "normal")
    pair(3.9, y, KEYS[place], HOLDS)
    cell(7.4, y, f"{scores[place]}", 1.1)
    cell(9.9, y, f"{scaled[place]:.2f}", 1.3)
    ax.add_patch(plt.Rectangle((12.1, y), 3.4 * weights[place], 0.8, facecolor=ASKS))
    say(12.3 + 3.4 * weights[place], y + 0.4, f"{weights[place]:.2f}", ha="left", fontsize=10)
    pair(16.9, y, VALUES[place], GIVES)
    ax.annotate(
        "", (7.3, y + 0.4), (6.2, y + 0.4), arrowprops={"arrowstyle": "-|>", "color": "#555555"}
    )
say(16.6, -0.85, "sum of weight × value: the output for “cell”", ha="right")
pair(16.9, -1.25, output, GIVES, 2)
ax.plot([16.9, 19.1], [0.1, 0.1], color="#555555", linewidth=1)
ax.set(xlim=(1.2, 19.4), ylim=(-1.5, 6.2))
ax.axis("off")
fig.savefig(BOOK / "images" / "13_idea.svg", transparent=True, metadata={"Date": None})
