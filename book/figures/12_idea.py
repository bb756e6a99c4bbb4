"""Draw the idea of chapter 12: what each layer makes of a peptide, with shapes to scale."""

import matplotlib.pyplot as plt

from deeptwins.paths import BOOK

PEPTIDE = "GIGKFLHSAKKF"  # the first letters of magainin 2
STAGES = [  # name, what it does, places, numbers at each place
    ("Embedding", "a vector for\neach letter", 50, 32),
    ("Conv1D", "how 8 neighbours\nfit 32 motifs", 50, 32),
    ("MaxPooling1D", "the best fit of\neach stretch of 5", 10, 32),
    ("LSTM", "reads from first\nto last", 1, 32),
    ("Dense", "AMP\nor not?", 1, 1),
]
COLOURS = ["#56B4E9", "#E69F00", "#F0E442", "#009E73", "#CC79A7"]
TALL, WIDE = 4.0 / 50, 1.5 / 32
fig, ax = plt.subplots(figsize=(7.4, 4))
for place, letter in enumerate(PEPTIDE):
    ax.text(0, 3.8 - 0.31 * place, letter, ha="center", va="center", fontsize=8,
            family="monospace")  # fmt: skip
ax.text(0, -0.05, "⋮", ha="center", va="center")
ax.text(0, 4.35, "peptide", ha="center", va="bottom", fontsize=9)
ax.text(0, -0.35, "50 letters", ha="center", va="top", fontsize=8.5)
middle = 1.5
last = 0.2
for (name, words, places, numbers), colour in zip(STAGES, COLOURS, strict=True):
    high, wide = max(places * TALL, 0.12), max(numbers * WIDE, 0.16)
    ax.add_patch(plt.Rectangle(
        (middle - wide / 2, 2 - high / 2), wide, high, facecolor=colour, edgecolor="#555555",
        linewidth=0.8,
    ))  # fmt: skip
    if name == "MaxPooling1D":
        for place in range(1, places):
            y = 2 - high / 2 + place * high / places
            ax.plot([middle - wide / 2, middle + wide / 2], [y, y], color="#888888", linewidth=0.5)
    ax.annotate("", (middle - wide / 2 - 0.05, 2), (last, 2),
                arrowprops={"arrowstyle": "-|>", "color": "#777777"})  # fmt: skip
    ax.text(middle, 4.35, name, ha="center", va="bottom", fontsize=9, weight="bold")
    shape = f"{places} × {numbers}" if places > 1 else str(numbers)
    ax.text(middle, -0.35, f"{shape}\n{words}", ha="center", va="top", fontsize=8.5)
    last = middle + wide / 2 + 0.05
    middle += 2.4
ax.set(xlim=(-0.5, 11.7), ylim=(-1.6, 4.7))
ax.axis("off")
fig.savefig(BOOK / "images" / "12_idea.svg", transparent=True, metadata={"Date": None})
