"""What a twin calls besides Keras: its data, its seed, its files, its report.

`r/course.R` has the same functions, written independently, so that the
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

from deeptwins import datasets, files
from deeptwins.paths import results_dir, script_file

_START = time.monotonic()
_opened: dict[str, str] = {}


def seed(default: int) -> int:
    """Return the seed of this run: `default`, unless `deeptwins run --seed` gave another."""
    return int(os.environ.get("DEEPTWINS_SEED") or default)


def variant() -> str:
    """Return which data this run uses, `mini` or `full` (`deeptwins run --data`)."""
    return os.environ.get("DEEPTWINS_VARIANT") or "mini"


def data_dir(name: str) -> Path:
    """Return the folder of a data set that ships whole, once its files agree with its card.

    Raises
    ------
    FileNotFoundError
        The set or one of its files is missing.
    ValueError
        A file is not the one that the card describes, or the run asks for
        full data, of which this set has none.
    """
    return _open(name).folder


def data_file(name: str) -> Path:
    """Return the file or folder in which the data of a set are, in the run's variant.

    `mini` lies in shared_data/ and agrees with its card; `full` lies in the
    data home, under the name that the card gives.

    Raises
    ------
    FileNotFoundError
        The set or one of its files is missing.
    ValueError
        A file is not the one that the card describes, or the set has no full
        variant.
    """
    return _open(name).path


def _open(name: str) -> datasets.Found:
    found = datasets.full(name) if variant() == "full" else datasets.mini(name)
    _opened[found.name] = found.digest
    return found


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
    independent: Mapping[str, float | None] | None = None,
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
    independent
        Results of algorithms that draw their own random numbers in each
        language (t-SNE, UMAP, k-means): held to the expected band alone.

    Raises
    ------
    ValueError
        The twin opened no data set through `data_dir()` or `data_file()`.
    """
    seconds = time.monotonic() - _START
    if not _opened:
        raise ValueError(f"{exercise} opened no data set through data_dir() or data_file().")
    caller = sys._getframe(1).f_globals
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
            "name": " + ".join(_opened),
            "variant": variant(),
            "digest": datasets.together(_opened),
            "arrays": {key: _tensor(value, "<f8") for key, value in data.items()},
        },
        "seed": caller["SEED"],
        "constants": {
            key: value
            for key, value in caller.items()
            if key.isupper() and isinstance(value, int | float | str | list | tuple | dict)
        },
        "networks": {key: _network(*value) for key, value in networks.items()},
        "metrics": _numbers(metrics),
        "independent": _numbers(independent or {}),
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


def _numbers(values: Mapping[str, float | None]) -> dict[str, float | None]:
    """Return results as floats; what is undefined as None."""
    return {
        key: None if value is None or np.isnan(value) else float(value)
        for key, value in values.items()
    }


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
