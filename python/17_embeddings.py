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
EPOCHS = 10
TRAIN = 2000  # snippets

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
        keras.layers.Conv1D(32, 8, activation="relu"),
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
    return (x[:, :, None] == np.arange(1, tokens)).sum(axis=1)


def enrich(x, y, tokens):
    counts = count(x, tokens)
    zeros, ones = [counts[y == k].sum(0) + 1 for k in (0, 1)]
    return np.log2(ones / zeros * (zeros.sum() / ones.sum()))


for_amp = enrich(x_val, y_val, tokens)
print(pd.Series(for_amp.round(2), letters[1:]).sort_values())

# ---- distances ----
def mantel(a, b):
    return spearmanr(pdist(a), pdist(b)).statistic


chemistry, task = zscore(acids[PROPERTIES]), for_amp[:, None]
rho = {"rho_chemistry_untrained": mantel(before, chemistry),
       "rho_chemistry_trained": mantel(after, chemistry),
       "val_rho_task_untrained": mantel(before, task),
       "val_rho_task_trained": mantel(after, task),
       "val_rho_chemistry_task": mantel(chemistry, task)}
draws = keras.random.uniform((1000, len(acids)), seed=SEED)
mixed = [mantel(after[i], chemistry) for i in np.argsort(draws)]
rho["p_value"] = np.mean(mixed >= rho["rho_chemistry_trained"])
print(pd.Series(rho).round(3).to_string())

# ---- map ----
tsne = TSNE(perplexity=5, learning_rate=50, init="random",
            method="exact", random_state=SEED)
dots = tsne.fit_transform(after)
plt.scatter(*dots.T, c=for_amp, cmap="coolwarm", vmin=-1, vmax=1)
for letter, dot in zip(letters[1:], dots):
    plt.text(*dot, f"  {letter}")
plt.colorbar(label="enrichment in AMPs")
plt.show()


# ---- predictors ----
def by_letters(values):  # the mean of one number for each letter
    def score(x):
        return count(x, tokens) @ values / (x > 0).sum(axis=1)

    means = [score(x_train[y_train == k]).mean() for k in (0, 1)]
    return lambda x: abs(score(x)[:, None] - means).argmin(1) > 0


predictors = {
    "enrichment": by_letters(enrich(x_train, y_train, tokens)),
    "untrained": by_letters(PCA(1).fit_transform(before)[:, 0]),
    "component": by_letters(PCA(1).fit_transform(after)[:, 0]),
    "network": lambda x: model.predict(x, verbose=0)[:, 0] > 0.5}
accuracy = pd.Series({name: (one(x_val) == y_val).mean()
                      for name, one in predictors.items()})
print(accuracy.round(3).to_string())
chosen = accuracy.idxmax()

# ---- words ----
words = Path(VOCABULARY).read_text().split()
reviews = np.load(REVIEWS)
x_words = keras.utils.pad_sequences(np.split(
    reviews["train_tokens"], reviews["train_offsets"][1:-1]),
    maxlen=LENGTH)
y_words = reviews["y_train"]
tables = train(x_words[:TRAIN], y_words[:TRAIN], len(words))[1:]

# ---- neighbours ----
lean = enrich(x_words[TRAIN:], y_words[TRAIN:], len(words))[3:]
shown = words[4:]  # without the four signs
strong = np.argsort(-abs(lean), kind="stable")[:50]
same = {}
for name, table in zip(["untrained", "trained"], tables):
    unit = table[3:] / np.linalg.norm(table[3:], axis=1)[:, None]
    near = np.argsort(-unit @ unit.T)  # itself, then the nearest
    hits = lean[near[strong, 1]] * lean[strong] > 0
    same["val_same_side_" + name] = hits.mean()
for probe in PROBES:
    print(*[f"{shown[i]} {lean[i]:+.1f}"
            for i in near[shown.index(probe), :6]])

# ---- predict ----
new = encode(["LLGDFFRKSKEKIGKEFKRIVQRIKDFLRNLVPRTES"])  # LL-37
print(chosen, "says AMP:", predictors[chosen](new)[0])

# ---- test ----
x_test, y_test = x[fold == 4], y[fold == 4]
right = int((predictors[chosen](x_test) == y_test).sum())
ci = binomtest(right, len(y_test)).proportion_ci(method="wilson")
results = {**rho, **accuracy.add_prefix("val_accuracy_"), **same,
           "tsne_kl": tsne.kl_divergence_,
           "test_accuracy": right / len(y_test),
           "test_low": ci.low, "test_high": ci.high}
print(pd.Series(results).round(3).to_string())
