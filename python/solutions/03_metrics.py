"""Solution: choose the threshold by its MCC, on other people."""

import math

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

# ---- constants ----
DATA = "shared_data/scores/screening.csv"
SEED = 1  # nothing is drawn here: any seed will do
THRESHOLD = 0.5

# ---- load ----
screening = pd.read_csv(DATA)
val = screening[screening["part"] == "tuning"]
test = screening[screening["part"] == "test"]
print("people:", len(val), len(test))


# ---- mcc ----
def mcc(people, threshold):
    ill = people["label"] == 1
    called = people["score"] >= threshold
    tp = int((ill & called).sum())
    tn = int((~ill & ~called).sum())
    fp = int((~ill & called).sum())
    fn = int((ill & ~called).sum())
    product = (tp + fp) * (tp + fn) * (tn + fp) * (tn + fn)
    if product == 0:
        return math.nan
    return (tp * tn - fp * fn) / math.sqrt(product)


# ---- tune ----
thresholds = sorted(set(val["score"]))
values = [mcc(val, threshold) for threshold in thresholds]
best = int(np.nanargmax(values))  # the lowest of equals
threshold = thresholds[best]
print(f"best threshold on the validation set: {threshold}")

# ---- test ----
mcc_half = mcc(test, THRESHOLD)
mcc_test = mcc(test, threshold)
print(f"MCC of the validation set   {values[best]:.4f}")
print(f"MCC of the test part     {mcc_test:.4f}")
print(f"MCC of the test part at {THRESHOLD}: {mcc_half:.4f}")

# ---- curve ----
fig, ax = plt.subplots()
ax.plot(thresholds, values, label="validation")
ax.plot(thresholds, [mcc(test, t) for t in thresholds],
        label="test")
ax.axvline(threshold, linestyle=":", color="grey")
ax.set(xlabel="threshold", ylabel="MCC")
ax.legend()
plt.show()

# ---- results ----
results = {
    "mcc_tuning": values[best],
    "mcc_test": mcc_test,
    "mcc_test_half": mcc_half,
    "threshold": threshold,
}
print(pd.Series(results, dtype=float).round(4).to_string())
