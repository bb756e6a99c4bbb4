"""Solution: dropout, both directions, a larger learning rate."""

import keras
import numpy as np
import pandas as pd

# ---- constants ----
AMPS = "shared_data/peptides/AMP.train.txt"
DECOYS = "shared_data/peptides/DECOY.train.txt"
SEED = 1
AMINO_ACIDS = "ACDEFGHIKLMNPQRSTVWYX"
LENGTH = 50
RESAMPLES = 1000
UNITS = 32
FILTERS = 64
KERNEL = 8
POOL = 5
DROPOUT = 0.3
LEARNING_RATE = 0.003
BATCH_SIZE = 64
EPOCHS = 15


# ---- read ----
def read_peptides(lines):  # FASTA, or one peptide a line
    lines = pd.Series(lines, dtype=str).str.strip(" \t\r\n")
    header = lines.str.startswith(">")
    # which peptide does each line belong to?
    entry = header.cumsum() if header.any() else lines.index
    joined = lines[~header].groupby(entry[~header]).agg("".join)
    peptides = joined.str.rstrip("*")
    peptides = peptides[peptides != ""]
    wrong = peptides[~peptides.str.fullmatch("[A-Za-z]+")]
    if len(wrong):
        raise ValueError(f"Not a peptide: {wrong.iloc[0]}")
    peptides = peptides.str.upper()
    print("peptides:", len(peptides), "- letters made X:",
          peptides.str.count("[BJOUZ]").sum(), "- cut:",
          (peptides.str.len() > LENGTH).sum())
    clear = peptides.str.replace("[BJOUZ]", "X", regex=True)
    return clear.str[:LENGTH].tolist()


# ---- load ----
def partition(path, y):
    # utf-8-sig: without the byte order mark that may come first
    with open(path, encoding="utf-8-sig", errors="replace") as f:
        peptides = read_peptides(list(f))
    n = len(peptides) // 5
    if n < 10:
        raise ValueError(f"{path} has fewer than 50 peptides")
    return pd.DataFrame({"peptide": peptides, "y": y, "part": (
        ["train"] * (len(peptides) - 2 * n)
        + ["val"] * n + ["test"] * n)})


sets = pd.concat([partition(AMPS, 1), partition(DECOYS, 0)],
                 ignore_index=True)
train = sets[sets["part"] == "train"].reset_index()
val = sets[sets["part"] == "val"].reset_index()
test = sets[sets["part"] == "test"].reset_index()


# ---- encode ----
def encode(peptides):
    numbers = [[1 + AMINO_ACIDS.index(a) for a in one]
               for one in peptides]
    return keras.utils.pad_sequences(numbers, maxlen=LENGTH)


x_train, x_val = encode(train["peptide"]), encode(val["peptide"])

# ---- model ----
keras.utils.set_random_seed(SEED)
lstm = keras.layers.LSTM(UNITS)
model = keras.Sequential([
    keras.Input(shape=(LENGTH,)),
    keras.layers.Embedding(len(AMINO_ACIDS) + 1, UNITS),
    keras.layers.Dropout(DROPOUT),
    keras.layers.Conv1D(FILTERS, KERNEL, padding="same",
                        activation="relu"),
    keras.layers.MaxPooling1D(POOL),
    keras.layers.Dropout(DROPOUT),
    keras.layers.Bidirectional(lstm),
    keras.layers.Dropout(DROPOUT),
    keras.layers.Dense(1, activation="sigmoid")])
model.compile(keras.optimizers.Adam(LEARNING_RATE),
              loss="binary_crossentropy")

# ---- fit ----
history = model.fit(
    x_train, train["y"], validation_data=(x_val, val["y"]),
    epochs=EPOCHS, batch_size=BATCH_SIZE, verbose=2)


# ---- validate ----
def auc(y, score):
    ranks = pd.Series(score).rank()[y == 1]
    return (ranks.mean() - (len(ranks) + 1) / 2) / (y == 0).sum()


p = model.predict(x_val, verbose=0)[:, 0]
results = {"val_auc_network": auc(val["y"], p)}

# ---- test ----
y_test = test["y"].to_numpy()
p = model.predict(encode(test["peptide"]), verbose=0)[:, 0]
draw = keras.random.uniform([RESAMPLES, len(p)], seed=SEED)
rows = (np.array(draw, float) * len(p)).astype(int)
aucs = [auc(y_test[i], p[i]) for i in rows]
low, high = np.quantile(aucs, [0.025, 0.975])
results.update(test_auc=auc(y_test, p),
               test_low=low, test_high=high)
print(pd.Series(results).round(3).to_string())
