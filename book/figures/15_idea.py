"""Draw the idea of chapter 15: two points on a rolled sheet, and two ways to lay it flat."""

import matplotlib.pyplot as plt
import numpy as np

from deeptwins.paths import BOOK

PAPER, A, B = "#0072B2", "#D55E00", "#009E73"
angle = np.linspace(1.5 * np.pi, 4.5 * np.pi, 400)
first, second = 2.35 * np.pi, 4.35 * np.pi  # one whole turn apart
length = np.concatenate([[0], np.cumsum(np.hypot(*np.diff(
    [angle * np.cos(angle), angle * np.sin(angle)])))])  # fmt: skip


def place(turn):
    """Return the point of the spiral at an angle."""
    return turn * np.cos(turn), turn * np.sin(turn)


fig, (roll, maps) = plt.subplots(1, 2, figsize=(7, 3.4), width_ratios=[1, 1.25])
roll.plot(*place(angle), color=PAPER, linewidth=2.5)
way = angle[(angle >= first) & (angle <= second)]
roll.plot(*place(way), color="#E69F00", linewidth=6, alpha=0.5, zorder=0)
roll.plot(*zip(place(first), place(second), strict=True), "--", color="#555555", linewidth=1.2)
for name, turn, colour, off in (("A", first, A, (-16, -12)), ("B", second, B, (6, 6))):
    roll.scatter(*place(turn), s=70, color=colour, zorder=3)
    roll.annotate(name, place(turn), off, textcoords="offset points", fontsize=12)
roll.set_aspect("equal")
roll.set_title("a rolled sheet, from its end", fontsize=10)
roll.axis("off")

along = np.interp([first, second], angle, length) / length[-1]
across = np.array([place(first)[0], place(second)[0]])
across = (across + 14) / 28
for y, title, where in (
    (1.35, "its shadow: A and B are close", across),
    (0.35, "unrolled: A and B are far apart", along),
):
    maps.plot([0, 1], [y, y], color=PAPER, linewidth=2.5)
    for name, x, colour in zip("AB", where, (A, B), strict=True):
        maps.scatter(x, y, s=70, color=colour, zorder=3)
        maps.text(x, y - 0.12, name, ha="center", va="top", fontsize=12)
    maps.text(0, y + 0.15, title, fontsize=10)
maps.plot(along, [0.35, 0.35], color="#E69F00", linewidth=6, alpha=0.5, zorder=0)
maps.set_xlim(-0.05, 1.05)
maps.set_ylim(-0.1, 1.8)
maps.axis("off")
fig.savefig(BOOK / "images" / "15_idea.svg", transparent=True, metadata={"Date": None})
