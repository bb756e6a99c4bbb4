"""The appendices that are lists: every entry is run, in its language or in both."""

import ast
import importlib.metadata
import inspect
import json
import math
import re
import warnings

import embedded_r
import numpy as np
import pandas as pd
import pytest
import yaml
from helpers import interpreter, read

from deeptwins import processes
from deeptwins.paths import LANGUAGES, ROOT


def entries(name):
    return yaml.safe_load(read(f"book/{name}.yml"))


@pytest.fixture
def r():
    """Evaluate R code in this process."""
    interpreter("r")
    return embedded_r.evaluate


# ---- the phrasebook ----

PHRASES = [one for group in entries("phrasebook") for one in group["entries"]]
# Each entry by itself, with its value as JSON has it and what the console shows.
IN_R = """
(function() {
  value <- local({
    library(keras3)
%s
  })
  shown <- paste(capture.output(print(value)), collapse = "\\n")
  if (is.table(value)) value <- matrix(value, nrow(value))
  list(value = value, shown = shown)
})()"""


def plain(value):
    """Return a value in seven digits as JSON has it, one number as R's vector of one."""
    if isinstance(value, pd.DataFrame):
        value = value.to_numpy()
    if isinstance(value, np.ndarray | np.generic):
        value = value.tolist()
    if isinstance(value, dict):
        return {key: plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain(one) for one in value] if len(value) != 1 else plain(value[0])
    return float(f"{value:.7g}") if isinstance(value, float) else value


def in_python(code):
    """Return the value of the last line, and what the console shows of it."""
    import keras

    tree = ast.parse(code)
    last = ast.Expression(tree.body.pop().value)
    names = {"keras": keras, "np": np, "pd": pd}
    exec(compile(tree, "entry", "exec"), names)
    value = eval(compile(last, "entry", "eval"), names)
    # NumPy 2 shows np.int64(10) where NumPy 1, as the page, shows 10.
    return value, repr(value.item() if isinstance(value, np.generic) else value)


@pytest.mark.parametrize("entry", PHRASES, ids=lambda entry: entry["title"])
def test_a_phrase_shows_what_the_page_says_and_means_the_same_in_both(r, entry, monkeypatch):
    monkeypatch.chdir(ROOT)
    value, shown = in_python(entry["python"])
    assert shown == entry["shows"]["python"].rstrip()
    found = r(IN_R % entry["r"])
    assert found["shown"].rstrip() == entry["shows"]["r"].rstrip()
    assert (plain(value) == plain(found["value"])) is ("differs" not in entry)
    assert all(len(line) <= 65 for one in LANGUAGES for line in entry[one].splitlines())


# ---- migration ----

TRAINED = {
    "python": """
import math
import numpy as np
model = keras.Sequential([keras.Input(shape=(4,)), keras.layers.Dense(3, activation="softmax")])
model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
x, y = np.zeros((8, 4)), np.zeros(8)
batches = ((x[:3], y[:3]) for _ in iter(int, 1))
steps = math.ceil(len(x) / 32)
history = model.fit(x, y, verbose=0)
""",
    "r": """
library(keras3)
model <- keras_model_sequential(input_shape = 4) |>
  layer_dense(3, activation = "softmax")
model |> compile("sgd", "sparse_categorical_crossentropy", metrics = "accuracy")
x <- matrix(0, 8, 4)
y <- rep(0, 8)
history <- model |> fit(x, y, epochs = 1, verbose = 0)
""",
}


def migration(language):
    return [pytest.param(one, id=one["old"]) for one in entries("migration")[language]]


@pytest.mark.parametrize("entry", migration("python"))
def test_old_python_meets_what_the_page_says(entry, tmp_path, monkeypatch):
    import keras

    monkeypatch.chdir(tmp_path)
    trained = {"keras": keras}
    exec(TRAINED["python"], trained)
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
        # Keras says so of every generator, also where nobody asked for it.
        warnings.filterwarnings("ignore", message="`shuffle=True` was passed")
        exec(entry["new"], trained)


# What a reader of a skipped test can do; the package is no part of the course.
TF_KERAS = "tf-keras is not here: pip install --no-deps --target FOLDER tf-keras, PYTHONPATH=FOLDER"


@pytest.mark.parametrize("entry", migration("python"))
def test_old_python_did_in_tensorflow_keras_2_what_the_page_says(entry, tmp_path, monkeypatch):
    keras = pytest.importorskip("tf_keras", reason=TF_KERAS)
    monkeypatch.chdir(tmp_path)
    trained = {"keras": keras}
    exec(TRAINED["python"], trained)
    old = entry["old"].replace("from keras", "from tf_keras")
    if entry["tensorflow.keras"].startswith("works"):
        exec(old, trained)
    else:
        with pytest.raises((ImportError, AttributeError, KeyError, ValueError, RuntimeError)):
            exec(old, trained)


@pytest.mark.parametrize("period", [{"save_freq": 2 * 3}, {"period": 2}], ids=str)
def test_a_period_of_two_epochs_is_a_frequency_of_two_epochs_of_batches(period, tmp_path):
    """Both packages save after epochs 2 and 4 of 5, of three batches each."""
    name = "tf_keras" if "period" in period else "keras"
    keras = pytest.importorskip(name, reason=TF_KERAS)
    trained = {"keras": keras}
    exec(TRAINED["python"], trained)
    saver = keras.callbacks.ModelCheckpoint(f"{tmp_path}/{{epoch}}.h5", **period)
    trained["model"].fit(
        trained["x"], trained["y"], batch_size=3, epochs=5, callbacks=[saver], verbose=0
    )
    assert sorted(one.stem for one in tmp_path.glob("*.h5")) == ["2", "4"]


def test_what_replaces_an_old_line_does_the_same_as_far_as_the_page_says():
    import keras

    old = pytest.importorskip("tf_keras", reason=TF_KERAS)
    text = [" ".join(["abcdefgh"[one] * 3 for one in range(8) for _ in range(9 - one)])]
    tokenizer = old.preprocessing.text.Tokenizer(num_words=5)
    tokenizer.fit_on_texts(text)
    layer = keras.layers.TextVectorization(max_tokens=6)
    layer.adapt(text)
    kept = [word for word, number in tokenizer.word_index.items() if number < 5]
    assert (
        layer.get_vocabulary() == ["", "[UNK]", *kept] == ["", "[UNK]", "aaa", "bbb", "ccc", "ddd"]
    )
    trained = {"keras": old}
    exec(TRAINED["python"], trained)
    done = []
    counter = old.callbacks.LambdaCallback(on_train_batch_end=lambda *_: done.append(1))
    trained["model"].fit(trained["batches"], steps_per_epoch=8 / 3, callbacks=[counter], verbose=0)
    assert len(done) == math.ceil(8 / 3)


@pytest.mark.parametrize("entry", migration("r"))
def test_old_r_meets_what_the_page_says(r, entry, tmp_path, recwarn):
    before = f"{TRAINED['r']}\nold <- setwd({json.dumps(str(tmp_path))}); on.exit(setwd(old))"
    old = f"local({{{before}\npaste(capture.output(print({entry['old']})), collapse = ' ')}})"
    save = 'save_model(model, "model.keras")' if "load_model(" in entry["new"] else ""
    if entry.get("silent"):
        assert r(old).removeprefix("[1] ") == entry["meets"]
    elif entry.get("warns"):
        r(old)
        assert any(entry["meets"] in str(one.message) for one in recwarn)
    else:
        with pytest.raises(embedded_r.RError, match=re.escape(entry["meets"])):
            r(old)
    try:
        assert r(f"local({{\n{before}\n{save}\n{entry['new']}\nTRUE\n}})") is True
    except embedded_r.RError as error:
        if "not of the course's stand-in" not in str(error):
            raise
        pytest.skip(str(error))


# ---- defaults then and now ----

ROW = re.compile(r"^\| `(\w+)`(?:, `\w+`)? \| `(\w+)` \| (.+) \| (.+) \|$", re.M)


def test_the_defaults_of_today_are_those_of_the_installed_keras():
    import keras

    page = read("book/appendix_defaults.qmd")
    ours = importlib.metadata.version("keras")
    if f"Keras {'.'.join(ours.split('.')[:2])} |" not in page:
        pytest.skip(f"the page shows another Keras than the installed {ours}")
    places = [keras.layers, keras.optimizers, keras.callbacks, keras.Model]
    needs = {
        "Embedding": (3, 2),
        "LSTM": (3,),
        "GRU": (3,),
        "ModelCheckpoint": ("best.keras",),
        "compile": (keras.Sequential(),),
    }
    assert len(ROW.findall(page)) >= 30
    for name, argument, _, now in ROW.findall(page):
        (there,) = [found for one in places if (found := getattr(one, name, None))]
        shown = inspect.signature(there).parameters.get(argument)
        # A signature does not tell all that **kwargs take.
        if now == "–":
            with pytest.raises((TypeError, ValueError)):
                there(*needs.get(name, ()), **{argument: 1})
        elif now == "ignored":
            with pytest.warns(UserWarning, match=f"`{argument}`"):
                there(*needs.get(name, ()), **{argument: 1})
        else:
            value = shown.default if shown else getattr(there(*needs[name]).cell, argument)
            assert now == f"`{value!r}`", (name, argument)
    layer = keras.layers.Embedding(3, 2)
    assert layer.activity_regularizer is None
    assert keras.layers.Embedding(3, 2, activity_regularizer="l2").activity_regularizer


# ---- errata: what the original scripts did, done again ----


def test_the_errors_of_the_original_scripts_are_what_the_page_says(r):
    rows = list(range(150))
    assert set(rows[:75]) & set(rows[74:]) == {74}
    shares = r("""
    set.seed(1)
    replicate(2000, {
      tr_idx <- sample(nrow(iris), 75)
      te_idx <- nrow(iris) - tr_idx
      mean(te_idx[te_idx > 0] %in% tr_idx)
    })""")
    assert abs(sum(shares) / len(shares) - 0.5) < 0.01
    assert 0.01 < sum(share > 0.6 for share in shares) / len(shares) < 0.1
    assert r("suppressWarnings(as.numeric(46341L * 46341L))") is None
    assert r("as.numeric(46341L) * 46341L") == 46341**2


def test_what_is_right_instead_of_the_slides_is_what_the_page_says(r):
    import keras

    y = np.array([1.0, 2.0, 3.0])
    assert [sum((y - y.mean()) ** 2), sum((y - y) ** 2)] == [2, 0]
    coded = {
        kind: np.asarray(keras.layers.CategoryEncoding(4, output_mode=kind)([0, 2])).tolist()
        for kind in ("one_hot", "multi_hot")
    }
    assert coded == {"one_hot": [[1, 0, 0, 0], [0, 0, 1, 0]], "multi_hot": [1, 0, 1, 0]}
    losses = (lambda p: -math.log(p), lambda p: (p - 1) ** 2)
    sure = [1 / (1 + math.exp(10 - step)) for step in (1e-5, -1e-5)]
    slopes = [(loss(sure[0]) - loss(sure[1])) / 2e-5 for loss in losses]
    assert np.allclose(slopes, [-1, -0.0001], rtol=0.1)
    assert keras.config.image_data_format() == "channels_last"
    assert round(math.exp(-9 / 2), 2) == 0.01
    found = r("""
    library(keras3)
    model <- keras_model_sequential(input_shape = 4) |> layer_dense(3, name = "dense")
    layer <- get_layer(model, "dense")
    list(
      output = paste(format(layer$output$shape), collapse = " "),
      weights = lapply(get_weights(layer), dim),
      matrix = dim(matrix(1:12, nrow = 4))
    )""")
    assert "None" in found["output"] or "NULL" in found["output"]
    assert found["weights"][0] == [4, 3]
    assert found["matrix"] == [4, 3]


# ---- what was measured ----


def test_the_table_of_settings_says_what_the_page_concludes_from_it():
    found = entries("settings")
    threads = processes.environment()["TF_NUM_INTRAOP_THREADS"]
    assert found["heads"][-1] == f"Python against {threads} thread"
    assert all(between == "0" for *_, between, _ in found["rows"])
    moved = {exercise for exercise, *_, from_course in found["rows"] if float(from_course) > 1e-3}
    assert moved == {"`07_cnn`"}


def test_the_capture_costs_less_than_five_per_cent_of_a_run():
    captures = [row[-1] for row in entries("speed")["rows"]]
    assert max(float(one.split()[0]) for one in captures if one) < 5
