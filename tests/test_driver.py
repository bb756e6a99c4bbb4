"""The drivers of both languages: what a plain script does is kept, and nothing else changes it."""

import json

import pytest
from helpers import execute, interpreter

from deeptwins import processes, sections
from deeptwins.paths import ROOT
from deeptwins.runs import record, runner

PYTHON = '''"""A script."""

import keras
import matplotlib.pyplot as plt
import numpy as np
print("before")

# ---- constants ----
SEED = 1
RATE = 0.1
UNITS = [3, 2]

# ---- fit ----
x = np.arange(12.0).reshape(6, 2)
y = np.arange(6.0)
keras.utils.set_random_seed(SEED)
model = keras.Sequential([
    keras.Input(shape=(2,)),
    keras.layers.Dense(UNITS[0]),
    keras.layers.Dense(1),
])
model.compile(optimizer=keras.optimizers.SGD(RATE), loss="mse")
history = model.fit(x, y, epochs=2, verbose=0,
                    validation_data=(x, y))
print("units:", UNITS[0])

# ---- curve ----
plt.plot(history.history["loss"])
plt.show()

# ---- results ----
model.evaluate(x, y, verbose=0)
y_pred = model.predict(x, verbose=0)
results = {"mean": y_pred.mean(dtype=float), "none": None}
'''
R = """# A script.

library(keras3)
library(ggplot2)
cat("before\\n")

# ---- constants ----
SEED <- 1
RATE <- 0.1
UNITS <- c(3, 2)

# ---- fit ----
x <- matrix(0:11 + 0, 6, byrow = TRUE)
y <- 0:5 + 0
set_random_seed(SEED)
model <- keras_model_sequential(input_shape = 2) |>
  layer_dense(UNITS[1]) |>
  layer_dense(1)
model |> compile(optimizer = optimizer_sgd(RATE), loss = "mse")
history <- model |> fit(x, y, epochs = 2, verbose = 0,
                        validation_data = list(x, y))
cat("units:", UNITS[1], "\\n")

# ---- curve ----
ggplot(data.frame(x = 1:2, y = history$metrics$loss), aes(x, y)) +
  geom_line()

# ---- results ----
scores <- evaluate(model, x, y, verbose = 0)
y_pred <- predict(model, x, verbose = 0)
results <- list(mean = mean(y_pred), none = NA)
"""
SCRIPTS = {"python": ("script.py", PYTHON), "r": ("script.R", R)}
pytestmark = pytest.mark.keras


@pytest.fixture(params=list(SCRIPTS))
def language(request):
    interpreter(request.param)
    return request.param


def drive(folder, language, source=None, **values):
    """Run a script by its driver; return the process and, where it ended well, the record."""
    name, text = SCRIPTS[language]
    script = folder / name
    script.write_text(source or text, encoding="utf-8")
    job = runner.job("01_first_network", language, script, folder, values)
    (folder / "job.json").write_text(json.dumps(job), encoding="utf-8")
    command = [*runner.driver(language), folder / "job.json"]
    ended = execute(*command, cwd=ROOT, env=processes.environment())
    (folder / record.OUTPUT).write_text(ended.stdout, encoding="utf-8")
    if ended.returncode:
        return ended, None
    data = {"variant": "mini", "sets": {}, "digest": "0" * 64}
    return ended, record.write(job, data, {"threads": 1, "onednn": "", "deterministic": ""})


def test_everything_that_a_script_does_is_kept(tmp_path, language):
    ended, kept = drive(tmp_path, language)
    assert not ended.returncode, ended.stderr
    assert kept["constants"] == {"SEED": 1, "RATE": 0.1, "UNITS": [3, 2]}
    names = ["setup", "constants", "fit", "curve", "results"]
    assert [one["name"] for one in kept["sections"]] == names
    assert [one["printed"] for one in kept["sections"]] == ["before", "", "units: 3", "", ""]
    assert [one["figures"] for one in kept["sections"]] == [[], [], [], ["curve-1.png"], []]
    fit, evaluate, predict = kept["calls"]  # not the evaluation within the fit
    assert (fit["call"], fit["section"]) == ("fit", "fit")
    assert len(fit["history"]["val_loss"]) == 2
    assert [one["shape"] for one in fit["initial"]] == [[2, 3], [3], [3, 1], [1]]
    assert (predict["call"], predict["section"]) == ("predict", "results")
    assert evaluate["scores"] == {"loss": pytest.approx(fit["history"]["val_loss"][-1])}
    assert kept["results"]["none"] is None
    values = record.tensors(kept, "predictions", tmp_path)
    assert values.mean(dtype=float) == pytest.approx(kept["results"]["mean"])


def test_keras_traces_a_training_step_once_and_optimises_it(tmp_path):
    step = """import tensorflow as tf; from pandas import Series
class Model(keras.Sequential):
    def train_step(self, data):
        print(tf.config.optimizer.get_experimental_options())
        return super().train_step(data)

"""
    source = PYTHON.replace("x = np", f"{step}x = np").replace("keras.Sequential([", "Model([")
    source = source.replace('loss="mse")', 'loss="mse", metrics=["mae"])').replace("SGD", "Adam")
    # The layers are not built yet, and the target is one of pandas.
    source = source.replace("keras.Input(shape=(2,)),", "").replace("fit(x, y", "fit(x, Series(y)")
    _, kept = drive(tmp_path, "python", source)
    assert kept["sections"][2]["printed"].count("'disable_meta_optimizer': False") == 1


def test_constants_are_replaced_and_a_network_that_diverges_leaves_a_record(tmp_path, language):
    ended, kept = drive(tmp_path, language, UNITS=[5, 2], RATE=1e30)
    assert not ended.returncode, ended.stderr
    assert kept["set"] == {"RATE": 1e30, "UNITS": [5, 2]}
    assert kept["constants"] == {"SEED": 1, "RATE": 1e30, "UNITS": [5, 2]}
    assert kept["sections"][2]["printed"] == "units: 5"
    assert kept["calls"][0]["initial"][0]["shape"] == [2, 5]
    assert record.diverged(kept).startswith("the loss of fit 1 (fit) is ")


def test_a_name_that_is_no_constant_is_refused(tmp_path, language):
    ended, _ = drive(tmp_path, language, HISTORY=1)
    assert ended.returncode
    assert f"{SCRIPTS[language][0]} has no constant HISTORY; it has SEED, RATE" in ended.stderr


def test_an_error_names_the_scripts_own_line(tmp_path, language):
    name, source = SCRIPTS[language]
    broken = source.replace("y_pred.mean(dtype=float)", "gone").replace("mean(y_pred)", "gone")
    ended, _ = drive(tmp_path, language, broken)
    line = next(i for i, text in enumerate(broken.splitlines(), 1) if "gone" in text)
    assert ended.returncode == 1
    if language == "python":
        assert f'{name}", line {line}' in ended.stderr
        assert "driver.py" not in ended.stderr
    else:
        assert "object 'gone' not found" in ended.stderr


def test_a_question_whether_there_is_keras_is_no_import(tmp_path):
    asks = "import importlib.util; importlib.util.find_spec('keras')\n"  # as TensorFlow does
    _, kept = drive(tmp_path, "python", asks + SCRIPTS["python"][1])
    assert len(kept["calls"]) == 3


def test_sections_must_not_have_the_same_name():
    with pytest.raises(ValueError, match="line 3: there is a section 'fit' already"):
        sections.lines("# ---- fit ----\n\n# ---- fit ----\n")


@pytest.mark.parametrize(
    ("printed", "shown"),
    [
        ("\x1b[1mbold\x1b[0m ", "bold"),
        ("1/6 ━━━ 1s\r6/6 ━━━ 1s 94ms/step - loss: 0.5", "6/6 - loss: 0.5"),
        ("3/6 ━━━━ 0s", ""),
        ("6/6 - 1s - 94ms/step - loss: 0.5", "6/6 - loss: 0.5"),
        ("abc\b\b\bxyz", "xyz"),
    ],
)
def test_output_is_kept_as_it_stays_on_the_screen(printed, shown):
    assert sections.clean(printed) == shown
