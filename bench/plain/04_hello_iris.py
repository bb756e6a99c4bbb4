"""Iris in the manner of the original course: read, scale nothing, fit."""

import os

import keras
import pandas as pd

SPECIES = ["setosa", "versicolor", "virginica"]
keras.utils.set_random_seed(int(os.environ.get("DEEPTWINS_SEED", 1)))

# ---- load ----
flowers = pd.read_csv("shared_data/iris/iris.csv").merge(
    pd.read_csv("shared_data/iris/partitions.csv"), on="row"
)
x, y = {}, {}
for part, rows in flowers.groupby("partition"):
    x[part] = rows.filter(regex="sepal|petal").to_numpy()
    y[part] = keras.utils.to_categorical(rows["species"].map(SPECIES.index), 3)

# ---- train ----
model = keras.Sequential(
    [
        keras.Input(shape=(4,)),
        keras.layers.Dense(10, activation="relu"),
        keras.layers.Dense(3, activation="softmax"),
    ]
)
model.compile(
    optimizer=keras.optimizers.SGD(0.01), loss="categorical_crossentropy", metrics=["accuracy"]
)
model.fit(
    x["train"], y["train"], batch_size=16, epochs=10, validation_data=(x["tuning"], y["tuning"])
)

# ---- test ----
print("accuracy", model.evaluate(x["test"], y["test"])[1])
