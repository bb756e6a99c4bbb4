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
CELLS = "shared_data/pbmc/cells.csv"
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
cells = pd.read_csv(CELLS)
genes = cells.columns.drop(
    ["cell", "partition", "type", "group"]
)
train = cells[cells["partition"] == "train"]
val = cells[cells["partition"] == "tuning"]
new = cells[cells["partition"] == "new"]
x_train = train[genes].to_numpy()
y_train = train["group"].to_numpy()
x_val, y_val = val[genes].to_numpy(), val["group"].to_numpy()
x_new, y_new = new[genes].to_numpy(), new["group"].to_numpy()
pca = PCA(COMPONENTS).fit(x_train)
scores = pca.transform(x_train)

# ---- triplets ----
def choose_triplets(x, kind):
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


triplets = choose_triplets(scores, y_train)
print("triplets:", len(triplets))

# ---- model ----
def measure_distance(a, b):
    squares = keras.ops.square(keras.ops.subtract(a, b))
    total = keras.ops.sum(squares, axis=1, keepdims=True)
    return keras.ops.sqrt(keras.ops.add(total, 1e-6))


keras.utils.set_random_seed(SEED)
encoder = keras.Sequential([
    keras.Input(shape=(len(genes),)),
    keras.layers.Dense(UNITS, activation="selu"),
    keras.layers.Dropout(DROPOUT),
    keras.layers.Dense(UNITS, activation="selu"),
    keras.layers.Dropout(DROPOUT),
    keras.layers.Dense(2),
])
anchor = keras.Input(shape=(len(genes),))
near = keras.Input(shape=(len(genes),))
far = keras.Input(shape=(len(genes),))
here, close = encoder(anchor), encoder(near)
gap = keras.ops.subtract(
    measure_distance(here, encoder(far)),
    measure_distance(here, close))
model = keras.Model([anchor, near, far], gap, name="siamese")
model.compile(optimizer=keras.optimizers.Adam(STEP_SIZE),
              loss="hinge")

# ---- fit ----
history = model.fit(
    [x_train[one] for one in triplets.T],
    np.ones(len(triplets)),
    batch_size=BATCH_SIZE, epochs=EPOCHS, verbose=0,
)
loss = history.history["loss"]
print(f"triplet loss {loss[0]:.3f} -> {loss[-1]:.3f}")

# ---- new ----
map_train = encoder.predict(x_train, verbose=0).astype(float)
map_val = encoder.predict(x_val, verbose=0).astype(float)
map_new = encoder.predict(x_new, verbose=0).astype(float)
voters = KNeighborsClassifier(VOTERS).fit(map_train, y_train)


def judge(x, found, group):
    y_pred = voters.predict(found)
    return {
        "silhouette": silhouette_score(found, group),
        "accuracy": (y_pred == group).mean(),
        "trustworthiness": trustworthiness(
            pca.transform(x), found, n_neighbors=NEIGHBOURS),
    }


judged = {"tuning": judge(x_val, map_val, y_val),
          "new": judge(x_new, map_new, y_new)}
print(pd.DataFrame(judged).round(3))

# ---- picture ----
both = np.vstack([map_train, map_new])
shade = ["#d9d9d9"] * len(x_train) + [
    COLOURS[one] for one in y_new]
fig, ax = plt.subplots(layout="constrained")
ax.scatter(*both.T, c=shade, s=8)
ax.set(xticks=[], yticks=[], aspect="equal")
dots = [plt.Line2D([], [], marker="o", linestyle="",
                   color=one) for one in COLOURS.values()]
fig.legend(dots, COLOURS, loc="outside right center")
plt.show()

# ---- results ----
results = {
    f"{what}_{cells}_siamese": value
    for cells, found in judged.items()
    for what, value in found.items()
}
print(pd.Series(results).round(4).to_string())
