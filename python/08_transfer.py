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
print(pd.Series(person).groupby(part).nunique().to_string())

# ---- look ----
fig, axes = plt.subplots(2, 4, figsize=(6, 3.4))
for ax, i in zip(axes.flat, np.flatnonzero(is_train)[::24]):
    ax.imshow(plt.imread(files[i]))
    ax.set_title(f"{person[i]}\n{label[i]}", fontsize=8)
    ax.axis("off")
plt.show()

# ---- colour ----
crop = keras.layers.CenterCrop(SIZE // 2, SIZE // 2)
average = keras.layers.GlobalAveragePooling2D()
colour_of = keras.Sequential([crop, average])
colour = colour_of.predict(stream, verbose=0)
assert len(colour) == len(files), "unread image"


def vote(i, hidden):
    distance = ((colour - colour[i]) ** 2).sum(axis=1)
    distance[hidden | is_test] = np.inf
    near = y[distance.argsort(kind="stable")[:5]]
    return (near.mean() > 0.5) == y[i]


by_colour = np.mean([vote(i, ~is_train) for i in rows[is_val]])
print(f"accuracy by the mean colour: {by_colour:.3f}")

# ---- shortcut ----
by_image, by_person = [np.mean([
    vote(i, who == who[i]) for i in rows[~is_test]
]) for who in [rows, person]]
print(f"image {by_image:.3f}, person {by_person:.3f}")

# ---- base ----
base = keras.applications.MobileNet(weights=WEIGHTS, alpha=0.25,
    include_top=False, pooling="avg")
scale = keras.layers.Rescaling(1 / 127.5, offset=-1)
extractor = keras.Sequential([scale, base])
x = extractor.predict(stream, verbose=0)
print("features:", x.shape, " weights:", base.count_params())

# ---- head ----
keras.utils.set_random_seed(SEED)
head = keras.Sequential([
    keras.layers.Dense(UNITS, activation="relu"),
    keras.layers.Dense(1, activation="sigmoid"),
])
head.compile(optimizer="adam", loss="binary_crossentropy")

# ---- fit ----
y_val = y[is_val]
history = head.fit(
    x[is_train], y[is_train], epochs=EPOCHS, verbose=0,
    validation_data=(x[is_val], y_val))
curve = pd.DataFrame(history.history, range(1, EPOCHS + 1))
curve.plot(xlabel="epoch", ylabel="loss")
plt.show()

# ---- validate ----
y_prob = head.predict(x[is_val], verbose=0)[:, 0]
val_auc = roc_auc_score(y_val, y_prob)
fpr, tpr, thresholds = roc_curve(y_val, y_prob)
threshold = float(thresholds[np.argmax(tpr - fpr)])
print(f"AUC {val_auc:.3f}, threshold {threshold:.3f}")

# ---- control ----
# The same networks with new random weights. The features of
# a random base are tiny, so they are enlarged.
keras.utils.set_random_seed(SEED)
copy = keras.models.clone_model(extractor)
z = copy.predict(stream, verbose=0) * 2**50
control = keras.models.clone_model(head)
control.compile(optimizer="adam", loss="binary_crossentropy")
control.fit(z[is_train], y[is_train], epochs=EPOCHS, verbose=0)
random_prob = control.predict(z[is_val], verbose=0)[:, 0]
val_auc_random = roc_auc_score(y_val, random_prob)
print(f"AUC with a random base: {val_auc_random:.3f}")

# ---- predict ----
resize = keras.layers.Resizing(SIZE, SIZE)
model = keras.Sequential([resize, extractor, head])
image = keras.utils.img_to_array(keras.utils.load_img(NEW))
new_prob = model.predict(image[np.newaxis], verbose=0)[0, 0]
named = POSITIVE if new_prob >= threshold else f"not {POSITIVE}"
print(f"{Path(NEW).name}: {new_prob:.3f}, {named}")

# ---- test ----
y_test = y[is_test]
test_prob = head.predict(x[is_test], verbose=0)[:, 0]
right = pd.Series((test_prob >= threshold) == y_test)
# Cells of one person are alike: what counts are people.
shares = right.groupby(person[is_test]).mean()
low, high = stats.ttest_1samp(shares, 0).confidence_interval()
for one in ["sensitivity", "specificity"]:
    hits = right[y_test == (one == "sensitivity")]
    count = stats.binomtest(hits.sum(), len(hits))
    print(one, np.round(count.proportion_ci(method="wilson"), 3))
results = {
    "val_accuracy_colour": by_colour,
    "vote_by_image": by_image, "vote_by_person": by_person,
    "val_auc": val_auc, "val_auc_random": val_auc_random,
    "val_accuracy": ((y_prob >= threshold) == y_val).mean(),
    "test_accuracy": shares.mean(),
    "test_low": max(low, 0), "test_high": min(high, 1),
    "test_sensitivity": right[y_test == 1].mean(),
    "test_specificity": right[y_test == 0].mean(),
}
print(pd.Series(results).round(3).to_string())
