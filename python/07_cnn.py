"""Convolution and pooling: a network that looks at images."""

import keras
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from scipy.stats import binomtest, t
from sklearn.linear_model import LogisticRegression

# ---- constants ----
DATA = "shared_data/emoji10/emoji10.npz"
DESIGNS = "shared_data/emoji10/pictures.csv"
PICTURE = "shared_data/emoji10/new.png"
SEED = 1
CLASSES = ["airplane", "automobile", "bird", "cat", "deer",
           "dog", "frog", "horse", "ship", "truck"]
TRAIN = 2000
VAL = 400
FILTERS = 16
DROPOUT = 0.3
EPOCHS = 5
PATCH = 8

# ---- load ----
images = np.load(DATA)
x, y = images["x_train"], images["y_train"]
x_train, y_train = x[:TRAIN], y[:TRAIN]
x_val, y_val = x[TRAIN:TRAIN + VAL], y[TRAIN:TRAIN + VAL]
x_test, y_test = images["x_test"], images["y_test"]
design = np.arange(len(x) + len(x_test))
if DESIGNS:
    design = pd.read_csv(DESIGNS)["design"].to_numpy()
design_test = design[len(x):]
print("test designs:", len(set(design_test)))

# ---- look ----
def draw(images, titles, rows=1):
    fig, axes = plt.subplots(rows, len(images) // rows,
                             layout="constrained")
    for ax, image, title in zip(axes.flat, images, titles):
        ax.imshow(image / image.max(), cmap="gray", vmin=0)
        ax.set_title(title, fontsize=7, loc="center")
        ax.axis("off")
    plt.show()


few = y_train.argsort(kind="stable")[::50]
draw(x_train[few], [CLASSES[y] for y in y_train[few]], 5)

# ---- model ----
keras.utils.set_random_seed(SEED)
model = keras.Sequential([
    keras.Input(shape=(32, 32, 3)),
    keras.layers.Rescaling(1 / 255),
    keras.layers.RandomFlip("horizontal"),
    keras.layers.Conv2D(FILTERS, 3, activation="relu"),
    keras.layers.MaxPooling2D(),
    keras.layers.Conv2D(2 * FILTERS, 3, activation="relu"),
    keras.layers.MaxPooling2D(),
    keras.layers.Flatten(),
    keras.layers.Dropout(DROPOUT),
    keras.layers.Dense(10, activation="softmax"),
])
model.summary()

# ---- compile ----
model.compile(optimizer="adam", metrics=["accuracy"],
              loss="sparse_categorical_crossentropy")

# ---- fit ----
history = model.fit(x_train, y_train, epochs=EPOCHS, verbose=2,
                    validation_data=(x_val, y_val))

# ---- curve ----
curve = pd.DataFrame(history.history, range(1, EPOCHS + 1))
curve.plot(xlabel="epoch", xticks=curve.index, subplots=[
    ("accuracy", "val_accuracy"), ("loss", "val_loss")])
plt.show()

# ---- validate ----
y_prob = model.predict(x_val, verbose=0)
y_pred = y_prob.argmax(axis=1)
right = y_pred == y_val
print(f"network {right.mean():.4f}")

# ---- baseline ----
pool = keras.layers.AveragePooling2D(4)
def average_blocks(x):
    blocks = pool(x / 255).numpy().astype(float)
    return blocks.reshape(len(x), -1)


baseline = LogisticRegression(C=0.1, tol=1e-6, max_iter=1000)
baseline.fit(average_blocks(x_train), y_train)
guess = baseline.predict(average_blocks(x_val))
print(f"logistic regression {(guess == y_val).mean():.4f}")

# ---- errors ----
print(pd.crosstab(np.array(CLASSES)[y_val], y_pred,
                  rownames=["true"], colnames=["predicted"]))
of_truth = y_prob[np.arange(VAL), y_val]
worst = of_truth.argsort()[:8]
draw(x_val[worst], [
    f"{CLASSES[true]}: {CLASSES[guess]}?"
    for true, guess in zip(y_val[worst], y_pred[worst])
], 2)

# ---- filters ----
surest = of_truth.argmax()
image = x_val[surest]
conv = model.layers[2]
see = keras.Model(model.inputs, conv.output)
maps = see.predict(x_val[[surest]], verbose=0)[0]
strong = maps.mean(axis=(0, 1)).argsort()[::-1][:6]
filters = 1 / (1 + np.exp(-5 * conv.get_weights()[0]))
draw([image, *(filters[:, :, :, one] for one in strong),
      image, *(maps[:, :, one] for one in strong)],
     2 * ["image", *(strong + 1)], 2)

# ---- occlusion ----
side = 33 - PATCH
covered = np.repeat(x_val[[surest]], side ** 2, axis=0)
for copy, (row, column) in zip(covered, np.ndindex(side, side)):
    copy[row:row + PATCH, column:column + PATCH] = 127
p_covered = model.predict(covered, verbose=0)[:, y_val[surest]]
draw([image, 1 - p_covered.reshape(side, side)],
     [CLASSES[y_val[surest]], "bright: covering hurts"])
print(f"p: {of_truth[surest]:.3f}, {p_covered.min():.3f}")

# ---- predict ----
new = keras.utils.load_img(PICTURE, target_size=(32, 32),
                           interpolation="box")
new_prob = model.predict(np.array([new]), verbose=0)[0]
print(f"{CLASSES[new_prob.argmax()]} {new_prob.max():.4f}")

# ---- test ----
right_test = model.predict(x_test, verbose=0).argmax(1) == y_test
accuracy = right_test.mean()
by_images = binomtest(sum(right_test), len(y_test))
low, high = by_images.proportion_ci(method="wilson")
excess = pd.Series(right_test - accuracy).groupby(design_test)
sums, n = excess.sum(), excess.ngroups
error = (sum(sums ** 2) * n / (n - 1)) ** 0.5 / len(y_test)
margin = t.ppf(0.975, n - 1) * error
results = {
    "val_accuracy": right.mean(),
    "val_accuracy_baseline": (guess == y_val).mean(),
    "test_accuracy": accuracy, "test_designs": n,
    "test_low_images": low, "test_high_images": high,
    "test_low_designs": accuracy - margin,
    "test_high_designs": accuracy + margin,
}
print(pd.Series(results).round(4).to_string())
