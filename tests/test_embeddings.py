"""Exercise 13: the table of amino acids, and what the vectors know."""

import json

import numpy as np
import pandas as pd
import pytest

from deeptwins import bands
from deeptwins.paths import SHARED

TABLE = pd.read_csv(SHARED / "aminoacids" / "aminoacids.csv").set_index("letter")

PERKINS = [
    88.3, 108.1, 110.6, 137.8, 189.2, 59.9, 152.5, 166.1, 167.9, 166.1,
    162.3, 117.3, 122.2, 143.3, 172.7, 88.6, 115.7, 139.4, 226.9, 192.9,
]  # fmt: skip


def test_the_table_has_the_twenty_amino_acids_in_nine_groups():
    assert "".join(TABLE.index) == "ACDEFGHIKLMNPQRSTVWY"
    assert TABLE["group"].nunique() == 9
    assert set(TABLE["kind"]) == {"hydrophobic", "polar", "positive", "negative"}


def test_charges_fit_the_kinds():
    assert (TABLE.loc[TABLE["kind"] == "positive", "charge"] > 0).all()
    assert (TABLE.loc[TABLE["kind"] == "negative", "charge"] == -1).all()
    neutral = TABLE["kind"].isin(["hydrophobic", "polar"])
    assert (TABLE.loc[neutral, "charge"] == 0).all()
    # Histidine by Henderson and Hasselbalch, with pKa 6.
    assert TABLE.loc["H", "charge"] == round(1 / (1 + 10 ** (7 - 6.0)), 1)


def test_hydropathy_is_that_of_kyte_and_doolittle():
    """The scale's sum, ends and order, as published."""
    hydropathy = TABLE["hydropathy"]
    order = "".join(hydropathy.sort_values(ascending=False, kind="stable").index)
    assert order == "IVLFCMAGTSWYPHDENQKR"
    assert (hydropathy["I"], hydropathy["R"]) == (4.5, -4.5)
    assert hydropathy.sum() == pytest.approx(-9.8)


def test_volume_grows_with_the_side_chain():
    volume = TABLE["volume"]
    for small, large in ("GA", "AV", "VI", "DE", "NQ", "ST", "FY", "FW", "DN"):
        assert volume[small] < volume[large]
    assert volume["I"] == volume["L"]


def test_volumes_are_those_that_perkins_quotes_from_zamyatnin():
    """By the table of six sets of volumes in Perkins (1986), which has this one times 0.996."""
    quoted = dict(zip("ACDEFGHIKLMNPQRSTVWY", PERKINS, strict=True))
    for letter, volume in quoted.items():
        assert TABLE.loc[letter, "volume"] * 0.996 == pytest.approx(volume, abs=0.15), letter


def read(folder, name, language="python"):
    return json.loads((folder / language / f"{name}.json").read_text(encoding="utf-8"))


def test_the_vectors_are_those_of_chapters_9_and_10(fresh_run):
    """Same layers, seed and data: the networks are equal bit by bit."""
    here = read(fresh_run[0], "13_embeddings")["networks"]
    for name, exercise in (("letters", "10_cnn_lstm_peptides"), ("words", "09_lstm_reviews")):
        (there,) = read(fresh_run[0], exercise)["networks"].values()
        assert here[name]["initial"] == there["initial"]
        assert here[name]["final"] == there["final"]


def over_seeds(metric):
    return np.array(bands.read("13_embeddings", "mini")["metrics"][metric]["values"])


def test_training_teaches_the_task_and_little_chemistry():
    assert (over_seeds("pc1_amp_trained") > over_seeds("pc1_charge_trained")).all()
    assert (over_seeds("pc1_amp_trained") > 0.7).all()
    assert over_seeds("rho").mean() > over_seeds("rho_untrained").mean() + 0.1
    assert (over_seeds("rho") < 0.6).all()


def test_no_vectors_fall_into_the_groups_of_the_textbook():
    """A silhouette below 0: the letters are, on average, nearer to another group than their own."""
    assert (over_seeds("silhouette") < 0).all()
    assert (over_seeds("silhouette_untrained") < 0).all()


def test_word_vectors_follow_sentiment_only_after_training():
    for name in ("follows", "same_sign"):
        trained, untrained = (
            over_seeds(f"words_{name}_{when}") for when in ("trained", "untrained")
        )
        assert (trained > untrained + 0.1).all()


def test_the_solution_beats_the_plain_twin_for_every_seed():
    solved = bands.read("solutions/13_embeddings", "mini")["metrics"]["rho"]["values"]
    assert (np.array(solved) > over_seeds("rho") + 0.2).all()
