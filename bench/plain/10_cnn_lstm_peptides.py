"""Peptides in the manner of the original course: convolution, LSTM, fit."""

import os
from pathlib import Path

import keras
import numpy as np
from sklearn.metrics import roc_auc_score

keras.utils.set_random_seed(int(os.environ.get("DEEPTWINS_SEED", 1)))

# ---- load ----
x = {"train": [], "tuning": [], "test": []}
y = {"train": [], "tuning": [], "test": []}
for label, kind in ((1, "AMP"), (0, "DECOY")):
    lines = Path(f"shared_data/peptides/{kind}.train.txt").read_text().split()
    numbers = [["XACDEFGHIKLMNPQRSTVWY".index(letter) for letter in one] for one in lines]
    padded = keras.utils.pad_sequences(numbers, maxlen=50)
    fifth = len(padded) // 5
    for part, rows in (
        ("train", padded[: -2 * fifth]),
        ("tuning", padded[-2 * fifth : -fifth]),
        ("test", padded[-fifth:]),
    ):
        x[part].append(rows)
        y[part].append(np.full(len(rows), label))
x = {part: np.concatenate(rows) for part, rows in x.items()}
y = {part: np.concatenate(labels) for part, labels in y.items()}

# ---- train ----
model = keras.Sequential(
    [
        keras.Input(shape=(50,)),
        keras.layers.Embedding(21, 32),
        keras.layers.Conv1D(32, 8, padding="same", activation="relu"),
        keras.layers.MaxPooling1D(5),
        keras.layers.LSTM(32),
        keras.layers.Dense(1, activation="sigmoid"),
    ]
)
model.compile(optimizer="adam", loss="binary_crossentropy", metrics=["accuracy"])
model.fit(
    x["train"], y["train"], batch_size=32, epochs=10, validation_data=(x["tuning"], y["tuning"])
)

# ---- test ----
print("auc", roc_auc_score(y["test"], model.predict(x["test"])[:, 0]))
