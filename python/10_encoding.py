"""Encodings: how words and DNA become numbers."""

from collections import Counter
from itertools import product

import keras
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression

# ---- constants ----
DNA = "shared_data/dna/dna.csv"
SEED = 1
SENTENCES = [
    "the cat ran to the park",
    "a dog ran",
    "the dog and the cat sat in the park"
]
MAXLEN = 8
LETTERS = ["A", "C", "G", "T"]
UNITS = 16
BATCH_SIZE = 32
EPOCHS = 10

# ---- words ----
first = SENTENCES[0].split()
known = list(dict.fromkeys(first))
print(first)
print([known.index(word) + 1 for word in first])

# ---- vocabulary ----
counts = Counter(" ".join(SENTENCES).split())
words = sorted(counts, key=lambda word: (-counts[word], word))
encoded = [
    [words.index(word) + 1 for word in sentence.split()]
    for sentence in SENTENCES
]
for number, word in enumerate(words, start=1):
    print(number, word, counts[word])

# ---- padding ----
padded = keras.utils.pad_sequences(encoded, maxlen=MAXLEN)
print(padded)

# ---- one hot ----
one_hot = keras.utils.to_categorical(padded, len(words) + 1)
print("one-hot:", one_hot.shape)
print(one_hot[1].astype(int))

# ---- multi hot ----
multi_hot = one_hot.max(axis=1)[:, 1:]
print("multi-hot:", multi_hot.shape)
print(multi_hot.astype(int))

# ---- embedding ----
keras.utils.set_random_seed(SEED)
embedding = keras.layers.Embedding(
    len(words) + 1, 2, mask_zero=True
)
vectors = embedding(padded).numpy()
print("vectors:", vectors.shape)
print(vectors[1].round(3))

# ---- mask ----
mask = embedding.compute_mask(padded).numpy()
lstm = keras.layers.LSTM(2)
alone = lstm(embedding(np.array([encoded[1]]))).numpy()
masked = lstm(embedding(padded[[1]])).numpy()
unmasked = lstm(vectors[[1]]).numpy()
print(mask.astype(int))
print("without padding  ", alone.round(4))
print("padded, masked   ", masked.round(4))
print("padded, no mask  ", unmasked.round(4))

# ---- dna ----
dna = pd.read_csv(DNA)
numbers = np.array([
    [LETTERS.index(base) + 1 for base in one]
    for one in dna["sequence"]
])
columns = keras.utils.to_categorical(numbers - 1, len(LETTERS))
triples = ["".join(one) for one in product(LETTERS, repeat=3)]
hits = np.array([
    [triple in one for triple in triples]
    for one in dna["sequence"]
]).astype(int)

y = dna["label"].to_numpy()
is_train = dna["part"] == "train"
is_val = dna["part"] == "tuning"
is_test = dna["part"] == "test"
print(dna["sequence"][0])
print(numbers[0])

# ---- see ----
fig, axes = plt.subplots(3, 1, layout="tight")
pictures = {
    "numbers": numbers[:1],
    "one-hot": columns[0].T,
    "multi-hot, words of three letters": hits[:1],
}
for ax, (title, picture) in zip(axes, pictures.items()):
    ax.imshow(picture, aspect="auto", vmin=0, cmap="Blues")
    ax.set(title=title, xticks=[], yticks=[])
    ax.grid(False)
axes[0].set_xticks(range(40), dna["sequence"][0], fontsize=6)
axes[1].set_yticks(range(4), LETTERS, fontsize=6)
plt.show()

# ---- networks ----
inputs = {
    "numbers": numbers,
    "multi_hot": hits,
    "one_hot": columns.reshape(len(y), -1),
    "embedding": numbers,
}
accuracy = {}
for name, x in inputs.items():
    keras.utils.set_random_seed(SEED)
    model = keras.Sequential([keras.Input(shape=x.shape[1:])])
    if name == "embedding":
        model.add(keras.layers.Embedding(5, 4))
        model.add(keras.layers.Flatten())
    model.add(keras.layers.Dense(UNITS, activation="relu"))
    model.add(keras.layers.Dense(1, activation="sigmoid"))
    model.compile(optimizer="adam", loss="binary_crossentropy",
                  metrics=["accuracy"])
    model.fit(
        x[is_train], y[is_train],
        batch_size=BATCH_SIZE, epochs=EPOCHS,
        validation_data=(x[is_val], y[is_val]), verbose=0,
    )
    y_prob = model.predict(x[is_test], verbose=0)[:, 0]
    accuracy[name] = ((y_prob > 0.5) == y[is_test]).mean()
    print(f"{name:<10} parameters {model.count_params():5d}  "
          f"test accuracy {accuracy[name]:.4f}")

# ---- baseline ----
shares = columns.mean(axis=1)
logistic = LogisticRegression()
logistic.fit(shares[is_train], y[is_train])
y_pred = logistic.predict(shares[is_test])
accuracy["baseline"] = (y_pred == y[is_test]).mean()
print("logistic regression on the shares of the letters "
      f"{accuracy['baseline']:.4f}")

# ---- results ----
unmasked = unmasked.astype(float)
results = {
    "accuracy": accuracy["one_hot"],
    "accuracy_numbers": accuracy["numbers"],
    "accuracy_multi_hot": accuracy["multi_hot"],
    "accuracy_embedding": accuracy["embedding"],
    "accuracy_baseline": accuracy["baseline"],
    "padding_changes": abs(unmasked - alone).max(),
    "mask_changes": abs(masked - alone).max(),
}
for name in ["padding_changes", "mask_changes"]:
    print(f"{name} {results[name]:.4f}")
