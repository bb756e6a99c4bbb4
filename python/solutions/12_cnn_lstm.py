"""Solution: dropout, two kinds of pooling, an early stop."""

import re
from pathlib import Path

import keras
import numpy as np
import pandas as pd
import sklearn.metrics as sk

# ---- constants ----
AMPS = "shared_data/peptides/AMP.train.txt"
DECOYS = "shared_data/peptides/DECOY.train.txt"
SEED = 1
AMINO_ACIDS = "XACDEFGHIKLMNPQRSTVWY"
LENGTH = 50
DIMENSIONS = 32
FILTERS = 48
KERNEL = 8
POOL = 4
UNITS = 24
DROPOUT = 0.3
NETWORKS = 2
LEARNING_RATE = 0.003
BATCH_SIZE = 64
EPOCHS = 18
PATIENCE = 4
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


# ---- encode ----
def encode(peptides):
    numbers = [[AMINO_ACIDS.index(letter) for letter in one]
               for one in peptides]
    return keras.utils.pad_sequences(numbers, maxlen=LENGTH)


x_train = encode(train["peptide"])
x_val = encode(val["peptide"])
x_test = encode(test["peptide"])


# ---- model ----
def build():
    inputs = keras.Input(shape=(LENGTH,))
    y = keras.layers.Embedding(
        len(AMINO_ACIDS), DIMENSIONS
    )(inputs)
    y = keras.layers.Dropout(DROPOUT)(y)
    y = keras.layers.Conv1D(
        FILTERS, KERNEL, padding="same", activation="relu"
    )(y)
    y = keras.layers.Dropout(DROPOUT)(y)
    motifs = keras.layers.GlobalMaxPooling1D()(y)
    y = keras.layers.MaxPooling1D(POOL)(y)
    order = keras.layers.Bidirectional(
        keras.layers.LSTM(UNITS)
    )(y)
    y = keras.layers.Concatenate()([motifs, order])
    y = keras.layers.Dropout(DROPOUT)(y)
    outputs = keras.layers.Dense(1, activation="sigmoid")(y)
    return keras.Model(inputs, outputs)


# ---- fit ----
networks = []
for i in range(1, NETWORKS + 1):
    keras.utils.set_random_seed(NETWORKS * SEED + i)
    network = build()
    network.compile(
        optimizer=keras.optimizers.Adam(LEARNING_RATE),
        loss="binary_crossentropy", metrics=["accuracy"],
    )
    history = network.fit(
        x_train, y_train,
        batch_size=BATCH_SIZE,
        epochs=EPOCHS,
        validation_data=(x_val, y_val),
        callbacks=[keras.callbacks.EarlyStopping(
            patience=PATIENCE, restore_best_weights=True
        )],
        verbose=0,
    )
    networks.append(network)
    losses = history.history["val_loss"]
    print(f"network {i}: {len(losses)} epochs, "
          f"lowest validation loss {min(losses):.4f}")

# ---- average ----
inputs = keras.Input(shape=(LENGTH,))
model = keras.Model(inputs, keras.layers.Average()(
    [network(inputs) for network in networks]
))
model.save("peptides.keras")


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

# ---- results ----
results = judge(y_test, y_prob)
for name, value in results.items():
    print(f"{name:11} {value:.4f}")
