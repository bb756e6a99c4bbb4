"""Partitions and folds: how to ask a model honestly."""

import keras
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.model_selection import train_test_split

from deeptwins import data_dir, report, result_file, seed

# ---- constants ----
SEED = seed(1)
SPECIES = ["setosa", "versicolor", "virginica"]
FEATURES = [
    "sepal_length", "sepal_width", "petal_length", "petal_width"
]
FOLDS = [3, 5, 10]
UNITS = 10
LEARNING_RATE = 0.05
BATCH_SIZE = 4
EPOCHS = 6
TARGET = {"accuracy_5_fold": 0.92}

# ---- load ----
folder = data_dir("iris")
flowers = pd.read_csv(folder / "iris.csv")
x = flowers[FEATURES].to_numpy()
y = flowers["species"].map(SPECIES.index).to_numpy()
print(flowers["species"].value_counts())

# ---- partition ----
rest, test = train_test_split(
    flowers, test_size=0.2, stratify=flowers["species"],
    random_state=SEED,
)
train, tuning = train_test_split(
    rest, test_size=0.25, stratify=rest["species"],
    random_state=SEED,
)
print("train", len(train), "tuning", len(tuning),
      "test", len(test))
print(test["species"].value_counts())

# ---- shared ----
parts = pd.read_csv(folder / "partitions.csv")
print(pd.crosstab(parts["partition"], flowers["species"]))
is_test = (parts["partition"] == "test").to_numpy()
is_rest = ~is_test

# ---- network ----
def build(inputs):
    keras.utils.set_random_seed(SEED)
    model = keras.Sequential([
        keras.Input(shape=(inputs,)),
        keras.layers.Dense(UNITS, activation="relu"),
        keras.layers.Dense(3, activation="softmax"),
    ])
    model.compile(
        optimizer=keras.optimizers.SGD(LEARNING_RATE),
        loss="sparse_categorical_crossentropy",
    )
    return model


networks = {}
model = build(len(FEATURES))
start = model.get_weights()


def fit_and_score(name, model, start, x, y, learn, ask):
    model.set_weights(start)
    history = model.fit(
        x[learn], y[learn], batch_size=BATCH_SIZE,
        epochs=EPOCHS, verbose=0,
    )
    networks[name] = (model, start, history,
                      model.get_weights())
    predicted = model.predict(x[ask], verbose=0).argmax(axis=1)
    return (predicted == y[ask]).mean()


# ---- folds ----
scores = {}
for k in FOLDS:
    fold = parts[f"fold_{k}"].to_numpy()
    scores[k] = [
        fit_and_score(f"fold {i} of {k}", model, start, x, y,
                      is_rest & (fold != i), fold == i)
        for i in range(1, k + 1)
    ]
    print(f"{k:2} folds: mean {np.mean(scores[k]):.3f}, "
          f"sd {np.std(scores[k], ddof=1):.3f}")

# ---- spread ----
for position, k in enumerate(FOLDS):
    plt.scatter([position] * k, scores[k], alpha=0.5)
    plt.scatter(position, np.mean(scores[k]), marker="_",
                s=900, color="black")
plt.xticks(range(len(FOLDS)), FOLDS)
plt.margins(x=0.2)
plt.xlabel("number of folds")
plt.ylabel("accuracy of a fold")
plt.savefig(result_file("01_partitions-spread.png"))
plt.show()

# ---- final ----
final = fit_and_score("final", model, start, x, y,
                      is_rest, is_test)
print(f"trained on {is_rest.sum()} flowers, "
      f"tested on {is_test.sum()}: {final:.3f}")

# ---- leak ----
noise = pd.read_csv(folder / "noise.csv")
noise = noise.drop(columns="row").to_numpy()
dice = parts["shuffled_species"].map(SPECIES.index).to_numpy()
guesser = build(noise.shape[1])
blank = guesser.get_weights()
honest = fit_and_score("honest", guesser, blank, noise, dice,
                       is_rest, is_test)
leaky = fit_and_score("leaky", guesser, blank, noise, dice,
                      is_rest | is_test, is_test)
print(f"nothing to learn, test rows kept out: {honest:.3f}")
print(f"nothing to learn, test rows leaked:   {leaky:.3f}")

# ---- report ----
metrics = {"accuracy_final": final,
           "accuracy_honest": honest, "accuracy_leaky": leaky}
for k in FOLDS:
    metrics[f"accuracy_{k}_fold"] = np.mean(scores[k])
    metrics[f"sd_{k}_fold"] = np.std(scores[k], ddof=1)
report(
    "01_partitions",
    data={
        "x": x, "y": y, "is_test": is_test,
        "fold": parts[[f"fold_{k}" for k in FOLDS]].to_numpy(),
        "noise": noise, "dice": dice,
    },
    networks=networks,
    metrics=metrics,
)
