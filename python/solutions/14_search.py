"""Solution: a race of all configurations, fold by fold."""

import os

import keras
import numpy as np
import pandas as pd


try:
    from distributed import Client, SubprocessCluster
except ImportError:
    Client = None

# ---- constants ----
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
tumours = pd.read_csv(data_dir("nuclei") / "nuclei.csv").merge(
    pd.read_csv(data_dir("search") / "folds.csv"), on="row"
)
x = tumours[FEATURES].to_numpy()
y = (tumours[["diagnosis"]] == "malignant").to_numpy(float)
fold = tumours["fold"].to_numpy()
configurations = pd.read_csv(
    data_dir("search") / "configurations.csv"
)
print("tumours for the search:", (fold > 0).sum(),
      "for the test:", (fold == 0).sum())


# ---- task ----
# Others draw from a worker's random numbers, too: each layer
# gets a seed of its own.
drawn = keras.initializers.GlorotUniform


def train(configuration, learn):
    """Train one network on some of the tumours."""
    chosen = configurations.set_index("configuration")
    chosen = chosen.loc[configuration]
    keras.utils.clear_session(free_memory=False)
    keras.utils.set_random_seed(SEED)
    scaler = keras.layers.Normalization()
    scaler.adapt(x[learn].astype("float32"))
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
    start = model.get_weights()
    history = model.fit(
        scaler(x[learn]), y[learn], batch_size=BATCH_SIZE,
        epochs=EPOCHS, verbose=0,
    )
    return scaler, model, start, history


def cross_entropy(p, y):
    p = np.clip(p.astype(float), SMALLEST, 1 - SMALLEST)
    return -np.log(np.where(y == 1, p, 1 - p)).mean()


def score_fold(configuration, number):
    """Train without one fold, and ask about that fold."""
    ask = fold == number
    scaler, model, *_ = train(configuration, (fold > 0) & ~ask)
    p = model(scaler(x[ask])).numpy()
    return cross_entropy(p, y[ask])


# ---- race ----
os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1")
numbers = configurations["configuration"].to_numpy()


def race(score):
    """Each fold sends about half of the field home."""
    racing, loss = np.arange(len(numbers)), {}
    for number, places in enumerate(RACE, start=1):
        racing = racing[:places]
        scores = score(numbers[racing].tolist(),
                       [number] * places)
        for one, value in zip(racing, scores):
            loss.setdefault(one, []).append(value)
        mean = np.array([np.mean(loss[one]) for one in racing])
        racing = racing[mean.argsort(kind="stable")]
        print(f"fold {number}: {places} configurations, "
              f"the best so far {numbers[racing[0]]}")
    return racing[0], loss


if Client is None:
    print("Dask is not installed (pip install distributed):",
          "the tasks run one after another.")
    best, loss = race(lambda *tasks: map(score_fold, *tasks))
else:
    with SubprocessCluster(
        n_workers=WORKERS, threads_per_worker=1,
        dashboard_address=None,
        scheduler_kwargs={"idle_timeout": "2 minutes"},
    ) as cluster, Client(cluster) as client:
        best, loss = race(lambda *tasks: client.gather(
            client.map(score_fold, *tasks, pure=False)))
loss_best = np.mean(loss[best])
print(f"the winner: configuration {numbers[best]},",
      f"{loss_best:.4f}")

# ---- refit ----
is_search, is_test = fold > 0, fold == 0
scaler, model, start, history = train(numbers[best], is_search)
p = model(scaler(x[is_test])).numpy()
test = {
    "loss": cross_entropy(p, y[is_test]),
    "accuracy": ((p > 0.5) == y[is_test]).mean(),
}
print("tested once:",
      {name: round(float(one), 4) for name, one in test.items()})

# ---- results ----
results = {**test, "loss_best": loss_best}
print(pd.Series(results, dtype=float).round(4).to_string())
