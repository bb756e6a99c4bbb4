"""The runner survives twins that crash, hang or lie, and keeps what they printed."""

import os
import runpy
import signal
import threading
import time
from pathlib import Path

import embedded_r
import pytest
import synthetic
from helpers import alive

from deeptwins import processes, record, runner
from deeptwins.paths import LANGUAGES, ROOT

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


@pytest.fixture(scope="module")
def warmed():
    """A warm process, as `run` starts one for several exercises."""
    if not processes.can_fork():
        pytest.skip("no process can be forked safely on this system")
    forget_test()
    with runner.warm("python") as process:
        yield process


def forget_test():
    """Unset what pytest sets for every phase: only an equal environment is forked from."""
    os.environ.pop("PYTEST_CURRENT_TEST", None)


@pytest.fixture
def twin(tmp_path, monkeypatch):
    """Let the Python twin of 04 be another script, with results of its own."""
    monkeypatch.setenv("DEEPTWINS_RESULTS", str(tmp_path / "results"))
    script = tmp_path / "04_hello_iris.py"
    real = runner.script_file
    monkeypatch.setattr(
        runner,
        "script_file",
        lambda exercise, language: (
            script if exercise == synthetic.EXERCISE else real(exercise, language)
        ),
    )
    return script.write_text


@pytest.fixture(params=["fresh", "forked"])
def run(request):
    """Run the twin in a process of one kind."""
    if request.param == "fresh":
        yield lambda **options: runner.run_twin(synthetic.EXERCISE, "python", **options)
        return
    process = request.getfixturevalue("warmed")
    before = process.forked

    def forked(**options):
        forget_test()
        return runner.run_twin(synthetic.EXERCISE, "python", warmed=process, **options)

    yield forked
    assert process.forked > before, "a fresh process ran instead"


def test_a_good_twin_leaves_record_and_marked_output(twin, run):
    twin(GOOD)
    outcome = run()
    assert outcome.ok, outcome
    assert record.read(synthetic.EXERCISE, "python")["metrics"]["accuracy"] == 0.75
    printed = runner.output_file(synthetic.EXERCISE, "python").read_text()
    assert printed.split("\n") == ["before", "\x1eload", "loading", "\x1ereport", ""]


def test_a_crash_is_told_with_its_last_lines_and_line_number(twin, run):
    twin("print('so far')\n# ---- load ----\nraise ValueError('no such flower')\n")
    outcome = run()
    assert not outcome.ok
    assert outcome.problem == "ended with status 1"
    assert outcome.last_lines[-1] == "ValueError: no such flower"
    assert any("04_hello_iris.py" in line and "line 3" in line for line in outcome.last_lines)


def test_a_hanging_twin_is_ended_with_what_it_started(twin, run, tmp_path):
    child = tmp_path / "child.pid"
    twin(
        "import subprocess, sys, time, pathlib\n"
        "process = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        f"pathlib.Path({str(child)!r}).write_text(str(process.pid))\n"
        "print('waiting', flush=True)\n"
        "time.sleep(600)\n"
    )
    outcome = run(timeout=10)
    assert outcome.problem == "still ran after 10 s and was ended"
    assert outcome.last_lines == ["waiting"]
    pid = int(child.read_text())
    for _ in range(100):
        if not alive(pid):
            break
        time.sleep(0.1)
    assert not alive(pid)


def test_a_twin_that_is_killed_is_told_by_its_signal(twin, run):
    twin("import os, signal\nos.kill(os.getpid(), signal.SIGKILL)\n")
    assert run().problem.startswith("was ended by SIGKILL; if nobody did that, the memory")


def test_a_twin_without_report_is_told(twin, run):
    twin("print('done')\n")
    outcome = run()
    assert not outcome.ok
    assert "ended without a valid record" in outcome.problem


def test_an_old_record_does_not_stand_for_a_failed_run(twin, run):
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


def test_the_seed_of_a_run_reaches_the_twin(twin, run, monkeypatch):
    monkeypatch.setenv("DEEPTWINS_SEED", "99")
    twin(GOOD + "\nimport os\nprint(os.environ.get('DEEPTWINS_SEED'))\n")
    run(seed=7)
    assert runner.output_file(synthetic.EXERCISE, "python").read_text().endswith("7\n")
    run()
    assert runner.output_file(synthetic.EXERCISE, "python").read_text().endswith("None\n")


# ---- warm processes ----


def test_a_twin_gets_a_fresh_process_where_the_settings_are_others(twin, warmed, monkeypatch):
    twin(GOOD)
    before = warmed.forked
    forget_test()
    assert runner.run_twin(synthetic.EXERCISE, "python", threads=2, warmed=warmed).ok
    monkeypatch.setenv("TF_DETERMINISTIC_OPS", "1")
    assert runner.run_twin(synthetic.EXERCISE, "python", warmed=warmed).ok
    assert warmed.forked == before


def test_a_twin_gets_a_fresh_process_where_there_is_no_warm_one(twin, monkeypatch):
    twin(GOOD)
    forget_test()
    with runner.warm("python") as process:
        os.killpg(process.pid, signal.SIGKILL)
        assert runner.run_twin(synthetic.EXERCISE, "python", warmed=process).ok
        assert process.forked == 0


def test_a_forked_twin_is_as_a_fresh_one_but_has_loaded_keras(twin, run, tmp_path):
    twin(
        GOOD + "import os\nfrom pathlib import Path\n"
        f"(Path({str(tmp_path)!r}) / 'seen').write_text(repr([sys.argv, __name__, __file__,"
        " sys.path[1], os.getcwd(), os.getpgid(0) == os.getpid(), os.getsid(0) == os.getpid(),"
        " sys.stdin.read(), sorted(os.listdir('/proc/self/fd'))[:3],"
        " [name for name in sys.modules if name.startswith('deeptwins')],"
        " len(os.listdir('/proc/self/task'))]))\n"
    )
    assert run().ok
    script = str(tmp_path / "04_hello_iris.py")
    seen = eval((tmp_path / "seen").read_text())
    expected = [[script], "__main__", script, str(tmp_path), str(runner.ROOT), True, True, ""]
    assert seen[:8] == expected
    assert "deeptwins.course" not in seen[9], "its clock would have begun before the twin"
    assert seen[10] == 1


def test_a_twin_that_hangs_while_others_wait_is_ended_with_the_run(twin, monkeypatch, tmp_path):
    twin(
        f"import os, time\nopen({str(tmp_path / 'pid')!r}, 'w').write(str(os.getpid()))\n"
        "print('here', flush=True)\ntime.sleep(600)\n"
    )

    class Stop(Exception):
        pass

    def ended(outcome):
        while not (tmp_path / "pid").exists() or not (tmp_path / "pid").read_text():
            time.sleep(0.05)
        raise Stop

    exercises = ["99_missing", synthetic.EXERCISE, "98_missing"]
    with pytest.raises(Stop):
        runner.run(exercises, ["python"], jobs=2, ended=ended)
    assert not alive(int((tmp_path / "pid").read_text()))
    assert threading.active_count() < 5


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_forked_process_gives_what_a_fresh_one_gives(language):
    forget_test()
    if language == "r" and not embedded_r.installed():
        pytest.skip("R is not installed")
    forked = runpy.run_path(str(ROOT / "bench" / "forked.py"))
    try:
        found = forked["differences"](["04_hello_iris", "08_encoding"], language)
    except RuntimeError as error:
        pytest.skip(str(error))
    assert found == {"04_hello_iris": [], "08_encoding": []}


def test_a_twin_finds_the_folders_that_were_named_from_elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DEEPTWINS_RESULTS", "out")
    monkeypatch.setenv("DEEPTWINS_DATA", "data")
    env = runner.environment("mini", None, 1)
    assert env["DEEPTWINS_RESULTS"] == str(tmp_path / "out")
    assert env["DEEPTWINS_DATA"] == str(tmp_path / "data")
