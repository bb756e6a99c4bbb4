"""Exercise 09: the review snippets are what their card says, and the lesson holds."""

import ast
import inspect
import json

import keras
import numpy as np
import pytest
from helpers import names_of

from deeptwins import bands
from deeptwins.paths import SHARED

FOLDER = SHARED / "reviews"
WORDS = (FOLDER / "words.txt").read_text(encoding="utf-8").split("\n")[:-1]


@pytest.fixture(scope="module")
def arrays():
    with np.load(FOLDER / "reviews.npz", allow_pickle=False) as content:
        return dict(content)


@pytest.fixture(scope="module")
def maker():
    """Return the functions of the make script, without making anything."""
    source = (SHARED / "make" / "reviews.py").read_text(encoding="utf-8")
    kept = [
        node
        for node in ast.parse(source).body
        if isinstance(node, ast.Import | ast.FunctionDef)
        or (isinstance(node, ast.ImportFrom) and node.module != "cards")
        or (isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) in ("ALIKE", "SHORTEST"))
    ]
    names = {}
    exec(compile(ast.Module(kept, []), "reviews.py", "exec"), names)
    return names


def reviews(arrays, part):
    return np.split(arrays[f"{part}_tokens"], arrays[f"{part}_offsets"][1:-1])


@pytest.mark.parametrize(("part", "size"), [("train", 6000), ("test", 1000)])
def test_half_of_each_part_is_positive_and_every_review_is_whole(arrays, part, size):
    tokens, offsets = arrays[f"{part}_tokens"], arrays[f"{part}_offsets"]
    assert tokens.dtype == "int16"
    assert offsets.dtype == "int32"
    assert (offsets[0], offsets[-1], len(offsets)) == (0, len(tokens), size + 1)
    assert np.diff(offsets).min() >= 6  # the start and five words
    assert arrays[f"y_{part}"].sum() * 2 == len(arrays[f"y_{part}"]) == size


@pytest.mark.parametrize("part", ["train", "test"])
def test_numbers_follow_the_convention_of_imdb(arrays, part):
    default = inspect.signature(keras.datasets.imdb.load_data).parameters
    start, unknown, offset = (
        default[name].default for name in ("start_char", "oov_char", "index_from")
    )
    for review in reviews(arrays, part):
        assert review[0] == start
        assert set(review[1:]) <= {unknown, *range(offset + 1, 500)}


def test_words_are_numbered_by_their_frequency_in_training(arrays):
    assert len(WORDS) == len(set(WORDS)) == 500
    assert WORDS[4] == "the"
    counts = np.bincount(arrays["train_tokens"], minlength=500)[4:]
    assert (np.diff(counts) <= 0).all()
    ties = np.flatnonzero(np.diff(counts) == 0)
    assert all(WORDS[4 + i] < WORDS[5 + i] for i in ties)


def test_labels_fit_the_words(arrays):
    labels = arrays["y_train"]
    for word, expected in (("best", 1), ("enjoyable", 1), ("bad", 0), ("dull", 0)):
        has = [WORDS.index(word) in review for review in reviews(arrays, "train")]
        assert abs(labels[has].mean() - expected) < 0.3, word


def test_no_review_stands_in_both_parts(arrays):
    """What is left of two different texts may be alike only where few words are known."""
    train = {tuple(review) for review in reviews(arrays, "train")}
    shared = [review for review in reviews(arrays, "test") if tuple(review) in train]
    assert all((review > 2).sum() < 5 for review in shared)


def test_the_maker_drops_the_later_of_two_near_copies(maker):
    texts = [
        "a small movie with a big impact",
        "The best film of the year, 2002!",
        "a small movie with a big heart",
        "nothing of that kind here",
        "the worst film of the year",
    ]
    split = [maker["words"](text) for text in texts]
    assert split[1] == ["the", "best", "film", "of", "the", "year", "2002"]
    assert maker["without_copies"](split).tolist() == [True, True, False, True, False]


def test_the_maker_keeps_apostrophes_and_drops_marks(maker):
    text = "It’s ''so-so'', Lovely &amp; Amazing isn't: déjà_vu"
    assert maker["words"](text) == ["it's", "so", "so", "lovely", "amazing", "isn't", "déjà", "vu"]


def test_the_twin_cuts_and_pads_as_keras_does(arrays):
    twin = names_of("09_lstm_reviews", ["head", "constants", "load", "pad"])
    expected = reviews(arrays, "train")[: twin.TRAIN]
    assert all(map(np.array_equal, twin.train, expected))
    for row, review in zip(twin.x_train, expected, strict=True):
        end = review[-twin.LENGTH :]
        assert np.array_equal(row[twin.LENGTH - len(end) :], end)
        assert not row[: twin.LENGTH - len(end)].any()


class Guesser:
    """Stands for the network: its scores are given."""

    def __init__(self, scores):
        self.scores = scores

    def predict(self, x, verbose):
        return np.resize(self.scores, (len(x), 1))


def test_judge_by_definition():
    label = np.array([1, 1, 1, 0, 0, 0, 0, 1])
    score = np.array([0.9, 0.5, 0.4, 0.4, 0.6, 0.1, 0.2, 0.8], "float32")
    found = names_of(
        "09_lstm_reviews",
        ["head", "constants", "judge"],
        model=Guesser(score),
        x_test=label,
        y_test=label,
    ).lstm
    assert [found[name] for name in ("tp", "tn", "fp", "fn")] == [3, 3, 1, 1]
    for name in ("sensitivity", "specificity", "precision", "accuracy"):
        assert found[name] == 0.75
    assert found["mcc"] == pytest.approx(0.5)
    pairs = np.sign(score[label == 1][:, None] - score[label == 0][None, :])
    assert found["auc"] == pytest.approx((pairs.mean() + 1) / 2)


@pytest.fixture(scope="module")
def baseline():
    """Run the twin's baseline on its own data, without the network."""
    sections = ["head", "constants", "load", "pad", "judge", "baseline"]
    return names_of("09_lstm_reviews", sections, model=Guesser([0.4, 0.6]))


def test_the_bag_knows_which_words_occur_and_not_how_often(baseline):
    x = np.array([[0, 0, 1, 2, 3, 4, 5, 5], [0, 1, 499, 4, 4, 4, 4, 4]])
    bag = baseline.bag(x)
    assert bag.shape == (2, 496)
    assert [np.flatnonzero(row).tolist() for row in bag] == [[0, 1], [0, 495]]


def test_the_baseline_stands_at_its_optimum(baseline):
    """There the slope of C * sum(loss) + ||w||² / 2 is 0."""
    x, y = baseline.bag(baseline.x_train).astype(float), baseline.y_train
    miss = baseline.logistic.predict_proba(x)[:, 1] - y
    slope = baseline.C * x.T @ miss + baseline.logistic.coef_[0]
    assert np.abs(slope).max() < 1e-6
    assert abs(miss.sum()) < 1e-6


def record_of(folder, name):
    return json.loads((folder / "python" / f"{name}.json").read_text(encoding="utf-8"))


def test_the_lesson_holds(fresh_run):
    """The network overfits, peeking flatters, classes know less than scores."""
    found = record_of(fresh_run[0], "09_lstm_reviews")
    history, metrics = found["networks"]["lstm"]["history"], found["metrics"]
    assert history["loss"][-1] < history["loss"][0]
    assert history["val_loss"][-1] > min(history["val_loss"]) + 0.02
    assert history["accuracy"][-1] > history["val_accuracy"][-1] + 0.05
    assert metrics["accuracy_peeked"] >= metrics["accuracy"]
    assert metrics["accuracy"] == pytest.approx(history["val_accuracy"][-1], abs=1e-6)
    assert metrics["auc"] > metrics["auc_classes"] + 0.02
    middle = (metrics["sensitivity"] + metrics["specificity"]) / 2
    assert metrics["auc_classes"] == pytest.approx(middle, abs=1e-12)


@pytest.mark.long
def test_the_solution_stops_at_its_best_epoch(fresh_run):
    found = record_of(fresh_run[0], "solutions/09_lstm_reviews")
    loss = found["networks"]["lstm"]["history"]["val_loss"]
    assert found["metrics"]["best_epoch"] == int(np.argmin(loss)) + 1
    assert len(loss) <= found["constants"]["EPOCHS"]


@pytest.mark.parametrize(("variant", "ahead"), [("mini", 0), ("full", 17)])
def test_the_bag_is_ahead_on_whole_reviews_with_as_many_seeds_as_the_chapter_says(variant, ahead):
    metrics = bands.read("09_lstm_reviews", variant)["metrics"]
    bag, network = (np.array(metrics[name]["values"]) for name in ("auc_bag", "auc"))
    assert (bag > network).sum() == ahead


def test_the_solution_beats_the_plain_twin_for_every_seed():
    plain, solved = (
        bands.read(name, "mini")["metrics"]["auc"]["values"]
        for name in ("09_lstm_reviews", "solutions/09_lstm_reviews")
    )
    margin = np.array(solved) - np.array(plain)
    assert len(margin) >= 10
    assert margin.min() > 0
