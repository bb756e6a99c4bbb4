"""The small library of the course: what a twin needs besides Keras.

A twin imports its names from here: where its data are and how to read them,
its seed, its files, its report. The rest of the package is the command line
`deeptwins`.
"""

import importlib
from typing import Any

_HOMES = {
    "data_dir": "course",
    "data_file": "course",
    "report": "course",
    "result_file": "course",
    "seed": "course",
    "variant": "course",
    "image_files": "readers",
    "read_arrays": "readers",
    "read_peptides": "readers",
}
__all__ = list(_HOMES)


def __getattr__(name: str) -> Any:
    """Import them, and NumPy with them, only for a twin: the command line needs neither."""
    if name in _HOMES:
        return getattr(importlib.import_module(f"deeptwins.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'deeptwins' has no attribute {name!r}")
