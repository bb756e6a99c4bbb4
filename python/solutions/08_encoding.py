"""Solution: filters that slide over letters in one-hot code."""

import keras
import numpy as np
import pandas as pd

# ---- constants ----
SEED = 1
LETTERS = ["A", "C", "G", "T"]
FILTERS = 16
KERNEL = 6
BATCH_SIZE = 32
EPOCHS = 30
LEARNING_RATE = 0.01

# ---- load ----
dna = pd.read_csv(data_dir("dna") / "dna.csv")
letters = np.array([list(one) for one in dna["sequence"]])
columns = np.stack([letters == base for base in LETTERS], axis=2)
x = columns.astype(int)
y = dna["label"].to_numpy()
is_train, is_val, is_test = (
    (dna["part"] == part).to_numpy()
    for part in ("train", "tuning", "test")
)

# ---- model ----
keras.utils.set_random_seed(SEED)
model = keras.Sequential([
    keras.Input(shape=(40, 4)),
    keras.layers.Conv1D(FILTERS, KERNEL, activation="relu"),
    keras.layers.GlobalMaxPooling1D(),
    keras.layers.Dense(1, activation="sigmoid"),
])

# ---- fit ----
model.compile(
    optimizer=keras.optimizers.Adam(LEARNING_RATE),
    loss="binary_crossentropy", metrics=["accuracy"],
)
history = model.fit(
    x[is_train], y[is_train],
    batch_size=BATCH_SIZE, epochs=EPOCHS,
    validation_data=(x[is_val], y[is_val]), verbose=0,
)
tuning = history.history["val_accuracy"][-1]
print(f"tuning accuracy {tuning:.4f}")

# ---- evaluate ----
score = model.predict(x[is_test], verbose=0)[:, 0]
accuracy = ((score > 0.5) == y[is_test]).mean()
print(f"parameters {model.count_params()}, "
      f"test accuracy {accuracy:.4f}")

# ---- results ----
results = {"accuracy": accuracy}
print(pd.Series(results, dtype=float).round(4).to_string())
