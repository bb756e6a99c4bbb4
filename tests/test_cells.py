"""Drawn cells, their split by patient, and memory that does not grow with their number."""

import re
import shutil
import subprocess
import sys

import pandas as pd
import pytest
from helpers import names_of, section

from deeptwins.paths import ROOT, SHARED


@pytest.fixture(scope="module")
def split():
    """Sections load and partition of the Python twin, on the drawn cells."""
    return names_of("07_transfer_cells", ["head", "constants", "load", "partition"])


def test_the_cells_are_balanced_and_named_as_published(split):
    assert split.cells["label"].value_counts().nunique() == 1
    pattern = r"C\d+P\d+ThinF_IMG_\d{8}_\d{6}_cell_\d+\.png"
    assert all(re.fullmatch(pattern, name) for name in split.cells["name"])


def test_no_person_is_on_both_sides_and_every_part_has_both_classes(split):
    sides = split.cells.groupby("person")["part"].agg(lambda parts: "test" in set(parts))
    whole = split.cells.groupby("person")["part"].agg(lambda parts: set(parts) == {"test"})
    assert (sides == whole).all()
    counts = pd.crosstab(split.cells["part"], split.cells["label"])
    assert list(counts.index) == ["test", "train", "tuning"]
    assert (counts > 0).all(axis=None)


def test_a_photograph_lies_in_one_part(split):
    assert (split.cells.groupby("photo")["part"].nunique() == 1).all()


def test_the_split_by_image_leaves_nearly_everybody_on_both_sides(split):
    sides = split.cells.assign(test=split.by_image).groupby("person")["test"].nunique()
    assert (sides == 2).mean() > 0.9


# The twin's own stream over a folder of images, read twice as by two epochs.
READ_TWICE = """
import resource, sys, tempfile
from pathlib import Path
import pandas as pd
import tensorflow as tf
SIZE, BATCH_SIZE, BUFFER, SEED = 128, 32, 256, 1
files = sorted(map(str, Path(sys.argv[1]).glob("*.png")))
cells = pd.DataFrame({"file": files, "y": 0})
is_train = is_tuning = by_person = cells["y"] == 0
result_file = lambda name: Path(sys.argv[2]) / name
exec(sys.argv[3])
seen = sum(len(labels) for _ in range(2) for _, labels in train)
assert seen == 2 * len(cells), seen
cache.cleanup()
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def peak_kilobytes(folder, into):
    """Return the peak memory of a process that streams the images of a folder."""
    code = section("07_transfer_cells", "python", ["stream"])
    done = subprocess.run(
        [sys.executable, "-c", READ_TWICE, str(folder), str(into), code],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return int(done.stdout)


def test_memory_does_not_grow_with_the_number_of_images(tmp_path):
    """Ten times 352 images of 128 x 128 x 3 are 156 MB more, were they all held."""
    images = sorted((SHARED / "cells" / "images").rglob("*.png"))
    peaks = {}
    for times in (1, 10):
        folder = tmp_path / str(times)
        folder.mkdir()
        for copy in range(times):
            for image in images:
                shutil.copy(image, folder / f"{copy}_{image.name}")
        peaks[times] = peak_kilobytes(folder, tmp_path)
    assert peaks[10] - peaks[1] < 40_000
