"""Draw the idea of chapter 10: one sentence in four encodings."""

import matplotlib.pyplot as plt

from deeptwins.paths import BOOK

WORDS = ["(padding)", "the", "cat", "dog", "ran", "a"]
SENTENCE = ["", "a", "dog", "ran"]
NUMBERS = [WORDS.index(word) if word else 0 for word in SENTENCE]
VECTORS = [(0.0, 0.1), (0.3, -0.2), (-0.9, 0.4), (-0.8, 0.5), (0.6, 0.9), (0.2, -0.3)]
ON, OFF, MARK = "#56B4E9", "#f0f0f0", "#D55E00"
fig, ax = plt.subplots(figsize=(7.4, 3.8))


def cell(x, y, text, width=1.0, colour=OFF):
    ax.add_patch(plt.Rectangle((x, y), width, 1, facecolor=colour, edgecolor="white"))
    ax.text(x + width / 2, y + 0.5, text, ha="center", va="center", fontsize=9)


def title(x, text):
    ax.text(x, 6.6, text, ha="left", va="bottom", fontsize=9)


title(0, "numbers, padded")
title(5.1, "one-hot")
title(12.6, "embedding: the rows\nof a table")
title(18.6, "the table,\nlearned")
for place, (word, number) in enumerate(zip(SENTENCE, NUMBERS, strict=True)):
    y = 5 - place
    ax.text(1.9, y + 0.5, word or "–", ha="right", va="center", fontsize=9, style="italic")
    cell(2.3, y, number)
    for column in range(len(WORDS)):
        hit = column == number
        cell(5.1 + column, y, int(hit), colour=ON if hit else OFF)
    for column, value in enumerate(VECTORS[number]):
        cell(12.6 + 1.5 * column, y, f"{value:.1f}".replace("-", "−"), 1.5)
for column, word in enumerate(WORDS):
    hit = column in NUMBERS and column > 0
    if column > 0:
        cell(5.1 + column, -1.3, int(hit), colour=ON if hit else OFF)
    ax.text(5.6 + column, 1.85, word, ha="center", va="top", fontsize=8, rotation=60)
ax.text(5.9, -0.8, "multi-hot", ha="right", va="center", fontsize=9)
for number, vector in enumerate(VECTORS):
    y = 5 - number
    ax.text(18.4, y + 0.5, number, ha="right", va="center", fontsize=9, color="#555555")
    for column, value in enumerate(vector):
        cell(18.6 + 1.5 * column, y, f"{value:.1f}".replace("-", "−"), 1.5)
# One way through the drawing: the word number 3 is the row number 3.
dog = NUMBERS.index(3)
ax.add_patch(plt.Rectangle((2.3, 5 - dog), 1, 1, fill=False, edgecolor=MARK, linewidth=2))
ax.add_patch(plt.Rectangle((12.6, 5 - dog), 3, 1, fill=False, edgecolor=MARK, linewidth=2))
ax.add_patch(plt.Rectangle((18.6, 2), 3, 1, fill=False, edgecolor=MARK, linewidth=2))
ax.annotate("", (15.7, 5.5 - dog), (18.0, 2.5),
            arrowprops={"arrowstyle": "-|>", "color": MARK})  # fmt: skip
ax.set(xlim=(-0.2, 21.8), ylim=(-1.5, 7.8))
ax.axis("off")
fig.savefig(BOOK / "images" / "10_idea.svg", transparent=True, metadata={"Date": None})
