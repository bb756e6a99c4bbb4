"""Embeddings: what do learned vectors know?"""

import re
from pathlib import Path

import keras
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from scipy.spatial.distance import pdist
from scipy.stats import spearmanr
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.manifold import TSNE
from sklearn.metrics import adjusted_rand_score, silhouette_score

# ---- constants ----
ACIDS = "shared_data/aminoacids/aminoacids.csv"
AMPS = "shared_data/peptides/AMP.train.txt"
DECOYS = "shared_data/peptides/DECOY.train.txt"
REVIEWS = "shared_data/reviews/reviews.npz"
VOCABULARY = "shared_data/reviews/words.txt"
SEED = 1
AMINO_ACIDS = "XACDEFGHIKLMNPQRSTVWY"
PROPERTIES = ["charge", "hydropathy", "volume"]
LENGTH = 50
DIMENSIONS = 32
FILTERS = 32
KERNEL = 8
POOL = 5
UNITS = 32
BATCH_SIZE = 32
EPOCHS = 10
C_LETTERS = 100.0
CLUSTERS = 9
PERPLEXITY = 5
WORDS = 500
TRAIN = 2000
WORDS_LENGTH = 40
WORDS_UNITS = 25
C_WORDS = 0.1
PROBES = ["good", "bad", "funny", "dull"]
STRONG = 50

# ---- load ----
def read_peptides(path):  # one a line, or FASTA
    text = Path(path).read_text().upper()
    if ">" not in text:
        return text.split()
    entries = re.split("(?m)^>.*", text)[1:]
    return ["".join(entry.split()) for entry in entries]


def load(path):  # the training set
    peptides = read_peptides(path)
    return peptides[:-2 * (len(peptides) // 5)]


acids = pd.read_csv(ACIDS)
amps, decoys = load(AMPS), load(DECOYS)
peptides = amps + decoys
y = np.repeat([1, 0], [len(amps), len(decoys)])
x = keras.utils.pad_sequences(
    [[AMINO_ACIDS.index(letter) for letter in one]
     for one in peptides], maxlen=LENGTH,
)
print("peptides:", len(amps), len(decoys))
print(acids.to_string(index=False))

# ---- letters ----
keras.utils.set_random_seed(SEED)
model = keras.Sequential([
    keras.Input(shape=(LENGTH,)),
    keras.layers.Embedding(len(AMINO_ACIDS), DIMENSIONS),
    keras.layers.Conv1D(
        FILTERS, KERNEL, padding="same", activation="relu"
    ),
    keras.layers.MaxPooling1D(POOL),
    keras.layers.LSTM(UNITS),
    keras.layers.Dense(1, activation="sigmoid"),
])
model.compile(optimizer="adam", loss="binary_crossentropy")
before = model.get_weights()[0][1:].astype(float)  # without X
model.fit(x, y, batch_size=BATCH_SIZE, epochs=EPOCHS, verbose=0)
after = model.get_weights()[0][1:].astype(float)

# ---- distances ----
chemistry = acids[PROPERTIES]
chemistry = (chemistry - chemistry.mean()) / chemistry.std()
group = acids["group"].to_numpy()
pairs = np.triu_indices(len(group), k=1)
same = (group[:, None] == group)[pairs]


def compare(vectors):
    distance = pdist(vectors)
    return {
        "rho": spearmanr(distance, pdist(chemistry)).statistic,
        "ratio": distance[same].mean() / distance[~same].mean(),
        "silhouette": silhouette_score(vectors, group),
    }


untrained, trained = compare(before), compare(after)
print(pd.DataFrame({"untrained": untrained,
                    "trained": trained}).round(3))

# ---- direction ----
shares = np.array([
    [one.count(letter) / len(one) for letter in AMINO_ACIDS[1:]]
    for one in peptides
])


def weigh(x, y, C):
    logistic = LogisticRegression(C=C, solver="newton-cholesky")
    return logistic.fit(x, y).coef_[0]


def follow(vectors, values):
    component = PCA(1).fit_transform(vectors)[:, 0]
    return abs(np.corrcoef(component, values)[0, 1])


for_amp = weigh(shares, y, C_LETTERS)
pc1 = pd.DataFrame({
    name: {"untrained": follow(before, values),
           "trained": follow(after, values)}
    for name, values in acids[PROPERTIES].assign(
        amp=for_amp
    ).items()
})
print(pc1.round(3))

component = PCA(1).fit_transform(after)[:, 0]
if np.corrcoef(component, for_amp)[0, 1] < 0:
    component = -component  # the sign means nothing
fig, ax = plt.subplots()
for kind, part in acids.groupby("kind"):
    ax.plot(component[part.index], for_amp[part.index], ".",
            label=kind)
for letter, at in zip(acids["letter"], zip(component, for_amp)):
    ax.annotate(letter, at, (4, 2), textcoords="offset points")
ax.set(xlabel="first component of the vectors",
       ylabel="weight for AMP")
ax.legend()
plt.show()


# ---- clusters ----
def agree(vectors):
    means = KMeans(CLUSTERS, n_init=10, random_state=SEED)
    return adjusted_rand_score(group, means.fit_predict(vectors))


ari = {"untrained": agree(before), "trained": agree(after),
       "chemistry": agree(chemistry)}
for name, value in ari.items():
    print(f"ARI with the groups, {name:9} {value:6.3f}")

# ---- map ----
tsne = TSNE(perplexity=PERPLEXITY, init="random",
            learning_rate=50, method="exact",
            random_state=SEED)
places = tsne.fit_transform(after)
fig, ax = plt.subplots()
for kind, part in acids.groupby("kind"):
    ax.plot(*places[part.index].T, ".", label=kind)
for letter, at in zip(acids["letter"], places):
    ax.annotate(letter, at, (4, 2), textcoords="offset points")
ax.set(xlabel="t-SNE 1", ylabel="t-SNE 2")
ax.legend()
plt.show()

# ---- words ----
words = Path(VOCABULARY).read_text().split()
reviews = np.load(REVIEWS)
tokens = np.split(reviews["train_tokens"],
                  reviews["train_offsets"][1:-1])
x_words = keras.utils.pad_sequences(
    tokens[:TRAIN], maxlen=WORDS_LENGTH
)
y_words = reviews["y_train"][:TRAIN]
keras.utils.set_random_seed(SEED)
reader = keras.Sequential([
    keras.Input(shape=(WORDS_LENGTH,)),
    keras.layers.Embedding(WORDS, DIMENSIONS),
    keras.layers.LSTM(WORDS_UNITS),
    keras.layers.Dense(1, activation="sigmoid"),
])
reader.compile(optimizer="adam", loss="binary_crossentropy")
words = words[4:]  # 0 to 3 are no words
words_before = reader.get_weights()[0][4:].astype(float)
reader.fit(x_words, y_words, batch_size=BATCH_SIZE,
           epochs=EPOCHS, verbose=0)
words_after = reader.get_weights()[0][4:].astype(float)


# ---- neighbours ----
def cosine(vectors):
    size = np.linalg.norm(vectors, axis=1, keepdims=True)
    return (vectors / size) @ (vectors / size).T


nearness = cosine(words_after)
for probe in PROBES:
    order = np.argsort(-nearness[words.index(probe)])
    print(f"{probe}:", " ".join(words[i] for i in order[1:8]))

# ---- sentiment ----
bag = np.array([np.bincount(row, minlength=WORDS) > 0
                for row in x_words])[:, 4:]
weight = weigh(bag, y_words, C_WORDS)
strong = np.argsort(-abs(weight))[:STRONG]


def match_sign(vectors):
    close = cosine(vectors[strong])
    np.fill_diagonal(close, -1)
    nearest = close.argmax(axis=1)
    sign = np.sign(weight[strong])
    return (sign == sign[nearest]).mean()


sentiment = {
    "follows_untrained": follow(words_before, weight),
    "follows_trained": follow(words_after, weight),
    "same_sign_untrained": match_sign(words_before),
    "same_sign_trained": match_sign(words_after),
}
print(pd.Series(sentiment).round(3).to_string())

component = PCA(1).fit_transform(words_after)[:, 0]
if np.corrcoef(component, weight)[0, 1] < 0:
    component = -component
fig, ax = plt.subplots()
ax.plot(component, weight, ".", alpha=0.4)
for i in strong[:20]:
    ax.annotate(words[i], (component[i], weight[i]), fontsize=8)
ax.set(xlabel="first component of the word vectors",
       ylabel="weight in the bag of words")
plt.show()

# ---- results ----
results = {
    **trained,
    **{f"{name}_untrained": value
       for name, value in untrained.items()},
    **{f"pc1_{name}_{when}": pc1.loc[when, name]
       for name in pc1 for when in pc1.index},
    **{f"words_{name}": value
       for name, value in sentiment.items()},
    **{f"ari_{name}": value for name, value in ari.items()},
    "tsne_kl": tsne.kl_divergence_,
}
for name in ["rho", "rho_untrained", "pc1_amp_trained",
             "words_follows_trained", "tsne_kl"]:
    print(f"{name} {results[name]:.3f}")
