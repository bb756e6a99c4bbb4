"""Embeddings: what do learned vectors know?"""

import keras
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from scipy.spatial.distance import pdist, squareform
from sklearn.cluster import KMeans
from sklearn.linear_model import LogisticRegression
from sklearn.manifold import TSNE
from sklearn.metrics import adjusted_rand_score, silhouette_score

# ---- constants ----
SEED = 1
AMINO_ACIDS = "XACDEFGHIKLMNPQRSTVWY"
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
REVIEWS = 2000
WORDS_LENGTH = 40
WORDS_UNITS = 25
C_WORDS = 0.1
PROBES = ["good", "bad", "funny", "dull"]
STRONG = 50

# ---- load ----
table = pd.read_csv(data_dir("aminoacids") / "aminoacids.csv")
folder = data_file("peptides")


def train_part(name):
    rows = read_peptides(folder / f"{name}.train.txt")
    return rows[:-2 * (len(rows) // 5)]


amps, decoys = train_part("AMP"), train_part("DECOY")
peptides = amps + decoys
y = np.repeat([1, 0], [len(amps), len(decoys)])
x = keras.utils.pad_sequences(
    [[AMINO_ACIDS.index(letter) for letter in one]
     for one in peptides], maxlen=LENGTH,
)
print("peptides:", len(amps), len(decoys))
print(table.to_string(index=False))

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
history = model.fit(x, y, batch_size=BATCH_SIZE,
                    epochs=EPOCHS, verbose=0)
before = start[0][1:].astype(float)  # without X
after = model.get_weights()[0][1:].astype(float)

# ---- distances ----
chemistry = table[["charge", "hydropathy", "volume"]]
chemistry = (chemistry - chemistry.mean()) / chemistry.std()
group = table["group"].to_numpy()
same = pdist(pd.factorize(group)[0][:, None]) == 0


def compare(vectors):
    distance = pd.Series(pdist(vectors))
    chemical = pd.Series(pdist(chemistry))
    return {
        "rho": distance.rank().corr(chemical.rank()),
        "ratio": distance[same].mean() / distance[~same].mean(),
        "silhouette": silhouette_score(
            squareform(distance), group, metric="precomputed"
        ),
    }


untrained, trained = compare(before), compare(after)
print(pd.DataFrame({"untrained": untrained,
                    "trained": trained}).round(3))

# ---- direction ----
shares = np.array([
    [one.count(letter) / len(one) for letter in AMINO_ACIDS[1:]]
    for one in peptides
])
logistic = LogisticRegression(
    C=C_LETTERS, solver="newton-cholesky", tol=1e-10
)
for_amp = logistic.fit(shares, y).coef_[0].round(3)


def first_component(vectors):
    left, size, _ = np.linalg.svd(vectors - vectors.mean(axis=0))
    return left[:, 0] * size[0]


def follows(vectors, values):
    component = first_component(vectors)
    return abs(np.corrcoef(component, values)[0, 1])


properties = {
    "charge": table["charge"],
    "hydropathy": table["hydropathy"],
    "volume": table["volume"],
    "amp": for_amp,
}
pc1 = pd.DataFrame({
    name: [follows(before, values), follows(after, values)]
    for name, values in properties.items()
}, index=["untrained", "trained"])
print(pc1.round(3))

fig, ax = plt.subplots()
component = first_component(after)
if np.corrcoef(component, for_amp)[0, 1] < 0:
    component = -component  # the sign means nothing
for kind, part in table.groupby("kind"):
    ax.plot(component[part.index], for_amp[part.index], ".",
            label=kind)
for letter, at in zip(table["letter"], zip(component, for_amp)):
    ax.annotate(letter, at, (4, 2), textcoords="offset points")
ax.set(xlabel="first component of the vectors",
       ylabel="weight for AMP")
ax.legend()
plt.show()

# ---- clusters ----
def agreement(vectors):
    means = KMeans(CLUSTERS, n_init=10, random_state=SEED)
    return adjusted_rand_score(group, means.fit_predict(vectors))


ari = {"untrained": agreement(before),
       "trained": agreement(after),
       "chemistry": agreement(chemistry.to_numpy())}
for name, value in ari.items():
    print(f"ARI with the groups, {name:9} {value:6.3f}")

# ---- map ----
tsne = TSNE(perplexity=PERPLEXITY, init="random",
            learning_rate=50, method="exact",
            random_state=SEED)
places = tsne.fit_transform(after)
fig, ax = plt.subplots()
for kind, part in table.groupby("kind"):
    ax.plot(*places[part.index].T, ".", label=kind)
for letter, at in zip(table["letter"], places):
    ax.annotate(letter, at, (4, 2), textcoords="offset points")
ax.set(xlabel="t-SNE 1", ylabel="t-SNE 2")
ax.legend()
plt.show()

# ---- words ----
file = data_file("reviews")
words = (file.parent / "words.txt").read_text().split()
arrays = read_arrays(
    file, train_tokens=None, train_offsets=None, y_train=None
)
reviews = np.split(arrays["train_tokens"],
                   arrays["train_offsets"][1:-1])[:REVIEWS]
x_words = keras.utils.pad_sequences(reviews, maxlen=WORDS_LENGTH)
y_words = arrays["y_train"][:REVIEWS]
keras.utils.set_random_seed(SEED)
reader = keras.Sequential([
    keras.Input(shape=(WORDS_LENGTH,)),
    keras.layers.Embedding(WORDS, DIMENSIONS),
    keras.layers.LSTM(WORDS_UNITS),
    keras.layers.Dense(1, activation="sigmoid"),
])
blank = reader.get_weights()
reader.compile(optimizer="adam", loss="binary_crossentropy")
read = reader.fit(x_words, y_words, batch_size=BATCH_SIZE,
                  epochs=EPOCHS, verbose=0)
words = words[4:]  # 0 to 3 are no words
words_before = blank[0][4:].astype(float)
words_after = reader.get_weights()[0][4:].astype(float)


# ---- neighbours ----
def cosine(vectors):
    size = np.sqrt((vectors ** 2).sum(axis=1, keepdims=True))
    return (vectors / size) @ (vectors / size).T


nearness = cosine(words_after)
for probe in PROBES:
    order = np.argsort(-nearness[words.index(probe)])
    print(f"{probe}:", " ".join(words[i] for i in order[1:8]))

# ---- sentiment ----
bag = np.array([np.bincount(row, minlength=WORDS) > 0
                for row in x_words])[:, 4:]
logistic = LogisticRegression(
    C=C_WORDS, solver="newton-cholesky", tol=1e-10
)
weight = logistic.fit(bag, y_words).coef_[0].round(3)
strong = np.argsort(-abs(weight))[:STRONG]


def same_sign(vectors):
    close = cosine(vectors[strong])
    np.fill_diagonal(close, -1)
    nearest = close.argmax(axis=1)
    sign = np.sign(weight[strong])
    return (sign == sign[nearest]).mean()


sentiment = {
    "follows_untrained": follows(words_before, weight),
    "follows_trained": follows(words_after, weight),
    "same_sign_untrained": same_sign(words_before),
    "same_sign_trained": same_sign(words_after),
}
print(pd.Series(sentiment).round(3))

fig, ax = plt.subplots()
component = first_component(words_after)
if np.corrcoef(component, weight)[0, 1] < 0:
    component = -component
ax.plot(component, weight, ".", alpha=0.4)
for i in strong[:20]:
    ax.annotate(words[i], (component[i], weight[i]), fontsize=8)
ax.set(xlabel="first component of the word vectors",
       ylabel="weight in the bag of words")
plt.show()

# ---- results ----
results = {
    **trained,
    **{f"{name}_untrained": untrained[name]
       for name in untrained},
    **{f"pc1_{name}_{when}": pc1.loc[when, name]
       for name in pc1 for when in pc1.index},
    **{f"words_{name}": sentiment[name]
       for name in sentiment},
}
results |= {
    **{f"ari_{name}": ari[name] for name in ari},
    "tsne_kl": tsne.kl_divergence_,
}
print(pd.Series(results, dtype=float).round(4).to_string())
