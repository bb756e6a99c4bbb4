"""The peptides of 10 and 11: none alike, none told apart by its length; and their twins."""

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import sklearn.metrics as sk
from helpers import names_of

from deeptwins import bands, read_peptides, record
from deeptwins.messages import AMINO_ACIDS, message
from deeptwins.paths import LANGUAGES, ROOT, SHARED

FOLDER = SHARED / "peptides"
KINDS = ("AMP", "DECOY")
PARTS = ("train", "tuning", "test")
IDS = ("10_cnn_lstm_peptides", "11_amp_challenge")
SIMILAR = 0.7


def edits_into(query, other):
    """Least number of edits that make the query a stretch of the other, by the definition."""
    row = [0] * (len(other) + 1)
    for number, letter in enumerate(query, start=1):
        above, row = row, [number]
        for place, there in enumerate(other, start=1):
            row.append(min(above[place - 1] + (letter != there), above[place] + 1, row[-1] + 1))
    return min(row)


def edits_of_all(queries, others):
    """The same for each query, all of one length, and each other: a matrix."""
    letters = np.array([list(one.encode()) for one in queries], dtype="int16")
    table = np.zeros((len(others), max(map(len, others))), dtype="int16")
    for row, other in zip(table, others, strict=True):
        row[: len(other)] = list(other.encode())  # what is filled up is like no letter
    above = np.zeros((table.shape[1] + 1, len(queries), len(others)), dtype="uint8")
    for number in range(1, letters.shape[1] + 1):
        differs = letters[:, number - 1, None, None] != table[None]
        row = np.empty_like(above)
        row[0] = number
        for place in range(1, len(row)):
            gap = np.minimum(above[place], row[place - 1]) + 1
            row[place] = np.minimum(above[place - 1] + differs[:, :, place - 1], gap)
        above = row
    return above.min(axis=0)


def alike(some, others, similar=SIMILAR):
    """The pairs (one of some, one of others) that are as similar as that or more."""
    found = set()
    for length in {len(one) for one in [*some, *others]}:
        enough = (1 - similar) * length + 1e-9
        for turned, shorter, longer in ((False, some, others), (True, others, some)):
            queries = [one for one in shorter if len(one) == length]
            for low, high in ((0, 50), (50, 100), (100, 200)):
                among = [one for one in longer if low < len(one) <= high and len(one) >= length]
                if queries and among:
                    near = np.argwhere(edits_of_all(queries, among) <= enough)
                    pairs = {(queries[i], among[j]) for i, j in near}
                    found |= {pair[::-1] for pair in pairs} if turned else pairs
    return found


def parts_of(folder):
    """Sequences and kinds of each part, by the rule that the chapter states."""
    parts = {part: [] for part in PARTS}
    for kind in KINDS:
        rows = read_peptides(folder / f"{kind}.train.txt")
        fifth = len(rows) // 5
        for number, sequence in enumerate(rows):
            place = len(rows) - number
            part = "test" if place <= fifth else "tuning" if place <= 2 * fifth else "train"
            parts[part].append((sequence, kind))
    return parts


@pytest.fixture(scope="module")
def parts():
    return parts_of(FOLDER)


@pytest.fixture(scope="module")
def make():
    sys.path.insert(0, str(SHARED / "make"))
    spec = importlib.util.spec_from_file_location("peptides", SHARED / "make" / "peptides.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    yield module
    sys.path.pop(0)


# ---- the data set ----


def test_the_lists_are_what_the_card_says(parts):
    everything = [one for part in parts.values() for one in part]
    kinds = [kind for _, kind in everything]
    sequences = [sequence for sequence, _ in everything]
    assert kinds.count("AMP") == kinds.count("DECOY")
    assert len(set(sequences)) == len(sequences)
    assert all(10 <= len(one) <= 50 for one in sequences)
    assert set("".join(sequences)) == set(AMINO_ACIDS[1:])
    for part, share in (("train", 0.6), ("tuning", 0.2), ("test", 0.2)):
        assert len(parts[part]) == pytest.approx(share * len(everything))
    card = json.loads((FOLDER / "card.json").read_text("utf-8"))
    assert f"{kinds.count('AMP')} AMPs" in card["made"]
    assert "Redistribution" in (FOLDER / "LICENSE.txt").read_text("utf-8")


def test_the_length_tells_nothing_in_any_part(parts):
    for part in parts.values():
        sizes = {kind: sorted(len(s) for s, k in part if k == kind) for kind in KINDS}
        assert sizes["AMP"] == sizes["DECOY"]


def test_a_leading_m_tells_next_to_nothing(parts):
    rows = [one for part in parts.values() for one in part]
    share = {k: np.mean([s.startswith("M") for s, kind in rows if kind == k]) for k in KINDS}
    assert abs(share["AMP"] - share["DECOY"]) < 0.05


def test_no_two_peptides_of_different_parts_are_alike(parts):
    sequences = {part: [sequence for sequence, _ in parts[part]] for part in parts}
    assert not alike(sequences["test"], sequences["train"] + sequences["tuning"])
    assert not alike(sequences["tuning"], sequences["train"])


def test_the_search_for_alike_peptides_finds_what_all_pairs_give(parts):
    sequences = [sequence for part in PARTS for sequence, _ in parts[part][:40]]
    changed = [one[:4] + "W" + one[5:] for one in sequences[:20]] + [
        one[2:] for one in sequences[:20]
    ]
    expected = {
        (one, other)
        for one in changed
        for other in sequences
        if edits_into(*sorted((one, other), key=len))
        <= (1 - SIMILAR) * min(len(one), len(other)) + 1e-9
    }
    assert len(expected) >= len(changed)
    assert alike(changed, sequences) == expected


def test_the_maker_measures_similarity_as_defined(make, parts):
    sequences = [sequence for sequence, _ in parts["test"][::20]] + ["ACDEFGHIKL", "ACDFFGHIKLMM"]
    table = make.codes(sequences)
    for query in sequences:
        found = make.similarity(query, table)
        expected = [1 - edits_into(query, other) / len(query) for other in sequences]
        assert found == pytest.approx(expected, abs=1e-12)


def test_the_maker_keeps_one_of_those_that_are_alike(make):
    like = np.array([[1, 1, 0], [1, 1, 1], [0, 1, 1]], dtype=bool)
    assert make.thinned(np.array([0, 1, 2]), like) == [0, 2]
    assert make.thinned(np.array([1, 0, 2]), like) == [1]


# ---- functions of the twins ----


@pytest.fixture(scope="module")
def twin():
    return names_of(IDS[0], ["head", "constants", "load", "encode"])


def test_the_twin_splits_by_the_stated_rule(twin, parts):
    for part in PARTS:
        assert twin.peptides[part] == [sequence for sequence, _ in parts[part]]
        assert twin.label[part].tolist() == [int(kind == "AMP") for _, kind in parts[part]]
    assert {k: len(v) for k, v in twin.split(list(range(713))).items()} == {
        "train": 429,
        "tuning": 142,
        "test": 142,
    }


def test_padding_stands_in_front_and_x_is_zero(twin):
    row = twin.encode(["ACX"])[0]
    assert row.tolist() == [0] * (twin.LENGTH - 3) + [1, 2, 0]
    cut = twin.encode(["A" * 3 + "C" * twin.LENGTH])[0]
    assert cut.tolist() == [2] * twin.LENGTH


def test_composition_is_a_share_of_each_amino_acid():
    names = names_of(IDS[0], ["head", "constants", "baseline"], **_stand_ins())
    found = names.composition(["AAC", "YYYY"])
    assert found.shape == (2, 20)
    assert found[0, :2] == pytest.approx([2 / 3, 1 / 3])
    assert found[1, 19] == 1
    assert found.sum(axis=1) == pytest.approx([1, 1])


def _stand_ins():
    """What the section on the baseline needs from those before it."""
    words = {"train": ["AC", "CA", "WW", "WY"], "test": ["AA", "YY"]}
    label = {"train": np.array([1, 1, 0, 0]), "test": np.array([1, 0])}
    return {"peptides": words, "label": label, "judge": lambda *_: {}, "cnn_lstm": {}}


def test_judge_agrees_with_scikit_learn():
    names = names_of(
        IDS[0],
        ["head", "constants", "judge"],
        model=type("Model", (), {"predict": lambda *_, **__: np.array([[0.5], [0.4]])})(),
        x={"test": None},
        label={"test": np.array([1, 0])},
    )
    rng = np.random.default_rng(1)
    label, score = rng.integers(0, 2, 200), rng.integers(0, 20, 200) / 20
    found, predicted = names.judge(label, score), score >= 0.5
    assert found["sensitivity"] == sk.recall_score(label, predicted)
    assert found["specificity"] == sk.recall_score(label, predicted, pos_label=0)
    assert found["precision"] == sk.precision_score(label, predicted)
    assert found["accuracy"] == sk.accuracy_score(label, predicted)
    assert found["mcc"] == pytest.approx(np.corrcoef(label, predicted)[0, 1])
    high, low = score[label == 1], score[label == 0]
    pairs = np.sign(high[:, None] - low[None, :])
    assert found["auc"] == pytest.approx((pairs.mean() + 1) / 2)


# ---- the runs ----


@pytest.fixture(scope="module")
def ran(fresh_run):
    """Let record.read() look at the fresh run."""
    folder, _ = fresh_run
    before = os.environ.get("DEEPTWINS_RESULTS")
    os.environ["DEEPTWINS_RESULTS"] = str(folder)
    yield folder
    if before is None:
        del os.environ["DEEPTWINS_RESULTS"]
    else:
        os.environ["DEEPTWINS_RESULTS"] = before


def test_depth_buys_what_the_chapter_says():
    """Over all seeds of the band: above the composition, and above the shortcuts."""
    metrics = bands.read(IDS[0], "mini")["metrics"]
    names = ("auc", "auc_composition", "auc_first", "auc_backwards")
    for deep, plain, first, back in zip(*(metrics[n]["values"] for n in names), strict=True):
        assert deep > plain > first
        assert deep > back
    assert set(metrics["auc_length"]["values"]) == {0.5}
    assert set(metrics["reloaded_same"]["values"]) == {1.0}


@pytest.mark.parametrize(
    ("exercise", "variant", "worse"),
    [(IDS[0], "mini", 1), (IDS[1], "mini", 0), (IDS[1], "full", 0)],
)
def test_the_solution_is_better_with_all_or_nearly_all_seeds(exercise, variant, worse):
    """Not so for 10 on the original lists, as its chapter says."""
    pairs = zip(
        *(
            bands.read(one, variant)["metrics"]["auc"]["values"]
            for one in (exercise, f"solutions/{exercise}")
        ),
        strict=True,
    )
    assert sum(solved <= missed for missed, solved in pairs) == worse


@pytest.mark.parametrize(
    "exercise", [IDS[1], pytest.param(f"solutions/{IDS[1]}", marks=pytest.mark.long)]
)
def test_predictions_name_every_peptide_of_the_test_part(request, ran, parts, exercise):
    files = []
    for language in LANGUAGES:
        if language == "r":
            request.getfixturevalue("r")
        path = ran / language / f"{exercise}-predictions.csv"
        files.append(path.read_bytes())
        table = pd.read_csv(path)
        assert list(table) == ["id", "score"]
        assert table["score"].between(0, 1).all()
        lists = {k: read_peptides(FOLDER / f"{k}.train.txt") for k in KINDS}
        named = [tuple(one.split("-")) for one in table["id"]]
        sequences = [(lists[kind][int(number) - 1], kind) for kind, number in named]
        assert sequences == parts["test"]
        label = [int(kind == "AMP") for kind, _ in named]
        auc = record.read(exercise, language)["metrics"]["auc"]
        assert sk.roc_auc_score(label, table["score"]) == pytest.approx(auc, abs=1e-3)
    assert files[0] == files[1]


# ---- data from elsewhere ----


@pytest.mark.long
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    ("content", "key"), [("ACDEF\nACB1\n", "letter"), ("", "empty"), (None, "missing")]
)
def test_a_bad_list_is_refused_in_both_languages(request, tmp_path, language, content, key):
    """In the full variant, where files come from elsewhere."""
    folder = tmp_path / "amp_challenge"
    folder.mkdir()
    shutil.copy(FOLDER / "AMP.train.txt", folder)
    bad = folder / "DECOY.train.txt"
    if content is not None:
        bad.write_text(content)
    if language == "r":
        request.getfixturevalue("r")
    command = [sys.executable, "-m", "deeptwins", "run", "11", "--lang", language]
    done = subprocess.run(
        [*command, "--data", "full"],
        cwd=ROOT,
        env=os.environ
        | {"DEEPTWINS_DATA": str(tmp_path), "DEEPTWINS_RESULTS": str(tmp_path / "results")},
        capture_output=True,
        text=True,
    )
    assert done.returncode
    wanted = message(key, path=bad, line=2, letter="B", letters=AMINO_ACIDS, remedy="")
    output = "".join((done.stdout + done.stderr).split())
    assert "".join(wanted.split()).removesuffix(".") in output


def test_how_many_near_neighbours_the_original_has_across_the_split():
    """The number that the chapter gives for the sample that the course was tried with."""
    folder = Path(os.environ.get("DEEPTWINS_DATA", "nowhere")) / "amp_challenge"
    if not folder.is_dir():
        pytest.skip("DEEPTWINS_DATA is not set, or has no amp_challenge")
    parts = parts_of(folder)
    sequences = {part: [sequence for sequence, _ in parts[part]] for part in parts}
    pairs = alike(sequences["test"], sequences["train"] + sequences["tuning"])
    chapter = (ROOT / "book" / f"{IDS[0]}.qmd").read_text("utf-8")
    near = {one for one, _ in pairs}
    assert f"{len(near)} of the {len(sequences['test'])} test peptides" in chapter
