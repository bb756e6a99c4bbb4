"""Solution: L2 and an early stop, same sixty tumours."""

import keras
import numpy as np
import pandas as pd

# ---- constants ----
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
folder = data_dir("nuclei")
tumours = pd.read_csv(folder / "nuclei.csv").merge(
    pd.read_csv(folder / "partitions.csv"), on="row"
)
is_few = tumours["block"] == 1
is_val = tumours["partition"] == "tuning"
is_test = tumours["partition"] == "test"
y = (tumours[["diagnosis"]] == "malignant").to_numpy(float)

# ---- scale ----
scaler = keras.layers.Normalization()
raw = tumours[FEATURES].to_numpy()
scaler.adapt(raw[is_few].astype("float32"))
x = np.array(scaler(raw))

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
    x[is_few], y[is_few],
    batch_size=BATCH_SIZE,
    epochs=EPOCHS,
    validation_data=(x[is_val], y[is_val]),
    callbacks=[keras.callbacks.EarlyStopping(
        monitor="val_binary_crossentropy",
        patience=PATIENCE,
        restore_best_weights=True,
    )],
    verbose=0,
)
tuning = history.history["val_binary_crossentropy"]
print(f"lowest tuning loss {min(tuning):.3f}"
      f" at epoch {np.argmin(tuning) + 1} of {len(tuning)}")

# ---- evaluate ----
p = model(x[is_test]).numpy().astype(float)
p = np.clip(p, SMALLEST, 1 - SMALLEST)
truth = y[is_test] == 1
loss = -np.log(np.where(truth, p, 1 - p)).mean()
accuracy = ((p > 0.5) == truth).mean()
print(f"test loss {loss:.3f}, accuracy {accuracy:.3f}")

# ---- results ----
results = {"loss": loss, "accuracy": accuracy}
print(pd.Series(results, dtype=float).round(4).to_string())
