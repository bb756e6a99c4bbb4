"""Solution: two tests together make fewer errors."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from scipy.stats import binomtest

# ---- constants ----
SCREENING = "shared_data/scores/screening.csv"
COST_MISS = 20
COST_ALARM = 1
SEED = 1  # nothing is random here: any seed gives the same
WEIGHT = 0.5  # of the second test

# ---- load ----
screening = pd.read_csv(SCREENING)
screening["both"] = (
    screening["score"] + WEIGHT * screening["second_score"]
)
val = screening[screening["part"] == "val"]
test = screening[screening["part"] == "test"]


# ---- cost ----
def count(people, score, cut):
    ill, called = people["label"] == 1, people[score] >= cut
    return {"tp": (ill & called).sum(),
            "fn": (ill & ~called).sum(),
            "fp": (~ill & called).sum(),
            "tn": (~ill & ~called).sum()}


def cost(people, score, cut):
    four = count(people, score, cut)
    return COST_MISS * four["fn"] + COST_ALARM * four["fp"]


# ---- threshold ----
for score in ["score", "second_score", "both"]:
    cuts = np.unique(val[score])
    costs = [cost(val, score, cut) for cut in cuts]
    threshold = cuts[np.argmin(costs)]
    print(score, count(val, score, threshold), min(costs))

# ---- curve ----
plt.plot(cuts, costs)
plt.axvline(threshold, linestyle=":")
plt.xlabel("threshold of both tests together")
plt.ylabel("cost")
plt.show()

# ---- test ----
four = count(test, "both", threshold)
print(four)
ill = four["tp"] + four["fn"]
interval = binomtest(four["tp"], ill).proportion_ci(
    method="wilson")
print("sensitivity", np.round([four["tp"] / ill, *interval], 3))
results = {
    "val_cost": min(costs),
    "threshold": threshold,
    "test_sensitivity": four["tp"] / ill,
    "test_cost": cost(test, "both", threshold),
}
print(pd.Series(results).to_string())
