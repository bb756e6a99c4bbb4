"""The AMP challenge: build a network of your own."""

import re
from pathlib import Path

import keras
import numpy as np
import pandas as pd
import sklearn.metrics as sk
from sklearn.linear_model import LogisticRegression

# ---- constants ----
AMPS = "shared_data/peptides/AMP.train.txt"
DECOYS = "shared_data/peptides/DECOY.train.txt"
SEED = 1
AMINO_ACIDS = "XACDEFGHIKLMNPQRSTVWY"
LENGTH = 50
C = 100.0
THRESHOLD = 0.5

# ---- load ----
def read_peptides(path):  # one a line, or FASTA
    text = Path(path).read_text().upper()
    if ">" not in text:
        return text.split()
    entries = re.split("(?m)^>.*", text)[1:]
    return ["".join(entry.split()) for entry in entries]


def load(path, kind):
    table = pd.DataFrame({"peptide": read_peptides(path)})
    table["kind"] = kind
    table["id"] = [f"{kind}-{i + 1}" for i in table.index]
    fifth = len(table) // 5
    table["part"] = np.repeat(
        ["train", "val", "test"],
        [len(table) - 2 * fifth, fifth, fifth],
    )
    return table


peptides = pd.concat(
    [load(AMPS, "AMP"), load(DECOYS, "DECOY")],
    ignore_index=True,
)
peptides["label"] = (peptides["kind"] == "AMP").astype(int)
train = peptides[peptides["part"] == "train"]
val = peptides[peptides["part"] == "val"]
test = peptides[peptides["part"] == "test"]
y_train, y_val = train["label"], val["label"]
y_test = test["label"]
print(pd.crosstab(peptides["part"], peptides["kind"]))


# ---- encode ----
def encode(peptides):
    numbers = [[AMINO_ACIDS.index(letter) for letter in one]
               for one in peptides]
    return keras.utils.pad_sequences(numbers, maxlen=LENGTH)


x_train = encode(train["peptide"])
x_val = encode(val["peptide"])
x_test = encode(test["peptide"])

# ---- your model ----
# This section is yours. It must leave behind `model`, which
# gives a score from 0 to 1 for each row of x. Learn from the
# training set, choose by the validation set, and leave the
# test set alone.
EPOCHS = 10
BATCH_SIZE = 32
DIMENSIONS = 8

keras.utils.set_random_seed(SEED)
model = keras.Sequential([
    keras.Input(shape=(LENGTH,)),
    keras.layers.Embedding(len(AMINO_ACIDS), DIMENSIONS),
    keras.layers.GlobalAveragePooling1D(),
    keras.layers.Dense(1, activation="sigmoid"),
])
model.compile(
    optimizer="adam", loss="binary_crossentropy",
    metrics=["accuracy"],
)
history = model.fit(
    x_train, y_train,
    batch_size=BATCH_SIZE,
    epochs=EPOCHS,
    validation_data=(x_val, y_val),
    verbose=2,
)


# ---- judge ----
def judge(y, y_prob):
    y_pred = (y_prob >= THRESHOLD).astype(int)
    (tn, fp), (fn, tp) = sk.confusion_matrix(y, y_pred)
    return {
        "tp": tp, "tn": tn, "fp": fp, "fn": fn,
        "sensitivity": tp / (tp + fn),
        "specificity": tn / (tn + fp),
        "accuracy": (tp + tn) / len(y),
        "mcc": sk.matthews_corrcoef(y, y_pred),
        "auc": sk.roc_auc_score(y, y_prob),
    }


prob_val = model.predict(x_val, verbose=0)[:, 0]
y_prob = model.predict(x_test, verbose=0)[:, 0]
mine_val = judge(y_val, prob_val)
mine = judge(y_test, y_prob)


# ---- baseline ----
def composition(peptides):
    return np.array([
        [one.count(letter) / len(one)
         for letter in AMINO_ACIDS[1:]]
        for one in peptides
    ])


logistic = LogisticRegression(C=C, solver="newton-cholesky")
logistic.fit(composition(train["peptide"]), y_train)
prob_composition = logistic.predict_proba(
    composition(test["peptide"])
)[:, 1]
baseline = judge(y_test, prob_composition)
print(pd.DataFrame({
    "validation": mine_val, "test": mine,
    "composition": baseline,
}).round(4).to_string())

# ---- save ----
predictions = pd.DataFrame({"id": test["id"], "score": y_prob})
predictions.to_csv("predictions.csv", index=False)
print(predictions.head(3).to_string(index=False))
model.save("mine.keras")

# ---- results ----
results = {
    **mine,
    **{f"{name}_tuning": value
       for name, value in mine_val.items()},
    **{f"{name}_composition": value
       for name, value in baseline.items()},
}
for name in ["auc_tuning", "auc", "auc_composition"]:
    print(f"{name} {results[name]:.4f}")
