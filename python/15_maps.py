"""Maps: drawing many dimensions in two."""

import re

import keras
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import umap
from scipy.spatial.distance import cdist, pdist
from scipy.stats import entropy
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE, trustworthiness
from sklearn.metrics import silhouette_score
from sklearn.neighbors import KNeighborsClassifier

# ---- constants ----
CELLS = "shared_data/pbmc/cells.csv"
ROLLS = "shared_data/rolls/rolls.csv"
CLUSTERS = "shared_data/rolls/clusters.csv"
SEED = 1
COLOURS = {
    "B": "#0072B2", "CD34+": "#000000", "CD4 T": "#D55E00",
    "CD8 T": "#E69F00", "NK": "#CC79A7",
    "dendritic": "#56B4E9", "monocyte": "#009E73",
}
SIZES = {"small left": "#0072B2", "small right": "#E69F00",
         "wide": "#009E73"}
COMPONENTS = 20
NEIGHBOURS = 10
VOTERS = 5
PERPLEXITY = 30
LEARNING_RATE = 200
EXAGGERATION = 12
ITERATIONS = 500
UMAP_EPOCHS = 300
MIN_DIST = 0.1
UNITS = 64
ROUNDS = 20
STEP_SIZE = 0.004
BATCH_SIZE = 256
EPOCHS = 10

# ---- load ----
cells = pd.read_csv(CELLS)
genes = cells.columns.drop(
    ["cell", "partition", "type", "group"]
)
train = cells[cells["partition"] == "train"]
new = cells[cells["partition"] == "new"]
x_train = train[genes].to_numpy()
y_train = train["group"].to_numpy()
x_new = new[genes].to_numpy()
y_new = new["group"].to_numpy()

rolls = dict(list(pd.read_csv(ROLLS).groupby("roll")))
clusters = pd.read_csv(CLUSTERS)


def lay_flat(roll):
    """Lay the sheets on a table, far from each other."""
    away = 1000 * roll["sheet"]
    return np.column_stack([roll["along"] + away,
                            roll["across"]])


x = {
    "single": rolls["single"][["x", "y", "z"]].to_numpy(),
    "double": rolls["double"][["x", "y", "z"]].to_numpy(),
    "cells": x_train,
}
paper = {name: lay_flat(roll) for name, roll in rolls.items()}
print({name: one.shape for name, one in x.items()},
      "new cells:", len(x_new))
print(pd.crosstab(cells["group"], cells["partition"]))

# ---- pca ----
pca = PCA(COMPONENTS).fit(x_train)
scores = pca.transform(x_train)
scores_new = pca.transform(x_new)
maps = {"PCA": scores[:, :2]}
share = pca.explained_variance_ratio_
print(f"two components keep {share[:2].sum():.3f} of the "
      f"variance, {COMPONENTS} keep {share.sum():.3f}")

# ---- measures ----
def find_affinities(x, perplexity):
    """How near each point feels to each other, as in t-SNE."""
    squares = cdist(x, x, "sqeuclidean")
    np.fill_diagonal(squares, np.inf)
    squares -= squares.min(axis=1, keepdims=True)
    width = np.ones((len(x), 1))
    low, high = np.zeros_like(width), np.full_like(width, np.inf)
    for _ in range(60):
        near = np.exp(-width * squares)
        near /= near.sum(axis=1, keepdims=True)
        too_wide = (entropy(near, axis=1, keepdims=True)
                    > np.log(perplexity))
        low = np.where(too_wide, width, low)
        high = np.where(too_wide, high, width)
        width = np.where(np.isinf(high), 2 * width,
                         (low + high) / 2)
    return (near + near.T) / (2 * len(x))


def find_kl(affinity, found):
    """The divergence that t-SNE makes small."""
    near = 1 / (1 + cdist(found, found, "sqeuclidean"))
    np.fill_diagonal(near, 0)
    return entropy(affinity.ravel(), near.ravel())


def find_centres(x):
    return pd.DataFrame(x).groupby(y_train).mean()


def judge(found):
    """Are neighbours, types and their arrangement kept?"""
    return {
        "trustworthiness": trustworthiness(
            scores, found, n_neighbors=NEIGHBOURS),
        "silhouette": silhouette_score(found, y_train),
        "arrangement": np.corrcoef(
            pdist(find_centres(scores)),
            pdist(find_centres(found)))[0, 1],
    }


results = {}


def note(title, found):
    """Print results and keep them, named after their map."""
    key = re.sub("[ -]", "_", title.lower())
    print(f"{key:15}", *[f"{what} {value:.3f}"
                         for what, value in found.items()])
    results.update({f"{what}_{key}": value
                    for what, value in found.items()})


note("PCA", judge(maps["PCA"]))

# ---- tsne ----
def run_tsne(x, start, theta=0.5, perplexity=PERPLEXITY,
             number=SEED):
    return TSNE(
        method="barnes_hut" if theta else "exact", angle=theta,
        perplexity=perplexity, init=start, random_state=number,
        # its steps are 4 times those of other programs
        learning_rate=LEARNING_RATE / 4,
        early_exaggeration=EXAGGERATION, max_iter=ITERATIONS,
    ).fit_transform(x)


maps |= {
    "exact": run_tsne(scores, "pca", theta=0),
    "Barnes-Hut": run_tsne(scores, "pca"),
    "perplexity 10": run_tsne(scores, "pca", perplexity=10),
    "random start": run_tsne(scores, "random"),
    "another start": run_tsne(scores, "random",
                              number=SEED + 100),
}
near_30 = find_affinities(scores, PERPLEXITY)
near_10 = find_affinities(scores, 10)
for name in list(maps)[1:]:
    near = near_10 if name == "perplexity 10" else near_30
    note(name, {"kl": find_kl(near, maps[name])}
         | judge(maps[name]))

# ---- groups ----
def draw(ax, name, found, colour):
    """Draw a map, centred, as large as the panel allows."""
    found = found - found.mean(axis=0)
    ax.scatter(*(found / abs(found).max()).T, c=colour, s=3)
    ax.set(title=name, xticks=[], yticks=[], aspect="equal",
           xlim=(-1.05, 1.05), ylim=(-1.05, 1.05))


def add_legend(fig, colours):
    dots = [plt.Line2D([], [], marker="o", linestyle="",
                       color=one) for one in colours.values()]
    fig.legend(dots, colours, loc="outside right center")


colour = train["group"].map(COLOURS)
fig, axes = plt.subplots(2, 3, layout="constrained")
for ax, name in zip(axes.flat, maps):
    draw(ax, name, maps[name], colour)
add_legend(fig, COLOURS)
plt.show()

# ---- sizes ----
x_clusters = clusters.drop(columns="cluster").to_numpy()


def measure_sizes(found):
    """How many times as wide, and as far away, is the third?"""
    points = pd.DataFrame(found).groupby(clusters["cluster"])
    middle = points.mean()
    wide = np.sqrt(points.var().sum(axis=1))
    far = {name: np.linalg.norm(middle.loc[name]
                                - middle.loc["small left"])
           for name in ("small right", "wide")}
    return {"times_wide": wide["wide"] / wide["small left"],
            "times_far": far["wide"] / far["small right"]}


maps_clusters = {
    "PCA": PCA(2).fit_transform(x_clusters),
    "t-SNE": run_tsne(x_clusters, "pca"),
}
print("the third cluster, times as wide and as far away:")
note("data", measure_sizes(x_clusters))
note("tsne", measure_sizes(maps_clusters["t-SNE"]))
fig, axes = plt.subplots(1, 2, layout="constrained",
                         figsize=(6, 3))
for ax, (name, found) in zip(axes, maps_clusters.items()):
    draw(ax, name, found, clusters["cluster"].map(SIZES))
add_legend(fig, SIZES)
plt.show()

# ---- umap ----
def run_umap(x, start, number=SEED):
    return umap.UMAP(
        n_neighbors=NEIGHBOURS, min_dist=MIN_DIST, init=start,
        n_epochs=UMAP_EPOCHS, random_state=number, n_jobs=1,
    ).fit_transform(x)


maps_umap = {
    "spectral": run_umap(scores, "spectral"),
    "another seed": run_umap(scores, "spectral", SEED + 100),
    "random": run_umap(scores, "random"),
    "another random": run_umap(scores, "random", SEED + 100),
}
for name in ("spectral", "random"):
    note(f"umap {name}", judge(maps_umap[name]))
fig, axes = plt.subplots(1, 4, layout="constrained",
                         figsize=(6, 2))
for ax, (name, found) in zip(axes, maps_umap.items()):
    draw(ax, name, found, colour)
plt.show()

# ---- triplets ----
def choose_triplets(x):
    """An anchor, one of its neighbours, and a stranger."""
    order = cdist(x, x).argsort(axis=1, kind="stable")
    anchor, turn = np.divmod(np.arange(len(x) * ROUNDS), ROUNDS)
    near = 1 + turn % NEIGHBOURS
    strangers = len(x) - 1 - NEIGHBOURS
    far = 1 + NEIGHBOURS + (
        anchor * 7919 + turn * 104729) % strangers
    return np.column_stack([anchor, order[anchor, near],
                            order[anchor, far]])


triplets = {"single": choose_triplets(x["single"]),
            "double": choose_triplets(x["double"]),
            "cells": choose_triplets(scores)}
print({name: len(one) for name, one in triplets.items()})

# ---- model ----
def measure_distance(a, b):
    squares = keras.ops.square(keras.ops.subtract(a, b))
    total = keras.ops.sum(squares, axis=1, keepdims=True)
    return keras.ops.sqrt(keras.ops.add(total, 1e-6))


def build_siamese(inputs):
    keras.utils.set_random_seed(SEED)
    encoder = keras.Sequential([
        keras.Input(shape=(inputs,)),
        keras.layers.Dense(UNITS, activation="selu"),
        keras.layers.Dense(UNITS, activation="selu"),
        keras.layers.Dense(2),
    ])
    anchor = keras.Input(shape=(inputs,))
    near = keras.Input(shape=(inputs,))
    far = keras.Input(shape=(inputs,))
    here, close = encoder(anchor), encoder(near)
    gap = keras.ops.subtract(
        measure_distance(here, encoder(far)),
        measure_distance(here, close))
    model = keras.Model([anchor, near, far], gap,
                        name="siamese")
    # hinge: no loss once the stranger is 1 farther away
    model.compile(optimizer=keras.optimizers.Adam(STEP_SIZE),
                  loss="hinge")
    return encoder, model


# ---- fit ----
encoders, maps_siamese = {}, {}
for name, of in triplets.items():
    encoder, model = build_siamese(x[name].shape[1])
    history = model.fit(
        [x[name][one] for one in of.T], np.ones(len(of)),
        batch_size=BATCH_SIZE, epochs=EPOCHS, verbose=0,
    )
    encoders[name] = encoder
    maps_siamese[name] = encoder.predict(
        x[name], verbose=0).astype(float)
    loss = history.history["loss"]
    print(f"{name}: triplet loss {loss[0]:.3f} ->",
          f"{loss[-1]:.3f}")
encoders["cells"].save("encoder.keras")

# ---- rolls ----
def judge_unrolled(name, found):
    """Do distances on the paper survive, and neighbours?"""
    first = (rolls[name]["sheet"] == 1).to_numpy()
    return {
        "unrolled": np.corrcoef(pdist(paper[name][first]),
                                pdist(found[first]))[0, 1],
        "trustworthiness": trustworthiness(
            paper[name], found, n_neighbors=NEIGHBOURS),
    }


maps_rolls = {}
for name in ("single", "double"):
    maps_rolls[name] = {
        "PCA": PCA(2).fit_transform(x[name]),
        "t-SNE 30": run_tsne(x[name], "pca"),
        "t-SNE 10": run_tsne(x[name], "pca", perplexity=10),
        "UMAP": run_umap(x[name], "spectral"),
        "Siamese": maps_siamese[name],
    }
    for method, found in maps_rolls[name].items():
        note(f"{name} {method}", judge_unrolled(name, found))

# ---- sheets ----
fig, axes = plt.subplots(2, 5, layout="constrained",
                         figsize=(6, 2.8))
for row, (name, drawn) in zip(axes, maps_rolls.items()):
    along = rolls[name]["along"] / rolls[name]["along"].max()
    sheet = rolls[name]["sheet"]
    for ax, (method, found) in zip(row, drawn.items()):
        # the second sheet takes the bright half of the colours
        draw(ax, method, found,
             (along + sheet - 1) / sheet.max())
    row[0].set_ylabel(name)
plt.show()

# ---- new ----
def score_votes(known, asked):
    """Let the nearest known cells vote on the new ones."""
    voters = KNeighborsClassifier(VOTERS).fit(known, y_train)
    return (voters.predict(asked) == y_new).mean()


maps["Siamese"] = maps_siamese["cells"]
note("Siamese", judge(maps["Siamese"]))
maps_new = {
    "PCA": scores_new[:, :2],
    "Siamese": encoders["cells"].predict(
        x_new, verbose=0).astype(float),
}
for name, found in maps_new.items():
    note(f"new {name}", {
        "trustworthiness": trustworthiness(
            scores_new, found, n_neighbors=NEIGHBOURS),
        "silhouette": silhouette_score(found, y_new),
        "accuracy": score_votes(maps[name], found),
    })
note("new components",
     {"accuracy": score_votes(scores, scores_new)})

fig, axes = plt.subplots(1, 2, layout="constrained",
                         figsize=(6, 3))
shade = ["#d9d9d9"] * len(scores) + [
    COLOURS[one] for one in y_new]
for ax, name in zip(axes, maps_new):
    draw(ax, name, np.vstack([maps[name], maps_new[name]]),
         shade)
add_legend(fig, COLOURS)
plt.show()

# ---- results ----
headlines = pd.Series(results).filter(like="siamese")
print(headlines.round(4).to_string())
