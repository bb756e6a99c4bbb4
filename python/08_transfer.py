"""Transfer learning: cells with and without malaria."""

import hashlib
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
from sklearn.metrics import (
    confusion_matrix, roc_auc_score, roc_curve
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

# ---- constants ----
DATA = "shared_data/cells/images"
WEIGHTS = "shared_data/mobilenet_emoji/mobilenet.weights.h5"
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
# Without hidden files and folders, which begin with a dot.
files = list(Path(DATA).glob("[!.]*/[!.]*.png"))
cells = pd.DataFrame({
    "file": [str(file) for file in files],
    "name": [file.name for file in files],
    "label": [file.parent.name for file in files],
})


# A fixed shuffle: sorted by what looks like chance.
def digest(name):
    return hashlib.sha256(name.encode()).hexdigest()


cells["digest"] = cells["name"].map(digest)
cells = cells.sort_values("digest", ignore_index=True)
cells["person"] = cells["name"].str.replace(
    "_?[Tt]hinF.*", "", regex=True
)
cells["photo"] = cells["name"].str.replace(
    "_cell.*", "", regex=True
)
cells["y"] = (cells["label"] == "Parasitized").astype(int)
print(cells.groupby("label")["person"].agg(["size", "nunique"]))

# ---- partition ----
def every_fourth(values, start):
    return sorted(set(values))[start::4]


cells["part"] = "train"
with_ill = cells["person"].isin(cells["person"][cells["y"] == 1])
for group in [with_ill, ~with_ill]:
    people = every_fourth(cells["person"][group], 1)
    of_test = group & cells["person"].isin(people)
    cells.loc[of_test, "part"] = "test"
    rest = group & ~of_test
    photos = every_fourth(cells["photo"][rest], 3)
    of_val = rest & cells["photo"].isin(photos)
    cells.loc[of_val, "part"] = "val"
is_train = (cells["part"] == "train").to_numpy()
is_val = (cells["part"] == "val").to_numpy()
is_test = (cells["part"] == "test").to_numpy()
y = cells["y"].to_numpy()
y_test = y[is_test]
print(pd.crosstab(cells["part"], cells["label"]))

# ---- cells ----
fig, axes = plt.subplots(2, 6, figsize=(6, 2.6))
for row, label in zip(axes, ["Parasitized", "Uninfected"]):
    shown = cells[cells["label"] == label]
    for ax, file, who in zip(row, shown["file"],
                             shown["person"]):
        ax.imshow(Image.open(file))
        ax.set_title(who, fontsize=7)
        ax.set(xticks=[], yticks=[])
    row[0].set_ylabel(label, fontsize=8)
plt.show()

# ---- metrics ----
def judge(y_prob):
    return {"accuracy": ((y_prob >= 0.5) == y_test).mean(),
            "auc": roc_auc_score(y_test, y_prob)}


# ---- colour ----
def mean_colour(file):
    pixels = np.asarray(Image.open(file)).reshape(-1, 3)
    return pixels[pixels.any(axis=1)].mean(axis=0)


def logistic(x):
    model = make_pipeline(
        StandardScaler(), LogisticRegression(C=C)
    )
    model.fit(x[~is_test], y[~is_test])
    return model.predict_proba(x[is_test])[:, 1]


colour = np.array([mean_colour(file) for file in cells["file"]])
prob_colour = logistic(colour)
of_colour = judge(prob_colour)
print(pd.Series(of_colour).round(3).to_string())

# ---- shortcut ----
person = cells["person"].to_numpy()
one_person = person[:, None] == person


def nearest(x, hidden):
    distance = cdist(x, x)
    distance[hidden] = np.inf
    return distance.argsort(axis=1)[:, :NEIGHBOURS]


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
print(pd.Series(shortcut).round(3).to_string())

# ---- stream ----
cache = tempfile.TemporaryDirectory()


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
val = stream(cells[is_val], "val")
test = stream(cells[is_test], "test")
everything = stream(cells, "everything")

# ---- base ----
def mobilenet(weights):
    return keras.applications.MobileNet(
        alpha=ALPHA, include_top=False, weights=weights
    )


keras.utils.set_random_seed(SEED)
base = mobilenet(WEIGHTS)
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
    return model.predict(everything, verbose=0)


x = features(base)
prob_features = logistic(x)
of_features = judge(prob_features)
of_random = judge(logistic(features(random_base)))
print(pd.DataFrame({
    "colour": of_colour, "features": of_features,
    "random": of_random,
}).round(3))
shortcut |= {
    "accuracy_features_by_image": vote(nearest(x, itself)),
    "accuracy_features_by_person":
        vote(nearest(x, one_person)),
}
print(pd.Series(shortcut).round(3).to_string())

# ---- frozen ----
def new_top():
    top = keras.Sequential([keras.Input(shape=x.shape[1:])])
    for units in UNITS:
        top.add(keras.layers.Dense(units, activation="relu"))
    top.add(keras.layers.Dense(1, activation="sigmoid"))
    return top


def make_ready(model, rate):
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
top = make_ready(new_top(), LEARNING_RATE)
history_top = top.fit(
    x[is_train], y[is_train],
    batch_size=BATCH_SIZE,
    epochs=EPOCHS_TOP,
    validation_data=(x[is_val], y[is_val]),
    verbose=2,
)
of_top = judge(top.predict(x[is_test], verbose=0)[:, 0])

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
model = make_ready(build(base, top), FINE_RATE)
history = model.fit(
    train,
    epochs=EPOCHS_FINE,
    validation_data=val,
    verbose=2,
)

# ---- original ----
keras.utils.set_random_seed(SEED)
base = mobilenet(WEIGHTS)
for layer in base.layers[:FROZEN]:
    layer.trainable = False
original = make_ready(build(base, new_top()), LEARNING_RATE)
original.fit(
    train,
    epochs=EPOCHS_ORIGINAL,
    verbose=2,
)

# ---- curves ----
curve = pd.concat(
    [pd.DataFrame(history_top.history),
     pd.DataFrame(history.history)],
    ignore_index=True,
)
curve.index += 1
ax = curve[["accuracy", "val_accuracy"]].plot(
    style="o-", xlabel="epoch"
)
ax.axvline(EPOCHS_TOP + 0.5, ls=":", color="grey")
plt.show()

# ---- evaluate ----
y_prob = model.predict(test, verbose=0)[:, 0]
y_pred = (y_prob >= 0.5).astype(int)
y_prob_original = original.predict(test, verbose=0)[:, 0]
of_model = judge(y_prob)
of_original = judge(y_prob_original)
print(pd.DataFrame({
    "top": of_top, "fine-tuned": of_model,
    "original": of_original,
}).round(3))

tn, fp, fn, tp = confusion_matrix(y_test, y_pred).ravel()
rates = {
    "sensitivity": tp / (tp + fn),
    "specificity": tn / (tn + fp),
    "mcc": np.corrcoef(y_test, y_pred)[0, 1],
    "sensitivity_original":
        (y_prob_original[y_test == 1] >= 0.5).mean(),
}
print(pd.Series(rates).round(3).to_string())

# ---- roc ----
fig, ax = plt.subplots(figsize=(4.6, 3.6))
for name, prob in {"mean colour": prob_colour,
                   "features": prob_features,
                   "network": y_prob}.items():
    fpr, tpr, _ = roc_curve(y_test, prob)
    ax.plot(fpr, tpr, label=name)
ax.plot([0, 1], [0, 1], ":", color="grey")
ax.set(xlabel="1 - specificity", ylabel="sensitivity")
ax.legend()
plt.show()

# ---- save ----
model.save("cells.keras")
again = keras.models.load_model("cells.keras")
same = np.array_equal(
    again.predict(test, verbose=0)[:, 0], y_prob
)
print("the reloaded model predicts the same:", same)

# ---- results ----
results = {
    "tp": tp, "tn": tn, "fp": fp, "fn": fn,
    **rates,
    "accuracy": of_model["accuracy"],
    "auc": of_model["auc"],
    "accuracy_tuning": history.history["val_accuracy"][-1],
    "accuracy_top": of_top["accuracy"],
    "auc_top": of_top["auc"],
    "accuracy_original": of_original["accuracy"],
    "auc_original": of_original["auc"],
    "accuracy_colour": of_colour["accuracy"],
    "auc_colour": of_colour["auc"],
    "accuracy_features": of_features["accuracy"],
    "auc_features": of_features["auc"],
    "accuracy_random": of_random["accuracy"],
    "auc_random": of_random["auc"],
    **shortcut,
    "reloaded_same": same,
}
aucs = pd.Series(results, dtype=float).filter(like="auc")
print(aucs.round(3).to_string())
