"""Encodings: each is what its definition says, and only order tells the DNA apart."""

import keras
import numpy as np
import pandas as pd
import pytest
from helpers import names_of

from deeptwins import bands, record
from deeptwins.paths import LANGUAGES, SHARED

ID = "08_encoding"


@pytest.fixture(scope="module")
def dna():
    return pd.read_csv(SHARED / "dna" / "dna.csv")


@pytest.fixture(scope="module")
def twin():
    sections = ["head", "constants", "words", "vocabulary", "padding", "one hot", "multi hot"]
    return names_of(ID, [*sections, "embedding", "mask", "dna"])


@pytest.fixture
def ran(fresh_run, monkeypatch):
    """The records of the fresh run."""
    monkeypatch.setenv("DEEPTWINS_RESULTS", str(fresh_run[0]))
    return lambda language: record.read(ID, language)


def test_parts_are_balanced_and_share_no_sequence(dna):
    assert dna.groupby("part")["label"].agg(["size", "sum"]).to_dict("index") == {
        "train": {"size": 1000, "sum": 500},
        "tuning": {"size": 200, "sum": 100},
        "test": {"size": 400, "sum": 200},
    }
    assert dna["sequence"].is_unique
    assert dna["sequence"].str.fullmatch("[ACGT]{40}").all()


def test_a_box_is_where_the_label_says_and_nowhere_else(dna):
    boxes = "TATAAT|TATAGT|TACAAT|TATGAT|TATACT|CATAAT|GATAAT|TATATT"
    assert (dna["sequence"].str.contains(boxes) == (dna["label"] == 1)).all()


def test_both_halves_of_a_part_have_the_same_letters(dna):
    composition = dna["sequence"].map(lambda one: "".join(sorted(one)))
    for _, rows in dna.groupby("part"):
        of_label = [sorted(composition[rows.index[rows["label"] == label]]) for label in (0, 1)]
        assert of_label[0] == of_label[1]


def test_the_first_sentence_is_numbered_as_it_comes(twin):
    assert [twin.known.index(word) + 1 for word in twin.first] == [1, 2, 3, 4, 1, 5]


def test_the_vocabulary_is_that_of_keras_with_room_for_unknown_words(twin):
    layer = keras.layers.TextVectorization(vocabulary=twin.words)
    by_keras = layer(twin.SENTENCES).numpy()
    for mine, theirs in zip(twin.encoded, by_keras, strict=True):
        # Keras keeps 1 for words that it does not know.
        assert [number + 1 for number in mine] == [number for number in theirs if number]
    frequency = [twin.counts[word] for word in twin.words]
    assert frequency == sorted(frequency, reverse=True)


def test_padding_stands_in_front_and_the_start_of_a_long_sentence_is_lost(twin):
    for numbers, row in zip(twin.encoded, twin.padded, strict=True):
        kept = numbers[-twin.MAXLEN :]
        assert row.tolist() == [0] * (twin.MAXLEN - len(kept)) + kept
    assert len(twin.encoded[2]) > twin.MAXLEN


def test_one_hot_has_a_single_1_in_each_place_and_multi_hot_forgets_the_place(twin):
    assert (twin.one_hot.sum(axis=2) == 1).all()
    assert (twin.one_hot.argmax(axis=2) == twin.padded).all()
    for row, numbers in zip(twin.multi_hot, twin.padded, strict=True):
        assert set(np.flatnonzero(row) + 1) == set(numbers) - {0}


def test_the_mask_makes_padding_harmless_and_nothing_else_does(twin):
    assert (twin.mask == (twin.padded > 0)).all()
    assert np.allclose(twin.masked, twin.alone, atol=1e-6)
    assert abs(twin.unmasked - twin.alone).max() > 1e-4


def test_the_encodings_of_dna_hold_the_same_letters(twin, dna):
    assert (twin.columns.argmax(axis=2) + 1 == twin.numbers).all()
    assert twin.hits.shape == (len(dna), 64)
    for sequence, hits in zip(dna["sequence"][:50], twin.hits, strict=False):
        there = {sequence[place : place + 3] for place in range(38)}
        assert {word for word, hit in zip(twin.triples, hits, strict=True) if hit} == there


@pytest.mark.parametrize("language", LANGUAGES)
def test_without_order_a_method_can_only_guess(ran, request, language):
    if language == "r":
        request.getfixturevalue("r")
    assert ran(language)["metrics"]["accuracy_baseline"] == 0.5


def test_over_seeds_letters_as_numbers_teach_nothing_and_words_of_three_do():
    values = {name: band["values"] for name, band in bands.read(ID, "mini")["metrics"].items()}
    assert max(values["accuracy_numbers"]) < min(values["accuracy_multi_hot"])
    assert max(values["accuracy"]) < min(values["accuracy_multi_hot"])
    solved = bands.read(f"solutions/{ID}", "mini")["metrics"]["accuracy"]["values"]
    assert min(solved) > max(values["accuracy_multi_hot"])
