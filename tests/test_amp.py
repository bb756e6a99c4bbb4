"""The AMP challenge for a class: honest files are judged right, hostile ones refused."""

import codecs
import io
import json
import marshal
import os
import pickle
import random
import subprocess
import sys
import types
import zipfile

import h5py
import numpy as np
import pytest
import sklearn.metrics as sk
from helpers import HANGS
from typer.testing import CliRunner

from deeptwins import amp, amp_board, amp_child, amp_model
from deeptwins.cli import app
from deeptwins.messages import AMINO_ACIDS
from deeptwins.paths import ROOT

LENGTH = 50
linux = pytest.mark.skipif(sys.platform != "linux", reason="models are run on Linux only")


def peptides(number, seed):
    draw = random.Random(seed)
    return ["".join(draw.choices(AMINO_ACIDS[1:], k=draw.randint(10, 60))) for _ in range(number)]


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


@pytest.fixture
def canary(tmp_path):
    """The file that the code in a hostile file would make."""
    return tmp_path / "canary"


def scores_of(truth, noise=0.3, seed=0):
    draw = np.random.default_rng(seed)
    return np.clip(0.3 + 0.4 * truth.labels + draw.normal(0, noise, len(truth.ids)), 0, 1).round(6)


def write_scores(path, truth, scores):
    lines = [f"{one},{score:.6f}" for one, score in zip(truth.ids, scores, strict=True)]
    path.write_text("\n".join(["id,score", *lines]) + "\n", encoding="utf-8")
    return path


def call(*arguments):
    return CliRunner().invoke(app, ["amp", *map(str, arguments)])


# ---- models made by hand ----


def layer(kind, /, module="keras.layers", **config):
    return {"module": module, "class_name": kind, "config": config, "registered_name": None}


def sequential(*layers, shape=(LENGTH,)):
    """The config of a model as Keras writes it."""
    shape = [None, *shape]
    first = layer("InputLayer", batch_shape=shape, dtype="float32", name="input_layer")
    given = {"name": "sequential", "layers": [first, *layers], "build_input_shape": shape}
    return layer("Sequential", module="keras", **given)


def plain_layers(units=1):
    return [
        layer("Embedding", name="embedding", input_dim=21, output_dim=3),
        layer("GlobalAveragePooling1D", name="global_average_pooling1d"),
        layer("Dense", name="dense", units=units, activation="sigmoid"),
    ]


def weights(**arrays):
    """An HDF5 file with the variables of layers."""
    stream = io.BytesIO()
    with h5py.File(stream, "w") as file:
        for name, variables in arrays.items():
            for number, one in enumerate(variables):
                file[f"layers/{name}/vars/{number}"] = one
            if not variables:
                file.create_group(f"layers/{name}/vars")
    return stream.getvalue()


def archive(path, config, h5, *, extra=(), compression=zipfile.ZIP_STORED):
    with zipfile.ZipFile(path, "w", compression) as file:
        file.writestr("metadata.json", json.dumps({"keras_version": "3.15.1"}))
        file.writestr("config.json", config if isinstance(config, str) else json.dumps(config))
        file.writestr("model.weights.h5", h5)
        for name, content in extra:
            file.writestr(name, content)
    return path


DRAW = np.random.default_rng(5)
EMBEDDING = DRAW.normal(size=(21, 3)).astype("float32")
KERNEL, BIAS = DRAW.normal(size=(3, 1)).astype("float32"), np.array([0.1], "float32")
PLAIN = weights(embedding=[EMBEDDING], global_average_pooling1d=[], dense=[KERNEL, BIAS])


def with_compile(config):
    # A loss of one's own is needed for training only, and must not stand in the way.
    mine = {"module": "builtins", "class_name": "function", "config": "mine"}
    return config | {"compile_config": {"loss": mine | {"registered_name": "function"}}}


def reason(path, truth, **options):
    """Why a file is refused; the test fails where it is taken."""
    entries, _ = amp.board([path], truth, lambda *given: amp_model.judge(*given, **options))
    assert entries[0].refused, "the file was taken"
    return entries[0].refused


# ---- the truth ----


def test_the_public_truth_is_the_test_part_that_the_twin_writes():
    from helpers import names_of

    twin = names_of("11_amp_challenge", ["head", "constants", "load"])
    rows = twin.parts["test"]
    truth = amp.public_truth("mini")
    expected = {one.id: (one.peptide, one.label) for one in rows.itertuples()}
    assert (
        dict(zip(truth.ids, zip(truth.peptides, truth.labels, strict=True), strict=True))
        == expected
    )


def test_a_hidden_set_has_ids_and_an_order_that_do_not_tell_the_class(hidden, truth):
    lines = (hidden / "peptides.csv").read_text(encoding="utf-8").split()
    assert lines[0] == "id,peptide"
    shown = [line.split(",") for line in lines[1:]]
    assert [one[1] for one in shown] == sorted(one[1] for one in shown)
    assert [one[0] for one in shown] == sorted(one[0] for one in shown)
    assert [tuple(one) for one in shown] == list(zip(truth.ids, truth.peptides, strict=True))
    amps = set((hidden / "amps").read_text(encoding="utf-8").split())
    assert [one in amps for one in truth.peptides] == list(truth.labels == 1)
    assert (hidden / "truth.csv").stat().st_mode & 0o077 == 0


def test_hide_overwrites_nothing_and_takes_no_peptide_that_is_public(hidden, tmp_path):
    again = call("hide", hidden / "amps", hidden / "others", "--into", hidden)
    assert again.exit_code == 1
    assert "peptides.csv is there already" in again.stderr
    public = amp.public_truth("mini").peptides[0]
    for name in ("amps", "others"):
        text = (hidden / name).read_text(encoding="utf-8")
        (tmp_path / name).write_text(text + (public if name == "amps" else ""), encoding="utf-8")
    done = call("hide", tmp_path / "amps", tmp_path / "others", "--into", tmp_path)
    assert done.exit_code == 1
    assert "1 of its peptides are in the course's own lists" in done.stderr
    assert not (tmp_path / "truth.csv").exists()


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda rows: [*rows, rows[0]], "an id twice"),
        (lambda rows: [*rows, ("new", *rows[0][1:])], "a peptide twice"),
        (lambda rows: [row for row in rows if row[2] == 1], "fewer than 10"),
        (lambda rows: [*rows, ("new", "ACD!", 1)], "no peptide"),
        (lambda rows: [*rows, ("new", "ACDACDACD", 2)], "a label is 0 or 1"),
        (
            lambda rows: [
                (f"x{i}", *row[1:]) for i, row in enumerate(sorted(rows, key=lambda r: r[2]))
            ],
            "its ids tell the class",
        ),
    ],
)
def test_a_truth_that_is_no_good_is_status_2(truth, tmp_path, change, expected):
    rows = change([*zip(truth.ids, truth.peptides, truth.labels, strict=True)])
    file = tmp_path / "truth.csv"
    lines = ["id,peptide,label", *(",".join(map(str, row)) for row in rows)]
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    done = call("score", file, "--truth", file)
    assert done.exit_code == 2
    assert expected in done.stderr


# ---- metrics ----


@pytest.mark.parametrize("decimals", [6, 1])
def test_metrics_are_those_of_scikit_learn_with_ties_too(truth, decimals):
    scores = scores_of(truth).round(decimals)
    found = amp.metrics(scores, truth.labels, np.ones((1, len(scores))))
    predicted = scores >= 0.5
    assert found["auc"][0] == pytest.approx(sk.roc_auc_score(truth.labels, scores), abs=1e-12)
    assert found["mcc"][0] == pytest.approx(
        sk.matthews_corrcoef(truth.labels, predicted), abs=1e-12
    )
    assert found["accuracy"][0] == pytest.approx(sk.accuracy_score(truth.labels, predicted))
    assert found["sensitivity"][0] == pytest.approx(sk.recall_score(truth.labels, predicted))
    assert found["specificity"][0] == pytest.approx(
        sk.recall_score(truth.labels, predicted, pos_label=0)
    )


def test_a_bootstrap_sample_is_a_sample_with_each_class_drawn_for_itself(truth):
    scores, counts = scores_of(truth).round(1), amp.resamples(truth.labels)
    assert (counts[:, truth.labels == 1].sum(axis=1) == (truth.labels == 1).sum()).all()
    assert (counts[:, truth.labels == 0].sum(axis=1) == (truth.labels == 0).sum()).all()
    assert len(np.unique(counts, axis=0)) == amp.RESAMPLES
    found = amp.metrics(scores, truth.labels, counts)
    for row in (0, 17, 999):
        drawn = np.repeat(np.arange(len(scores)), counts[row].astype(int))
        label, score = truth.labels[drawn], scores[drawn]
        assert found["auc"][row] == pytest.approx(sk.roc_auc_score(label, score), abs=1e-12)
        assert found["mcc"][row] == pytest.approx(
            sk.matthews_corrcoef(label, score >= 0.5), abs=1e-12
        )


def test_intervals_hold_the_true_auc_about_as_often_as_they_say():
    labels = np.repeat([0, 1], 60)
    counts, inside = amp.resamples(labels), 0
    for seed in range(150):
        raw = np.random.default_rng(seed).normal(size=120) + labels
        sampled = amp.metrics(raw, labels, counts)["auc"]
        one = amp._interval(0.0, sampled)
        # The AUC of two normal distributions one standard deviation apart.
        inside += one.low <= 0.7602 <= one.high
    assert 0.89 <= inside / 150 <= 0.99


def test_scores_without_one_class_leave_the_mcc_undefined(truth, tmp_path):
    file = write_scores(tmp_path / "low.csv", truth, scores_of(truth) * 0.4)
    [entry], _ = amp.board([file], truth, None)
    assert entry.metrics["mcc"] == amp.Interval(None, None, None)
    assert entry.metrics["auc"].value > 0.8
    assert "undefined" in amp_board.to_html([entry], [])


# ---- the board ----


@pytest.fixture
def teams(tmp_path, truth):
    """A folder with good, like good, and bad predictions."""
    folder = tmp_path / "teams"
    folder.mkdir()
    write_scores(folder / "good.csv", truth, scores_of(truth, 0.3, 1))
    write_scores(folder / "alike.csv", truth, scores_of(truth, 0.3, 2))
    write_scores(folder / "bad.csv", truth, scores_of(truth, 3, 3))
    return folder


def test_files_share_a_rank_unless_their_difference_is_told_apart(teams, truth):
    entries, _ = amp.board(sorted(teams.iterdir()), truth, None)
    assert {entry.file: entry.rank for entry in entries} == {
        "good.csv": 1,
        "alike.csv": 1,
        "bad.csv": 3,
    }
    assert entries[0].metrics["auc"].value >= entries[1].metrics["auc"].value


def test_a_difference_too_small_for_single_intervals_is_told_apart_on_the_same_samples(
    tmp_path, truth
):
    scores = scores_of(truth, 0.3, 1)
    worse = np.where(truth.labels == 1, scores - 0.12, scores).clip(0, 1)
    paths = [
        write_scores(tmp_path / "a.csv", truth, scores),
        write_scores(tmp_path / "b.csv", truth, worse),
    ]
    one, two = amp.board(paths, truth, None)[0]
    assert two.metrics["auc"].high > one.metrics["auc"].low
    assert [one.rank, two.rank] == [1, 2]


def test_the_same_scores_under_another_name_are_noted(teams, truth):
    scores = scores_of(truth, 0.3, 1)
    write_scores(teams / "x_same.csv", truth, scores)
    write_scores(teams / "y_squared.csv", truth, scores**2)
    entries, _ = amp.board(sorted(teams.iterdir()), truth, None)
    notes = {entry.file: entry.notes for entry in entries}
    assert notes["x_same.csv"] == ["puts the peptides in the very order of good.csv"]
    assert notes["good.csv"] == notes["alike.csv"] == notes["bad.csv"] == []


def test_the_board_goes_on_past_refusals_and_no_output_shows_the_truth(
    teams, hidden, truth, tmp_path
):
    for name, content in [
        ("=1+1.csv", "id,score\nP00001,nan\n"),
        ("<script>.csv", "label\n"),
        ("[red]up.exe", "x"),
        ("line\nbreak\x1b[2J.csv", "id,score\n"),
    ]:
        (teams / name).write_text(content, encoding="utf-8")
    write_scores(teams / "labels.csv", truth, truth.labels)
    outside = tmp_path / "out"
    given = ["board", teams, "--truth", hidden / "truth.csv"]
    done = call(*given, "--html", outside / "b.html", "--csv", outside / "b.csv")
    assert done.exit_code == 1
    page = (outside / "b.html").read_text(encoding="utf-8")
    table = (outside / "b.csv").read_text(encoding="utf-8")
    found = json.loads(call(*given, "--json").stdout)
    refused = {one["file"]: one["refused"] for one in found["files"] if one["refused"]}
    assert len(refused) == 5
    assert "true labels" in refused["labels.csv"]
    assert sorted(one["file"] for one in found["files"] if one["rank"]) == [
        "alike.csv",
        "bad.csv",
        "good.csv",
    ]
    for text in (done.stdout, page, table, json.dumps(found)):
        assert "good.csv" in text
        assert "\x1b" not in text
        assert not any(peptide in text for peptide in truth.peptides)
        assert not any(name in text for name in truth.ids)
    assert "<script>" not in page
    assert "&lt;script&gt;.csv" in page
    assert ",'=1+1.csv," in table
    assert "[red]up.exe" in done.stdout


def test_board_files_must_not_lie_among_what_was_handed_in(teams, hidden):
    done = call("board", teams, "--truth", hidden / "truth.csv", "--csv", teams / "board.csv")
    assert done.exit_code == 2
    assert "must not lie among" in done.stderr
    assert not (teams / "board.csv").exists()


def test_where_a_board_cannot_go_is_said_before_anything_is_judged(teams, hidden, tmp_path):
    given = ["board", teams, "--truth", hidden / "truth.csv"]
    done = call(*given, "--html", tmp_path / "b.html", "--csv", tmp_path)
    assert done.exit_code == 2
    assert f"{tmp_path} is a folder" in done.stderr
    assert not done.stdout
    assert not (tmp_path / "b.html").exists()
    (tmp_path / "file").touch()
    done = call(*given, "--csv", tmp_path / "file" / "b.csv")
    assert done.exit_code == 2
    assert "cannot be written to" in done.stderr


def test_score_takes_the_public_test_part_unless_told_otherwise(tmp_path, monkeypatch, hidden):
    truth = amp.public_truth("mini")
    file = write_scores(tmp_path / "mine.csv", truth, scores_of(truth))
    assert call("score", file).exit_code == 0
    monkeypatch.setenv("DEEPTWINS_AMP_TRUTH", str(hidden / "truth.csv"))
    done = call("score", file)
    assert done.exit_code == 1
    assert "is not in the test set" in done.stdout


# ---- predictions that are not taken ----


def first_score(text):
    return lambda lines: [lines[0], f"{lines[1].split(',')[0]},{text}", *lines[2:]]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (first_score("nan"), "line 2: 'nan' is no number"),
        (first_score("NA"), "line 2: 'NA' is no number"),
        (first_score("inf"), "line 2: 'inf' is no number"),
        (first_score("1e999"), "line 2: '1e999' does not lie from 0 to 1"),
        (first_score("1.5"), "does not lie from 0 to 1"),
        (first_score("-0.5"), "is no number"),
        (first_score("0x1"), "is no number"),
        (first_score("0.5_0"), "is no number"),
        (first_score("٠.٥"), "is no number"),
        (first_score(" 0.5"), "is no number"),
        (first_score("=1/2"), "is no number"),
        (first_score(""), "is no number"),
        (first_score("0.5,0.5"), "2 fields are needed, not 3"),
        (first_score("0." + "5" * 300), "line 2 is too long"),
        (first_score('"0.5'), "line 2 is no CSV"),
        (first_score("0.5\0"), "line 2 has a control character"),
        (lambda lines: lines[:-1], "1 of the 80 ids have no score"),
        (lambda lines: [*lines[:-1], lines[1]], "comes twice"),
        (lambda lines: [*lines, "extra,0.5"], "more than 80 lines"),
        (lambda lines: [*lines[:-1], "P99999,0.5"], "'P99999' is not in the test set"),
        (lambda lines: lines[1:], "its first line must be id,score"),
        (lambda lines: [one.replace(",", ";") for one in lines], "its first line must be"),
        (lambda lines: ["id,score,label", *lines[1:]], "its first line must be"),
        (lambda lines: ["\ufeffid,score", *lines[1:]], "byte order mark"),
        (lambda lines: [lines[0], "", *lines[1:]], "2 fields are needed, not 0"),
    ],
)
def test_predictions_are_read_strictly(truth, tmp_path, change, expected):
    file = write_scores(tmp_path / "p.csv", truth, scores_of(truth))
    lines = change(file.read_text(encoding="utf-8").splitlines())
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    assert expected in reason(file, truth)


def test_predictions_of_r_and_of_windows_are_taken(truth, tmp_path):
    scores = scores_of(truth)
    file = write_scores(tmp_path / "p.csv", truth, scores)
    lines = [
        f'"{one.split(",")[0]}",{one.split(",")[1]}'
        for one in file.read_text(encoding="utf-8").splitlines()[1:]
    ]
    file.write_text('"id","score"\r\n' + "\r\n".join(reversed(lines)), encoding="utf-8", newline="")
    assert (amp.read_predictions(file, truth) == scores).all()


def test_six_decimals_of_a_score_are_taken_as_of_a_models(truth, tmp_path):
    file = tmp_path / "p.csv"
    lines = ["id,score", *(f"{name},0.12345678" for name in truth.ids)]
    file.write_text("\n".join(lines), encoding="utf-8")
    assert set(amp.read_predictions(file, truth)) == {0.123457}


def test_latin_1_and_utf_16_are_no_predictions(truth, tmp_path):
    file = tmp_path / "p.csv"
    file.write_bytes(b"id,score\nP\xe9,0.5\n")
    assert "line 2 is no UTF-8 text" in reason(file, truth)
    file.write_bytes("id,score\n".encode("utf-16"))
    assert "byte order mark" in reason(file, truth)


def test_a_thousand_million_rows_are_refused_without_reading_them(truth, tmp_path):
    file = tmp_path / "p.csv"
    with file.open("wb") as stream:
        stream.write(b"id,score\n")
        stream.truncate(12 * 10**9)  # a hole: on the disk it takes next to nothing
    assert "12,000,000,000 bytes; 5,000,000 are allowed" in reason(file, truth)
    # And within the limit of bytes it is the number of ids that ends the reading.
    file.write_text("id,score\n" + "\n" * 4_000_000, encoding="utf-8")
    assert "line 2: 2 fields are needed, not 0" in reason(file, truth)


def test_what_is_no_plain_file_is_not_even_opened_for_long(truth, hidden, tmp_path):
    (tmp_path / "link.csv").symlink_to(hidden / "truth.csv")
    assert reason(tmp_path / "link.csv", truth) == "it is a symbolic link"
    (tmp_path / "folder.csv").mkdir()
    assert reason(tmp_path / "folder.csv", truth) == "it is no plain file"
    (tmp_path / "empty.csv").touch()
    assert reason(tmp_path / "empty.csv", truth) == "it is empty"
    assert "cannot be opened" in reason(tmp_path / "absent.csv", truth)
    os.mkfifo(tmp_path / "pipe.csv")
    assert reason(tmp_path / "pipe.csv", truth) == "it is no plain file"


# ---- models ----


@linux
def test_a_model_is_judged_as_its_weights_say(truth, tmp_path):
    config = with_compile(sequential(*plain_layers()))
    path = archive(tmp_path / "team.keras", config, PLAIN)
    found, walls = amp_model.judge(path, truth)
    numbers = np.zeros((len(truth.ids), LENGTH), int)
    for row, peptide in zip(numbers, truth.peptides, strict=True):
        kept = [AMINO_ACIDS.index(letter) for letter in peptide][-LENGTH:]
        row[LENGTH - len(kept) :] = kept
    expected = 1 / (1 + np.exp(-(EMBEDDING[numbers].mean(axis=1) @ KERNEL + BIAS)))[:, 0]
    assert found == pytest.approx(expected, abs=2e-6)
    assert set(walls) <= set(amp_model.WALLS.values())


@linux
def test_a_model_that_keras_does_not_know_is_refused_with_the_cause(truth, tmp_path):
    config = sequential(*plain_layers()[:-1], layer("Dense", name="dense", units=1, newer=None))
    path = archive(tmp_path / "team.keras", config, PLAIN)
    found = reason(path, truth)
    assert found.startswith("Keras does not load it: ")
    assert "{'newer': None}" in found


@linux
def test_an_input_of_the_wrong_shape_is_refused(truth, tmp_path):
    config = sequential(layer("Flatten", name="flatten"), shape=(5, 10))
    path = archive(tmp_path / "team.keras", config, weights(flatten=[]))
    assert "its input has the shape (None, 5, 10)" in reason(path, truth)


@linux
def test_two_scores_a_peptide_are_refused(truth, tmp_path):
    two = [np.zeros((3, 2), "float32"), np.zeros(2, "float32")]
    content = weights(embedding=[EMBEDDING], global_average_pooling1d=[], dense=two)
    path = archive(tmp_path / "team.keras", sequential(*plain_layers(units=2)), content)
    assert "its output has the shape (None, 2)" in reason(path, truth)


@linux
def test_a_layer_that_never_ends_is_stopped(truth, tmp_path, monkeypatch):
    config = sequential(
        layer("Dense", name="dense", units=1),
        layer("RepeatVector", name="repeat_vector", n=1_000_000),
        layer("SimpleRNN", name="simple_rnn", units=1),
    )
    one = np.zeros((1, 1), "float32")
    content = weights(
        dense=[np.zeros((LENGTH, 1), "float32"), one[0]],
        repeat_vector=[],
        **{"simple_rnn/cell": [one, one, one[0]]},
    )
    path = archive(tmp_path / "team.keras", config, content)
    # By the clock, a busy machine may take as long as it likes.
    monkeypatch.setattr(amp_model, "PATIENCE", HANGS)
    assert "stopped after 15 seconds" in reason(path, truth, seconds=15)


@linux
def test_a_tensor_larger_than_the_memory_is_refused(truth, tmp_path):
    config = sequential(
        layer("Embedding", name="embedding", input_dim=2_000_000_000, output_dim=1000),
        *plain_layers()[1:],
    )
    path = archive(tmp_path / "team.keras", config, PLAIN)
    assert any(word in reason(path, truth) for word in ("memory", "allocat", "OOM"))


# ---- hostile models: every one is refused before Keras is there ----


def lambda_layer(canary):
    """A Lambda layer as Keras writes it, whose code makes the canary."""
    code = compile(f"lambda x: [open({str(canary)!r}, 'w').close(), x][1]", "x", "eval")
    function = next(one for one in code.co_consts if isinstance(one, types.CodeType))
    value = codecs.encode(marshal.dumps(function), "base64").decode("ascii")
    packed = {"code": value, "defaults": None, "closure": None}
    return layer(
        "Lambda",
        name="lambda",
        function={"class_name": "__lambda__", "config": packed},
        arguments={},
        output_shape=[1],
    )


def system(canary):
    """The hole of CVE-2025-1550: any function of any module, with arguments of one's choice."""
    function = {
        "module": "os",
        "class_name": "function",
        "config": "system",
        "registered_name": "system",
    }
    return layer("Dense", name="d", units=1, activation=function), f"touch {canary}"


class Touch:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (open, (str(self.path), "w"))


def hostile(kind, path, canary):
    """Write a hostile .keras file of a kind; returns what its refusal must say."""
    good = sequential(*plain_layers())
    if kind == "lambda":
        archive(path, sequential(lambda_layer(canary)), weights())
        return "Lambda layer"
    if kind == "lambda within a wrapper":
        inner = layer("TimeDistributed", name="t", layer=lambda_layer(canary))
        archive(path, sequential(inner), weights())
        return "Lambda layer"
    if kind == "os.system":
        first, command = system(canary)
        config = sequential(first)
        config["config"]["layers"][0]["inbound_nodes"] = [{"args": [command], "kwargs": {}}]
        archive(path, config, weights())
        return "'os.function', which is not among"
    if kind == "subprocess class":
        popen = layer("Popen", module="subprocess", args=["touch", str(canary)])
        archive(path, sequential(popen), weights())
        return "'subprocess.Popen', which is not among"
    if kind == "keras function":
        # The hole of CVE-2025-8747 and CVE-2025-9906: functions of Keras itself.
        call = layer(
            "get_file", module="keras.utils", fname=str(canary), origin="file:///etc/passwd"
        )
        archive(path, sequential(call), weights())
        return "'keras.utils.get_file', which is not among"
    if kind == "saved model layer":
        archive(path, sequential(layer("TFSMLayer", filepath=str(canary.parent))), weights())
        return "'keras.layers.TFSMLayer', which is not among"
    if kind == "registered name":
        archive(path, sequential(layer("Dense") | {"registered_name": "mine>Dense"}), weights())
        return "which is not among"
    if kind == "zip bomb":
        archive(path, good, b"\0" * 20_000_000, compression=zipfile.ZIP_DEFLATED)
        return "100 times its size"
    if kind == "large config":
        text = json.dumps(good | {"padding": " " * 3_000_000})
        archive(path, text, PLAIN, compression=zipfile.ZIP_DEFLATED)
        return "config.json unpacks to"
    if kind in ("deep config", "bottomless config"):
        depth = 100 if kind == "deep config" else 100_000
        text = '{"module":"keras","class_name":"Sequential","x":' + "[" * depth + "]" * depth + "}"
        archive(path, text, PLAIN)
        return "too large or too deep" if kind == "deep config" else "is no JSON"
    if kind == "symbolic link":
        with zipfile.ZipFile(path, "w") as file:
            file.writestr("metadata.json", "{}")
            file.writestr("config.json", json.dumps(good))
            link = zipfile.ZipInfo("model.weights.h5")
            link.external_attr = 0o120777 << 16
            file.writestr(link, "/etc/passwd")
        return "symbolic link"
    if kind == "../ name":
        archive(path, good, PLAIN, extra=[(f"../{canary.name}", "x")])
        return "leads out of the folder"
    if kind == "absolute name":
        archive(path, good, PLAIN, extra=[(str(canary), "x")])
        return "leads out of the folder"
    if kind == "assets":
        archive(path, good, PLAIN, extra=[("assets/vocabulary.txt", "x")])
        return "'assets/vocabulary.txt', which is no part"
    if kind == "name twice":
        with pytest.warns(UserWarning, match="Duplicate name"):
            archive(path, good, PLAIN, extra=[("config.json", json.dumps(good))])
        return "a name twice"
    if kind == "huge tensor":
        stream = io.BytesIO()
        with h5py.File(stream, "w") as file:
            # Declared, never written: 4 TB in less than 10 kB.
            file.create_dataset("layers/dense/vars/0", (10**6, 10**6), "f4", chunks=(1000, 1000))
        archive(path, good, stream.getvalue())
        return "its weights declare more than"
    if kind == "weights in another file":
        stream = io.BytesIO()
        with h5py.File(stream, "w") as file:
            file["layers/dense/vars/0"] = h5py.ExternalLink("/etc/passwd", "/")
        archive(path, good, stream.getvalue())
        return "lead to another place or file"
    if kind == "raw bytes of another file":
        stream = io.BytesIO()
        with h5py.File(stream, "w") as file:
            external = [("/etc/passwd", 0, 40)]
            file.create_dataset("layers/dense/vars/0", (10,), "f4", external=external)
        archive(path, good, stream.getvalue())
        return "lead to another place or file"
    if kind == "objects in the weights":
        stream = io.BytesIO()
        with h5py.File(stream, "w") as file:
            file["layers/dense/vars/0"] = "text"
        archive(path, good, stream.getvalue())
        return "something that is no number"
    if kind == "truncated":
        archive(path, good, PLAIN)
        path.write_bytes(path.read_bytes()[:-200])
        return "damaged or cut off"
    if kind == "flipped byte":
        content = bytearray(archive(path, good, PLAIN).read_bytes())
        content[content.index(b"\x89HDF") + 900] ^= 255
        path.write_bytes(content)
        return "damaged or cut off"
    if kind == "truncated weights":
        archive(path, good, PLAIN[:-500])
        return "no whole HDF5 file"
    if kind == "h5":
        path.write_bytes(PLAIN)
        return "the old format .h5"
    if kind == "pickle":
        path.write_bytes(pickle.dumps(Touch(canary)))
        return "no .keras archive"
    if kind == "too many bytes":
        with path.open("wb") as stream:
            stream.write(b"PK\x03\x04")
            stream.truncate(10**10)
        return "10,000,000,000 bytes; 50,000,000 are allowed"
    raise KeyError(kind)


KINDS = [
    "lambda",
    "lambda within a wrapper",
    "os.system",
    "subprocess class",
    "keras function",
    "saved model layer",
    "registered name",
    "zip bomb",
    "large config",
    "deep config",
    "bottomless config",
    "symbolic link",
    "../ name",
    "absolute name",
    "assets",
    "name twice",
    "huge tensor",
    "weights in another file",
    "raw bytes of another file",
    "objects in the weights",
    "truncated",
    "flipped byte",
    "truncated weights",
    "h5",
    "pickle",
    "too many bytes",
]


@linux
@pytest.mark.parametrize("kind", KINDS)
def test_a_hostile_model_is_refused_with_a_reason_and_runs_nothing(kind, truth, tmp_path, canary):
    path = tmp_path / "team.keras"
    expected = hostile(kind, path, canary)
    assert expected in reason(path, truth)
    assert not canary.exists()


def test_the_code_in_the_hostile_files_is_alive(tmp_path, canary):
    # Or the tests above would show nothing.
    import keras

    path = tmp_path / "team.keras"
    hostile("lambda", path, canary)
    with pytest.raises(ValueError, match="lambda"):
        keras.saving.load_model(path, safe_mode=True)
    assert not canary.exists()
    keras.saving.load_model(path, safe_mode=False)(np.zeros((1, LENGTH)))
    assert canary.exists()
    canary.unlink()
    hostile("pickle", path, canary)
    pickle.loads(path.read_bytes()).close()
    assert canary.exists()


@pytest.mark.parametrize("kind", ["os.system", "subprocess class", "keras function"])
def test_keras_itself_refuses_what_the_scanner_refuses(kind, tmp_path, canary):
    import keras

    path = tmp_path / "team.keras"
    hostile(kind, path, canary)
    with pytest.raises((ValueError, TypeError)):
        keras.saving.load_model(path, safe_mode=True)
    assert not canary.exists()


def test_all_that_is_allowed_is_in_keras_and_a_class():
    import keras

    for module, names in amp_child.ALLOWED.items():
        if module.startswith("keras.src"):
            continue
        place = keras if module == "keras" else getattr(keras, module.removeprefix("keras."))
        for name in names:
            assert isinstance(getattr(place, name), type), f"{module}.{name}"


def test_the_models_of_the_course_pass_the_scanner(tmp_path):
    import keras

    inputs = keras.Input(shape=(LENGTH,))
    both = []
    for recurrent in (keras.layers.LSTM(4), keras.layers.Bidirectional(keras.layers.GRU(4))):
        one = keras.Sequential(
            [
                keras.Input(shape=(LENGTH,)),
                keras.layers.Embedding(21, 4),
                keras.layers.Conv1D(4, 3, padding="same", activation="relu"),
                keras.layers.MaxPooling1D(5),
                keras.layers.Dropout(0.2),
                recurrent,
                keras.layers.Dense(1, activation="sigmoid", kernel_regularizer="l2"),
            ]
        )
        both.append(one(inputs))
    model = keras.Model(inputs, keras.layers.Average()(both))
    model.compile(loss=keras.losses.BinaryFocalCrossentropy(), optimizer="adam")
    path = tmp_path / "m.keras"
    model.save(path)
    parts = amp_child.open_archive(path, amp_model.MODEL_BYTES)
    assert "compile_config" not in amp_child.check_config(parts["config.json"])
    amp_child.check_weights(parts["model.weights.h5"], amp_model.MODEL_BYTES)


# ---- the process ----

WALLS = """
import json, os, socket, subprocess, sys
sys.path.insert(0, {package!r})
import amp_child
from pathlib import Path
folder = Path({folder!r})
left = amp_child.shut_in(folder, 20, 1 << 30, 1000)
found = {{"open": left}}
def attempt(name, action):
    try:
        action()
        found[name] = "done"
    except BaseException as error:
        found[name] = type(error).__name__
attempt("memory", lambda: bytearray(2 << 30))
attempt("inside", lambda: (folder / "in").write_text("x"))
attempt("large", lambda: (folder / "large").write_bytes(b"x" * 2000))
attempt("outside", lambda: Path({outside!r}).write_text("x"))
attempt("truth", lambda: Path({truth!r}).read_text())
attempt("program", lambda: subprocess.run(["/bin/true"], check=True))
attempt("network", lambda: socket.create_connection(("127.0.0.1", {port}), 2))
import resource
attempt("lift", lambda: resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30)))
print(json.dumps(found))
"""


@linux
def test_the_walls_hold(hidden, tmp_path):
    import socket

    folder = tmp_path / "box"
    folder.mkdir()
    with socket.create_server(("127.0.0.1", 0)) as server:
        code = WALLS.format(
            package=str(ROOT / "python/deeptwins"),
            folder=str(folder),
            outside=str(tmp_path / "outside"),
            truth=str(hidden / "truth.csv"),
            port=server.getsockname()[1],
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    found = json.loads(done.stdout)
    assert found["memory"] == "MemoryError"
    assert found["inside"] == "done"
    assert found["large"] == "OSError"
    if "network" not in found["open"]:
        assert found["network"] == "OSError"
        assert found["lift"] == "ValueError"
    if "files" not in found["open"]:
        assert found["outside"] == found["truth"] == found["program"] == "PermissionError"
        assert not (tmp_path / "outside").exists()


def stand_in(tmp_path, monkeypatch, code):
    """Put a script in the place of the process that opens models."""
    child = tmp_path / "child.py"
    child.write_text("import json, os, sys, time\n" + code, encoding="utf-8")
    monkeypatch.setattr(amp_model, "CHILD", child)
    model = tmp_path / "team.keras"
    model.write_bytes(b"PK")
    return model


@linux
@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("print('hello')", "no answer that can be read"),
        ("print(json.dumps([1]))", "no answer that can be read"),
        ("print(json.dumps({'scores': ['a'] * 80, 'open': []}))", "no answer that can be read"),
        ("print(json.dumps({'scores': [0.5], 'open': []}))", "one score for each peptide"),
        ("print(json.dumps({'scores': [float('nan')] * 80, 'open': []}))", "from 0 to 1"),
        ("print(json.dumps({'scores': [1.5] * 80, 'open': []}))", "from 0 to 1"),
        ("print('{\"scores\": [1' + '0' * 400 + ']}')", "no answer that can be read"),
        ("print('[' * 4000)", "no answer that can be read"),
        ("while True: print('x' * 10000, end='')", "more than an answer"),
        ("os.abort()", "broke down (status -6)"),
        ("print(json.dumps({'refused': 'a\\x1b[2J' + 'b' * 1000}))", "a?[2Jbbb"),
    ],
)
def test_the_answer_of_the_process_is_not_trusted(truth, tmp_path, monkeypatch, code, expected):
    found = reason(stand_in(tmp_path, monkeypatch, code), truth)
    assert expected in found
    assert len(found) <= 300


@linux
@pytest.mark.parametrize("code", ["time.sleep(600)", "os.close(1); time.sleep(600)"])
def test_a_process_that_does_not_answer_is_not_waited_for(truth, tmp_path, monkeypatch, code):
    monkeypatch.setattr(amp_model, "PATIENCE", 1)
    found = reason(stand_in(tmp_path, monkeypatch, code), truth, seconds=1)
    assert found == "it was not done after 1 seconds"


@linux
def test_the_process_gets_the_peptides_and_nothing_else(truth, tmp_path, monkeypatch):
    monkeypatch.setenv("DEEPTWINS_AMP_TRUTH", "/secret/truth.csv")
    code = (
        "import shutil\n"
        f"shutil.copy('x.npy', {str(tmp_path / 'given.npy')!r})\n"
        "found = [sorted(os.listdir('.')), sorted(os.environ), sys.argv[2:]]\n"
        "print(json.dumps({'refused': json.dumps(found)}))"
    )
    files, environment, arguments = json.loads(reason(stand_in(tmp_path, monkeypatch, code), truth))
    assert files == ["model.keras", "x.npy"]
    assert not any("DEEPTWINS" in name for name in environment)
    assert all(one.isdigit() for one in arguments)
    given = np.load(tmp_path / "given.npy")
    assert (given == amp_model.encode(truth.peptides)).all()


@linux
def test_a_wall_that_this_machine_does_not_have_is_said(truth, hidden, tmp_path, monkeypatch):
    scores = scores_of(truth).tolist()
    code = f"print(json.dumps({{'scores': {scores}, 'open': ['network', 'files']}}))"
    model = stand_in(tmp_path, monkeypatch, code)
    done = call("score", model, "--truth", hidden / "truth.csv")
    assert done.exit_code == 0
    entries, missing = amp.board([model], truth, amp_model.judge)
    assert missing == list(amp_model.WALLS.values())
    page = amp_board.to_html(entries, missing)
    for wall in missing:
        assert wall in done.stdout
        assert wall in page


def test_elsewhere_than_on_linux_models_are_refused_and_predictions_taken(
    truth, teams, monkeypatch
):
    monkeypatch.setattr(sys, "platform", "darwin")
    (teams / "team.keras").write_bytes(b"PK")
    entries, _ = amp.board(sorted(teams.iterdir()), truth, amp_model.judge)
    refused = [entry for entry in entries if entry.refused]
    assert [entry.file for entry in refused] == ["team.keras"]
    assert "Linux only" in refused[0].refused
    assert len(entries) == 4


# ---- the page ----


def test_the_instructors_page_states_the_limits_as_they_are():
    page = " ".join((ROOT / "book/teach_amp.qmd").read_text(encoding="utf-8").split())
    for sentence in [
        f"A file of more than {amp.CSV_BYTES // 10**6} MB is not read",
        f"together not more than {amp_model.MODEL_BYTES // 10**6} MB",
        f"{amp_model.MEMORY >> 30} GB of address space",
        f"{amp_model.SECONDS} seconds of the processor",
        f"has fewer than {amp.SMALLEST_CLASS} peptides",
        f"Each metric has a {amp.CONFIDENCE:.0%} interval",
    ]:
        assert sentence in page
    assert amp_model.PATIENCE == 5
    assert "five times as long by the clock" in page
