"""Note every fit, predict and evaluate of Keras in this process, whichever language called it.

keras3 for R ends in Python, in R's own process, so that one implementation
serves both drivers. `start()` waits for Keras to be imported and then puts a
hook on the three methods of `keras.Model`; a call that another one makes (the
validation within a fit) is part of that one. `finish()` writes, into the
working directory,

    calls.json   in order: architecture, inputs, weights before and after, history, predictions;
                 arrays as their shape and the SHA-256 of their values as float32 in row order
    tensors.f32  the values of those weights and predictions, one after the other

Datasets and generators, whose values nobody has before they are used, are noted
as streams.
"""

import functools
import hashlib
import importlib.abc
import importlib.util
import inspect
import json
import math
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

METHODS = ("fit", "predict", "evaluate")
INPUTS = ("x", "y", "sample_weight", "validation_data")
SETTINGS = ("batch_size", "epochs", "shuffle", "validation_split")
BLOCK = 1 << 22  # values that are turned into float32 at once
CALLS, TENSORS = "calls.json", "tensors.f32"

Tensor = dict[str, Any]


class _State:
    """What was noted so far; one for each process."""

    def __init__(self) -> None:
        self.section = "setup"
        self.depth = 0
        self.calls: list[dict[str, Any]] = []
        self.architectures: dict[str, str] = {}
        self.tensors: Any = None  # the open file, from the first call on


_state = _State()


def begin(section: str) -> None:
    """Let what comes next be part of a section."""
    _state.section = section


def section() -> str:
    """Return the section that runs now."""
    return _state.section


def start() -> None:
    """Put the hooks on Keras as soon as it is there."""
    if "keras" in sys.modules:
        _install()
    else:
        sys.meta_path.insert(0, _WhenImported())


def finish() -> None:
    """Write calls.json, and end tensors.f32."""
    if _state.tensors:
        _state.tensors.close()
    noted = {"architectures": _state.architectures, "calls": _state.calls}
    Path(CALLS).write_text(json.dumps(noted, allow_nan=False), encoding="utf-8")


class _WhenImported(importlib.abc.MetaPathFinder):
    """Finds Keras as the system would, and adds the hooks once it is loaded.

    It stays until then: TensorFlow only asks whether there is a Keras.
    """

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        if name != "keras":
            return None
        sys.meta_path.remove(self)
        try:
            spec = importlib.util.find_spec(name)
        finally:
            sys.meta_path.insert(0, self)
        if spec and spec.loader:
            load = spec.loader.exec_module

            def exec_module(module: Any) -> None:
                sys.meta_path.remove(self)
                load(module)
                _install()

            spec.loader.exec_module = exec_module
        return spec


def _install() -> None:
    import keras

    for name in METHODS:
        original = getattr(keras.Model, name)
        if not hasattr(original, "captured"):
            setattr(keras.Model, name, _hook(name, original))


def _hook(name: str, original: Callable) -> Callable:
    signature = inspect.signature(original)

    @functools.wraps(original)
    def hooked(model: Any, *args: Any, **options: Any) -> Any:
        if _state.depth:
            return original(model, *args, **options)
        bound = signature.bind(model, *args, **options)
        bound.apply_defaults()
        call = _before(name, model, bound.arguments)
        _state.depth += 1
        try:
            returned = original(model, *args, **options)
        finally:
            _state.depth -= 1
        _after(call, model, returned)
        _state.calls.append(call)
        return returned

    hooked.captured = True
    return hooked


def _before(name: str, model: Any, given: dict[str, Any]) -> dict[str, Any]:
    call = {
        "call": name,
        "section": _state.section,
        "inputs": {key: describe(given[key]) for key in INPUTS if given.get(key) is not None},
    }
    if name == "fit":
        call["settings"] = {key: given[key] for key in SETTINGS}
        call["architecture"] = _architecture(model)
        call["initial"] = [_kept(one) for one in model.get_weights()] if model.built else None
    return call


def _after(call: dict[str, Any], model: Any, returned: Any) -> None:
    if call["call"] == "fit":
        call["history"] = {
            key: [_number(value) for value in values] for key, values in returned.history.items()
        }
        call["final"] = [_kept(one) for one in model.get_weights()]
    elif call["call"] == "predict":
        call["predictions"] = [_kept(one) for one in _flat(returned)]
    else:
        values = returned if isinstance(returned, dict) else enumerate(_flat(returned))
        call["scores"] = {str(key): _number(value) for key, value in dict(values).items()}


def _architecture(model: Any) -> str:
    """Keep a model's configuration, with loss and optimizer; return its digest."""
    try:
        text = model.to_json()
    except Exception as error:  # a subclassed model may have none
        text = json.dumps({"unavailable": f"{type(model).__name__}: {error}"})
    digest = hashlib.sha256(text.encode()).hexdigest()
    _state.architectures[digest] = text
    return digest


def describe(value: Any) -> Any:
    """Return an array as its shape and digest, a collection item by item, a dataset as a stream."""
    if isinstance(value, dict):
        return {str(key): describe(one) for key, one in value.items()}
    if isinstance(value, list | tuple) and any(hasattr(one, "shape") for one in value):
        return [describe(one) for one in value]
    if value is None:
        return None
    if not hasattr(value, "__array__") and not isinstance(value, list | tuple):
        return {"stream": "dataset or generator"}
    array = np.asarray(value)
    digest = hashlib.sha256()
    if array.dtype.kind in "OSU":
        digest.update("\0".join(map(str, array.ravel())).encode())
    else:
        for block in _blocks(array):
            digest.update(block)
    return {"shape": list(array.shape), "digest": digest.hexdigest()}


def _blocks(array: np.ndarray) -> Any:
    """Yield the values of an array as float32 in row order, some rows at a time."""
    if array.ndim == 0 or array.size <= BLOCK:
        yield np.ascontiguousarray(array, "<f4").tobytes()
        return
    rows = max(1, BLOCK * len(array) // array.size)
    for first in range(0, len(array), rows):
        yield np.ascontiguousarray(array[first : first + rows], "<f4").tobytes()


def _kept(array: Any) -> Tensor:
    """Describe an array, and keep its values in tensors.f32."""
    array = np.asarray(array)
    _state.tensors = _state.tensors or Path(TENSORS).open("wb")  # noqa: SIM115 finish() closes it
    digest = hashlib.sha256()
    for block in _blocks(array):
        digest.update(block)
        _state.tensors.write(block)
    return {"shape": list(array.shape), "digest": digest.hexdigest()}


def _flat(values: Any) -> list[Any]:
    return list(values) if isinstance(values, list | tuple) else [values]


def _number(value: Any) -> float | str:
    """Return a number as JSON can hold it: NaN and infinity as text."""
    value = float(value)
    return value if math.isfinite(value) else str(value)
