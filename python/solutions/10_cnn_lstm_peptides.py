"""Solution: dropout, two kinds of pooling, an early stop."""

import keras
import numpy as np
import sklearn.metrics as sk

# ---- constants ----
full = variant() == "full"
SEED = 1
AMINO_ACIDS = "XACDEFGHIKLMNPQRSTVWY"
LENGTH = 200 if full else 50
DIMENSIONS = 32
FILTERS = 48
KERNEL = 8
POOL = 16 if full else 4
UNITS = 24
DROPOUT = 0.3
NETWORKS = 2
LEARNING_RATE = 0.003
BATCH_SIZE = 64
EPOCHS = 18
PATIENCE = 4
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


# ---- encode ----
def encode(peptides):
    numbers = [[AMINO_ACIDS.index(letter) for letter in one]
               for one in peptides]
    return keras.utils.pad_sequences(numbers, maxlen=LENGTH)


x = {part: encode(peptides[part]) for part in peptides}


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
networks = {}
for i in range(1, NETWORKS + 1):
    keras.utils.set_random_seed(NETWORKS * SEED + i)
    model = build()
    start = model.get_weights()
    model.compile(
        optimizer=keras.optimizers.Adam(LEARNING_RATE),
        loss="binary_crossentropy", metrics=["accuracy"],
    )
    history = model.fit(
        x["train"], label["train"],
        batch_size=BATCH_SIZE,
        epochs=EPOCHS,
        validation_data=(x["tuning"], label["tuning"]),
        callbacks=[keras.callbacks.EarlyStopping(
            patience=PATIENCE, restore_best_weights=True
        )],
        verbose=0,
    )
    networks[f"network {i}"] = (model, start, history)
    losses = history.history["val_loss"]
    print(f"network {i}: {len(losses)} epochs, "
          f"lowest tuning loss {min(losses):.4f}")

# ---- average ----
inputs = keras.Input(shape=(LENGTH,))
together = keras.Model(inputs, keras.layers.Average()(
    [model(inputs) for model, _, _ in networks.values()]
))
together.save(
    "10_cnn_lstm_peptides.keras"
)


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


score = together.predict(x["test"], verbose=0)[:, 0]
averaged = judge(label["test"], score)
for name, value in averaged.items():
    print(f"{name:11} {value:.4f}")

# ---- results ----
results = averaged
print(results)
