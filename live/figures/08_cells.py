"""What the frozen network of chapter 8 says of each validation cell."""

import base64
import io

import numpy as np
from PIL import Image

EXERCISE = "08_transfer"
PREDICTION = 2  # after those of the sections colour and base
SIDE, COLUMNS = 48, 12  # pixels of a picture, pictures in a row of the sheet


def kept(run):
    """Return the cells (file, person, 1 if parasitised, score), their pictures, the threshold.

    `spread` is how many standard errors an interval of 95 % reaches to each side: by Student's
    t over the persons, by the normal distribution over the cells.
    """
    from scipy import stats  # the book is made without these two
    from sklearn.metrics import roc_curve

    twin = run.variables("load", "partition")
    chosen = twin["is_val"]
    files, people, y = np.array(twin["files"])[chosen], twin["person"][chosen], twin["y"][chosen]
    scores = run.arrays("predictions", PREDICTION)[0][:, 0]
    false_alarms, found, thresholds = roc_curve(y, scores)
    threshold = thresholds[np.argmax(found - false_alarms)]
    accuracy = ((scores >= threshold) == y).mean()
    assert np.isclose(accuracy, run.record["results"]["val_accuracy"]), "other cells or scores"
    return {
        "threshold": float(threshold),
        "spread": {
            "persons": float(stats.t.ppf(0.975, len(np.unique(people)) - 1)),
            "cells": float(stats.norm.ppf(0.975)),
        },
        "cells": [
            [file.name, str(person), int(one), float(score)]
            for file, person, one, score in zip(files, people, y, scores, strict=True)
        ],
        "side": SIDE,
        "columns": COLUMNS,
        "sheet": sheet(files),
    }


def sheet(files):
    """Return the pictures side by side as a data URL; each a square, as the network sees it."""
    rows = -(-len(files) // COLUMNS)
    picture = Image.new("RGB", (COLUMNS * SIDE, rows * SIDE))
    for i, file in enumerate(files):
        small = Image.open(file).convert("RGB").resize((SIDE, SIDE), Image.Resampling.LANCZOS)
        picture.paste(small, (i % COLUMNS * SIDE, i // COLUMNS * SIDE))
    kept = io.BytesIO()
    picture.save(kept, "JPEG", quality=85)
    return "data:image/jpeg;base64," + base64.b64encode(kept.getvalue()).decode()
