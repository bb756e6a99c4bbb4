"""Solution: the average of two networks of chapter 10."""

import keras
import numpy as np
import pandas as pd
import sklearn.metrics as sk
from sklearn.linear_model import LogisticRegression

# ---- constants ----
full = variant() == "full"
SEED = 1
AMINO_ACIDS = "XACDEFGHIKLMNPQRSTVWY"
LENGTH = 200 if full else 50
C = 100.0
THRESHOLD = 0.5

# ---- load ----
folder = data_file("peptides")


def read(kind):
    rows = pd.DataFrame({
        "peptide": read_peptides(folder / f"{kind}.train.txt"),
        "label": int(kind == "AMP"),
    })
    rows["id"] = [f"{kind}-{i + 1}" for i in rows.index]
    fifth = len(rows) // 5
    rows["part"] = np.repeat(
        ["train", "tuning", "test"],
        [len(rows) - 2 * fifth, fifth, fifth],
    )
    return rows


both = pd.concat([read("AMP"), read("DECOY")])
parts = {name: rows for name, rows in both.groupby("part")}
y = {part: parts[part]["label"].to_numpy() for part in parts}
print(pd.crosstab(both["part"], both["label"]))


# ---- encode ----
def encode(peptides):
    numbers = [[AMINO_ACIDS.index(letter) for letter in one]
               for one in peptides]
    return keras.utils.pad_sequences(numbers, maxlen=LENGTH)


x = {part: encode(parts[part]["peptide"]) for part in parts}

# ---- your model ----
NETWORKS = 2
DIMENSIONS = 32
FILTERS = 32
KERNEL = 8
POOL = 5
UNITS = 32
DROPOUT = 0.2
BATCH_SIZE = 32
EPOCHS = 10

networks = {}
for i in range(1, NETWORKS + 1):
    keras.utils.set_random_seed(NETWORKS * SEED + i)
    model = keras.Sequential([
        keras.Input(shape=(LENGTH,)),
        keras.layers.Embedding(len(AMINO_ACIDS), DIMENSIONS),
        keras.layers.Conv1D(
            FILTERS, KERNEL, padding="same", activation="relu"
        ),
        keras.layers.MaxPooling1D(POOL),
        keras.layers.Dropout(DROPOUT),
        keras.layers.LSTM(UNITS),
        keras.layers.Dense(1, activation="sigmoid"),
    ])
    start = model.get_weights()
    model.compile(
        optimizer="adam", loss="binary_crossentropy",
        metrics=["accuracy"],
    )
    history = model.fit(
        x["train"], y["train"],
        batch_size=BATCH_SIZE,
        epochs=EPOCHS,
        validation_data=(x["tuning"], y["tuning"]),
        verbose=0,
    )
    networks[f"network {i}"] = (model, start, history)
    print(f"network {i}: tuning loss "
          f"{history.history['val_loss'][-1]:.4f}")

inputs = keras.Input(shape=(LENGTH,))
model = keras.Model(inputs, keras.layers.Average()(
    [one(inputs) for one, _, _ in networks.values()]
))


# ---- judge ----
def judge(label, score):
    predicted = (score >= THRESHOLD).astype(int)
    matrix = sk.confusion_matrix(label, predicted)
    (tn, fp), (fn, tp) = matrix
    return {
        "tp": tp, "tn": tn, "fp": fp, "fn": fn,
        "sensitivity": tp / (tp + fn),
        "specificity": tn / (tn + fp),
        "accuracy": (tp + tn) / len(label),
        "mcc": sk.matthews_corrcoef(label, predicted),
        "auc": sk.roc_auc_score(label, score),
    }


scores = {part: model.predict(x[part], verbose=0)[:, 0]
          for part in ["tuning", "test"]}
mine = {part: judge(y[part], scores[part]) for part in scores}


# ---- baseline ----
def composition(peptides):
    return np.array([
        [one.count(letter) / len(one)
         for letter in AMINO_ACIDS[1:]]
        for one in peptides
    ])


shares = {p: composition(parts[p]["peptide"]) for p in parts}
logistic = LogisticRegression(
    C=C, solver="newton-cholesky", tol=1e-10, max_iter=1000
)
logistic.fit(shares["train"], y["train"])
score = logistic.predict_proba(shares["test"])[:, 1].round(6)
baseline = judge(y["test"], score)
print(pd.DataFrame({
    "tuning": mine["tuning"], "test": mine["test"],
    "composition": baseline,
}).round(4).to_string())

# ---- save ----
predictions = pd.DataFrame({
    "id": parts["test"]["id"], "score": scores["test"],
})
file = result_file(
    "solutions/11_amp_challenge-predictions.csv"
)
predictions.to_csv(file, index=False, float_format="%.6f")
print(*file.read_text().split()[:4], sep="\n")
model.save("11_amp_challenge.keras")

# ---- results ----
results = {
    **mine["test"],
    **{f"{name}_tuning": value
       for name, value in mine["tuning"].items()},
    **{f"{name}_composition": value
       for name, value in baseline.items()},
}
print(pd.Series(results, dtype=float).round(4).to_string())
