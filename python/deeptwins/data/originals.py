"""The originals of the mini data sets in the data home: fetch them, look whether they are whole.

The data home is DEEPTWINS_DATA or a folder in the user's cache; ImageNet's weights
of MobileNet lie where Keras looks for them. pooch downloads what has one address
and one digest, Keras' own loaders the rest. Nothing here needs Keras before a set
is fetched or looked into.
"""

import os
import shutil
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import filelock
import numpy as np

from deeptwins import files
from deeptwins.data import cards
from deeptwins.paths import data_home, home

PATIENCE = 10  # seconds for a server to answer
CELLS_URL = "https://data.lhncbc.nlm.nih.gov/public/Malaria/cell_images.zip"
# As TensorFlow Datasets publishes it for this file (datasets/malaria/checksums.tsv).
CELLS_SHA256 = "0a949556b2414159b5100192609805376654c4266d8d187be9b1922fad43c668"
CELLS, CELLS_COUNT = ("Parasitized", "Uninfected"), 27_558
LETTERS = set("ABCDEFGHIJKLMNOPQRSTUVWXYZ*")


class FetchError(Exception):
    """What could not be fetched, and what to do: one sentence."""


def keras_home() -> Path:
    """Return the folder in which Keras keeps what it downloads."""
    return Path(os.environ.get("KERAS_HOME") or home() / ".keras")


@dataclass(frozen=True)
class Original:
    """One of the full data sets.

    `fetch` writes the set to a path, `check` returns what is in it in words and
    raises ValueError or OSError where it is not whole. `needs` is in bytes of disk.
    """

    title: str
    path: str  # below the data home, or below Keras' own
    check: Callable[[Path], str]
    fetch: Callable[[Path], None] | None = None
    url: str = ""
    needs: int = 0
    in_keras_home: bool = False

    def place(self) -> Path:
        """Return where the set belongs on this machine."""
        return (keras_home() if self.in_keras_home else data_home()) / self.path


# ---- fetching ----


def fetch(name: str) -> str:
    """Bring an original to its place, whole or not at all, and return a sentence that says so.

    Raises
    ------
    FetchError
        It cannot be had; what was there before is as it was.
    """
    original = ORIGINALS[name]
    place = original.place()
    if place.exists():
        return f"{place} is there already. `deeptwins data verify {name}` looks into it."
    if original.fetch is None:
        raise FetchError(f"{name} cannot be downloaded. {_remedy(name)}")
    place.parent.mkdir(parents=True, exist_ok=True)
    if (free := shutil.disk_usage(place.parent).free) < original.needs:
        raise FetchError(
            f"{place.parent} has {amount(free)} free, {amount(original.needs)} are needed. "
            "Make room, or choose another folder: export DEEPTWINS_DATA=/some/folder"
        )
    try:
        with filelock.FileLock(place.parent / f".{name}.lock", timeout=0):
            _answers(original.url)
            original.fetch(place)
    except filelock.Timeout:
        raise FetchError(
            f"Another process is fetching into {place.parent}; wait until it is done."
        ) from None
    except Exception as error:  # Keras and pooch raise what their parts raise
        raise FetchError(
            f"{name} was not fetched ({error}). Try again later, or copy it from a machine that "
            f"has it, to {place}"
        ) from None
    return f"{place} is there now ({amount(size_of(place))})."


def _answers(url: str) -> None:
    """Raise OSError where nobody answers at an address; Keras itself would ask without an end."""
    try:
        request = urllib.request.Request(url, method="HEAD")
        urllib.request.urlopen(request, timeout=PATIENCE).close()
    except urllib.error.HTTPError:
        return  # somebody answers; whether the file is there, the download says
    except OSError as error:
        raise OSError(f"{url} cannot be reached: {getattr(error, 'reason', error)}") from None


def _remedy(name: str) -> str:
    if ORIGINALS[name].fetch is None:
        return f"Ask your instructor for it, and put it there: {ORIGINALS[name].place()}"
    return f"Get it with: deeptwins data fetch {name}"


def _keras() -> Any:
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import keras

    return keras


def _fetch_cifar10(place: Path) -> None:
    (x_train, y_train), (x_test, y_test) = _keras().datasets.cifar10.load_data()
    with files.replacing(place) as temporary:
        np.savez_compressed(
            temporary,
            x_train=x_train.astype("uint8"),
            y_train=y_train.ravel().astype("uint8"),
            x_test=x_test.astype("uint8"),
            y_test=y_test.ravel().astype("uint8"),
        )


def _fetch_imdb(place: Path) -> None:
    arrays = {}
    parts = _keras().datasets.imdb.load_data(num_words=500)
    for part, (reviews, labels) in zip(("train", "test"), parts, strict=True):
        # Reviews differ in length: one long row, and where each of them starts and ends.
        arrays[f"{part}_tokens"] = np.concatenate([np.asarray(one, "int16") for one in reviews])
        ends = np.cumsum([len(one) for one in reviews])
        arrays[f"{part}_offsets"] = np.concatenate([[0], ends]).astype("int32")
        arrays[f"y_{part}"] = np.asarray(labels, "int8")
    with files.replacing(place) as temporary:
        np.savez_compressed(temporary, **arrays)


def _fetch_cells(place: Path) -> None:
    import pooch

    aside = place.with_name(f".{place.name}.unpacking")
    shutil.rmtree(aside, ignore_errors=True)
    pooch.retrieve(
        CELLS_URL,
        known_hash=CELLS_SHA256,
        fname="cell_images.zip",
        path=place.parent,
        processor=pooch.Unzip(extract_dir=aside.name),
        progressbar=True,
    )
    (aside / "cell_images").rename(place)
    shutil.rmtree(aside)
    (place.parent / "cell_images.zip").unlink()


def _fetch_mobilenet(place: Path) -> None:
    with files.replacing(place) as temporary:
        _keras().utils.get_file(
            temporary.name,
            ORIGINALS["mobilenet"].url,
            cache_dir=str(temporary.parent),
            cache_subdir="",
            force_download=True,
        )
        _check_mobilenet(temporary)


# ---- looking into them ----


def _of(found: int, whole: int) -> str:
    """Return a count in words; a sample stands where the whole would."""
    return f"{found:,}" if found == whole else f"{found:,} of {whole:,}"


def _expect(path: Path, holds: Any, otherwise: str) -> None:
    if not holds:
        raise ValueError(f"{path}: {otherwise}. Move it away, and fetch it again.")


def _arrays(path: Path, *names: str) -> dict[str, np.ndarray]:
    """Return arrays of an .npz file, which is never unpickled."""
    try:
        with np.load(path, allow_pickle=False) as content:
            return {name: content[name] for name in names}
    except KeyError as error:
        raise ValueError(f"{path}: {error.args[0]}. Move it away, and fetch it again.") from None
    except Exception as error:  # a damaged archive raises what its parts raise
        raise ValueError(
            f"{path} is no whole .npz file ({error}). Move it away, and fetch it again."
        ) from None


def _check_cifar10(path: Path) -> str:
    found = _arrays(path, "x_train", "y_train", "x_test", "y_test")
    for part in ("train", "test"):
        x, y = found[f"x_{part}"], found[f"y_{part}"]
        _expect(path, x.shape[1:] == (32, 32, 3), f"x_{part} has the shape {x.shape}")
        _expect(path, x.dtype == "uint8", f"x_{part} is {x.dtype}, not uint8")
        _expect(path, y.shape == x.shape[:1], f"it has {len(x)} images, {len(y)} labels ({part})")
        _expect(path, len(y) and y.max() <= 9, f"y_{part} is not within 0 to 9")
    train, test = len(found["y_train"]), len(found["y_test"])
    return f"{_of(train, 50_000)} images to train with, {_of(test, 10_000)} to test"


def _check_imdb(path: Path) -> str:
    names = [f"{part}_{what}" for part in ("train", "test") for what in ("tokens", "offsets")]
    found = _arrays(path, *names, "y_train", "y_test")
    for part in ("train", "test"):
        tokens, offsets = found[f"{part}_tokens"], found[f"{part}_offsets"]
        y = found[f"y_{part}"]
        fits = len(offsets) == len(y) + 1 and offsets[0] == 0 and offsets[-1] == len(tokens)
        _expect(path, fits and (np.diff(offsets) > 0).all(), f"{part}_offsets do not fit")
        inside = len(tokens) and tokens.min() >= 0 and tokens.max() < 500
        _expect(path, inside, f"{part}_tokens are not within 0 to 499")
        _expect(path, set(np.unique(y)) <= {0, 1}, f"y_{part} is not 0 or 1")
    train, test = len(found["y_train"]), len(found["y_test"])
    return f"{_of(train, 25_000)} reviews to train with, {_of(test, 25_000)} to test"


def _check_cells(path: Path) -> str:
    from PIL import Image

    count = 0
    for name in CELLS:
        shown = [one for one in (path / name).glob("*.png") if one.name[0] != "."]
        _expect(path, shown, f"there is no folder {name} with .png images")
        for one in shown:
            try:
                with Image.open(one, formats=["PNG"]) as image:
                    image.load()
            except (OSError, SyntaxError, ValueError) as error:
                raise ValueError(f"{one} is no whole image ({error}).") from None
        count += len(shown)
    return f"{_of(count, CELLS_COUNT)} images of cells"


def _check_peptides(path: Path) -> str:
    counts = []
    for name in ("AMP.train.txt", "DECOY.train.txt"):
        lines = (path / name).read_text(encoding="latin-1").split("\n")
        peptides = [one.strip().upper() for one in lines if one.strip() and one[0] != ">"]
        wrong = [one for one in peptides if not set(one) <= LETTERS]
        _expect(path / name, peptides and not wrong, f"{(wrong or ['nothing'])[0]!r} is no peptide")
        counts.append(len(peptides))
    return f"{counts[0]:,} antimicrobial peptides and {counts[1]:,} decoys"


def _check_mobilenet(path: Path) -> str:
    try:
        model = _keras().applications.MobileNet(alpha=0.25, weights=path, include_top=False)
    except Exception as error:  # what h5py and Keras raise here has many kinds
        raise ValueError(
            f"{path} does not hold the weights of MobileNet ({str(error).splitlines()[0]}). "
            "Delete it, then: deeptwins data fetch mobilenet"
        ) from None
    return f"{model.count_params():,} weights of MobileNet (alpha 0.25, without its top)"


# ---- what there is ----

ORIGINALS = {
    "cifar10": Original(
        title="CIFAR-10",
        path="cifar10.npz",
        check=_check_cifar10,
        fetch=_fetch_cifar10,
        url="https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz",
        needs=600_000_000,
    ),
    "imdb": Original(
        title="IMDB reviews, the 500 most frequent words",
        path="imdb_top500.npz",
        check=_check_imdb,
        fetch=_fetch_imdb,
        url="https://storage.googleapis.com/tensorflow/tf-keras-datasets/imdb.npz",
        needs=50_000_000,
    ),
    "malaria_cells": Original(
        title="NIH/NLM malaria cell images",
        path="malaria_cells",
        check=_check_cells,
        fetch=_fetch_cells,
        url=CELLS_URL,
        needs=820_000_000,
    ),
    "amp_challenge": Original(
        title="The peptides of the AMP challenge", path="amp_challenge", check=_check_peptides
    ),
    "mobilenet": Original(
        title="MobileNet (alpha 0.25) with ImageNet weights, Apache 2.0",
        path="models/mobilenet_2_5_224_tf_no_top.h5",
        check=_check_mobilenet,
        fetch=_fetch_mobilenet,
        url="https://storage.googleapis.com/tensorflow/keras-applications/mobilenet/"
        "mobilenet_2_5_224_tf_no_top.h5",
        needs=2_000_000,
        in_keras_home=True,
    ),
}


def original_of(name: str) -> str | None:
    """Return which original a name means: its own, or that of a set that stands for it."""
    for mini in cards.names():
        full = cards.card(mini).get("full") or {}
        if name in (mini, full.get("name")):
            path = full.get("path")
            return next((key for key, one in ORIGINALS.items() if one.path == path), None)
    return name if name in ORIGINALS else None


def amount(size: float) -> str:
    """Return a number of bytes as a person reads it: `353 MB`."""
    for unit in ("bytes", "kB", "MB"):
        if size < 1000:
            return f"{size:.3g} {unit}"
        size /= 1000
    return f"{size:.3g} GB"


def size_of(path: Path) -> int:
    """Return the bytes of a file, or of all files in a folder."""
    if path.is_file():
        return path.stat().st_size
    return sum(one.stat().st_size for one in path.rglob("*") if one.is_file())


def overview() -> list[dict[str, Any]]:
    """Return every data set that ships, and every original with whether it is here."""
    rows = [
        {
            "name": name,
            "variant": "mini",
            "title": card["title"],
            "licence": card["licence"],
            "bytes": sum(entry["bytes"] for entry in card["files"].values()),
            "there": True,
        }
        for name in cards.names()
        for card in [cards.card(name)]
    ]
    licences = {
        full["path"]: full["licence"]
        for name in cards.names()
        if (full := cards.card(name).get("full"))
    }
    for name, original in ORIGINALS.items():
        place = original.place()
        rows.append(
            {
                "name": name,
                "variant": "full",
                "title": original.title,
                "licence": licences.get(original.path, ""),
                "bytes": size_of(place) if place.exists() else None,
                "there": place.exists(),
                "place": str(place),
                "get": _remedy(name),
            }
        )
    return rows


@dataclass(frozen=True)
class Verdict:
    """What was found in one data set."""

    name: str
    variant: str
    ok: bool
    found: str

    def as_dict(self) -> dict[str, Any]:
        """Return the verdict as plain data for JSON."""
        return asdict(self)


def verify(names: list[str]) -> list[Verdict]:
    """Look into the named sets; without a name into all that ship, and the originals here."""
    minis = cards.names()
    here = [name for name, original in ORIGINALS.items() if original.place().exists()]
    return [
        _verify(name, "mini" if name in minis else "full")
        for name in names or [*minis, *(name for name in here if name not in minis)]
    ]


def _verify(name: str, variant: str) -> Verdict:
    try:
        if variant == "mini":
            cards.verify(name)
            count = len(cards.card(name)["files"])
            return Verdict(name, variant, True, f"as on its card (files: {count})")
        place = ORIGINALS[name].place()
        if not place.exists():
            raise FileNotFoundError(f"{place} is missing. {_remedy(name)}")
        return Verdict(name, variant, True, ORIGINALS[name].check(place))
    except (OSError, ValueError) as error:
        return Verdict(name, variant, False, str(error))
