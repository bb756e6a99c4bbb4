"""Solution: more reviews, read both ways; a validation set."""

import keras
import numpy as np
import sklearn.metrics as sk

# ---- constants ----
REVIEWS = "shared_data/reviews/reviews.npz"
SEED = 1
WORDS = 500
TRAIN = 5500
VAL = 500
LENGTH = 32
DIMENSIONS = 32
UNITS = 25
DROPOUT = 0.5
LEARNING_RATE = 0.003
BATCH_SIZE = 64
EPOCHS = 8
PATIENCE = 2
THRESHOLD = 0.5

# ---- load ----
reviews = np.load(REVIEWS)


def pad(tokens, offsets):
    cut = np.split(tokens, offsets[1:-1])
    return keras.utils.pad_sequences(cut, maxlen=LENGTH)


x = pad(reviews["train_tokens"], reviews["train_offsets"])
y = reviews["y_train"]
x_train, y_train = x[:TRAIN], y[:TRAIN]
x_val, y_val = x[TRAIN:TRAIN + VAL], y[TRAIN:TRAIN + VAL]
x_test = pad(reviews["test_tokens"], reviews["test_offsets"])
y_test = reviews["y_test"]
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
val_loss = history.history["val_loss"]
best = np.argmin(val_loss) + 1
print(f"best of {len(val_loss)} epochs: {best}")


# ---- evaluate ----
def judge(x, y):
    y_prob = model.predict(x, verbose=0)[:, 0]
    y_pred = (y_prob >= THRESHOLD).astype(int)
    return {
        "accuracy": (y_pred == y).mean(),
        "mcc": sk.matthews_corrcoef(y, y_pred),
        "auc": sk.roc_auc_score(y, y_prob),
    }


val = judge(x_val, y_val)
test = judge(x_test, y_test)
for name in test:
    print(f"{name:8}: validation {val[name]:.4f}, "
          f"test {test[name]:.4f}")

# ---- results ----
results = {
    **test,
    **{f"{name}_tuning": val[name] for name in val},
    "best_epoch": best,
}
