"""Solution: no map, and all genes."""

import pandas as pd
from scipy.stats import binomtest
from sklearn.neighbors import KNeighborsClassifier

# ---- constants ----
CELLS = "shared_data/pbmc/cells.csv"
SEED = 1  # not used: nothing here is random
VOTERS = 5

# ---- load ----
cells = pd.read_csv(CELLS)
train = cells[cells["partition"] == "train"]
val = cells[cells["partition"] == "tuning"]
test = cells[cells["partition"] == "new"]
genes = cells.columns[4:]

# ---- fit ----
voters = KNeighborsClassifier(VOTERS)
voters.fit(train[genes], train["group"])

# ---- validate ----
y_pred = voters.predict(val[genes])
right = y_pred == val["group"]
results = {"val_accuracy_scores": right.mean()}

# ---- test ----
right = int((voters.predict(test[genes]) == test["group"]).sum())
ci = binomtest(right, len(test)).proportion_ci(method="wilson")
results |= {"test_accuracy": right / len(test),
            "test_low": ci.low, "test_high": ci.high}
print(pd.Series(results).round(3).to_string())
