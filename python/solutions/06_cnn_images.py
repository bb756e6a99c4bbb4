"""Solution: more convolution, more pooling, mirrored images."""

import keras
import numpy as np

# ---- constants ----
SEED = 1
TRAIN = 2000
TUNING = 400
FILTERS = [32, 64, 64]
KERNEL = 3
LEARNING_RATE = 0.002
BATCH_SIZE = 32
EPOCHS = 8

# ---- load ----
images = read_arrays(
    data_file("emoji10"),
    x_train=(None, 32, 32, 3), y_train=None,
    x_test=(None, 32, 32, 3), y_test=None,
)
learn = slice(0, TRAIN)
tune = slice(TRAIN, TRAIN + TUNING)
x_train = images["x_train"][learn]
y_train = images["y_train"][learn]
x_val = images["x_train"][tune]
y_val = images["y_train"][tune]
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
probability = model.predict(x_test, verbose=0)
predicted = probability.argmax(axis=1)
accuracy = (predicted == y_test).mean()
print(f"test accuracy {accuracy:.4f}")

# ---- results ----
of_truth = probability[range(len(y_test)), y_test]
results = {
    "loss": -np.log(of_truth.astype(float)).mean(),
    "accuracy": accuracy,
}
print(results)
