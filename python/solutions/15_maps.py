"""Solution: no map, all genes, and a model instead of votes."""

import pandas as pd
from scipy.stats import binomtest
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression

# ---- constants ----
CELLS = "shared_data/pbmc/cells.csv"
SEED = 1
COMPONENTS = 10

# ---- load ----
cells = pd.read_csv(CELLS)
train = cells[cells["partition"] == "train"]
val = cells[cells["partition"] == "tuning"]
test = cells[cells["partition"] == "new"]
genes = cells.columns[4:]

# ---- fit ----
pca = PCA(COMPONENTS, random_state=SEED).fit(train[genes])
model = LogisticRegression(max_iter=10000, tol=1e-8)
model.fit(pca.transform(train[genes]), train["group"])

# ---- validate ----
y_pred = model.predict(pca.transform(val[genes]))
results = {"val_accuracy_scores": (y_pred == val["group"]).mean()}

# ---- test ----
y_pred = model.predict(pca.transform(test[genes]))
right = int((y_pred == test["group"]).sum())
ci = binomtest(right, len(test)).proportion_ci(method="wilson")
results |= {"test_accuracy": right / len(test),
            "test_low": ci.low, "test_high": ci.high}
print(pd.Series(results).round(3).to_string())
