"""Exercise 12: its data sets, what it measures maps by, and the map that takes new cells."""

import contextlib
import io
import re
import sys

import numpy as np
import pandas as pd
import pytest
from helpers import names_of
from scipy.spatial.distance import cdist
from sklearn.manifold import TSNE
from sklearn.neighbors import KNeighborsClassifier

from deeptwins import record
from deeptwins.paths import LANGUAGES, SHARED

GROUPS = {"B", "CD34+", "CD4 T", "CD8 T", "NK", "dendritic", "monocyte"}


@pytest.fixture(scope="module")
def cells():
    return pd.read_csv(SHARED / "pbmc" / "cells.csv")


@pytest.fixture(scope="module")
def rolls():
    return pd.read_csv(SHARED / "rolls" / "rolls.csv")


@pytest.fixture(scope="module")
def twin():
    """What the Python twin defines before its first map by t-SNE, and its triplets."""
    with contextlib.redirect_stdout(io.StringIO()):
        return names_of(
            "12_maps", ["head", "constants", "load", "pca", "measures", "triplets", "model"]
        )


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


# ---- measures ----


def test_each_point_has_as_many_near_points_as_the_perplexity_says(twin):
    x = np.random.default_rng(1).normal(size=(40, 3))
    affinity = twin.affinities(x, 7)
    assert np.allclose(affinity, affinity.T)
    assert affinity.sum() == pytest.approx(1)
    assert (np.diag(affinity) == 0).all()
    # By the definition, for one point: weigh by a Gaussian until the perplexity is met.
    squares = np.delete(cdist(x, x[:1], "sqeuclidean").ravel(), 0)
    fits = []
    for precision in np.geomspace(1e-3, 1e3, 200_001)[::20]:
        p = np.exp(-precision * squares)
        p /= p.sum()
        fits.append((abs(2 ** -(p * np.log2(p, where=p > 0, out=0 * p)).sum() - 7), precision))
    p = np.exp(-min(fits)[1] * squares)
    conditional = 2 * len(x) * affinity[0, 1:] - p / p.sum()  # what the others feel for point 0
    assert (conditional > 0).all()
    assert 2 * len(x) * affinity[0].sum() == pytest.approx(1 + conditional.sum(), rel=1e-6)


def test_the_divergence_is_that_of_scikit_learn(twin):
    x = np.random.default_rng(2).normal(size=(60, 4))
    exact = TSNE(method="exact", perplexity=10, max_iter=1500, random_state=1)
    found = exact.fit_transform(x)
    ours = twin.kl(twin.affinities(x, 10), found.astype(float))
    assert ours == pytest.approx(exact.kl_divergence_, rel=1e-3)
    worse = np.random.default_rng(3).normal(size=found.shape)
    assert twin.kl(twin.affinities(x, 10), worse) > 1.2 * ours


def test_arrangement_is_that_of_the_centres(twin):
    assert twin.arrangement(twin.scores) == pytest.approx(1)
    assert twin.arrangement(3 * twin.scores + 5) == pytest.approx(1)
    moved = twin.scores[:, :2].copy()
    moved[twin.group[twin.is_train] == "B"] += 100
    assert twin.arrangement(moved) < 0.7


def test_components_are_the_eigenvectors_of_the_covariance(twin):
    x = twin.x["cells"] - twin.x["cells"].mean(axis=0)
    value, vector = np.linalg.eigh(np.cov(x.T))
    value, vector = value[::-1][: twin.COMPONENTS], vector[:, ::-1][:, : twin.COMPONENTS]
    assert np.allclose(twin.pca.explained_variance_, value, rtol=1e-8)
    cosine = (twin.pca.components_ * vector.T).sum(axis=1)
    assert np.allclose(abs(cosine), 1, atol=1e-8)
    assert np.allclose(abs(twin.scores), abs(x @ vector), atol=1e-8)
    largest = abs(twin.pca.components_).argmax(axis=1)
    assert (twin.pca.components_[range(twin.COMPONENTS), largest] > 0).all()


# ---- triplets ----


@pytest.mark.parametrize("name", ["single", "double", "cells"])
def test_triplets_hold_a_neighbour_and_a_stranger(twin, name):
    x = twin.scores if name == "cells" else twin.x[name]
    found = twin.triples[name]
    assert found.shape == (len(x) * twin.ROUNDS, 3)
    assert (np.bincount(found[:, 0]) == twin.ROUNDS).all()
    apart = cdist(x, x)
    kth = np.sort(apart, axis=1)[:, twin.NEIGHBOURS]  # the point itself stands first
    anchor, near, far = found.T
    assert (anchor != near).all()
    assert (anchor != far).all()
    assert (apart[anchor, near] <= kth[anchor]).all()
    assert (apart[anchor, far] >= kth[anchor]).all()
    assert (apart[anchor, far] >= apart[anchor, near]).all()
    # Every neighbour is used, and strangers come from all over.
    assert len(np.unique(found[:, :2], axis=0)) == len(x) * twin.NEIGHBOURS
    assert len(np.unique(far)) > 0.95 * len(x)


def test_the_loss_is_the_triplet_loss(twin):
    """Hinge of the gap between two distances: max(0, 1 + near - far)."""
    encoder, model = twin.siamese(3)
    triple = np.random.default_rng(4).normal(size=(3, 50, 3)).astype("float32")
    here, near, far = (encoder.predict(one, verbose=0) for one in triple)
    to_near = np.linalg.norm(here - near, axis=1)
    to_far = np.linalg.norm(here - far, axis=1)
    expected = np.maximum(0, 1 + to_near - to_far).mean()
    found = model.evaluate(list(triple), np.ones(50), verbose=0)
    assert found == pytest.approx(expected, rel=1e-4)


# ---- the run ----


def of_run(folder, exercise, language, monkeypatch):
    monkeypatch.setenv("DEEPTWINS_RESULTS", str(folder))
    return record.read(exercise, language)


@pytest.mark.parametrize("language", LANGUAGES)
def test_saved_encoder_places_the_new_cells_it_never_saw(
    request, fresh_run, twin, language, monkeypatch
):
    import keras

    if language == "r":
        request.getfixturevalue("r")
    folder, _ = fresh_run
    encoder = keras.models.load_model(folder / language / "12_maps.keras")
    known, new = (
        encoder.predict(twin.genes[rows], verbose=0) for rows in (twin.is_train, twin.is_new)
    )
    assert new.shape == (175, 2)
    assert np.isfinite(new).all()
    assert not (twin.is_train & twin.is_new).any()
    voters = KNeighborsClassifier(twin.VOTERS).fit(known, twin.group[twin.is_train])
    right = voters.score(new, twin.group[twin.is_new])
    found = of_run(folder, "12_maps", language, monkeypatch)["metrics"]
    assert found["accuracy_new_siamese"] == pytest.approx(right, abs=1e-12)
    commonest = pd.Series(twin.group[twin.is_new]).value_counts(normalize=True).max()
    assert right > commonest + 0.2


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_lessons_hold(request, fresh_run, language, monkeypatch):
    if language == "r":
        request.getfixturevalue("r")
    folder, _ = fresh_run
    found = of_run(folder, "12_maps", language, monkeypatch)
    exact, drawn = found["metrics"], found["independent"]
    # Neither width nor distance of clusters can be read from t-SNE.
    assert exact["times_wide_data"] > 5
    assert exact["times_far_data"] > 5
    assert drawn["times_wide_tsne"] < 2
    assert drawn["times_far_tsne"] < 2
    # Barnes-Hut is as good as exact t-SNE; the perplexity matters more.
    assert abs(drawn["kl_barnes_hut"] - drawn["kl_exact"]) < 0.05
    assert drawn["trustworthiness_exact"] > exact["trustworthiness_pca"]
    # PCA sees the roll from above and unrolls nothing.
    assert exact["unrolled_single_pca"] < 0.5


# ---- without umap-learn ----


def test_the_twin_starts_without_umap(monkeypatch):
    monkeypatch.setitem(sys.modules, "umap", None)
    assert names_of("12_maps", ["head"]).umap is None


def test_without_umap_its_results_are_undefined_and_the_rest_is_there(twin, capsys):
    zeros = {"trustworthiness": 0.0, "silhouette": 0.0, "arrangement": 0.0}
    given = vars(twin) | {
        "umap": None,
        "independent": {},
        "judge": lambda found: zeros,
        "tsne": lambda x, start, **options: x[:, :2],
        "maps_siamese": {name: x[:, :2] for name, x in twin.x.items()},
        "metrics": {},
    }
    given.pop("__builtins__", None)
    given.pop("__name__", None)
    after = names_of("12_maps", ["umap", "rolls"], **given)
    assert re.search(r"umap-learn is not installed.*left out", capsys.readouterr().out)
    left_out = {name for name, value in after.independent.items() if value is None}
    assert left_out == {name for name in after.independent if "umap" in name}
    assert len(left_out) == 10
    assert after.independent["unrolled_double_t_sne_10"] is not None
    assert after.metrics["unrolled_double_siamese"] is not None
