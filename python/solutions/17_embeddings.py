"""Solution: vectors learn what the task asks for."""

import re
from pathlib import Path

import keras
import numpy as np
import pandas as pd
from scipy.spatial.distance import pdist
from scipy.stats import spearmanr

# ---- constants ----
ACIDS = "shared_data/aminoacids/aminoacids.csv"
AMPS = "shared_data/peptides/AMP.train.txt"
DECOYS = "shared_data/peptides/DECOY.train.txt"
SEED = 1
AMINO_ACIDS = "XACDEFGHIKLMNPQRSTVWY"
PROPERTIES = ["charge", "hydropathy", "volume"]
LENGTH = 50
DIMENSIONS = 32
FILTERS = 32
KERNEL = 8
LEARNING_RATE = 0.003
BATCH_SIZE = 32
EPOCHS = 20

# ---- load ----
def read_peptides(path):  # one a line, or FASTA
    text = Path(path).read_text().upper()
    if ">" not in text:
        return text.split()
    entries = re.split("(?m)^>.*", text)[1:]
    return ["".join(entry.split()) for entry in entries]


def load(path):
    peptides = read_peptides(path)
    fifth = len(peptides) // 5
    return peptides[:-2 * fifth], peptides[-2 * fifth:-fifth]


acids = pd.read_csv(ACIDS)
(amps, amps_val), (decoys, decoys_val) = load(AMPS), load(DECOYS)
train, val = amps + decoys, amps_val + decoys_val

# ---- task ----
# What one could measure of a whole peptide: the sum of each
# property over its letters. X counts as an average letter.
chemistry = acids[PROPERTIES]
chemistry = (chemistry - chemistry.mean()) / chemistry.std()
of_letter = np.vstack([np.zeros(3), chemistry])


def encode(peptides):
    numbers = [[AMINO_ACIDS.index(letter) for letter in one]
               for one in peptides]
    return keras.utils.pad_sequences(numbers, maxlen=LENGTH)


def measure(x):  # rounded: the same in Python and R
    return (of_letter[x].sum(axis=1) / 10).round(9)


x_train, x_val = encode(train), encode(val)
y_train, y_val = measure(x_train), measure(x_val)

# ---- model ----
keras.utils.set_random_seed(SEED)
model = keras.Sequential([
    keras.Input(shape=(LENGTH,)),
    keras.layers.Embedding(len(AMINO_ACIDS), DIMENSIONS),
    keras.layers.Conv1D(
        FILTERS, KERNEL, padding="same", activation="relu"
    ),
    keras.layers.GlobalAveragePooling1D(),
    keras.layers.Dense(len(PROPERTIES)),
])
model.compile(
    optimizer=keras.optimizers.Adam(LEARNING_RATE), loss="mse"
)
before = model.get_weights()[0][1:].astype(float)

# ---- fit ----
history = model.fit(
    x_train, y_train,
    batch_size=BATCH_SIZE,
    epochs=EPOCHS,
    validation_data=(x_val, y_val),
    verbose=0,
)
after = model.get_weights()[0][1:].astype(float)
error = history.history["val_loss"][-1]
print(f"validation error {error:.4f}, "
      f"of the mean {y_val.var(axis=0).mean():.4f}")

# ---- distances ----
group = acids["group"].to_numpy()
pairs = np.triu_indices(len(group), k=1)
same = (group[:, None] == group)[pairs]


def compare(vectors):
    distance = pdist(vectors)
    return {
        "rho": spearmanr(distance, pdist(chemistry)).statistic,
        "ratio": distance[same].mean() / distance[~same].mean(),
    }


untrained, trained = compare(before), compare(after)
print(pd.DataFrame({"untrained": untrained,
                    "trained": trained}).round(3))

# ---- results ----
results = {
    **trained,
    **{f"{name}_untrained": value
       for name, value in untrained.items()},
}
print(pd.Series(results).round(4).to_string())
