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

from deeptwins import catalog, datahome, files
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


def minutes(chapter):
    """Return the minutes that a chapter's first box states."""
    box = re.search(r"^::: .*?^:::$", page(chapter), re.S | re.M)[0]
    return int(re.search(r"^About (\d+) minutes", box, re.M)[1])


def rows(table):
    lines = [line for line in table.splitlines() if re.match(r"\| \d\d:\d\d ", line)]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def test_there_are_plans_for_half_a_day_and_for_two():
    assert [name for name, _ in PLANS] == ["half-day", "day-one", "day-two"]


@pytest.mark.parametrize(("name", "table"), PLANS, ids=lambda value: value[:9])
def test_the_times_of_a_plan_add_up(name, table):
    found = rows(table)
    assert found[-1][2] == "End"
    clock = datetime.strptime(found[0][0], "%H:%M")
    for start, length, what, _ in found:
        assert start == clock.strftime("%H:%M"), what
        clock += timedelta(minutes=int(length or 0))


@pytest.mark.parametrize(("name", "table"), PLANS, ids=lambda value: value[:9])
def test_a_plan_gives_a_chapter_the_minutes_that_it_takes(name, table):
    chapters = [
        (LINK.match(row[2])[1], int(row[1]), row[3]) for row in rows(table) if LINK.match(row[2])
    ]
    assert len(chapters) >= 4
    for chapter, given, part in chapters:
        if part.startswith("all"):
            assert given == minutes(chapter), chapter
        else:
            assert given < minutes(chapter), chapter


def test_a_chapter_is_taught_once_in_two_days():
    taught = [chapter for name, table in PLANS[1:] for chapter in LINK.findall(table)]
    assert len(taught) == len(set(taught))


def test_every_chapter_has_notes():
    numbers = {int(name[:2]) for name in catalog.exercises(solutions=False)}
    noted = [int(n) for n in re.findall(r"^## Chapter (\d+)", page("teach_chapters"), re.M)]
    assert sorted(noted) == noted
    assert numbers <= set(noted)
    for section in page("teach_chapters").split("\n## ")[1:]:
        for part in ("**Show.**", "**They trip over**", "**Ask.**"):
            assert section.count(part) == 1, section.splitlines()[0]


# ---- the worked example ----

STEP = re.compile(r"^```(?:\{([^}]*)\}|(\w+))\n(.*?)^```$", re.S | re.M)
COPIED = ("python", "r", "shared_data", "book", "tests", "_quarto.yml", "index.qmd", ".Rprofile")


def steps():
    """Yield kind and content of the page's blocks: a file, commands, or what they say."""
    for attributes, language, body in STEP.findall(page("teach_exercise")):
        if name := re.search(r'filename="([^"]+)"', attributes):
            yield name[1], body
        else:
            classes = re.findall(r"\.(\w+)", attributes)
            yield classes[-1] if classes else language, body


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """A copy of the course's folder whose library is its own."""
    root = tmp_path_factory.mktemp("course")
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, root / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, root / name)
    return root


def shell(line, root):
    """Run a command of the page with this Python, and return its status and what it printed."""
    programs = {"deeptwins": f"{shlex.quote(PYTHON)} -m deeptwins", "python": shlex.quote(PYTHON)}
    line = re.sub(r"\.venv/bin/(deeptwins|python)\b", lambda found: programs[found[1]], line)
    env = ENVIRONMENT | {"PYTHONPATH": str(root / "python"), "RETICULATE_PYTHON": PYTHON}
    for ours in ("DEEPTWINS_RESULTS", "PYTEST_ADDOPTS"):
        env.pop(ours, None)
    done = subprocess.run(
        ["sh", "-c", line], cwd=root, env=env, capture_output=True, text=True, timeout=HANGS
    )
    return done.returncode, done.stdout + done.stderr


@pytest.mark.long
def test_the_worked_example_does_what_the_page_says(copy):
    if not embedded_r.installed():
        pytest.skip("R is not installed; `deeptwins doctor` says how to get it")
    kinds, printed = [], ""
    for kind, body in steps():
        kinds.append(kind)
        if "/" in kind:
            files.write_text(copy / kind, body)
        elif kind == "says":
            assert " ".join(body.split()) in " ".join(printed.split())
        elif kind in ("bash", "fails"):
            printed, statuses = "", []
            for line in body.splitlines():
                status, said = shell(line, copy)
                statuses.append(status)
                printed += said
            # Of the commands that should fail the last one does.
            assert statuses == [0] * (len(statuses) - 1) + [int(kind == "fails")], printed
        else:
            assert kind == "long"  # what takes minutes: the whole course, run and tested
    assert kinds.count("says") == 4
    assert (copy / "book/_fragments/15_nearest/ask.qmd").is_file()
    status, said = shell(
        ".venv/bin/python -m pytest -q tests/test_twins.py "
        "-k '15_nearest and (sections or line or title)'",
        copy,
    )
    assert status == 0, said
    assert " passed" in said


# ---- without a network ----


def test_the_packages_to_stage_are_those_that_the_course_imports():
    from email import message_from_string

    fields = message_from_string((ROOT / "DESCRIPTION").read_text(encoding="utf-8"))
    imported = {entry.split("(")[0].strip() for entry in fields["Imports"].split(",")}
    staged = set(re.findall(r"r-cran-([\w.]+)", page("teach_offline")))
    assert staged == {name.lower() for name in imported - {"keras3"}}


def test_what_is_fetched_exists_and_uv_is_the_one_of_the_set_up():
    text = page("teach_offline")
    names = re.search(r"data fetch ([\w ]+)$", text, re.M)[1].split()
    assert all(datahome.original_of(name) for name in names)
    uv = re.search(r'^UV = "(.+)"', (ROOT / "setup/python.py").read_text("utf-8"), re.M)[1]
    assert uv in text


def test_the_steps_for_conda_are_those_of_its_file():
    own = re.findall(r"^#   (\S.*)$", (ROOT / "environment.yml").read_text("utf-8"), re.M)
    own = [line.split("  #")[0].rstrip() for line in own]
    assert "\n".join(own) in page("appendix_setup")


def test_every_setting_of_the_page_is_one_that_the_course_reads():
    table = page("appendix_setup").split("## What can be set")[1].split("\n\n")[1]
    names = set(re.findall(r"`([A-Z][A-Z_]+)=?`", table))
    assert len(names) >= 9
    code = "".join(
        path.read_text(encoding="utf-8")
        for folder in ("python/deeptwins", "setup", "r", ".")
        for path in (ROOT / folder).glob("*")
        if path.suffix in (".py", ".R") or path.name in ("Makefile", ".Rprofile")
    )
    pip = {name for name in names if name.startswith("PIP_")}
    for name in pip:
        assert name.removeprefix("PIP_").lower().replace("_", "-") in code, name
    assert all(name in code for name in names - pip), names


def test_the_jobs_script_is_one_that_a_shell_reads():
    script = re.search(
        r"^```bash\n(#!/bin/bash\n#SBATCH.*?)^```$", page("appendix_setup"), re.S | re.M
    )
    done = subprocess.run(["bash", "-n"], input=script[1], text=True, capture_output=True)
    assert done.returncode == 0, done.stderr


def test_the_job_of_gitlab_is_yaml():
    job = yaml.safe_load(re.search(r"^```yaml\n(.*?)^```$", page("teach_host"), re.S | re.M)[1])
    assert job["pages"]["artifacts"]["paths"] == ["public"]
