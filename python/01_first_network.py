"""A first network: iris flowers in Keras' six steps."""

import keras
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from scipy.stats import binomtest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

# ---- constants ----
FLOWERS = "shared_data/iris/iris.csv"
PARTITIONS = "shared_data/iris/partitions.csv"
SEED = 1
SPECIES = ["setosa", "versicolor", "virginica"]
FEATURES = [
    "sepal_length", "sepal_width", "petal_length", "petal_width"
]
UNITS = 10
LEARNING_RATE = 0.1
BATCH_SIZE = 16
EPOCHS = 40
NEW_FLOWER = [6.0, 2.9, 4.6, 1.4]
BROKEN_RATE = 0.01
BROKEN_EPOCHS = 10

# ---- load ----
flowers = pd.read_csv(FLOWERS)
partitions = pd.read_csv(PARTITIONS)
assert set(flowers["row"]) == set(partitions["row"])
flowers = flowers.merge(partitions, on="row").sort_values("row")
flowers["class"] = flowers["species"].map(SPECIES.index)
train = flowers[flowers["partition"] == "train"]
val = flowers[flowers["partition"] == "val"]
test = flowers[flowers["partition"] == "test"]

x_train = train[FEATURES].to_numpy("float32").copy()
x_val = val[FEATURES].to_numpy("float32").copy()
x_test = test[FEATURES].to_numpy("float32").copy()
y_train, y_val = train["class"], val["class"]
y_test = test["class"]
print("flowers:", len(y_train), len(y_val), len(y_test))

# ---- define ----
keras.utils.set_random_seed(SEED)
scaler = keras.layers.Normalization()
scaler.adapt(x_train)
model = keras.Sequential([
    keras.Input(shape=(4,)),
    scaler,
    keras.layers.Dense(UNITS, activation="relu"),
    keras.layers.Dense(3, activation="softmax"),
])
model.summary()

# ---- compile ----
model.compile(
    optimizer=keras.optimizers.SGD(LEARNING_RATE),
    loss="sparse_categorical_crossentropy",
    metrics=["accuracy"],
)

# ---- fit ----
history = model.fit(
    x_train, y_train,
    batch_size=BATCH_SIZE,
    epochs=EPOCHS,
    validation_data=(x_val, y_val),
    verbose=0,
)
curve = pd.DataFrame(history.history)
curve.index += 1
print(curve.iloc[[0, -1]].round(3).T)

# ---- curve ----
fig, axes = plt.subplots(2, 1, sharex=True)
curve[["accuracy", "val_accuracy"]].plot(ax=axes[0])
curve[["loss", "val_loss"]].plot(ax=axes[1], xlabel="epoch")
plt.show()

# ---- evaluate ----
scores = model.evaluate(x_val, y_val, verbose=0,
                        return_dict=True)
print(f"validation loss     {scores['loss']:.4f}")
print(f"validation accuracy {scores['accuracy']:.4f}")
y_prob = model.predict(x_val, verbose=0)
predicted = np.array(SPECIES)[y_prob.argmax(axis=1)]
print(pd.crosstab(val["species"], predicted,
                  colnames=["predicted"]))

# ---- baseline ----
logistic = make_pipeline(StandardScaler(), LogisticRegression())
logistic.fit(x_train, y_train)
baseline = logistic.score(x_val, y_val)
print(f"logistic regression {baseline:.4f}")

# ---- predict ----
p = model.predict(np.array([NEW_FLOWER]), verbose=0)[0]
print(pd.Series(p, SPECIES).round(3).to_string())
print("one new flower:", SPECIES[p.argmax()])

# ---- save ----
model.save("iris.keras")
again = keras.models.load_model("iris.keras")
same = np.array_equal(again.predict(x_val, verbose=0), y_prob)
print("the reloaded model predicts the same:", same)

# ---- broken ----
unscaled = []
for i in range(1, 6):
    keras.utils.set_random_seed(100 * SEED + i)
    broken = keras.Sequential([
        keras.Input(shape=(4,)),
        keras.layers.Dense(UNITS, activation="relu"),
        keras.layers.Dense(3, activation="softmax"),
    ])
    broken.compile(optimizer=keras.optimizers.SGD(BROKEN_RATE),
                   loss="sparse_categorical_crossentropy")
    broken.fit(x_train, y_train, batch_size=BATCH_SIZE,
               epochs=BROKEN_EPOCHS, verbose=0)
    y_pred = np.array(broken(x_val)).argmax(axis=1)
    unscaled.append((y_pred == y_val).mean())
    print(f"broken network {i}: {unscaled[-1]:.4f}")

# ---- test ----
y_pred = model.predict(x_test, verbose=0).argmax(axis=1)
correct = int((y_pred == y_test).sum())
interval = binomtest(correct, len(y_test)).proportion_ci(
    method="wilson"
)
print(f"test accuracy {correct / len(y_test):.4f}")
print(f"95 % interval {interval.low:.4f} to {interval.high:.4f}")

results = {
    "val_loss": scores["loss"],
    "val_accuracy": scores["accuracy"],
    "val_accuracy_baseline": baseline,
    "reloaded_same": same,
    "val_accuracy_broken": unscaled[0],
    "val_accuracy_broken_worst": min(unscaled),
    "test_accuracy": correct / len(y_test),
    "test_low": interval.low,
    "test_high": interval.high,
}
print(pd.Series(results).to_string())
