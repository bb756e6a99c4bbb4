"""Draw from the cells: Barnes and Hut's tree, starts, UMAP's settings, sizes, and silhouettes."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import umap
from scipy.spatial.distance import pdist
from sklearn.cluster import KMeans
from sklearn.datasets import make_moons
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE
from sklearn.metrics import silhouette_score

from deeptwins.paths import BOOK, SHARED

THETA = 0.5
cells = pd.read_csv(SHARED / "pbmc" / "cells.csv")
train = cells[cells["partition"] == "train"]
kind = train["group"].astype("category").cat.codes.to_numpy()
scores = PCA(10, random_state=1).fit_transform(train.iloc[:, 4:])


def draw(ax, found, title, colour=kind):
    ax.scatter(*found.T, c=colour, s=3, cmap="Set1" if colour is kind else None, rasterized=True)
    ax.set_title(title, fontsize=9)
    ax.set(xticks=[], yticks=[])
    ax.grid(False)


def save(fig, name):
    fig.savefig(
        BOOK / "images" / f"15_{name}.svg", transparent=True, metadata={"Date": None}, dpi=110
    )
    plt.close(fig)


def tsne(x, **settings):
    return TSNE(max_iter=500, **({"init": "pca", "random_state": 1} | settings)).fit_transform(x)


# ---- the tree ----
found = tsne(scores)
low, side = found.min(axis=0), np.ptp(found, axis=0).max() * 1.001
me = found[np.argmin(found[:, 0] + found[:, 1])]


def split(rows, corner, width, cells_):
    """Divide a square until it holds one point; note all squares."""
    if len(rows):
        cells_.append((corner, width, len(rows)))
    if len(rows) > 1:
        for right in (0, 1):
            for up in (0, 1):
                at = corner + np.array([right, up]) * width / 2
                inside = ((rows >= at) & (rows < at + width / 2)).all(axis=1)
                split(rows[inside], at, width / 2, cells_)


def used(rows, corner, width, cells_):
    """Note the squares that stand for their points, seen from `me`."""
    if not len(rows):
        return
    far = np.linalg.norm(rows.mean(axis=0) - me)
    if len(rows) == 1 or width < THETA * far:
        cells_.append((corner, width, len(rows)))
        return
    for right in (0, 1):
        for up in (0, 1):
            at = corner + np.array([right, up]) * width / 2
            inside = ((rows >= at) & (rows < at + width / 2)).all(axis=1)
            used(rows[inside], at, width / 2, cells_)


fig, axes = plt.subplots(1, 2, figsize=(7.4, 3.8), layout="constrained")
for ax, grow, title in zip(axes, (split, used), ("the tree", "what one point sees"), strict=True):
    squares = []
    grow(found, low, side, squares)
    draw(ax, found, f"{title}: {len(squares)} squares")
    for corner, width, _ in squares:
        ax.add_patch(
            plt.Rectangle(corner, width, width, fill=False, linewidth=0.4, color="#444444")
        )
    ax.plot(*me, "*", color="black", markersize=9)
    ax.set_aspect("equal")
    print(title, len(squares), "squares for", len(found), "points")
save(fig, "tree")

# ---- starts ----
means = pd.DataFrame(scores).groupby(kind).mean()
fig, axes = plt.subplots(2, 3, figsize=(7.4, 4.4), layout="constrained")
for row, start in zip(axes, ("pca", "random"), strict=True):
    for ax, seed in zip(row, (1, 2, 3), strict=True):
        found = tsne(scores, init=start, random_state=seed)
        far = np.corrcoef(pdist(means), pdist(pd.DataFrame(found).groupby(kind).mean()))[0, 1]
        draw(ax, found, f"{start}, seed {seed}: arrangement {far:.2f}")
        print(start, seed, round(far, 2))
save(fig, "starts")

# ---- umap ----
fig, axes = plt.subplots(2, 3, figsize=(7.4, 4.4), layout="constrained")
for row, spread in zip(axes, (0.01, 0.5), strict=True):
    for ax, n in zip(row, (5, 15, 50), strict=True):
        found = umap.UMAP(n_neighbors=n, min_dist=spread, random_state=1, n_jobs=1)
        draw(ax, found.fit_transform(scores), f"n_neighbors {n}, min_dist {spread}")
save(fig, "umap")

# ---- sizes and round groups ----
rng = np.random.default_rng(1)
x = np.concatenate([rng.normal(at, wide, (50, 5)) * 1.0 for at, wide in ((0, 1), (4, 1), (22, 6))])
group = np.repeat([0, 1, 2], 50)
fig, axes = plt.subplots(1, 4, figsize=(7.4, 2.2), layout="constrained")
for ax, name, found in (
    (axes[0], "PCA", PCA(2).fit_transform(x)), (axes[1], "t-SNE", tsne(x)),
):  # fmt: skip
    wide = [np.sqrt(found[group == one].var(axis=0).sum()) for one in (0, 2)]
    draw(ax, found, f"{name}: {wide[1] / wide[0]:.1f} times as wide", group)
    print(name, "wide", round(wide[1] / wide[0], 1))
moons, half = make_moons(300, noise=0.05, random_state=1)
split_ = KMeans(2, n_init=10, random_state=1).fit_predict(moons)
for ax, name, group in ((axes[2], "true", half), (axes[3], "k-means", split_)):
    value = silhouette_score(moons, group)
    draw(ax, moons, f"{name}: silhouette {value:.2f}", group)
    print(name, "silhouette", round(value, 2))
save(fig, "round")
