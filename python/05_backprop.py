"""Backpropagation: the chain rule, gate by gate."""

import keras
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import tensorflow as tf
from sklearn.linear_model import LogisticRegression

# ---- constants ----
DATA = "shared_data/moons/moons.csv"
SEED = 1
POINT = [-2, 5, -4]
STEP = 1e-5
UNITS = 8
LEARNING_RATE = 0.5
EPOCHS = 120
TOLERANCE = 1e-6

# ---- gates ----
x, y, z = POINT
q = x + y  # forward through the addition gate
f = q * z  # forward through the multiplication gate
dq = z  # backward: a product hands on the other input
dz = q
dx = 1 * dq  # backward: a sum hands on what it receives
dy = 1 * dq
print("forward:  q =", q, " f =", f)
print("backward: dx =", dx, " dy =", dy, " dz =", dz)


# ---- numeric ----
def numeric_gradient(f, point):
    steps = STEP * np.eye(len(point))
    return np.array([
        (f(point + step) - f(point - step)) / (2 * STEP)
        for step in steps
    ])


def relative_error(a, b):
    size = np.linalg.norm(a) + np.linalg.norm(b)
    return np.linalg.norm(a - b) / size


by_steps = numeric_gradient(
    lambda at: (at[0] + at[1]) * at[2], np.array(POINT)
)
error = relative_error(np.array([dx, dy, dz]), by_steps)
print("by steps:", by_steps)
print(f"relative error: {error:.0e}")

# ---- tape ----
x, y, z = [tf.Variable(float(value)) for value in POINT]
with tf.GradientTape() as tape:
    f_tape = (x + y) * z
by_tape = [float(d) for d in tape.gradient(f_tape, [x, y, z])]
print("by tape: ", *by_tape)

# ---- load ----
moons = pd.read_csv(DATA)
train = moons[moons["part"] == "train"]
test = moons[moons["part"] == "test"]
x_train = train[["x1", "x2"]].to_numpy()
y_train = train[["label"]].to_numpy()
x_test = test[["x1", "x2"]].to_numpy()
y_test = test[["label"]].to_numpy()
print("points:", len(x_train), len(x_test))

# ---- model ----
keras.utils.set_random_seed(SEED)
model = keras.Sequential([
    keras.Input(shape=(2,)),
    keras.layers.Dense(UNITS, activation="relu"),
    keras.layers.Dense(1, activation="sigmoid"),
])
print("parameters:", model.count_params())


# ---- forward ----
def forward(x, weights):
    w1, b1, w2, b2 = weights
    hidden = np.maximum(x @ w1 + b1, 0)
    p = 1 / (1 + np.exp(-(hidden @ w2 + b2)))
    return hidden, p


def cross_entropy(y, p):
    return -np.mean(y * np.log(p) + (1 - y) * np.log(1 - p))


# ---- backward ----
def backward(x, y, weights):
    hidden, p = forward(x, weights)
    d2 = (p - y) / len(y)
    d1 = (d2 @ weights[2].T) * (hidden > 0)
    return [x.T @ d1, d1.sum(axis=0),
            hidden.T @ d2, d2.sum(axis=0)]


# ---- compare ----
weights = [w.astype("float64") for w in model.get_weights()]
by_hand = backward(x_train, y_train, weights)
with tf.GradientTape() as tape:
    loss = keras.losses.BinaryCrossentropy()(
        y_train, model(x_train)
    )
by_keras = tape.gradient(loss, model.trainable_variables)
gap = max(
    np.abs(ours - theirs.numpy()).max()
    for ours, theirs in zip(by_hand, by_keras)
)
print(f"largest gap between the gradients: {gap:.0e}")

# ---- descend ----
losses = []
for _ in range(EPOCHS):
    losses.append(cross_entropy(
        y_train, forward(x_train, weights)[1]
    ))
    gradients = backward(x_train, y_train, weights)
    weights = [w - LEARNING_RATE * g
               for w, g in zip(weights, gradients)]
print(f"loss: {losses[0]:.4f} first, {losses[-1]:.4f} last")

# ---- fit ----
model.compile(
    optimizer=keras.optimizers.SGD(LEARNING_RATE),
    loss="binary_crossentropy",
)
history = model.fit(
    x_train, y_train,
    batch_size=len(x_train),
    epochs=EPOCHS,
    shuffle=False,
    verbose=0,
)
loss_gap = np.abs(np.subtract(losses, history.history["loss"]))
print(f"largest gap between the losses: {loss_gap.max():.0e}")

# ---- curve ----
epochs = range(1, EPOCHS + 1)
fig, ax = plt.subplots()
ax.plot(epochs, history.history["loss"], linewidth=5, alpha=0.4,
        label="Keras")
ax.plot(epochs, losses, linewidth=1, label="from scratch")
ax.set(xlabel="epoch", ylabel="loss")
ax.legend()
plt.show()

# ---- evaluate ----
line = LogisticRegression(C=np.inf)
line.fit(x_train, y_train.ravel())


def accuracy(p):
    return ((p > 0.5) == y_test).mean()


accuracies = {
    "accuracy": accuracy(forward(x_test, weights)[1]),
    "accuracy_keras": accuracy(model.predict(x_test, verbose=0)),
    "accuracy_line":
        accuracy(line.predict_proba(x_test)[:, [1]]),
}
print(pd.Series(accuracies).round(3).to_string())

# ---- results ----
results = {
    "f": f, "df_dx": dx, "df_dy": dy, "df_dz": dz,
    "steps_agree": error < TOLERANCE,
    "tape_agrees": by_tape == [dx, dy, dz],
    "gradients_agree": gap < TOLERANCE,
    "losses_agree": loss_gap.max() < TOLERANCE,
    "loss_first": losses[0],
    "loss_last": losses[-1],
    **accuracies,
}
print({name: bool(results[name]) for name in results
       if name.endswith(("agree", "agrees"))})
