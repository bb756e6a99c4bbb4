"""Solution: more reviews, read both ways, and dropout."""

import keras
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from scipy.stats import binomtest

# ---- constants ----
REVIEWS = "shared_data/reviews/reviews.csv"
LABELS = ["negative", "positive"]
SEED = 1
TRAIN = 4000
WORDS = 2000
LENGTH = 32
VECTOR = 16
UNITS = 16
DROPOUT = 0.5
LEARNING_RATE = 0.003
BATCH_SIZE = 64
EPOCHS = 4

# ---- load ----
reviews = pd.read_csv(REVIEWS)
train = reviews[reviews["partition"] == "train"].head(TRAIN)
val = reviews[reviews["partition"] == "val"]
test = reviews[reviews["partition"] == "test"]
y_train = train["label"].map(LABELS.index).to_numpy()
y_val = val["label"].map(LABELS.index).to_numpy()
y_test = test["label"].map(LABELS.index).to_numpy()

# ---- numbers ----
vectorizer = keras.layers.TextVectorization(
    max_tokens=WORDS, output_sequence_length=LENGTH)
vectorizer.adapt(train["text"].to_numpy())
x_train = np.array(vectorizer(train["text"].to_numpy()))
x_val = np.array(vectorizer(val["text"].to_numpy()))
x_test = np.array(vectorizer(test["text"].to_numpy()))

# ---- model ----
keras.utils.set_random_seed(SEED)
lstm = keras.layers.LSTM(UNITS, return_sequences=True)
model = keras.Sequential([
    keras.Input(shape=(LENGTH,)),
    keras.layers.Embedding(WORDS, VECTOR, mask_zero=True),
    keras.layers.Dropout(DROPOUT),
    keras.layers.Bidirectional(lstm),
    keras.layers.GlobalAveragePooling1D(),
    keras.layers.Dropout(DROPOUT),
    keras.layers.Dense(1, activation="sigmoid"),
])
model.compile(keras.optimizers.Adam(LEARNING_RATE),
              "binary_crossentropy", metrics=["accuracy"])

# ---- fit ----
best = keras.callbacks.EarlyStopping(
    patience=EPOCHS, restore_best_weights=True)
history = model.fit(
    x_train, y_train, batch_size=BATCH_SIZE, epochs=EPOCHS,
    validation_data=(x_val, y_val), callbacks=[best], verbose=0)

# ---- curve ----
curve = pd.DataFrame(history.history)[["loss", "val_loss"]]
curve.columns = ["training", "validation"]
curve.index += 1
curve.plot(xlabel="epoch", ylabel="loss")
plt.show()

# ---- validate ----
p = model.predict(x_val, verbose=0)[:, 0].astype(float)
p_true = np.abs(p - (1 - y_val))  # of the true class
results = {"val_loss_lstm": -np.log(p_true).mean(),
           "val_accuracy_lstm": (p_true > 0.5).mean()}

# ---- test ----
p = model.predict(x_test, verbose=0)[:, 0]
hits = int(((p > 0.5) == y_test).sum())
ci = binomtest(hits, len(y_test)).proportion_ci(method="wilson")
results |= {"test_accuracy": hits / len(y_test),
            "test_low": ci.low, "test_high": ci.high}
print(pd.Series(results).round(3).to_string())
