"""Learning curves: underfitting, overfitting, and what helps."""

import shutil

import keras
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression
from tensorboard.backend.event_processing import (
    event_accumulator,
)
from tensorboard.util import tensor_util

# ---- constants ----
TUMOURS = "shared_data/nuclei/nuclei.csv"
PARTITIONS = "shared_data/nuclei/partitions.csv"
LOGS = "05_curves_logs"
SEED = 1
FEATURES = [
    "radius", "texture", "perimeter", "area", "smoothness",
    "compactness", "concavity", "concave_points", "symmetry",
    "fractal_dimension"
]
UNITS = 256
LEARNING_RATE = 0.01
BATCH_SIZE = 16
EPOCHS = 16
SLOW_RATE = 0.0002
SLOW_EPOCHS = 6
PATIENCE = 3
L1 = 0.01
L2 = 0.1
DROPOUT = 0.5
C = 1.0
SMALLEST = 1e-7

# ---- load ----
tumours = pd.read_csv(TUMOURS).merge(
    pd.read_csv(PARTITIONS), on="row"
)
is_train = tumours["block"] == 1
is_val = tumours["partition"] == "tuning"
is_test = tumours["partition"] == "test"
print("tumours:", is_train.sum(), is_val.sum(), is_test.sum())

raw = tumours[FEATURES].to_numpy("float32").copy()
y = (tumours[["diagnosis"]] == "malignant").to_numpy(float)

# ---- scale ----
scaler = keras.layers.Normalization()
scaler.adapt(raw[is_train])
x = np.array(scaler(raw))

x_train, y_train = x[is_train], y[is_train]
x_val, y_val = x[is_val], y[is_val]
x_test, y_test = x[is_test], y[is_test]
print(pd.DataFrame({"lowest": x_train.min(axis=0),
                    "highest": x_train.max(axis=0)},
                   index=FEATURES).round(2))


# ---- network ----
def build(regularizer=None, dropout=0.0):
    keras.utils.set_random_seed(SEED)
    return keras.Sequential([
        keras.Input(shape=(len(FEATURES),)),
        keras.layers.Dense(UNITS, activation="relu",
                           kernel_regularizer=regularizer),
        keras.layers.Dropout(dropout),
        keras.layers.Dense(1, activation="sigmoid"),
    ])


models, histories = {}, {}
shutil.rmtree(LOGS, ignore_errors=True)


def train(name, model, x=x_train, y=y_train, epochs=EPOCHS,
          learning_rate=LEARNING_RATE, callbacks=()):
    model.compile(
        optimizer=keras.optimizers.Adam(learning_rate),
        loss="binary_crossentropy",
        metrics=["binary_crossentropy"],
    )
    log = keras.callbacks.TensorBoard(f"{LOGS}/{name}")
    history = model.fit(
        x, y,
        batch_size=BATCH_SIZE,
        epochs=epochs,
        validation_data=(x_val, y_val),
        validation_batch_size=len(y_val),
        callbacks=[log, *callbacks],
        verbose=0,
    ).history
    models[name], histories[name] = model, history
    loss = history["binary_crossentropy"]
    val_loss = history["val_binary_crossentropy"]
    print(f"{name}: train {loss[-1]:.3f},"
          f" validation {val_loss[-1]:.3f}"
          f" after {len(val_loss)} epochs, lowest"
          f" {min(val_loss):.3f} at {np.argmin(val_loss) + 1}")


print("parameters:", build().count_params())

# ---- underfit ----
train("underfit", build(), epochs=SLOW_EPOCHS,
      learning_rate=SLOW_RATE)

# ---- overfit ----
train("overfit", build())


# ---- curves ----
def draw(names):
    fig, axes = plt.subplots(1, len(names), sharey=True)
    for ax, name in zip(axes, names):
        curve = pd.DataFrame(histories[name])
        curve.index += 1
        ax.plot(curve["binary_crossentropy"], label="training")
        ax.plot(curve["val_binary_crossentropy"], "--",
                label="validation")
        ax.set(title=name, xlabel="epoch")
        ax.xaxis.get_major_locator().set_params(integer=True)
    axes[0].set(ylabel="cross-entropy", ylim=(0, None))
    axes[0].legend()
    plt.show()


draw(["underfit", "overfit"])

# ---- stop ----
train("early", build(), callbacks=[
    keras.callbacks.EarlyStopping(
        monitor="val_binary_crossentropy",
        patience=PATIENCE,
        restore_best_weights=True,
    )
])

# ---- l1 ----
train("l1", build(keras.regularizers.L1(L1)))

# ---- l2 ----
train("l2", build(keras.regularizers.L2(L2)))

# ---- dropout ----
train("dropout", build(dropout=DROPOUT))

# ---- regularised ----
draw(["l1", "l2", "dropout"])
for name in ["overfit", "l1", "l2", "dropout"]:
    size = np.abs(models[name].get_weights()[0])
    print(f"{name}: mean weight {size.mean():.4f}, "
          f"below 0.001: {(size < 0.001).mean():.0%}")

# ---- more ----
for times in [2, 4]:
    is_more = tumours["block"].between(1, times)
    train(f"data_{times}x", build(), x[is_more], y[is_more],
          epochs=EPOCHS // times)


# ---- baseline ----
def cross_entropy(y, y_prob):
    y_prob = y_prob.clip(SMALLEST, 1 - SMALLEST)
    return -np.log(np.where(y == 1, y_prob, 1 - y_prob)).mean()


logistic = LogisticRegression(C=C)
logistic.fit(x_train, y_train.ravel())
prob_baseline = logistic.predict_proba(x_test)[:, [1]]
loss_baseline = cross_entropy(y_test, prob_baseline)
print(f"logistic regression: test loss {loss_baseline:.3f}")

# ---- evaluate ----
y_prob = {
    name: model.predict(
        x_test, batch_size=len(y_test), verbose=0
    ).astype(float)
    for name, model in models.items()
}
y_prob["baseline"] = prob_baseline
test = pd.DataFrame({
    name: {
        "loss": cross_entropy(y_test, one),
        "accuracy": ((one > 0.5) == y_test).mean(),
    }
    for name, one in y_prob.items()
}).T
print(test.round(3))

# ---- compare ----
fig, ax = plt.subplots()
ax.barh(test.index, test["loss"])
ax.axvline(loss_baseline, linestyle="--", color="black")
ax.invert_yaxis()
ax.grid(axis="y", visible=False)
ax.set_xlabel("cross-entropy on the test set")
plt.show()

# ---- tensorboard ----
for name in ["overfit", "early"]:
    written = event_accumulator.EventAccumulator(
        f"{LOGS}/{name}/validation",
        size_guidance={"tensors": 0},
    )
    written.Reload()
    logged = [
        tensor_util.make_ndarray(event.tensor_proto).item()
        for event in written.Tensors("epoch_loss")
    ]
    print(f"{name}: {len(logged)} epochs in the log,"
          f" the last loss {logged[-1]:.3f}")

# ---- results ----
results = {}
for name, row in test.iterrows():
    results[f"loss_{name}"] = row["loss"]
    results[f"accuracy_{name}"] = row["accuracy"]
results["loss"] = results.pop("loss_overfit")
for name in ["loss", "loss_early"]:
    print(f"{name} {results[name]:.4f}")
