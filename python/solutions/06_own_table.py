"""Solution: your own table with a penalty on large weights."""

import keras
import numpy as np
import pandas as pd
from keras.layers import Dense, Normalization
from scipy.stats import binomtest
from sklearn.linear_model import LogisticRegression

# ---- constants ----
DATA = "shared_data/breast_cancer/samples.csv"
TARGET_COLUMN = "diagnosis"
POSITIVE = ""  # the class to find; empty: the rarer one
ID_COLUMN = "id"  # rows with the same id stay together
CATEGORIES = []  # columns whose numbers are codes
MISSING = ["", "?", ".", "NA", "N/A", "NaN"]
COST_MISS = 10  # false alarms that are as bad as one miss
SPLIT_SEED = 1
SEED = 1
UNITS = 16
EPOCHS = 40

# ---- read ----
header = open(DATA, encoding="utf-8-sig").readline()
# the separator: whichever occurs most often in the headings
rows = pd.read_csv(DATA, sep=max(",;\t", key=header.count),
                   encoding="utf-8-sig", dtype=str,
                   keep_default_na=False)
rows = rows.rename(columns=str.strip).fillna("").map(str.strip)
rows = rows.mask(rows.isin(MISSING)).dropna(how="all")
for name in [TARGET_COLUMN, ID_COLUMN]:
    # a file without a column "id" is all right
    if name not in [*rows.columns, "id"]:
        raise SystemExit(f"There is no column {name}, but: "
                         + ", ".join(rows.columns))

# ---- classes ----
target = rows.pop(TARGET_COLUMN)
new = rows[target.isna()]
rows, target = rows[target.notna()], target.dropna()
classes = list(target.unique())
if len(classes) != 2:
    raise SystemExit(f"{TARGET_COLUMN} has not 2 classes but "
                     f"{len(classes)}: {', '.join(classes[:5])}")
positive = str(POSITIVE) or min(classes, key=list(target).count)
y = (target == positive).astype(int)

# ---- split ----
# a row without an id gets one of its own
own = pd.Series(rows.index.astype(str) + " row", rows.index)
ids = rows.get(ID_COLUMN, own).fillna(own)
ill = y.groupby(ids, sort=False).max()  # 1: any row of the id
if not 10 <= ill.sum() <= len(ill) - 10:
    raise SystemExit(f"{ill.sum()} of {len(ill)} ids are "
                     f"{positive}. Each class needs 10.")
draw = keras.random.uniform((len(ill),), seed=SPLIT_SEED)
draw = pd.Series(np.array(draw), ill.index)
# Sorted by their numbers, the ids have places from 0 to 1.
share = ids.map(draw.groupby(ill).rank(pct=True))
train = share <= 0.6
val = (share > 0.6) & (share <= 0.8) & ~ids.duplicated()
test = (share > 0.8) & ~ids.duplicated()
print("rows:", train.sum(), val.sum(), test.sum(), "- of them",
      positive, y[train].sum(), y[val].sum(), y[test].sum())


# ---- columns ----
def numbers(column):  # NaN where it is text
    return pd.to_numeric(column.str.replace(",", "."), "coerce")


medians, levels = {}, {}
for name in rows.columns.drop(ID_COLUMN, errors="ignore"):
    values = numbers(rows[name])
    seen = rows[name][train].dropna()
    # text: fewer numbers than filled cells
    is_text = values.count() < rows[name].count()
    if seen.nunique() < 2:
        print("not used:", name, "- constant or missing")
    elif is_text and seen.nunique() > 20:
        print("not used:", name, "- free text")
    elif not is_text and (values.diff()[1:] > 0).all():
        print("not used:", name, "- a row number")
    elif is_text or name in CATEGORIES:
        levels[name] = seen.unique()
    else:
        medians[name] = values[train].median()
if not medians and not levels:
    raise SystemExit("There is no column to learn from.")


# ---- encode ----
def encode(rows):
    x = [numbers(rows[n]).fillna(medians[n]) for n in medians]
    x += [rows[n] == one for n in levels for one in levels[n]]
    return np.column_stack(x).astype("float32")


x_train, y_train = encode(rows[train]), y[train]
x_val, y_val = encode(rows[val]), y[val]

# ---- model ----
scaler = Normalization()
scaler.adapt(x_train)
keras.utils.set_random_seed(SEED)
model = keras.Sequential([
    # "l2" is the penalty of chapter 4 with its default, 0.01.
    scaler, Dense(UNITS, "relu", kernel_regularizer="l2"),
    Dense(1, "sigmoid")])

# ---- fit ----
weights = {0: 1, 1: (1 - y_train).sum() / y_train.sum()}
model.compile(keras.optimizers.Adam(0.01), "binary_crossentropy")
history = model.fit(
    x_train, y_train, validation_data=(x_val, y_val),
    epochs=EPOCHS, class_weight=weights, verbose=0,
    callbacks=[keras.callbacks.EarlyStopping(
        patience=10, restore_best_weights=True)])

# ---- baseline ----
logistic = LogisticRegression(class_weight=weights, tol=1e-6)
logistic.fit(scaler(x_train), y_train)
p_logistic = logistic.predict_proba(scaler(x_val))[:, 1]


# ---- threshold ----
def scores(x):
    return model.predict(x, verbose=0)[:, 0]


def costs(y_prob):  # of each threshold
    return pd.Series({cut: np.where(
        y_val == 1, COST_MISS * (y_prob < cut), y_prob >= cut
    ).sum() for cut in np.unique(y_prob)})


y_prob = scores(x_val)
cost = costs(y_prob)
threshold = cost.idxmin()  # the first, so the lowest, of equals
print(pd.crosstab(y_val, y_prob >= threshold, colnames=["call"]))

# ---- predict ----
if len(new):
    y_prob = scores(encode(new))
    names = np.where(y_prob >= threshold, positive, "other")
    print(new.assign(score=y_prob, predicted=names).T)

# ---- test ----
x_test, y_test = encode(rows[test]), y[test]
y_pred = scores(x_test) >= threshold
print(pd.crosstab(y_test, y_pred, colnames=["call"]))
for one, right in (y_pred == y_test).groupby(y_test):
    rate = binomtest(right.sum(), len(right))
    print(one, right.mean(), rate.proportion_ci(method="wilson"))
results = {
    "threshold": threshold, "val_cost": cost.min(),
    "val_loss": min(history.history["val_loss"]),
    "val_cost_logistic": costs(p_logistic).min(),
    "test_sensitivity": y_pred[y_test == 1].mean(),
    "test_specificity": 1 - y_pred[y_test == 0].mean(),
}
print(pd.Series(results).to_string())
