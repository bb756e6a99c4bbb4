"""Solution: more filters, a third convolution, more epochs."""

import keras
import numpy as np
import pandas as pd
from scipy.stats import t

# ---- constants ----
DATA = "shared_data/emoji10/emoji10.npz"
DESIGNS = "shared_data/emoji10/pictures.csv"
SEED = 1
TRAIN = 2000
VAL = 400
FILTERS = [16, 32, 64]
DROPOUT = 0.3
LEARNING_RATE = 0.002
EPOCHS = 11

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

# ---- model ----
keras.utils.set_random_seed(SEED)
model = keras.Sequential([
    keras.Input(shape=(32, 32, 3)),
    keras.layers.Rescaling(1 / 255),
    keras.layers.RandomFlip("horizontal"),
])
for filters in FILTERS:
    model.add(keras.layers.Conv2D(
        filters, 3, padding="same", activation="relu"
    ))
    model.add(keras.layers.MaxPooling2D())
model.add(keras.layers.Flatten())
model.add(keras.layers.Dropout(DROPOUT))
model.add(keras.layers.Dense(10, activation="softmax"))
print("parameters:", model.count_params())

# ---- fit ----
model.compile(
    optimizer=keras.optimizers.Adam(LEARNING_RATE),
    loss="sparse_categorical_crossentropy",
    metrics=["accuracy"],
)
history = model.fit(x_train, y_train, epochs=EPOCHS, verbose=2,
                    validation_data=(x_val, y_val))

# ---- validate ----
y_pred = model.predict(x_val, verbose=0).argmax(axis=1)
right = y_pred == y_val
print(f"validation accuracy {right.mean():.4f}")

# ---- test ----
right_test = model.predict(x_test, verbose=0).argmax(1) == y_test
accuracy = right_test.mean()
excess = pd.Series(right_test - accuracy).groupby(design_test)
sums, n = excess.sum(), excess.ngroups
error = (sum(sums ** 2) * n / (n - 1)) ** 0.5 / len(y_test)
margin = t.ppf(0.975, n - 1) * error
results = {
    "val_accuracy": right.mean(),
    "test_accuracy": accuracy,
    "test_low_designs": accuracy - margin,
    "test_high_designs": accuracy + margin,
}
print(pd.Series(results).round(4).to_string())
