"""Solution: without a convolution, each letter counts alone."""

from pathlib import Path

import keras
import numpy as np
import pandas as pd
from scipy.spatial.distance import pdist
from scipy.stats import binomtest, spearmanr, zscore

# ---- constants ----
ACIDS = "shared_data/aminoacids/aminoacids.csv"
AMPS = "shared_data/peptides/AMP.train.txt"
DECOYS = "shared_data/peptides/DECOY.train.txt"
PROPERTIES = ["charge", "hydropathy", "volume"]
SEED = 1
LENGTH = 50
DIMENSIONS = 32
EPOCHS = 10

# ---- load ----
acids = pd.read_csv(ACIDS)
letters = ["", *acids["letter"]]  # 0 is padding
tokens = len(letters)


def encode(peptides):
    numbers = [[*map(letters.index, one)] for one in peptides]
    return keras.utils.pad_sequences(numbers, maxlen=LENGTH)


amps = Path(AMPS).read_text().split()
decoys = Path(DECOYS).read_text().split()
x = encode(amps + decoys)
y = np.repeat([1, 0], [len(amps), len(decoys)])
fold = np.arange(len(y)) % 5  # the lists are in random order
x_train, y_train = x[fold < 3], y[fold < 3]
x_val, y_val = x[fold == 3], y[fold == 3]

# ---- model ----
keras.utils.set_random_seed(SEED)
model = keras.Sequential([
    keras.Input(shape=(LENGTH,)),
    keras.layers.Embedding(tokens, DIMENSIONS, mask_zero=True),
    keras.layers.GlobalAveragePooling1D(),
    keras.layers.Dense(1, activation="sigmoid")])
model.compile("adam", "binary_crossentropy")
before = model.get_weights()[0][1:].astype(float)

# ---- fit ----
model.fit(x_train, y_train, epochs=EPOCHS, verbose=0)
after = model.get_weights()[0][1:].astype(float)


# ---- enrichment ----
def count(x, tokens):  # in each row, without 0
    return (x[:, :, None] == np.arange(1, tokens)).sum(axis=1)


def enrich(x, y, tokens):
    counts = count(x, tokens)
    zeros, ones = [counts[y == k].sum(0) + 1 for k in (0, 1)]
    return np.log2(ones / zeros * (zeros.sum() / ones.sum()))


for_amp = enrich(x_val, y_val, tokens)

# ---- distances ----
def mantel(a, b):
    return spearmanr(pdist(a), pdist(b)).statistic


chemistry, task = zscore(acids[PROPERTIES]), for_amp[:, None]
rho = {"rho_chemistry_untrained": mantel(before, chemistry),
       "rho_chemistry_trained": mantel(after, chemistry),
       "val_rho_task_untrained": mantel(before, task),
       "val_rho_task_trained": mantel(after, task),
       "val_rho_chemistry_task": mantel(chemistry, task)}
draws = keras.random.uniform((1000, len(acids)), seed=SEED)
mixed = [mantel(after[i], chemistry) for i in np.argsort(draws)]
rho["p_value"] = np.mean(mixed >= rho["rho_chemistry_trained"])

# ---- validate ----
def is_right(x, y):
    return (model.predict(x, verbose=0)[:, 0] > 0.5) == y


val_accuracy = is_right(x_val, y_val).mean()

# ---- test ----
x_test, y_test = x[fold == 4], y[fold == 4]
right = int(is_right(x_test, y_test).sum())
ci = binomtest(right, len(y_test)).proportion_ci(method="wilson")
results = {**rho, "val_accuracy_network": val_accuracy,
           "test_accuracy": right / len(y_test),
           "test_low": ci.low, "test_high": ci.high}
print(pd.Series(results).round(3).to_string())
