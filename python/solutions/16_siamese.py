"""Solution: let the cell types choose the triplets."""

import keras
import numpy as np
import pandas as pd
from keras import ops
from keras.layers import Dense, Dropout
from scipy.spatial.distance import cdist
from scipy.stats import binomtest
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
DROPOUT = 0.5
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

# ---- triplets ----
# near: the nearest of the anchor's type; far: all other types
distance = cdist(x_train, x_train).round(6)
np.fill_diagonal(distance, np.inf)  # the cell itself comes last
order = distance.argsort(axis=1, kind="stable")[:, :-1]
draw = keras.random.uniform((len(x_train), ROUNDS, 2), seed=SEED)
draw = np.array(draw).astype(float)  # from 0 to 1
triplets = []
for cell, others in enumerate(order):
    alike = y_train[others] == y_train[cell]
    near, far = others[alike][:NEIGHBOURS], others[~alike]
    # a near and a far cell for each round
    near = near[(draw[cell, :, 0] * len(near)).astype(int)]
    far = far[(draw[cell, :, 1] * len(far)).astype(int)]
    triplets += zip([cell] * ROUNDS, near, far)
anchor, positive, negative = np.transpose(triplets)
print("triplets:", len(anchor))


# ---- model ----
def measure_distance(a, b):
    squares = ops.sum(ops.square(a - b), axis=1, keepdims=True)
    # at 0 the slope of the root is infinite
    return ops.sqrt(squares + 1e-6)


keras.utils.set_random_seed(SEED)
encoder = keras.Sequential([
    keras.Input(shape=(x.shape[1],)),
    Dense(UNITS, "selu"), Dropout(DROPOUT),
    Dense(UNITS, "selu"), Dropout(DROPOUT),
    Dense(2),
])
inputs = [keras.Input(shape=(x.shape[1],)) for _ in range(3)]
a, p, n = [encoder(one) for one in inputs]
gap = measure_distance(a, n) - measure_distance(a, p)
model = keras.Model(inputs, gap, name="siamese")
model.compile(keras.optimizers.Adam(LEARNING_RATE), "hinge")

# ---- fit ----
history = model.fit(
    [x_train[one] for one in (anchor, positive, negative)],
    np.ones(len(anchor)), batch_size=BATCH_SIZE,
    epochs=EPOCHS, verbose=0)
loss = np.round(history.history["loss"], 3)
print("loss", loss[0], loss[-1])


# ---- validate ----
def place(new):
    return encoder.predict(new, verbose=0).astype(float)


def measure(x_new, y_new):
    known, found = place(x_train), place(x_new)
    vote = KNeighborsClassifier(VOTERS).fit(known, y_train)
    return {
        "accuracy": (vote.predict(found) == y_new).mean(),
        "silhouette": silhouette_score(found, y_new),
        "trustworthiness": trustworthiness(
            x_new, found, n_neighbors=NEIGHBOURS)}


val = measure(x_val, y_val)

# ---- test ----
is_test = part == "new"
test = measure(x[is_test], y[is_test])
n = int(is_test.sum())
right = round(test["accuracy"] * n)
ci = binomtest(right, n).proportion_ci(method="wilson")
results = {**{f"val_{what}_deep": val[what] for what in val},
           **{f"test_{what}": test[what] for what in test},
           "test_low": ci.low, "test_high": ci.high}
print(pd.Series(results).round(3).to_string())
