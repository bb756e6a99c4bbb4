"""Reading what comes from outside: what is not whole is refused, in the same words."""

import io
import shutil

import numpy as np
import pytest
from PIL import Image

import deeptwins
from deeptwins.messages import AMINO_ACIDS


@pytest.fixture
def both(r):
    """Call a reader in both languages; returns what Python gave and what R gave."""

    def call(function, path, in_r="", **shapes):
        try:
            here = getattr(deeptwins, function)(path, **shapes)
        except (FileNotFoundError, ValueError) as error:
            here = str(error)
        arguments = ", ".join(filter(None, [f"'{path}'", in_r]))
        return here, r(f"tryCatch({function}({arguments}), error = conditionMessage)")

    return call


def refused(both, *arguments, **shapes):
    """Return the sentence with which both languages refuse."""
    here, there = both(*arguments, **shapes)
    assert isinstance(here, str), "Python took it"
    assert there == here
    return here


# ---- arrays ----


@pytest.fixture
def arrays(tmp_path):
    path = tmp_path / "arrays.npz"
    np.savez_compressed(
        path,
        images=np.arange(24, dtype=np.uint8).reshape(2, 3, 4) * 10,
        tokens=np.array([-300, 0, 300], np.int16),
        offsets=np.array([0, 70_000], np.int32),
        columns=np.asfortranarray([[1.5, 2.0, -3.25]]),
        words=np.array(["a"]),
        things=np.array([None, 1], dtype=object),
    )
    return path


@pytest.mark.parametrize("name", ["images", "tokens", "offsets", "columns"])
def test_arrays_are_the_same_in_both_languages(both, arrays, name):
    shape = np.load(arrays)[name].shape
    sizes = ", ".join(map(str, shape))
    here, there = both("read_arrays", arrays, f"{name} = c({sizes})", **{name: shape})
    assert np.array_equal(here[name], there[name])
    assert np.shape(there[name]) == shape


def test_a_size_may_be_left_open(both, arrays):
    here, there = both("read_arrays", arrays, "images = c(NA, 3, NA)", images=(None, 3, None))
    assert np.array_equal(here["images"], there["images"])
    here, there = both("read_arrays", arrays, "tokens = NA", tokens=None)
    assert here["tokens"].tolist() == there["tokens"]


@pytest.mark.parametrize(
    ("shape", "in_r", "said"),
    [
        ((2, 4, 3), "c(2, 4, 3)", "shape (2, 3, 4), expected (2, 4, 3)"),
        ((None, 3), "c(NA, 3)", "expected (any, 3)"),
        (24, "24", "expected (24)"),
    ],
)
def test_another_shape_is_refused(both, arrays, shape, in_r, said):
    sentence = refused(both, "read_arrays", arrays, f"images = {in_r}", images=shape)
    assert said in sentence
    assert str(arrays) in sentence


def test_an_array_that_is_not_there_is_named(both, arrays):
    sentence = refused(both, "read_arrays", arrays, "pictures = NA", pictures=None)
    assert "no array pictures; it has images, tokens" in sentence


@pytest.mark.parametrize(("name", "kind"), [("words", "<U1")])
def test_what_is_no_number_is_refused(both, arrays, name, kind):
    assert f"of type {kind}" in refused(both, "read_arrays", arrays, f"{name} = NA", **{name: None})


def test_nothing_is_unpickled(both, arrays):
    assert "not a whole" in refused(both, "read_arrays", arrays, "things = NA", things=None)


def spoil(path, how):
    content = path.read_bytes()
    if how == "missing":
        path.unlink()
    else:
        path.write_bytes({"empty": b"", "cut off": content[:-40], "text": b"x, y\n"}[how])


@pytest.mark.parametrize("how", ["missing", "empty", "cut off", "text"])
def test_a_file_that_is_not_whole_is_refused_by_name(both, arrays, how):
    spoil(arrays, how)
    assert str(arrays) in refused(both, "read_arrays", arrays, "images = NA", images=None)


# ---- peptides ----


def test_peptides_are_read_in_capitals_without_blank_lines(both, tmp_path):
    path = tmp_path / "list.txt"
    path.write_text("GIGKF\r\n\n  llgdx \nKK", newline="")
    here, there = both("read_peptides", path)
    assert here == there == ["GIGKF", "LLGDX", "KK"]


@pytest.mark.parametrize("letter", ["B", ">", "*", "1", "é", "-", "."])
def test_an_unknown_letter_is_named_with_its_line(both, tmp_path, letter):
    path = tmp_path / "list.txt"
    path.write_text(f"GIGKF\n\nGI{letter}KF\n", encoding="latin-1")
    sentence = refused(both, "read_peptides", path)
    assert f"{path}, line 3: {letter} stands for no amino acid" in sentence
    assert AMINO_ACIDS in sentence


@pytest.mark.parametrize("content", ["", "\n \n"])
def test_a_list_without_peptides_is_refused(both, tmp_path, content):
    path = tmp_path / "list.txt"
    path.write_text(content)
    assert f"{path} is empty" in refused(both, "read_peptides", path)


# ---- images ----


@pytest.fixture
def cells(tmp_path):
    folder = tmp_path / "cells"
    for label, names in {"b_class": ["2.png", "10.PNG", "B.png"], "A_class": ["x.png"]}.items():
        (folder / label).mkdir(parents=True)
        for name in names:
            noise = np.random.default_rng(1).integers(0, 255, (20, 30, 3), np.uint8)
            Image.fromarray(noise).save(folder / label / name)
    (folder / "b_class" / "Thumbs.db").write_bytes(b"x")
    return folder


def test_images_are_listed_by_class_in_the_order_of_the_c_locale(both, cells):
    here, there = both("image_files", cells)
    assert here.to_dict("records") == there
    assert [row["label"] for row in there] == ["A_class", "b_class", "b_class", "b_class"]
    names = [row["file"].rsplit("/", 1)[1] for row in there]
    assert names == ["x.png", "10.PNG", "2.png", "B.png"]


def jpeg():
    content = io.BytesIO()
    Image.new("RGB", (8, 8)).save(content, "JPEG")
    return content.getvalue()


@pytest.mark.parametrize("how", ["empty", "cut off", "text", "jpeg"])
def test_an_image_that_cannot_be_read_is_named(both, cells, how):
    path = cells / "b_class" / "2.png"
    if how == "jpeg":
        path.write_bytes(jpeg())
    elif how == "cut off":
        path.write_bytes(path.read_bytes()[:-500])
    else:
        spoil(path, how)
    assert str(path) in refused(both, "image_files", cells)


def test_a_folder_without_classes_is_refused(both, cells):
    for one in cells.iterdir():
        shutil.rmtree(one)
    assert f"{cells} has no folders" in refused(both, "image_files", cells)
    cells.rmdir()
    assert f"{cells} has no folders" in refused(both, "image_files", cells)


def test_a_class_without_images_is_refused(both, cells):
    (cells / "A_class" / "x.png").unlink()
    assert f"{cells / 'A_class'} has no .png image" in refused(both, "image_files", cells)
