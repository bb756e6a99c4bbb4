"""Solution: tanh and momentum, with a gradient check."""

import keras
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

# ---- constants ----
DATA = "shared_data/moons/moons.csv"
SEED = 1
STEP = 1e-5
UNITS = 8
LEARNING_RATE = 0.5
MOMENTUM = 0.9
EPOCHS = 120
TOLERANCE = 1e-6

# ---- load ----
moons = pd.read_csv(DATA)
train = moons[moons["part"] == "train"]
test = moons[moons["part"] == "test"]
x_train = train[["x1", "x2"]].to_numpy()
y_train = train[["label"]].to_numpy()
x_test = test[["x1", "x2"]].to_numpy()
y_test = test[["label"]].to_numpy()

# ---- model ----
keras.utils.set_random_seed(SEED)
model = keras.Sequential([
    keras.Input(shape=(2,)),
    keras.layers.Dense(UNITS, activation="tanh"),
    keras.layers.Dense(1, activation="sigmoid"),
])


# ---- network ----
def forward(x, weights):
    w1, b1, w2, b2 = weights
    hidden = np.tanh(x @ w1 + b1)
    p = 1 / (1 + np.exp(-(hidden @ w2 + b2)))
    return hidden, p


def cross_entropy(x, y, weights):
    _, p = forward(x, weights)
    return -np.mean(y * np.log(p) + (1 - y) * np.log(1 - p))


def backward(x, y, weights):
    hidden, p = forward(x, weights)
    d2 = (p - y) / len(y)
    d1 = (d2 @ weights[2].T) * (1 - hidden**2)
    return [x.T @ d1, d1.sum(axis=0),
            hidden.T @ d2, d2.sum(axis=0)]


# ---- check ----
def slope(weights, k, i):
    up = [w.copy() for w in weights]
    down = [w.copy() for w in weights]
    up[k].flat[i] += STEP
    down[k].flat[i] -= STEP
    return (cross_entropy(x_train, y_train, up)
            - cross_entropy(x_train, y_train, down)) / (2 * STEP)


weights = [w.astype("float64") for w in model.get_weights()]
by_hand = backward(x_train, y_train, weights)
gap = max(
    abs(g.flat[i] - slope(weights, k, i))
    for k, g in enumerate(by_hand) for i in range(g.size)
)
print(f"largest gap to the slopes: {gap:.0e}")

# ---- descend ----
velocity = [np.zeros_like(w) for w in weights]
losses = []
for _ in range(EPOCHS):
    losses.append(cross_entropy(x_train, y_train, weights))
    gradients = backward(x_train, y_train, weights)
    velocity = [MOMENTUM * v - LEARNING_RATE * g
                for v, g in zip(velocity, gradients)]
    weights = [w + v for w, v in zip(weights, velocity)]
accuracy = ((forward(x_test, weights)[1] > 0.5) == y_test).mean()
print(f"loss: {losses[0]:.4f} first, {losses[-1]:.4f} last")
print(f"accuracy: {accuracy:.3f}")

# ---- fit ----
model.compile(
    optimizer=keras.optimizers.SGD(
        LEARNING_RATE, momentum=MOMENTUM
    ),
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

# ---- map ----
side = np.linspace(-2, 3, 101)
x1, x2 = np.meshgrid(side, side)
grid = np.column_stack([x1.ravel(), x2.ravel()])
surface = forward(grid, weights)[1].reshape(x1.shape)
fig, ax = plt.subplots()
ax.contour(x1, x2, surface, levels=[0.5], colors="grey")
ax.scatter(x_test[:, 0], x_test[:, 1], s=8,
           c=np.where(y_test.ravel() == 1, "C1", "C0"))
ax.set(xlabel="x1", ylabel="x2")
plt.show()

# ---- results ----
results = {
    "slopes_agree": gap < TOLERANCE,
    "losses_agree": loss_gap.max() < TOLERANCE,
    "loss_last": losses[-1],
    "accuracy": accuracy,
}
print(pd.Series(results, dtype=float).round(4).to_string())
