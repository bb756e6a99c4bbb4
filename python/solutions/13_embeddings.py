"""Solution: vectors learn what the task asks for."""

import keras
import numpy as np
import pandas as pd
from scipy.spatial.distance import pdist

# ---- constants ----
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
table = pd.read_csv(data_dir("aminoacids") / "aminoacids.csv")
folder = data_file("peptides")


def parts(name):
    rows = read_peptides(folder / f"{name}.train.txt")
    fifth = len(rows) // 5
    return rows[:-2 * fifth], rows[-2 * fifth:-fifth]


amps, decoys = parts("AMP"), parts("DECOY")
peptides = {"train": amps[0] + decoys[0],
            "tuning": amps[1] + decoys[1]}

# ---- task ----
# What one could measure of a whole peptide: the sum of each
# property over its letters. X counts as an average letter.
chemistry = table[PROPERTIES]
chemistry = (chemistry - chemistry.mean()) / chemistry.std()
of_letter = np.vstack([np.zeros(3), chemistry])


def encode(peptides):
    numbers = [[AMINO_ACIDS.index(letter) for letter in one]
               for one in peptides]
    x = keras.utils.pad_sequences(numbers, maxlen=LENGTH)
    y = of_letter[x].sum(axis=1) / 10
    # Rounded, since R's scaling differs in the last digits.
    return x, y.round(9)


x_train, y_train = encode(peptides["train"])
x_val, y_val = encode(peptides["tuning"])

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

# ---- fit ----
history = model.fit(
    x_train, y_train,
    batch_size=BATCH_SIZE,
    epochs=EPOCHS,
    validation_data=(x_val, y_val),
    verbose=0,
)
error = history.history["val_loss"][-1]
print(f"tuning error {error:.4f}, "
      f"of the mean {y_val.var(axis=0).mean():.4f}")

# ---- distances ----
group = pd.factorize(table["group"])[0]
same = pdist(group[:, None]) == 0


def compare(vectors):
    distance = pd.Series(pdist(vectors))
    chemical = pd.Series(pdist(chemistry))
    return {
        "rho": distance.rank().corr(chemical.rank()),
        "ratio": distance[same].mean() / distance[~same].mean(),
    }


untrained = compare(start[0][1:].astype(float))
trained = compare(model.get_weights()[0][1:].astype(float))
print(pd.DataFrame({"untrained": untrained,
                    "trained": trained}).round(3))

# ---- results ----
results = {
    **trained,
    **{f"{name}_untrained": untrained[name]
       for name in untrained},
}
print(pd.Series(results, dtype=float).round(4).to_string())
