"""Transfer learning: cells with and without malaria."""

import hashlib
import math
import tempfile
from pathlib import Path

import keras
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import tensorflow as tf
from PIL import Image
from scipy.spatial.distance import cdist
from sklearn.linear_model import LogisticRegression

# ---- constants ----
SEED = 1
SIZE = 128
ALPHA = 0.25
FROZEN = 20
TUNED = 12
UNITS = [1024, 1024, 512]
SHEAR = [0, 0.2]  # to one side: flipped, to both
BATCH_SIZE = 32
BUFFER = 256
EPOCHS_TOP = 8
EPOCHS_FINE = 2
EPOCHS_ORIGINAL = 1
LEARNING_RATE = 0.001
FINE_RATE = 0.0001
C = 0.01
NEIGHBOURS = 5

# ---- load ----
cells = image_files(data_file("cells"))
cells["name"] = [Path(file).name for file in cells["file"]]
# A fixed shuffle: sorted by what looks like chance.
cells["digest"] = [
    hashlib.sha256(name.encode()).hexdigest()
    for name in cells["name"]
]
cells = cells.sort_values("digest", ignore_index=True)
cells["y"] = (cells["label"] == "Parasitized").astype(int)
cells["person"] = cells["name"].str.replace(
    "_?[Tt]hinF.*", "", regex=True
)
cells["photo"] = cells["name"].str.replace(
    "_cell.*", "", regex=True
)
print(cells.groupby("label")["person"].agg(["size", "nunique"]))

# ---- partition ----
def every_fourth(values, start):
    return sorted(set(values))[start::4]


cells["part"] = "train"
ill = cells.loc[cells["y"] == 1, "person"]
for group in [cells["person"].isin(ill),
              ~cells["person"].isin(ill)]:
    people = every_fourth(cells.loc[group, "person"], 1)
    of_test = group & cells["person"].isin(people)
    cells.loc[of_test, "part"] = "test"
    rest = group & ~of_test
    photos = every_fourth(cells.loc[rest, "photo"], 3)
    of_tuning = rest & cells["photo"].isin(photos)
    cells.loc[of_tuning, "part"] = "tuning"
is_train = (cells["part"] == "train").to_numpy()
is_val = (cells["part"] == "tuning").to_numpy()
is_test = (cells["part"] == "test").to_numpy()
print(pd.crosstab(cells["part"], cells["label"]))

# ---- cells ----
fig, axes = plt.subplots(2, 6, figsize=(6, 2.6))
for row, label in zip(axes, ["Parasitized", "Uninfected"]):
    shown = cells[cells["label"] == label].head(6)
    for ax, file, who in zip(row, shown["file"],
                             shown["person"]):
        ax.imshow(Image.open(file))
        ax.set_title(who, fontsize=7)
        ax.axis("off")
    row[0].text(-0.1, 0.5, label, rotation=90, va="center",
                ha="right", transform=row[0].transAxes)
plt.show()

# ---- metrics ----
y = cells["y"].to_numpy()


def accuracy(y, score):
    return ((score >= 0.5) == y).mean()


def auc(y, score):
    ranks = pd.Series(score).rank().to_numpy()
    n1, n0 = (y == 1).sum(), (y == 0).sum()
    return (ranks[y == 1].sum() - n1 * (n1 + 1) / 2) / (n1 * n0)


def mcc(tp, tn, fp, fn):
    product = (tp + fp) * (tp + fn) * (tn + fp) * (tn + fn)
    if product == 0:
        return math.nan
    return (tp * tn - fp * fn) / math.sqrt(product)


# ---- colour ----
def mean_colour(file):
    pixels = np.asarray(Image.open(file).convert("RGB"))
    pixels = pixels.reshape(-1, 3).astype(float)
    return pixels[pixels.sum(axis=1) > 0].mean(axis=0)


def logistic(x):
    centre, spread = x[~is_test].mean(0), x[~is_test].std(0)
    spread[spread == 0] = 1
    x = (x - centre) / spread
    model = LogisticRegression(
        C=C, solver="newton-cholesky", tol=1e-10, max_iter=1000
    )
    model.fit(x[~is_test], y[~is_test])
    score = model.predict_proba(x[is_test])[:, 1]
    return score.round(6)  # what the last digits say is noise


def judge(score):
    return {"accuracy": accuracy(y[is_test], score),
            "auc": auc(y[is_test], score)}


colour = np.array([mean_colour(one) for one in cells["file"]])
colour_score = logistic(colour)
of_colour = judge(colour_score)
print(pd.Series(of_colour).round(3))

# ---- shortcut ----
person = cells["person"].to_numpy()
one_person = person[:, None] == person


def nearest(x, hidden):
    distance = cdist(x, x)
    distance[hidden] = np.inf
    order = distance.argsort(axis=1, kind="stable")
    return order[:, :NEIGHBOURS]


def vote(near):
    return ((y[near].mean(axis=1) > 0.5) == y).mean()


# Either only the cell itself is hidden from the vote, or all
# cells of its person are.
itself = np.eye(len(y), dtype=bool)
near = nearest(colour, itself)
shortcut = {
    "accuracy_by_image": vote(near),
    "accuracy_by_person": vote(nearest(colour, one_person)),
    "accuracy_who": (person[near[:, 0]] == person).mean(),
}
print(pd.Series(shortcut).round(3))

# ---- stream ----
cache = tempfile.TemporaryDirectory(
    dir="07_transfer_cells".parent
)


def decode(file, label):
    image = tf.io.decode_png(tf.io.read_file(file), channels=3)
    image = tf.image.resize(image, [SIZE, SIZE])
    return tf.cast(image, tf.uint8), label


def stream(rows, name, shuffle=False):
    data = tf.data.Dataset.from_tensor_slices(
        (rows["file"].to_numpy(), rows["y"].to_numpy())
    )
    # Decoded once: the cache is a file on disk, not memory.
    data = data.map(decode).cache(f"{cache.name}/{name}")
    if shuffle:
        data = data.shuffle(BUFFER, seed=SEED)
    return data.batch(BATCH_SIZE).prefetch(1)


train = stream(cells[is_train], "train", shuffle=True)
tuning = stream(cells[is_val], "tuning")
test = stream(cells[is_test], "test")
everything = stream(cells, "everything")

# ---- base ----
weights = "imagenet"
if variant() == "mini":
    weights = str(data_file("mobilenet_emoji"))


def mobilenet(weights):
    return keras.applications.MobileNet(
        alpha=ALPHA, include_top=False, weights=weights
    )


keras.utils.set_random_seed(SEED)
base = mobilenet(weights)
random_base = mobilenet(None)
print("layers of the base:", len(base.layers))

# ---- features ----
def features(base):
    model = keras.Sequential([
        keras.Input(shape=(SIZE, SIZE, 3)),
        keras.layers.Rescaling(1 / 127.5, offset=-1),
        base,
        keras.layers.GlobalAveragePooling2D(),
    ])
    return model.predict(everything, verbose=0).astype(float)


x = features(base)
feature_score = logistic(x)
of_features = judge(feature_score)
of_random = judge(logistic(features(random_base)))
print(pd.DataFrame({
    "colour": of_colour, "features": of_features,
    "random weights": of_random,
}).round(3))
shortcut |= {
    "accuracy_features_by_image": vote(nearest(x, itself)),
    "accuracy_features_by_person":
        vote(nearest(x, one_person)),
}
print(pd.Series(shortcut).round(3))

# ---- frozen ----
def new_top():
    top = keras.Sequential([keras.Input(shape=x.shape[1:])])
    for units in UNITS:
        top.add(keras.layers.Dense(units, activation="relu"))
    top.add(keras.layers.Dense(1, activation="sigmoid"))
    return top


def ready(model, rate):
    model.compile(
        optimizer=keras.optimizers.Adam(rate),
        loss="binary_crossentropy",
        metrics=["accuracy"],
        jit_compile=False,  # it would take longer than it saves
    )
    # Else Keras would translate the first step twice.
    model.optimizer.build(model.trainable_variables)
    return model


# While the base is frozen, its features do not change: they
# are computed once, and the top learns on them.
keras.utils.set_random_seed(SEED)
top = ready(new_top(), LEARNING_RATE)
start_top = top.get_weights()
history_top = top.fit(
    x[is_train], y[is_train],
    batch_size=BATCH_SIZE,
    epochs=EPOCHS_TOP,
    validation_data=(x[is_val], y[is_val]),
    verbose=2,
)
end_top = top.get_weights()
score_top = top.predict(x[is_test], verbose=0)[:, 0]

# ---- fine ----
def build(base, top):
    inputs = keras.Input((SIZE, SIZE, 3), name="image")
    x = keras.layers.RandomShear(SHEAR, SHEAR)(inputs)
    x = keras.layers.RandomZoom(0.2)(x)
    x = keras.layers.RandomFlip()(x)
    x = keras.layers.Rescaling(1 / 127.5, offset=-1)(x)
    x = keras.layers.GlobalAveragePooling2D()(base(x))
    return keras.Model(inputs, top(x), name="cells")


# Only the last layers are tuned. Batch normalisation stays
# frozen: else it would replace what it knows of many images
# by what it sees in a few.
tuned = [
    layer for layer in base.layers[-TUNED:]
    if not isinstance(layer, keras.layers.BatchNormalization)
]
for layer in base.layers:
    layer.trainable = layer in tuned
keras.utils.set_random_seed(SEED)
model = ready(build(base, top), FINE_RATE)
start_fine = model.get_weights()
history_fine = model.fit(
    train,
    epochs=EPOCHS_FINE,
    validation_data=tuning,
    verbose=2,
)

# ---- original ----
keras.utils.set_random_seed(SEED)
base = mobilenet(weights)
for layer in base.layers[:FROZEN]:
    layer.trainable = False
original = ready(build(base, new_top()), LEARNING_RATE)
start_original = original.get_weights()
history_original = original.fit(
    train,
    epochs=EPOCHS_ORIGINAL,
    verbose=2,
)

# ---- curves ----
curve = pd.concat(
    [pd.DataFrame(history_top.history),
     pd.DataFrame(history_fine.history)],
    ignore_index=True,
)
curve["epoch"] = curve.index + 1
fig, ax = plt.subplots()
ax.plot(curve["epoch"], curve["accuracy"], "o-", label="train")
ax.plot(curve["epoch"], curve["val_accuracy"], "o-",
        label="tuning")
ax.axvline(EPOCHS_TOP + 0.5, ls=":", color="grey")
ax.set(xlabel="epoch", ylabel="accuracy")
ax.legend()
plt.show()

# ---- evaluate ----
def score_of(model):
    return model.predict(test, verbose=0)[:, 0].astype(float)


y_test = y[is_test]
score = score_of(model)
score_original = score_of(original)
four = {
    "tp": ((y_test == 1) & (score >= 0.5)).sum(),
    "tn": ((y_test == 0) & (score < 0.5)).sum(),
    "fp": ((y_test == 0) & (score >= 0.5)).sum(),
    "fn": ((y_test == 1) & (score < 0.5)).sum(),
}
result = {
    **four,
    "sensitivity": four["tp"] / (y_test == 1).sum(),
    "specificity": four["tn"] / (y_test == 0).sum(),
    "accuracy": accuracy(y_test, score),
    "mcc": mcc(**{key: int(n) for key, n in four.items()}),
    "auc": auc(y_test, score),
    "accuracy_tuning": history_fine.history["val_accuracy"][-1],
    "accuracy_top": accuracy(y_test, score_top),
    "auc_top": auc(y_test, score_top),
    "accuracy_original": accuracy(y_test, score_original),
    "auc_original": auc(y_test, score_original),
    "sensitivity_original":
        (score_original[y_test == 1] >= 0.5).mean(),
}
print(pd.Series(result).round(3).to_string())

# ---- roc ----
fig, ax = plt.subplots(figsize=(4.6, 3.6))
for name, values in {"mean colour": colour_score,
                     "features": feature_score,
                     "network": score}.items():
    cuts = [np.inf, *sorted(set(values))[::-1]]
    ax.plot([(values[y_test == 0] >= cut).mean()
             for cut in cuts],
            [(values[y_test == 1] >= cut).mean()
             for cut in cuts], label=name)
ax.plot([0, 1], [0, 1], ":", color="grey")
ax.set(xlabel="1 - specificity", ylabel="sensitivity")
ax.legend()
plt.show()

# ---- save ----
model.save("07_transfer_cells.keras")
again = keras.models.load_model(
    "07_transfer_cells.keras"
)
same = np.array_equal(score_of(again), score)
print("the reloaded model predicts the same:", same)

# ---- results ----
cache.cleanup()
results = {
    **result,
    **shortcut,
    **{f"{name}_colour": value
       for name, value in of_colour.items()},
    **{f"{name}_features": value
       for name, value in of_features.items()},
    **{f"{name}_random": value
       for name, value in of_random.items()},
    "reloaded_same": same,
}
print(pd.Series(results, dtype=float).round(4).to_string())
