"""Small images in the manner of the original course: scale in NumPy, one-hot, fit."""

import os

import keras
import numpy as np

keras.utils.set_random_seed(int(os.environ.get("DEEPTWINS_SEED", 1)))

# ---- load ----
images = np.load("shared_data/emoji10/emoji10.npz")
x = images["x_train"].astype("float32") / 255
y = keras.utils.to_categorical(images["y_train"], 10)
x_test = images["x_test"].astype("float32") / 255
y_test = keras.utils.to_categorical(images["y_test"], 10)

# ---- train ----
model = keras.Sequential(
    [
        keras.Input(shape=(32, 32, 3)),
        keras.layers.Conv2D(32, 5, padding="same", activation="relu"),
        keras.layers.MaxPooling2D(),
        keras.layers.Flatten(),
        keras.layers.Dense(10, activation="softmax"),
    ]
)
model.compile(optimizer="adam", loss="categorical_crossentropy", metrics=["accuracy"])
model.fit(
    x[:2000],
    y[:2000],
    batch_size=32,
    epochs=5,
    validation_data=(x[2000:2400], y[2000:2400]),
)

# ---- test ----
print("accuracy", model.evaluate(x_test, y_test)[1])
