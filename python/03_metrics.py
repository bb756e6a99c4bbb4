"""Metrics: what they say, and when they say nothing."""

import math

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import sklearn.metrics as sk

# ---- constants ----
FOLDER = "shared_data/scores"
SEED = 1  # nothing is drawn here: any seed will do
THRESHOLD = 0.5
TOLERANCE = 1e-12

# ---- load ----
balanced = pd.read_csv(f"{FOLDER}/balanced.csv")
screening = pd.read_csv(f"{FOLDER}/screening.csv")
doses = pd.read_csv(f"{FOLDER}/doses.csv")
cases = pd.read_csv(f"{FOLDER}/cases.csv")
samples = {"balanced": balanced, "screening": screening}
for name, people in samples.items():
    print(f"{name}: {len(people)} people,",
          f"{people['label'].sum()} ill,",
          f"{people['score'].nunique()} different scores")


# ---- counts ----
def counts(label, predicted):
    return {
        "tp": int(((label == 1) & (predicted == 1)).sum()),
        "tn": int(((label == 0) & (predicted == 0)).sum()),
        "fp": int(((label == 0) & (predicted == 1)).sum()),
        "fn": int(((label == 1) & (predicted == 0)).sum()),
    }


# ---- rates ----
def ratio(a, b):
    return a / b if b != 0 else math.nan  # undefined, not 0


def rates(tp, tn, fp, fn):
    product = (tp + fp) * (tp + fn) * (tn + fp) * (tn + fn)
    return {
        "sensitivity": ratio(tp, tp + fn),
        "specificity": ratio(tn, tn + fp),
        "precision": ratio(tp, tp + fp),
        "accuracy": ratio(tp + tn, tp + tn + fp + fn),
        "f1": ratio(2 * tp, 2 * tp + fp + fn),
        "mcc": ratio(tp * tn - fp * fn, math.sqrt(product)),
    }


# ---- roc ----
def roc(label, score):
    ill, healthy = score[label == 1], score[label == 0]
    cuts = [math.inf, *sorted(set(score))[::-1], -math.inf]
    return pd.DataFrame({
        "fpr": [ratio((healthy >= cut).sum(), len(healthy))
                for cut in cuts],
        "tpr": [ratio((ill >= cut).sum(), len(ill))
                for cut in cuts],
    })


def auc_area(label, score):
    fpr, tpr = roc(label, score).to_numpy().T
    return (np.diff(fpr) * (tpr[1:] + tpr[:-1]) / 2).sum()


def auc_ranks(label, score):
    ranks = score.rank()  # people who tie share their mean rank
    n1, n0 = (label == 1).sum(), (label == 0).sum()
    u = ranks[label == 1].sum() - n1 * (n1 + 1) / 2
    return ratio(u, n1 * n0)


# ---- errors ----
def sum_of_squares(observed, predicted):
    return ((observed - predicted) ** 2).sum()


def rmse(observed, predicted):
    squares = sum_of_squares(observed, predicted)
    return math.sqrt(ratio(squares, len(observed)))


# ---- balanced ----
def by_hand(label, score):
    four = counts(label, score >= THRESHOLD)
    return {
        **four,
        **rates(**four),
        "auc": auc_area(label, score),
        "auc_ranks": auc_ranks(label, score),
    }


def show(table, digits):
    print(table.round(digits).to_string(na_rep="NaN"))


hand = by_hand(balanced["label"], balanced["score"])
errors = {
    "sum_of_squares":
        sum_of_squares(doses["observed"], doses["predicted"]),
    "rmse": rmse(doses["observed"], doses["predicted"]),
}
show(pd.Series(hand | errors), 6)

# ---- library ----
label = balanced["label"]
predicted = (balanced["score"] >= THRESHOLD).astype(int)
matrix = sk.confusion_matrix(label, predicted)
auc = sk.roc_auc_score(label, balanced["score"])
mse = sk.mean_squared_error(
    doses["observed"], doses["predicted"]
)
by_library = {
    "tp": matrix[1, 1], "tn": matrix[0, 0],
    "fp": matrix[0, 1], "fn": matrix[1, 0],
    "sensitivity": sk.recall_score(label, predicted),
    "specificity":
        sk.recall_score(label, predicted, pos_label=0),
    "precision": sk.precision_score(label, predicted),
    "accuracy": sk.accuracy_score(label, predicted),
    "f1": sk.f1_score(label, predicted),
    "mcc": sk.matthews_corrcoef(label, predicted),
    "auc": auc, "auc_ranks": auc,
    "sum_of_squares": len(doses) * mse, "rmse": math.sqrt(mse),
}
both = pd.DataFrame(
    {"hand": hand | errors, "library": by_library}
)
both["agree"] = (
    (both["hand"] - both["library"]).abs() <= TOLERANCE
)
show(both, 6)

# ---- screening ----
useful = by_hand(screening["label"], screening["score"])
healthy = by_hand(screening["label"], 0 * screening["score"])
show(pd.DataFrame({"useful": useful, "healthy": healthy}), 4)

# ---- curve ----
fig, ax = plt.subplots(figsize=(4.6, 3.6))
for name, people in samples.items():
    at = by_hand(people["label"], people["score"])
    line, = ax.plot("fpr", "tpr", label=name,
                    data=roc(people["label"], people["score"]))
    ax.plot(1 - at["specificity"], at["sensitivity"], "o",
            color=line.get_color())
ax.plot([0, 1], [0, 1], ":", color="grey")
ax.set(xlabel="1 - specificity", ylabel="sensitivity")
ax.legend()
plt.show()

# ---- undefined ----
edge = pd.DataFrame({
    case: by_hand(people["label"], people["score"])
    for case, people in cases.groupby("case", sort=False)
}).drop(["tp", "tn", "fp", "fn", "auc_ranks"])
show(edge.T, 2)

# ---- test ----
test = screening[screening["part"] == "test"]
mcc_test = by_hand(test["label"], test["score"])["mcc"]
print(f"MCC of the test part: {mcc_test:.4f}")

# ---- results ----
tables = {"balanced": hand, "screening": useful,
          "healthy": healthy, **edge}
results = {
    "mcc_test": mcc_test,
    **errors,
    "library_agrees": both["agree"].all(),
    **{
        f"{name}_{where}": value
        for where, values in tables.items()
        for name, value in values.items()
    },
}
print(len(results), "results")
