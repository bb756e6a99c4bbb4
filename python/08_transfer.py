"""Transfer learning: a frozen network looks at blood cells."""

import re
from pathlib import Path

import keras
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from scipy import stats
from sklearn.metrics import roc_auc_score, roc_curve

# ---- constants ----
DATA = "shared_data/cells/images"
NEW = "shared_data/cells/new_cell.png"
WEIGHTS = "shared_data/mobilenet_emoji/mobilenet.weights.h5"
POSITIVE = "Parasitized"
PERSON = "C[0-9]+P?[0-9]*"  # begins a file name
SEED = 1
SIZE = 128
UNITS = 32
EPOCHS = 30

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
photo = np.array([f.name.split("_cell")[0] for f in files])
infected = np.isin(person, person[y == 1])

# ---- partition ----
is_val, is_test = np.zeros((2, len(y)), dtype=bool)
for group in [infected, ~infected]:
    people = np.unique(person[group])
    is_test |= group & np.isin(person, people[1::4])
    rest = group & ~is_test
    # If only one person is left, split the photographs.
    unit = person if len(set(person[rest])) > 1 else photo
    is_val |= rest & np.isin(unit, np.unique(unit[rest])[1::3])
is_train = ~is_val & ~is_test
part = np.select([is_train, is_val], ["train", "val"], "test")
print(pd.crosstab([part, infected], label))
print(pd.Series(person).groupby(part).nunique().to_string())

# ---- look ----
fig, axes = plt.subplots(2, 4, figsize=(6, 3.4))
for ax, i in zip(axes.flat, np.flatnonzero(is_train)[::24]):
    ax.imshow(plt.imread(files[i]))
    ax.set_title(f"{person[i]}\n{label[i]}", fontsize=8)
    ax.axis("off")
plt.show()

# ---- colour ----
average = keras.Sequential([
    keras.layers.CenterCrop(SIZE // 2, SIZE // 2),
    keras.layers.GlobalAveragePooling2D(),
])
colour = average.predict(stream, verbose=0)


def vote(i, hidden):
    distance = ((colour - colour[i]) ** 2).sum(axis=1)
    distance[hidden | is_test] = np.inf
    near = distance.argsort(kind="stable")[:5]
    return (y[near].mean() > 0.5) == y[i]


rows = np.arange(len(y))
by_colour = [vote(i, ~is_train) for i in rows[is_val]]
print(f"accuracy by the mean colour: {np.mean(by_colour):.3f}")

# ---- shortcut ----
vote_by_image, vote_by_person = (
    np.mean([vote(i, who == who[i]) for i in rows[~is_test]])
    for who in [rows, person]
)
print(f"image {vote_by_image:.3f}, person {vote_by_person:.3f}")

# ---- base ----
base = keras.applications.MobileNet(
    alpha=0.25, include_top=False, pooling="avg", weights=WEIGHTS
)
extractor = keras.Sequential([
    keras.Input(shape=(SIZE, SIZE, 3)),
    keras.layers.Rescaling(1 / 127.5, offset=-1),
    base,
])
x = extractor.predict(stream, verbose=0)
x_train, x_val, x_test = x[is_train], x[is_val], x[is_test]
print("features:", x.shape, " weights:", base.count_params())

# ---- head ----
keras.utils.set_random_seed(SEED)
head = keras.Sequential([
    keras.Input(shape=x.shape[1:]),
    keras.layers.Dense(UNITS, activation="relu"),
    keras.layers.Dense(1, activation="sigmoid"),
])
head.compile(optimizer="adam", loss="binary_crossentropy")

# ---- fit ----
y_val = y[is_val]
history = head.fit(
    x_train, y[is_train], epochs=EPOCHS, verbose=0,
    validation_data=(x_val, y_val),
)
curve = pd.DataFrame(history.history, range(1, EPOCHS + 1))
curve.plot(xlabel="epoch", ylabel="loss")
plt.show()

# ---- validate ----
y_prob = head.predict(x_val, verbose=0)[:, 0]
val_auc = roc_auc_score(y_val, y_prob)
fpr, tpr, thresholds = roc_curve(y_val, y_prob)
threshold = float(thresholds[np.argmax(tpr - fpr)])
print(f"AUC {val_auc:.3f}, threshold {threshold:.3f}")

# ---- predict ----
model = keras.Sequential([extractor, head])
image = keras.utils.load_img(
    NEW, target_size=[SIZE] * 2, interpolation="bilinear"
)
new_prob = model.predict(np.array([image]), verbose=0)[0, 0]
named = POSITIVE if new_prob >= threshold else f"not {POSITIVE}"
print(f"{Path(NEW).name}: {new_prob:.3f}, {named}")

# ---- test ----
y_test = y[is_test]
test_prob = head.predict(x_test, verbose=0)[:, 0]
right = pd.Series((test_prob >= threshold) == y_test)
# Cells of one person are alike: what counts are people.
shares = right.groupby(person[is_test]).mean()
interval = stats.ttest_1samp(shares, 0).confidence_interval()
results = {
    "val_accuracy_colour": np.mean(by_colour),
    "vote_by_image": vote_by_image,
    "vote_by_person": vote_by_person,
    "val_auc": val_auc,
    "val_accuracy": ((y_prob >= threshold) == y_val).mean(),
    "test_accuracy": shares.mean(),
    "test_low": max(interval.low, 0),
    "test_high": min(interval.high, 1),
    "test_sensitivity": right[y_test == 1].mean(),
    "test_specificity": right[y_test == 0].mean(),
}
print(pd.Series(results).round(3).to_string())
