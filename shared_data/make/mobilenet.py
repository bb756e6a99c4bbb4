"""Make shared_data/mobilenet_emoji: a MobileNet that the course trained itself, on emoji.

It needs the artwork and the renderer that emoji10.py names, and takes about six
minutes on one core. Where the processor or TensorFlow is another, the weights
differ in their last digits and then in all.

    PYTHONPATH=renderer python shared_data/make/mobilenet.py FOLDER
"""

import argparse
import os
from pathlib import Path

# Before Keras is imported: one thread, since sums depend on the number of threads.
os.environ |= {"TF_NUM_INTRAOP_THREADS": "1", "TF_NUM_INTEROP_THREADS": "1"}
os.environ |= {"TF_DETERMINISTIC_OPS": "1", "TF_CPP_MIN_LOG_LEVEL": "2"}

import keras
import numpy as np
from cards import write_card
from emoji10 import CLASSES, glyphs, render, scene

from deeptwins.paths import SHARED

SEED = 20214
SIZE = 96
ALPHA = 0.25
# Images of each class, drawn anew and larger: not those of emoji10.
ROWS = {"train": 450, "val": 40}
BATCH_SIZE = 32
EPOCHS = 14
LEARNING_RATE = 0.002


def draw(folder: Path, part: str, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return images and labels, every design of a class equally often."""
    images, labels = [], []
    for label in range(len(CLASSES)):
        of_class = [one for one in glyphs(folder) if (one.part, one.label) == (part, label)]
        designs = sorted({one.design for one in of_class})
        for number in range(ROWS[part]):
            alike = [one for one in of_class if one.design == designs[number % len(designs)]]
            glyph = alike[rng.integers(len(alike))]
            images.append(scene(rng, render(folder, glyph.set, glyph.name), SIZE))
            labels.append(label)
    return np.array(images), np.array(labels)


def pretrain(folder: Path) -> tuple[keras.Model, float]:
    """Return the network without its top, and its accuracy on designs it has not seen."""
    rng = np.random.default_rng(SEED)
    x_train, y_train = draw(folder, "train", rng)
    x_val, y_val = draw(folder, "val", rng)
    keras.utils.set_random_seed(SEED)
    base = keras.applications.MobileNet(alpha=ALPHA, include_top=False, weights=None)
    model = keras.Sequential(
        [
            keras.Input((SIZE, SIZE, 3)),
            keras.layers.Rescaling(1 / 127.5, offset=-1),
            base,
            keras.layers.GlobalAveragePooling2D(),
            keras.layers.Dropout(0.2),
            keras.layers.Dense(len(CLASSES), activation="softmax"),
        ]
    )
    steps = EPOCHS * -(-len(x_train) // BATCH_SIZE)
    model.compile(
        optimizer=keras.optimizers.Adam(
            keras.optimizers.schedules.CosineDecay(LEARNING_RATE, steps)
        ),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    history = model.fit(
        x_train,
        y_train,
        batch_size=BATCH_SIZE,
        epochs=EPOCHS,
        validation_data=(x_val, y_val),
        verbose=2,
    )
    return base, history.history["val_accuracy"][-1]


def card(accuracy: float) -> None:
    """Describe the weights."""
    write_card(
        "mobilenet_emoji",
        title="Weights of a small MobileNet, pre-trained on emoji",
        origin="Trained by the course on the artwork of emoji10: see its card for the artists.",
        licence="CC BY 4.0; learned from artwork under Apache 2.0, MIT and CC BY 4.0: see "
        "emoji10/CREDITS.txt",
        made=f"keras.applications.MobileNet(alpha={ALPHA}, include_top=False) with a softmax over "
        f"emoji10's ten classes, trained for {EPOCHS} epochs on {10 * ROWS['train']:,} images of "
        f"{SIZE} × {SIZE} pixels that emoji10.py drew anew from the designs of its training part. "
        f"Of images of designs that it had not seen it named {accuracy:.1%} rightly (chance: "
        "10 %). It stands in for ImageNet where there is no network, and knows far less; "
        f"seed {SEED}",
        by="mobilenet.py",
        path="mobilenet.weights.h5",
        full={
            "name": "mobilenet",
            "path": "models/mobilenet_2_5_224_tf_no_top.h5",
            "get": "deeptwins data fetch mobilenet",
            "origin": "The weights of MobileNet (alpha 0.25) trained on ImageNet, as "
            "keras.applications gets them; they lie in KERAS_HOME",
            "licence": "Apache 2.0",
        },
    )


def main() -> None:
    """Write the weights and the card."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("artwork", type=Path, help="folder with the npm packages")
    base, accuracy = pretrain(parser.parse_args().artwork)
    folder = SHARED / "mobilenet_emoji"
    folder.mkdir(exist_ok=True)
    base.save_weights(folder / "mobilenet.weights.h5")
    card(accuracy)


if __name__ == "__main__":
    main()
