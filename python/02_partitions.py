"""Partitions and folds: how to ask a model honestly."""

import keras
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.model_selection import train_test_split

# ---- constants ----
FLOWERS = "shared_data/iris/iris.csv"
PARTITIONS = "shared_data/iris/partitions.csv"
NOISE = "shared_data/iris/noise.csv"
SEED = 1
SPECIES = ["setosa", "versicolor", "virginica"]
FEATURES = [
    "sepal_length", "sepal_width", "petal_length", "petal_width"
]
FOLDS = [3, 5, 10]
UNITS = 10
LEARNING_RATE = 0.05
BATCH_SIZE = 4
EPOCHS = 6

# ---- load ----
flowers = pd.read_csv(FLOWERS)
print(flowers["species"].value_counts())

# ---- partition ----
rest, test = train_test_split(
    flowers, test_size=0.2, stratify=flowers["species"],
    random_state=SEED,
)
train, val = train_test_split(
    rest, test_size=0.25, stratify=rest["species"],
    random_state=SEED,
)
print("train", len(train), "validation", len(val),
      "test", len(test))
print(test["species"].value_counts())

# ---- shared ----
flowers = flowers.merge(pd.read_csv(PARTITIONS), on="row")
print(pd.crosstab(flowers["partition"], flowers["species"]))
x = flowers[FEATURES].to_numpy()
y = flowers["species"].map(SPECIES.index).to_numpy()
is_test = (flowers["partition"] == "test").to_numpy()
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


def fit_and_score(model, weights, x, y, learn, ask):
    model.set_weights(weights)
    model.fit(x[learn], y[learn], batch_size=BATCH_SIZE,
              epochs=EPOCHS, verbose=0)
    y_prob = model.predict(x[ask], verbose=0)
    return (y_prob.argmax(axis=1) == y[ask]).mean()


model = build(len(FEATURES))
weights = model.get_weights()

# ---- folds ----
scores = {}
for k in FOLDS:
    fold = flowers[f"fold_{k}"].to_numpy()
    scores[k] = [
        fit_and_score(model, weights, x, y,
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
plt.show()

# ---- final ----
final = fit_and_score(model, weights, x, y, is_rest, is_test)
print(f"trained on {is_rest.sum()} flowers, "
      f"tested on {is_test.sum()}: {final:.3f}")

# ---- leak ----
noise = flowers[["row"]].merge(pd.read_csv(NOISE), on="row")
x_noise = noise.drop(columns="row").to_numpy()
shuffled = flowers["shuffled_species"].map(SPECIES.index)
y_noise = shuffled.to_numpy()
guesser = build(x_noise.shape[1])
weights = guesser.get_weights()
honest = fit_and_score(guesser, weights, x_noise, y_noise,
                       is_rest, is_test)
leaky = fit_and_score(guesser, weights, x_noise, y_noise,
                      is_rest | is_test, is_test)
print(f"nothing to learn, test rows kept out: {honest:.3f}")
print(f"nothing to learn, test rows leaked:   {leaky:.3f}")

# ---- results ----
results = {"accuracy_final": final,
           "accuracy_honest": honest, "accuracy_leaky": leaky}
for k in FOLDS:
    results[f"accuracy_{k}_fold"] = np.mean(scores[k])
    results[f"sd_{k}_fold"] = np.std(scores[k], ddof=1)
print(pd.Series(results).round(3).to_string())
