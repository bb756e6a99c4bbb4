"""Attention: queries, keys, values, and a small transformer."""

from pathlib import Path

import keras
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from keras import layers, ops
from scipy.stats import binomtest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

# ---- constants ----
AMPS = "shared_data/peptides/AMP.train.txt"
DECOYS = "shared_data/peptides/DECOY.train.txt"
SEED = 1
AMINO_ACIDS = "ACDEFGHIKLMNPQRSTVWY"
LENGTH = 50
WIDTH = 32
HEADS = 2
LEARNING_RATE = 0.003
EPOCHS = 7
EXPLAINED = 100

# ---- words ----
words = ["the", "small", "cell", "divides"]
x = np.array([[0, 0, 0], [0, 0, 1], [1, 0, 0], [0, 1, 0]])
w_query = np.array([[0, 2], [2, 0], [2, 0]])
w_key = np.array([[2, 0], [0, 0], [0, 2]])
w_value = np.array([[1, 0], [0, 0], [0, 1]])


# ---- by-hand ----
def attend(x):
    query, key, value = x @ w_query, x @ w_key, x @ w_value
    weight = np.exp(query @ key.T / np.sqrt(2))
    weight /= weight.sum(axis=1, keepdims=True)
    return weight, weight @ value


weight, output = attend(x)
print(pd.DataFrame(weight, words, words).round(2))
print(pd.DataFrame(output, words).round(2))

# ---- keras ----
layer = layers.MultiHeadAttention(
    num_heads=1, key_dim=2, output_shape=2, use_bias=False)
sentence = x[None].astype("float32")  # a batch of one
layer(sentence, sentence)  # now it has weights
layer.set_weights([w_query[:, None], w_key[:, None],
                   w_value[:, None], np.eye(2)[None]])
by_keras = np.array(layer(sentence, sentence))[0]
print(np.abs(by_keras - output).max() < 1e-6)

# ---- positions ----
weight, turned = attend(x[::-1])
print(pd.DataFrame(turned, words[::-1]).round(2))

# ---- load ----
lists = [Path(one).read_text().split() for one in [AMPS, DECOYS]]
peptides = np.concatenate(lists)
y = np.repeat([1, 0], [len(one) for one in lists])
fifth = np.concatenate([5 * np.arange(len(one)) // len(one)
                        for one in lists])
is_train, is_val, is_test = fifth < 3, fifth == 3, fifth == 4
numbers = [[1 + AMINO_ACIDS.index(letter) for letter in one]
           for one in peptides]
x = keras.utils.pad_sequences(numbers, LENGTH)
x_val, y_val = x[is_val], y[is_val]


# ---- transformer ----
def transformer(places=True):
    peptide = keras.Input(shape=(LENGTH,), dtype="int32")
    h = layers.Embedding(21, WIDTH, mask_zero=True)(peptide)
    if places:
        # 1, 2, 3, ... for the amino acids, 0 for padding
        real = ops.sign(peptide)
        place = real * ops.cumsum(real, axis=1)
        place = layers.Embedding(
            LENGTH + 1, WIDTH, mask_zero=True)(place)
        h = layers.Add()([h, place])
    look = layers.MultiHeadAttention(HEADS, WIDTH, name="look")
    attended, _ = look(h, h, return_attention_scores=True)
    h = layers.LayerNormalization()(layers.Add()([h, attended]))
    dense = layers.Dense(2 * WIDTH, activation="relu")(h)
    dense = layers.Dense(WIDTH)(dense)
    h = layers.LayerNormalization()(layers.Add()([h, dense]))
    h = layers.GlobalAveragePooling1D()(h)
    y = layers.Dense(1, activation="sigmoid")(h)
    return keras.Model(peptide, y)


# ---- fit ----
keras.utils.set_random_seed(SEED)
models = {"transformer": transformer(),
          "no_places": transformer(places=False)}
y_prob = {}
for name, one in models.items():
    one.compile(keras.optimizers.Adam(LEARNING_RATE),
                loss="binary_crossentropy")
    one.fit(x[is_train], y[is_train], epochs=EPOCHS, verbose=0)
    y_prob[name] = np.array(one(x_val))[:, 0]

# ---- baseline ----
count = keras.utils.to_categorical(x).sum(axis=1)[:, 1:]
share = count / count.sum(axis=1, keepdims=True)
line = LogisticRegression(C=20, solver="newton-cholesky")
line.fit(share[is_train], y[is_train])
y_prob["baseline"] = line.predict_proba(share[is_val])[:, 1]
auc = {f"val_auc_{name}": roc_auc_score(y_val, p)
       for name, p in y_prob.items()}
print(pd.Series(auc).round(3).to_string())

# ---- map ----
model = models["transformer"]
attention = keras.Model(
    model.input, model.get_layer("look").output[1])
weight = np.array(attention(x_val[:1]))
letters = [*peptides[is_val][0]]
weight = weight[0].mean(axis=0)[-len(letters):, -len(letters):]
plt.imshow(weight, cmap="Blues", vmin=0)
plt.grid(False)
plt.xticks(range(len(letters)), letters)
plt.yticks(range(len(letters)), letters)
plt.gca().set(xlabel="looked at", ylabel="looks")
plt.show()

# ---- explain ----
some = x_val[:EXPLAINED]
looked = np.array(attention(some), float).mean(axis=(1, 2))
without = some[:, None] * (1 - np.eye(LENGTH, dtype=int))
p = model.predict(without.reshape(-1, LENGTH), batch_size=256,
                  verbose=0)
whole = y_prob["transformer"][:EXPLAINED, None].astype(float)
effect = np.abs(whole - p.reshape(-1, LENGTH))
agree = np.mean([np.corrcoef(a[s > 0], e[s > 0])[0, 1]
                 for a, e, s in zip(looked, effect, some)])
print("attention and effect, correlation:", agree.round(2))

# ---- test ----
y_test = y[is_test]
y_prob = np.array(model(x[is_test]))[:, 0]
right = int(((y_prob > 0.5) == y_test).sum())
ci = binomtest(right, len(y_test)).proportion_ci(method="wilson")
results = auc | {"attention_effect": agree,
                 "test_auc": roc_auc_score(y_test, y_prob),
                 "test_accuracy": right / len(y_test),
                 "test_low": ci.low, "test_high": ci.high}
print(pd.Series(results).round(3).to_string())
