"""Convolution and pooling: a network that looks at images."""

import keras
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import confusion_matrix

# ---- constants ----
DATA = "shared_data/emoji10/emoji10.npz"
SEED = 1
CLASSES = [
    "airplane", "automobile", "bird", "cat", "deer",
    "dog", "frog", "horse", "ship", "truck"
]
TRAIN = 2000
VAL = 400
FILTERS = 32
KERNEL = 5
BATCH_SIZE = 32
EPOCHS = 5
BLOCK = 4
C = 0.1

# ---- load ----
images = np.load(DATA)
x, y = images["x_train"], images["y_train"]
x_train, y_train = x[:TRAIN], y[:TRAIN]
x_val, y_val = x[TRAIN:TRAIN + VAL], y[TRAIN:TRAIN + VAL]
x_test, y_test = images["x_test"], images["y_test"]
print("images:", len(y_train), len(y_val), len(y_test))
print("one image:", x_train.shape[1:],
      "from", x_train.min(), "to", x_train.max())

# ---- look ----
fig, axes = plt.subplots(5, 10)
for label, column in enumerate(axes.T):
    rows = np.flatnonzero(y_train == label)[:5]
    for ax, row in zip(column, rows):
        ax.imshow(x_train[row])
        ax.axis("off")
    column[0].set_title(CLASSES[label], fontsize=6, loc="center")
plt.show()

# ---- model ----
keras.utils.set_random_seed(SEED)
model = keras.Sequential([
    keras.Input(shape=(32, 32, 3)),
    keras.layers.Rescaling(1 / 255),
    keras.layers.Conv2D(FILTERS, KERNEL, padding="same",
                        activation="relu"),
    keras.layers.MaxPooling2D(),
    keras.layers.Flatten(),
    keras.layers.Dense(10, activation="softmax"),
])
model.summary()

# ---- compile ----
model.compile(
    optimizer="adam",
    loss="sparse_categorical_crossentropy",
    metrics=["accuracy"],
)

# ---- fit ----
history = model.fit(
    x_train, y_train,
    batch_size=BATCH_SIZE,
    epochs=EPOCHS,
    validation_data=(x_val, y_val),
    verbose=2,
)

# ---- curve ----
curve = pd.DataFrame(history.history)
curve.index += 1
fig, axes = plt.subplots(2, 1, sharex=True)
curve[["accuracy", "val_accuracy"]].plot(ax=axes[0])
curve[["loss", "val_loss"]].plot(ax=axes[1], xlabel="epoch")
plt.show()

# ---- evaluate ----
y_prob = model.predict(x_test, verbose=0)
y_pred = y_prob.argmax(axis=1)
accuracy = (y_pred == y_test).mean()
print(f"test accuracy {accuracy:.4f}")

# ---- confusion ----
confusion = confusion_matrix(y_test, y_pred, labels=range(10))
fig, ax = plt.subplots(figsize=(6, 4.5))
ax.imshow(confusion, cmap="Blues")
for (row, column), count in np.ndenumerate(confusion):
    dark = count > confusion.max() / 2
    ax.text(column, row, count, ha="center", va="center",
            fontsize=8, color="white" if dark else "black")
ax.set_xticks(range(10), CLASSES, rotation=45, ha="right")
ax.set_yticks(range(10), CLASSES)
ax.set(xlabel="predicted", ylabel="true")
ax.grid(False)
plt.show()

# ---- filters ----
kernels = model.layers[1].get_weights()[0]
lowest, highest = kernels.min(), kernels.max()
kernels = (kernels - lowest) / (highest - lowest)
fig, axes = plt.subplots(4, 8, figsize=(6, 3.2))
for number, ax in enumerate(axes.flat):
    ax.imshow(kernels[:, :, :, number])
    ax.axis("off")
plt.show()

# ---- maps ----
eye = keras.Model(model.inputs, model.layers[1].output)
maps = eye.predict(x_test[:1], verbose=0)
print("one image becomes", maps.shape[1:])
fig, axes = plt.subplots(4, 8, figsize=(6, 3.2))
for number, ax in enumerate(axes.flat):
    ax.imshow(maps[0, :, :, number], vmin=0, vmax=maps.max())
    ax.axis("off")
plt.show()

# ---- baseline ----
def average_blocks(x):
    side = 32 // BLOCK
    tiles = x.reshape(len(x), side, BLOCK, side, BLOCK, 3) / 255
    return tiles.mean(axis=(2, 4)).reshape(len(x), -1)


blocks = average_blocks(x_train)
baseline = LogisticRegression(C=C, tol=1e-6, max_iter=1000)
baseline.fit(blocks, y_train)
guessed = baseline.predict(average_blocks(x_test))
accuracy_baseline = (guessed == y_test).mean()
print(f"logistic regression on {blocks.shape[1]} "
      f"averaged pixels {accuracy_baseline:.4f}")

# ---- save ----
model.save("images.keras")

# ---- results ----
of_truth = y_prob[range(len(y_test)), y_test]
results = {
    "loss": -np.log(of_truth.astype(float)).mean(),
    "accuracy": accuracy,
    "accuracy_baseline": accuracy_baseline,
}
print(pd.Series(results).round(4).to_string())
