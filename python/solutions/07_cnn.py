"""Solution: more convolution, more pooling, mirrored images."""

import keras
import numpy as np

# ---- constants ----
DATA = "shared_data/emoji10/emoji10.npz"
SEED = 1
TRAIN = 2000
VAL = 400
FILTERS = [32, 64, 64]
KERNEL = 3
LEARNING_RATE = 0.002
BATCH_SIZE = 32
EPOCHS = 8

# ---- load ----
images = np.load(DATA)
x, y = images["x_train"], images["y_train"]
x_train, y_train = x[:TRAIN], y[:TRAIN]
x_val, y_val = x[TRAIN:TRAIN + VAL], y[TRAIN:TRAIN + VAL]
x_test, y_test = images["x_test"], images["y_test"]

# ---- model ----
keras.utils.set_random_seed(SEED)
model = keras.Sequential([
    keras.Input(shape=(32, 32, 3)),
    keras.layers.Rescaling(1 / 255),
    keras.layers.RandomFlip("horizontal"),
])
for filters in FILTERS:
    model.add(keras.layers.Conv2D(
        filters, KERNEL, padding="same", activation="relu"
    ))
    model.add(keras.layers.MaxPooling2D())
model.add(keras.layers.Flatten())
model.add(keras.layers.Dense(10, activation="softmax"))
print("parameters:", model.count_params())

# ---- fit ----
model.compile(
    optimizer=keras.optimizers.Adam(LEARNING_RATE),
    loss="sparse_categorical_crossentropy",
    metrics=["accuracy"],
)
history = model.fit(
    x_train, y_train,
    batch_size=BATCH_SIZE,
    epochs=EPOCHS,
    validation_data=(x_val, y_val),
    verbose=2,
)

# ---- evaluate ----
y_prob = model.predict(x_test, verbose=0)
y_pred = y_prob.argmax(axis=1)
accuracy = (y_pred == y_test).mean()
print(f"test accuracy {accuracy:.4f}")

# ---- results ----
of_truth = y_prob[range(len(y_test)), y_test]
results = {
    "loss": -np.log(of_truth.astype(float)).mean(),
    "accuracy": accuracy,
}
print(results)
