"""The originals of the mini data sets in the data home: fetch them, look whether they are whole.

The card of a mini set names its original, where that belongs and how to get it. pooch
downloads the cells, Keras' own loaders the rest. Nothing here needs Keras before a set is
fetched or looked into.
"""

import collections
import csv
import itertools
import os
import shutil
from functools import partial
from pathlib import Path
from typing import Any

import filelock
import numpy as np

from deeptwins import files
from deeptwins.data import cards
from deeptwins.paths import SHARED, data_home, home

CELLS_URL = "https://data.lhncbc.nlm.nih.gov/public/Malaria/cell_images.zip"
# As TensorFlow Datasets publishes it for this file (datasets/malaria/checksums.tsv).
CELLS_SHA256 = "0a949556b2414159b5100192609805376654c4266d8d187be9b1922fad43c668"
CELLS = ("Parasitized", "Uninfected")
MOBILENET_URL = "https://storage.googleapis.com/tensorflow/keras-applications/mobilenet/"
LETTERS = set("ABCDEFGHIJKLMNOPQRSTUVWXYZ*")
PARTS = ("train", "test")


def known() -> dict[str, dict[str, str]]:
    """Return by name what the cards say of the originals: name, path, get, origin, licence."""
    said = (cards.card(name).get("full") for name in cards.names())
    return {full["name"]: full for full in said if full}


def place(name: str) -> Path:
    """Return where an original belongs on this machine."""
    path = known()[name]["path"]
    return (keras_home() if path.startswith("models/") else data_home()) / path


def keras_home() -> Path:
    """Return the folder in which Keras keeps what it downloads."""
    return Path(os.environ.get("KERAS_HOME") or home() / ".keras")


def original_of(name: str) -> str | None:
    """Return which original a name means: its own, or that of the set that stands for it."""
    full = cards.card(name).get("full", {}) if name in cards.names() else {}
    return full.get("name") or (name if name in known() else None)


# ---- fetching ----


def fetch(name: str) -> str:
    """Bring an original to its place, whole or not at all, and return a sentence that says so.

    Raises OSError where it cannot be had; what was there before is as it was.
    """
    target = place(name)
    if target.exists():
        return f"{target} is there already. `deeptwins data verify {name}` looks into it."
    if name not in FETCHES:
        raise OSError(f"{name} cannot be downloaded. {known()[name]['get']}: {target}")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with filelock.FileLock(target.parent / f".{name}.lock"):
            if not target.exists():  # another process may have been here first
                FETCHES[name](target)
    except Exception as error:  # Keras and pooch raise what their parts raise
        raise OSError(
            f"{name} was not fetched ({error}). Try again later, or copy it from a machine that "
            f"has it, to {target}"
        ) from None
    return f"{target} is there now ({amount(target)})."


def _keras() -> Any:
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import keras

    return keras


def _save(target: Path, arrays: dict[str, np.ndarray]) -> None:
    with files.replacing(target) as temporary:
        np.savez_compressed(temporary, **arrays)


def _fetch_cifar10(target: Path) -> None:
    arrays = {}
    for part, (x, y) in zip(PARTS, _keras().datasets.cifar10.load_data(), strict=True):
        arrays |= {f"x_{part}": x.astype("uint8"), f"y_{part}": y.ravel().astype("uint8")}
    _save(target, arrays)


def _fetch_imdb(target: Path) -> None:
    """Put Keras' numbers back into words: 1 begins a review, words count from 4."""
    imdb = _keras().datasets.imdb
    words = {number + 3: word for word, number in imdb.get_word_index().items()}
    with files.replacing(target) as temporary, temporary.open("w", encoding="utf-8") as out:
        table = csv.writer(out, lineterminator="\n")
        table.writerow(["partition", "label", "text"])
        for part, (reviews, labels) in zip(PARTS, imdb.load_data(), strict=True):
            for i, (review, label) in enumerate(zip(reviews, labels, strict=True)):
                name = "val" if part == "train" and i >= 0.8 * len(reviews) else part
                text = " ".join(words[number] for number in review if number > 3)
                table.writerow([name, ("negative", "positive")[label], text])
    _check_reviews(target)


def _fetch_cells(target: Path) -> None:
    import pooch

    aside = target.with_name(f".{target.name}")  # of one that was killed, what was complete is kept
    shutil.rmtree(aside / "unpacked", ignore_errors=True)
    unpack = pooch.Unzip(extract_dir="unpacked")
    pooch.retrieve(CELLS_URL, CELLS_SHA256, "cells.zip", aside, unpack, progressbar=True)
    (aside / "unpacked" / "cell_images").rename(target)
    shutil.rmtree(aside)


def _fetch_mobilenet(target: Path) -> None:
    with files.replacing(target) as temporary:
        options = {"cache_dir": temporary.parent, "cache_subdir": "", "force_download": True}
        _keras().utils.get_file(temporary.name, MOBILENET_URL + target.name, **options)
        _check_mobilenet(temporary)


# ---- looking into them ----


def _check_arrays(path: Path, mini: str) -> str:
    """Check that an .npz file has arrays like those of the set that stands for it."""
    shown = []
    with np.load(path, allow_pickle=False) as content:
        for name, like in cards.card(mini)["files"][f"{mini}.npz"]["arrays"].items():
            array = content[name]
            if str(array.dtype) != like["dtype"] or list(array.shape[1:]) != like["shape"][1:]:
                needed = f"{like['dtype']} {(len(array), *like['shape'][1:])}"
                raise ValueError(f"{name} is {array.dtype} {array.shape}, not {needed}")
            shown.append(f"{name} {array.shape}")
    return ", ".join(shown)


def _check_reviews(path: Path) -> str:
    """Check that a table of reviews has the columns, labels and partitions of the mini set."""
    with path.open(encoding="utf-8", newline="") as lines:
        table = csv.reader(lines)
        if (header := next(table, [])) != ["partition", "label", "text"]:
            raise ValueError(f"its columns are {header}, not partition, label and text")
        found = collections.Counter((part, label) for part, label, _ in table)
    needed = set(itertools.product(("train", "val", "test"), ("negative", "positive")))
    if set(found) != needed:
        raise ValueError(f"partitions and labels are {sorted(found)}, not {sorted(needed)}")
    return f"{found.total():,} of 50,000 reviews"


def _check_cells(path: Path) -> str:
    from PIL import Image

    images = [list((path / name).glob("[!.]*.png")) for name in CELLS]
    if not all(images):
        raise ValueError(f"there are no .png images in its folders {' and '.join(CELLS)}")
    for one in itertools.chain(*images):
        with Image.open(one, formats=["PNG"]) as image:
            image.load()
    return f"{sum(map(len, images)):,} of 27,558 images of cells"


def _check_peptides(path: Path) -> str:
    counts = []
    for name in ("AMP.train.txt", "DECOY.train.txt"):
        lines = (path / name).read_text(encoding="latin-1").upper().splitlines()
        peptides = [one.strip() for one in lines if not one.startswith(">") and one.strip()]
        if wrong := [one for one in peptides if not set(one) <= LETTERS]:
            raise ValueError(f"{name}: {wrong[0]!r} is no peptide")
        counts.append(len(peptides))
    return "{:,} antimicrobial peptides and {:,} decoys".format(*counts)


def _check_mobilenet(path: Path) -> str:
    model = _keras().applications.MobileNet(alpha=0.25, weights=path, include_top=False)
    return f"{model.count_params():,} weights of MobileNet (alpha 0.25, without its top)"


# ---- what there is ----

FETCHES = {
    "cifar10": _fetch_cifar10,
    "imdb": _fetch_imdb,
    "malaria_cells": _fetch_cells,
    "mobilenet": _fetch_mobilenet,
}
CHECKS = {
    "cifar10": partial(_check_arrays, mini="emoji10"),
    "imdb": _check_reviews,
    "malaria_cells": _check_cells,
    "amp_challenge": _check_peptides,
    "mobilenet": _check_mobilenet,
}


def amount(path: Path) -> str:
    """Return the size of a file or of a folder with its files in words: `1,652 kB`."""
    size = sum(one.stat().st_size for one in (path, *path.rglob("*")) if one.is_file())
    return f"{size / 1000:,.0f} kB"


def overview() -> list[dict[str, Any]]:
    """Return every data set that ships, and every original with whether it is here."""
    sets = [(cards.card(name), "mini", SHARED / name) for name in cards.names()]
    sets += [(full, "full", place(name)) for name, full in known().items()]
    rows = []
    for card, variant, where in sets:
        row = {key: card.get(key, "") for key in ("name", "licence", "get")}
        row["title"] = card.get("title") or card["origin"]
        there = {"there": where.exists(), "place": str(where), "size": amount(where)}
        rows.append(row | {"variant": variant} | there)
    return rows


def verify(names: list[str]) -> list[dict[str, Any]]:
    """Look into the named sets; without a name into all that ship, and the originals here.

    Returns name, variant, whether it is `ok`, and in words what was `found`.
    """
    rows = []
    for name in names or [*cards.names(), *(one for one in known() if place(one).exists())]:
        try:
            ok, found = True, _look_into(name)
        except (OSError, ValueError) as error:
            ok, found = False, str(error)
        variant = "full" if name in CHECKS else "mini"
        rows.append({"name": name, "variant": variant, "ok": ok, "found": found})
    return rows


def _look_into(name: str) -> str:
    """Return what is in a set, in words; OSError or ValueError where it is not whole."""
    if name not in CHECKS:
        cards.verify(name)
        return f"as on its card (files: {len(cards.card(name)['files'])})"
    if not (path := place(name)).exists():
        raise FileNotFoundError(f"{path} is missing. Get it: {known()[name]['get']}")
    try:
        return CHECKS[name](path)
    except Exception as error:  # a damaged file raises what its reader's parts raise
        reason = str(error).splitlines()[0]
        raise ValueError(
            f"{path} is not whole ({reason}). Move it away, and fetch it again."
        ) from None
