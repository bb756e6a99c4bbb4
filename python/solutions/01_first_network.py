"""Solution: the unscaled network, trained longer and by Adam."""

import keras
import numpy as np
import pandas as pd
from scipy.stats import binomtest

# ---- constants ----
FLOWERS = "shared_data/iris/iris.csv"
PARTITIONS = "shared_data/iris/partitions.csv"
SEED = 1
SPECIES = ["setosa", "versicolor", "virginica"]
FEATURES = [
    "sepal_length", "sepal_width", "petal_length", "petal_width"
]
UNITS = 10
LEARNING_RATE = 0.02
BATCH_SIZE = 16
EPOCHS = 30

# ---- load ----
flowers = pd.read_csv(FLOWERS)
partitions = pd.read_csv(PARTITIONS)
assert set(flowers["row"]) == set(partitions["row"])
flowers = flowers.merge(partitions, on="row").sort_values("row")
flowers["class"] = flowers["species"].map(SPECIES.index)
train = flowers[flowers["partition"] == "train"]
val = flowers[flowers["partition"] == "val"]
test = flowers[flowers["partition"] == "test"]

x_train, y_train = train[FEATURES].to_numpy(), train["class"]
x_val, y_val = val[FEATURES].to_numpy(), val["class"]
x_test, y_test = test[FEATURES].to_numpy(), test["class"]

# ---- broken ----
models = []
unscaled = []
for i in range(1, 6):
    keras.utils.set_random_seed(100 * SEED + i)
    model = keras.Sequential([
        keras.Input(shape=(4,)),
        keras.layers.Dense(UNITS, activation="relu"),
        keras.layers.Dense(3, activation="softmax"),
    ])
    model.compile(
        optimizer=keras.optimizers.Adam(LEARNING_RATE),
        loss="sparse_categorical_crossentropy",
    )
    model.fit(x_train, y_train, batch_size=BATCH_SIZE,
              epochs=EPOCHS, verbose=0)
    y_pred = np.array(model(x_val)).argmax(axis=1)
    models.append(model)
    unscaled.append((y_pred == y_val).mean())
    print(f"mended network {i}: {unscaled[-1]:.4f}")

# ---- test ----
y_pred = models[0].predict(x_test, verbose=0).argmax(axis=1)
correct = int((y_pred == y_test).sum())
interval = binomtest(correct, len(y_test)).proportion_ci(
    method="wilson"
)
print(f"test accuracy {correct / len(y_test):.4f}")
print(f"95 % interval {interval.low:.4f} to {interval.high:.4f}")

results = {
    "val_accuracy_broken": unscaled[0],
    "val_accuracy_broken_worst": min(unscaled),
    "test_accuracy": correct / len(y_test),
    "test_low": interval.low,
    "test_high": interval.high,
}
print(pd.Series(results).to_string())
