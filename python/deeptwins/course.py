"""What a twin calls besides Keras: its data, its seed, its files, its report.

`r/course.R` has the same four functions, written independently, so that the
agreement of two records says something about both.
"""

import datetime
import hashlib
import importlib.metadata
import json
import os
import platform
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from deeptwins import files
from deeptwins.paths import SHARED, data_home, results_dir, script_file

_START = time.monotonic()
_opened: dict[str, str] = {}


def seed(default: int) -> int:
    """Return the seed of this run: `default`, unless `deeptwins run --seed` gave another."""
    return int(os.environ.get("DEEPTWINS_SEED") or default)


def variant() -> str:
    """Return which data this run uses, `mini` or `full` (`deeptwins run --data`)."""
    return os.environ.get("DEEPTWINS_VARIANT") or "mini"


def data_dir(name: str) -> Path:
    """Return the folder of a data set once its files were found whole.

    `mini` lies in shared_data/, `full` in the data home. Every file that the
    set's card.json lists is compared with its digest first.

    Raises
    ------
    FileNotFoundError
        The set or one of its files is missing.
    ValueError
        A file is not the one that the card describes.
    """
    if variant() == "mini":
        folder = SHARED / name
        remedy = f"Restore it with: git checkout -- shared_data/{name}"
    else:
        folder = data_home() / name
        remedy = f"Put it into the data home, or run with the mini data of {name}."
    card_file = folder / "card.json"
    if not card_file.is_file():
        raise FileNotFoundError(f"{card_file} is missing. {remedy}")
    card = json.loads(card_file.read_text(encoding="utf-8"))
    listing = ""
    for file, entry in card["files"].items():
        path = folder / file
        if not path.is_file():
            raise FileNotFoundError(f"{path} is missing. {remedy}")
        digest = files.sha256(path)
        if digest != entry["sha256"]:
            raise ValueError(
                f"{path} is not the file that its card describes (SHA-256 {digest[:12]}, "
                f"expected {entry['sha256'][:12]}). {remedy}"
            )
        listing += f"{digest}  {file}\n"
    _opened[name] = hashlib.sha256(listing.encode()).hexdigest()
    return folder


def result_file(name: str) -> Path:
    """Return the path for a file that a Python twin leaves behind, and make its folder."""
    path = results_dir() / "python" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def report(
    exercise: str,
    *,
    data: Mapping[str, Any],
    metrics: Mapping[str, float | None],
    networks: Mapping[str, tuple] | None = None,
) -> Path:
    """Write the record of this run to results/python/<exercise>.json.

    The record also holds every constant in capitals that the calling script
    defined, the versions and the settings: see record.schema.json.

    Parameters
    ----------
    exercise
        The script's path below python/ without its ending: `04_hello_iris`.
    data
        The numeric arrays that the twin worked on, by name.
    metrics
        The results; None or NaN where a value is undefined.
    networks
        By name, each trained network as (model, weights before training as
        `model.get_weights()` gave them, what `model.fit()` returned), and
        fourth the weights after training if the model was used again since.

    Raises
    ------
    ValueError
        The twin opened no data set through `data_dir()`, or more than one.
    """
    seconds = time.monotonic() - _START
    if len(_opened) != 1:
        raise ValueError(
            f"{exercise} opened {len(_opened)} data sets through data_dir(); a record names one."
        )
    (name, digest), caller = next(iter(_opened.items())), sys._getframe(1).f_globals
    networks = {
        key: (model, start, history, end[0] if end else model.get_weights())
        for key, (model, start, history, *end) in (networks or {}).items()
    }
    now = datetime.datetime.now(datetime.timezone.utc)
    record = {
        "schema": 1,
        "id": exercise,
        "language": "python",
        "data": {
            "name": name,
            "variant": variant(),
            "digest": digest,
            "arrays": {key: _tensor(value, "<f8") for key, value in data.items()},
        },
        "seed": caller["SEED"],
        "constants": {
            key: value
            for key, value in caller.items()
            if key.isupper() and isinstance(value, int | float | str | list | tuple | dict)
        },
        "networks": {key: _network(*value) for key, value in networks.items()},
        "metrics": {
            key: None if value is None or np.isnan(value) else float(value)
            for key, value in metrics.items()
        },
        "seconds": round(seconds, 3),
        "settings": {
            "threads": int(os.environ.get("TF_NUM_INTRAOP_THREADS") or os.cpu_count() or 1),
            "onednn": os.environ.get("TF_ENABLE_ONEDNN_OPTS", "default"),
            "deterministic": os.environ.get("TF_DETERMINISTIC_OPS", "default"),
        },
        "versions": {"python": platform.python_version()}
        | {
            package: importlib.metadata.version(package)
            for package in ("tensorflow", "keras", "numpy")
        },
        "machine": f"{platform.machine()} {platform.system()}",
        "script": files.sha256(script_file(exercise, "python")),
        "finished": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
    path = result_file(f"{exercise}.json")
    if networks:
        with files.replacing(path.with_suffix(".f32")) as temporary, temporary.open("wb") as out:
            for _, start, _, end in networks.values():
                for weights in [*start, *end]:
                    out.write(np.ascontiguousarray(weights, "<f4").tobytes())
    text = json.dumps(record, indent=1, ensure_ascii=False, allow_nan=False, default=_plain)
    files.write_text(path, text + "\n")
    return path


def _tensor(values: Any, dtype: str) -> dict[str, Any]:
    """Describe an array by its shape and the digest of its values in row order."""
    array = np.asarray(values)
    content = np.ascontiguousarray(array, dtype).tobytes()
    return {"shape": list(array.shape), "digest": hashlib.sha256(content).hexdigest()}


def _network(
    model: Any, start: list[np.ndarray], history: Any, end: list[np.ndarray]
) -> dict[str, Any]:
    """Describe one trained Keras model for the record."""
    return {
        "parameters": model.count_params(),
        "architecture": model.to_json(),
        "initial": [_tensor(weights, "<f4") for weights in start],
        "final": [_tensor(weights, "<f4") for weights in end],
        "history": {
            key: [None if np.isnan(value) else float(value) for value in values]
            for key, values in history.history.items()
        },
    }


def _plain(value: Any) -> Any:
    """Turn a NumPy scalar or array among the constants into what JSON knows."""
    if isinstance(value, np.generic | np.ndarray):
        return value.tolist()
    raise TypeError(f"A constant in capitals holds {value!r}, which a record cannot keep.")
