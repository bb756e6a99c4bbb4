"""Exercise 06: the emoji are what their card says, and the lesson holds."""

import json

import numpy as np
import pandas as pd
import pytest
from helpers import names_of

from deeptwins import bands
from deeptwins.paths import LANGUAGES, SHARED

FOLDER = SHARED / "emoji10"
PICTURES = pd.read_csv(FOLDER / "pictures.csv")
ROWS = {"train": slice(0, 2000), "tuning": slice(2000, 2400), "test": slice(0, 500)}
SECTIONS = ["head", "constants", "load", "baseline"]


@pytest.fixture(scope="module")
def arrays():
    with np.load(FOLDER / "emoji10.npz", allow_pickle=False) as content:
        return dict(content)


@pytest.fixture(scope="module")
def twin():
    """The twin's data and baseline, without its network."""
    return names_of("06_cnn_images", SECTIONS)


def part_of(arrays, part):
    name = "test" if part == "test" else "train"
    return arrays[f"x_{name}"][ROWS[part]], arrays[f"y_{name}"][ROWS[part]]


def test_the_arrays_are_those_of_cifar10_by_name_shape_and_type(arrays):
    assert {name: (array.shape[1:], array.dtype.name) for name, array in arrays.items()} == {
        "x_train": ((32, 32, 3), "uint8"),
        "y_train": ((), "uint8"),
        "x_test": ((32, 32, 3), "uint8"),
        "y_test": ((), "uint8"),
    }


@pytest.mark.parametrize("part", ROWS)
def test_the_classes_are_balanced_and_in_no_order(arrays, part):
    x, y = part_of(arrays, part)
    size = ROWS[part].stop - ROWS[part].start
    assert len(x) == len(y) == size
    assert np.bincount(y, minlength=10).tolist() == [size // 10] * 10
    assert (np.diff(y.astype(int)) == 0).mean() < 0.2


@pytest.mark.parametrize("part", ROWS)
def test_the_table_names_what_each_image_shows(arrays, part):
    shown = PICTURES[PICTURES["part"] == part]
    assert shown["label"].tolist() == part_of(arrays, part)[1].tolist()


def test_the_rows_of_the_table_stand_in_the_order_of_the_arrays():
    assert PICTURES["part"].tolist() == ["train"] * 2000 + ["tuning"] * 400 + ["test"] * 500


@pytest.mark.parametrize("what", ["design", ["set", "name"]])
def test_no_design_and_no_picture_stands_in_two_parts(what):
    assert PICTURES.groupby(what)["part"].nunique().eq(1).all()


def test_a_picture_has_one_class_and_every_class_several_designs():
    assert PICTURES.groupby(["set", "name"])["label"].nunique().eq(1).all()
    designs = PICTURES.groupby(["part", "label"])["design"].nunique().unstack(0)
    assert designs["train"].min() >= 3
    assert designs["test"].min() >= 2
    assert designs["tuning"].min() >= 1


def test_no_image_stands_twice(arrays):
    images = np.concatenate([arrays["x_train"], arrays["x_test"]])
    assert len({image.tobytes() for image in images}) == len(PICTURES)


def test_every_image_shows_something(arrays):
    images = np.concatenate([arrays["x_train"], arrays["x_test"]]).astype(float)
    assert images.std(axis=(1, 2)).max(axis=1).min() > 4
    assert len(np.unique(images)) == 32


def test_every_artist_is_credited_and_none_is_apple():
    artists = {
        "noto": "Noto Emoji",
        "twemoji": "Twemoji",
        "fluent": "Fluent Emoji",
        "fxemoji": "FxEmojis",
        "emojione": "EmojiTwo",
        "streamline": "Streamline Emojis",
    }
    assert set(PICTURES["design"].str.split().str[0]) == set(artists)
    credits = (FOLDER / "CREDITS.txt").read_text(encoding="utf-8")
    licence = json.loads((FOLDER / "card.json").read_text(encoding="utf-8"))["licence"]
    for artist in artists.values():
        assert f"\n{artist}" in credits
    for name in ("CC BY 4.0", "Apache", "MIT"):
        assert name in credits
        assert name in licence
    assert "apple" not in " ".join(PICTURES["set"].unique())


def test_the_twin_takes_its_parts_by_the_order_of_rows(arrays, twin):
    for part in ROWS:
        x, y = part_of(arrays, part)
        assert np.array_equal(getattr(twin, f"x_{part}"), x)
        assert np.array_equal(getattr(twin, f"y_{part}"), y)


def test_blocks_are_means_of_neighbours(twin):
    x = np.random.default_rng(1).integers(0, 256, (3, 32, 32, 3)).astype("uint8")
    found = twin.blocks(x).reshape(3, 8, 8, 3)
    assert found[1, 2, 5, 0] == pytest.approx(x[1, 8:12, 20:24, 0].mean() / 255)
    assert found[2, 7, 0, 2] == pytest.approx(x[2, 28:, :4, 2].mean() / 255)
    assert twin.blocks(x).mean() == pytest.approx(x.mean() / 255)


def test_the_baseline_stands_at_its_optimum(twin):
    """There the slope of C * sum(loss) + ||w||² / 2 is 0, and without a penalty that of b."""
    x, y = twin.blocks(twin.x_train), twin.y_train
    miss = twin.baseline.predict_proba(x) - np.eye(10)[y]
    slope = twin.baseline.C * miss.T @ x + twin.baseline.coef_
    assert np.abs(slope).max() < 1e-4
    assert np.abs(miss.sum(axis=0)).max() < 1e-3


def test_no_answer_of_the_baseline_hangs_by_a_thread(twin):
    """R's glmnet stops within about 1e-5 of these probabilities."""
    best = np.sort(twin.baseline.predict_proba(twin.blocks(twin.x_test)), axis=1)
    assert (best[:, -1] - best[:, -2]).min() > 1e-4


def record_of(folder, name, language="python"):
    path = folder / language / f"{name}.json"
    return json.loads(path.read_text(encoding="utf-8"))


def test_the_plain_network_has_learned_and_does_not_know_it_all(fresh_run):
    found = record_of(fresh_run[0], "06_cnn_images")
    history, metrics = found["networks"]["cnn"]["history"], found["metrics"]
    assert history["loss"][-1] < history["loss"][0] - 0.5
    # New designs are harder than known ones.
    assert history["accuracy"][-1] > history["val_accuracy"][-1] + 0.1
    assert 0.2 < metrics["accuracy"] < 0.7


@pytest.mark.long
def test_depth_bought_something(fresh_run):
    """Plain network against pixels, and three rounds of convolution against one."""
    plain = record_of(fresh_run[0], "06_cnn_images")["metrics"]
    solved = record_of(fresh_run[0], "solutions/06_cnn_images")["metrics"]
    assert plain["accuracy"] > plain["accuracy_baseline"]
    assert solved["accuracy"] > plain["accuracy"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_figure_of_the_twin_was_drawn(request, fresh_run, language):
    if language == "r":
        request.getfixturevalue("r")
    folder = fresh_run[0] / language
    for name in ("look", "curve", "confusion", "filters", "maps"):
        assert (folder / f"06_cnn_images-{name}.png").stat().st_size > 5000


def test_the_solution_beats_the_plain_twin_for_every_seed():
    plain, solved = (
        bands.read(name, "mini")["metrics"]["accuracy"]["values"]
        for name in ("06_cnn_images", "solutions/06_cnn_images")
    )
    margin = np.array(solved) - np.array(plain)
    assert len(margin) >= 10
    assert margin.min() > 0
