"""Search: how to choose a learning rate, units and dropout."""

import keras
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from scipy.stats import binomtest
from sklearn.linear_model import LogisticRegression

# ---- constants ----
TUMOURS = "shared_data/nuclei/nuclei.csv"
FOLDS_OF = "shared_data/search/folds.csv"
CONFIGURATIONS = "shared_data/search/configurations.csv"
OTHER = ["row", "diagnosis", "fold"]
LABELS = ["benign", "malignant"]
SEED = 1
FOLDS = 5
BATCH_SIZE = 64
EPOCHS = 15
PATIENCE = 3
FEW = 30  # tumours for the section luck
CANDIDATES = 200  # each has a network for each fold
WORKERS = 1

# ---- load ----
tumours = pd.read_csv(TUMOURS).merge(pd.read_csv(FOLDS_OF))
is_test = tumours["fold"] == 0
features = tumours.drop(columns=OTHER).to_numpy()
label = tumours["diagnosis"].map(LABELS.index).to_numpy()
x, y = features[~is_test], label[~is_test]
fold = tumours["fold"][~is_test].to_numpy()
print("search:", len(x), "test:", is_test.sum())

# ---- draw ----
configurations = pd.read_csv(CONFIGURATIONS).set_index("id")
print(configurations)


# ---- scale ----
# A column of `learn` says from which rows a network learns.
def scale(new, x, learn):
    return np.stack([
        (new - x[rows].mean(0)) / x[rows].std(0, ddof=1)
        for rows in learn.T], axis=1)


# ---- train ----
def dense(n, units, activation, seed):
    return keras.layers.EinsumDense(
        "bnf,nfu->bnu", (n, units), activation, "nu",
        keras.initializers.RandomNormal(0, 0.3, seed))


def train(name, x, y, learn, epochs, early=None):
    one, n = configurations.loc[name], learn.shape[1]
    keras.utils.set_random_seed(SEED)
    model = keras.Sequential([
        dense(n, int(one["units"]), "relu", SEED),
        keras.layers.Dropout(one["dropout"], seed=SEED),
        dense(n, 1, "sigmoid", SEED + 1)])
    model.compile(keras.optimizers.Adam(one["learning_rate"]),
                  "binary_crossentropy")
    inputs = scale(x, x, learn)
    target = y[:, None, None].repeat(n, axis=1)
    left_out = (inputs, target, ~learn * 1.0)
    model.fit(
        inputs, target, sample_weight=learn * 1.0,
        validation_data=left_out if early else None,
        validation_batch_size=len(x), batch_size=BATCH_SIZE,
        epochs=epochs, verbose=0, callbacks=early)
    return model


# ---- validate ----
def predict(model, inputs):  # a row for each tumour
    return np.array(model(inputs))[..., 0].astype(float)


def cross_entropy(y, p):
    return -np.log(np.where(y == 1, p, 1 - p).clip(1e-7))


learn = fold[:, None] != np.arange(1, FOLDS + 1)


def cross_validate(name):
    early = keras.callbacks.EarlyStopping(
        patience=PATIENCE, restore_best_weights=True)
    model = train(name, x, y, learn, EPOCHS, early)
    # The mask takes one value from each row, in their order.
    p = predict(model, scale(x, x, learn))[~learn]
    loss = pd.Series(cross_entropy(y, p)).groupby(fold).mean()
    return [early.best_epoch + 1, *loss]


# ---- search ----
found = np.array(Parallel(n_jobs=WORKERS)(
    delayed(cross_validate)(name)
    for name in configurations.index
))

# ---- choose ----
losses = pd.DataFrame(found[:, 1:], configurations.index)
table = configurations.assign(
    loss=losses.mean(axis=1), se=losses.sem(axis=1),
    epochs=found[:, 0].astype(int)).sort_values("loss")
best = table.index[0]
limit = table["loss"].iloc[0] + table["se"].iloc[0]
chosen = table["units"][table["loss"] <= limit].idxmin()
print(table.round({"loss": 4, "se": 4}))
print(f"limit {limit:.4f}, chosen {chosen}")

# ---- edge ----
print(configurations.rank().loc[best])
table.plot.scatter("learning_rate", "loss", yerr="se", logx=True,
                   s=table["units"], ylabel="cross-entropy")
plt.axhline(limit, linestyle="dotted")
plt.gca().xaxis.set_minor_locator(plt.LogLocator(subs=[2, 5]))
plt.show()

# ---- luck ----
draw = keras.random.uniform((len(x),), seed=SEED)
shuffled = x[np.argsort(np.array(draw))]
coin = np.arange(len(x)) % 2  # 0, 1, 0, 1: nothing to learn
few, part = shuffled[:FEW], np.arange(FEW) * FOLDS // FEW
# The first CANDIDATES networks leave out part 0, and so on.
known = part[:, None] != np.arange(FOLDS).repeat(CANDIDATES)
model = train(best, few, coin[:FEW], known, EPOCHS)
p = predict(model, scale(shuffled, few, known))
# By tumour, left-out part and candidate: is it right?
right = ((p > 0.5) == coin[:, None]).reshape(len(p), FOLDS, -1)
scores = right[np.arange(FEW), part].mean(axis=0)
fresh = right[FEW:, :, scores.argmax()].mean()
print("mean, best, fresh:", scores.mean(), scores.max(), fresh)

# ---- baseline ----
inputs, p = scale(x, x, learn), np.empty(len(x))
for k, rows in enumerate(learn.T):
    logit = LogisticRegression().fit(inputs[rows, k], y[rows])
    p[~rows] = logit.predict_proba(inputs[~rows, k])[:, 1]
print("logistic loss:", cross_entropy(y, p).mean().round(3))

# ---- refit ----
every = np.full((len(x), 1), True)
final = train(chosen, x, y, every, int(table["epochs"][chosen]))
new = np.array([[15, 20, 97, 700, .1, .1, .1, .05, .18, .06]])
p = predict(final, scale(new, x, every))[0, 0]
print(chosen, "says:", p.round(2), LABELS[int(p > 0.5)])

# ---- test ----
x_test, y_test = features[is_test], label[is_test]
p = predict(final, scale(x_test, x, every))[:, 0]
hits = int(((p > 0.5) == y_test).sum())
ci = binomtest(hits, len(y_test)).proportion_ci(method="wilson")
results = {"val_loss_best": table["loss"].iloc[0],
           "val_loss_chosen": table.loc[chosen, "loss"],
           "val_accuracy_luck": scores.max(),
           "val_accuracy_fresh": fresh,
           "test_accuracy": hits / len(y_test),
           "test_low": ci.low, "test_high": ci.high}
print(pd.Series(results).round(3).to_string())
