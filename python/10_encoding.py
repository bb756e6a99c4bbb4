"""Encodings: how words and DNA become numbers."""

from collections import Counter
from itertools import product

import keras
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from keras import layers, utils
from scipy.stats import binomtest
from sklearn.linear_model import LogisticRegression

# ---- constants ----
DNA = "shared_data/splice/splice.csv"
SEED = 1
SENTENCES = ["the cat ran to the park",
             "a dog ran",
             "the dog and the cat sat in the park"]
MAXLEN = 8
ALPHABET = ["A", "C", "G", "T"]
CLASSES = ["donor", "acceptor", "neither"]
NEW = ("TGATAGGCACTGACTCTCTCTGCCTATTAG"
       "TCTATTTTCCCACCCTTAGGCTGCTGGTGG")
K = 3
UNITS = 16
LEARNING_RATE = 0.002
BATCH_SIZE = 64
EPOCHS = 10

# ---- vocabulary ----
counts = Counter(" ".join(SENTENCES).split())
words = sorted(counts, key=lambda word: (-counts[word], word))
encoded = [[words.index(word) + 1 for word in sentence.split()]
           for sentence in SENTENCES]
for number, word in enumerate(words, start=1):
    print(number, word, counts[word])

# ---- padding ----
padded = utils.pad_sequences(encoded, maxlen=MAXLEN)
print(padded)

# ---- one hot ----
one_hot = utils.to_categorical(padded, len(words) + 1)
print("all three sentences:", one_hot.shape)
print(one_hot[1].astype(int))

# ---- multi hot ----
multi_hot = one_hot.max(axis=1)[:, 1:]
print(multi_hot.astype(int))

# ---- embedding ----
utils.set_random_seed(SEED)
embedding = layers.Embedding(len(words) + 1, 2, mask_zero=True)
print(embedding(padded).numpy()[1].round(3))

# ---- mask ----
lstm = layers.LSTM(2)
at_end = utils.pad_sequences(encoded, MAXLEN, padding="post")
alone = lstm(embedding(np.array([encoded[1]]))).numpy()
print("alone", alone.round(4))
change = {}
for name, rows in {"front": padded, "end": at_end}.items():
    vectors = embedding(rows[[1]])  # they carry the mask along
    masked = lstm(vectors).numpy()
    # .numpy() drops the mask.
    no_mask = lstm(vectors.numpy()).numpy().astype(float)
    change["padding_" + name] = abs(no_mask - alone).max()
    print(name, masked.round(4), "no mask", no_mask.round(4))


# ---- encode ----
def encode(sequences):
    numbers = np.array([
        [ALPHABET.index(base) + 1 for base in seq]
        for seq in sequences])
    one_hot = utils.to_categorical(numbers - 1, len(ALPHABET))
    kmers = ["".join(row) for row in product(ALPHABET, repeat=K)]
    hits = [[kmer in seq for kmer in kmers] for seq in sequences]
    return {"numbers": numbers,
            "one_hot": one_hot.reshape(len(numbers), -1),
            "multi_hot": np.array(hits).astype(int),
            "embedding": numbers}


# ---- dna ----
dna = pd.read_csv(DNA)
x = encode(dna["sequence"])
y = dna["class"].map(CLASSES.index)
is_train = dna["partition"] == "train"
is_val = dna["partition"] == "val"
is_test = dna["partition"] == "test"
print(pd.crosstab(dna["class"], dna["partition"]))

# ---- see ----
fig, axes = plt.subplots(len(CLASSES), sharex=True,
                         layout="tight")
for ax, name in zip(axes, CLASSES):
    rows = is_train & (dna["class"] == name)
    shares = x["one_hot"][rows].mean(axis=0)
    shares = shares.reshape(-1, len(ALPHABET))
    ax.imshow(shares.T, "Blues", vmin=0, vmax=1, aspect="auto",
              extent=(0.5, len(shares) + 0.5, len(ALPHABET), 0))
    ax.set_yticks(np.arange(len(ALPHABET)) + 0.5, ALPHABET)
    ax.set_title(name)
    ax.grid(False)
ax.set_xlabel("place")
plt.show()

# ---- networks ----
models, accuracy = {}, {}
for name in x:
    utils.set_random_seed(SEED)
    model = keras.Sequential([keras.Input((x[name].shape[1],))])
    if name == "embedding":
        model.add(layers.Embedding(len(ALPHABET) + 1, 4))
        model.add(layers.Flatten())
    model.add(layers.Dense(UNITS, activation="relu"))
    model.add(layers.Dense(len(CLASSES), activation="softmax"))
    model.compile(keras.optimizers.Adam(LEARNING_RATE),
                  loss="sparse_categorical_crossentropy",
                  metrics=["accuracy"])
    history = model.fit(
        x[name][is_train], y[is_train], verbose=0,
        batch_size=BATCH_SIZE, epochs=EPOCHS,
        validation_data=(x[name][is_val], y[is_val]))
    models[name] = model
    accuracy[name] = history.history["val_accuracy"][-1]
    print(name, model.count_params(), "parameters")
# The best network: the baselines are not in `accuracy` yet.
chosen = max(accuracy, key=accuracy.get)

# ---- baseline ----
for name in ["numbers", "multi_hot", "one_hot"]:
    logistic = LogisticRegression(max_iter=1000, tol=1e-6)
    logistic.fit(x[name][is_train], y[is_train])
    y_pred = logistic.predict(x[name][is_val])
    accuracy["logistic_" + name] = (y_pred == y[is_val]).mean()
print(pd.Series(accuracy).round(3).to_string())

# ---- predict ----
p = models[chosen].predict(encode([NEW])[chosen], verbose=0)[0]
print(chosen, "says:", p.round(3), CLASSES[p.argmax()])

# ---- test ----
y_prob = models[chosen].predict(x[chosen][is_test], verbose=0)
right = int((y_prob.argmax(axis=1) == y[is_test]).sum())
ci = binomtest(right, len(y_prob)).proportion_ci(method="wilson")
results = {**{f"val_accuracy_{name}": value
              for name, value in accuracy.items()},
           **change,
           "test_accuracy": right / len(y_prob),
           "test_low": ci.low, "test_high": ci.high}
print(pd.Series(results).round(4).to_string())
