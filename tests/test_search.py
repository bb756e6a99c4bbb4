"""Exercise 18: its data, the same results from any number of workers, and the cluster's scripts."""

import os
import re
import shutil
import signal
import subprocess

import numpy as np
import pandas as pd
import pytest
from helpers import HANGS, interpreter, outside, program, read

from deeptwins.paths import BOOK, LANGUAGES, SHARED, find_r
from deeptwins.runs import record, runner

SCRIPTS = {"python": "search_cluster.py", "r": "search_cluster.R"}


@pytest.mark.parametrize(
    ("name", "letter", "lowest", "highest"),
    [("configurations", "s", 1e-4, 10**-2.5), ("wider", "w", 1e-3, 0.1)],
)
def test_the_configurations_are_within_what_the_card_says(name, letter, lowest, highest):
    drawn = pd.read_csv(SHARED / "search" / f"{name}.csv")
    assert drawn["id"].tolist() == [f"{letter}{number}" for number in range(1, 7)]
    assert drawn["learning_rate"].between(lowest, highest).all()
    assert drawn["units"].between(16, 64).all()
    assert drawn["dropout"].between(0, 0.5).all()


def test_every_fold_has_its_share_of_malignant_tumours():
    folds = pd.read_csv(SHARED / "search" / "folds.csv").merge(
        pd.read_csv(SHARED / "nuclei" / "nuclei.csv"), on="row"
    )
    assert folds["fold"].value_counts().to_dict() == {0: 219} | dict.fromkeys(range(1, 6), 70)
    share = (folds["diagnosis"] == "malignant").groupby(folds["fold"]).mean()
    assert np.allclose(share, 0.373, atol=0.02)


@pytest.mark.long
@pytest.mark.keras
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_number_of_workers_changes_nothing(results, language):
    found = []
    for workers in (1, 2):
        values = {"WORKERS": workers, "EPOCHS": 2, "CANDIDATES": 10}
        outcome = runner.run_twin("18_search", language, runner.Settings(values=values))
        assert outcome.ok, outcome.last_lines
        found.append(record.read("18_search", language)["results"])
    assert found[0] == found[1]


# ---- the scripts for a cluster, without one ----


@pytest.fixture
def cluster(tmp_path):
    """Return a function that starts a script of the appendix, with two configurations to train."""
    if os.name == "nt":
        pytest.skip("SLURM runs under Linux")
    shutil.copytree(SHARED / "nuclei", tmp_path / "shared_data" / "nuclei")
    shutil.copytree(SHARED / "search", tmp_path / "shared_data" / "search")
    drawn = tmp_path / "shared_data" / "search" / "configurations.csv"
    drawn.write_text("".join(drawn.read_text().splitlines(keepends=True)[:3]))
    find_r()
    for script in (BOOK / "cluster").iterdir():
        text = re.sub(r"(?m)^(EPOCHS \S+) \d+", r"\1 1", script.read_text(encoding="utf-8"))
        (tmp_path / script.name).write_text(text, encoding="utf-8")
    env = outside()
    env["PATH"] = f"{tmp_path / 'bin'}{os.pathsep}{env['PATH']}"

    def start(language, task):
        return subprocess.Popen(
            [interpreter(language), SCRIPTS[language], task],
            cwd=tmp_path,
            env=env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            start_new_session=True,
        )

    return start


def ended(job):
    """Return the status of a script and all that it said."""
    said, _ = job.communicate(timeout=HANGS)
    return job.returncode, said


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_shows_the_scripts_as_they_are(language):
    page = read("book/appendix_cluster.qmd")
    script = read(f"book/cluster/{SCRIPTS[language]}")
    shown = re.findall(rf"^```{language}\n(.*?)^```$", page, re.S | re.M)
    assert len(shown) == 3
    assert [one for one in shown if one not in script] == []
    assert "There is no sbatch here" in page


@pytest.mark.parametrize("language", LANGUAGES)
def test_without_sbatch_nothing_is_given_to_slurm(cluster, language):
    if shutil.which("sbatch"):
        pytest.skip("this machine has SLURM")
    status, said = ended(cluster(language, "submit"))
    assert status == 1
    assert "There is no sbatch here" in said
    assert "local" in said


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_job_is_made_for_what_is_missing_and_not_waiting(cluster, tmp_path, language):
    program(tmp_path / "bin/sbatch", 'printf "%s|" "$@" >> given; echo >> given')
    program(tmp_path / "bin/squeue", "echo s1")
    assert ended(cluster(language, "submit"))[0] == 0
    (given,) = (tmp_path / "given").read_text().splitlines()
    assert "--job-name=s2|" in given
    assert re.search(r"--wrap=\S+ \S*search_cluster\.(py|R) train s2\|", given)
    program(tmp_path / "bin/squeue", "true")
    (tmp_path / "search_found" / "s2.csv").write_text("fold,loss\n1,0.5\n2,0.3\n")
    assert ended(cluster(language, "submit"))[0] == 0
    assert "--job-name=s1|" in (tmp_path / "given").read_text().splitlines()[1]
    status, said = ended(cluster(language, "collect"))
    assert (status, "missing: s1" in said) == (1, True), said


@pytest.mark.long
@pytest.mark.keras
@pytest.mark.parametrize("language", LANGUAGES)
def test_ctrl_c_stops_the_search_and_is_no_failed_try(cluster, language):
    job = cluster(language, "local")
    said = ""
    for line in job.stdout:
        said += line
        if re.match(r"s1: process \d+", line):
            os.killpg(job.pid, signal.SIGINT)
    assert job.wait(timeout=HANGS) != 0, said
    assert "s1: attempt 1" in said
    assert "attempt 2" not in said


@pytest.mark.long
@pytest.mark.keras
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_killed_task_is_tried_again_and_a_killed_search_goes_on(cluster, tmp_path, language):
    job = cluster(language, "local")
    said, killed = "", []
    for line in job.stdout:
        said += line
        if found := re.match(r"(s\d): process (\d+)", line):
            name, number = found[1], int(found[2])
            if name == "s1" and not killed:
                os.kill(number, signal.SIGKILL)
                killed.append(name)
            elif name == "s2":
                os.killpg(job.pid, signal.SIGKILL)
                killed.append(name)
                break
    job.wait(timeout=HANGS)
    assert killed == ["s1", "s2"], said
    assert "s1: attempt 2" in said
    assert [one.name for one in (tmp_path / "search_found").iterdir()] == ["s1.csv"]
    before = (tmp_path / "search_found" / "s1.csv").read_bytes()
    status, said = ended(cluster(language, "local"))
    assert status == 0, said
    assert "there already: s1" in said
    assert "s1: attempt" not in said
    assert (tmp_path / "search_found" / "s1.csv").read_bytes() == before
    status, said = ended(cluster(language, "collect"))
    assert status == 0, said
    assert {"s1", "s2"} <= set(said.split())
