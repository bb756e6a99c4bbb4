"""The AMP challenge for a class: tables as people make them are read, and no label is told."""

import os
import random

import numpy as np
import pandas as pd
import pytest
import sklearn.metrics as sk
from helpers import deeptwins, read

from deeptwins import amp
from deeptwins.paths import SHARED

SAMPLE = SHARED / "peptides_hidden"


def peptides(number, seed):
    draw = random.Random(seed)
    return ["".join(draw.choices("ACDEFGHIKLMNPQRSTVWY", k=30)) for _ in range(number)]


@pytest.fixture(scope="module")
def hidden(tmp_path_factory):
    """A hidden set as `amp hide` makes it."""
    folder = tmp_path_factory.mktemp("hidden")
    for name, seed in [("amps", 1), ("others", 2)]:
        (folder / name).write_text("\n".join(peptides(40, seed)) + "\n", encoding="utf-8")
    amp.hide(folder / "amps", folder / "others", folder)
    return folder


@pytest.fixture(scope="module")
def truth(hidden):
    return amp.read_truth(hidden / "truth.csv")


def scores_of(truth, noise=0.3, seed=0):
    draw = np.random.default_rng(seed).normal(0, noise, len(truth))
    return np.clip(0.3 + 0.4 * truth["label"].to_numpy() + draw, 0, 1).round(6)


def write(path, truth, scores):
    table = pd.DataFrame({"id": truth.index, "score": scores})
    table.to_csv(path, index=False, float_format="%.6f")
    return path


def call(*arguments):
    return deeptwins("amp", *arguments)


# ---- predictions as people make them ----


def lines(form):
    """A way to write rows of number, id and score, one a line."""
    return lambda rows: "".join(form.format(*row) for row in rows)


def decimal_comma(write_rows):
    return lambda rows: write_rows([(n, name, s.replace(".", ",")) for n, name, s in rows])


SEMICOLON, TAB = lines("{1};{2}\n"), lines("{1}\t{2}\n")
WAYS = {
    "pandas": ("id,score\n", lines("{1},{2}\n"), "utf-8"),
    "semicolons": ("id;score\n", SEMICOLON, "utf-8"),
    "a German Excel": ("id;score\n", decimal_comma(SEMICOLON), "utf-8-sig"),
    "decimal commas in quotes": ("id,score\n", decimal_comma(lines('{1},"{2}"\n')), "utf-8"),
    "a byte order mark": ("id,score\n", lines("{1},{2}\n"), "utf-8-sig"),
    "Excel's Unicode text": ("id\tscore\r\n", lines("{1}\t{2}\r\n"), "utf-16"),
    "Windows": ("id,score\r\n", lines("{1},{2}\r\n"), "utf-8"),
    "R's write.csv": ('"","id","score"\n', lines('"{0}","{1}",{2}\n'), "utf-8"),
    "R's write.csv2": ('"";"id";"score"\n', decimal_comma(lines('"{0}";"{1}";{2}\n')), "utf-8"),
    "R's write.table": ('"id" "score"\n', lines('"{0}" "{1}" {2}\n'), "utf-8"),
    "another order": ("score,id\n", lines("{2},{1}\n"), "utf-8"),
    "further columns": ("n,id,why,score\n", lines('{0},{1},"a, ""b""\nc",{2}\n'), "utf-8"),
    "a comment in Latin 1": ("id,score,why\n", lines("{1},{2},schön\n"), "latin-1"),
    "capitals": ("ID,Score\n", lines("{1},{2}\n"), "utf-8"),
    "quotes": ('"id","score"\n', lines('"{1}","{2}"\n'), "utf-8"),
    "blanks": ("id , score \n", lines("{1} , {2}  \n\n"), "utf-8"),
    "empty rows of a spreadsheet": ("id;score;;\n", lines("{1};{2};;\n;;;\n"), "utf-8"),
    "tabs": ("id\tscore\n", TAB, "utf-8"),
}


@pytest.mark.parametrize("way", WAYS)
def test_tables_are_read_as_people_make_them(truth, tmp_path, way):
    head, form, encoding = WAYS[way]
    scores = scores_of(truth)
    rows = [(n, name, f"{scores[n - 1]}") for n, name in enumerate(truth.index, start=1)]
    file = tmp_path / "team.csv"
    file.write_bytes((head + form(rows[::-1])).encode(encoding))
    assert amp.read_predictions(file, truth).tolist() == scores.tolist()


def score(text):
    """A change of the third row's score, which stands in line 4."""
    return lambda rows: [*rows[:3], f"{rows[3].split(',')[0]},{text}", *rows[4:]]


REFUSED = {
    "NA": (score("NA"), "the score 'NA' of P00003 is not a number from 0 to 1"),
    "nothing": (score(""), "the score '' of P00003 is not a number"),
    "percent": (score("85%"), "the score '85%' of P00003 is not"),
    "above 1": (score("85"), "the score '85' of P00003 is not"),
    "below 0": (score("-0.1"), "the score '-0.1' of P00003 is not"),
    "a formula": (score("=1/2"), "the score '=1/2' of P00003 is not"),
    "other digits": (score("٠.٥"), "the score '٠.٥' of P00003 is not"),
    "a field too many": (score("0.5,0.5"), "Expected 2 fields in line 4, saw 3"),
    "an open quote": (score('"0.5'), "it is no table: "),
    "no text": (score("0.5\0"), "it is empty or not text"),
    "id missing": (lambda rows: rows[:-1], "1 of 80 ids are missing, the first is P00080"),
    "id twice": (lambda rows: [*rows, "", rows[1]], "the id 'P00001' comes twice"),
    "id unknown": (lambda rows: [*rows, "P9,0.5"], "the id 'P9' is not in the test set"),
    "decimal commas": (
        lambda rows: [rows[0], *(one.replace(".", ",") for one in rows[1:])],
        "the id '0' is not in the test set (decimal commas need ; between",
    ),
    "no heading": (lambda rows: rows[1:], "line 1 must name the columns id and score"),
    "no score": (lambda rows: ["id,p", *rows[1:]], "the columns id and score, each once"),
    "two ids": (lambda rows: ["ID,id,score", *(f"P9,{one}" for one in rows[1:])], "each once"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_what_is_ambiguous_or_wrong_is_refused_with_the_reason(truth, tmp_path, kind):
    change, expected = REFUSED[kind]
    file = write(tmp_path / "team.csv", truth, scores_of(truth))
    rows = change(file.read_text(encoding="utf-8").splitlines())
    file.write_text("".join(f"{one}\n" for one in rows), encoding="utf-8")
    with pytest.raises(amp.Refused) as refused:
        amp.read_predictions(file, truth)
    assert expected in str(refused.value)


def test_links_folders_pipes_and_huge_files_are_not_read(truth, hidden, tmp_path):
    names = "link.csv folder.csv pipe.csv huge.csv model.keras"
    link, folder, pipe, huge, model = paths = [tmp_path / name for name in names.split()]
    link.symlink_to(hidden / "truth.csv")
    folder.mkdir()
    os.mkfifo(pipe)
    with huge.open("wb") as stream:
        stream.truncate(12 * 10**9)  # a hole: on the disk it takes next to nothing
    model.write_bytes(b"PK")
    assert amp.board(paths, truth)["refused"].tolist() == [
        *["it is missing, or a link, a folder or a device: hand in a file"] * 3,
        "it has 12,000,000,000 bytes; at most 1,000,000 are allowed",
        "line 1 must name the columns id and score, each once",
    ]


# ---- the truth ----


def test_the_public_truth_is_the_last_fifth_of_each_list_with_its_lines_as_ids():
    truth = amp.public_truth()
    assert truth["label"].tolist() == [1] * 171 + [0] * 171
    for kind in ("AMP", "DECOY"):
        lines = (SHARED / f"peptides/{kind}.train.txt").read_text(encoding="utf-8").split()
        ids = [f"{kind}-{line}" for line in range(685, 856)]
        assert truth["peptide"][ids].tolist() == lines[684:]


def test_a_hidden_set_has_ids_and_an_order_that_do_not_tell_the_class(hidden, truth):
    shown = pd.read_csv(hidden / "peptides.csv")
    assert shown.columns.tolist() == ["id", "peptide"]
    assert shown["peptide"].is_monotonic_increasing
    assert shown["id"].tolist() == truth.index.tolist()
    amps = (hidden / "amps").read_text(encoding="utf-8").split()
    assert (truth["peptide"].isin(amps) == (truth["label"] == 1)).all()
    assert (hidden / "truth.csv").stat().st_mode & 0o077 == 0
    again = call("hide", hidden / "amps", hidden / "others", "--into", hidden)
    assert again.exit_code == 1
    assert "has a hidden set already" in again.stderr


KNOWN = amp.read_list(SHARED / "peptides" / "AMP.train.txt")
TEN = next(one for one in KNOWN if len(one) == 10)
HALF = KNOWN[0][: len(KNOWN[0]) // 2]
COPIES = [KNOWN[0], "A" * 3 + KNOWN[0], HALF, TEN[:7] + "WWW"]  # 7 of 10 letters


LISTS = [  # of how many of the 40 peptides and of what besides, and what is said of it
    *((40, one, "1 of the peptides are 70% or more like one in") for one in COPIES),
    (40, TEN[:6] + "WWWW", ""),
    (9, "", "a class has fewer than 10"),
    (40, peptides(40, 1)[0], "a peptide is there twice"),
    (40, "ACD!", "'ACD!' is not a peptide"),
]


@pytest.mark.parametrize(("number", "more", "expected"), LISTS)
def test_lists_that_are_no_hidden_set_are_refused(hidden, tmp_path, number, more, expected):
    amps = [*peptides(40, 1)[:number], more]
    (tmp_path / "amps").write_text("\n".join(amps), encoding="utf-8")
    done = call("hide", tmp_path / "amps", hidden / "others", "--into", tmp_path / "out")
    assert done.exit_code == int(expected != "")
    assert expected in done.stderr
    assert (tmp_path / "out").exists() is (expected == "")


@pytest.mark.parametrize(
    "change",
    [
        lambda t: t.assign(label=2),
        lambda t: t.rename_axis("name"),
        lambda t: t.drop(columns="label"),
    ],
)
def test_a_truth_that_is_none_is_refused(truth, tmp_path, change):
    file = tmp_path / "truth.csv"
    change(truth).to_csv(file)
    done = call("board", SAMPLE / "peptides.csv", "--truth", file)
    assert done.exit_code == 1
    assert f"{file} is no truth.csv, as `deeptwins amp hide` writes it" in done.stderr


def test_the_sample_has_no_near_copy_and_its_board_can_be_rehearsed(tmp_path):
    truth = amp.read_truth(SAMPLE / "truth.csv")
    assert truth["label"].value_counts().tolist() == [len(truth) // 2] * 2
    sizes = truth.groupby("label")["peptide"].agg(lambda one: sorted(map(len, one)))
    assert sizes[0] == sizes[1]
    write(tmp_path / "team.csv", truth, scores_of(truth))
    assert call("board", tmp_path, "--truth", SAMPLE / "truth.csv").exit_code == 0


# ---- metrics and the board ----


@pytest.mark.parametrize("decimals", [6, 1])
def test_metrics_are_those_of_scikit_learn_with_ties_too(truth, decimals):
    scores, labels = scores_of(truth).round(decimals), truth["label"].to_numpy()
    found, _ = amp.evaluate(scores, labels)
    assert found["auc"] == pytest.approx(sk.roc_auc_score(labels, scores), abs=1e-12)
    assert found["sensitivity"] == pytest.approx(sk.recall_score(labels, scores >= 0.5))
    assert found["specificity"] == pytest.approx(sk.recall_score(1 - labels, scores < 0.5))


def test_ranks_are_shared_unless_the_same_samples_tell_files_apart(tmp_path, truth):
    good = scores_of(truth, 0.3, 1)
    teams = {
        "good": good,
        "alike": scores_of(truth, 0.3, 2),
        "worse": np.where(truth["label"] == 1, good - 0.12, good).clip(0, 1),
        "x_copy": good**2,
        "perfect": truth["label"].to_numpy(),
    }
    paths = [write(tmp_path / f"{name}.csv", truth, scores) for name, scores in teams.items()]
    board = amp.board(paths, truth).set_index("file")
    assert board["rank"][[path.name for path in paths]].tolist() == [2, 2, 4, 2, 1]
    assert board["auc_high"]["worse.csv"] > board["auc_low"]["good.csv"]


def test_the_board_goes_on_past_refusals_and_tells_no_label(hidden, truth, tmp_path):
    teams, out = tmp_path / "teams", tmp_path / "out"
    teams.mkdir()
    write(teams / "good.csv", truth, scores_of(truth))
    for name in ["=1+1.csv", "<script>.csv", "[red]up.exe", "line\nbreak\x1b[2J.csv"]:
        (teams / name).write_text("id,score\nP00001,\x1b[2J\n", encoding="utf-8")
    given = ["board", teams, "--truth", hidden / "truth.csv"]
    done = call(*given, "--csv", out / "b.csv")
    assert done.exit_code == 1
    table = (out / "b.csv").read_text(encoding="utf-8")
    found = pd.read_csv(out / "b.csv")
    assert found["rank"].fillna(0).tolist() == [1, 0, 0, 0, 0]
    assert found.columns.tolist() == ["rank", "file", *amp.NUMBERS, "refused"]
    for text in (done.stdout, table):
        assert "good.csv" in text
        assert "\x1b" not in text
        assert not any(peptide in text for peptide in truth["peptide"])
    assert ",'=1+1.csv," in table
    assert "[red]up.exe" in done.stdout


def test_the_board_takes_the_public_test_set_unless_told_otherwise(tmp_path, monkeypatch, hidden):
    truth = amp.public_truth()
    file = write(tmp_path / "mine.csv", truth, scores_of(truth))
    assert call("board", file).exit_code == 0
    monkeypatch.setenv("DEEPTWINS_AMP_TRUTH", str(hidden / "truth.csv"))
    assert "is not in the test set" in call("board", file).stdout


def test_the_instructors_page_states_the_limits_as_they_are():
    page = " ".join(read("book/teach_amp.qmd").split())
    assert f"larger than {amp.BYTES // 10**6} MB" in page
    assert f"fewer than {amp.SMALLEST_CLASS} peptides" in page
    assert f"{100 * amp.ALIKE:.0f} % alike or more" in page
    assert f"a {100 * amp.CONFIDENCE:.0f} % interval" in page
