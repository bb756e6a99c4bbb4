"""The small library of the course: what a twin needs besides Keras.

A twin imports four names from here: `seed`, `data_dir`, `result_file` and
`report`. The rest of the package is the command line `deeptwins`.
"""

from deeptwins.course import data_dir, report, result_file, seed

__all__ = ["data_dir", "report", "result_file", "seed"]
