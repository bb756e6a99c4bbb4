"""Solution: more reviews, read both ways, and a validation set."""

import keras
import numpy as np
import sklearn.metrics as sk

# ---- constants ----
full = variant() == "full"
SEED = 1
WORDS = 500
TRAIN = 2000 if full else 5500
TUNING = 500
LENGTH = 200 if full else 32
DIMENSIONS = 32
UNITS = 25
DROPOUT = 0.5
LEARNING_RATE = 0.003
BATCH_SIZE = 64
EPOCHS = 8
PATIENCE = 2
THRESHOLD = 0.5

# ---- load ----
arrays = read_arrays(
    data_file("reviews"),
    train_tokens=None, train_offsets=None, y_train=None,
    test_tokens=None, test_offsets=None, y_test=None,
)


def take(part, first, last):
    tokens = arrays[f"{part}_tokens"]
    offsets = arrays[f"{part}_offsets"]
    reviews = np.split(tokens, offsets[1:-1])[first:last]
    x = keras.utils.pad_sequences(reviews, maxlen=LENGTH)
    return x, arrays[f"y_{part}"][first:last]


x_train, y_train = take("train", 0, TRAIN)
x_val, y_val = take("train", TRAIN, TRAIN + TUNING)
x_test, y_test = take("test", 0, None)
print("reviews:", len(y_train), len(y_val), len(y_test))

# ---- model ----
keras.utils.set_random_seed(SEED)
lstm = keras.layers.LSTM(UNITS, return_sequences=True)
model = keras.Sequential([
    keras.Input(shape=(LENGTH,)),
    keras.layers.Embedding(WORDS, DIMENSIONS),
    keras.layers.Dropout(DROPOUT),
    keras.layers.Bidirectional(lstm),
    keras.layers.GlobalMaxPooling1D(),
    keras.layers.Dropout(DROPOUT),
    keras.layers.Dense(1, activation="sigmoid"),
])
model.compile(
    optimizer=keras.optimizers.Adam(LEARNING_RATE),
    loss="binary_crossentropy",
    metrics=["accuracy"],
)

# ---- fit ----
history = model.fit(
    x_train, y_train,
    batch_size=BATCH_SIZE,
    epochs=EPOCHS,
    validation_data=(x_val, y_val),
    callbacks=[keras.callbacks.EarlyStopping(
        patience=PATIENCE, restore_best_weights=True
    )],
    verbose=0,
)
loss = history.history["val_loss"]
best = int(np.argmin(loss)) + 1
print(f"best of {len(loss)} epochs: {best}")


# ---- evaluate ----
def judge(label, score):
    predicted = (score >= THRESHOLD).astype(int)
    return {
        "accuracy": (predicted == label).mean(),
        "mcc": sk.matthews_corrcoef(label, predicted),
        "auc": sk.roc_auc_score(label, score),
    }


def score(x):
    return model.predict(x, verbose=0)[:, 0]


tuning = judge(y_val, score(x_val))
test = judge(y_test, score(x_test))
for name in test:
    print(f"{name:8}: tuning {tuning[name]:.4f}, "
          f"test {test[name]:.4f}")

# ---- results ----
results = {
    **test,
    **{f"{name}_tuning": tuning[name] for name in tuning},
    "best_epoch": best,
}
print(results)
