"""Solution: the transformer and the CNN + LSTM, averaged."""

from pathlib import Path

import keras
import numpy as np
import pandas as pd
from keras import layers, ops
from scipy.stats import binomtest
from sklearn.metrics import roc_auc_score

# ---- constants ----
AMPS = "shared_data/peptides/AMP.train.txt"
DECOYS = "shared_data/peptides/DECOY.train.txt"
SEED = 1
AMINO_ACIDS = "ACDEFGHIKLMNPQRSTVWY"
LENGTH = 50
WIDTH = 32
HEADS = 2
LEARNING_RATE = 0.003
EPOCHS = 7
KERNEL = 8
POOL = 5
DROPOUT = 0.3

# ---- load ----
lists = [Path(one).read_text().split() for one in [AMPS, DECOYS]]
peptides = np.concatenate(lists)
y = np.repeat([1, 0], [len(one) for one in lists])
fifth = np.concatenate([5 * np.arange(len(one)) // len(one)
                        for one in lists])
is_train, is_val, is_test = fifth < 3, fifth == 3, fifth == 4
numbers = [[1 + AMINO_ACIDS.index(letter) for letter in one]
           for one in peptides]
x = keras.utils.pad_sequences(numbers, LENGTH)
x_val, y_val = x[is_val], y[is_val]


# ---- transformer ----
def transformer():
    peptide = keras.Input(shape=(LENGTH,), dtype="int32")
    h = layers.Embedding(21, WIDTH, mask_zero=True)(peptide)
    real = ops.sign(peptide)
    place = real * ops.cumsum(real, axis=1)
    place = layers.Embedding(
        LENGTH + 1, WIDTH, mask_zero=True)(place)
    h = layers.Add()([h, place])
    attended = layers.MultiHeadAttention(HEADS, WIDTH)(h, h)
    h = layers.LayerNormalization()(layers.Add()([h, attended]))
    dense = layers.Dense(2 * WIDTH, activation="relu")(h)
    dense = layers.Dense(WIDTH)(dense)
    h = layers.LayerNormalization()(layers.Add()([h, dense]))
    h = layers.GlobalAveragePooling1D()(h)
    y = layers.Dense(1, activation="sigmoid")(h)
    return keras.Model(peptide, y)


# ---- cnn-lstm ----
def cnn_lstm():
    return keras.Sequential([
        keras.Input(shape=(LENGTH,)),
        layers.Embedding(21, WIDTH),
        layers.Dropout(DROPOUT),
        layers.Conv1D(WIDTH, KERNEL, padding="same",
                      activation="relu"),
        layers.MaxPooling1D(POOL),
        layers.LSTM(WIDTH),
        layers.Dense(1, activation="sigmoid")])


# ---- fit ----
keras.utils.set_random_seed(SEED)
models = [transformer(), cnn_lstm()]
for one in models:
    one.compile(keras.optimizers.Adam(LEARNING_RATE),
                loss="binary_crossentropy")
    one.fit(x[is_train], y[is_train], epochs=EPOCHS, verbose=0)

# ---- validate ----
y_prob = [one.predict(x_val, verbose=0)[:, 0].astype(float)
          for one in models]
results = {
    "val_auc_alone": roc_auc_score(y_val, y_prob[0]),
    "val_auc_cnn_lstm": roc_auc_score(y_val, y_prob[1]),
    "val_auc_transformer": roc_auc_score(y_val, sum(y_prob))}

# ---- test ----
y_test = y[is_test]
y_prob = np.mean([one.predict(x[is_test], verbose=0)[:, 0]
                  for one in models], axis=0, dtype=float)
right = int(((y_prob > 0.5) == y_test).sum())
ci = binomtest(right, len(y_test)).proportion_ci(method="wilson")
results |= {"test_auc": roc_auc_score(y_test, y_prob),
            "test_accuracy": right / len(y_test),
            "test_low": ci.low, "test_high": ci.high}
print(pd.Series(results).round(3).to_string())
