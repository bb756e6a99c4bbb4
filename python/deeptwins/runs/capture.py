"""Note every fit, predict and evaluate of Keras in this process, whichever language called it.

keras3 for R ends in Python, in R's own process, so that one implementation serves both drivers.
A call that another one makes (the validation within a fit) is part of that one. It writes

    calls.json   in order: architecture, inputs, weights before and after, history, predictions;
                 arrays as their shape and the SHA-256 of their values as float32 in row order
    tensors.f32  the values of those weights and predictions, one after the other
"""

import functools
import hashlib
import inspect
import json
import math
import sys
from collections.abc import Callable
from importlib.abc import MetaPathFinder
from importlib.machinery import PathFinder
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

METHODS = ("fit", "predict", "evaluate")
INPUTS = ("x", "y", "sample_weight", "validation_data")
SETTINGS = ("batch_size", "epochs", "shuffle", "validation_split")
KEPT = ("initial", "final", "predictions")  # the arrays in tensors.f32, in this order for each call
BLOCK = 1 << 22  # values that are turned into float32 at once
CALLS, TENSORS = "calls.json", "tensors.f32"

# What was noted so far; `tensors` is the open file, from the first array on.
noted = SimpleNamespace(section="setup", within=False, calls=[], architectures={}, tensors=None)


def begin(section: str) -> None:
    """Let what comes next be part of a section."""
    noted.section = section


def start() -> None:
    """Put the hooks on Keras as soon as it is there."""
    if "keras" in sys.modules:
        _install()
    else:
        sys.meta_path.insert(0, _WhenImported())


def finish() -> None:
    """Write calls.json, and close tensors.f32."""
    if noted.tensors:
        noted.tensors.close()
    kept = json.dumps({"architectures": noted.architectures, "calls": noted.calls}, allow_nan=False)
    Path(CALLS).write_text(kept, encoding="utf-8")


class _WhenImported(MetaPathFinder):
    """Finds Keras as the system would, and adds the hooks once it is loaded."""

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        spec = PathFinder.find_spec(name) if name == "keras" else None
        if spec:
            load = spec.loader.exec_module
            spec.loader.exec_module = lambda module: (load(module), _install())
        return spec


def _install() -> None:
    import keras
    import tensorflow as tf

    # Keras makes up to four input pipelines in each epoch, and TensorFlow would optimise each anew.
    # For pipelines it keeps this option as it is when it starts; for other functions, as a step of
    # training, it reads it at each call. So only the time changes.
    tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": True})
    tf.config.list_logical_devices()  # starts TensorFlow
    tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": False})
    # A pipeline that tunes itself ends only when its tuner next wakes, 10 to 40 ms later.
    tf.data.experimental.AutotuneOptions.enabled = False
    for name in METHODS:
        setattr(keras.Model, name, _hook(name, getattr(keras.Model, name)))


def _hook(name: str, original: Callable) -> Callable:
    signature = inspect.signature(original)

    @functools.wraps(original)
    def hooked(model: Any, *args: Any, **options: Any) -> Any:
        if noted.within:
            return original(model, *args, **options)
        bound = signature.bind(model, *args, **options)
        bound.apply_defaults()
        call = _before(name, model, bound.arguments)
        if name == "fit":
            _build(model, bound.arguments)
        noted.within = True
        try:
            returned = original(model, *args, **options)
        finally:
            noted.within = False
        _after(call, model, returned)
        noted.calls.append(call)
        return returned

    return hooked


def _before(name: str, model: Any, given: dict[str, Any]) -> dict[str, Any]:
    call = {
        "call": name,
        "section": noted.section,
        "inputs": {key: _described(given[key]) for key in INPUTS if given.get(key) is not None},
    }
    if name == "fit":
        call["settings"] = {key: given[key] for key in SETTINGS}
        call["architecture"] = _architecture(model)
        call["initial"] = _kept(model.get_weights()) if model.built else None
    return call


def _build(model: Any, given: dict[str, Any]) -> None:
    """Make the variables of metrics and optimizer, which change nothing but the time.

    Keras makes them within the first step, and has to trace it once more without them.
    """
    from keras import Sequential, tree

    batch = tuple(given[key] for key in INPUTS[:3])
    known = all(one is None or hasattr(one, "__array__") for one in tree.flatten(batch))
    if known and (model.built or (isinstance(model, Sequential) and np.ndim(batch[0]) > 1)):
        first = tree.map_structure(lambda one: one if one is None else np.asarray(one[:1]), batch)
        model._symbolic_build(data_batch=first)


def _after(call: dict[str, Any], model: Any, returned: Any) -> None:
    if call["call"] == "fit":
        call["history"] = {key: list(map(number, of)) for key, of in returned.history.items()}
        call["final"] = _kept(model.get_weights())
    elif call["call"] == "predict":
        call["predictions"] = _kept(returned)
    else:
        scores = returned if isinstance(returned, dict) else model.get_metrics_result()
        call["scores"] = {name: number(value) for name, value in scores.items()}


def _architecture(model: Any) -> str:
    """Keep a model's configuration, with loss and optimizer; return its digest."""
    try:
        text = model.to_json()
    except Exception as error:  # a subclassed model may have none
        text = json.dumps({"unavailable": f"{type(model).__name__}: {error}"})
    digest = hashlib.sha256(text.encode()).hexdigest()
    noted.architectures[digest] = text
    return digest


def _described(value: Any) -> Any:
    """Describe an array, a collection item by item, a dataset as a stream."""
    if value is None:
        return None
    if isinstance(value, dict):
        return {str(key): _described(one) for key, one in value.items()}
    if isinstance(value, list | tuple) and any(hasattr(one, "shape") for one in value):
        return [_described(one) for one in value]
    if not hasattr(value, "__array__") and not isinstance(value, list | tuple):
        return {"stream": "dataset or generator"}
    return _tensor(np.asarray(value))


def _kept(arrays: Any) -> list[dict[str, Any]]:
    """Describe one array or a list of them, and keep their values in tensors.f32."""
    noted.tensors = noted.tensors or Path(TENSORS).open("wb")  # noqa: SIM115 finish() closes it
    several = arrays if isinstance(arrays, list | tuple) else [arrays]
    return [_tensor(np.asarray(one), noted.tensors.write) for one in several]


def _tensor(array: np.ndarray, keep: Callable[[bytes], Any] = len) -> dict[str, Any]:
    """Return shape and digest of an array, having handed its values to `keep`."""
    digest = hashlib.sha256()
    if array.dtype.kind in "OSU":
        digest.update("\0".join(map(str, array.ravel())).encode())
    else:
        rows = np.atleast_1d(array)
        step = max(1, BLOCK * len(rows) // max(1, rows.size))
        for first in range(0, len(rows), step):
            block = np.ascontiguousarray(rows[first : first + step], "<f4").tobytes()
            digest.update(block)
            keep(block)
    return {"shape": list(array.shape), "digest": digest.hexdigest()}


def number(value: Any) -> float | str:
    """Return a number as JSON can hold it: NaN and infinity as text."""
    value = float(value)
    return value if math.isfinite(value) else str(value)
