"""The pages for instructors: plans that add up, and steps that do what they say."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from datetime import datetime, timedelta

import embedded_r
import pytest
import yaml
from helpers import HANGS

from deeptwins import catalog, files
from deeptwins.data import originals
from deeptwins.paths import BOOK, ROOT

PYTHON = sys.executable
# As it was before a test started R in this process: R puts folders in front of those in
# LD_LIBRARY_PATH, in which a Python may find the shared library of another one.
ENVIRONMENT = dict(os.environ)


def page(name):
    return (BOOK / f"{name}.qmd").read_text(encoding="utf-8")


# ---- plans ----

PLANS = re.findall(r"::: \{#([\w-]+) \.band\}\n(.*?)\n:::", page("teach_plans"), re.S)
LINK = re.compile(r"\[Chapter \d+\]\((\d\d_\w+)\.qmd\)")


def rows(table):
    lines = [line for line in table.splitlines() if re.match(r"\| \d\d:\d\d ", line)]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


@pytest.mark.parametrize(("name", "table"), PLANS, ids=lambda value: value[:9])
def test_the_times_of_a_plan_add_up_and_fit_its_chapters(name, table):
    found = rows(table)
    assert found[-1][2] == "End"
    clock = datetime.strptime(found[0][0], "%H:%M")
    for start, length, what, part in found:
        assert start == clock.strftime("%H:%M"), what
        clock += timedelta(minutes=int(length or 0))
        if chapter := LINK.match(what):
            box = re.search(r"^::: .*?^:::$", page(chapter[1]), re.S | re.M)[0]
            minutes = int(re.search(r"^About (\d+) minutes", box, re.M)[1])
            whole = part.startswith("all")
            assert int(length) == minutes if whole else int(length) < minutes, chapter[1]


def test_there_are_three_plans_and_notes_on_every_chapter():
    assert [name for name, _ in PLANS] == ["half-day", "day-one", "day-two"]
    taught = [chapter for _, table in PLANS[1:] for chapter in LINK.findall(table)]
    assert len(taught) == len(set(taught))
    noted = [int(n) for n in re.findall(r"^## Chapter (\d+)", page("teach_chapters"), re.M)]
    assert sorted(noted) == noted
    assert {int(name[:2]) for name in catalog.exercises(solutions=False)} <= set(noted)
    for section in page("teach_chapters").split("\n## ")[1:]:
        for part in ("**Show.**", "**They trip over**", "**Ask.**"):
            assert section.count(part) == 1, section.splitlines()[0]


# ---- the worked example ----

STEP = re.compile(r"^```(?:\{([^}]*)\}|(\w+))\n(.*?)^```$", re.S | re.M)
COPIED = ("python", "r", "shared_data", "book", "tests", "_quarto.yml", "index.qmd", ".Rprofile")
COPIED += ("matplotlibrc", "requirements.lock", "pyproject.toml", ".rlib", ".rlib-standin")


def steps():
    """Yield kind and content of the page's blocks: a file, commands, or what they say."""
    for attributes, language, body in STEP.findall(page("teach_exercise")):
        if name := re.search(r'filename="([^"]+)"', attributes):
            yield name[1], body
        else:
            classes = re.findall(r"\.(\w+)", attributes)
            yield classes[-1] if classes else language, body


def shell(line, root):
    """Run a command of the page with this Python, and return its status and what it printed."""
    line = line.replace(".venv/bin/deeptwins", f"{shlex.quote(PYTHON)} -m deeptwins")
    env = ENVIRONMENT | {"PYTHONPATH": str(root / "python"), "RETICULATE_PYTHON": PYTHON}
    for ours in ("DEEPTWINS_RESULTS", "PYTEST_ADDOPTS"):
        env.pop(ours, None)
    done = subprocess.run(
        ["sh", "-c", line], cwd=root, env=env, capture_output=True, text=True, timeout=HANGS
    )
    return done.returncode, done.stdout + done.stderr


@pytest.mark.long
def test_the_worked_example_does_what_the_page_says(tmp_path):
    if not embedded_r.installed():
        pytest.skip("R is not installed; `deeptwins doctor` says how to get it")
    for name in filter(lambda one: (ROOT / one).exists(), COPIED):
        whole = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        whole(ROOT / name, tmp_path / name)
    kinds, printed = [], ""
    for kind, body in steps():
        kinds.append(kind)
        if "/" in kind:
            files.write_text(tmp_path / kind, body)
        elif kind == "says":
            assert " ".join(body.split()) in " ".join(printed.split())
        elif kind in ("bash", "fails"):
            done = [shell(line, tmp_path) for line in body.splitlines()]
            printed = "".join(said for _, said in done)
            # Of the commands that should fail the last one does.
            statuses = [0] * (len(done) - 1) + [int(kind == "fails")]
            assert [status for status, _ in done] == statuses, printed
        else:
            assert kind == "long"  # what takes minutes: the whole course, run and tested
    assert kinds.count("says") == 4
    assert (tmp_path / "book/_fragments/19_nearest/predict.qmd").is_file()
    mine = f"{shlex.quote(PYTHON)} -m pytest -q tests/test_twins.py -k 19_nearest"
    status, said = shell(mine, tmp_path)
    assert status == 0, said
    assert " passed" in said


# ---- without a network, and elsewhere ----


def test_the_pages_on_set_up_name_what_the_course_really_uses():
    offline = page("teach_offline")
    names = re.search(r"data fetch ([\w ]+)$", offline, re.M)[1].split()
    assert set(names) <= originals.known().keys()
    own = re.findall(r"^#   (\S.*)$", (ROOT / "environment.yml").read_text("utf-8"), re.M)
    own = [line.split("  #")[0].rstrip() for line in own]
    assert "\n".join(own) in page("appendix_setup")


def test_every_setting_of_the_page_is_one_that_the_course_reads():
    table = page("appendix_setup").split("## What can be set")[1].split("\n\n")[1]
    names = set(re.findall(r"`([A-Z][A-Z_]+)=?`", table))
    assert len(names) >= 8
    code = "".join(
        path.read_text(encoding="utf-8")
        for place in (
            "python/deeptwins/**/*.py",
            "setup/*.py",
            "r/**/*.R",
            "course.py",
            ".Rprofile",
        )
        for path in ROOT.glob(place)
    )
    for name in names:
        known = name.removeprefix("PIP_").lower().replace("_", "-")
        assert (known if name.startswith("PIP_") else name) in code, name


def test_the_scripts_for_a_cluster_and_for_gitlab_can_be_read():
    script = re.search(
        r"^```bash\n(#!/bin/bash\n#SBATCH.*?)^```$", page("appendix_setup"), re.S | re.M
    )
    done = subprocess.run(["bash", "-n"], input=script[1], text=True, capture_output=True)
    assert done.returncode == 0, done.stderr
    job = yaml.safe_load(re.search(r"^```yaml\n(.*?)^```$", page("teach_host"), re.S | re.M)[1])
    assert job["pages"]["artifacts"]["paths"] == ["public"]
