"""Solution: scale the inputs by what the training rows know."""

import keras
import numpy as np
import pandas as pd

# ---- constants ----
FLOWERS = "shared_data/iris/iris.csv"
PARTITIONS = "shared_data/iris/partitions.csv"
SEED = 1
SPECIES = ["setosa", "versicolor", "virginica"]
FEATURES = [
    "sepal_length", "sepal_width", "petal_length", "petal_width"
]
FOLDS = 5
UNITS = 10
LEARNING_RATE = 0.2
BATCH_SIZE = 4
EPOCHS = 12

# ---- load ----
flowers = pd.read_csv(FLOWERS).merge(
    pd.read_csv(PARTITIONS), on="row"
)
x = flowers[FEATURES].to_numpy("float32").copy()
y = flowers["species"].map(SPECIES.index).to_numpy()
fold = flowers[f"fold_{FOLDS}"].to_numpy()
is_test = (flowers["partition"] == "test").to_numpy()

# ---- network ----
keras.utils.set_random_seed(SEED)
model = keras.Sequential([
    keras.Input(shape=(len(FEATURES),)),
    keras.layers.Dense(UNITS, activation="relu"),
    keras.layers.Dense(3, activation="softmax"),
])
model.compile(
    optimizer=keras.optimizers.SGD(LEARNING_RATE),
    loss="sparse_categorical_crossentropy",
)
weights = model.get_weights()


def fit_and_score(learn, ask):
    scaler = keras.layers.Normalization()
    scaler.adapt(x[learn])
    model.set_weights(weights)
    model.fit(scaler(x[learn]), y[learn],
              batch_size=BATCH_SIZE, epochs=EPOCHS, verbose=0)
    y_prob = model.predict(scaler(x[ask]), verbose=0)
    return (y_prob.argmax(axis=1) == y[ask]).mean()


# ---- folds ----
scores = [
    fit_and_score(~is_test & (fold != i), fold == i)
    for i in range(1, FOLDS + 1)
]
print(f"{FOLDS} folds: mean {np.mean(scores):.3f}, "
      f"sd {np.std(scores, ddof=1):.3f}")

# ---- final ----
final = fit_and_score(~is_test, is_test)
print(f"test: {final:.3f}")

# ---- results ----
results = {
    "accuracy_5_fold": np.mean(scores),
    "sd_5_fold": np.std(scores, ddof=1),
    "accuracy_final": final,
}
