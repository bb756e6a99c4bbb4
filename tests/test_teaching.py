"""The pages for instructors: plans that add up, and steps that do what they say."""

import json
import os
import re
import shlex
import shutil
import sys

import pytest
import yaml
from helpers import execute, interpreter, read, slides_of

import plans
from deeptwins import catalog, files
from deeptwins.book import archive, fragments
from deeptwins.data import originals
from deeptwins.paths import LANGUAGES, ROOT

PYTHON = sys.executable
# As it was before a test started R in this process: R puts folders in front of those in
# LD_LIBRARY_PATH, in which a Python may find the shared library of another one.
ENVIRONMENT = dict(os.environ)


def page(name):
    return read(f"book/{name}.qmd")


# ---- plans ----

DAYS = plans.days()
PLANS = {"half_day": 210, "two_days": 930}
NUMBER = re.compile(r"\d+(?:,\d{3})+|\d+\.\d{2,}")


def steps(plan):
    """Yield the chapter and each step of all days of a plan."""
    for day in (DAYS[name] for name in DAYS if name.startswith(plan)):
        for one in day["sessions"]:
            yield from ((one.get("chapter"), step) for step in one.get("steps", ()))


@pytest.mark.parametrize("plan", PLANS)
def test_the_times_of_a_plan_add_up_and_learners_work_two_fifths_of_them(plan):
    sessions = [one for name in DAYS if name.startswith(plan) for one in DAYS[name]["sessions"]]
    assert sum(one["minutes"] for one in sessions) == PLANS[plan]
    taught = [one for one in sessions if "break" not in one]
    for one in taught:
        assert one["minutes"] == sum(step["minutes"] for step in one["steps"]), one["title"]
    work = sum(step["minutes"] for _, step in steps(plan) if "task" in step)
    assert work >= 0.4 * sum(one["minutes"] for one in taught)
    talks = [step for _, step in steps(plan) if "show" in step]
    assert 3 * sum(len(one["slides"].split()) for one in talks) <= sum(
        one["minutes"] for one in talks
    )


def known(chapter):
    """Return all that may be quoted: a chapter's page and its verified run, else those of all."""
    if chapter is None or not chapter[0].isdigit():
        return page("limits") + "".join(map(known, catalog.exercises(solutions=False)))
    return page(chapter) + json.dumps(archive.read(chapter))


@pytest.mark.parametrize("plan", PLANS)
def test_a_step_names_what_its_chapter_has_and_gives_its_numbers(plan):
    for chapter, step in steps(plan):
        if "show" in step:
            chapter, found = step["show"], slides_of(step["show"])
            words = "".join(found[name] for name in step["slides"].split())
        else:
            words = step["do"] + step["answer"] + step["stuck"]
            for language in LANGUAGES if chapter else ():
                code = fragments.code(chapter, language)
                assert step.get("section", "constants") in code, step["task"]
                for name in re.findall(r"--set (\w+)=", " ".join(step.get("run", ()))):
                    assert re.search(rf"^{name} (=|<-) ", code["constants"], re.M), step["task"]
            assert chapter or "run" not in step
        said = known(chapter)
        unknown = [one for one in NUMBER.findall(words) if one not in said]
        assert not unknown, (step.get("task") or step["slides"], unknown)


def test_a_command_is_quoted_for_a_shell_and_not_for_r():
    more = '--set A="[1,2]" --set B=True --set C=x.csv --seed 2'
    found = plans.commands({"chapter": "01_x"}, {"run": ["", more]})
    python = ".venv/bin/deeptwins run 01 --lang python"
    assert found["python"] == [python, f"{python} {more}"]
    r = 'run_twin("01", A = c(1, 2), B = TRUE, C = "x.csv", SEED = 2)'
    assert found["r"] == ['run_twin("01")', r]


def test_a_rehearsal_says_which_tasks_fit(monkeypatch, capfd):
    import rehearsal

    tasks = {"good": ("--help", 60), "bad": ("no-such", 60), "long": ("--help", 0)}
    steps = [{"task": name, "run": [run], "minutes": of} for name, (run, of) in tasks.items()]
    days = {"half_day": {"sessions": [{"steps": [{"show": "a talk"}, *steps]}]}}
    monkeypatch.setattr(plans, "days", lambda: days)
    typed = lambda _, task: {"python": [f"deeptwins {one}" for one in task.get("run", ())]}  # noqa: E731
    monkeypatch.setattr(plans, "commands", typed)
    assert not rehearsal.play("half_day", ["python"])
    rows = re.findall(r"^(\w+) +python +\d+ +\d+  (.+)$", capfd.readouterr().out, re.M)
    assert dict(rows) == {"good": "fits", "bad": "failed", "long": "too slow"}
    del steps[1:]
    days["half_day"]["sessions"] = [{"steps": steps}]
    assert rehearsal.play("half_day", ["python"])


def test_there_are_notes_on_every_chapter():
    noted = [int(n) for n in re.findall(r"^## Chapter (\d+)", page("teach_chapters"), re.M)]
    assert sorted(noted) == noted
    assert {int(name[:2]) for name in catalog.exercises(solutions=False)} <= set(noted)
    for section in page("teach_chapters").split("\n## ")[1:]:
        for part in ("**Show.**", "**Difficult at first.**", "**Ask.**"):
            assert section.count(part) == 1, section.splitlines()[0]


# ---- the worked example ----

STEP = re.compile(r"^```(?:\{([^}]*)\}|(\w+))\n(.*?)^```$", re.S | re.M)
COPIED = ("python", "r", "shared_data", "book", "tests", "_quarto.yml", "index.qmd", ".Rprofile")
COPIED += ("matplotlibrc", "requirements.lock", "pyproject.toml", ".rlib", ".rlib-standin")
COPIED += ("kit", "live")


def blocks():
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
    done = execute("sh", "-c", line, cwd=root, env=env)
    return done.returncode, done.stdout + done.stderr


@pytest.mark.long
def test_the_worked_example_does_what_the_page_says(tmp_path):
    interpreter("r")
    for name in filter(lambda one: (ROOT / one).exists(), COPIED):
        whole = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        whole(ROOT / name, tmp_path / name)
    kinds, printed = [], ""
    for kind, body in blocks():
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
    own = re.findall(r"^#   (\S.*)$", read("environment.yml"), re.M)
    own = [line.split("  #")[0].rstrip() for line in own]
    assert "\n".join(own) in page("appendix_setup")


def test_every_setting_of_the_page_is_one_that_the_course_reads():
    table = page("appendix_setup").split("## What can be set")[1].split("\n\n")[1]
    names = set(re.findall(r"`([A-Z][A-Z_]+)=?`", table))
    assert len(names) >= 8
    places = ["python/deeptwins/**/*.py", "setup/*.py", "r/**/*.R", "course.py", ".Rprofile"]
    code = "".join(read(path) for place in places for path in ROOT.glob(place))
    for name in names:
        known = name.removeprefix("PIP_").lower().replace("_", "-")
        assert (known if name.startswith("PIP_") else name) in code, name


def test_the_scripts_for_a_cluster_and_for_gitlab_can_be_read():
    script = re.search(
        r"^```bash\n(#!/bin/bash\n#SBATCH.*?)^```$", page("appendix_setup"), re.S | re.M
    )
    done = execute("bash", "-n", input=script[1])
    assert done.returncode == 0, done.stderr
    job = yaml.safe_load(re.search(r"^```yaml\n(.*?)^```$", page("teach_host"), re.S | re.M)[1])
    assert job["pages"]["artifacts"]["paths"] == ["public"]
