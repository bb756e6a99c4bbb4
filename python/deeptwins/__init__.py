"""The small library of the course: what a twin needs besides Keras.

A twin imports four names from here: `seed`, `data_dir`, `result_file` and
`report`. The rest of the package is the command line `deeptwins`.
"""

from typing import Any

__all__ = ["data_dir", "report", "result_file", "seed"]


def __getattr__(name: str) -> Any:
    """Import the four, and NumPy with them, only for a twin: the command line needs neither."""
    if name in __all__:
        from deeptwins import course

        return getattr(course, name)
    raise AttributeError(f"module 'deeptwins' has no attribute {name!r}")
