"""Metrics: what they say, and what errors cost."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import sklearn.metrics as sk
from scipy.stats import binomtest

# ---- constants ----
FOLDER = "shared_data/scores"
COST_MISS = 20  # what an ill person costs who is not found
COST_ALARM = 1  # what a healthy person costs who is called ill
SEED = 1  # nothing is random here: any seed gives the same

# ---- load ----
balanced = pd.read_csv(f"{FOLDER}/balanced.csv")
screening = pd.read_csv(f"{FOLDER}/screening.csv")
doses = pd.read_csv(f"{FOLDER}/doses.csv")
cells = pd.read_csv(f"{FOLDER}/cells.csv")
val = screening[screening["part"] == "val"]
test = screening[screening["part"] == "test"]
samples = {"balanced": balanced, "screening": val}
for name, people in samples.items():
    print(name, len(people), "ill:", people["label"].sum())


# ---- rates ----
def count(people, cut):
    ill, called = people["label"] == 1, people["score"] >= cut
    return {"tp": (ill & called).sum(),
            "fn": (ill & ~called).sum(),
            "fp": (~ill & called).sum(),
            "tn": (~ill & ~called).sum()}


def rates(tp, fn, fp, tn):
    below = (tp + fp) * (tp + fn) * (tn + fp) * (tn + fn)
    root = np.sqrt(below) or np.nan  # 0: the MCC is undefined
    return {"accuracy": (tp + tn) / (tp + fn + fp + tn),
            "sensitivity": tp / (tp + fn),
            "specificity": tn / (tn + fp),
            "precision": tp / (tp + fp),
            "f1": 2 * tp / (2 * tp + fp + fn),
            "mcc": (tp * tn - fp * fn) / root}


def auc(people):
    ill, ranks = people["label"] == 1, people["score"].rank()
    n = ill.sum()
    # U: pairs that the ill person wins. The ranks of n people
    # sum to n (n + 1) / 2 at least. What is above it: pairs won.
    u = ranks[ill].sum() - n * (n + 1) / 2
    return u / (n * (~ill).sum())


four = count(balanced, 0.5)
print(four)

# ---- errors ----
observed, predicted = doses["observed"], doses["predicted"]
squares = ((observed - predicted) ** 2).sum()
total = ((observed - observed.mean()) ** 2).sum()
errors = {"sum_of_squares": squares,
          "mse": squares / len(observed),
          "rmse": np.sqrt(squares / len(observed)),
          "r2": 1 - squares / total}

# ---- library ----
label, called = balanced["label"], balanced["score"] >= 0.5
mse = sk.mean_squared_error(observed, predicted)
library = {
    "accuracy": sk.accuracy_score(label, called),
    "sensitivity": sk.recall_score(label, called),
    "specificity": sk.recall_score(label, called, pos_label=0),
    "precision": sk.precision_score(label, called),
    "f1": sk.f1_score(label, called),
    "mcc": sk.matthews_corrcoef(label, called),
    "auc": sk.roc_auc_score(label, balanced["score"]),
    "sum_of_squares": mse * len(observed),
    "mse": mse,
    "rmse": sk.root_mean_squared_error(observed, predicted),
    "r2": sk.r2_score(observed, predicted),
}
hand = {**rates(**four), "auc": auc(balanced), **errors}
print(pd.DataFrame({"hand": hand, "library": library}).round(3))

# ---- prevalence ----
# in each group, the share with each answer
share = {k: n / 100 for k, n in four.items()}  # 100 of each
print(pd.DataFrame({p: rates(
    p * share["tp"], p * share["fn"], (1 - p) * share["fp"],
    (1 - p) * share["tn"],
) for p in [0.5, 0.1, 0.025, 0.001]}).round(3))

# ---- curves ----
fig, axes = plt.subplots(1, 3, figsize=(9, 3), layout="tight")
for name, people in samples.items():
    at = pd.DataFrame([rates(**count(people, cut))
                       for cut in np.unique(people["score"])])
    axes[0].plot(1 - at["specificity"], at["sensitivity"])
    # ten bins: scores from 0 to 0.1, from 0.1 to 0.2, ...
    bins = people.groupby(np.floor(people["score"] * 10))
    axes[1].plot(bins["score"].mean(), bins["label"].mean(),
                 label=name)
    axes[2].plot(at["sensitivity"], at["precision"])
axes[0].set(xlabel="1 - specificity", ylabel="sensitivity")
axes[1].set(xlabel="mean score", ylabel="share of ill people")
axes[1].legend()
axes[2].set(xlabel="sensitivity", ylabel="precision")
plt.show()

# ---- classes ----
table = pd.crosstab(cells["true"], cells["predicted"])
print(table)
right = pd.Series(np.diag(table), table.index)
f1 = 2 * right / (table.sum(axis=0) + table.sum(axis=1))
macro_f1, micro_f1 = f1.mean(), right.sum() / len(cells)
print(f1.round(3))
print("macro:", round(macro_f1, 3), "micro:", round(micro_f1, 3))


# ---- threshold ----
def cost(people, cut):
    four = count(people, cut)
    return COST_MISS * four["fn"] + COST_ALARM * four["fp"]


cuts = np.unique(val["score"])
threshold = cuts[np.argmin([cost(val, cut) for cut in cuts])]
# nobody has a score of 2, so nobody is called ill there
mccs = [rates(**count(val, cut))["mcc"] for cut in cuts]
print(pd.DataFrame({
    name: {**count(val, cut), "cost": cost(val, cut)}
    for name, cut in {"one half": 0.5, "cheapest": threshold,
                      "best MCC": cuts[np.nanargmax(mccs)],
                      "nobody ill": 2}.items()}))

# ---- test ----
four = count(test, threshold)
print(four, "cost:", cost(test, threshold))
for name, yes, no in [("sensitivity", "tp", "fn"),
                      ("specificity", "tn", "fp"),
                      ("precision", "tp", "fp")]:
    k, n = four[yes], four[yes] + four[no]
    interval = binomtest(k, n).proportion_ci(method="wilson")
    print(name, np.round([k / n, *interval], 3))
results = {
    "mcc": hand["mcc"], "auc": hand["auc"],
    "rmse": hand["rmse"], "r2": hand["r2"],
    "macro_f1": macro_f1, "micro_f1": micro_f1,
    "threshold": threshold,
    "val_auc": auc(val), "val_cost": cost(val, threshold),
    "test_sensitivity": rates(**four)["sensitivity"],
    "test_cost": cost(test, threshold),
}
print(pd.Series(results).to_string())
