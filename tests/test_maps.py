"""Chapter 15: its data sets, and the lessons of its page."""

import numpy as np
import pandas as pd
import pytest

from deeptwins.paths import LANGUAGES, SHARED
from deeptwins.proof import bands
from deeptwins.runs import record

GROUPS = {"B", "CD34+", "CD4 T", "CD8 T", "NK", "dendritic", "monocyte"}


@pytest.fixture(scope="module")
def cells():
    return pd.read_csv(SHARED / "pbmc" / "cells.csv")


# ---- the data sets ----


def test_cells_have_types_groups_and_parts(cells):
    assert len(cells) == 700
    assert cells["cell"].is_unique
    assert set(cells["group"]) == GROUPS
    assert list(cells.columns[:4]) == ["cell", "partition", "type", "group"]
    assert cells.groupby("type")["group"].nunique().eq(1).all()
    shares = cells["partition"].value_counts(normalize=True)
    assert shares.to_dict() == pytest.approx({"train": 0.60, "new": 0.25, "tuning": 0.15})
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


def test_the_roll_is_rolled_up_paper():
    """The radius is the angle, and the way along the spiral is the place on the paper."""
    roll = pd.read_csv(SHARED / "roll" / "roll.csv")
    assert not roll.duplicated().any()
    radius = np.hypot(roll["x"], roll["y"])
    assert np.allclose(radius * np.cos(radius), roll["x"], atol=2e-2)
    assert np.allclose(radius * np.sin(radius), roll["y"], atol=2e-2)

    def length(r):
        return (r * np.sqrt(1 + r**2) + np.arcsinh(r)) / 2

    assert np.allclose(roll["along"], length(radius) - length(1.5 * np.pi), atol=0.02)
    assert np.array_equal(roll["across"], roll["z"])
    assert roll["z"].std() > roll[["x", "y"]].std().max()  # PCA looks at it from the side


# ---- the run ----


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_lessons_hold(ran, language):
    found = record.read("15_maps", language)["results"]
    # PCA mixes the turns of the roll and tears nothing; t-SNE and UMAP do the contrary.
    assert found["mixed_pca"] > 0.3
    assert found["torn_pca"] < 0.02
    for name in ("tsne", "umap"):
        assert found[f"mixed_{name}"] < 0.1
        assert found[f"torn_{name}"] > found["torn_pca"]
    # A map is no place for naming cells, nor, on average over the seeds, for clustering.
    assert found["val_accuracy_scores"] >= found["val_accuracy_pca"]
    drawn = bands.read("15_maps", "mini")["independent"]
    mean = {name: one[language]["mean"] for name, one in drawn.items()}
    assert mean["rand_scores"] > max(mean["rand_tsne_30"], mean["rand_umap"])
