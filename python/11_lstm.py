"""An LSTM reads reviews: does the order of words matter?"""

from pathlib import Path

import keras
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import sklearn.metrics as sk
from sklearn.linear_model import LogisticRegression

# ---- constants ----
REVIEWS = "shared_data/reviews/reviews.npz"
VOCABULARY = "shared_data/reviews/words.txt"
SEED = 1
SHOWN = 4
WORDS = 500
TRAIN = 2000
LENGTH = 40
DIMENSIONS = 32
UNITS = 25
BATCH_SIZE = 32
EPOCHS = 10
C = 0.1
THRESHOLD = 0.5

# ---- load ----
reviews = np.load(REVIEWS)


def cut(tokens, offsets):
    return np.split(tokens, offsets[1:-1])


train = cut(reviews["train_tokens"], reviews["train_offsets"])
train, y_train = train[:TRAIN], reviews["y_train"][:TRAIN]
test = cut(reviews["test_tokens"], reviews["test_offsets"])
y_test = reviews["y_test"]
print("reviews:", len(train), len(test))
print("positive:", y_train.sum(), y_test.sum())

# ---- look ----
print(train[0])
words = Path(VOCABULARY).read_text(encoding="utf-8").split()
for review, label in zip(train[:SHOWN], y_train):
    print(label, " ".join(words[number] for number in review))

# ---- lengths ----
lengths = pd.Series([len(review) for review in train])
longer = (lengths > LENGTH).mean()
print(f"median {lengths.median():g} words, "
      f"{longer:.1%} longer than {LENGTH}")
fig, ax = plt.subplots()
ax.hist(lengths.clip(upper=3 * LENGTH),
        bins=range(0, 3 * LENGTH + 1, LENGTH // 40))
ax.axvline(LENGTH, color="black", linestyle=":")
ax.set(xlabel="words in a review", ylabel="reviews")
plt.show()

# ---- pad ----
x_train = keras.utils.pad_sequences(train, maxlen=LENGTH)
x_test = keras.utils.pad_sequences(test, maxlen=LENGTH)
print("train:", x_train.shape, "test:", x_test.shape)

# ---- model ----
keras.utils.set_random_seed(SEED)
model = keras.Sequential([
    keras.Input(shape=(LENGTH,)),
    keras.layers.Embedding(WORDS, DIMENSIONS),
    keras.layers.LSTM(UNITS),
    keras.layers.Dense(1, activation="sigmoid"),
])
model.compile(
    optimizer="adam", loss="binary_crossentropy",
    metrics=["accuracy"],
)
print("parameters:", model.count_params())

# ---- fit ----
history = model.fit(
    x_train, y_train,
    batch_size=BATCH_SIZE,
    epochs=EPOCHS,
    validation_data=(x_test, y_test),
    verbose=2,
)
model.save("reviews.keras")

# ---- curve ----
curve = pd.DataFrame(history.history)
curve.index += 1
fig, axes = plt.subplots(2, 1, sharex=True)
for ax, name in zip(axes, ["accuracy", "loss"]):
    ax.plot(curve[name], label="train")
    ax.plot(curve[f"val_{name}"], label="test")
    ax.set_ylabel(name)
axes[0].legend()
axes[1].set_xlabel("epoch")
plt.show()


# ---- judge ----
def judge(y, y_prob):
    y_pred = (y_prob >= THRESHOLD).astype(int)
    (tn, fp), (fn, tp) = sk.confusion_matrix(y, y_pred)
    return {
        "tp": tp, "tn": tn, "fp": fp, "fn": fn,
        "sensitivity": tp / (tp + fn),
        "specificity": tn / (tn + fp),
        "precision": tp / (tp + fp),
        "accuracy": (tp + tn) / len(y),
        "mcc": sk.matthews_corrcoef(y, y_pred),
        "auc": sk.roc_auc_score(y, y_prob),
    }


y_prob = model.predict(x_test, verbose=0)[:, 0]
lstm = judge(y_test, y_prob)

# ---- classes ----
y_pred = (y_prob >= THRESHOLD).astype(int)
auc_classes = sk.roc_auc_score(y_test, y_pred)
middle = (lstm["sensitivity"] + lstm["specificity"]) / 2
print(f"AUC from scores  {lstm['auc']:.4f}")
print(f"AUC from classes {auc_classes:.4f}")
print(f"(sensitivity + specificity) / 2: {middle:.4f}")


# ---- baseline ----
def bag(x):
    counts = [np.bincount(row, minlength=WORDS) for row in x]
    return np.array(counts)[:, 4:] > 0  # 0 to 3: no words


logistic = LogisticRegression(C=C, solver="newton-cholesky")
logistic.fit(bag(x_train), y_train)
prob_bag = logistic.predict_proba(bag(x_test))[:, 1]
bag_of_words = judge(y_test, prob_bag)
print(pd.DataFrame(
    {"lstm": lstm, "bag of words": bag_of_words}
).round(4).to_string())

# ---- roc ----
fig, ax = plt.subplots(figsize=(5.6, 3.6))
for name, scores in {
    "LSTM, scores": y_prob, "LSTM, classes": y_pred,
    "bag of words": prob_bag,
}.items():
    fpr, tpr, _ = sk.roc_curve(y_test, scores)
    ax.plot(fpr, tpr, label=name)
ax.plot([0, 1], [0, 1], ":", color="grey")
ax.set(xlabel="1 - specificity", ylabel="sensitivity")
ax.legend()
plt.show()

# ---- results ----
results = {
    **lstm,
    "auc_classes": auc_classes,
    "accuracy_peeked": curve["val_accuracy"].max(),
    "longer": longer,
    **{f"{name}_bag": value
       for name, value in bag_of_words.items()},
}
for name in ["auc", "auc_bag", "accuracy", "accuracy_peeked"]:
    print(f"{name} {results[name]:.4f}")
