"""Exercise 14: its data, and the same results from any number of workers."""

import numpy as np
import pandas as pd
import pytest

from deeptwins.paths import LANGUAGES, SHARED
from deeptwins.runs import record, runner


def test_the_configurations_are_within_what_the_card_says():
    drawn = pd.read_csv(SHARED / "search" / "configurations.csv")
    assert drawn["configuration"].tolist() == list(range(1, 25))
    assert drawn["learning_rate"].between(10**-3.5, 0.1).all()
    assert drawn["units"].between(4, 128).all()
    assert drawn["dropout"].between(0, 0.6).all()


def test_every_fold_has_its_share_of_malignant_tumours():
    folds = pd.read_csv(SHARED / "search" / "folds.csv").merge(
        pd.read_csv(SHARED / "nuclei" / "nuclei.csv"), on="row"
    )
    assert folds["fold"].value_counts().to_dict() == {0: 219} | dict.fromkeys(range(1, 6), 70)
    share = (folds["diagnosis"] == "malignant").groupby(folds["fold"]).mean()
    assert np.allclose(share, 0.373, atol=0.02)


@pytest.mark.long
@pytest.mark.keras
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_number_of_workers_changes_nothing(results, language):
    found = []
    for workers in (1, 2):
        values = {"WORKERS": workers, "CONFIGURATIONS": 2, "EPOCHS": 2}
        outcome = runner.run_twin("18_search", language, runner.Settings(values=values))
        assert outcome.ok, outcome.last_lines
        found.append(record.read("18_search", language)["results"])
    assert found[0] == found[1]
