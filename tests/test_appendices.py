"""The appendices that are lists: every entry is run, in its language or in both."""

import ast
import json
import math
import re
import warnings

import embedded_r
import pytest
import yaml

from deeptwins import (
    appendices,
    bands,
    defaults,
    files,
    fragments,
    ledgerpicture,
    runner,
    verify,
)
from deeptwins.paths import BOOK, LANGUAGES, ROOT


def entries(name):
    return yaml.safe_load((BOOK / f"{name}.yml").read_text(encoding="utf-8"))


# ---- the phrasebook ----

PHRASES = [one for group in entries("phrasebook") for one in group["entries"]]
# Each entry by itself, with its value as JSON has it and what the console shows.
IN_R = """
(function() {
  shown <- NULL
  value <- local({
%s
  })
  shown <- paste(capture.output(print(value)), collapse = "\\n")
  if (is.table(value)) value <- matrix(value, nrow(value))
  list(value = value, shown = shown)
})()"""


def in_python(code):
    """Return the value of the last line as JSON has it, and what the console shows of it."""
    import keras
    import numpy as np
    import pandas as pd

    def plain(value):
        if isinstance(value, pd.DataFrame):
            value = value.to_numpy()
        if isinstance(value, np.ndarray | np.generic):
            return value.tolist()
        if isinstance(value, dict):
            return {key: plain(one) for key, one in value.items()}
        return [plain(one) for one in value] if isinstance(value, list | tuple) else value

    tree = ast.parse(code)
    last = ast.Expression(tree.body.pop().value)
    names = {"keras": keras, "np": np, "pd": pd}
    exec(compile(tree, "entry", "exec"), names)
    value = eval(compile(last, "entry", "eval"), names)
    # NumPy 2 shows np.int64(10) where NumPy 1, as the page, shows 10.
    return plain(value), repr(plain(value) if isinstance(value, np.generic) else value)


def alike(a, b):
    """Whether two values agree; R does not tell a number from a vector of one."""
    a, b = (one[0] if isinstance(one, list) and len(one) == 1 else one for one in (a, b))
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(alike, a, b))
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(alike(a[key], b[key]) for key in a)
    if isinstance(a, list | dict) or isinstance(b, list | dict):
        return False
    if isinstance(a, float) or isinstance(b, float):
        return math.isclose(a, b, rel_tol=1e-6)
    return a == b


@pytest.mark.parametrize("entry", PHRASES, ids=lambda entry: entry["title"])
def test_a_phrase_shows_what_the_page_says_in_python(entry, monkeypatch):
    monkeypatch.chdir(ROOT)
    _, shown = in_python(entry["python"])
    assert shown == entry["shows"]["python"].rstrip()


@pytest.mark.parametrize("entry", PHRASES, ids=lambda entry: entry["title"])
def test_a_phrase_means_the_same_in_r_unless_it_says_why_not(r, entry, monkeypatch):
    monkeypatch.chdir(ROOT)
    found = r(IN_R % entry["r"])
    assert found["shown"].rstrip() == entry["shows"]["r"].rstrip()
    value, _ = in_python(entry["python"])
    assert alike(value, found["value"]) is ("differs" not in entry)


@pytest.mark.parametrize("entry", PHRASES, ids=lambda entry: entry["title"])
def test_the_code_of_a_phrase_fits_into_a_column(entry):
    assert all(len(line) <= 65 for one in LANGUAGES for line in entry[one].splitlines())
    assert ("say" in entry) + ("differs" in entry) <= 1


def test_phrases_have_titles_of_their_own():
    assert len({entry["title"] for entry in PHRASES}) == len(PHRASES)


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        ([1], 1, True),
        ([[1, 2]], [1, 2], True),
        ([1, 2], [1, 3], False),
        ({"a": 1.0}, {"a": 1 + 1e-9}, True),
        ({"a": 1}, {"b": 1}, False),
        ([1, 2], 1, False),
        (None, False, False),
    ],
)
def test_values_are_compared_as_both_languages_have_them(a, b, expected):
    assert alike(a, b) is expected


# ---- migration ----


def migration(language):
    return [pytest.param(one, id=one["old"]) for one in entries("migration")[language]]


@pytest.fixture
def trained(tmp_path, monkeypatch):
    """What the entries in Python find: a small trained model and its data."""
    import keras
    import numpy as np

    monkeypatch.chdir(tmp_path)
    model = keras.Sequential([keras.Input(shape=(4,)), keras.layers.Dense(3, activation="softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
    x, y = np.zeros((8, 4)), np.zeros(8)
    history = model.fit(x, y, verbose=0)
    return {"keras": keras, "np": np, "model": model, "x": x, "y": y, "history": history}


@pytest.mark.parametrize("entry", migration("python"))
def test_old_python_meets_what_the_page_says(entry, trained):
    if entry.get("warns"):
        with warnings.catch_warnings(record=True) as seen:
            warnings.simplefilter("always")
            exec(entry["old"], trained)
        assert any(entry["meets"] in str(one.message) for one in seen)
    else:
        with pytest.raises(Exception, match=re.escape(entry["meets"])):
            exec(entry["old"], trained)
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        # Keras says so of a generator of three batches that ends; the data here are few.
        warnings.filterwarnings("ignore", message="Your input ran out of data")
        exec(entry["new"], trained)


TRAINED = """
model <- keras_model_sequential(input_shape = 4) |>
  layer_dense(3, activation = "softmax")
model |> compile("sgd", "sparse_categorical_crossentropy", metrics = "accuracy")
x <- matrix(0, 8, 4)
y <- rep(0, 8)
history <- model |> fit(x, y, epochs = 1, verbose = 0)
"""
OLD_IN_R = """
local({
%s
seen <- character()
shown <- withCallingHandlers(
  paste(capture.output(print(%s)), collapse = " "),
  warning = function(one) {
    seen <<- c(seen, conditionMessage(one))
    invokeRestart("muffleWarning")
  }
)
list(shown = shown, warnings = paste(seen, collapse = " "))
})"""


@pytest.mark.parametrize("entry", migration("r"))
def test_old_r_meets_what_the_page_says(r, entry, tmp_path, recwarn):
    here = json.dumps(str(tmp_path))
    before = f"{TRAINED}\nold <- setwd({here}); on.exit(setwd(old))"
    save = 'save_model(model, "model.keras")' if "load_model(" in entry["new"] else ""
    if entry.get("silent"):
        shown = r(OLD_IN_R % (before, entry["old"]))["shown"]
        assert shown.removeprefix("[1] ") == entry["meets"]
    elif entry.get("warns"):
        r(OLD_IN_R % (before, entry["old"]))
        assert any(entry["meets"] in str(one.message) for one in recwarn)
    else:
        with pytest.raises(embedded_r.RError, match=re.escape(entry["meets"])):
            r(OLD_IN_R % (before, entry["old"]))
    assert r(f"local({{\n{before}\n{save}\n{entry['new']}\nTRUE\n}})") is True


# ---- defaults then and now ----


def test_what_differs_is_told_from_what_does_not():
    then = {"lr": 0.01, "gone": 1, "same": 2, "pair": [1, 1], "epsilon": None}
    now = {"learning_rate": 0.1, "same": 2, "pair": (1, 1), "epsilon": 1e-7, "idle": None}
    assert defaults.differences(then, now) == [
        ("`learning_rate`", "`0.01`", "`0.1`"),
        ("`gone`", "`1`", "–"),
    ]


@pytest.mark.parametrize(
    ("group", "name", "shown"),
    [
        ("layers", "LSTM", "`LSTM`, `layer_lstm`"),
        ("layers", "MaxPooling1D", "`MaxPooling1D`, `layer_max_pooling_1d`"),
        ("optimizers", "RMSprop", "`RMSprop`, `optimizer_rmsprop`"),
        ("Model", "fit", "`fit`"),
    ],
)
def test_names_are_those_of_both_languages(group, name, shown):
    assert defaults.names(group, name) == shown


def test_every_name_in_r_is_there(r):
    tables = entries("defaults")["tables"]
    shown = [defaults.names(group, name) for group in tables for name in tables[group]]
    names = [name for text in shown for name in re.findall(r"`(\w+)`", text)[-1:]]
    functions = ", ".join(f'"{name}"' for name in names)
    assert r(f"Filter(\\(name) !exists(name, mode = 'function'), c({functions}))") == []


@pytest.mark.parametrize("name", appendices.BODIES)
def test_the_lists_are_as_the_present_code_and_keras_make_them(name):
    path = fragments.FRAGMENTS / f"{name}.qmd"
    if appendices.outdated(name, path):
        pytest.skip(f"the book shows another Keras than the installed {defaults.installed()}")
    made = path.read_text(encoding="utf-8").split("-->\n", 1)[1]
    assert made == appendices.body(BOOK / f"{name}.yml"), f"delete {path}, then: deeptwins book"


# ---- the ledger's picture ----


def verdict(exercise, *marks):
    """A verdict with one finding for each mark."""
    kinds = {"full": (True, 0.0), "ring": (True, 1e-16), "dash": (None, None), "x": (False, 1.0)}
    levels = [level.name for level in verify.LEVELS]
    marks += ("full",) * (len(levels) - len(marks))
    found = [
        verify.Finding(level, *kinds[mark], "") for level, mark in zip(levels, marks, strict=True)
    ]
    return verify.Verdict(exercise, found)


def test_the_picture_has_a_mark_for_each_exercise_solution_and_level():
    one = [verdict("01_one", "ring", "dash"), verdict("solutions/01_one", "x")]
    drawn, legend = ledgerpicture.draw(one), ledgerpicture.draw([])
    levels = len(verify.LEVELS)
    for pattern, count in (
        (r'<circle [^>]*stroke="', 1),
        (r'<circle [^>]*r="[\d.]+" fill="#0b6e4f"/>', 2 * levels - 3),
        (r"h8\"", 1),
        (r"l10 10m0", 1),
    ):
        assert len(re.findall(pattern, drawn)) - len(re.findall(pattern, legend)) == count, pattern


def test_the_words_say_what_the_picture_shows():
    one = [verdict("01_one", "ring", "dash"), verdict("solutions/01_one", "x")]
    words = ledgerpicture.alt(one)
    levels = len(verify.LEVELS)
    assert words.startswith(f"A grid of 1 exercises by {levels} levels")
    assert f"{2 * levels - 3} marks are full dots" in words
    assert "1 are rings, all in the column script" in words
    assert "1 are dashes" in words
    assert "1 crosses: these fail" in words
    assert ledgerpicture.alt([verdict("01_one")]).endswith("None fails.")


# ---- errata: what the original scripts did, done again ----


def test_the_flowers_of_the_original_python_script_overlap_by_one():
    rows = list(range(150))
    assert set(rows[:75]) & set(rows[74:]) == {74}


def test_half_of_the_test_flowers_of_the_original_r_script_were_learned_from(r):
    shares = r("""
    set.seed(1)
    replicate(2000, {
      tr_idx <- sample(nrow(iris), 75)
      te_idx <- nrow(iris) - tr_idx
      mean(te_idx[te_idx > 0] %in% tr_idx)
    })""")
    assert abs(sum(shares) / len(shares) - 0.5) < 0.01
    assert 0.01 < sum(share > 0.6 for share in shares) / len(shares) < 0.1


def test_auc_from_classes_is_the_mean_of_sensitivity_and_specificity():
    import numpy as np
    from sklearn.metrics import roc_auc_score

    draw = np.random.default_rng(1)
    label = draw.integers(0, 2, 500)
    score = label + draw.normal(0, 1, 500)
    classes = score > 0.5
    rates = [np.mean(classes[label == one] == one) for one in (0, 1)]
    assert math.isclose(roc_auc_score(label, classes), np.mean(rates))
    assert roc_auc_score(label, score) > roc_auc_score(label, classes)


def test_integers_of_r_overflow_before_they_are_made_double(r):
    assert r("suppressWarnings(as.numeric(46341L * 46341L))") is None
    assert r("as.numeric(46341L) * 46341L") == 46341**2


# ---- settings ----


def test_the_course_runs_under_the_setting_that_the_table_recommends():
    found = yaml.safe_load((ROOT / "book" / "settings.yml").read_text(encoding="utf-8"))
    threads = runner.environment("mini", None, 1)["TF_NUM_INTRAOP_THREADS"]
    assert found["course"] == f"{threads} thread"
    assert len({row["setting"] for row in found["rows"]}) == 6
    assert all(row["r_python"] == 0 for row in found["rows"])
    course = [row for row in found["rows"] if row["setting"] == found["course"]]
    assert all(row["python_course"] == 0 for row in course)
    moved = {row["exercise"] for row in found["rows"] if row["python_course"] > 0.01}
    assert moved == {"06_cnn_images"}
    two = [row for row in found["rows"] if row["setting"] == "2 threads"]
    assert {row["exercise"] for row in two if row["python_course"] > 0} == {"06_cnn_images"}


# ---- fresh seeds ----

FRESH = yaml.safe_load((ROOT / "book" / "fresh.yml").read_text(encoding="utf-8"))


def test_fresh_seeds_leave_the_bands_no_more_often_than_stated():
    outside = sum(len(row["outside"]) for row in FRESH)
    assert outside <= (1 - bands.COVERAGE) * sum(row["runs"] for row in FRESH)


def test_there_are_many_fresh_runs():
    assert sum(row["runs"] for row in FRESH) >= 200


@pytest.mark.parametrize("row", FRESH, ids=lambda row: f"{row['exercise']}-{row['variant']}")
def test_the_fresh_runs_were_held_to_the_bands_of_today(row):
    exercise, variant = row["exercise"], row["variant"]
    assert row["runs"] >= 20
    assert row["first"] > max(bands.read(exercise, variant)["seeds"])
    again = f"python shared_data/make/fresh.py {exercise} --data {variant}"
    assert row["bands"] == files.sha256(bands.expected_file(exercise)), f"Run: {again}"
