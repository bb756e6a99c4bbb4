"""Search: many small trainings, shared out among workers."""

import hashlib
import inspect
import json
import os
import traceback

import keras
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score


try:
    import dask
    from distributed import (
        Client, SubprocessCluster, as_completed
    )
except ImportError:
    Client = None

# ---- constants ----
SEED = 1
FEATURES = [
    "radius", "texture", "perimeter", "area", "smoothness",
    "compactness", "concavity", "concave_points", "symmetry",
    "fractal_dimension"
]
CONFIGURATIONS = 6
FOLDS = 5
BATCH_SIZE = 32
EPOCHS = 12
C = 1.0
SMALLEST = 1e-7
WORKERS = 2
TRIES = 3

# ---- load ----
tumours = pd.read_csv(data_dir("nuclei") / "nuclei.csv").merge(
    pd.read_csv(data_dir("search") / "folds.csv"), on="row"
)
x = tumours[FEATURES].to_numpy()
y = (tumours[["diagnosis"]] == "malignant").to_numpy(float)
fold = tumours["fold"].to_numpy()
print("tumours for the search:", (fold > 0).sum(),
      "for the test:", (fold == 0).sum())

# ---- draw ----
configurations = pd.read_csv(
    data_dir("search") / "configurations.csv"
).head(CONFIGURATIONS)
tasks = [{"configuration": c, "fold": f}
         for c in configurations["configuration"].tolist()
         for f in range(1, FOLDS + 1)]
print(configurations.to_string(index=False))
print(len(tasks), "tasks")


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


def score_fold(task):
    """Train without one fold, and ask about that fold."""
    ask = fold == task["fold"]
    scaler, model, _, history = train(
        task["configuration"], (fold > 0) & ~ask
    )
    p = model(scaler(x[ask])).numpy()
    weights = b"".join(one.tobytes()
                       for one in model.get_weights())
    return {
        "loss": cross_entropy(p, y[ask]),
        "history": history.history["loss"],
        "weights": hashlib.sha256(weights).hexdigest(),
    }


# ---- keep ----
folder = "14_search-tasks"
folder.mkdir(exist_ok=True)


def digest(*parts):
    text = json.dumps(parts)
    return hashlib.sha256(text.encode()).hexdigest()


# Whatever could change a result is part of its file's name.
defined = digest(
    {name: value for name, value in globals().items()
     if name.isupper()
     and name not in ("WORKERS", "TRIES", "TARGET")},
    [inspect.getsource(one)
     for one in (train, cross_entropy, score_fold)],
    [one.tolist() for one in (x, y, fold)],
    configurations.to_dict("list"), keras.__version__,
)


def file_of(task):
    return folder / f"{digest(task, defined)}.json"


def keep(task, result):
    """Write a file whole or not at all."""
    part = file_of(task).with_suffix(".part")
    part.write_text(json.dumps(result))
    part.replace(file_of(task))


# ---- workers ----
# One thread for each worker: they share the processor.
os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1")
where = os.environ.get("DEEPTWINS_CLUSTER", "local")
if Client is None:
    where = "here"
    print("Dask is not installed (pip install distributed):",
          "the tasks run one after another.")


def start_workers():
    if where == "slurm":
        from dask_jobqueue import SLURMCluster
        # If all workers are gone, do not wait for ever.
        dask.config.set({
            "distributed.scheduler.no-workers-timeout": "60s"
        })
        cluster = SLURMCluster(
            cores=1, memory="2GB", log_directory=str(folder),
            scheduler_options={"allowed_failures": TRIES},
        )
        cluster.scale(WORKERS)
        return cluster
    # Without work for so long, the workers end: nobody else
    # would end them if this script were killed.
    return SubprocessCluster(
        n_workers=WORKERS, threads_per_worker=1,
        dashboard_address=None,
        scheduler_kwargs={"allowed_failures": TRIES,
                          "idle_timeout": "2 minutes"},
    )


def run(tasks):
    """Give each task with its result, in any order."""
    if where == "here":
        for task in tasks:
            try:
                yield task, score_fold(task)
            except Exception as error:
                yield task, error
        return
    with start_workers() as cluster, Client(cluster) as client:
        if where == "slurm":
            client.wait_for_workers(1)  # which may take hours
        started = client.map(score_fold, tasks, pure=False)
        of = dict(zip(started, tasks))
        for future in as_completed(started):
            yield (of[future],
                   future.exception() or future.result())


# ---- search ----
left = [task for task in tasks if not file_of(task).exists()]
if len(left) < len(tasks):
    print(len(tasks) - len(left), "tasks were done before.")
failed = 0
for task, result in run(left) if left else []:
    if isinstance(result, Exception):
        failed += 1
        print(task, "failed:")
        traceback.print_exception(result)
    else:
        keep(task, result)
if failed:
    raise SystemExit(f"{failed} tasks failed; the others are "
                     f"kept in {folder} for the next start.")
found = [json.loads(file_of(task).read_text())
           for task in tasks]

# ---- choose ----
loss = np.array([one["loss"] for one in found])
loss = loss.reshape(CONFIGURATIONS, FOLDS)
mean = loss.mean(axis=1)
best = mean.argmin()
# How much lower is each fold's own best than the best of all?
optimism = (loss[best] - loss.min(axis=0)).mean()
print(configurations.assign(loss=mean.round(4))
      .sort_values("loss").to_string(index=False))
print(f"the best: {mean[best]:.4f}, probably "
      f"{optimism:.4f} too low")

# ---- scores ----
fig, ax = plt.subplots()
order = mean.argsort(kind="stable")
numbers = configurations["configuration"].to_numpy()
for place, one in enumerate(order):
    ax.scatter([place] * FOLDS, loss[one], alpha=0.5)
    ax.scatter(place, mean[one], marker="_", s=900,
               color="black")
ax.set_xticks(range(CONFIGURATIONS), numbers[order])
ax.set(xlabel="configuration, from the best to the worst",
       ylabel="cross-entropy of a fold", ylim=(0, None))
ax.margins(x=0.1)
plt.show()

# ---- refit ----
is_search, is_test = fold > 0, fold == 0
scaler, model, start, history = train(numbers[best], is_search)
p = model(scaler(x[is_test])).numpy()
test = {
    "loss": cross_entropy(p, y[is_test]),
    "accuracy": ((p > 0.5) == y[is_test]).mean(),
    "auc": roc_auc_score(y[is_test], p),
}
print(f"configuration {numbers[best]} on all tumours of the "
      "search,")
print("tested once:",
      {name: round(float(one), 4) for name, one in test.items()})

# ---- baseline ----
z = np.array(scaler(x)).astype(float)
logistic = LogisticRegression(
    C=C, solver="newton-cholesky", tol=1e-12
)
logistic.fit(z[is_search], y[is_search].ravel())
p_baseline = logistic.predict_proba(z[is_test])[:, [1]]
loss_baseline = cross_entropy(p_baseline, y[is_test]).round(6)
print(f"logistic regression: test loss {loss_baseline:.4f}")

# ---- results ----
results = {
    **test,
    "loss_best": mean[best], "optimism": optimism,
    "loss_mean": mean.mean(), "loss_worst": mean.max(),
    "loss_baseline": loss_baseline,
}
print(pd.Series(results, dtype=float).round(4).to_string())
# The search is over, and the record has its results.
for task in tasks:
    file_of(task).unlink()
