"""Solution: smaller steps and dropout, same sixty tumours."""

import keras
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from scipy.stats import binomtest

# ---- constants ----
TUMOURS = "shared_data/nuclei/nuclei.csv"
PARTITIONS = "shared_data/nuclei/partitions.csv"
OTHER = ["row", "diagnosis", "partition", "block"]
LABELS = ["benign", "malignant"]
SEED = 1
NETWORKS = 5
UNITS = 64
LEARNING_RATE = 0.005
BATCH_SIZE = 20
EPOCHS = 16
DROPOUT = 0.5

# ---- load ----
tumours = pd.read_csv(TUMOURS).merge(pd.read_csv(PARTITIONS),
                                     on="row")
is_train = tumours["block"] == 1
is_val = tumours["partition"] == "val"
is_test = tumours["partition"] == "test"
raw = tumours.drop(columns=OTHER).to_numpy("float32").copy()
scaler = keras.layers.Normalization()
scaler.adapt(raw[is_train])
x = np.array(scaler(raw))
y = tumours[["diagnosis"]].map(LABELS.index).to_numpy()
y = y.repeat(NETWORKS, axis=1)  # one column for each network

# ---- model ----
keras.utils.set_random_seed(SEED)
model = keras.Sequential([
    keras.Input(shape=(x.shape[1],)),
    keras.layers.Dense(NETWORKS * UNITS, activation="relu"),
    keras.layers.Reshape((NETWORKS, UNITS)),
    keras.layers.Dropout(DROPOUT),
    keras.layers.EinsumDense("bnu,nu->bn", NETWORKS,
                             bias_axes="n",
                             activation="sigmoid"),
])
model.compile(keras.optimizers.Adam(LEARNING_RATE),
              loss="binary_crossentropy")

# ---- fit ----
history = model.fit(
    x[is_train], y[is_train], batch_size=BATCH_SIZE,
    epochs=EPOCHS, verbose=0,
    validation_data=(x[is_val], y[is_val]),
)

# ---- curve ----
curve = pd.DataFrame(history.history)
curve.columns = ["training", "validation"]
curve.index += 1
curve.plot(xlabel="epoch", ylabel="cross-entropy", ylim=0)
plt.show()

# ---- validate ----
y_prob = np.array(model(x[is_val])).astype(float)
p_true = np.where(y[is_val] == 1, y_prob, 1 - y_prob)
results = {"val_loss_overfit": -np.log(p_true.clip(1e-7)).mean()}

# ---- test ----
x_test, y_test = x[is_test], y[is_test][:, 0]
y_prob = model.predict(x_test, verbose=0)[:, 0]
right = int(((y_prob > 0.5) == y_test).sum())
ci = binomtest(right, len(y_test)).proportion_ci(method="wilson")
results |= {"test_accuracy": right / len(y_test),
            "test_low": ci.low, "test_high": ci.high}
print(pd.Series(results).round(3).to_string())
