"""Maps: drawing many dimensions in two."""

import re

import keras
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from scipy.spatial.distance import cdist, pdist
from scipy.stats import entropy
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE, trustworthiness
from sklearn.metrics import silhouette_score
from sklearn.neighbors import KNeighborsClassifier


try:
    import umap
except ImportError:
    umap = None

# ---- constants ----
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
EPOCHS = {"single": 10, "double": 10, "cells": 10}

# ---- load ----
shapes = data_dir("rolls")
rolls = pd.read_csv(shapes / "rolls.csv")
clusters = pd.read_csv(shapes / "clusters.csv")
table = pd.read_csv(data_dir("pbmc") / "cells.csv")
genes = table.drop(
    columns=["cell", "partition", "type", "group"]
).to_numpy()
is_train = (table["partition"] == "train").to_numpy()
is_new = (table["partition"] == "new").to_numpy()
group = table["group"].to_numpy()


def take(name):
    return rolls[rolls["roll"] == name]


def flat(roll):
    """Lay the sheets on a table, far from each other."""
    away = 1000 * roll["sheet"]
    return np.column_stack([roll["along"] + away,
                            roll["across"]])


x = {
    "single": take("single")[["x", "y", "z"]].to_numpy(),
    "double": take("double")[["x", "y", "z"]].to_numpy(),
    "cells": genes[is_train],
}
paper = {name: flat(take(name)) for name in ("single", "double")}
print({name: one.shape for name, one in x.items()},
      "new cells:", is_new.sum())
print(pd.crosstab(table["group"], table["partition"]))

# ---- pca ----
pca = PCA(COMPONENTS, svd_solver="full").fit(x["cells"])
scores = pca.transform(x["cells"])
scores_new = pca.transform(genes[is_new])
maps = {"PCA": scores[:, :2]}
share = pca.explained_variance_ratio_
print(f"two components keep {share[:2].sum():.3f} of the "
      f"variance, {COMPONENTS} keep {share.sum():.3f}")

# ---- measures ----
def affinities(x, perplexity):
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


def kl(affinity, found):
    """The divergence that t-SNE makes small."""
    near = 1 / (1 + cdist(found, found, "sqeuclidean"))
    np.fill_diagonal(near, 0)
    return entropy(affinity.ravel(), near.ravel())


def centres(x):
    return pd.DataFrame(x).groupby(group[is_train]).mean()


def arrangement(found):
    """Do distances between the cell types survive the map?"""
    return np.corrcoef(pdist(centres(scores)),
                       pdist(centres(found)))[0, 1]


def judge(found):
    return {
        "trustworthiness": trustworthiness(
            scores, found, n_neighbors=NEIGHBOURS),
        "silhouette": silhouette_score(found, group[is_train]),
        "arrangement": arrangement(found),
    }


def named(found, key):
    """Name results after their map, and print them."""
    print(f"{key:15}", *[f"{what} {value:.3f}"
                         for what, value in found.items()
                         if value is not None])
    return {f"{what}_{key}": value
            for what, value in found.items()}


def key_of(title):
    return re.sub("[ -]", "_", title.lower())


metrics = named(judge(maps["PCA"]), "pca")

# ---- tsne ----
def tsne(x, start, theta=0.5, perplexity=PERPLEXITY,
         number=SEED):
    return TSNE(
        method="barnes_hut" if theta else "exact", angle=theta,
        perplexity=perplexity, init=start, random_state=number,
        # its steps are 4 times those of other programs
        learning_rate=LEARNING_RATE / 4,
        early_exaggeration=EXAGGERATION, max_iter=ITERATIONS,
    ).fit_transform(x).astype(float)


near_30 = affinities(scores, PERPLEXITY)
near_10 = affinities(scores, 10)
maps |= {
    "exact": tsne(scores, "pca", theta=0),
    "Barnes-Hut": tsne(scores, "pca"),
    "perplexity 10": tsne(scores, "pca", perplexity=10),
    "random start": tsne(scores, "random"),
    "another start": tsne(scores, "random", number=SEED + 100),
}
independent = {}
for name in list(maps)[1:]:
    near = near_10 if name == "perplexity 10" else near_30
    found = {"kl": kl(near, maps[name])} | judge(maps[name])
    independent |= named(found, key_of(name))

# ---- groups ----
def draw(ax, name, found, colour):
    """Draw a map, centred, as large as the panel allows."""
    found = found - found.mean(axis=0)
    ax.scatter(*(found / abs(found).max()).T, c=colour, s=3)
    ax.set(title=name, xticks=[], yticks=[], aspect="equal",
           xlim=(-1.05, 1.05), ylim=(-1.05, 1.05))


def legend(fig, colours):
    dots = [plt.Line2D([], [], marker="o", linestyle="",
                       color=one) for one in colours.values()]
    fig.legend(dots, colours, loc="outside right center")


colour = [COLOURS[one] for one in group[is_train]]
fig, axes = plt.subplots(2, 3, layout="constrained",
                         figsize=(6, 3.6))
for ax, name in zip(axes.flat, maps):
    draw(ax, name, maps[name], colour)
legend(fig, COLOURS)
plt.show()

# ---- sizes ----
three = clusters.drop(columns="cluster").to_numpy()


def sizes(found):
    """How many times as wide, and as far away, is the third?"""
    points = pd.DataFrame(found).groupby(clusters["cluster"])
    middle = points.mean()
    wide = np.sqrt(points.var().sum(axis=1))
    far = {name: np.linalg.norm(middle.loc[name]
                                - middle.loc["small left"])
           for name in ("small right", "wide")}
    return {"times_wide": wide["wide"] / wide["small left"],
            "times_far": far["wide"] / far["small right"]}


drawn = {
    "PCA": PCA(2, svd_solver="full").fit_transform(three),
    "t-SNE": tsne(three, "pca"),
}
print("the third cluster, times as wide and as far away:")
metrics |= named(sizes(three), "data")
independent |= named(sizes(drawn["t-SNE"]), "tsne")
fig, axes = plt.subplots(1, 2, layout="constrained",
                         figsize=(6, 3))
for ax, name in zip(axes, drawn):
    draw(ax, name, drawn[name], clusters["cluster"].map(SIZES))
legend(fig, SIZES)
plt.show()

# ---- umap ----
def umap_of(x, start, number=SEED):
    return umap.UMAP(
        n_neighbors=NEIGHBOURS, min_dist=MIN_DIST, init=start,
        n_epochs=UMAP_EPOCHS, random_state=number, n_jobs=1,
    ).fit_transform(x).astype(float)


maps_umap = {}
if umap is None:
    print("umap-learn is not installed (pip install",
          "umap-learn): the maps by UMAP are left out.")
else:
    maps_umap = {
        "spectral": umap_of(scores, "spectral"),
        "another seed": umap_of(scores, "spectral", SEED + 100),
        "random": umap_of(scores, "random"),
        "another random": umap_of(scores, "random", SEED + 100),
    }
for name in ("spectral", "random"):
    found = dict.fromkeys(judge(maps["PCA"]))
    if maps_umap:
        found = judge(maps_umap[name])
    independent |= named(found, f"umap_{name}")
if maps_umap:
    fig, axes = plt.subplots(1, 4, layout="constrained",
                             figsize=(6, 2))
    for ax, name in zip(axes, maps_umap):
        draw(ax, name, maps_umap[name], colour)
    plt.show()

# ---- triplets ----
def triplets(x):
    """An anchor, one of its neighbours, and a stranger."""
    order = cdist(x, x).argsort(axis=1, kind="stable")
    anchor, turn = np.divmod(np.arange(len(x) * ROUNDS), ROUNDS)
    near = 1 + turn % NEIGHBOURS
    strangers = len(x) - 1 - NEIGHBOURS
    far = 1 + NEIGHBOURS + (
        anchor * 7919 + turn * 104729) % strangers
    return np.column_stack([anchor, order[anchor, near],
                            order[anchor, far]])


triples = {"single": triplets(x["single"]),
           "double": triplets(x["double"]),
           "cells": triplets(scores)}
print({name: len(one) for name, one in triples.items()})

# ---- model ----
def distance(a, b):
    squares = keras.ops.square(keras.ops.subtract(a, b))
    total = keras.ops.sum(squares, axis=1, keepdims=True)
    return keras.ops.sqrt(keras.ops.add(total, 1e-6))


def siamese(inputs):
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
    gap = keras.ops.subtract(distance(here, encoder(far)),
                             distance(here, close))
    model = keras.Model([anchor, near, far], gap,
                        name="siamese")
    # hinge: no loss once the stranger is 1 farther away
    model.compile(optimizer=keras.optimizers.Adam(STEP_SIZE),
                  loss="hinge")
    return encoder, model


# ---- fit ----
encoders, networks, maps_siamese = {}, {}, {}
for name, of in triples.items():
    encoder, model = siamese(x[name].shape[1])
    start = model.get_weights()
    history = model.fit(
        [x[name][of[:, 0]], x[name][of[:, 1]],
         x[name][of[:, 2]]], np.ones(len(of)),
        batch_size=BATCH_SIZE, epochs=EPOCHS[name], verbose=0,
    )
    encoders[name] = encoder
    networks[name] = (model, start, history)
    maps_siamese[name] = encoder.predict(
        x[name], verbose=0).astype(float)
    print(f"{name}: triplet loss",
          f"{history.history['loss'][0]:.3f} ->",
          f"{history.history['loss'][-1]:.3f}")
encoders["cells"].save("12_maps.keras")

# ---- rolls ----
def unrolled(name, found):
    """Do distances on the paper survive, and neighbours?"""
    first = (take(name)["sheet"] == 1).to_numpy()
    return {
        "unrolled": np.corrcoef(pdist(paper[name][first]),
                                pdist(found[first]))[0, 1],
        "trustworthiness": trustworthiness(
            paper[name], found, n_neighbors=NEIGHBOURS),
    }


views = {}
for name in ("single", "double"):
    views[name] = {
        "PCA": PCA(2, svd_solver="full").fit_transform(x[name]),
        "t-SNE 30": tsne(x[name], "pca"),
        "t-SNE 10": tsne(x[name], "pca", perplexity=10),
        "UMAP": umap and umap_of(x[name], "spectral"),
        "Siamese": maps_siamese[name],
    }
    for method, found in views[name].items():
        measured = dict.fromkeys(["unrolled", "trustworthiness"])
        if found is not None:
            measured = unrolled(name, found)
        exact = method in ("PCA", "Siamese")
        (metrics if exact else independent).update(
            named(measured, key_of(f"{name} {method}")))

# ---- sheets ----
fig, axes = plt.subplots(2, 5, layout="constrained",
                         figsize=(6, 2.8))
for row, name in zip(axes, views):
    along = take(name)["along"] / take(name)["along"].max()
    sheet = take(name)["sheet"]
    for ax, (method, found) in zip(row, views[name].items()):
        if found is None:
            ax.set(title=method, xticks=[], yticks=[])
            continue
        # the second sheet takes the bright half of the colours
        draw(ax, method, found,
             (along + sheet - 1) / sheet.max())
    row[0].set_ylabel(name)
plt.show()

# ---- new ----
def name_cells(known, asked):
    """Let the nearest known cells vote on the new ones."""
    voters = KNeighborsClassifier(VOTERS, algorithm="brute")
    return voters.fit(known, group[is_train]).predict(asked)


def accuracy(known, asked):
    return (name_cells(known, asked) == group[is_new]).mean()


maps["Siamese"] = maps_siamese["cells"]
metrics |= named(judge(maps["Siamese"]), "siamese")
new = {"PCA": scores_new[:, :2],
       "Siamese": encoders["cells"].predict(
           genes[is_new], verbose=0).astype(float)}
metrics |= {
    "accuracy_new_siamese": accuracy(maps["Siamese"],
                                     new["Siamese"]),
    "accuracy_new_pca": accuracy(maps["PCA"], new["PCA"]),
    "accuracy_new_components": accuracy(scores, scores_new),
}
for name in new:
    measured = {
        "trustworthiness": trustworthiness(
            scores_new, new[name], n_neighbors=NEIGHBOURS),
        "silhouette": silhouette_score(new[name],
                                       group[is_new]),
    }
    metrics |= named(measured, f"new_{key_of(name)}")
print({name: round(value, 3) for name, value in metrics.items()
       if name.startswith("accuracy")})

fig, axes = plt.subplots(1, 2, layout="constrained",
                         figsize=(6, 3))
shade = ["#d9d9d9"] * len(scores) + [
    COLOURS[one] for one in group[is_new]]
for ax, name in zip(axes, new):
    draw(ax, name, np.vstack([maps[name], new[name]]), shade)
legend(fig, COLOURS)
plt.show()

# ---- results ----
results = metrics
results |= independent
print(pd.Series(results, dtype=float).round(4).to_string())
