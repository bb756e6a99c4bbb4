"""Reviews in the manner of the original course: pad, embed, LSTM, fit."""

import os

import keras
import numpy as np
from sklearn.metrics import roc_auc_score

keras.utils.set_random_seed(int(os.environ.get("DEEPTWINS_SEED", 1)))

# ---- load ----
reviews = np.load("shared_data/reviews/reviews.npz")
x = {
    part: keras.utils.pad_sequences(
        np.split(reviews[f"{part}_tokens"], reviews[f"{part}_offsets"][1:-1]), maxlen=40
    )
    for part in ("train", "test")
}

# ---- train ----
model = keras.Sequential(
    [
        keras.Input(shape=(40,)),
        keras.layers.Embedding(500, 32),
        keras.layers.LSTM(25),
        keras.layers.Dense(1, activation="sigmoid"),
    ]
)
model.compile(optimizer="adam", loss="binary_crossentropy", metrics=["accuracy"])
model.fit(
    x["train"][:2000],
    reviews["y_train"][:2000],
    batch_size=32,
    epochs=10,
    validation_data=(x["test"], reviews["y_test"]),
)

# ---- test ----
print("auc", roc_auc_score(reviews["y_test"], model.predict(x["test"])[:, 0]))
