"""Backpropagation: the chain rule, gate by gate."""

import keras
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from scipy.stats import binomtest
from sklearn.linear_model import LogisticRegression

# ---- constants ----
DATA = "shared_data/moons/moons.csv"
SEED = 1
POINT = [-2, 5, -4]
STEPS = [1, 1e-2, 1e-4, 1e-6, 1e-8, 1e-10, 1e-12]
STEP = 1e-5
UNITS = 8
LEARNING_RATE = 0.5
EPOCHS = 120

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


# ---- activations ----
def sigmoid(s):
    return 1 / (1 + np.exp(-s))


s = np.linspace(-4, 4, 161)
values = {"sigmoid": sigmoid(s), "tanh": np.tanh(s),
          "ReLU": np.maximum(s, 0)}
slopes = {"sigmoid": sigmoid(s) * (1 - sigmoid(s)),
          "tanh": 1 - np.tanh(s)**2, "ReLU": 1.0 * (s > 0)}
fig, axes = plt.subplots(1, 2)
pd.DataFrame(values, s).plot(ax=axes[0], title="value")
pd.DataFrame(slopes, s).plot(ax=axes[1], title="slope",
                             legend=False)
plt.show()

# ---- numeric ----
slope = sigmoid(2) * (1 - sigmoid(2))
for step in STEPS:
    by_step = (sigmoid(2 + step) - sigmoid(2 - step)) / step / 2
    error = abs(by_step - slope) / slope
    print(f"step {step:g}: relative error {error:.0e}")

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
    keras.layers.Dense(UNITS, activation="relu"),
    keras.layers.Dense(1, activation="sigmoid"),
])
weights = [w.astype("float64") for w in model.get_weights()]
print(*[w.shape for w in weights], sep="\n")


# ---- forward ----
def forward(x, weights):
    w1, b1, w2, b2 = weights
    hidden = np.maximum(x @ w1 + b1, 0)
    return hidden, sigmoid(hidden @ w2 + b2)


def cross_entropy(x, y, weights):
    p = forward(x, weights)[1]
    return -np.mean(y * np.log(p) + (1 - y) * np.log(1 - p))


# ---- backward ----
def backward(x, y, weights):
    hidden, p = forward(x, weights)
    d2 = (p - y) / len(y)
    d1 = (d2 @ weights[2].T) * (hidden > 0)
    return [x.T @ d1, d1.sum(axis=0),
            hidden.T @ d2, d2.sum(axis=0)]


# ---- check ----
# The loss for another W1, with the other three as they are
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
by_hand = []
for _ in range(EPOCHS):
    by_hand.append(cross_entropy(x_train, y_train, weights))
    grad = backward(x_train, y_train, weights)
    weights = [w - LEARNING_RATE * g
               for w, g in zip(weights, grad)]

# ---- fit ----
model.compile(keras.optimizers.SGD(LEARNING_RATE),
              loss="binary_crossentropy")
history = model.fit(
    x_train, y_train, batch_size=len(x_train), epochs=EPOCHS,
    validation_data=(x_val, y_val), shuffle=False, verbose=0,
)
gap = max(np.abs(ours - theirs).max() for ours, theirs
          in zip(weights, model.get_weights()))
print(f"largest gap in the weights: {gap:.0e}")

# ---- curve ----
# | joins two dictionaries: one more column for the table
curve = pd.DataFrame(history.history | {"by hand": by_hand})
curve.index += 1
curve.plot(xlabel="epoch", ylabel="cross-entropy",
           style=["-", "--", "k:"])
plt.show()

# ---- validate ----
line = LogisticRegression(C=np.inf)  # without a penalty
line.fit(x_train, y_train.ravel())
# The probability of class 1; [1] in brackets keeps a column
prob_line = line.predict_proba(x_val)[:, [1]]
prob_val = forward(x_val, weights)[1]
results = {
    "val_accuracy": ((prob_val > 0.5) == y_val).mean(),
    "val_accuracy_line": ((prob_line > 0.5) == y_val).mean(),
    "val_loss": cross_entropy(x_val, y_val, weights),
    "weights_agree": bool(gap < 1e-4),
}

# ---- predict ----
prob_new = forward(np.array([[1, -0.4]]), weights)[1].item()
print("one new point:", round(prob_new, 2),
      "lower" if prob_new > 0.5 else "upper", "crescent")

# ---- test ----
x_test = take("test", ["x1", "x2"])
y_test = take("test", ["label"])
y_pred = forward(x_test, weights)[1] > 0.5
right = int((y_pred == y_test).sum())
ci = binomtest(right, len(y_test)).proportion_ci(method="wilson")
results |= {"test_accuracy": right / len(y_test),
            "test_low": ci.low, "test_high": ci.high}
print(pd.Series(results, dtype=float).round(4).to_string())
