"""Exercise 12: its data sets, and the lessons of its chapter."""

import numpy as np
import pandas as pd
import pytest
from scipy.spatial.distance import cdist

from deeptwins.paths import LANGUAGES, SHARED
from deeptwins.runs import record

GROUPS = {"B", "CD34+", "CD4 T", "CD8 T", "NK", "dendritic", "monocyte"}


@pytest.fixture(scope="module")
def cells():
    return pd.read_csv(SHARED / "pbmc" / "cells.csv")


@pytest.fixture(scope="module")
def rolls():
    return pd.read_csv(SHARED / "rolls" / "rolls.csv")


# ---- the data sets ----


def test_cells_have_types_groups_and_parts(cells):
    assert len(cells) == 700
    assert cells["cell"].is_unique
    assert set(cells["group"]) == GROUPS
    assert cells.groupby("type")["group"].nunique().eq(1).all()
    shares = cells["partition"].value_counts(normalize=True)
    assert shares.to_dict() == pytest.approx({"train": 0.60, "new": 0.25, "tuning": 0.15})
    by_group = pd.crosstab(cells["group"], cells["partition"], normalize="index")
    assert (abs(by_group["train"] - 0.60) < 0.14).all()
    assert (pd.crosstab(cells["group"], cells["partition"]) > 1).all(axis=None)


def test_no_cell_stands_twice(cells):
    genes = cells.drop(columns=["cell", "partition", "type", "group"])
    assert genes.shape[1] == 100
    assert genes.min(axis=None) == 0
    assert genes.max(axis=None) < 8  # logarithms, not counts
    assert not genes.duplicated().any()


@pytest.mark.parametrize(
    ("group", "gene"),
    [("B", "CD79A"), ("monocyte", "S100A9"), ("NK", "GNLY"), ("CD4 T", "CD3D"), ("CD8 T", "CD3D")],
)
def test_groups_express_what_they_are_known_for(cells, group, gene):
    mean = cells.groupby("group")[gene].mean()
    assert mean[group] > 1.5 * cells[gene].mean()


def test_rolls_are_rolled_up_paper(rolls):
    """The radius is the angle, and the way along the spiral is the place on the paper."""
    for (_, sheet), part in rolls.groupby(["roll", "sheet"]):
        part = part.sort_values("along")
        radius = np.hypot(part["x"], part["y"])
        angle = np.arctan2(part["y"], part["x"]) - (sheet - 1) * np.pi
        assert np.allclose(np.cos(angle), np.cos(radius), atol=2e-3)
        assert np.allclose(np.sin(angle), np.sin(radius), atol=2e-3)

        def length(r):
            return (r * np.sqrt(1 + r**2) + np.arcsinh(r)) / 2

        assert np.allclose(part["along"], length(radius) - length(1.5 * np.pi), atol=0.02)
        assert np.array_equal(part["across"], part["z"])


def test_the_sheets_of_the_double_roll_do_not_touch(rolls):
    double = rolls[rolls["roll"] == "double"]
    one, other = (part[["x", "y", "z"]] for _, part in double.groupby("sheet"))
    assert len(one) == len(other) == 250
    assert cdist(one, other).min() > 2.5


def test_clusters_are_as_wide_and_as_far_as_the_card_says():
    clusters = pd.read_csv(SHARED / "rolls" / "clusters.csv").groupby("cluster")
    assert clusters.std().mean(axis=1).to_dict() == pytest.approx(
        {"small left": 1, "small right": 1, "wide": 6}, rel=0.15
    )
    place = clusters.mean()["feature_1"]
    assert place["small right"] - place["small left"] == pytest.approx(8, abs=0.8)
    assert place["wide"] - place["small left"] == pytest.approx(50, abs=3)


# ---- the run ----


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_lessons_hold(ran, language):
    found = record.read("15_maps", language)["results"]
    # Neither width nor distance of clusters can be read from t-SNE.
    assert min(found["times_wide_data"], found["times_far_data"]) > 5
    assert max(found["times_wide_tsne"], found["times_far_tsne"]) < 2
    # Barnes-Hut is as good as exact t-SNE; the perplexity matters more.
    assert abs(found["kl_barnes_hut"] - found["kl_exact"]) < 0.05
    assert found["trustworthiness_exact"] > found["trustworthiness_pca"]
    # PCA sees the roll from above and unrolls nothing.
    assert found["unrolled_single_pca"] < 0.5
