"""Learning curves: underfitting, overfitting, and what helps."""

import keras
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from scipy.stats import binomtest, t
from sklearn.linear_model import LogisticRegression

# ---- constants ----
TUMOURS = "shared_data/nuclei/nuclei.csv"
PARTITIONS = "shared_data/nuclei/partitions.csv"
OTHER = ["row", "diagnosis", "partition", "block"]
LABELS = ["benign", "malignant"]
LOGS = "04_curves_logs"
SEED = 1
NETWORKS = 5
UNITS = 64
LEARNING_RATE = 0.02
SLOW_RATE = 0.0005
BATCH_SIZE = 20
EPOCHS = 16
MORE_EPOCHS = 4
PATIENCE = 3
L1 = 0.01
L2 = 0.05
DROPOUT = 0.5

# ---- load ----
tumours = pd.read_csv(TUMOURS).merge(pd.read_csv(PARTITIONS),
                                     on="row")
is_train = tumours["block"] == 1
is_more = tumours["partition"] == "train"
is_val = tumours["partition"] == "val"
is_test = tumours["partition"] == "test"

raw = tumours.drop(columns=OTHER).to_numpy("float32").copy()
scaler = keras.layers.Normalization()
scaler.adapt(raw[is_train])
x = np.array(scaler(raw))
y = tumours[["diagnosis"]].map(LABELS.index).to_numpy()
y = y.repeat(NETWORKS, axis=1)  # one column for each network
x_val, y_val = x[is_val], y[is_val]


# ---- model ----
def build(regularizer=None, dropout=0.0):
    keras.utils.set_random_seed(SEED)
    return keras.Sequential([
        keras.Input(shape=(x.shape[1],)),
        keras.layers.Dense(NETWORKS * UNITS, activation="relu",
                           kernel_regularizer=regularizer),
        keras.layers.Reshape((NETWORKS, UNITS)),
        keras.layers.Dropout(dropout),
        keras.layers.EinsumDense("bnu,nu->bn", NETWORKS,
                                 bias_axes="n",
                                 activation="sigmoid")])

# ---- train ----
models, histories = {}, {}


def train(name, model, rows=is_train, epochs=EPOCHS,
          rate=LEARNING_RATE, callbacks=()):
    model.compile(keras.optimizers.Adam(rate),
                  loss="binary_crossentropy",
                  metrics=["binary_crossentropy"])
    log = keras.callbacks.TensorBoard(f"{LOGS}/{name}")
    history = model.fit(
        x[rows], y[rows], batch_size=BATCH_SIZE, epochs=epochs,
        validation_data=(x_val, y_val), verbose=0,
        callbacks=[log, *callbacks])
    models[name], histories[name] = model, history.history


# ---- underfit ----
train("underfit", build(), rate=SLOW_RATE)

# ---- overfit ----
train("overfit", build())

# ---- stop ----
train("early", build(), callbacks=[keras.callbacks.EarlyStopping(
    patience=PATIENCE, restore_best_weights=True)])


# ---- curves ----
def draw(names):
    fig, axes = plt.subplots(1, 3, sharex=True, sharey=True)
    for ax, name in zip(axes, names):
        curve = pd.DataFrame(histories[name]).filter(like="bin")
        curve.columns = ["training", "validation"]
        curve.index += 1
        curve.plot(ax=ax, title=name, xlabel="epoch", ylim=0,
                   ylabel="cross-entropy", legend=ax is axes[0])
    plt.show()


draw(["underfit", "overfit", "early"])

# ---- l1 ----
train("l1", build(keras.regularizers.L1(L1 / NETWORKS)))

# ---- l2 ----
train("l2", build(keras.regularizers.L2(L2 / NETWORKS)))

# ---- dropout ----
train("dropout", build(dropout=DROPOUT))

# ---- regularised ----
draw(["l1", "l2", "dropout"])

# ---- more ----
train("more", build(), is_more, epochs=MORE_EPOCHS)


# ---- baseline ----
# at least 1e-7, since log(0) is minus infinity
def cross_entropy(y, p):
    return -np.log(np.where(y, p, 1 - p).clip(1e-7)).mean(0)


def regress(rows):
    line = LogisticRegression().fit(x[rows], y[rows, 0])
    p = line.predict_proba(x_val)[:, 1]
    return {"loss": cross_entropy(y_val[:, 0], p),
            "accuracy": ((p > 0.5) == y_val[:, 0]).mean()}


logit = pd.DataFrame({"few": regress(is_train),
                      "more": regress(is_more)}).T
print(logit.round(3))

# ---- compare ----
val_loss, accuracy = pd.DataFrame(), {}
for name, model in models.items():
    y_prob = np.array(model(x_val)).astype(float)
    val_loss[name] = cross_entropy(y_val, y_prob)
    accuracy[name] = ((y_prob > 0.5) == y_val).mean()
mean = val_loss.mean()
change = val_loss.sub(val_loss["overfit"], axis=0)
half = change.sem() * t.ppf(0.975, NETWORKS - 1)
table = {"loss": mean, "change": change.mean(),
         "low": change.mean() - half,
         "high": change.mean() + half, "accuracy": accuracy}
print(pd.DataFrame(table).round(3))
chosen = mean.idxmin()

# ---- gap ----
train("first", build(), epochs=1)
for name in ["first", "overfit", "dropout"]:
    during = histories[name]["binary_crossentropy"][-1]
    _, after = models[name].evaluate(x[is_train], y[is_train],
                                    verbose=0)
    print(f"{name}: during {during:.3f}, after {after:.3f}")

# ---- predict ----
new = scaler([[15, 20, 97, 700, .1, .1, .1, .05, .18, .06]])
p = models[chosen].predict(new, verbose=0)[0, 0]
print(chosen, "says:", p.round(2), LABELS[int(p > 0.5)])

# ---- test ----
x_test, y_test = x[is_test], y[is_test][:, 0]
y_prob = models[chosen].predict(x_test, verbose=0)[:, 0]
right = int(((y_prob > 0.5) == y_test).sum())
ci = binomtest(right, len(y_test)).proportion_ci(method="wilson")
results = {**mean.add_prefix("val_loss_"),
           "val_accuracy_baseline": logit.loc["few", "accuracy"],
           "test_accuracy": right / len(y_test),
           "test_low": ci.low, "test_high": ci.high}
print(pd.Series(results).round(3).to_string())
