"""The runner survives twins that crash, hang or lie, and keeps what they printed."""

import os
import signal
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import filelock
import psutil
import pytest
from helpers import alive

from deeptwins import processes
from deeptwins.paths import ROOT
from deeptwins.runs import record, runner, warm

EXERCISE = "01_first_network"
GOOD = """
# ---- constants ----
SEED = 1
# ---- results ----
results = {"accuracy": 0.75}
"""


@pytest.fixture
def twin(tmp_path, monkeypatch):
    """Let the Python twin of 01 be another script, the only one, with results of its own."""
    monkeypatch.setenv("DEEPTWINS_RESULTS", str(tmp_path / "results"))
    monkeypatch.setattr(runner, "script_file", lambda one, language: tmp_path / f"{one}.py")
    monkeypatch.setattr(runner, "ROOT", tmp_path)
    return (tmp_path / f"{EXERCISE}.py").write_text


def gone(note):
    """Whether the process whose number is noted ends soon: a killed one may take a moment."""
    while alive(int(note.read_text())):
        time.sleep(0.1)
    return True


def run(server=None, **settings):
    return runner.run_twin(EXERCISE, "python", runner.Settings(**settings), server)


@pytest.mark.parametrize(
    ("script", "says"),
    [
        ("import sys; print('lost', file=sys.stderr); sys.exit(3)", "ended with status 3"),
        ("import os; os.kill(os.getpid(), 9)", "was ended by SIGKILL"),
        ("print('no results')", "ended without a valid record: "),
        ("x = {}['gone']", "ended with status 1"),
    ],
)
def test_a_twin_that_fails_is_told_and_leaves_no_record(twin, script, says):
    twin(GOOD)
    assert run().ok
    twin(script)
    outcome = run()
    assert not outcome.ok
    assert says in outcome.problem
    if "gone" in script:
        assert outcome.last_lines[-1] == "KeyError: 'gone'"
    with pytest.raises(record.RecordError, match="is missing"):
        record.read(EXERCISE, "python")


def test_a_hanging_twin_is_ended_with_what_it_started(twin, tmp_path):
    note = tmp_path / "pid"
    child = f"import os; open({str(note)!r}, 'w').write(str(os.getpid())); os.system('sleep 3600')"
    twin(f"import subprocess, sys\nsubprocess.call([sys.executable, '-c', {child!r}])")
    outcome = run(timeout=5)
    assert "still ran after 5 s and was ended" in outcome.problem
    assert gone(note)


def test_of_several_each_gets_its_own_outcome_and_the_rows_come_as_they_end(twin):
    twin(GOOD)
    rows = []
    outcomes = runner.run(["05", EXERCISE], ["python"], runner.Settings(), compared=rows.append)
    assert [outcome.ok for outcome in outcomes] == [False, True]
    assert sorted(rows) == [EXERCISE, "05"]


def test_a_second_run_of_the_same_exercise_waits(twin, tmp_path):
    twin(GOOD)
    asked = ([EXERCISE], ["python"], runner.Settings())
    waited = threading.Event()
    with ThreadPoolExecutor() as pool:
        with filelock.FileLock(tmp_path / "results" / ".locks" / EXERCISE):
            second = pool.submit(runner.run, *asked, waiting=lambda exercise: waited.set())
            assert waited.wait(60)
            assert not second.done()
        assert second.result()[0].ok


needs_fork = pytest.mark.skipif(not processes.can_fork(), reason="no process can be forked here")


@needs_fork
def test_where_the_warm_process_fails_a_fresh_one_runs_the_twin(twin):
    twin(GOOD)
    fails = [sys.executable, "-c", "import time; time.sleep(1); raise SystemExit(1)"]
    with warm.started(fails, os.environ, ROOT) as address:
        for _ in range(2):  # while it is still there, and when it is no more
            assert run(address).ok


@pytest.mark.keras
@needs_fork
def test_a_forked_twin_is_as_a_fresh_one_and_ends_with_its_server(twin, tmp_path):
    twin(GOOD + "import os, sys\nprint(os.getppid(), 'keras' in sys.modules)")
    with runner.warm_processes(["python"]) as servers:
        server = servers["python"]
        outcome = run(server)
        assert outcome.ok, outcome
        parent, loaded = record.read(EXERCISE, "python")["sections"][-1]["printed"].split()
        assert (psutil.Process(int(parent)).ppid(), loaded) == (os.getpid(), "True")
        note = tmp_path / "pid"
        twin(f"import os, time\nopen({str(note)!r}, 'w').write(str(os.getpid()))\ntime.sleep(3600)")
        hanging = threading.Thread(target=run, args=[server])
        hanging.start()
        while not (note.exists() and note.read_text()):
            time.sleep(0.1)
        os.kill(int(parent), signal.SIGKILL)
        hanging.join(60)
        assert gone(note)


def test_a_path_that_is_not_there_is_named_before_the_run(twin):
    twin(GOOD)
    outcome = run(values={"DATA": "/nowhere/my.csv"})
    assert outcome.problem == "DATA is set to /nowhere/my.csv, which does not exist."
