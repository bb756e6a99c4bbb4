"""Draw a gene with an intron, and the two windows of 60 bases around its ends."""

import matplotlib.pyplot as plt

from deeptwins.paths import BOOK

EXON, INTRON, MARK = "#56B4E9", "#444444", "#D55E00"
fig, ax = plt.subplots(figsize=(7, 2.7))
for start, name in ((0, "exon"), (10, "exon")):
    ax.add_patch(plt.Rectangle((start, 0), 4, 0.8, facecolor=EXON))
    ax.text(1.15 if start == 0 else 12.85, 0.4, name, ha="center", va="center")
ax.plot([4, 10], [0.4, 0.4], color=INTRON, linewidth=2)
ax.text(7, 0.55, "intron", ha="center", va="bottom")
for letters, x, side in (("GT", 4.1, "left"), ("AG", 9.9, "right")):
    ax.text(x, 0.48, letters, ha=side, va="bottom", color=MARK, weight="bold")
for middle, name in ((4, "donor"), (10, "acceptor")):
    ax.add_patch(plt.Rectangle((middle - 1.7, -0.35), 3.4, 1.5, fill=False, edgecolor=MARK,
                               linewidth=1.5))  # fmt: skip
    ax.plot([middle, middle], [-0.35, 1.15], color=MARK, linewidth=1, linestyle=":")
    ax.text(middle, 1.25, name, ha="center", va="bottom", weight="bold")
    ax.text(middle, -0.45, "30 bases | 30 bases", ha="center", va="top", fontsize=9)
ax.annotate("", (7, -1.75), (7, -1.05), arrowprops={"arrowstyle": "-|>", "color": INTRON})
ax.text(7.25, -1.4, "splicing", ha="left", va="center")
for start in (3, 7):
    ax.add_patch(plt.Rectangle((start, -2.7), 4, 0.8, facecolor=EXON, edgecolor="white"))
    ax.text(start + 2, -2.3, "exon", ha="center", va="center")
ax.set(xlim=(-0.2, 14.2), ylim=(-2.8, 1.9))
ax.axis("off")
fig.savefig(BOOK / "images" / "10_splice.svg", transparent=True, metadata={"Date": None})
