"""The shared data: true to its source, whole, and split as it says."""

import importlib.util
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_iris

from deeptwins import datasets
from deeptwins.paths import SHARED

CARDS = sorted(SHARED.glob("*/card.json"))


@pytest.fixture(scope="module")
def iris():
    return pd.read_csv(SHARED / "iris" / "iris.csv").merge(
        pd.read_csv(SHARED / "iris" / "partitions.csv"), on="row"
    )


def test_iris_is_the_data_of_scikit_learn(iris):
    bunch = load_iris()
    assert np.array_equal(iris.iloc[:, 1:5], bunch.data)
    assert list(iris["species"]) == list(bunch.target_names[bunch.target])


def test_iris_is_the_data_of_r(iris, r):
    assert np.array_equal(iris.iloc[:, 1:5], r("unname(as.matrix(datasets::iris[1:4]))"))
    assert list(iris["species"]) == r("as.character(datasets::iris$Species)")


def test_partition_is_stratified(iris):
    counts = pd.crosstab(iris["partition"], iris["species"])
    assert counts.loc["train"].tolist() == [30, 30, 30]
    assert counts.loc["tuning"].tolist() == [10, 10, 10]
    assert counts.loc["test"].tolist() == [10, 10, 10]


@pytest.mark.parametrize("k", [3, 5, 10])
def test_folds_are_disjoint_complete_and_stratified(iris, k):
    fold = iris[f"fold_{k}"]
    assert (fold[iris["partition"] == "test"] == 0).all()
    rest = iris[iris["partition"] != "test"]
    assert sorted(rest[f"fold_{k}"].unique()) == list(range(1, k + 1))
    counts = pd.crosstab(rest[f"fold_{k}"], rest["species"])
    assert (counts.max() - counts.min() <= 1).all()
    sizes = counts.sum(axis=1)
    assert sizes.max() - sizes.min() <= 1


def test_shuffled_species_are_the_same_species_in_another_order(iris):
    assert sorted(iris["shuffled_species"]) == sorted(iris["species"])
    assert (iris["shuffled_species"] == iris["species"]).mean() < 0.5


def test_noise_is_noise():
    noise = pd.read_csv(SHARED / "iris" / "noise.csv").drop(columns="row").to_numpy()
    assert noise.shape == (150, 100)
    # Mean and variance of 15,000 standard normals lie within five standard errors.
    assert abs(noise.mean()) < 5 / np.sqrt(noise.size)
    assert abs(noise.var() - 1) < 5 * np.sqrt(2 / noise.size)


@pytest.mark.parametrize("path", CARDS, ids=lambda path: path.parent.name)
def test_a_card_describes_every_file_of_its_set(path):
    card = json.loads(path.read_text(encoding="utf-8"))
    for field in ("name", "title", "origin", "licence", "made", "made_by"):
        assert card[field], field
    assert card["name"] == path.parent.name
    assert (SHARED.parent / card["made_by"]).is_file()
    assert set(card["files"]) == {one.name for one in path.parent.iterdir()} - {"card.json"}
    for name, entry in card["files"].items():
        assert entry["sha256"] == datasets.digest_of(path.parent / name)
        assert entry["bytes"] > 0
        kind = {".csv": "shape", ".npz": "arrays", ".txt": "lines", "": "files"}
        assert entry.get(kind.get(Path(name).suffix, "bytes"))


def test_all_sets_together_are_small():
    assert sum(one.stat().st_size for one in SHARED.rglob("*") if one.is_file()) < 15e6


def test_the_overview_is_made_from_the_cards():
    source = SHARED / "make" / "cards.py"
    spec = importlib.util.spec_from_file_location("cards", source)
    cards = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(cards)
    assert (SHARED / "README.md").read_text(encoding="utf-8") == cards.overview()
