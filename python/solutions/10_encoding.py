"""Solution: three neighbouring letters are one word."""

import keras
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from scipy.stats import binomtest

# ---- constants ----
DNA = "shared_data/splice/splice.csv"
SEED = 1
ALPHABET = ["A", "C", "G", "T"]
CLASSES = ["donor", "acceptor", "neither"]
DIMENSIONS = 8
UNITS = 16
LEARNING_RATE = 0.002
BATCH_SIZE = 64
EPOCHS = 10

# ---- encode ----
dna = pd.read_csv(DNA)
numbers = np.array([[ALPHABET.index(base) for base in sequence]
                    for sequence in dna["sequence"]])
# overlapping words of three letters: 4 * 4 * 4, from 1 to 64
x = (16 * numbers[:, :-2] + 4 * numbers[:, 1:-1]
     + numbers[:, 2:] + 1)
y = dna["class"].map(CLASSES.index)
is_train = dna["partition"] == "train"
is_val = dna["partition"] == "val"
is_test = dna["partition"] == "test"

# ---- model ----
keras.utils.set_random_seed(SEED)
model = keras.Sequential([
    keras.Input((x.shape[1],)),
    keras.layers.Embedding(65, DIMENSIONS),
    keras.layers.Flatten(),
    keras.layers.Dense(UNITS, activation="relu"),
    keras.layers.Dense(3, activation="softmax")])
model.compile(keras.optimizers.Adam(LEARNING_RATE),
              loss="sparse_categorical_crossentropy",
              metrics=["accuracy"])
print("parameters:", model.count_params())

# ---- fit ----
history = model.fit(
    x[is_train], y[is_train], verbose=0,
    batch_size=BATCH_SIZE, epochs=EPOCHS,
    validation_data=(x[is_val], y[is_val]))

# ---- curve ----
curve = pd.DataFrame(history.history).filter(like="loss")
curve.columns = ["training", "validation"]
curve.index += 1
curve.plot(xlabel="epoch", ylabel="cross-entropy", ylim=0)
plt.show()

# ---- test ----
y_prob = model.predict(x[is_test], verbose=0)
right = int((y_prob.argmax(axis=1) == y[is_test]).sum())
ci = binomtest(right, len(y_prob)).proportion_ci(method="wilson")
val_accuracy = history.history["val_accuracy"][-1]
results = {"val_accuracy_embedding": val_accuracy,
           "test_accuracy": right / len(y_prob),
           "test_low": ci.low, "test_high": ci.high}
print(pd.Series(results).round(4).to_string())
