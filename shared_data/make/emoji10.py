"""Make shared_data/emoji10: CIFAR-10's ten classes, drawn with openly licensed emoji.

The artwork is not part of this project. Fetch it into a folder, and put the
renderer of SVG beside it:

    npm pack @iconify-json/noto@1.2.9 @iconify-json/noto-v1@1.2.5 \\
        @iconify-json/twemoji@1.2.5 @iconify-json/fluent-emoji@1.2.7 \\
        @iconify-json/fluent-emoji-flat@1.2.6 @iconify-json/fxemoji@1.2.2 \\
        @iconify-json/emojione@1.2.3 @iconify-json/streamline-emojis@1.2.4
    pip install --target renderer resvg_py==0.5.0
    PYTHONPATH=renderer python shared_data/make/emoji10.py FOLDER

`glyphs()`, `render()` and `scene()` can be imported, for pictures of another
size from the same artwork.
"""

import argparse
import functools
import io
import json
import tarfile
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from cards import write_card
from PIL import Image, ImageDraw, ImageFilter

from deeptwins import files
from deeptwins.paths import SHARED

SEED = 20214
SIZE = 32
# Rows of each class: for training, for validation (they follow in the same arrays), for the test.
ROWS = {"train": 200, "val": 40, "test": 50}
# Colours are rounded to 32 levels, so that the file stays small.
LEVELS = 32

# Packages on npm, and who drew them: pictures of one artist that show the same
# thing in several styles are one design, and a design lies in one part only.
SETS = {
    "noto": ("1.2.9", "noto"),
    "noto-v1": ("1.2.5", "noto"),
    "twemoji": ("1.2.5", "twemoji"),
    "fluent-emoji": ("1.2.7", "fluent"),
    "fluent-emoji-flat": ("1.2.6", "fluent"),
    "fxemoji": ("1.2.2", "fxemoji"),
    "emojione": ("1.2.3", "emojione"),
    "streamline-emojis": ("1.2.4", "streamline"),
}
# By class, in CIFAR-10's order; names in one line are drawn alike and are one design.
CLASSES = {
    "airplane": ["airplane", "small-airplane", "airplane-departure airplane-arrival"],
    "automobile": [
        "automobile taxi police-car",
        "oncoming-automobile oncoming-taxi oncoming-police-car",
        "racing-car",
        "sport-utility-vehicle",
    ],
    "bird": [
        "bird bird-1 bird-2 black-bird",
        "baby-chick front-facing-baby-chick",
        "chicken rooster",
        "penguin penguin-1 penguin-2",
        *["dodo", "dove", "duck", "eagle", "flamingo", "goose"],
        *["owl", "parrot", "peacock", "swan", "turkey"],
    ],
    "cat": [
        "cat black-cat",
        "cat-face grinning-cat crying-cat pouting-cat weary-cat "
        "grinning-cat-face pouting-cat-face weary-cat-face",
    ],
    "deer": ["deer", "moose"],
    "dog": ["dog guide-dog service-dog", "dog-face", "poodle"],
    "frog": ["frog frog-face"],
    "horse": ["horse", "horse-face", "carousel-horse", "horse-racing"],
    "ship": ["ship", "passenger-ship", "ferry", "motor-boat", "sailboat", "speedboat"],
    "truck": ["delivery-truck", "articulated-lorry", "pickup-truck", "fire-engine"],
}
# A flag of the same name, and pictures that bring a scene of their own.
EXCLUDED = {
    ("streamline-emojis", "turkey"),
    ("streamline-emojis", "carousel-horse"),
    ("streamline-emojis", "ship"),
    ("fxemoji", "ship"),
    ("fxemoji", "sailboat"),
}
# One of these, a picture file of a design that no part has.
NEW = ("fxemoji", "ship")

CREDITS = """\
emoji10: who drew the emoji, and under which licence
===================================================

The images were made from the emoji below by shared_data/make/emoji10.py. Each
emoji was changed: recoloured, turned, stretched, made smaller, and put on a
ground with noise; new.png was made smaller only. The images are under CC BY 4.0
(https://creativecommons.org/licenses/by/4.0/); the licences of the artwork hold
beside it.

Noto Emoji, both designs: Copyright Google Inc. Apache License, Version 2.0.
  https://github.com/googlefonts/noto-emoji
FxEmojis: Copyright Mozilla Foundation. Apache License, Version 2.0.
  https://github.com/mozilla/fxemoji
Twemoji: Copyright Twitter, Inc and other contributors. CC BY 4.0.
  https://github.com/jdecked/twemoji
EmojiTwo (on Iconify as Emoji One): Copyright the Emojitwo community. CC BY 4.0.
  https://github.com/EmojiTwo/emojitwo
Streamline Emojis: Copyright Streamline. CC BY 4.0.
  https://github.com/webalys-hq/streamline-vectors
Fluent Emoji, flat and shaded: Copyright (c) Microsoft Corporation. MIT License.
  https://github.com/microsoft/fluentui-emoji

The Apache License, Version 2.0: http://www.apache.org/licenses/LICENSE-2.0

MIT License

Permission is hereby granted, free of charge, to any person obtaining a copy
of this software and associated documentation files (the "Software"), to deal
in the Software without restriction, including without limitation the rights
to use, copy, modify, merge, publish, distribute, sublicense, and/or sell
copies of the Software, and to permit persons to whom the Software is
furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all
copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR
IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY,
FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE
AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER
LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM,
OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE
SOFTWARE.
"""


class Glyph(NamedTuple):
    """A picture of an emoji set: where it is from, and which part of the data may show it."""

    label: int
    set: str
    name: str
    design: str
    part: str


@functools.cache
def icons(folder: Path, name: str) -> dict:
    """Return the drawings of one set, from its npm package in `folder`."""
    package = Path(folder) / f"iconify-json-{name}-{SETS[name][0]}.tgz"
    with tarfile.open(package) as archive:
        return json.load(archive.extractfile("package/icons.json"))


@functools.cache
def glyphs(folder: Path) -> list[Glyph]:
    """Return all pictures; the designs of each class are dealt out to the three parts."""
    rng = np.random.default_rng(SEED)
    found = []
    for label, lines in enumerate(CLASSES.values()):
        of_class = [
            Glyph(label, package, name, f"{artist} {line.split()[0]}", "")
            for line in lines
            for package, (_, artist) in SETS.items()
            for name in line.split()
            if name in icons(folder, package)["icons"] and (package, name) not in EXCLUDED
        ]
        designs = sorted({glyph.design for glyph in of_class})
        rng.shuffle(designs)
        tests, vals = max(2, len(designs) // 5), max(1, len(designs) // 6)
        part = dict.fromkeys(designs, "train")
        part |= dict.fromkeys(designs[:tests], "test")
        part |= dict.fromkeys(designs[tests : tests + vals], "val")
        found += [glyph._replace(part=part[glyph.design]) for glyph in of_class]
    return found


@functools.cache
def render(folder: Path, package: str, name: str, size: int = 256) -> Image.Image:
    """Return a picture in RGBA on nothing, cut to what is drawn, its longer side `size`."""
    import resvg_py

    drawings = icons(folder, package)
    icon = drawings["icons"][name]
    box = [
        icon.get(key, drawings.get(key, default))
        for key, default in {"left": 0, "top": 0, "width": 16, "height": 16}.items()
    ]
    svg = (
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'viewBox="{" ".join(map(str, box))}" width="{size}" height="{size}">{icon["body"]}</svg>'
    )
    png = bytes(resvg_py.svg_to_bytes(svg_string=svg))
    picture = Image.open(io.BytesIO(png)).convert("RGBA")
    picture = picture.crop(picture.getchannel("A").getbbox())
    scale = size / max(picture.size)
    return picture.resize([max(1, round(side * scale)) for side in picture.size], Image.LANCZOS)


def colour(rng: np.random.Generator, value: tuple[float, float] = (0.2, 1)) -> tuple[int, ...]:
    """Return a random colour, seldom a garish one."""
    hsv = [rng.uniform(), rng.beta(1.2, 3), rng.uniform(*value)]
    pixel = Image.new("HSV", (1, 1), tuple(round(255 * part) for part in hsv))
    return pixel.convert("RGB").getpixel((0, 0))


def background(rng: np.random.Generator, size: int) -> Image.Image:
    """Return a ground: a colour that turns into another, a horizon, or blurred patches."""
    kind = rng.choice(["gradient", "horizon", "patches"])
    if kind == "patches":
        few = rng.integers(2, 5)
        cells = np.array([colour(rng) for _ in range(few * few)]).reshape(few, few, 3)
        patches = Image.fromarray((0.6 * cells[0, 0] + 0.4 * cells).astype("uint8"))
        return patches.resize((size, size), Image.BICUBIC)
    turn = rng.uniform(-0.3, 0.3) if kind == "horizon" else rng.uniform(0, 2 * np.pi)
    rows, columns = np.mgrid[:size, :size] / (size - 1) - 0.5
    way = rows * np.cos(turn) + columns * np.sin(turn)
    if kind == "horizon":
        share = 1 / (1 + np.exp(-(way - rng.uniform(-0.1, 0.4)) / 0.02))
    else:
        share = (way - way.min()) / np.ptp(way)
    pair = np.array([colour(rng), colour(rng)], float)
    return Image.fromarray((pair[0] + share[..., None] * (pair[1] - pair[0])).astype("uint8"))


def recolour(rng: np.random.Generator, picture: Image.Image) -> Image.Image:
    """Return the picture with another hue, saturation and brightness."""
    hsv = np.array(picture.convert("RGB").convert("HSV")).astype(float)
    hsv[..., 0] += 255 * (rng.uniform() if rng.uniform() < 0.25 else rng.normal(0, 0.03))
    hsv[..., 1] *= rng.uniform(0.5, 1.2)
    hsv[..., 2] *= rng.uniform(0.7, 1.1)
    hsv[..., 0] %= 256
    changed = Image.fromarray(hsv.clip(0, 255).astype("uint8"), "HSV").convert("RGB")
    changed.putalpha(picture.getchannel("A"))
    return changed


def scene(rng: np.random.Generator, picture: Image.Image, size: int = SIZE) -> np.ndarray:
    """Return one image (size, size, 3) uint8: the picture, turned and recoloured, on a ground.

    The random numbers that are drawn do not depend on `size`, save for the noise.
    """
    wide = 2 * size
    image = background(rng, wide)
    picture = recolour(rng, picture)
    if rng.uniform() < 0.5:
        picture = picture.transpose(Image.FLIP_LEFT_RIGHT)
    scale = wide * rng.uniform(0.65, 0.98) / max(picture.size)
    stretch = rng.uniform(0.85, 1.18)
    sides = [picture.width * scale * stretch, picture.height * scale / stretch]
    picture = picture.resize([max(2, round(side)) for side in sides], Image.LANCZOS)
    turn = np.clip(rng.normal(0, 10), -25, 25)
    picture = picture.rotate(turn, Image.BICUBIC, expand=True)
    place = [
        round((wide - side) * rng.uniform(0, 1)) if side < wide else (wide - side) // 2
        for side in picture.size
    ]
    image.paste(picture, place, picture)
    pen = ImageDraw.Draw(image)
    for _ in range(rng.integers(0, 3)):
        # Something in front: a stripe or a spot.
        x, y = rng.uniform(0, wide, 2)
        if rng.uniform() < 0.5:
            ends = [x, y, *rng.uniform(0, wide, 2)]
            pen.line(ends, colour(rng), width=round(wide * rng.uniform(0.02, 0.07)))
        else:
            half = wide * rng.uniform(0.03, 0.1, 2)
            pen.ellipse([x - half[0], y - half[1], x + half[0], y + half[1]], colour(rng))
    image = image.filter(ImageFilter.GaussianBlur(wide * rng.uniform(0, 0.015)))
    pixels = np.asarray(image.resize((size, size), Image.BOX), float)
    pixels = pixels + rng.uniform(0, 6) * rng.standard_normal((size, size, 1))
    steps = (pixels.clip(0, 255) / 255 * (LEVELS - 1)).round()
    return (steps * 255 / (LEVELS - 1)).round().astype("uint8")


def draw(folder: Path) -> tuple[dict[str, np.ndarray], pd.DataFrame]:
    """Return the arrays, and a table that names the picture in each image."""
    rng = np.random.default_rng(SEED)
    images, shown = {}, []
    for part, per_class in ROWS.items():
        order = []
        for label in range(len(CLASSES)):
            of_class = [one for one in glyphs(folder) if (one.part, one.label) == (part, label)]
            designs = sorted({one.design for one in of_class})
            # Every design equally often; which picture of it is drawn by lot.
            for number in range(per_class):
                alike = [one for one in of_class if one.design == designs[number % len(designs)]]
                order.append(alike[rng.integers(len(alike))])
        order = [order[row] for row in rng.permutation(len(order))]
        images[part] = [scene(rng, render(folder, one.set, one.name)) for one in order]
        shown += order
    table = pd.DataFrame(shown)
    labels = table["label"].to_numpy("uint8")
    rows = len(images["train"]) + len(images["val"])
    arrays = {
        "x_train": np.array(images["train"] + images["val"]),
        "y_train": labels[:rows],
        "x_test": np.array(images["test"]),
        "y_test": labels[rows:],
    }
    return arrays, table[["part", "label", "design", "set", "name"]]


def main() -> None:
    """Write the images, the table of what they show, the licences and the card."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("artwork", type=Path, help="folder with the npm packages")
    artwork = parser.parse_args().artwork
    arrays, table = draw(artwork)
    folder = SHARED / "emoji10"
    folder.mkdir(exist_ok=True)
    np.savez_compressed(folder / "emoji10.npz", **arrays)
    files.write_text(folder / "pictures.csv", table.to_csv(index=False, lineterminator="\n"))
    render(artwork, *NEW, 128).convert("RGB").save(folder / "new.png", optimize=True)
    files.write_text(folder / "CREDITS.txt", CREDITS)
    write_card(
        "emoji10",
        title="CIFAR-10's ten classes, drawn with emoji",
        origin="Emoji of Google (Noto Emoji, two designs), Twitter (Twemoji), Microsoft (Fluent "
        "Emoji, flat and shaded), Mozilla (FxEmojis), EmojiTwo and Streamline, from the npm "
        "packages @iconify-json/" + ", ".join(f"{name} {one[0]}" for name, one in SETS.items()),
        licence="CC BY 4.0; CREDITS.txt names the artists and the licences of their artwork: "
        "Apache 2.0 (Noto, FxEmojis), MIT (Fluent), CC BY 4.0 (Twemoji, EmojiTwo, Streamline)",
        made="Arrays and classes as in CIFAR-10. Each image shows one emoji, recoloured, turned, "
        "stretched, on a ground of its own, with noise and sometimes a stripe or a spot in "
        f"front; colours are rounded to {LEVELS} levels. The first 2,000 rows of x_train are for "
        "training, the last 400 for validation. A design (an artist's drawings of one thing) lies "
        "in one part only: pictures.csv names the emoji in each image, x_train's rows first, then "
        f"x_test's. Balanced in each part; seed {SEED}. new.png is one more ship, of a design that "
        "no part has",
        by="emoji10.py",
        path="emoji10.npz",
        full={
            "name": "cifar10",
            "path": "cifar10.npz",
            "get": "deeptwins data fetch cifar10",
            "origin": "CIFAR-10: A. Krizhevsky (2009), Learning multiple layers of features from "
            "tiny images, University of Toronto; through keras.datasets.cifar10",
            "licence": "none given by its makers",
        },
    )


if __name__ == "__main__":
    main()
