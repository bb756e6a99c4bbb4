"""The command line: what it prints, what a program reads, how it ends."""

import io
import json
import re
import sys

import pytest
import synthetic
from helpers import deeptwins, execute
from rich.console import Console

from deeptwins import catalog
from deeptwins.data import cards
from deeptwins.proof import bands, ledger, levels
from deeptwins.runs import runner


@pytest.fixture
def call(results, monkeypatch):
    """Call the command line on results and bands of the test's own."""
    monkeypatch.setattr(bands, "EXPECTED", results / "expected")
    bands.write(synthetic.EXERCISE, "mini", synthetic.expected())
    return deeptwins


def write_pair(path=None, value=None):
    python, r = synthetic.pair()
    synthetic.leave(python)
    synthetic.leave(synthetic.changed(r, path, value) if path else r)


@pytest.mark.parametrize(("difference", "shown"), [(0.0, "✓ 0"), (1e-16, "✓1e-16")])
def test_the_ledger_of_all_exercises_is_not_cut_at_eighty_columns(difference, shown):
    findings = [levels.Finding(level.name, True, difference, "") for level in levels.LEVELS[:-1]]
    band = levels.Finding("band", True, 0.0, "")
    rows = [levels.Verdict(name, [*findings, band]) for name in catalog.exercises()]
    console = Console(width=80, file=io.StringIO())
    ledger.show(rows, console)
    printed = console.file.getvalue()
    assert "…" not in printed
    assert printed.count(shown) >= len(rows) * len(findings)


@pytest.mark.parametrize(
    ("change", "status", "says"),
    [
        ((), 0, "1 of 1 exercises hold at every level"),
        (("constants.EPOCHS", 12), 1, "01_first_network script: EPOCHS is 2 in Python, 12 in R"),
    ],
)
def test_verify_says_what_holds_by_its_status_too(call, change, status, says):
    write_pair(*change)
    done = call("verify", "01")
    assert done.exit_code == status
    assert says in done.stdout


@pytest.mark.parametrize("command", ["run", "verify", "check"])
def test_an_unknown_exercise_is_status_2_with_a_suggestion(call, command):
    done = call(command, "first_netwrok")
    assert done.exit_code == 2
    assert "Did you mean: 01_first_network" in " ".join(done.stderr.split())


def test_run_reports_a_crash_goes_on_and_ends_with_status_1(call, monkeypatch):
    def run_twin(exercise, language, *_):
        if language == "python":
            synthetic.leave(synthetic.make(language))
            return runner.Outcome(exercise, language, True, 0.1)
        return runner.Outcome(exercise, language, False, 0.1, "ended with status 1", ["Error: no"])

    monkeypatch.setattr(runner, "run_twin", run_twin)
    done = call("run", "01")
    assert done.exit_code == 1
    assert "01_first_network R 0.1 s ended with status 1" in done.stderr
    assert "Error: no" in done.stderr
    assert "01_first_network Python 0.1 s" in done.stderr
    found = json.loads(call("run", "01", "--json").stdout)
    assert [one["ok"] for one in found["runs"]] == [True, False]
    assert found["holds"] is False


def test_run_hands_on_what_was_set(call, monkeypatch):
    asked = []

    def run_twin(exercise, language, settings, *_):
        asked.append((exercise, settings.variant, settings.values))
        return runner.Outcome(exercise, language, True, 0.1)

    monkeypatch.setattr(runner, "run_twin", run_twin)
    words = "run 01 --lang python --seed 7 --set EPOCHS=3 --set UNITS=[4,2] --set DATA=my.csv"
    call(*words.split())
    values = {"EPOCHS": 3, "UNITS": [4, 2], "DATA": "my.csv", "SEED": 7}
    assert asked == [("01_first_network", "mini", values)]
    asked.clear()
    call("run", "--data", "full", "--lang", "python")
    full = [one for one in catalog.exercises(solutions=False) if one in cards.with_full()]
    assert sorted(one for one, *_ in asked) == full
    assert call("run", "01", "--set", "epochs=3").exit_code == 1


def test_check_of_one_language_and_of_both(call):
    synthetic.leave(synthetic.make("r"))
    done = call("check", "01", "--lang", "r")
    assert done.exit_code == 0
    assert "in the expected band" in done.stdout
    assert call("check", "01").exit_code == call("check", "01", "--final").exit_code == 0
    assert call("check", "01", "--lang", "python").exit_code == 1


@pytest.mark.parametrize("content", ["", '{"mini": ', "[]"])
def test_bands_that_are_damaged_are_named(call, results, content):
    synthetic.leave(synthetic.make("python"))
    (results / f"expected/{synthetic.EXERCISE}.json").write_text(content)
    done = call("check", "01", "--lang", "python")
    assert done.exit_code == 1
    assert "git checkout -- shared_data/expected" in " ".join(done.output.split())


HEAVY = ("tensorflow", "keras", "pandas", "matplotlib", "sklearn", "scipy")


@pytest.mark.parametrize("words", ["--help", "verify 01", "check 01", "doctor"])
def test_the_command_line_answers_without_tensorflow(words, results):
    write_pair()
    done = execute(sys.executable, "-X", "importtime", "-m", "deeptwins", *words.split())
    loaded = re.findall(r"^import time:.* (\S+)$", done.stderr, re.M)
    assert "typer" in loaded
    assert not [one for one in loaded if one.partition(".")[0] in HEAVY]
    assert "Traceback" not in done.stderr
    assert "01_first_network" in done.stdout or words not in ("verify 01", "check 01")
