"""Peptides: convolution finds motifs, an LSTM reads them."""

import keras
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import sklearn.metrics as sk
from sklearn.linear_model import LogisticRegression

# ---- constants ----
full = variant() == "full"  # mini: smaller, for a quick run
SEED = 1
AMINO_ACIDS = "XACDEFGHIKLMNPQRSTVWY"
LENGTH = 200 if full else 50
DIMENSIONS = 128 if full else 32
FILTERS = 64 if full else 32
KERNEL = 16 if full else 8
POOL = 5
UNITS = 100 if full else 32
BATCH_SIZE = 32
EPOCHS = 10
C = 100.0
THRESHOLD = 0.5

# ---- load ----
folder = data_file("peptides")
amps = read_peptides(folder / "AMP.train.txt")
decoys = read_peptides(folder / "DECOY.train.txt")


def split(rows):
    fifth = len(rows) // 5
    return {
        "train": rows[:-2 * fifth],
        "tuning": rows[-2 * fifth:-fifth],
        "test": rows[-fifth:],
    }


amps, decoys = split(amps), split(decoys)
peptides, label = {}, {}
for part in amps:
    peptides[part] = amps[part] + decoys[part]
    label[part] = np.repeat(
        [1, 0], [len(amps[part]), len(decoys[part])]
    )
    print(f"{part}: {label[part].sum()} AMPs,",
          f"{(label[part] == 0).sum()} decoys")

# ---- lengths ----
sizes = {
    "AMP": [len(one) for one in amps["train"]],
    "decoy": [len(one) for one in decoys["train"]],
}
fig, ax = plt.subplots()
ax.hist(list(sizes.values()), label=list(sizes),
        bins=range(0, LENGTH + 1, LENGTH // 10))
ax.set(xlabel="amino acids in a peptide", ylabel="peptides")
ax.legend()
plt.show()


# ---- encode ----
def encode(peptides):
    numbers = [[AMINO_ACIDS.index(letter) for letter in one]
               for one in peptides]
    return keras.utils.pad_sequences(numbers, maxlen=LENGTH)


x = {part: encode(peptides[part]) for part in peptides}
print(peptides["train"][0])
print(x["train"][0])

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
    x["train"], label["train"],
    batch_size=BATCH_SIZE,
    epochs=EPOCHS,
    validation_data=(x["tuning"], label["tuning"]),
    verbose=2,
)

# ---- curve ----
curve = pd.DataFrame(history.history)
curve["epoch"] = range(1, EPOCHS + 1)
fig, axes = plt.subplots(2, 1, sharex=True)
for ax, name in zip(axes, ["accuracy", "loss"]):
    ax.plot(curve["epoch"], curve[name], label="train")
    ax.plot(curve["epoch"], curve[f"val_{name}"], label="tuning")
    ax.set_ylabel(name)
axes[0].legend()
axes[1].set_xlabel("epoch")
plt.show()


# ---- judge ----
def judge(label, score):
    predicted = (score >= THRESHOLD).astype(int)
    matrix = sk.confusion_matrix(label, predicted)
    (tn, fp), (fn, tp) = matrix
    return {
        "tp": tp, "tn": tn, "fp": fp, "fn": fn,
        "sensitivity": tp / (tp + fn),
        "specificity": tn / (tn + fp),
        "precision": tp / (tp + fp),
        "accuracy": (tp + tn) / len(label),
        "mcc": sk.matthews_corrcoef(label, predicted),
        "auc": sk.roc_auc_score(label, score),
    }


score = model.predict(x["test"], verbose=0)[:, 0]
cnn_lstm = judge(label["test"], score)


# ---- baseline ----
def composition(peptides):
    return np.array([
        [one.count(letter) / len(one)
         for letter in AMINO_ACIDS[1:]]
        for one in peptides
    ])


shares = {p: composition(peptides[p]) for p in peptides}
logistic = LogisticRegression(
    C=C, solver="newton-cholesky", tol=1e-10, max_iter=1000
)
logistic.fit(shares["train"], label["train"])
score_baseline = logistic.predict_proba(shares["test"])[:, 1]
score_baseline = score_baseline.round(6)
baseline = judge(label["test"], score_baseline)
print(pd.DataFrame(
    {"cnn_lstm": cnn_lstm, "composition": baseline}
).round(4).to_string())

# ---- roc ----
fig, ax = plt.subplots(figsize=(5.6, 3.6))
for name, values in {
    "CNN + LSTM": score, "composition": score_baseline
}.items():
    fpr, tpr, _ = sk.roc_curve(label["test"], values)
    ax.plot(fpr, tpr, label=name)
ax.plot([0, 1], [0, 1], ":", color="grey")
ax.set(xlabel="1 - specificity", ylabel="sensitivity")
ax.legend()
plt.show()

# ---- shortcuts ----
first = pd.Series([one[0] for one in peptides["train"]])
rate = pd.Series(label["train"]).groupby(first).mean()
backwards = encode([one[::-1] for one in peptides["test"]])
auc_of = {
    "length": [len(one) for one in peptides["test"]],
    "first": [rate.get(one[0], 0.5).round(6)
              for one in peptides["test"]],
    "backwards": model.predict(backwards, verbose=0)[:, 0],
}
auc_of = {name: sk.roc_auc_score(label["test"], values)
          for name, values in auc_of.items()}
for name, value in auc_of.items():
    print(f"AUC, {name:9} {value:.4f}")

# ---- save ----
file = "10_cnn_lstm_peptides.keras"
model.save(file)
again = keras.models.load_model(file)
same = np.array_equal(
    again.predict(x["test"], verbose=0)[:, 0], score
)
print("the reloaded model predicts the same:", same)

# ---- results ----
results = {
    **cnn_lstm,
    **{f"{name}_composition": value
       for name, value in baseline.items()},
    **{f"auc_{name}": value
       for name, value in auc_of.items()},
    "reloaded_same": same,
}
print(pd.Series(results, dtype=float).round(4).to_string())
