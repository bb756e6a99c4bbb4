"""Solution: tanh and momentum, with a gradient check."""

import keras
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from scipy.stats import binomtest

# ---- constants ----
DATA = "shared_data/moons/moons.csv"
SEED = 1
STEP = 1e-5
UNITS = 8
LEARNING_RATE = 0.5
MOMENTUM = 0.9
EPOCHS = 120

# ---- load ----
moons = pd.read_csv(DATA)


def take(name, cols):
    return moons.loc[moons["part"] == name, cols].to_numpy()


x_train = take("train", ["x1", "x2"])
y_train = take("train", ["label"])
x_val = take("val", ["x1", "x2"])
y_val = take("val", ["label"])

# ---- model ----
keras.utils.set_random_seed(SEED)
model = keras.Sequential([
    keras.Input(shape=(2,)),
    keras.layers.Dense(UNITS, activation="tanh"),
    keras.layers.Dense(1, activation="sigmoid"),
])
weights = [w.astype("float64") for w in model.get_weights()]


# ---- network ----
def forward(x, weights):
    w1, b1, w2, b2 = weights
    hidden = np.tanh(x @ w1 + b1)
    p = 1 / (1 + np.exp(-(hidden @ w2 + b2)))
    return hidden, p


def cross_entropy(x, y, weights):
    p = forward(x, weights)[1]
    return -np.mean(y * np.log(p) + (1 - y) * np.log(1 - p))


def backward(x, y, weights):
    hidden, p = forward(x, weights)
    d2 = (p - y) / len(y)
    d1 = (d2 @ weights[2].T) * (1 - hidden**2)
    return [x.T @ d1, d1.sum(axis=0),
            hidden.T @ d2, d2.sum(axis=0)]


# ---- check ----
def loss(w1):
    return cross_entropy(x_train, y_train, [w1, *weights[1:]])


w1 = weights[0]
slopes = 0 * w1
for i in range(w1.size):
    h = 0 * w1
    h.flat[i] = STEP  # move only weight number i
    slopes.flat[i] = (loss(w1 + h) - loss(w1 - h)) / 2 / STEP
gap = np.abs(backward(x_train, y_train, weights)[0] - slopes)
print(f"largest gap in the gradient: {gap.max():.0e}")

# ---- descend ----
velocity = [0 * w for w in weights]
for _ in range(EPOCHS):
    grad = backward(x_train, y_train, weights)
    velocity = [MOMENTUM * v - LEARNING_RATE * g
                for v, g in zip(velocity, grad)]
    weights = [w + v for w, v in zip(weights, velocity)]

# ---- fit ----
model.compile(
    keras.optimizers.SGD(LEARNING_RATE, momentum=MOMENTUM),
    loss="binary_crossentropy",
)
model.fit(
    x_train, y_train, batch_size=len(x_train), epochs=EPOCHS,
    shuffle=False, verbose=0,
)
gap = max(np.abs(ours - theirs).max() for ours, theirs
          in zip(weights, model.get_weights()))
print(f"largest gap in the weights: {gap:.0e}")

# ---- map ----
side = np.linspace(-2, 3, 101)
x1, x2 = np.meshgrid(side, side)
grid = np.column_stack([x1.ravel(), x2.ravel()])
surface = forward(grid, weights)[1].reshape(x1.shape)
fig, ax = plt.subplots()
ax.contour(x1, x2, surface, levels=[0.5], colors="grey")
for label in [0, 1]:
    own = x_val[y_val.ravel() == label]
    ax.scatter(own[:, 0], own[:, 1], s=8, label=label)
ax.legend(title="label", loc="upper left")
ax.set(xlabel="x1", ylabel="x2")
plt.show()

# ---- validate ----
y_prob = forward(x_val, weights)[1]
results = {
    "val_accuracy": ((y_prob > 0.5) == y_val).mean(),
    "val_loss": cross_entropy(x_val, y_val, weights),
    "weights_agree": bool(gap < 1e-4),
}

# ---- test ----
x_test = take("test", ["x1", "x2"])
y_test = take("test", ["label"])
y_pred = forward(x_test, weights)[1] > 0.5
right = int((y_pred == y_test).sum())
ci = binomtest(right, len(y_test)).proportion_ci(method="wilson")
results |= {"test_accuracy": right / len(y_test),
            "test_low": ci.low, "test_high": ci.high}
print(pd.Series(results, dtype=float).round(4).to_string())
