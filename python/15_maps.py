"""Maps: many dimensions drawn in two."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import umap
from scipy.spatial.distance import cdist
from scipy.stats import binomtest, rankdata
from sklearn import neighbors
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE
from sklearn.metrics import adjusted_rand_score

# ---- constants ----
CELLS = "shared_data/pbmc/cells.csv"
ROLL = "shared_data/roll/roll.csv"
SEED = 1
MARKERS = 5
COMPONENTS = 10
PERPLEXITIES = [5, 30]
ITERATIONS = 500
NEIGHBOURS = 10
NEAR = 40
MIN_DIST = 0.1
VOTERS = 5

# ---- load ----
cells = pd.read_csv(CELLS)
train = cells[cells["partition"] == "train"]
val = cells[cells["partition"] == "tuning"]
test = cells[cells["partition"] == "new"]
y_train, y_val = train["group"], val["group"]
types = sorted(y_train.unique())
print(pd.crosstab(cells["group"], cells["partition"]))

# ---- markers ----
x = train.iloc[:, 4:]
markers = pd.DataFrame()
for kind in types:
    own = y_train == kind
    lead = x[own].mean() - x[~own].mean()
    markers[kind] = (lead / x.std()).nlargest(MARKERS).index
print(markers.T.to_string(header=False))
chosen = markers.stack().unique()  # each gene once
x_train, x_val = train[chosen], val[chosen]

# ---- pca ----
for n in [1, 2, 5, COMPONENTS]:
    pca = PCA(n).fit(x_train)
    back = pca.inverse_transform(pca.transform(x_val))
    error = np.sqrt(((x_val - back) ** 2).to_numpy().mean())
    print(n, "components: validation error", error.round(3))
# the last pca of the loop has COMPONENTS components
scores, scores_val = pca.transform(x_train), pca.transform(x_val)

# ---- tsne ----
def run_tsne(x, perplexity):
    return TSNE(perplexity=perplexity, init="pca",
                max_iter=ITERATIONS,
                random_state=SEED).fit_transform(x)


maps = {"pca": (scores[:, :2], scores_val[:, :2])}
for perplexity in PERPLEXITIES:
    found = run_tsne(scores, perplexity)
    placer = neighbors.KNeighborsRegressor(NEIGHBOURS)
    places = placer.fit(scores, found).predict(scores_val)
    maps[f"tsne_{perplexity}"] = found, places


# ---- umap ----
def run_umap(x):
    return umap.UMAP(n_neighbors=NEIGHBOURS, min_dist=MIN_DIST,
                     random_state=SEED, n_jobs=1).fit(x)


mapper = run_umap(scores)
maps["umap"] = mapper.embedding_, mapper.transform(scores_val)

# ---- draw ----
fig, axes = plt.subplots(1, len(maps), layout="constrained",
                         figsize=(8, 2.4))
for ax, (name, (known, new)) in zip(axes, maps.items()):
    for kind, colour in zip(types, plt.cm.Dark2.colors):
        ax.scatter(*known[y_train == kind].T, s=2, color=colour,
                   label=kind)
    ax.scatter(*new.T, s=6, facecolor="none", edgecolor="0.4",
               linewidth=0.6, label="validation")
    ax.set(title=name, xticks=[], yticks=[])
fig.legend(*ax.get_legend_handles_labels(), markerscale=2,
           loc="outside lower center", ncols=8, fontsize=8)
plt.show()


# ---- neighbours ----
# Rank of each point among the neighbours of each point.
def rank(x):
    return rankdata(cdist(x, x), axis=1) - 1


# Share of the neighbours in one that are far in the other.
def lost(one, other):
    near = rank(one) <= NEIGHBOURS
    np.fill_diagonal(near, False)  # not the point itself
    return (rank(other)[near] > NEAR).mean()


# ---- compare ----
def vote(known, new):
    voters = neighbors.KNeighborsClassifier(VOTERS)
    return voters.fit(known, y_train).predict(new)


table = {}
spaces = {"scores": (scores, scores_val)} | maps
for name, (known, new) in spaces.items():
    clusters = KMeans(len(types), n_init=10, random_state=SEED)
    table[name] = {
        "mixed": lost(known, scores),
        "torn": lost(scores, known),
        "rand": adjusted_rand_score(
            y_train, clusters.fit_predict(known)),
        "val_accuracy": (vote(known, new) == y_val).mean()}
table = pd.DataFrame(table).T
print(table.round(3))

# ---- roll ----
roll = pd.read_csv(ROLL)
paper = roll[["along", "across"]].to_numpy()
x_roll = roll[["x", "y", "z"]].to_numpy()
unrolled = {"pca": PCA(2).fit_transform(x_roll),
            "tsne": run_tsne(x_roll, PERPLEXITIES[-1]),
            "umap": run_umap(x_roll).embedding_}
rolls = {}
fig, axes = plt.subplots(1, 3, figsize=(7, 2.4))
for ax, (name, found) in zip(axes, unrolled.items()):
    rolls[name] = lost(found, paper), lost(paper, found)
    ax.scatter(*found.T, c=roll["along"], s=3)
    ax.set(title=name, xticks=[], yticks=[])
plt.show()
rolls = pd.DataFrame(rolls, ["mixed", "torn"]).T
print(rolls.round(3))

# ---- predict ----
print(vote(scores, scores_val[:1])[0])

# ---- test ----
y_pred = vote(scores, pca.transform(test[chosen]))
right = int((y_pred == test["group"]).sum())
ci = binomtest(right, len(test)).proportion_ci(method="wilson")
results = pd.concat([
    table["val_accuracy"].add_prefix("val_accuracy_"),
    table["rand"].add_prefix("rand_"),
    rolls["mixed"].add_prefix("mixed_"),
    rolls["torn"].add_prefix("torn_")]).to_dict()
results |= {"test_accuracy": right / len(test),
            "test_low": ci.low, "test_high": ci.high}
print(pd.Series(results).round(3).to_string())
