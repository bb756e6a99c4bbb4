"""Solution: scaled inputs, Adam, and more epochs."""

import keras
import numpy as np
import pandas as pd

# ---- constants ----
SEED = 1
SPECIES = ["setosa", "versicolor", "virginica"]
FEATURES = [
    "sepal_length", "sepal_width", "petal_length", "petal_width"
]
UNITS = 10
LEARNING_RATE = 0.03
BATCH_SIZE = 16
EPOCHS = 40

# ---- load ----
folder = data_dir("iris")
flowers = pd.read_csv(folder / "iris.csv").merge(
    pd.read_csv(folder / "partitions.csv"), on="row"
)


def take(name):
    part = flowers[flowers["partition"] == name]
    x = part[FEATURES].to_numpy()
    y = part["species"].map(SPECIES.index).to_numpy()
    return x, y


x_train, y_train = take("train")
x_val, y_val = take("tuning")
x_test, y_test = take("test")

# ---- model ----
keras.utils.set_random_seed(SEED)
scaler = keras.layers.Normalization()
scaler.adapt(np.ascontiguousarray(x_train, "float32"))
model = keras.Sequential([
    keras.Input(shape=(4,)),
    scaler,
    keras.layers.Dense(UNITS, activation="relu"),
    keras.layers.Dense(3, activation="softmax"),
])

# ---- compile ----
model.compile(
    optimizer=keras.optimizers.Adam(LEARNING_RATE),
    loss="sparse_categorical_crossentropy",
    metrics=["accuracy"],
)

# ---- fit ----
history = model.fit(
    x_train, y_train,
    batch_size=BATCH_SIZE,
    epochs=EPOCHS,
    validation_data=(x_val, y_val),
    verbose=0,
)
tuning = history.history["val_accuracy"][-1]
print(f"tuning accuracy {tuning:.4f}")

# ---- evaluate ----
scores = model.evaluate(x_test, y_test, verbose=0,
                        return_dict=True)
print(f"test accuracy   {scores['accuracy']:.4f}")

# ---- results ----
probability = model.predict(x_test, verbose=0)
predicted = probability.argmax(axis=1)
of_truth = probability[range(len(y_test)), y_test]
results = {
    "loss": -np.log(of_truth.astype(float)).mean(),
    "accuracy": (predicted == y_test).mean(),
}
print(pd.Series(results, dtype=float).round(4).to_string())
