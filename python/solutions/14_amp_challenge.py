"""Solution: the AMP challenge with dropout."""

import keras
import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression

# ---- constants ----
AMPS = "shared_data/peptides/AMP.train.txt"
DECOYS = "shared_data/peptides/DECOY.train.txt"
HIDDEN = ""  # or the peptides.csv of your instructor
FINAL = False  # True: predict the test set, once
SCORES = "scores.csv"  # of the validation set, to be written
SEED = 1
AMINO_ACIDS = "ACDEFGHIKLMNPQRSTVWYX"
LENGTH = 50
RESAMPLES = 1000
FIRST = 3
C = 100
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
def partition(path, kind):
    # utf-8-sig: without the byte order mark that may come first
    with open(path, encoding="utf-8-sig", errors="replace") as f:
        peptides = read_peptides(list(f))
    n = len(peptides) // 5
    if n < 10:
        raise ValueError(f"{path} has fewer than 50 peptides")
    return pd.DataFrame({
        "id": [f"{kind}-{i + 1}" for i in range(len(peptides))],
        "peptide": peptides, "y": int(kind == "AMP"), "part": (
            ["train"] * (len(peptides) - 2 * n)
            + ["val"] * n + ["test"] * n)})


sets = pd.concat([partition(AMPS, "AMP"),
                  partition(DECOYS, "DECOY")], ignore_index=True)
train = sets[sets["part"] == "train"]
val = sets[sets["part"] == "val"]
test = sets[sets["part"] == "test"]


# ---- encode ----
def encode(peptides):
    numbers = [[1 + AMINO_ACIDS.index(a) for a in one]
               for one in peptides]
    return keras.utils.pad_sequences(numbers, maxlen=LENGTH)


x_train, x_val = encode(train["peptide"]), encode(val["peptide"])
y_train, y_val = train["y"].to_numpy(), val["y"].to_numpy()

# ---- your model ----
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
history = model.fit(
    x_train, y_train, validation_data=(x_val, y_val),
    epochs=EPOCHS, batch_size=BATCH_SIZE, verbose=2)


# ---- validate ----
def auc(y, score):
    ranks = pd.Series(score).rank()[y == 1]
    return (ranks.mean() - (len(ranks) + 1) / 2) / (y == 0).sum()


y_prob = model.predict(x_val, verbose=0)[:, 0]
print(f"validation AUC {auc(y_val, y_prob):.3f}")


# ---- baseline ----
def describe(peptides):  # composition, and the first residues
    return np.array([
        [one.count(a) / len(one) for a in AMINO_ACIDS]
        + [one[i:i + 1] == a for i in range(FIRST)
           for a in AMINO_ACIDS] for one in peptides])


logistic = LogisticRegression(C=C, tol=1e-8, max_iter=1000)
logistic.fit(describe(train["peptide"]), y_train)
p_logistic = logistic.predict_proba(
    describe(val["peptide"]))[:, 1]


# ---- compare ----
def bootstrap(y, *scores):  # the same rows for all scores
    draw = keras.random.uniform([RESAMPLES, len(y)], seed=SEED)
    rows = (np.array(draw, float) * len(y)).astype(int)
    return np.array([[auc(y[i], score[i]) for score in scores]
                     for i in rows])


pd.DataFrame({"id": val["id"], "score": y_prob}).to_csv(
    SCORES, index=False)
aucs = bootstrap(y_val, p_logistic, y_prob)
low, high = np.quantile(aucs[:, 1] - aucs[:, 0], [0.025, 0.975])
results = {"val_auc": auc(y_val, y_prob),
           "val_auc_baseline": auc(y_val, p_logistic),
           "val_low": low, "val_high": high}

# ---- test ----
if FINAL:
    new = pd.read_csv(HIDDEN).fillna("") if HIDDEN else test
    x_test = encode(read_peptides(new["peptide"].tolist()))
    p_test = model.predict(x_test, verbose=0)[:, 0]
    pd.DataFrame({"id": new["id"], "score": p_test}).to_csv(
        "predictions.csv", index=False)
    if not HIDDEN:
        y_test = test["y"].to_numpy()
        low, high = np.quantile(bootstrap(y_test, p_test),
                                [0.025, 0.975])
        results.update(test_auc=auc(y_test, p_test),
                       test_low=low, test_high=high)
print(pd.Series(results).round(3).to_string())
