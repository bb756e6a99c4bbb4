"""Learning curves: underfitting, overfitting, and what helps."""

import shutil

import keras
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import tensorflow as tf
from sklearn.linear_model import LogisticRegression
from tensorboard.backend.event_processing import (
    event_accumulator,
)

# ---- constants ----
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
SLOW = {"learning_rate": 0.0002, "epochs": 6}
PATIENCE = 3
L1 = 0.01
L2 = 0.1
DROPOUT = 0.5
C = 1.0
SMALLEST = 1e-7

# ---- load ----
folder = data_dir("nuclei")
tumours = pd.read_csv(folder / "nuclei.csv").merge(
    pd.read_csv(folder / "partitions.csv"), on="row"
)
block = tumours["block"]
is_few = block == 1
is_val = tumours["partition"] == "tuning"
is_test = tumours["partition"] == "test"
y = (tumours[["diagnosis"]] == "malignant").to_numpy(float)
print("tumours:", is_few.sum(), is_val.sum(), is_test.sum())

# ---- scale ----
scaler = keras.layers.Normalization()
raw = tumours[FEATURES].to_numpy()
scaler.adapt(raw[is_few].astype("float32"))
x = np.array(scaler(raw))
x_few, y_few = x[is_few], y[is_few]
x_val, y_val = x[is_val], y[is_val]
x_test, y_test = x[is_test], y[is_test]
print(pd.DataFrame({"lowest": x_few.min(axis=0),
                    "highest": x_few.max(axis=0)},
                   index=FEATURES).round(2))


# ---- network ----
def build(regularizer=None, dropout=0):
    keras.utils.set_random_seed(SEED)
    return keras.Sequential([
        keras.Input(shape=(len(FEATURES),)),
        keras.layers.Dense(UNITS, activation="relu",
                           kernel_regularizer=regularizer),
        keras.layers.Dropout(dropout),
        keras.layers.Dense(1, activation="sigmoid"),
    ])


logs = "05_curves-logs"
shutil.rmtree(logs, ignore_errors=True)
networks = {}


def train(name, model, x=x_few, y=y_few, epochs=EPOCHS,
          learning_rate=LEARNING_RATE, callbacks=()):
    start = model.get_weights()
    model.compile(
        optimizer=keras.optimizers.Adam(learning_rate),
        loss="binary_crossentropy",
        metrics=["binary_crossentropy"],
    )
    log = keras.callbacks.TensorBoard(logs / name)
    history = model.fit(
        x, y,
        batch_size=BATCH_SIZE,
        epochs=epochs,
        validation_data=(x_val, y_val),
        validation_batch_size=len(y_val),
        callbacks=[log, *callbacks],
        verbose=0,
    )
    networks[name] = (model, start, history)
    train = history.history["binary_crossentropy"]
    tuning = history.history["val_binary_crossentropy"]
    print(f"{name}: train {train[-1]:.3f},"
          f" tuning {tuning[-1]:.3f}"
          f" after {len(tuning)} epochs, lowest"
          f" {min(tuning):.3f} at {np.argmin(tuning) + 1}")


print("parameters:", build().count_params())

# ---- underfit ----
train("underfit", build(), **SLOW)

# ---- overfit ----
train("overfit", build())


# ---- curves ----
def draw(names, file):
    fig, axes = plt.subplots(1, len(names), sharey=True)
    for ax, name in zip(axes, names):
        curve = networks[name][2].history
        epoch = range(1, len(curve["loss"]) + 1)
        ax.plot(epoch, curve["binary_crossentropy"],
                label="train")
        ax.plot(epoch, curve["val_binary_crossentropy"], "--",
                label="tuning")
        ax.set(title=name, xlabel="epoch")
        ax.xaxis.get_major_locator().set_params(integer=True)
    axes[0].set(ylabel="cross-entropy", ylim=(0, None))
    axes[0].legend()
    plt.show()


draw(["underfit", "overfit"], "05_curves-curves.png")

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
draw(["l1", "l2", "dropout"], "05_curves-regularised.png")
for name in ["overfit", "l1", "l2", "dropout"]:
    size = np.abs(networks[name][0].get_weights()[0])
    print(f"{name}: mean weight {size.mean():.4f}, "
          f"below 0.001: {(size < 0.001).mean():.0%}")

# ---- more ----
for times in [2, 4]:
    is_more = block.between(1, times)
    train(f"data_{times}x", build(), x[is_more], y[is_more],
          epochs=EPOCHS // times)


# ---- baseline ----
def cross_entropy(p, y):
    p = np.clip(p.astype(float), SMALLEST, 1 - SMALLEST)
    return -np.log(np.where(y == 1, p, 1 - p)).mean()


logistic = LogisticRegression(
    C=C, solver="newton-cholesky", tol=1e-12
)
logistic.fit(x_few.astype(float), y_few.ravel())
p_baseline = logistic.predict_proba(x_test.astype(float))[:, [1]]
p_baseline = p_baseline.round(6)
loss_baseline = cross_entropy(p_baseline, y_test)
print(f"logistic regression: test loss {loss_baseline:.3f}")

# ---- evaluate ----
probability = {
    name: model(x_test).numpy()
    for name, (model, *_) in networks.items()
} | {"baseline": p_baseline}
test = pd.DataFrame({
    name: {
        "loss": cross_entropy(p, y_test),
        "accuracy": ((p > 0.5) == y_test).mean(),
    }
    for name, p in probability.items()
}).T
print(test.round(3))

# ---- compare ----
fig, ax = plt.subplots()
ax.barh(test.index, test["loss"])
ax.axvline(loss_baseline, linestyle="--", color="black")
ax.invert_yaxis()
ax.grid(axis="y", visible=False)
ax.set_xlabel("cross-entropy on the test part")
plt.show()

# ---- tensorboard ----
for name in ["overfit", "early"]:
    written = event_accumulator.EventAccumulator(
        str(logs / name / "validation"),
        size_guidance={"tensors": 0},
    )
    written.Reload()
    logged = [
        tf.make_ndarray(event.tensor_proto).item()
        for event in written.Tensors("epoch_loss")
    ]
    print(f"{name}: {len(logged)} epochs in the log,"
          f" the last loss {logged[-1]:.3f}")

# ---- results ----
results = {"loss": test["loss"]["overfit"]}
| {f"loss_{name}": one for name, one in test["loss"].items()
   if name != "overfit"}
| {f"accuracy_{name}": one
   for name, one in test["accuracy"].items()}
print(pd.Series(results, dtype=float).round(4).to_string())
