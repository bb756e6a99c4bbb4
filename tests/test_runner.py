"""The runner survives twins that crash, hang or lie, and keeps what they printed."""

import sys
import time
from pathlib import Path

import pytest
import synthetic

from deeptwins import record, runner

GOOD = f"""
import json, sys
sys.path.insert(0, {str(Path(__file__).parent)!r})
import synthetic
print("before")
# ---- load ----
print("loading")
# ---- report ----
synthetic.write(synthetic.make("python"))
"""


@pytest.fixture
def twin(tmp_path, monkeypatch):
    """Let the Python twin of 04 be another script, with results of its own."""
    monkeypatch.setenv("DEEPTWINS_RESULTS", str(tmp_path / "results"))
    script = tmp_path / "04_hello_iris.py"

    def write(source):
        script.write_text(source)
        marked = str(Path(runner.__file__).with_name("marked.py"))
        monkeypatch.setattr(
            runner, "command", lambda exercise, language: [sys.executable, marked, str(script)]
        )

    return write


def run(**options):
    return runner.run_twin(synthetic.EXERCISE, "python", **options)


def test_a_good_twin_leaves_record_and_marked_output(twin):
    twin(GOOD)
    outcome = run()
    assert outcome.ok, outcome
    assert record.read(synthetic.EXERCISE, "python")["metrics"]["accuracy"] == 0.75
    printed = runner.output_file(synthetic.EXERCISE, "python").read_text()
    assert printed.split("\n") == ["before", "\x1eload", "loading", "\x1ereport", ""]


def test_a_crash_is_told_with_its_last_lines_and_line_number(twin):
    twin("print('so far')\n# ---- load ----\nraise ValueError('no such flower')\n")
    outcome = run()
    assert not outcome.ok
    assert outcome.problem == "ended with status 1"
    assert outcome.last_lines[-1] == "ValueError: no such flower"
    assert any("04_hello_iris.py" in line and "line 3" in line for line in outcome.last_lines)


def test_a_hanging_twin_is_ended_with_what_it_started(twin, tmp_path):
    child = tmp_path / "child.pid"
    twin(
        "import subprocess, sys, time, pathlib\n"
        "process = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        f"pathlib.Path({str(child)!r}).write_text(str(process.pid))\n"
        "print('waiting', flush=True)\n"
        "time.sleep(600)\n"
    )
    outcome = run(timeout=5)
    assert outcome.problem == "still ran after 5 s and was ended"
    assert outcome.last_lines == ["waiting"]
    pid = int(child.read_text())
    for _ in range(100):
        if not alive(pid):
            break
        time.sleep(0.1)
    assert not alive(pid)


def alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_a_twin_that_is_killed_is_told_by_its_signal(twin):
    twin("import os, signal\nos.kill(os.getpid(), signal.SIGKILL)\n")
    assert run().problem.startswith("was ended by SIGKILL; if nobody did that, the memory")


def test_a_twin_without_report_is_told(twin):
    twin("print('done')\n")
    outcome = run()
    assert not outcome.ok
    assert "ended without a valid record" in outcome.problem


def test_an_old_record_does_not_stand_for_a_failed_run(twin):
    twin(GOOD)
    assert run().ok
    twin("raise SystemExit(3)\n")
    assert run().problem == "ended with status 3"
    with pytest.raises(record.RecordError, match="is missing"):
        record.read(synthetic.EXERCISE, "python")


def test_one_failure_does_not_stop_the_others(twin):
    twin("raise SystemExit(1)\n")
    seen = []
    outcomes = runner.run(["04_hello_iris", "99_missing"], ["python"], ended=seen.append)
    assert [outcome.ok for outcome in outcomes] == [False, False]
    assert outcomes[1].problem == "python/99_missing.py does not exist"
    assert sorted(outcome.exercise for outcome in seen) == ["04_hello_iris", "99_missing"]


def test_the_seed_of_a_run_reaches_the_twin(twin, monkeypatch):
    monkeypatch.setenv("DEEPTWINS_SEED", "99")
    twin(GOOD + "\nimport os\nprint(os.environ.get('DEEPTWINS_SEED'))\n")
    run(seed=7)
    assert runner.output_file(synthetic.EXERCISE, "python").read_text().endswith("7\n")
    run()
    assert runner.output_file(synthetic.EXERCISE, "python").read_text().endswith("None\n")
