"""Peptides: convolution finds motifs, an LSTM reads them."""

import re
from pathlib import Path

import keras
import matplotlib.pyplot as plt
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
DIMENSIONS = 32
FILTERS = 32
KERNEL = 8
POOL = 5
UNITS = 32
BATCH_SIZE = 32
EPOCHS = 10
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

# ---- lengths ----
lengths = train["peptide"].str.len()
kinds = ["AMP", "DECOY"]
fig, ax = plt.subplots()
ax.hist([lengths[train["kind"] == kind] for kind in kinds],
        label=kinds, bins=range(0, LENGTH + 1, LENGTH // 10))
ax.set(xlabel="amino acids in a peptide", ylabel="peptides")
ax.legend()
plt.show()


# ---- encode ----
def encode(peptides):
    numbers = [[AMINO_ACIDS.index(letter) for letter in one]
               for one in peptides]
    return keras.utils.pad_sequences(numbers, maxlen=LENGTH)


x_train = encode(train["peptide"])
x_val = encode(val["peptide"])
x_test = encode(test["peptide"])
print(train["peptide"].iloc[0])
print(x_train[0])

# ---- model ----
keras.utils.set_random_seed(SEED)
model = keras.Sequential([
    keras.Input(shape=(LENGTH,)),
    keras.layers.Embedding(len(AMINO_ACIDS), DIMENSIONS),
    keras.layers.Conv1D(
        FILTERS, KERNEL, padding="same", activation="relu"
    ),
    keras.layers.MaxPooling1D(POOL),
    keras.layers.LSTM(UNITS),
    keras.layers.Dense(1, activation="sigmoid"),
])
model.compile(
    optimizer="adam", loss="binary_crossentropy",
    metrics=["accuracy"],
)
print("parameters:", model.count_params())

# ---- fit ----
history = model.fit(
    x_train, y_train,
    batch_size=BATCH_SIZE,
    epochs=EPOCHS,
    validation_data=(x_val, y_val),
    verbose=2,
)

# ---- curve ----
curve = pd.DataFrame(history.history)
curve.index += 1
fig, axes = plt.subplots(2, 1, sharex=True)
curve[["accuracy", "val_accuracy"]].plot(ax=axes[0])
curve[["loss", "val_loss"]].plot(ax=axes[1], xlabel="epoch")
plt.show()


# ---- judge ----
def judge(y, y_prob):
    y_pred = (y_prob >= THRESHOLD).astype(int)
    (tn, fp), (fn, tp) = sk.confusion_matrix(y, y_pred)
    return {
        "tp": tp, "tn": tn, "fp": fp, "fn": fn,
        "sensitivity": tp / (tp + fn),
        "specificity": tn / (tn + fp),
        "precision": tp / (tp + fp),
        "accuracy": (tp + tn) / len(y),
        "mcc": sk.matthews_corrcoef(y, y_pred),
        "auc": sk.roc_auc_score(y, y_prob),
    }


y_prob = model.predict(x_test, verbose=0)[:, 0]
cnn_lstm = judge(y_test, y_prob)


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
print(pd.DataFrame(
    {"cnn_lstm": cnn_lstm, "composition": baseline}
).round(4).to_string())

# ---- roc ----
fig, ax = plt.subplots(figsize=(5.6, 3.6))
for name, scores in {
    "CNN + LSTM": y_prob, "composition": prob_composition
}.items():
    fpr, tpr, _ = sk.roc_curve(y_test, scores)
    ax.plot(fpr, tpr, label=name)
ax.plot([0, 1], [0, 1], ":", color="grey")
ax.set(xlabel="1 - specificity", ylabel="sensitivity")
ax.legend()
plt.show()

# ---- shortcuts ----
letter = train["peptide"].str[0]
rate = train.groupby(letter)["label"].mean()
backwards = encode(test["peptide"].str[::-1])
shortcuts = {
    "length": test["peptide"].str.len(),
    "first": test["peptide"].str[0].map(rate).fillna(0.5),
    "backwards": model.predict(backwards, verbose=0)[:, 0],
}
auc_of = {name: sk.roc_auc_score(y_test, scores)
          for name, scores in shortcuts.items()}
for name, auc in auc_of.items():
    print(f"AUC, {name:9} {auc:.4f}")

# ---- save ----
model.save("peptides.keras")
again = keras.models.load_model("peptides.keras")
same = np.array_equal(
    again.predict(x_test, verbose=0)[:, 0], y_prob
)
print("the reloaded model predicts the same:", same)

# ---- results ----
results = {
    **cnn_lstm,
    **{f"{name}_composition": value
       for name, value in baseline.items()},
    **{f"auc_{name}": auc for name, auc in auc_of.items()},
    "reloaded_same": same,
}
for name in ["auc", "auc_composition", "auc_backwards"]:
    print(f"{name} {results[name]:.4f}")
