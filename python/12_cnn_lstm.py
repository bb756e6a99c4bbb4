"""Peptides: composition, motifs and their order."""

import keras
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression

# ---- constants ----
AMPS = "shared_data/peptides/AMP.train.txt"
DECOYS = "shared_data/peptides/DECOY.train.txt"
PEPTIDE = "GIGAVLKVLTTGLPALISWIKRKRQQ"
SEED = 1
AMINO_ACIDS = "ACDEFGHIKLMNPQRSTVWYX"
LENGTH = 50
FIRST = 3
C = 100
UNITS = 32
KERNEL = 8
POOL = 5
EPOCHS = 8
RESAMPLES = 1000


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
train = sets[sets["part"] == "train"].reset_index(drop=True)
val = sets[sets["part"] == "val"].reset_index(drop=True)
test = sets[sets["part"] == "test"].reset_index(drop=True)
copy = sets["peptide"].duplicated().rename("copy")
print(pd.crosstab(sets["part"], copy))


# ---- encode ----
def encode(peptides):
    numbers = [[1 + AMINO_ACIDS.index(a) for a in one]
               for one in peptides]
    return keras.utils.pad_sequences(numbers, maxlen=LENGTH)


x_train, x_val = encode(train["peptide"]), encode(val["peptide"])
print(train["peptide"][0], x_train[0])


# ---- baseline ----
def auc(y, score):
    ranks = pd.Series(score).rank()[y == 1]
    return (ranks.mean() - (len(ranks) + 1) / 2) / (y == 0).sum()


def shares(peptides):
    return np.array([[one.count(a) / len(one)
                      for a in AMINO_ACIDS] for one in peptides])


def first(peptides):  # which amino acid at each place?
    return np.array([[one[i:i + 1] == a for i in range(FIRST)
                      for a in AMINO_ACIDS] for one in peptides])


def regress(inputs):
    logistic = LogisticRegression(C=C, tol=1e-8, max_iter=1000)
    logistic.fit(inputs(train["peptide"]), train["y"])
    return logistic.predict_proba(inputs(val["peptide"]))[:, 1]


score = {
    "first": regress(first), "composition": regress(shares),
    "both": regress(lambda p: np.hstack([shares(p), first(p)]))}


# ---- model ----
def learn(x_train, x_val):
    keras.utils.set_random_seed(SEED)
    model = keras.Sequential([
        keras.Input(shape=(LENGTH,)),
        keras.layers.Embedding(len(AMINO_ACIDS) + 1, UNITS),
        keras.layers.Conv1D(UNITS, KERNEL, padding="same",
                            activation="relu"),
        keras.layers.MaxPooling1D(POOL),
        keras.layers.LSTM(UNITS),
        keras.layers.Dense(1, activation="sigmoid")])
    model.compile("adam", "binary_crossentropy")
    history = model.fit(
        x_train, train["y"], validation_data=(x_val, val["y"]),
        epochs=EPOCHS, verbose=0)
    return model, history, model.predict(x_val, verbose=0)[:, 0]


# ---- fit ----
model, history, score["network"] = learn(x_train, x_val)

# ---- curve ----
curve = pd.DataFrame(history.history, range(1, EPOCHS + 1))
curve.plot(xlabel="epoch", ylabel="cross-entropy", ylim=0)
plt.show()


# ---- shuffle ----
def shuffle(x):
    draw = np.array(keras.random.uniform(x.shape, seed=SEED))
    draw[x == 0] = -1  # zeros stay in front
    order = draw.argsort(axis=1, kind="stable")
    return np.take_along_axis(x, order, axis=1)


*_, score["shuffled"] = learn(shuffle(x_train), shuffle(x_val))

# ---- compare ----
val_auc = pd.DataFrame(score).apply(
    lambda p: auc(val["y"], p))
print(val_auc.round(3).to_string())

# ---- predict ----
peptide = read_peptides([PEPTIDE])[0]
changed = [peptide[:i] + a + peptide[i + 1:] for i in
           range(len(peptide)) for a in AMINO_ACIDS[:20]]
p = model.predict(encode([peptide, *changed]), verbose=0)[:, 0]
print(f"score {p[0]:.3f}, lowest {p.min():.3f}")

# ---- occlusion ----
lost = p[0] - p[1:].reshape(len(peptide), 20).mean(axis=1)
pd.Series(lost, list(peptide)).plot.bar(
    rot=0, xlabel="residue", ylabel="score lost")
plt.show()

# ---- test ----
y_test = test["y"].to_numpy()
p = model.predict(encode(test["peptide"]), verbose=0)[:, 0]
draw = keras.random.uniform([RESAMPLES, len(p)], seed=SEED)
rows = (np.array(draw, float) * len(p)).astype(int)
aucs = [auc(y_test[i], p[i]) for i in rows]
low, high = np.quantile(aucs, [0.025, 0.975])
results = {**val_auc.add_prefix("val_auc_"),
           "test_auc": auc(y_test, p),
           "test_low": low, "test_high": high}
print(pd.Series(results).round(3).to_string())
