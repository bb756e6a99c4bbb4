"""Solution: choose the threshold by its MCC, on other people."""

import math

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from deeptwins import data_dir, report, result_file, seed

# ---- constants ----
SEED = seed(1)  # nothing is drawn here: any seed will do
THRESHOLD = 0.5
TARGET = {"mcc_test": 0.45}

# ---- load ----
screening = pd.read_csv(data_dir("scores") / "screening.csv")
tuning = screening[screening["part"] == "tuning"]
test = screening[screening["part"] == "test"]
print("people:", len(tuning), len(test))


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
thresholds = sorted(set(tuning["score"]))
values = [mcc(tuning, threshold) for threshold in thresholds]
best = int(np.nanargmax(values))  # the lowest of equals
threshold = thresholds[best]
print(f"best threshold on the tuning part: {threshold}")

# ---- test ----
mcc_half = mcc(test, THRESHOLD)
mcc_test = mcc(test, threshold)
print(f"MCC of the tuning part   {values[best]:.4f}")
print(f"MCC of the test part     {mcc_test:.4f}")
print(f"MCC of the test part at {THRESHOLD}: {mcc_half:.4f}")

# ---- curve ----
fig, ax = plt.subplots()
ax.plot(thresholds, values, label="tuning")
ax.plot(thresholds, [mcc(test, t) for t in thresholds],
        label="test")
ax.axvline(threshold, linestyle=":", color="grey")
ax.set(xlabel="threshold", ylabel="MCC")
ax.legend()
fig.savefig(result_file("solutions/02_metrics-curve.png"))
plt.show()

# ---- report ----
report(
    "solutions/02_metrics",
    data={
        "tuning": tuning[["label", "score"]],
        "test": test[["label", "score"]],
    },
    metrics={
        "mcc_tuning": values[best],
        "mcc_test": mcc_test,
        "mcc_test_half": mcc_half,
        "threshold": threshold,
    },
)
