"""Solution: features from the middle of the base."""

import re
from pathlib import Path

import keras
import numpy as np
import pandas as pd
from scipy import stats
from sklearn.metrics import roc_auc_score, roc_curve

# ---- constants ----
DATA = "shared_data/cells/images"
WEIGHTS = "shared_data/mobilenet_emoji/mobilenet.weights.h5"
POSITIVE = "Parasitized"
PERSON = "C[0-9]+P?[0-9]*"  # begins a file name
SEED = 1
SIZE = 128
LAYER = "conv_pw_6_relu"
UNITS = 32
LEARNING_RATE = 0.003
EPOCHS = 20

# ---- load ----
images = keras.utils.image_dataset_from_directory(DATA,
    image_size=[SIZE] * 2, batch_size=None, shuffle=False)
# Files of macOS such as ._a.png are no images: they are
# skipped here, and in the list of files too.
stream = images.ignore_errors().batch(32)
files = [Path(f) for f in images.file_paths if "._" not in f]
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

# ---- base ----
# Features from the middle may be more general.
base = keras.applications.MobileNet(
    alpha=0.25, include_top=False, weights=WEIGHTS
)
extractor = keras.Sequential([
    keras.Input(shape=(SIZE, SIZE, 3)),
    keras.layers.Rescaling(1 / 127.5, offset=-1),
    keras.Model(base.input, base.get_layer(LAYER).output),
    keras.layers.GlobalAveragePooling2D(),
])
x = extractor.predict(stream, verbose=0)
assert len(x) == len(files), "unread image"
x_train, x_val, x_test = x[is_train], x[is_val], x[is_test]
print("features:", x.shape)

# ---- head ----
keras.utils.set_random_seed(SEED)
scaler = keras.layers.Normalization()
scaler.adapt(x_train)
head = keras.Sequential([
    keras.Input(shape=x.shape[1:]),
    scaler,
    keras.layers.Dense(UNITS, activation="relu"),
    keras.layers.Dense(1, activation="sigmoid"),
])
head.compile(
    optimizer=keras.optimizers.Adam(LEARNING_RATE),
    loss="binary_crossentropy",
)

# ---- fit ----
y_val = y[is_val]
head.fit(
    x_train, y[is_train], epochs=EPOCHS, verbose=0,
    validation_data=(x_val, y_val),
)

# ---- validate ----
y_prob = head.predict(x_val, verbose=0)[:, 0]
val_auc = roc_auc_score(y_val, y_prob)
fpr, tpr, thresholds = roc_curve(y_val, y_prob)
threshold = float(thresholds[np.argmax(tpr - fpr)])
print(f"AUC {val_auc:.3f}, threshold {threshold:.3f}")

# ---- test ----
y_test = y[is_test]
test_prob = head.predict(x_test, verbose=0)[:, 0]
right = pd.Series((test_prob >= threshold) == y_test)
# Cells of one person are alike: what counts are people.
shares = right.groupby(person[is_test]).mean()
interval = stats.ttest_1samp(shares, 0).confidence_interval()
results = {
    "val_auc": val_auc,
    "val_accuracy": ((y_prob >= threshold) == y_val).mean(),
    "test_accuracy": shares.mean(),
    "test_low": max(interval.low, 0),
    "test_high": min(interval.high, 1),
    "test_sensitivity": right[y_test == 1].mean(),
    "test_specificity": right[y_test == 0].mean(),
}
print(pd.Series(results).round(3).to_string())
