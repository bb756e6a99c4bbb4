"""Fine-tuning: train part of the base, and see why it fails."""

import re
from pathlib import Path

import keras
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from scipy import stats
from sklearn.metrics import roc_auc_score

# ---- constants ----
DATA = "shared_data/cells/images"
WEIGHTS = "shared_data/mobilenet_emoji/mobilenet.weights.h5"
POSITIVE = "Parasitized"
PERSON = "C[0-9]+P?[0-9]*"  # begins a file name
SEED = 1
SIZE = 64
LAYER = "conv_pw_6_relu"
FROZEN = 20  # layers of the base
UNITS = 32
MOMENTUM = {"original": 0.99, "faster": 0.9}
EPOCHS = 5

# ---- load ----
images = keras.utils.image_dataset_from_directory(
    DATA, image_size=[SIZE] * 2, batch_size=None, shuffle=False
)
# Hidden files, such as macOS' ._a.png, are no images: they
# are skipped here, and in the list of files too.
stream = images.ignore_errors().batch(32)
files = [Path(file) for file in images.file_paths]
files = [file for file in files if file.name[0] != "."]
label = np.array([file.parent.name for file in files])
y = (label == POSITIVE).astype(int)
person = np.array([re.match(PERSON, f.name)[0] for f in files])
infected = np.isin(person, person[y == 1])

# ---- partition ----
rows = np.arange(len(y))
is_val, is_test = np.zeros((2, len(y)), dtype=bool)
for group in [infected, ~infected]:
    people = np.unique(person[group])
    assert len(people) >= 2, "too few people in a group"
    is_test |= group & np.isin(person, people[1::4])
    rest = group & ~is_test
    # If only one person is left, split that person's images.
    unit = person if len(people) > 2 else rows
    is_val |= rest & np.isin(unit, np.unique(unit[rest])[1::3])
is_train = ~is_val & ~is_test
part = np.select([is_train, is_val], ["train", "val"], "test")
print(pd.crosstab([part, infected], label))

# ---- pixels ----
scale = keras.Sequential([
    keras.layers.Rescaling(1 / 127.5, offset=-1)
])
x = scale.predict(stream, verbose=0)
assert len(x) == len(files), "unread image"
x_train, x_val, x_test = x[is_train], x[is_val], x[is_test]
y_val = y[is_val]

# ---- model ----
def build(momentum):
    keras.utils.set_random_seed(SEED)
    base = keras.applications.MobileNet(
        alpha=0.25, include_top=False, weights=WEIGHTS
    )
    middle = base.get_layer(LAYER).output
    base = keras.Model(base.input, middle, name="base")
    for layer in base.layers[:FROZEN]:
        layer.trainable = False
    for layer in base.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = momentum
    model = keras.Sequential([
        keras.Input(shape=(SIZE, SIZE, 3)),
        base,
        keras.layers.GlobalAveragePooling2D(),
        keras.layers.Dense(UNITS, activation="relu"),
        keras.layers.Dense(1, activation="sigmoid"),
    ])
    model.compile(optimizer="adam", loss="binary_crossentropy",
                  metrics=["accuracy"])
    return model


# ---- fit ----
models, curve = {}, {}
for name, momentum in MOMENTUM.items():
    models[name] = build(momentum)
    history = models[name].fit(
        x_train, y[is_train], epochs=EPOCHS, verbose=0,
        validation_data=(x_val, y_val),
    )
    curve[name] = history.history["val_accuracy"]
    curve[f"{name}, train"] = history.history["accuracy"]

# ---- table ----
curve = pd.DataFrame(curve, index=range(1, EPOCHS + 1))
print(curve[list(MOMENTUM)].round(2))
curve.plot(xlabel="epoch", ylabel="accuracy",
           xticks=curve.index)
plt.show()

# ---- validate ----
faster = models["faster"]
y_prob = np.array(faster(x_val))[:, 0]
val_auc = roc_auc_score(y_val, y_prob)
print(f"momentum 0.9: AUC {val_auc:.3f}")

# ---- renew ----
# The same weights; only the averages are computed anew.
original = models["original"]
for layer in original.layers[0].layers:
    if isinstance(layer, keras.layers.BatchNormalization):
        layer.momentum = 0.0
original(x_train, training=True)
y_prob = np.array(original(x_val))[:, 0]
val_accuracy_renewed = ((y_prob >= 0.5) == y_val).mean()
print(f"with new averages: {val_accuracy_renewed:.3f}")

# ---- test ----
y_test = y[is_test]
y_prob = np.array(faster(x_test))[:, 0]
right = pd.Series((y_prob >= 0.5) == y_test)
shares = right.groupby(person[is_test]).mean()
interval = stats.ttest_1samp(shares, 0).confidence_interval()
results = {
    "val_accuracy_original": curve.loc[EPOCHS, "original"],
    "val_accuracy_renewed": val_accuracy_renewed,
    "val_accuracy": curve.loc[EPOCHS, "faster"],
    "val_auc": val_auc,
    "test_accuracy": shares.mean(),
    "test_low": max(interval.low, 0),
    "test_high": min(interval.high, 1),
    "test_sensitivity": right[y_test == 1].mean(),
    "test_specificity": right[y_test == 0].mean(),
}
print(pd.Series(results).round(3).to_string())
