"""Solution: let the cell types choose the triplets."""

import keras
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from scipy.spatial.distance import cdist
from sklearn.decomposition import PCA
from sklearn.manifold import trustworthiness
from sklearn.metrics import silhouette_score
from sklearn.neighbors import KNeighborsClassifier

# ---- constants ----
SEED = 1
COLOURS = {
    "B": "#0072B2", "CD34+": "#000000", "CD4 T": "#D55E00",
    "CD8 T": "#E69F00", "NK": "#CC79A7",
    "dendritic": "#56B4E9", "monocyte": "#009E73",
}
COMPONENTS = 20
NEIGHBOURS = 10
VOTERS = 5
UNITS = 64
DROPOUT = 0.5
ROUNDS = 20
STEP_SIZE = 0.004
BATCH_SIZE = 256
EPOCHS = 10

# ---- load ----
table = pd.read_csv(data_dir("pbmc") / "cells.csv")
genes = table.drop(
    columns=["cell", "partition", "type", "group"]
).to_numpy()
group = table["group"].to_numpy()
part = {name: (table["partition"] == name).to_numpy()
        for name in ("train", "tuning", "new")}
x, kind = genes[part["train"]], group[part["train"]]
pca = PCA(COMPONENTS, svd_solver="full").fit(x)
scores = pca.transform(x)

# ---- triplets ----
def triplets(x, kind):
    """An anchor, a near cell of its type, one of another."""
    found, turn = [], np.arange(ROUNDS)
    order = cdist(x, x).argsort(axis=1, kind="stable")
    for anchor, others in enumerate(order):
        alike = kind[others] == kind[anchor]
        near = others[alike][1:NEIGHBOURS + 1]
        far = others[~alike]
        draw = (anchor * 7919 + turn * 104729) % len(far)
        found.append(np.column_stack([
            np.full(ROUNDS, anchor), near[turn % len(near)],
            far[draw]]))
    return np.vstack(found)


of = triplets(scores, kind)
print("triplets:", len(of))

# ---- model ----
def distance(a, b):
    squares = keras.ops.square(keras.ops.subtract(a, b))
    total = keras.ops.sum(squares, axis=1, keepdims=True)
    return keras.ops.sqrt(keras.ops.add(total, 1e-6))


keras.utils.set_random_seed(SEED)
encoder = keras.Sequential([
    keras.Input(shape=(x.shape[1],)),
    keras.layers.Dense(UNITS, activation="selu"),
    keras.layers.Dropout(DROPOUT),
    keras.layers.Dense(UNITS, activation="selu"),
    keras.layers.Dropout(DROPOUT),
    keras.layers.Dense(2),
])
anchor = keras.Input(shape=(x.shape[1],))
near = keras.Input(shape=(x.shape[1],))
far = keras.Input(shape=(x.shape[1],))
here, close = encoder(anchor), encoder(near)
gap = keras.ops.subtract(distance(here, encoder(far)),
                         distance(here, close))
model = keras.Model([anchor, near, far], gap, name="siamese")
model.compile(optimizer=keras.optimizers.Adam(STEP_SIZE),
              loss="hinge")

# ---- fit ----
history = model.fit(
    [x[of[:, 0]], x[of[:, 1]], x[of[:, 2]]], np.ones(len(of)),
    batch_size=BATCH_SIZE, epochs=EPOCHS, verbose=0,
)
loss = history.history["loss"]
print(f"triplet loss {loss[0]:.3f} -> {loss[-1]:.3f}")

# ---- new ----
maps = {name: encoder.predict(genes[rows], verbose=0)
        .astype(float) for name, rows in part.items()}


def judge(name):
    voters = KNeighborsClassifier(VOTERS, algorithm="brute")
    named = voters.fit(maps["train"], kind).predict(maps[name])
    there = group[part[name]]
    return {
        "silhouette": silhouette_score(maps[name], there),
        "accuracy": (named == there).mean(),
        "trustworthiness": trustworthiness(
            pca.transform(genes[part[name]]), maps[name],
            n_neighbors=NEIGHBOURS),
    }


metrics = {}
for name in ("tuning", "new"):
    found = judge(name)
    print(f"{name:7}", *[f"{what} {value:.3f}"
                         for what, value in found.items()])
    metrics |= {f"{what}_{name}_siamese": value
                for what, value in found.items()}

# ---- picture ----
both = np.vstack([maps["train"], maps["new"]])
shade = ["#d9d9d9"] * len(x) + [
    COLOURS[one] for one in group[part["new"]]]
fig, ax = plt.subplots(layout="constrained", figsize=(6, 3.6))
ax.scatter(*both.T, c=shade, s=8)
ax.set(xticks=[], yticks=[], aspect="equal")
dots = [plt.Line2D([], [], marker="o", linestyle="",
                   color=one) for one in COLOURS.values()]
fig.legend(dots, COLOURS, loc="outside right center")
plt.show()

# ---- results ----
results = metrics
print(pd.Series(results, dtype=float).round(4).to_string())
