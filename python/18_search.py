"""Search: many small trainings, shared out among workers."""

import keras
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from distributed import Client, SubprocessCluster
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

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
CONFIGURATIONS = 6
FOLDS = 5
BATCH_SIZE = 32
EPOCHS = 12
C = 1.0
SMALLEST = 1e-7
WORKERS = 2

# ---- load ----
tumours = pd.read_csv(NUCLEI).merge(
    pd.read_csv(FOLDS_OF), on="row"
)
x = tumours[FEATURES].to_numpy("float32").copy()
y = (tumours["diagnosis"] == "malignant").to_numpy(int)
fold = tumours["fold"].to_numpy()
print("tumours for the search:", (fold > 0).sum(),
      "for the test:", (fold == 0).sum())

# ---- draw ----
configurations = pd.read_csv(DRAWN).head(CONFIGURATIONS)
tasks = configurations[["configuration"]].merge(
    pd.DataFrame({"fold": range(1, FOLDS + 1)}), how="cross"
)
print(configurations.to_string(index=False))
print(len(tasks), "tasks")

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


# ---- search ----
# Without work for so long, the workers end: nobody else
# would end them if this script were killed.
with SubprocessCluster(
    n_workers=WORKERS, threads_per_worker=1,
    dashboard_address=None,
    scheduler_kwargs={"idle_timeout": "2 minutes"},
) as cluster, Client(cluster) as client:
    found = client.map(
        score_fold, tasks["configuration"], tasks["fold"]
    )
    tasks["loss"] = client.gather(found)

# ---- choose ----
means = tasks.groupby("configuration")["loss"].mean()
ranked = configurations.merge(means, on="configuration")
ranked = ranked.sort_values("loss")
best = ranked["configuration"].iloc[0]
# How much lower is each fold's own best than the best of all?
lowest = tasks.groupby("fold")["loss"].min()
optimism = means[best] - lowest.mean()
print(ranked.round(4).to_string(index=False))
print(f"the best: {means[best]:.4f}, probably "
      f"{optimism:.4f} too low")

# ---- scores ----
fig, ax = plt.subplots()
for place, one in enumerate(ranked["configuration"]):
    of_one = tasks[tasks["configuration"] == one]
    ax.scatter([place] * FOLDS, of_one["loss"], alpha=0.5)
    ax.scatter(place, means[one], marker="_", s=900,
               color="black")
ax.set_xticks(range(CONFIGURATIONS), ranked["configuration"])
ax.set(xlabel="configuration, from the best to the worst",
       ylabel="cross-entropy of a fold", ylim=(0, None))
ax.margins(x=0.1)
plt.show()

# ---- refit ----
x_test, y_test = x[fold == 0], y[fold == 0]
scaler, model = train(best, fold > 0)
y_prob = model(scaler(x_test)).numpy().ravel()
test = {
    "loss": cross_entropy(y_test, y_prob),
    "accuracy": ((y_prob > 0.5) == y_test).mean(),
    "auc": roc_auc_score(y_test, y_prob),
}
print(f"configuration {best} on all tumours of the search,")
print("tested once:",
      {name: round(float(one), 4) for name, one in test.items()})

# ---- baseline ----
z = scaler(x).numpy()
logistic = LogisticRegression(C=C).fit(z[fold > 0], y[fold > 0])
p_logistic = logistic.predict_proba(z[fold == 0])[:, 1]
loss_baseline = cross_entropy(y_test, p_logistic)
print(f"logistic regression: test loss {loss_baseline:.4f}")

# ---- results ----
results = {
    **test,
    "loss_best": means[best], "optimism": optimism,
    "loss_mean": means.mean(), "loss_worst": means.max(),
    "loss_baseline": loss_baseline,
}
print(pd.Series(results).round(4).to_string())
