"""Exercise 14: the same results on any workers, in any order, and after any fault."""

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import embedded_r
import numpy as np
import own_slurm
import pandas as pd
import psutil
import pytest
from helpers import HANGS

from deeptwins import runner
from deeptwins.paths import BOOK, ROOT, SHARED, script_file

pytest.importorskip("distributed", reason="Dask is not installed: pip install distributed")

RESULTS = ("data", "networks", "metrics")
ENDINGS = {"python": "json", "r": "rds"}


def has_r_package(name):
    command = ["Rscript", "-e", f"quit(status = !requireNamespace('{name}', quietly = TRUE))"]
    return subprocess.run(command, cwd=ROOT, capture_output=True, check=False).returncode == 0


@pytest.fixture(scope="module", params=["python", "r"])
def language(request):
    if request.param == "r":
        if not embedded_r.installed():
            pytest.skip("R is not installed; `deeptwins doctor` says how to get it")
        if not has_r_package("future"):
            pytest.skip("R's package future is not installed: Rscript r/setup.R packages")
    return request.param


# ---- the data ----


def test_the_configurations_are_within_what_the_card_says():
    drawn = pd.read_csv(SHARED / "search" / "configurations.csv")
    assert drawn["configuration"].tolist() == list(range(1, 25))
    assert drawn["learning_rate"].between(10**-3.5, 0.1).all()
    assert drawn["units"].between(4, 128).all()
    assert drawn["dropout"].between(0, 0.6).all()
    # Even on a logarithmic scale: about half of them on each side of its middle.
    assert 6 <= (drawn["learning_rate"] < 10**-2.25).sum() <= 18
    assert 6 <= (drawn["units"] < 2**4.5).sum() <= 18


def test_every_fold_has_its_share_of_malignant_tumours():
    folds = pd.read_csv(SHARED / "search" / "folds.csv").merge(
        pd.read_csv(SHARED / "nuclei" / "nuclei.csv"), on="row"
    )
    assert len(folds) == 569
    assert folds["fold"].value_counts().to_dict() == {0: 219} | dict.fromkeys(range(1, 6), 70)
    share = (folds["diagnosis"] == "malignant").groupby(folds["fold"]).mean()
    assert np.allclose(share, 0.373, atol=0.02)


# ---- short searches, with and without faults ----

# What happens to configuration 1, fold 3 in the worker: `{flag}` is a file of the test's own.
ANCHOR = {
    "python": '    ask = fold == task["fold"]\n',
    "r": "  ask <- fold == task$fold\n",
}
AT = {
    "python": '    if task == {{"configuration": 1, "fold": 3}} and {condition}:\n        {act}\n',
    "r": "  if (task$configuration == 1 && task$fold == 3 && {condition}) {{\n    {act}\n  }}\n",
}
THERE = {"python": "os.path.exists('{flag}')", "r": "file.exists('{flag}')"}
NOT_YET = {"python": "not os.path.exists('{flag}')", "r": "!file.exists('{flag}')"}
RAISE = {"python": "raise ValueError('no such luck')", "r": "stop('no such luck')"}
DIE = {"python": "os.kill(os.getpid(), 9)", "r": "tools::pskill(Sys.getpid(), 9)"}
# The worker leaves its number, and stays in the middle of the fold.
WAIT = {
    "python": "open('{flag}', 'w').write(f'{{os.getpid()}}.'); import time; time.sleep({seconds})",
    "r": "writeLines(paste0(Sys.getpid(), '.'), '{flag}'); Sys.sleep({seconds})",
}


class Search:
    """Runs of a twin with two configurations and two epochs, in a folder of their own."""

    def __init__(self, language, folder):
        self.language, self.folder = language, folder
        self.flag = folder / "flag"
        self.log = folder / "log"

    def script(self, *faults, configurations=2, epochs=2, reverse=False, seconds=600):
        """Write the twin, made short, with what shall happen in configuration 1, fold 3."""
        source = script_file("14_search", self.language).read_text(encoding="utf-8")
        is_r = self.language == "r"
        equals = "<-" if is_r else "="
        changes = {
            f"CONFIGURATIONS {equals} 6\n": f"CONFIGURATIONS {equals} {configurations}\n",
            f"EPOCHS {equals} 12\n": f"EPOCHS {equals} {epochs}\n",
        }
        if faults:
            condition, act = (
                one[self.language].format(flag=self.flag, seconds=seconds) for one in faults
            )
            fault = AT[self.language].format(condition=condition, act=act)
            changes[ANCHOR[self.language]] = ANCHOR[self.language] + fault
        if reverse:
            mark = "failed <- 0\n" if is_r else "failed = 0\n"
            turned = "left <- rev(left)\n" if is_r else "left = left[::-1]\n"
            changes[mark] = turned + mark
        for old, new in changes.items():
            assert source.count(old) == 1, old
            source = source.replace(old, new)
        path = self.folder / f"short.{'R' if is_r else 'py'}"
        path.write_text(source, encoding="utf-8")
        return path

    def start(self, script, cluster="local", env=None):
        """Start a search in a session of its own."""
        command = ["Rscript"] if self.language == "r" else [sys.executable]
        return subprocess.Popen(
            [*command, str(script)],
            cwd=ROOT,
            env=runner.environment("mini", 1, 1)
            | (env or {})
            | {
                "DEEPTWINS_RESULTS": str(self.folder),
                "DEEPTWINS_CLUSTER": cluster,
                "RETICULATE_PYTHON": sys.executable,
            },
            stdin=subprocess.DEVNULL,
            stdout=self.log.open("wb"),
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def end(self, process):
        """Wait until a search has ended; return its status and what it said."""
        try:
            status = process.wait(HANGS)
        finally:
            kill_group(process.pid)
        return status, self.said()

    def said(self):
        return self.log.read_text(encoding="utf-8", errors="replace")

    def run(self, script, cluster="local", env=None):
        return self.end(self.start(script, cluster, env))

    @property
    def tasks(self):
        return self.folder / self.language / "14_search-tasks"

    def kept(self):
        """Return the files of finished tasks."""
        return list(self.tasks.glob(f"*.{ENDINGS[self.language]}"))

    def record(self):
        """Return what a record says of the results."""
        path = self.folder / self.language / "14_search.json"
        record = json.loads(path.read_text(encoding="utf-8"))
        # Layers are numbered through in each process, so that their names differ.
        del record["networks"]["best"]["architecture"]
        return {part: record[part] for part in RESULTS}


def kill_group(leader):
    with contextlib.suppress(ProcessLookupError):
        os.killpg(leader, signal.SIGKILL)


def until(true, process):
    """Wait until something is true while a search runs."""
    limit = time.monotonic() + HANGS
    while not true():
        assert process.poll() is None, "the search has ended"
        assert time.monotonic() < limit
        time.sleep(0.1)


@pytest.fixture
def search(language, tmp_path):
    return Search(language, tmp_path)


@pytest.fixture(scope="module")
def alone(language, tmp_path_factory):
    """The results of the short search, one task after another in one process."""
    search = Search(language, tmp_path_factory.mktemp(f"alone-{language}"))
    status, said = search.run(search.script(), cluster="here")
    assert status == 0, said
    assert search.kept() == []
    return search.record()


def test_workers_and_order_change_nothing(search, alone):
    status, said = search.run(search.script(reverse=True))
    assert status == 0, said
    assert search.record() == alone


@pytest.mark.long
def test_a_worker_that_is_killed_in_a_fold_is_replaced(search, alone):
    process = search.start(search.script(NOT_YET, WAIT))
    until(lambda: search.flag.exists() and search.flag.read_text().endswith((".", ".\n")), process)
    os.kill(int(search.flag.read_text().strip().rstrip(".")), signal.SIGKILL)
    status, said = search.end(process)
    assert status == 0, said
    assert search.record() == alone


@pytest.mark.long
@pytest.mark.parametrize("act", [RAISE, DIE], ids=["raises", "kills its worker"])
def test_a_task_that_always_fails_is_reported_and_loses_no_other(search, alone, act):
    script = search.script(THERE, act)
    search.flag.touch()
    status, said = search.run(script)
    assert status == 1
    named = {"python": "{'configuration': 1, 'fold': 3} failed", "r": "fold 3 failed"}
    assert said.count(" failed:") == 1
    assert named[search.language] in said
    assert ("no such luck" if act is RAISE else "ork") in said.split(" failed:")[1]
    assert "1 tasks failed; the others are" in " ".join(said.split())
    assert len(search.kept()) == 9
    # Once what was wrong is mended, only this one is left to do.
    search.flag.unlink()
    status, said = search.run(script)
    assert status == 0, said
    assert "9 tasks were done before." in said
    assert search.record() == alone


@pytest.mark.long
def test_an_interrupted_search_goes_on_and_a_changed_one_begins_anew(search, alone):
    # A worker of R looks up only after its task.
    script = search.script(NOT_YET, WAIT, seconds=20)
    process = search.start(script)
    until(lambda: search.flag.exists() and len(search.kept()) >= 3, process)
    process.kill()
    process.wait()
    done = len(search.kept())
    assert done < 10
    assert_nothing_is_left(search, process)
    status, said = search.run(search.script(NOT_YET, WAIT, seconds=20, epochs=1))
    assert status == 0, said
    assert "done before" not in said
    assert search.record() != alone
    status, said = search.run(search.script(NOT_YET, WAIT, seconds=20))
    assert status == 0, said
    assert f"{done} tasks were done before." in said
    assert search.record() == alone


@pytest.mark.long
def test_a_solution_that_is_killed_leaves_no_worker(search):
    script = script_file("solutions/14_search", search.language)
    process = search.start(script, env={"PYTHONUNBUFFERED": "1"})
    until(lambda: "fold 1:" in search.said(), process)
    process.kill()
    process.wait()
    assert_nothing_is_left(search, process)


def assert_nothing_is_left(search, process):
    """The workers end by themselves when the search that started them was killed."""
    mark = f"DEEPTWINS_RESULTS={search.folder}".encode()

    def left():
        found = []
        for one in psutil.process_iter():
            try:
                if mark in Path(f"/proc/{one.pid}/environ").read_bytes():
                    found.append(one.name())
            except OSError:
                pass
        return found

    limit = time.monotonic() + HANGS
    while left() and time.monotonic() < limit:
        time.sleep(0.5)
    names = left()
    kill_group(process.pid)
    assert names == []


@pytest.mark.long
def test_without_an_engine_the_tasks_run_one_after_another(search, alone):
    script = search.script()
    name, engine = {
        "python": ("distributed", "Dask"),
        "r": ("future", "future"),
    }[search.language]
    source = script.read_text(encoding="utf-8")
    if search.language == "python":
        source = f"import sys\nsys.modules['{name}'] = None\n" + source
    else:
        source = source.replace('requireNamespace("future", quietly = TRUE)', "FALSE")
    script.write_text(source, encoding="utf-8")
    status, said = search.run(script)
    assert status == 0, said
    assert f"{engine} is not installed" in said
    assert search.record() == alone


# ---- a real SLURM ----


FILE = re.compile(r'^```\{\.\w+ filename="~/([^"]+)"\}\n(.*?)^```$', re.S | re.M)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    """The environment of a user of a SLURM, who has the files of the chapter in the home folder."""
    home = tmp_path_factory.mktemp("home")
    files = FILE.findall((BOOK / "14_search.qmd").read_text(encoding="utf-8"))
    assert [name for name, _ in files] == [
        ".config/dask/jobqueue.yaml",
        ".batchtools.slurm.tmpl",
    ]
    for name, text in files:
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_text(text, encoding="utf-8")
    try:
        with own_slurm.running() as env:
            # Nobody else's machine is spoken to.
            yield env | {"HOME": str(home), "DASK_JOBQUEUE__SLURM__INTERFACE": "lo"}
    except own_slurm.CannotStart as reason:
        pytest.skip(f"no SLURM: {reason}")


@pytest.fixture
def on_slurm(search, cluster):
    if search.language == "r" and not has_r_package("future.batchtools"):
        pytest.skip("R's package future.batchtools is not installed: `make test-all` gets it")
    yield search
    own_slurm.call(cluster, "scancel", "--user=root")


def jobs(env):
    return own_slurm.call(env, "squeue", "--noheader", "--states=R", "--format=%i").split()


@pytest.mark.long
def test_slurm_gives_the_same_results(on_slurm, cluster, alone):
    search = on_slurm
    process = search.start(search.script(), "slurm", cluster)
    until(lambda: jobs(cluster), process)
    script = own_slurm.call(cluster, "scontrol", "write", "batch_script", jobs(cluster)[0], "-")
    assert script.startswith("#!")
    wanted = {"python": "--nthreads 1", "r": "batchtools::doJobCollection"}
    assert wanted[search.language] in script
    # What the files of the chapter say.
    assert re.search(r"^#SBATCH (-p |--partition=)short$", script, re.M)
    assert re.search(r"^#SBATCH (-A |--account=)my_project$", script, re.M)
    assert re.search(r"^module load ", script, re.M)
    status, said = search.end(process)
    assert status == 0, said
    assert search.record() == alone
    assert own_slurm.call(cluster, "squeue", "--noheader") == ""


@pytest.mark.long
def test_jobs_have_the_environment_and_leave_a_log(on_slurm, cluster):
    """Each worker sees its job and has one thread; what it says is in the folder of the tasks."""
    search = on_slurm
    act = {
        "python": "raise ValueError(os.environ['SLURM_JOB_ID'] + ' '"
        " + os.environ['TF_NUM_INTRAOP_THREADS'] + ' thread')",
        "r": "stop(Sys.getenv('SLURM_JOB_ID'), ' ', Sys.getenv('TF_NUM_INTRAOP_THREADS'),"
        " ' thread')",
    }
    status, said = search.run(search.script(NOT_YET, act, configurations=1), "slurm", cluster)
    assert status == 1
    _, reason = said.split(" failed:")
    assert "1 thread" in reason
    if search.language == "python":
        logs = list(search.tasks.glob("dask-worker-*.err"))
        assert any("Registered to" in one.read_text(errors="replace") for one in logs)
    assert len(search.kept()) == 4


@pytest.mark.long
def test_a_cancelled_job_is_told(on_slurm, cluster):
    """SLURM ends the job, and the search says what happened and to which task."""
    search = on_slurm
    script = search.script(NOT_YET, WAIT, configurations=1)
    if search.language == "python":
        source = script.read_text(encoding="utf-8")
        assert source.count('"60s"') == 1
        script.write_text(source.replace('"60s"', '"3s"'), encoding="utf-8")
    process = search.start(script, "slurm", cluster)
    until(search.flag.exists, process)
    worker = int(search.flag.read_text().strip().rstrip(".") or 0)
    running = jobs(cluster)
    own_slurm.call(cluster, "scancel", *running)
    status, said = search.end(process)
    if search.language == "python":
        # All workers were cancelled: Dask has nobody left to give the tasks to.
        assert status == 1
        assert "NoWorkerError" in said
        assert "the others are" in said
    else:
        # Each task is a job, and a new one takes its place.
        assert status == 0, said
        assert "a worker was lost, its task is tried again: configuration 1, fold 3" in said
    assert worker == 0 or not psutil.pid_exists(worker)
