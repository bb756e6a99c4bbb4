"""Hello, iris: a first network in Keras' six steps."""

import keras
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.metrics import confusion_matrix

# ---- constants ----
FLOWERS = "shared_data/iris/iris.csv"
PARTITIONS = "shared_data/iris/partitions.csv"
SEED = 1
SPECIES = ["setosa", "versicolor", "virginica"]
FEATURES = [
    "sepal_length", "sepal_width", "petal_length", "petal_width"
]
UNITS = 10
LEARNING_RATE = 0.01
BATCH_SIZE = 16
EPOCHS = 10

# ---- load ----
flowers = pd.read_csv(FLOWERS).merge(
    pd.read_csv(PARTITIONS), on="row"
)
flowers["class"] = flowers["species"].map(SPECIES.index)

train = flowers[flowers["partition"] == "train"]
val = flowers[flowers["partition"] == "tuning"]
test = flowers[flowers["partition"] == "test"]

x_train, y_train = train[FEATURES].to_numpy(), train["class"]
x_val, y_val = val[FEATURES].to_numpy(), val["class"]
x_test, y_test = test[FEATURES].to_numpy(), test["class"]
print("flowers:", len(y_train), len(y_val), len(y_test))

# ---- model ----
keras.utils.set_random_seed(SEED)
model = keras.Sequential([
    keras.Input(shape=(4,)),
    keras.layers.Dense(UNITS, activation="relu"),
    keras.layers.Dense(3, activation="softmax"),
])
print("parameters:", model.count_params())

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
    verbose=2,
)

# ---- curve ----
curve = pd.DataFrame(history.history)
curve.index += 1
fig, axes = plt.subplots(2, 1, sharex=True)
curve[["accuracy", "val_accuracy"]].plot(ax=axes[0])
curve[["loss", "val_loss"]].plot(ax=axes[1], xlabel="epoch")
plt.show()

# ---- evaluate ----
scores = model.evaluate(x_test, y_test, verbose=0,
                        return_dict=True)
print(f"test loss     {scores['loss']:.4f}")
print(f"test accuracy {scores['accuracy']:.4f}")

# ---- predict ----
y_prob = model.predict(x_test, verbose=0)
y_pred = y_prob.argmax(axis=1)
print(pd.DataFrame(
    confusion_matrix(y_test, y_pred),
    index=pd.Index(SPECIES, name="true"), columns=SPECIES,
))

# ---- save ----
model.save("iris.keras")
again = keras.models.load_model("iris.keras")
same = np.array_equal(again.predict(x_test, verbose=0), y_prob)
print("the reloaded model predicts the same:", same)

# ---- results ----
results = {
    "loss": scores["loss"],
    "accuracy": (y_pred == y_test).mean(),
    "reloaded_same": same,
}
print(results)
