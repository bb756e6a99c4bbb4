"""Hello, iris: a first network in Keras' six steps."""

import keras
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.metrics import confusion_matrix

from deeptwins import data_dir, report, result_file, seed

# ---- constants ----
SEED = seed(1)
SPECIES = ["setosa", "versicolor", "virginica"]
FEATURES = [
    "sepal_length", "sepal_width", "petal_length", "petal_width"
]
UNITS = 10
LEARNING_RATE = 0.01
BATCH_SIZE = 16
EPOCHS = 10
TARGET = {"accuracy": 0.9}

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
x_tuning, y_tuning = take("tuning")
x_test, y_test = take("test")
print("flowers:", len(y_train), len(y_tuning), len(y_test))

# ---- model ----
keras.utils.set_random_seed(SEED)
model = keras.Sequential([
    keras.Input(shape=(4,)),
    keras.layers.Dense(UNITS, activation="relu"),
    keras.layers.Dense(3, activation="softmax"),
])
start = model.get_weights()
print("parameters:", model.count_params())

# ---- compile ----
model.compile(
    optimizer=keras.optimizers.SGD(LEARNING_RATE),
    loss="sparse_categorical_crossentropy",
    metrics=["accuracy"],
)

# ---- fit ----
history = model.fit(
    x_train, y_train,
    batch_size=BATCH_SIZE,
    epochs=EPOCHS,
    validation_data=(x_tuning, y_tuning),
    verbose=2,
)

# ---- curve ----
curve = pd.DataFrame(history.history)
curve["epoch"] = range(1, EPOCHS + 1)
fig, axes = plt.subplots(2, 1, sharex=True)
for ax, name in zip(axes, ["accuracy", "loss"]):
    ax.plot(curve["epoch"], curve[name], label="train")
    ax.plot(curve["epoch"], curve[f"val_{name}"], label="tuning")
    ax.set_ylabel(name)
axes[0].legend()
axes[1].set_xlabel("epoch")
fig.savefig(result_file("04_hello_iris-curve.png"))
plt.show()

# ---- evaluate ----
scores = model.evaluate(x_test, y_test, verbose=0,
                        return_dict=True)
print(f"test loss     {scores['loss']:.4f}")
print(f"test accuracy {scores['accuracy']:.4f}")

# ---- predict ----
probability = model.predict(x_test, verbose=0)
predicted = probability.argmax(axis=1)
print(pd.DataFrame(
    confusion_matrix(y_test, predicted, labels=range(3)),
    index=pd.Index(SPECIES, name="true"), columns=SPECIES,
))

# ---- save ----
model.save(result_file("04_hello_iris.keras"))
again = keras.models.load_model(
    result_file("04_hello_iris.keras")
)
same = np.array_equal(
    again.predict(x_test, verbose=0), probability
)
print("the reloaded model predicts the same:", same)

# ---- report ----
of_truth = probability[range(len(y_test)), y_test]
report(
    "04_hello_iris",
    data={
        "x_train": x_train, "y_train": y_train,
        "x_tuning": x_tuning, "y_tuning": y_tuning,
        "x_test": x_test, "y_test": y_test,
    },
    networks={"iris": (model, start, history)},
    metrics={
        "loss": -np.log(of_truth.astype(float)).mean(),
        "accuracy": (predicted == y_test).mean(),
        "reloaded_same": same,
    },
)
