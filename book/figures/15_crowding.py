"""Draw why maps are crowded, and why Student's t helps: distances in a ball, and two curves."""

import matplotlib.pyplot as plt
import numpy as np

from deeptwins.paths import BOOK

BLUE, ORANGE = "#0072B2", "#D55E00"
rng = np.random.default_rng(1)
fig, (left, right) = plt.subplots(1, 2, figsize=(7.4, 3), layout="constrained")
for dimensions, colour in ((2, ORANGE), (10, BLUE)):
    points = rng.normal(size=(40_000, dimensions))
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    radius = rng.uniform(size=len(points)) ** (1 / dimensions)
    share = np.full(len(radius), 1 / len(radius))
    left.hist(radius, 20, range=(0, 1), weights=share, histtype="step", color=colour, linewidth=1.8)
    inner = 0.5**dimensions
    print(f"{dimensions} dimensions: {inner:.4f} of a ball lie within half of its radius")
left.text(0.05, 0.08, "2 dimensions", color=ORANGE)
left.text(0.5, 0.26, "10 dimensions", color=BLUE)
left.set(title="points of a ball", xlabel="distance from the middle, in steps of 0.05")
left.set(ylabel="share of points in a step")
distance = np.linspace(0, 5, 200)
gauss, student = np.exp(-(distance**2)), 1 / (1 + distance**2)
right.plot(distance, gauss, color=BLUE)
right.plot(distance, student, color=ORANGE)
level = 0.05
ends = np.sqrt(-np.log(level)), np.sqrt(1 / level - 1)
right.annotate("", (ends[1], level), (ends[0], level), arrowprops={"arrowstyle": "->"})
right.text(3.5, level + 0.07, "pushed out", ha="center")
right.text(0.1, 0.2, "Gauss", color=BLUE)
right.text(1.5, 0.4, "Student's t", color=ORANGE)
print(f"closeness {level}: at {ends[0]:.2f} by Gauss, at {ends[1]:.2f} by Student's t")
right.set(title="a pair on the map", xlabel="distance", ylabel="closeness", ylim=(0, 1.05))
for ax in (left, right):
    ax.grid(False)
fig.savefig(BOOK / "images" / "15_crowding.svg", transparent=True, metadata={"Date": None})
