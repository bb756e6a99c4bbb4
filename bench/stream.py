"""Does 07 stream from disk? Its own sections on as many images as the NIH has, and on a tenth.

    .venv/bin/python bench/stream.py [--images 27558]

The images are made in a temporary folder, of the sizes that the NIH's have. In
each of two processes the twin's sections `stream` to `fine` run on them, with
one epoch of fine-tuning. The peak of the memory must not grow with the images.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from deeptwins import runner, sections
from deeptwins.paths import script_file

IMAGES = 27558
SIDES = (100, 180)  # pixels; most of the NIH's cells are as wide and as high
PATTERNS = 64  # noise that the images share, since drawing it takes longer than compressing


def generate(folder: Path, images: int) -> None:
    """Write images in two class folders, each a bright disc with speckles on black."""
    rng = np.random.default_rng(1)
    noise = rng.normal(0, 6, (PATTERNS, SIDES[1], SIDES[1], 3)).astype("float32")
    for label in ("Parasitized", "Uninfected"):
        (folder / label).mkdir(parents=True)
    for number in range(images):
        height, width = rng.integers(*SIDES, 2)
        rows, columns = np.ogrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
        disc = (rows**2 + columns**2 < 0.95)[..., None]
        colour = rng.uniform([180, 120, 150], [230, 170, 190])
        pixels = (colour + noise[number % PATTERNS, :height, :width]) * disc
        ill = number % 2 == 0
        if ill:
            row, column = rng.integers([height // 4, width // 4], [height // 2, width // 2])
            pixels[row : row + 12, column : column + 12] *= 0.6
        name = f"C{number % 200}P{number % 150}ThinF_IMG_{number // 50}_cell_{number}.png"
        file = folder / ("Parasitized" if ill else "Uninfected") / name
        Image.fromarray(pixels.clip(0, 255).astype("uint8")).save(file, compress_level=1)


def child(folder: str, images: int) -> None:
    """Run the twin's sections on some of the images, and print what that took."""
    section = sections.of_script(script_file("07_transfer_cells", "python").read_text("utf-8"))
    files = sorted(str(file) for file in Path(folder).rglob("*.png"))
    files = files[:: len(files) // images][:images]
    names: dict = {"__name__": "07_transfer_cells"}
    for one in ("setup", "constants"):
        exec(compile(section[one], one, "exec"), names)
    names["EPOCHS_FINE"] = 1
    cells = pd.DataFrame({"file": files, "y": [int("Parasitized" in file) for file in files]})
    third = np.arange(len(files)) % 10
    names |= {"cells": cells, "is_test": third == 0, "is_val": third == 1, "is_train": third > 1}
    began = time.perf_counter()
    for one in ("stream", "base"):
        exec(compile(section[one], one, "exec"), names)
    found = {"images": len(files)}

    def passed(name, data, count):
        started = time.perf_counter()
        for _ in data:
            pass
        found[name] = round(count / (time.perf_counter() - started))

    passed("decoded", names["train"], int(names["is_train"].sum()))
    passed("cached", names["train"], int(names["is_train"].sum()))
    # The first lines of `features` and `frozen`, without what they compare.
    exec(compile(section["features"].split("x = features(base)")[0], "features", "exec"), names)
    started = time.perf_counter()
    names["x"] = names["features"](names["base"])
    found["features"] = round(len(files) / (time.perf_counter() - started))
    exec(compile(section["frozen"].split("# While")[0], "frozen", "exec"), names)
    names["top"] = names["make_ready"](names["new_top"](), names["LEARNING_RATE"])
    started = time.perf_counter()
    exec(compile(section["fine"], "fine", "exec"), names)
    found["fine"] = round(int((~names["is_test"]).sum()) / (time.perf_counter() - started))
    found["seconds"] = round(time.perf_counter() - began, 1)
    found["peak_mib"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    names["cache"].cleanup()
    print(json.dumps(found))


def compare(images: int = IMAGES) -> dict:
    """Return throughput (images per second) and peak memory (MiB) on all images and on a tenth."""
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        generate(Path(folder) / "cells", images)
        rows = []
        for count in (images // 10, images):
            env = runner.environment("mini", None, runner.THREADS) | {"DEEPTWINS_RESULTS": folder}
            command = [sys.executable, __file__, "--child", f"{folder}/cells", "--images"]
            done = subprocess.run(
                [*command, str(count)], env=env, stdout=subprocess.PIPE, text=True, check=True
            )
            rows.append(json.loads(done.stdout.splitlines()[-1]))
            print(rows[-1], f"{time.perf_counter() - began:.0f} s", flush=True)
        bytes_ = sum(file.stat().st_size for file in Path(folder, "cells").rglob("*.png"))
    small, large = rows
    return {
        "rows": rows,
        "mib_of_files": round(bytes_ / 2**20),
        "mib_decoded": round(images * 128 * 128 * 3 / 2**20),
        "peak_ratio": round(large["peak_mib"] / small["peak_mib"], 3),
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=IMAGES)
    parser.add_argument("--child", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        os.environ.setdefault("MPLBACKEND", "agg")
        child(options.child, options.images)
    else:
        print(json.dumps(compare(options.images), indent=1))
