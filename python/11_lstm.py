"""An LSTM reads reviews: does the order of words matter?"""

import keras
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from scipy.stats import binomtest
from sklearn.linear_model import LogisticRegression

# ---- constants ----
REVIEWS = "shared_data/reviews/reviews.csv"
LABELS = ["negative", "positive"]
SEED = 1
TRAIN = 2000
WORDS = 2000
LENGTH = 32
VECTOR = 16
UNITS = 16
HIDDEN = 117
LEARNING_RATE = 0.003
BATCH_SIZE = 64
EPOCHS = 4
C = 1
SENTENCES = ["This film is not bad, it is good.",
             "This film is not good, it is bad."]

# ---- load ----
reviews = pd.read_csv(REVIEWS)
train = reviews[reviews["partition"] == "train"].head(TRAIN)
val = reviews[reviews["partition"] == "val"]
test = reviews[reviews["partition"] == "test"]
y_train = train["label"].map(LABELS.index).to_numpy()
y_val = val["label"].map(LABELS.index).to_numpy()
print(len(train), len(val), len(test), y_train.mean())
for row in train[:3].itertuples():
    print(f"{row.label}: {row.text}")

# ---- words ----
vectorizer = keras.layers.TextVectorization(
    max_tokens=WORDS, output_sequence_length=LENGTH)
vectorizer.adapt(train["text"].to_numpy())
vocabulary = np.array(vectorizer.get_vocabulary())
print(vocabulary[:8])

# ---- numbers ----
x_train = np.array(vectorizer(train["text"].to_numpy()))
x_val = np.array(vectorizer(val["text"].to_numpy()))
print(x_train[0])
print(*vocabulary[x_train[2]])
unknown = ((x_val == 1).sum() / (x_val > 0).sum()).round(3)
print("unknown", unknown, "full", (x_val[:, -1] > 0).mean())


# ---- shuffle ----
def shuffle(x):
    random = np.array(keras.random.uniform(x.shape, seed=SEED))
    random[x == 0] = 1  # zeros stay at the end
    order = random.argsort(axis=1, kind="stable")
    return np.take_along_axis(x, order, axis=1)


z_train, z_val = shuffle(x_train), shuffle(x_val)
print(*vocabulary[z_train[2]])


# ---- baseline ----
def bag(x):
    counts = [np.bincount(row, minlength=WORDS) for row in x]
    return (np.array(counts)[:, 1:] > 0).astype(int)


y_prob = pd.DataFrame()
logistic = LogisticRegression(C=C, tol=1e-8, max_iter=1000)
logistic.fit(bag(x_train), y_train)
y_prob["bag"] = logistic.predict_proba(bag(x_val))[:, 1]


# ---- models ----
def build(name):
    keras.utils.set_random_seed(SEED)
    model = keras.Sequential([
        keras.Input(shape=(LENGTH,)),
        keras.layers.Embedding(WORDS, VECTOR, mask_zero=True)])
    if name == "averaging":
        model.add(keras.layers.GlobalAveragePooling1D())
        model.add(keras.layers.Dense(HIDDEN, activation="relu"))
    else:
        model.add(keras.layers.LSTM(UNITS))
    model.add(keras.layers.Dense(1, activation="sigmoid"))
    return model


# ---- train ----
def train_on(x, model, validation_data):
    model.compile(keras.optimizers.Adam(LEARNING_RATE),
                  "binary_crossentropy", metrics=["accuracy"])
    best = keras.callbacks.EarlyStopping(
        patience=EPOCHS, restore_best_weights=True)
    return model.fit(
        x, y_train, batch_size=BATCH_SIZE, epochs=EPOCHS,
        validation_data=validation_data,
        validation_batch_size=500, callbacks=[best],
        verbose=0).history


# ---- fit ----
models, curves = {}, {}
for name in ["lstm", "shuffled", "averaging"]:
    x, x_new = x_train, x_val
    if name == "shuffled":
        x, x_new = z_train, z_val
    models[name] = build(name)
    curves[name] = train_on(x, models[name], (x_new, y_val))
    y_prob[name] = np.array(models[name](x_new))[:, 0]
    print(name, models[name].count_params(), "parameters")

# ---- curves ----
losses = pd.DataFrame({
    name: curve["val_loss"] for name, curve in curves.items()})
losses["lstm, training"] = curves["lstm"]["loss"]
losses.index += 1
losses.plot(xlabel="epoch", ylabel="loss", xticks=losses.index)
plt.show()

# ---- compare ----
# The probability of the true class: p for 1, 1 - p for 0.
p_true = y_prob.astype(float).sub(1 - y_val, axis=0).abs()
loss = -np.log(p_true).mean()
right = (p_true > 0.5).astype(int)
change = right.sub(right["lstm"], axis=0)
half = 1.96 * change.sem()  # 1.96 standard errors
change = change.mean()
print(pd.DataFrame({
    "loss": loss, "accuracy": right.mean(), "change": change,
    "low": change - half, "high": change + half}).round(3))

# ---- predict ----
for name in ["lstm", "averaging"]:
    p = np.array(models[name](vectorizer(SENTENCES)))[:, 0]
    y_pred = (p > 0.5).astype(int)
    print(name, p.round(3), np.array(LABELS)[y_pred])

# ---- test ----
x_test = np.array(vectorizer(test["text"].to_numpy()))
y_test = test["label"].map(LABELS.index).to_numpy()
chosen = loss[["lstm", "averaging"]].idxmin()
p = np.array(models[chosen](x_test))[:, 0]
hits = int(((p > 0.5) == y_test).sum())
ci = binomtest(hits, len(y_test)).proportion_ci(method="wilson")
peek = train_on(x_train, build(chosen), (x_test, y_test))
print("chosen:", chosen)
results = {**loss.drop("bag").add_prefix("val_loss_"),
           **right.mean().add_prefix("val_accuracy_"),
           "test_accuracy": hits / len(y_test),
           "test_low": ci.low, "test_high": ci.high,
           "test_peeked": max(peek["val_accuracy"])}
print(pd.Series(results).round(3).to_string())
