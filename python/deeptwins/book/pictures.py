"""Copy the figures of a run into the book, as small as they get without looking different."""

from pathlib import Path

from PIL import Image, ImageChops

from deeptwins import files

COLOURS = 256
# The largest change of one colour channel that a palette may bring, of 255.
VISIBLE = 8


def compress(source: Path, target: Path) -> bool:
    """Write the picture `source` to `target` as a small PNG, and say whether `target` changed.

    A picture of few colours gets a palette, which makes it a third the size; a
    photograph keeps its colours. `target` is left alone if it shows the same.
    """
    with Image.open(source) as image:
        picture = image.convert("RGB")
    small = picture.quantize(COLOURS, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    change = ImageChops.difference(small.convert("RGB"), picture)
    if max(high for _, high in change.getextrema()) > VISIBLE:
        small = picture
    if target.is_file():
        with Image.open(target) as old:
            if (
                old.size == small.size
                and not ImageChops.difference(old.convert("RGB"), small.convert("RGB")).getbbox()
            ):
                return False
    with files.replacing(target) as temporary:
        small.save(temporary, format="PNG", optimize=True)
    return True
