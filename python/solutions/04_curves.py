"""Solution: L2 and an early stop, same sixty tumours."""

import keras
import numpy as np
import pandas as pd

# ---- constants ----
TUMOURS = "shared_data/nuclei/nuclei.csv"
PARTITIONS = "shared_data/nuclei/partitions.csv"
SEED = 1
FEATURES = [
    "radius", "texture", "perimeter", "area", "smoothness",
    "compactness", "concavity", "concave_points", "symmetry",
    "fractal_dimension"
]
UNITS = 256
LEARNING_RATE = 0.01
BATCH_SIZE = 16
EPOCHS = 40
PATIENCE = 5
L2 = 0.1
SMALLEST = 1e-7

# ---- load ----
tumours = pd.read_csv(TUMOURS).merge(
    pd.read_csv(PARTITIONS), on="row"
)
is_train = tumours["block"] == 1
is_val = tumours["partition"] == "tuning"
is_test = tumours["partition"] == "test"

raw = tumours[FEATURES].to_numpy("float32").copy()
y = (tumours[["diagnosis"]] == "malignant").to_numpy(float)

# ---- scale ----
scaler = keras.layers.Normalization()
scaler.adapt(raw[is_train])
x = np.array(scaler(raw))

x_train, y_train = x[is_train], y[is_train]
x_val, y_val = x[is_val], y[is_val]
x_test, y_test = x[is_test], y[is_test]

# ---- model ----
keras.utils.set_random_seed(SEED)
model = keras.Sequential([
    keras.Input(shape=(len(FEATURES),)),
    keras.layers.Dense(
        UNITS, activation="relu",
        kernel_regularizer=keras.regularizers.L2(L2),
    ),
    keras.layers.Dense(1, activation="sigmoid"),
])
model.compile(
    optimizer=keras.optimizers.Adam(LEARNING_RATE),
    loss="binary_crossentropy",
    metrics=["binary_crossentropy"],
)

# ---- fit ----
history = model.fit(
    x_train, y_train,
    batch_size=BATCH_SIZE,
    epochs=EPOCHS,
    validation_data=(x_val, y_val),
    callbacks=[keras.callbacks.EarlyStopping(
        monitor="val_binary_crossentropy",
        patience=PATIENCE,
        restore_best_weights=True,
    )],
    verbose=0,
)
val_loss = history.history["val_binary_crossentropy"]
print(f"lowest validation loss {min(val_loss):.3f}"
      f" at epoch {np.argmin(val_loss) + 1} of {len(val_loss)}")

# ---- evaluate ----
y_prob = model.predict(
    x_test, batch_size=len(y_test), verbose=0
)
y_prob = y_prob.astype(float).clip(SMALLEST, 1 - SMALLEST)
right = np.where(y_test == 1, y_prob, 1 - y_prob)

# ---- results ----
results = {
    "loss": -np.log(right).mean(),
    "accuracy": ((y_prob > 0.5) == y_test).mean(),
}
print(f"test loss     {results['loss']:.4f}")
print(f"test accuracy {results['accuracy']:.4f}")
