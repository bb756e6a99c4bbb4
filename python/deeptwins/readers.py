"""Read what a twin gets from outside, and refuse what is not whole.

r/readers.R has the same three functions, written independently; both take
their error sentences from shared.json.
"""

import tokenize
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image, UnidentifiedImageError

from deeptwins.messages import AMINO_ACIDS, message

# What NumPy and zipfile raise for an archive that is damaged, by where the damage is.
UNREADABLE = (
    *(OSError, ValueError, EOFError, AttributeError, SyntaxError, MemoryError, OverflowError),
    *(NotImplementedError, RuntimeError, tokenize.TokenError, zipfile.BadZipFile, zlib.error),
)
_UPPER = str.maketrans("abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ")


def _not_empty(path: Path) -> Path:
    """Return the path of a file that holds something."""
    if not path.is_file():
        raise FileNotFoundError(message("missing", path=path, remedy=message("replace")))
    if not path.stat().st_size:
        raise ValueError(message("empty", path=path))
    return path


def read_arrays(path: Path, **shapes: int | Sequence[int | None] | None) -> dict[str, np.ndarray]:
    """Return the arrays of an .npz file that `shapes` names.

    Parameters
    ----------
    path
        The file. It is never unpickled.
    shapes
        For each array its shape, None for a dimension of any size; a single
        value stands for one dimension: `x=(None, 32, 32, 3), y=None`.

    Raises
    ------
    FileNotFoundError
        There is no such file.
    ValueError
        The file is empty, cut off or no .npz; an array is missing, holds no
        numbers or has another shape.
    """
    _not_empty(path)
    arrays = {}
    try:
        with np.load(path, allow_pickle=False) as content:
            for name in shapes:
                if name not in content:
                    found = ", ".join(content.files)
                    raise KeyError(message("no_array", path=path, array=name, found=found))
                arrays[name] = content[name]
    except KeyError as error:
        raise ValueError(error.args[0]) from None
    except UNREADABLE:
        raise ValueError(message("not_arrays", path=path)) from None
    for name, given in shapes.items():
        array, shape = arrays[name], given if isinstance(given, Sequence) else (given,)
        if array.dtype.kind not in "biuf":
            raise ValueError(message("dtype", path=path, array=name, found=array.dtype.str))
        fits = [size in (None, there) for size, there in zip(shape, array.shape, strict=False)]
        if len(shape) != array.ndim or not all(fits):
            found = ", ".join(map(str, array.shape))
            expected = ", ".join("any" if size is None else str(size) for size in shape)
            raise ValueError(
                message("shape", path=path, array=name, found=found, expected=expected)
            )
    return arrays


def read_peptides(path: Path) -> list[str]:
    """Return the peptides of a text file with one sequence per line, in capitals.

    Blank lines are skipped. X stands for an amino acid that is not known.

    Raises
    ------
    FileNotFoundError
        There is no such file.
    ValueError
        The file is empty or has a letter that stands for no amino acid.
    """
    lines = _not_empty(path).read_text(encoding="latin-1").splitlines()
    peptides = []
    for number, line in enumerate(lines, start=1):
        sequence = line.strip().translate(_UPPER)
        if wrong := [letter for letter in sequence if letter not in AMINO_ACIDS]:
            raise ValueError(
                message("letter", path=path, line=number, letter=wrong[0], letters=AMINO_ACIDS)
            )
        if sequence:
            peptides.append(sequence)
    if not peptides:
        raise ValueError(message("empty", path=path))
    return peptides


def image_files(folder: Path) -> pd.DataFrame:
    """Return the .png images below a folder that has a sub-folder for each class.

    Each image is decoded once, so that one that cannot be read is found here
    and not in the middle of training.

    Returns
    -------
    pandas.DataFrame
        Columns `file` (path, str) and `label` (name of the class folder),
        ordered by both.

    Raises
    ------
    ValueError
        There are no class folders, a class has no image, an image is damaged.
    """
    classes = sorted(one for one in folder.iterdir() if one.is_dir()) if folder.is_dir() else []
    if not classes:
        raise ValueError(message("no_classes", path=folder))
    rows = []
    for one in classes:
        found = sorted(path for path in one.iterdir() if path.suffix.lower() == ".png")
        if not found:
            raise ValueError(message("no_images", path=one))
        for path in found:
            _not_empty(path)
            try:
                with Image.open(path, formats=["PNG"]) as image:
                    image.load()
            except (OSError, SyntaxError, ValueError, UnidentifiedImageError):
                raise ValueError(message("image", path=path)) from None
            rows.append((str(path), one.name))
    return pd.DataFrame(rows, columns=["file", "label"])
