"""The originals of the mini data sets in the data home: fetch them, look whether they are whole.

The card of a mini set names its original, where that belongs and how to get it. pooch
downloads the cells, Keras' own loaders the rest; beside what was fetched lies its digest.
"""

import os
import shutil
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from deeptwins import files
from deeptwins.data import cards
from deeptwins.paths import SHARED, data_home

CELLS_URL = "https://data.lhncbc.nlm.nih.gov/public/Malaria/cell_images.zip"
# As TensorFlow Datasets publishes it for this file (datasets/malaria/checksums.tsv).
CELLS_SHA256 = "0a949556b2414159b5100192609805376654c4266d8d187be9b1922fad43c668"
PARTS = ("train", "test")


def known() -> dict[str, dict[str, str]]:
    """Return by name what the cards say of the originals: name, path, get, origin, licence."""
    said = (cards.card(name).get("full") for name in cards.names())
    return {full["name"]: full for full in said if full}


def place(name: str) -> Path:
    """Return where an original belongs on this machine: in Keras' folder, or in the data home."""
    path = known()[name]["path"]
    keras_home = Path(os.environ.get("KERAS_HOME") or "~/.keras").expanduser()
    return (keras_home if path.startswith("models/") else data_home()) / path


def check_name(name: str, there: Collection[str]) -> None:
    """Raise ValueError where a name is none of those that there are."""
    if name not in there:
        raise ValueError(f"There is no data set {name}. There are: {', '.join(there)}.")


# ---- fetching ----


def fetch(name: str) -> str:
    """Bring an original to its place, or not at all (OSError); return a sentence that says so."""
    check_name(name, known())
    target = place(name)
    if target.exists():
        return f"{target} is there already. `deeptwins data verify {name}` looks into it."
    if name not in FETCHES:
        raise OSError(f"{name} cannot be downloaded. {known()[name]['get']}: {target}")
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        FETCHES[name](target)
    except Exception as error:  # Keras and pooch raise what their parts raise
        mend = f"Try again later, or copy it from a machine that has it, to {target}"
        raise OSError(f"{name} was not fetched ({error}). {mend}") from None
    files.write_text(noted(target), cards.digest_of(target))
    return f"{target} is there now."


def _keras() -> Any:
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import keras

    return keras


def _fetch_cifar10(target: Path) -> None:
    arrays = {}
    for part, (x, y) in zip(PARTS, _keras().datasets.cifar10.load_data(), strict=True):
        arrays |= {f"x_{part}": x.astype("uint8"), f"y_{part}": y.ravel().astype("uint8")}
    with files.replacing(target) as temporary:
        np.savez_compressed(temporary, **arrays)


def _fetch_imdb(target: Path) -> None:
    """Put the numbers of IMDB's reviews back into words: 1 begins a review, words count from 4."""
    import pandas as pd

    numbers, imdb = target.with_name("imdb_top500.npz"), _keras().datasets.imdb
    if numbers.exists():  # without the words: they become w4, w5, ...
        kept, words = np.load(numbers), {one: f"w{one}" for one in range(500)}
        ends = {one: kept[f"{one}_offsets"][1:-1] for one in PARTS}
        parts = [(np.split(kept[f"{one}_tokens"], ends[one]), kept[f"y_{one}"]) for one in PARTS]
    else:
        parts = imdb.load_data()
        words = {number + 3: word for word, number in imdb.get_word_index().items()}
    rows = []
    for part, (reviews, labels) in zip(PARTS, parts, strict=True):
        for i, (review, label) in enumerate(zip(reviews, labels, strict=True)):
            name = "val" if part == "train" and i >= 0.8 * len(reviews) else part
            text = " ".join(words[int(number)] for number in review if number > 3)
            rows.append((name, ("negative", "positive")[label], text))
    with files.replacing(target) as temporary:
        pd.DataFrame(rows, columns=["partition", "label", "text"]).to_csv(temporary, index=False)


def _fetch_cells(target: Path) -> None:
    import pooch

    aside = target.with_name(f".{target.name}")  # of one that was killed, what was complete is kept
    shutil.rmtree(aside / "unpacked", ignore_errors=True)
    unpack = pooch.Unzip(extract_dir="unpacked")
    pooch.retrieve(CELLS_URL, CELLS_SHA256, "cells.zip", aside, unpack, progressbar=True)
    (aside / "unpacked" / "cell_images").rename(target)
    shutil.rmtree(aside)


def _fetch_mobilenet(target: Path) -> None:
    try:
        _keras().applications.MobileNet(alpha=0.25, weights="imagenet", include_top=False)
    except BaseException:  # what came does not load, or only a part of it came
        target.unlink(missing_ok=True)
        raise


FETCHES = {
    "cifar10": _fetch_cifar10,
    "imdb": _fetch_imdb,
    "malaria_cells": _fetch_cells,
    "mobilenet": _fetch_mobilenet,
}


# ---- looking into them ----


def noted(path: Path) -> Path:
    """Return the file beside an original that holds the digest which it had when it came."""
    return path.with_name(f".{path.name}.sha256")


def verify(names: Iterable[str]) -> Iterator[tuple[str, bool, str]]:
    """Yield of each set, by default all that are here, its name, if it is whole, what was found."""
    for name in names or [*cards.names(), *(one for one in known() if place(one).exists())]:
        check_name(name, [*cards.names(), *known()])
        try:
            said = _original(name) if name in known() else f"as on its card, {cards.verify(name)}"
            yield name, True, said
        except ValueError as error:
            yield name, False, str(error)


def _original(name: str) -> str:
    """Return whether an original is as it came; ValueError where it is missing or changed."""
    path = place(name)
    if not path.exists():
        raise ValueError(f"{path} is missing. Get it: {known()[name]['get']}")
    if not noted(path).is_file():
        return f"{path} was put there by hand: there is no digest to compare it with"
    if cards.digest_of(path) != noted(path).read_text(encoding="utf-8"):
        raise ValueError(f"{path} is not as it came. Move it away, and fetch it again.")
    return f"{path} is as it came"


def overview() -> Iterator[tuple[str, str, str, str]]:
    """Yield of every set that ships, and of every original, its name, title, licence and place."""
    for card in map(cards.card, cards.names()):
        yield card["name"], card["title"], card["licence"], f"{SHARED / card['name']}"
    for name, full in known().items():
        how = "" if place(name).exists() else f"{full['get']}: "
        yield name, full["origin"], full["licence"], f"{how}{place(name)}"
