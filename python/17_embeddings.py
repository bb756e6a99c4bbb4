"""Embeddings: what do learned vectors know?"""

from pathlib import Path

import keras
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from scipy.spatial.distance import pdist
from scipy.stats import binomtest, spearmanr, zscore
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE

# ---- constants ----
ACIDS = "shared_data/aminoacids/aminoacids.csv"
AMPS = "shared_data/peptides/AMP.train.txt"
DECOYS = "shared_data/peptides/DECOY.train.txt"
REVIEWS = "shared_data/reviews/reviews.npz"
VOCABULARY = "shared_data/reviews/words.txt"
PROPERTIES = ["charge", "hydropathy", "volume"]
PROBES = ["good", "bad", "funny", "dull"]
SEED = 1
LENGTH = 50
DIMENSIONS = 32
FILTERS = 32
KERNEL = 8
EPOCHS = 10
PERPLEXITY = 5
ETA = 200  # of t-SNE, counted as Rtsne counts it
TRAIN = 2000  # reviews
STRONG = 50  # words

# ---- load ----
acids = pd.read_csv(ACIDS)
letters = ["", *acids["letter"]]  # 0 is padding
tokens = len(letters)


def encode(peptides):
    numbers = [[*map(letters.index, one)] for one in peptides]
    return keras.utils.pad_sequences(numbers, maxlen=LENGTH)


amps = Path(AMPS).read_text().split()
decoys = Path(DECOYS).read_text().split()
x = encode(amps + decoys)
y = np.repeat([1, 0], [len(amps), len(decoys)])
fold = np.arange(len(y)) % 5  # the lists are in random order
x_train, y_train = x[fold < 3], y[fold < 3]
x_val, y_val = x[fold == 3], y[fold == 3]


# ---- model ----
def train(x, y, tokens):
    keras.utils.set_random_seed(SEED)
    model = keras.Sequential([
        keras.Input(shape=(LENGTH,)),
        keras.layers.Embedding(tokens, DIMENSIONS),
        keras.layers.Conv1D(FILTERS, KERNEL, activation="relu"),
        keras.layers.GlobalMaxPooling1D(),
        keras.layers.Dense(1, activation="sigmoid")])
    model.compile("adam", "binary_crossentropy")
    before = model.get_weights()[0][1:]  # without the padding
    model.fit(x, y, epochs=EPOCHS, verbose=0)
    after = model.get_weights()[0][1:]
    return model, before.astype(float), after.astype(float)


model, before, after = train(x_train, y_train, tokens)


# ---- enrichment ----
def count(x, tokens):  # in each row, without 0
    return np.array([np.bincount(row, minlength=tokens)
                     for row in x])[:, 1:]


def enrich(x, y, tokens):
    counts = count(x, tokens)
    zeros, ones = [counts[y == k].sum(axis=0) for k in (0, 1)]
    return np.log2((ones + 1) / (zeros + 1))


for_amp = enrich(x_val, y_val, tokens)

# ---- distances ----
def correlate(a, b):
    return spearmanr(pdist(a), pdist(b)).statistic


chemistry, task = zscore(acids[PROPERTIES]), for_amp[:, None]
rho = {"rho_chemistry_untrained": correlate(before, chemistry),
       "rho_chemistry_trained": correlate(after, chemistry),
       "val_rho_task_untrained": correlate(before, task),
       "val_rho_task_trained": correlate(after, task)}
print(pd.Series(rho).round(3).to_string())

# ---- map ----
tsne = TSNE(perplexity=PERPLEXITY, init="random", method="exact",
            learning_rate=ETA / 4, random_state=SEED)
places = tsne.fit_transform(after)
plt.scatter(*places.T, c=for_amp, cmap="coolwarm")
for letter, place in zip(letters[1:], places):
    plt.text(*place, f"  {letter}")
plt.colorbar(label="enrichment in AMPs")
plt.show()


# ---- predictors ----
def by_letters(values):  # the mean of one number for each letter
    def score(x):
        return count(x, tokens) @ values / (x > 0).sum(axis=1)

    zeros, ones = [score(x_train[y_train == k]).mean()
                   for k in (0, 1)]
    cut = (zeros + ones) / 2
    return lambda x: (score(x) > cut) == (ones > zeros)


predictors = {
    "enrichment": by_letters(enrich(x_train, y_train, tokens)),
    "untrained": by_letters(PCA(1).fit_transform(before)[:, 0]),
    "component": by_letters(PCA(1).fit_transform(after)[:, 0]),
    "network": lambda x: model.predict(x, verbose=0)[:, 0] > 0.5}
accuracy = pd.Series({name: (predict(x_val) == y_val).mean()
                      for name, predict in predictors.items()})
print(accuracy.round(3).to_string())
predict = predictors[accuracy.idxmax()]

# ---- words ----
words = Path(VOCABULARY).read_text().split()
reviews = np.load(REVIEWS)
x_words = keras.utils.pad_sequences(np.split(
    reviews["train_tokens"], reviews["train_offsets"][1:-1]),
    maxlen=LENGTH)
y_words = reviews["y_train"]
found = train(x_words[:TRAIN], y_words[:TRAIN], len(words))[2]

# ---- neighbours ----
lean = enrich(x_words[TRAIN:], y_words[TRAIN:], len(words))[3:]
words = words[4:]  # 0 to 3 are no words
strong = np.argsort(-abs(lean), kind="stable")[:STRONG]
unit = found[3:] / np.linalg.norm(found[3:], axis=1)[:, None]
near = np.argsort(-unit @ unit.T)[:, 1:]  # by the angle
same = (lean[near[strong, 0]] * lean[strong] > 0).mean()
for probe in PROBES:
    print(probe + ":", *[f"{words[i]} {lean[i]:+.1f}"
                         for i in near[words.index(probe), :5]])

# ---- predict ----
new = encode(["LLGDFFRKSKEKIGKEFKRIVQRIKDFLRNLVPRTES"])  # LL-37
print(accuracy.idxmax(), "says AMP:", predict(new)[0])

# ---- test ----
x_test, y_test = x[fold == 4], y[fold == 4]
right = int((predict(x_test) == y_test).sum())
ci = binomtest(right, len(y_test)).proportion_ci(method="wilson")
results = {**rho, **accuracy.add_prefix("val_accuracy_"),
           "val_same_side": same, "tsne_kl": tsne.kl_divergence_,
           "test_accuracy": right / len(y_test),
           "test_low": ci.low, "test_high": ci.high}
print(pd.Series(results).round(3).to_string())
