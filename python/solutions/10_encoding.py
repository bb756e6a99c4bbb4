"""Solution: filters that slide over letters in one-hot code."""

import keras
import numpy as np
import pandas as pd

# ---- constants ----
DNA = "shared_data/dna/dna.csv"
SEED = 1
LETTERS = ["A", "C", "G", "T"]
FILTERS = 16
KERNEL = 6
BATCH_SIZE = 32
EPOCHS = 30
LEARNING_RATE = 0.01

# ---- load ----
dna = pd.read_csv(DNA)
numbers = np.array([
    [LETTERS.index(base) for base in one]
    for one in dna["sequence"]
])
x = keras.utils.to_categorical(numbers, len(LETTERS))
y = dna["label"].to_numpy()
is_train = dna["part"] == "train"
is_val = dna["part"] == "tuning"
is_test = dna["part"] == "test"

# ---- model ----
keras.utils.set_random_seed(SEED)
model = keras.Sequential([
    keras.Input(shape=(40, 4)),
    keras.layers.Conv1D(FILTERS, KERNEL, activation="relu"),
    keras.layers.GlobalMaxPooling1D(),
    keras.layers.Dense(1, activation="sigmoid"),
])
model.compile(
    optimizer=keras.optimizers.Adam(LEARNING_RATE),
    loss="binary_crossentropy",
    metrics=["accuracy"],
)
print("parameters:", model.count_params())

# ---- fit ----
history = model.fit(
    x[is_train], y[is_train],
    batch_size=BATCH_SIZE,
    epochs=EPOCHS,
    validation_data=(x[is_val], y[is_val]),
    verbose=0,
)
val_accuracy = history.history["val_accuracy"][-1]
print(f"validation accuracy {val_accuracy:.4f}")

# ---- evaluate ----
y_prob = model.predict(x[is_test], verbose=0)[:, 0]
y_pred = (y_prob > 0.5).astype(int)

# ---- results ----
results = {"accuracy": (y_pred == y[is_test]).mean()}
print(f"test accuracy {results['accuracy']:.4f}")
