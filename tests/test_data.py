"""The shared data: whole, true to their source, and split so that nothing leaks."""

import json
import runpy

import numpy as np
import pandas as pd
import pytest
from helpers import read
from rapidfuzz.distance import Levenshtein
from sklearn.datasets import load_breast_cancer, load_iris

from deeptwins.data import cards
from deeptwins.paths import SHARED

CARDS = sorted(SHARED.glob("[!.]*/card.json"))


def table(name):
    return pd.read_csv(SHARED / name)


# ---- cards ----


@pytest.mark.parametrize("path", CARDS, ids=lambda path: path.parent.name)
def test_a_card_describes_every_file_of_its_set(path):
    card = json.loads(path.read_text(encoding="utf-8"))
    for field in ("name", "title", "origin", "licence", "made", "made_by"):
        assert card[field], field
    assert card["name"] == path.parent.name
    assert (SHARED.parent / card["made_by"]).is_file()
    there = {one.name for one in path.parent.iterdir() if one.name[0] != "."}
    assert set(card["files"]) == there - {"card.json"}
    assert cards.verify(path.parent.name)


def test_a_file_or_a_card_that_is_missing_is_named_with_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setattr(cards, "SHARED", tmp_path)
    (tmp_path / "toy").mkdir()
    card = tmp_path / "toy" / "card.json"
    card.write_text(json.dumps({"files": {"a.csv": {"sha256": "0" * 64}}}))
    with pytest.raises(ValueError, match=r"a\.csv is missing\. Restore it.*git checkout"):
        cards.verify("toy")
    card.write_text("[")
    with pytest.raises(ValueError, match="is no card"):
        cards.verify("toy")


def test_all_sets_together_are_small():
    assert sum(one.stat().st_size for one in SHARED.rglob("*") if one.is_file()) < 15e6


def test_the_overview_is_made_from_the_cards():
    made = runpy.run_path(str(SHARED / "make/cards.py"))
    assert read("shared_data/README.md") == made["overview"]()


# ---- sources ----


def test_iris_and_nuclei_are_the_data_of_scikit_learn():
    iris, bunch = table("iris/iris.csv"), load_iris()
    assert np.array_equal(iris.iloc[:, 1:5], bunch.data)
    assert list(iris["species"]) == list(bunch.target_names[bunch.target])
    nuclei, bunch = table("nuclei/nuclei.csv"), load_breast_cancer()
    names = [one.removeprefix("mean ").replace(" ", "_") for one in bunch.feature_names[:10]]
    assert np.array_equal(nuclei[names], bunch.data[:, :10])
    assert list(nuclei["diagnosis"]) == list(bunch.target_names[bunch.target])


def test_the_emoji_have_the_form_of_cifar10_and_every_artist_is_credited():
    with np.load(SHARED / "emoji10" / "emoji10.npz", allow_pickle=False) as found:
        assert found["x_train"].shape == (2400, 32, 32, 3)
        assert found["x_test"].dtype == np.uint8
        pictures = table("emoji10/pictures.csv")
        labels = np.concatenate([found["y_train"], found["y_test"]])
    assert list(pictures["label"]) == labels.tolist()
    credits = (SHARED / "emoji10" / "CREDITS.txt").read_text(encoding="utf-8").lower()
    for artist in pictures["design"].str.split().str[0].unique():
        assert artist[:4] in credits


# ---- splits ----


@pytest.mark.parametrize(("name", "of"), [("iris", "species"), ("nuclei", "diagnosis")])
def test_each_part_has_its_share_of_every_class(name, of):
    rows = table(f"{name}/{name}.csv").merge(table(f"{name}/partitions.csv"), on="row")
    assert len(rows) == len(table(f"{name}/{name}.csv"))
    shares = pd.crosstab(rows["partition"], rows[of], normalize="index")
    assert (shares.max() - shares.min() < 0.05).all()


@pytest.mark.parametrize("k", [3, 5, 10])
def test_folds_are_disjoint_complete_and_stratified(k):
    parts = table("iris/partitions.csv").merge(table("iris/iris.csv"), on="row")
    fold = parts[f"fold_{k}"]
    assert (fold[parts["partition"] == "test"] == 0).all()
    counts = pd.crosstab(fold[fold > 0], parts["species"])
    assert list(counts.index) == list(range(1, k + 1))
    assert (counts.max() - counts.min() <= 1).all()


@pytest.mark.parametrize("what", ["design", ["set", "name"]])
def test_no_design_and_no_picture_of_an_emoji_stands_in_two_parts(what):
    assert (table("emoji10/pictures.csv").groupby(what)["part"].nunique() == 1).all()


def test_the_cells_are_named_as_published_and_infected_people_have_cells_of_both_kinds():
    names = [one for one in (SHARED / "cells" / "images").rglob("*.png") if one.name[0] != "."]
    person = pd.Series([one.name.split("_")[0].split("ThinF")[0] for one in names])
    label = pd.Series([one.parent.name for one in names])
    assert set(label) == {"Parasitized", "Uninfected"}
    infected = set(person[label == "Parasitized"])
    assert set(person[label == "Uninfected"]) > infected
    assert (label == "Parasitized").mean() == 0.5


def test_no_two_sequences_of_dna_of_different_parts_are_alike():
    dna = table("splice/splice.csv")
    assert dna["sequence"].is_unique
    assert set(dna["sequence"].str.len()) == {60}
    shares = pd.crosstab(dna["partition"], dna["class"], normalize="index")
    assert (shares.max() - shares.min() < 0.06).all()
    parts = {}
    for row, (part, one) in enumerate(zip(dna["partition"], dna["sequence"], strict=True)):
        for start in range(60 - 16 + 1):
            # Within the training set alone may two sequences share sixteen letters.
            owner = "train" if part == "train" else row
            assert parts.setdefault(one[start : start + 16], owner) == owner, one


def test_no_review_stands_in_both_parts():
    """What is left of two different texts may be alike only where few words are known."""
    with np.load(SHARED / "reviews" / "reviews.npz", allow_pickle=False) as found:
        train, test = (
            np.split(found[f"{part}_tokens"], found[f"{part}_offsets"][1:-1])
            for part in ("train", "test")
        )
    known = {one.tobytes() for one in train}
    assert all((one > 2).sum() < 5 for one in test if one.tobytes() in known)


def test_no_text_of_a_review_stands_twice_and_every_partition_has_both_labels():
    reviews = table("reviews/reviews.csv")
    assert reviews["text"].str.lower().is_unique
    assert len(reviews.groupby(["partition", "label"])) == 6
    assert (reviews["text"].str.split().str.len() >= 4).all()


def test_no_two_peptides_of_different_parts_are_alike():
    parts = {"train": [], "tuning": [], "test": []}
    for kind in ("AMP", "DECOY"):
        rows = (SHARED / "peptides" / f"{kind}.train.txt").read_text().split()
        fifth = len(rows) // 5
        cut = {"train": rows[: -2 * fifth], "tuning": rows[-2 * fifth : -fifth]}
        for part, some in (cut | {"test": rows[-fifth:]}).items():
            parts[part] += some
    rng = np.random.default_rng(1)
    for part in ("tuning", "test"):
        for one in rng.choice(parts[part], 60, replace=False):
            for other in parts["train"]:
                allowed = 0.3 * min(len(one), len(other))
                assert Levenshtein.distance(one, other) > allowed, (one, other)


def test_amino_acids_are_twenty_with_known_hydropathy():
    acids = table("aminoacids/aminoacids.csv")
    assert len(acids) == 20
    hydropathy = acids.set_index("letter")["hydropathy"]
    assert (hydropathy["I"], hydropathy["R"]) == (4.5, -4.5)  # Kyte and Doolittle, 1982
