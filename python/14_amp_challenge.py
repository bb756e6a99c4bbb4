"""The AMP challenge: build a network of your own."""

import keras
import numpy as np
import pandas as pd
from scipy.stats import rankdata
from sklearn.linear_model import LogisticRegression

# ---- constants ----
AMPS = "shared_data/peptides/AMP.train.txt"
DECOYS = "shared_data/peptides/DECOY.train.txt"
HIDDEN = ""  # or the peptides.csv of your instructor
FINAL = False  # True: predict the test set, once
SEED = 1
AMINO_ACIDS = "ACDEFGHIKLMNPQRSTVWYX"
LENGTH = 50
RESAMPLES = 1000
FIRST = 3
C = 100
DIMENSIONS = 8
EPOCHS = 10


# ---- read ----
def read_peptides(lines):  # FASTA, or one peptide a line
    lines = pd.Series(lines, dtype=str).str.upper().str.strip()
    header = lines.str.startswith(">")
    entry = header.cumsum() if header.any() else lines.index
    entry = lines[~header].groupby(entry[~header])
    peptides = entry.agg("".join).str.rstrip("*")
    peptides = peptides[peptides != ""]
    wrong = peptides[~peptides.str.fullmatch("[A-Z]+")]
    assert wrong.empty, f"Not a peptide: {wrong.iloc[0]}"
    print(
        "peptides:",
        len(peptides),
        "- letters made X:",
        peptides.str.count("[BJOUZ]").sum(),
        "- cut:",
        (peptides.str.len() > LENGTH).sum(),
    )
    clear = peptides.str.replace("[BJOUZ]", "X", regex=True)
    return clear.str[:LENGTH].tolist()


# ---- load ----
def partition(path, kind):
    # what is not ASCII, such as the mark of some files, goes
    with open(path, encoding="ascii", errors="ignore") as file:
        peptides = read_peptides(list(file))
    n = len(peptides) // 5
    assert n >= 10, f"{path} has fewer than 50 peptides"
    return pd.DataFrame(
        {
            "id": [f"{kind}-{i + 1}" for i in range(len(peptides))],
            "peptide": peptides,
            "y": int(kind == "AMP"),
            "part": (["train"] * (len(peptides) - 2 * n) + ["val"] * n + ["test"] * n),
        }
    )


sets = pd.concat([partition(AMPS, "AMP"), partition(DECOYS, "DECOY")], ignore_index=True)
train = sets[sets["part"] == "train"]
val = sets[sets["part"] == "val"]
test = sets[sets["part"] == "test"]


# ---- encode ----
def encode(peptides):
    numbers = [[1 + AMINO_ACIDS.index(a) for a in one] for one in peptides]
    return keras.utils.pad_sequences(numbers, maxlen=LENGTH)


x_train, x_val = encode(train["peptide"]), encode(val["peptide"])
y_train, y_val = train["y"].to_numpy(), val["y"].to_numpy()

# ---- your model ----
# This section is yours. It leaves behind `model`, which gives
# a score from 0 to 1 for each row of x. Learn from the training
# set and choose by the validation set.
keras.utils.set_random_seed(SEED)
model = keras.Sequential(
    [
        keras.Input(shape=(LENGTH,)),
        keras.layers.Embedding(len(AMINO_ACIDS) + 1, DIMENSIONS),
        keras.layers.GlobalAveragePooling1D(),
        keras.layers.Dense(1, activation="sigmoid"),
    ]
)
model.compile("adam", "binary_crossentropy")
history = model.fit(x_train, y_train, validation_data=(x_val, y_val), epochs=EPOCHS, verbose=2)


# ---- validate ----
def auc(y, score):
    ranks = rankdata(score)[y == 1]
    return (ranks.mean() - (len(ranks) + 1) / 2) / sum(y == 0)


y_prob = model.predict(x_val, verbose=0)[:, 0]
print(f"validation AUC {auc(y_val, y_prob):.3f}")


# ---- baseline ----
def describe(peptides):  # composition, and the first residues
    return np.array(
        [
            [one.count(a) / len(one) for a in AMINO_ACIDS]
            + [one[i : i + 1] == a for i in range(FIRST) for a in AMINO_ACIDS]
            for one in peptides
        ]
    )


logistic = LogisticRegression(C=C, solver="newton-cholesky")
logistic.fit(describe(train["peptide"]), y_train)
p_logistic = logistic.predict_proba(describe(val["peptide"]))[:, 1]


# ---- compare ----
def bootstrap(y, *scores):  # the same rows for all scores
    draw = keras.random.uniform([RESAMPLES, len(y)], seed=SEED)
    rows = (np.array(draw, float) * len(y)).astype(int)
    return np.array([[auc(y[i], score[i]) for score in scores] for i in rows])


difference = np.diff(bootstrap(y_val, p_logistic, y_prob))
low, high = np.quantile(difference, [0.025, 0.975])
results = {
    "val_auc": auc(y_val, y_prob),
    "val_auc_baseline": auc(y_val, p_logistic),
    "val_low": low,
    "val_high": high,
}

# ---- test ----
if FINAL:
    new = pd.read_csv(HIDDEN) if HIDDEN else test
    x_test = encode(read_peptides(new["peptide"].tolist()))
    y_prob = model.predict(x_test, verbose=0)[:, 0]
    pd.DataFrame({"id": new["id"], "score": y_prob}).to_csv("predictions.csv", index=False)
    if not HIDDEN:
        y_test = test["y"].to_numpy()
        low, high = np.quantile(bootstrap(y_test, y_prob), [0.025, 0.975])
        results |= {"test_auc": auc(y_test, y_prob), "test_low": low, "test_high": high}
print(pd.Series(results).round(3).to_string())
