"""The data home: which originals are there, how to fetch them, whether they are whole.

Nothing here needs Keras or NumPy until a set is fetched or looked into.
"""

import os
import socket
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from deeptwins import files
from deeptwins.data import cards, fetch
from deeptwins.data.fetch import FetchError, Progress, silent
from deeptwins.paths import data_home, home

CELLS_URL = "https://data.lhncbc.nlm.nih.gov/public/Malaria/cell_images.zip"
# As TensorFlow Datasets publishes them for this file (datasets/malaria/checksums.tsv).
CELLS_SIZE = 353_452_851
CELLS_SHA256 = "0a949556b2414159b5100192609805376654c4266d8d187be9b1922fad43c668"
CELLS = ("Parasitized", "Uninfected")
CELLS_COUNT = 27_558


def keras_home() -> Path:
    """Return the folder in which Keras keeps what it downloads."""
    return Path(os.environ.get("KERAS_HOME") or home() / ".keras")


@dataclass(frozen=True)
class Original:
    """One of the full data sets: where it comes from, and how to fetch and check it.

    `fetch` writes the set to a path, `check` returns what is in it in words,
    and raises ValueError or FileNotFoundError where it is not whole.
    """

    title: str
    path: str  # below the data home
    check: Callable[[Path], str]
    fetch: Callable[[Path, Progress], None] | None = None
    url: str = ""
    cached: str = ""  # where Keras keeps its own copy, below its home
    needs: int = 0  # bytes of disk
    size: int = 0  # bytes to download, where the course does it itself
    licence: str = ""  # where no card gives it
    in_keras_home: bool = False

    def place(self) -> Path:
        """Return where the set belongs on this machine."""
        return (keras_home() if self.in_keras_home else data_home()) / self.path


# ---- fetching ----


def fetch_original(name: str, progress: Progress = silent) -> str:
    """Bring an original to its place, and return a sentence that says so.

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
        raise FetchError(f"{name} cannot be downloaded. {_how_to_get(name)}")
    try:
        with fetch.alone(place.parent / f".{name}.lock"):
            if not place.exists():
                files.sweep(place)
                fetch.need_space(place.parent, original.needs)
                original.fetch(place, progress)
    except fetch.Unreachable as error:
        raise FetchError(f"{name} was not fetched. {error} {_how_to_get(name)}") from None
    except (FetchError, OSError, ValueError) as error:
        raise FetchError(f"{name} was not fetched. {error}") from None
    return f"{place} is there now ({fetch.amount(size_of(place))})."


def _how_to_get(name: str) -> str:
    """Return what to do where a set is not here and cannot be fetched now."""
    place = ORIGINALS[name].place()
    if ORIGINALS[name].fetch is None:
        return f"Ask your instructor for it, and put it there: {place}"
    return f"Try again later, or copy it from a machine that has it, to {place}"


def _remedy(name: str) -> str:
    if ORIGINALS[name].fetch is None:
        return _how_to_get(name)
    return f"Get it with: deeptwins data fetch {name}"


def _from_keras(name: str, load: Callable[[Any], Any]) -> Any:
    """Return what a loader of Keras gives; a server that does not answer does not hold it up."""
    original, home = ORIGINALS[name], keras_home()
    home.mkdir(parents=True, exist_ok=True)
    if not os.access(home, os.W_OK):
        raise FetchError(f"Keras may not write to {home}; set KERAS_HOME to another folder.")
    fetch.need_space(home, original.needs)
    if not (home / original.cached).exists():
        # Keras asks without any time-out; this says at once whether somebody is there.
        fetch.ask(original.url, method="HEAD", patience=fetch.PATIENCE).close()
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(fetch.PATIENCE)
    try:
        return load(_keras())
    except Exception as error:  # Keras raises plain Exception
        raise fetch.Unreachable(f"Keras could not load it ({error}).") from error
    finally:
        socket.setdefaulttimeout(before)


def _keras() -> Any:
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import keras

    return keras


def _fetch_cifar10(place: Path, progress: Progress) -> None:
    import numpy as np

    (x_train, y_train), (x_test, y_test) = _from_keras(
        "cifar10", lambda keras: keras.datasets.cifar10.load_data()
    )
    with files.replacing(place) as temporary:
        np.savez_compressed(
            temporary,
            x_train=x_train.astype("uint8"),
            y_train=y_train.ravel().astype("uint8"),
            x_test=x_test.astype("uint8"),
            y_test=y_test.ravel().astype("uint8"),
        )
        _check_cifar10(temporary)


def _fetch_imdb(place: Path, progress: Progress) -> None:
    import numpy as np

    train, test = _from_keras("imdb", lambda keras: keras.datasets.imdb.load_data(num_words=500))
    arrays = {}
    for part, (reviews, labels) in {"train": train, "test": test}.items():
        # Reviews differ in length: one long row, and where each of them starts and ends.
        arrays[f"{part}_tokens"] = np.concatenate([np.asarray(one, "int16") for one in reviews])
        ends = np.cumsum([len(one) for one in reviews])
        arrays[f"{part}_offsets"] = np.concatenate([[0], ends]).astype("int32")
        arrays[f"y_{part}"] = np.asarray(labels, "int8")
    with files.replacing(place) as temporary:
        np.savez_compressed(temporary, **arrays)
        _check_imdb(temporary)


def _fetch_cells(place: Path, progress: Progress) -> None:
    part = place.with_name("cell_images.zip.part")
    fetch.download(CELLS_URL, part, size=CELLS_SIZE, sha256=CELLS_SHA256, progress=progress)
    fetch.unpack_images(part, place, classes=CELLS, count=CELLS_COUNT)
    part.unlink()
    part.with_name(f"{part.name}.json").unlink(missing_ok=True)


def _fetch_mobilenet(place: Path, progress: Progress) -> None:
    # Not by applications.MobileNet(weights="imagenet"), which takes half a file that a killed
    # process has left for the whole one.
    with files.replacing(place) as temporary:
        _from_keras(
            "mobilenet",
            lambda keras: keras.utils.get_file(
                temporary.name,
                ORIGINALS["mobilenet"].url,
                cache_dir=str(temporary.parent),
                cache_subdir="",
                force_download=True,
            ),
        )
        _check_mobilenet(temporary)


# ---- looking into them ----


def _of(found: int, whole: int) -> str:
    """Return a count in words; a sample stands where the whole would."""
    return f"{found:,}" if found == whole else f"{found:,} of {whole:,}"


def _check_cifar10(path: Path) -> str:
    from deeptwins.readers import read_arrays

    image, label = (None, 32, 32, 3), (None,)
    arrays = read_arrays(path, x_train=image, y_train=label, x_test=image, y_test=label)
    for part in ("train", "test"):
        x, y = arrays[f"x_{part}"], arrays[f"y_{part}"]
        _expect(path, x.dtype == "uint8", f"x_{part} is {x.dtype}, not uint8")
        _expect(path, len(x) == len(y), f"it has {len(x)} images and {len(y)} labels ({part})")
        _expect(path, len(y) and y.min() >= 0 and y.max() <= 9, f"y_{part} is not within 0 to 9")
    train, test = len(arrays["y_train"]), len(arrays["y_test"])
    return f"{_of(train, 50_000)} images to train with, {_of(test, 10_000)} to test"


def _check_imdb(path: Path) -> str:
    import numpy as np

    from deeptwins.readers import read_arrays

    names = [f"{part}_{what}" for part in ("train", "test") for what in ("tokens", "offsets")]
    arrays = read_arrays(path, **dict.fromkeys([*names, "y_train", "y_test"], (None,)))
    for part in ("train", "test"):
        tokens, offsets, y = (
            arrays[name] for name in (f"{part}_tokens", f"{part}_offsets", f"y_{part}")
        )
        fits = len(offsets) == len(y) + 1 and offsets[0] == 0 and offsets[-1] == len(tokens)
        _expect(path, fits and (np.diff(offsets) > 0).all(), f"{part}_offsets do not fit")
        inside = len(tokens) and tokens.min() >= 0 and tokens.max() < 500
        _expect(path, inside, f"{part}_tokens are not within 0 to 499")
        _expect(path, set(np.unique(y)) <= {0, 1}, f"y_{part} is not 0 or 1")
    train, test = len(arrays["y_train"]), len(arrays["y_test"])
    return f"{_of(train, 25_000)} reviews to train with, {_of(test, 25_000)} to test"


def _check_cells(path: Path) -> str:
    from deeptwins.readers import image_files

    labels = image_files(path)["label"]
    _expect(path, set(labels) == set(CELLS), f"its folders must be {' and '.join(CELLS)}")
    return f"{_of(len(labels), CELLS_COUNT)} images of cells"


def _check_peptides(path: Path) -> str:
    from deeptwins.readers import read_peptides

    counts = [len(read_peptides(path / f"{name}.train.txt")) for name in ("AMP", "DECOY")]
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


def _expect(path: Path, holds: Any, otherwise: str) -> None:
    if not holds:
        raise ValueError(f"{path}: {otherwise}. Move it away, and fetch it again.")


# ---- what there is ----

ORIGINALS = {
    "cifar10": Original(
        title="CIFAR-10",
        path="cifar10.npz",
        check=_check_cifar10,
        fetch=_fetch_cifar10,
        url="https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz",
        cached="datasets/cifar-10-batches-py-target_archive",
        needs=600_000_000,
    ),
    "imdb": Original(
        title="IMDB reviews, the 500 most frequent words",
        path="imdb_top500.npz",
        check=_check_imdb,
        fetch=_fetch_imdb,
        url="https://storage.googleapis.com/tensorflow/tf-keras-datasets/imdb.npz",
        cached="datasets/imdb.npz",
        needs=50_000_000,
    ),
    "malaria_cells": Original(
        title="NIH/NLM malaria cell images",
        path="malaria_cells",
        check=_check_cells,
        fetch=_fetch_cells,
        url=CELLS_URL,
        needs=2 * CELLS_SIZE + CELLS_COUNT * 4096,
        size=CELLS_SIZE,
    ),
    "amp_challenge": Original(
        title="The peptides of the AMP challenge", path="amp_challenge", check=_check_peptides
    ),
    "mobilenet": Original(
        title="MobileNet (alpha 0.25) with ImageNet weights",
        path="models/mobilenet_2_5_224_tf_no_top.h5",
        check=_check_mobilenet,
        fetch=_fetch_mobilenet,
        url="https://storage.googleapis.com/tensorflow/keras-applications/mobilenet/"
        "mobilenet_2_5_224_tf_no_top.h5",
        cached="models/mobilenet_2_5_224_tf_no_top.h5",
        needs=2_000_000,
        licence="Apache 2.0",
        in_keras_home=True,
    ),
}


def original_of(name: str) -> str | None:
    """Return which original a name means: its own, or that of a set that stands for it."""
    for mini in cards.names():
        try:
            full = cards.card(mini).get("full") or {}
        except (OSError, ValueError):
            continue  # a damaged card keeps nobody from fetching; `data verify` names it
        if name in (mini, full.get("name")):
            path = full.get("path")
            return next((key for key, one in ORIGINALS.items() if one.path == path), None)
    return name if name in ORIGINALS else None


def size_of(path: Path) -> int:
    """Return the bytes of a file, or of all files in a folder."""
    if path.is_file():
        return path.stat().st_size
    return sum(one.stat().st_size for one in path.rglob("*") if one.is_file())


def overview() -> list[dict[str, Any]]:
    """Return every data set of the course, and for its original whether it is here.

    `bytes` is None, and `full` alone, for what no set of the course stands for.
    """
    rows = []
    for name in cards.names():
        card = cards.card(name)
        size = sum(entry["bytes"] for entry in card["files"].values())
        row = {"name": name, "title": card["title"], "licence": card["licence"], "bytes": size}
        full = card.get("full")
        rows.append(row | {"full": full and full | _there(data_home() / full["path"])})
    for name, original in ORIGINALS.items():
        if original.in_keras_home:
            full = {
                "name": name,
                "licence": original.licence,
                "get": f"deeptwins data fetch {name}",
            }
            row = {"name": name, "title": original.title, "licence": None, "bytes": None}
            rows.append(row | {"full": full | _there(original.place())})
    return rows


def _there(place: Path) -> dict[str, Any]:
    there = place.exists()
    return {"place": str(place), "there": there, "bytes": size_of(place) if there else None}


@dataclass(frozen=True)
class Verdict:
    """What was found in one data set."""

    name: str
    variant: str
    place: str
    ok: bool
    found: str

    def as_dict(self) -> dict[str, Any]:
        """Return the verdict as plain data for JSON."""
        return asdict(self)


def verify(names: list[str]) -> list[Verdict]:
    """Look into the named sets; without a name into all that ship, and the originals here."""
    minis = cards.names()
    here = [name for name, original in ORIGINALS.items() if original.place().exists()]
    chosen = names or [*minis, *(name for name in here if name not in minis)]
    verdicts = []
    for name in chosen:
        if name in minis:
            verdicts.append(_verify_mini(name))
        if name in here or name not in minis:
            verdicts.append(_verify(name))
    return verdicts


def _verify_mini(name: str) -> Verdict:
    try:
        found = cards.verify(name)
    except (OSError, ValueError) as error:
        return Verdict(name, "mini", str(cards.SHARED / name), False, str(error))
    count = len(cards.card(name)["files"])
    return Verdict(name, "mini", str(found.folder), True, f"as on its card (files: {count})")


def _verify(name: str) -> Verdict:
    original = ORIGINALS[name]
    place = original.place()
    try:
        if not place.exists():
            raise FileNotFoundError(f"{place} is missing. {_remedy(name)}")
        return Verdict(name, "full", str(place), True, original.check(place))
    except (OSError, ValueError) as error:
        return Verdict(name, "full", str(place), False, str(error))
