"""Solution: a race of all configurations, fold by fold."""

import keras
import numpy as np
import pandas as pd
from distributed import Client, SubprocessCluster

# ---- constants ----
NUCLEI = "shared_data/nuclei/nuclei.csv"
FOLDS_OF = "shared_data/search/folds.csv"
DRAWN = "shared_data/search/configurations.csv"
SEED = 1
FEATURES = [
    "radius", "texture", "perimeter", "area", "smoothness",
    "compactness", "concavity", "concave_points", "symmetry",
    "fractal_dimension"
]
RACE = [24, 12, 6, 3, 3]
BATCH_SIZE = 32
EPOCHS = 12
SMALLEST = 1e-7
WORKERS = 2

# ---- load ----
tumours = pd.read_csv(NUCLEI).merge(
    pd.read_csv(FOLDS_OF), on="row"
)
x = tumours[FEATURES].to_numpy("float32").copy()
y = (tumours["diagnosis"] == "malignant").to_numpy(int)
fold = tumours["fold"].to_numpy()
configurations = pd.read_csv(DRAWN)
print("tumours for the search:", (fold > 0).sum(),
      "for the test:", (fold == 0).sum())

# ---- task ----
# Others draw from a worker's random numbers, too: each layer
# gets a seed of its own.
drawn = keras.initializers.GlorotUniform


def train(number, learn):
    """Train one network on some of the tumours."""
    chosen = configurations.set_index("configuration")
    chosen = chosen.loc[number]
    keras.utils.set_random_seed(SEED)
    scaler = keras.layers.Normalization()
    scaler.adapt(x[learn])
    model = keras.Sequential([
        keras.Input(shape=(len(FEATURES),)),
        keras.layers.Dense(int(chosen["units"]),
                           activation="relu",
                           kernel_initializer=drawn(SEED)),
        keras.layers.Dropout(chosen["dropout"], seed=SEED),
        keras.layers.Dense(1, activation="sigmoid",
                           kernel_initializer=drawn(SEED + 1)),
    ])
    model.compile(
        optimizer=keras.optimizers.Adam(chosen["learning_rate"]),
        loss="binary_crossentropy",
    )
    model.fit(
        scaler(x[learn]), y[learn], batch_size=BATCH_SIZE,
        epochs=EPOCHS, verbose=0,
    )
    return scaler, model


def cross_entropy(y, y_prob):
    p = np.clip(y_prob.astype(float), SMALLEST, 1 - SMALLEST)
    return -np.log(np.where(y == 1, p, 1 - p)).mean()


def score_fold(number, left_out):
    """Train without one fold, and ask about that fold."""
    ask = fold == left_out
    scaler, model = train(number, (fold > 0) & ~ask)
    y_prob = model(scaler(x[ask])).numpy().ravel()
    return cross_entropy(y[ask], y_prob)


# ---- race ----
# Each fold sends about half of the field home.
racing = configurations["configuration"]
scores = pd.DataFrame()
with SubprocessCluster(
    n_workers=WORKERS, threads_per_worker=1,
    dashboard_address=None,
    scheduler_kwargs={"idle_timeout": "2 minutes"},
) as cluster, Client(cluster) as client:
    for number, places in enumerate(RACE, start=1):
        racing = racing[:places]
        found = client.map(score_fold, racing,
                           [number] * places)
        scores = pd.concat([scores, pd.DataFrame({
            "configuration": racing,
            "loss": client.gather(found),
        })])
        means = (
            scores[scores["configuration"].isin(racing)]
            .groupby("configuration")["loss"]
            .mean().sort_values()
        )
        racing = means.index
        print(f"fold {number}: {places} configurations, "
              f"the best so far {racing[0]}")
best, loss_best = racing[0], means.min()
print(f"the winner: configuration {best}, {loss_best:.4f}")

# ---- refit ----
x_test, y_test = x[fold == 0], y[fold == 0]
scaler, model = train(best, fold > 0)
y_prob = model(scaler(x_test)).numpy().ravel()
test = {
    "loss": cross_entropy(y_test, y_prob),
    "accuracy": ((y_prob > 0.5) == y_test).mean(),
}
print("tested once:",
      {name: round(float(one), 4) for name, one in test.items()})

# ---- results ----
results = {**test, "loss_best": loss_best}
print(pd.Series(results).round(4).to_string())
