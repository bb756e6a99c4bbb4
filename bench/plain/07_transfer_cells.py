"""Cells in the manner of the original course: PIL decodes and augments in every epoch.

Parts, layers, rates and epochs are those of the twin. The frozen base runs anew
over every image in every epoch, as its input is another each time.
"""

import hashlib
import os
import re
from pathlib import Path

import keras
import numpy as np
from PIL import Image, ImageOps
from sklearn.metrics import roc_auc_score

SEED = int(os.environ.get("DEEPTWINS_SEED", 1))
keras.utils.set_random_seed(SEED)
rng = np.random.default_rng(SEED)

# ---- load ----
files = sorted(
    Path("shared_data/cells/images").rglob("*.png"),
    key=lambda file: hashlib.sha256(file.name.encode()).hexdigest(),
)
ill = np.array([file.parent.name == "Parasitized" for file in files])
person = np.array([re.sub("_?[Tt]hinF.*", "", file.name) for file in files])
photo = np.array([re.sub("_cell.*", "", file.name) for file in files])
part = np.full(len(files), "train", dtype=object)
with_ill = np.isin(person, person[ill])
for group in (with_ill, ~with_ill):
    test = group & np.isin(person, sorted(set(person[group]))[1::4])
    part[test] = "test"
    rest = group & ~test
    part[rest & np.isin(photo, sorted(set(photo[rest]))[3::4])] = "tuning"


class Cells(keras.utils.PyDataset):
    """Batches that are read from the files anew each time, as ImageDataGenerator did."""

    def __init__(self, name, augment=False):
        super().__init__()
        self.rows, self.augment = np.flatnonzero(part == name), augment

    def __len__(self):
        return -(-len(self.rows) // 32)

    def __getitem__(self, number):
        rows = self.rows[32 * number : 32 * (number + 1)]
        return np.stack([self.read(files[row]) for row in rows]), ill[rows].astype("float32")

    def read(self, file):
        image = Image.open(file).convert("RGB").resize((128, 128))
        if self.augment:
            shear, zoom_x, zoom_y = rng.uniform([-0.2, 0.8, 0.8], [0.2, 1.2, 1.2])
            matrix = np.array([[zoom_x, shear * zoom_y], [0, zoom_y]])
            shift = 64 - matrix @ [64, 64]
            values = (*matrix[0], shift[0], *matrix[1], shift[1])
            image = image.transform(image.size, Image.Transform.AFFINE, values, Image.BILINEAR)
            if rng.random() < 0.5:
                image = ImageOps.mirror(image)
            if rng.random() < 0.5:
                image = ImageOps.flip(image)
        return np.asarray(image, "float32") / 127.5 - 1

    def on_epoch_end(self):
        if self.augment:
            rng.shuffle(self.rows)


# ---- train ----
base = keras.applications.MobileNet(
    alpha=0.25,
    include_top=False,
    weights="shared_data/mobilenet_emoji/mobilenet.weights.h5",
)
model = keras.Sequential(
    [
        keras.Input(shape=(128, 128, 3)),
        base,
        keras.layers.GlobalAveragePooling2D(),
        *[keras.layers.Dense(units, activation="relu") for units in (1024, 1024, 512)],
        keras.layers.Dense(1, activation="sigmoid"),
    ]
)
train, tuning = Cells("train", augment=True), Cells("tuning")
base.trainable = False
for rate, epochs in ((0.001, 8), (0.0001, 2)):
    model.compile(
        optimizer=keras.optimizers.Adam(rate), loss="binary_crossentropy", metrics=["accuracy"]
    )
    model.fit(train, epochs=epochs, validation_data=tuning)
    base.trainable = True
    for layer in base.layers:
        tuned = layer in base.layers[-12:]
        layer.trainable = tuned and not isinstance(layer, keras.layers.BatchNormalization)

# ---- test ----
print("auc", roc_auc_score(ill[part == "test"], model.predict(Cells("test"))[:, 0]))
