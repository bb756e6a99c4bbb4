"""Siamese networks: a learned map with a place for new cells."""

import keras
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from keras import ops
from keras.layers import Dense
from scipy.spatial.distance import cdist
from scipy.stats import binomtest
from sklearn.decomposition import PCA
from sklearn.manifold import trustworthiness
from sklearn.metrics import silhouette_score
from sklearn.neighbors import KNeighborsClassifier

# ---- constants ----
CELLS = "shared_data/pbmc/cells.csv"
OTHER = ["cell", "partition", "type", "group"]
SEED = 1
NEIGHBOURS = 10
ROUNDS = 20  # triplets of each training cell
VOTERS = 5
UNITS = 64
LEARNING_RATE = 0.004
BATCH_SIZE = 256
EPOCHS = 10

# ---- load ----
cells = pd.read_csv(CELLS)
x = cells.drop(columns=OTHER).to_numpy()
y = cells["group"].to_numpy()
part = cells["partition"]
x_train, y_train = x[part == "train"], y[part == "train"]
x_val, y_val = x[part == "tuning"], y[part == "tuning"]
print(pd.crosstab(cells["group"], part))

# ---- triplets ----
# for each cell: the others, from the nearest to the farthest
distance = cdist(x_train, x_train).round(6)
np.fill_diagonal(distance, np.inf)  # the cell itself comes last
others = distance.argsort(axis=1, kind="stable")[:, :-1]
anchor = np.arange(len(x_train)).repeat(ROUNDS)
draw = keras.random.uniform((len(anchor), 2), seed=SEED)
draw = np.array(draw).astype(float)  # from 0 to 1
near = (draw[:, 0] * NEIGHBOURS).astype(int)
strangers = others.shape[1] - NEIGHBOURS
far = NEIGHBOURS + (draw[:, 1] * strangers).astype(int)
# for each anchor, one cell of its row of others
positive, negative = others[anchor, near], others[anchor, far]
print("triplets:", len(anchor), "- of the anchor's type:",
      (y_train[positive] == y_train[anchor]).mean().round(3),
      (y_train[negative] == y_train[anchor]).mean().round(3))


# ---- model ----
def measure_distance(a, b):
    squares = ops.sum(ops.square(a - b), axis=1, keepdims=True)
    # at 0 the slope of the root is infinite
    return ops.sqrt(squares + 1e-6)


def build(hidden_layers):
    keras.utils.set_random_seed(SEED)
    encoder = keras.Sequential()
    encoder.add(keras.Input(shape=(x.shape[1],)))
    for _ in range(hidden_layers):
        encoder.add(Dense(UNITS, "selu"))
    encoder.add(Dense(2))
    inputs = [keras.Input(shape=(x.shape[1],)) for _ in range(3)]
    a, p, n = [encoder(one) for one in inputs]
    gap = measure_distance(a, n) - measure_distance(a, p)
    return encoder, keras.Model(inputs, gap, name="siamese")


# ---- fit ----
def learn(hidden_layers):
    encoder, model = build(hidden_layers)
    # hinge: no loss if the negative is 1 farther away
    model.compile(keras.optimizers.Adam(LEARNING_RATE), "hinge")
    history = model.fit(
        [x_train[one] for one in (anchor, positive, negative)],
        np.ones(len(anchor)), batch_size=BATCH_SIZE,
        epochs=EPOCHS, verbose=0)
    loss = np.round(history.history["loss"], 3)
    print(encoder.count_params(), "weights and biases, loss",
          loss[0], loss[-1])
    return lambda new: encoder.predict(
        new, verbose=0).astype(float)


places = {"pca": PCA(2).fit(x_train).transform,
          "linear": learn(0), "deep": learn(2)}

# ---- maps ----
fig, axes = plt.subplots(1, 3, figsize=(6, 2.6),
                         layout="constrained")
colours = plt.get_cmap("Dark2").colors
for ax, (name, place) in zip(axes, places.items()):
    found = place(x_val)
    for kind, colour in zip(sorted(set(y_val)), colours):
        ax.scatter(*found[y_val == kind].T, s=8, color=colour,
                   label=kind)
    ax.set(title=name, xticks=[], yticks=[])
fig.legend(*ax.get_legend_handles_labels(), ncols=4,
           loc="outside lower center")
plt.show()


# ---- measure ----
def classify(place, x_new):
    vote = KNeighborsClassifier(VOTERS)
    vote.fit(place(x_train), y_train)
    return vote.predict(place(x_new))


def measure(place, x_new, y_new):
    return {
        "accuracy": (classify(place, x_new) == y_new).mean(),
        "silhouette": silhouette_score(place(x_new), y_new),
        "trustworthiness": trustworthiness(
            x_new, place(x_new), n_neighbors=NEIGHBOURS)}


# ---- validate ----
scores = pd.DataFrame({
    name: measure(place, x_val, y_val)
    for name, place in places.items()}).T
print(scores.round(3))
# the genes themselves as places
genes = (classify(lambda new: new, x_val) == y_val).mean()
print(f"accuracy by all genes: {genes:.3f}")
chosen = scores["accuracy"].idxmax()

# ---- predict ----
new = x_val[:1]  # as if it came only now
print(chosen, "says:", places[chosen](new).round(2),
      classify(places[chosen], new))

# ---- test ----
is_test = part == "new"
test = measure(places[chosen], x[is_test], y[is_test])
n = int(is_test.sum())
right = round(test["accuracy"] * n)
ci = binomtest(right, n).proportion_ci(method="wilson")
results = {f"val_{what}_{name}": scores.loc[name, what]
           for what in scores.columns for name in places}
results |= {"val_accuracy_genes": genes,
            **{f"test_{what}": test[what] for what in test},
            "test_low": ci.low, "test_high": ci.high}
print(pd.Series(results).round(3).to_string())
