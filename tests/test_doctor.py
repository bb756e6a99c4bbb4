"""The doctor: every misfit is named, with the command that mends it."""

import dataclasses
import json
import subprocess
import sys

import pytest
from helpers import HANGS
from packaging.specifiers import SpecifierSet
from typer.testing import CliRunner

from deeptwins import doctor
from deeptwins.cli import app

HEALTHY = doctor.Facts(
    python="3.11.2",
    executable="/course/.venv/bin/python",
    packages={
        "tensorflow": "2.21.0",
        "keras": "3.15.1",
        "numpy": "1.26.4",
        "rpy2-rinterface": "3.6.5",
        "rpy2-robjects": "3.6.6",
        "smalldocs": "0.5.4",
        "umap-learn": "0.5.12",
        "distributed": "2026.8.0",
    },
    bounds={
        "tensorflow": SpecifierSet(">=2.19,<2.22"),
        "keras": SpecifierSet(">=3.10,<3.16"),
        "numpy": SpecifierSet(">=1.26,<2"),
        "rpy2-rinterface": SpecifierSet("==3.6.5"),
        "rpy2-robjects": SpecifierSet("==3.6.6"),
        "smalldocs": SpecifierSet(">=0.5.4"),
        "umap-learn": SpecifierSet(">=0.5.7,<0.6"),
        "distributed": SpecifierSet(">=2025.1"),
    },
    r=doctor.R(
        version="4.2.2",
        packages={"reticulate": "1.28", "ggplot2": "3.4.1", "png": "0.1-8"},
        utf8=True,
        python="/course/.venv/bin/python",
    ),
    r_problem="",
    r_bounds={
        "R": SpecifierSet(">=4.1"),
        "keras3": SpecifierSet(">=1.4"),
        "reticulate": SpecifierSet(">=1.24"),
        "ggplot2": SpecifierSet(">=3.3.5"),
        "png": SpecifierSet(">=0.1.7"),
    },
    libpython=True,
    quarto="1.10.19",
    data_home="/home/ada/.cache/deeptwins",
    data_home_writable=True,
    results="/course/results",
    results_problem="",
    shipped=[],
    proxies={},
    encoding="UTF-8",
    cores=2,
    avx=True,
    memory_gib=8.0,
)


def with_r(**changes):
    return {"r": dataclasses.replace(HEALTHY.r, **changes)}


def with_packages(**versions):
    """Facts with other Python packages; rpy2_rinterface stands for rpy2-rinterface."""
    changed = {name.replace("_", "-"): version for name, version in versions.items()}
    return {"packages": HEALTHY.packages | changed}


def with_r_packages(**versions):
    return with_r(packages=HEALTHY.r.packages | versions)


def rows(**changes):
    return {row.name: row for row in doctor.judge(dataclasses.replace(HEALTHY, **changes))}


def test_nothing_is_wrong_with_a_machine_that_fits():
    assert [row.name for row in rows().values() if not row.ok] == []


def test_every_part_that_the_course_needs_has_a_row():
    assert list(rows()) == [
        "Python",
        "TensorFlow",
        "Keras",
        "NumPy",
        "UMAP (exercise 12)",
        "Dask (exercise 14)",
        "R",
        "reticulate",
        "Keras for R",
        "R packages",
        "rpy2",
        "Book",
        "Course data",
        "Results",
        "Data home",
        "Locale",
        "CPU",
        "Memory",
    ]


MISFITS = [
    # what differs, which row says so, whether the course cannot run then, how it is mended
    ({"python": "3.9.18"}, "Python", True, "Install Python 3.12"),
    ({"python": "3.13.1"}, "Python", True, "Install Python 3.12"),
    (with_packages(tensorflow=None), "TensorFlow", True, "make setup"),
    (with_packages(tensorflow="2.18.1"), "TensorFlow", True, "make setup"),
    (with_packages(keras="2.15.0"), "Keras", True, "make setup"),
    (with_packages(numpy="2.0.2"), "NumPy", True, "1.38 does"),
    (with_packages(numpy="2.1.0") | with_r_packages(reticulate="1.38"), "NumPy", True, "1.39 does"),
    ({"r": None, "r_problem": "not found"}, "R", False, "apt-get install r-base-core"),
    (with_r(version="4.0.4"), "R", False, "Install a newer R"),
    (
        with_r(packages={"ggplot2": "3.4.1", "png": "0.1-8"}),
        "reticulate",
        False,
        "Rscript r/setup.R",
    ),
    (with_r_packages(reticulate="1.20"), "reticulate", False, "Rscript r/setup.R"),
    (with_r_packages(keras3="1.5.1"), "reticulate", False, 'install.packages("reticulate"'),
    (with_r(python="/usr/bin/python3"), "reticulate", False, "unset RETICULATE_PYTHON"),
    ({"libpython": False}, "reticulate", False, "apt-get install libpython3.11"),
    (with_r_packages(ggplot2="3.3.4"), "R packages", False, "Rscript r/setup.R"),
    (with_r(packages={"reticulate": "1.28"}), "R packages", False, "Rscript r/setup.R"),
    (with_packages(rpy2_rinterface="3.6.7"), "rpy2", False, "'rpy2-rinterface==3.6.5'"),
    (with_packages(rpy2_robjects=None), "rpy2", False, "make setup"),
    ({"quarto": None} | with_packages(smalldocs=None), "Book", False, "https://quarto.org"),
    ({"data_home_writable": False}, "Data home", False, "DEEPTWINS_DATA"),
    ({"data_home": None, "data_home_writable": False}, "Data home", False, "DEEPTWINS_DATA"),
    ({"results_problem": "/r cannot be written to (…)"}, "Results", True, "DEEPTWINS_RESULTS"),
    ({"shipped": ["a.csv is not …"]}, "Course data", True, "a.csv is not"),
    ({"proxies": {"http://p:1": False}}, "Proxy", False, "unset http_proxy"),
    ({"encoding": "ANSI_X3.4-1968"}, "Locale", False, "LC_ALL=C.UTF-8"),
    (with_r(utf8=False), "Locale", False, "LC_ALL=C.UTF-8"),
    ({"memory_gib": 1.0}, "Memory", False, "--lang python"),
]


@pytest.mark.parametrize(("changes", "name", "required", "remedy"), MISFITS)
def test_a_misfit_is_named_with_what_mends_it(changes, name, required, remedy):
    row = rows(**changes)[name]
    assert not row.ok
    assert row.required is required
    assert remedy in row.remedy
    assert [other.name for other in rows(**changes).values() if not other.ok] == [name]


def test_a_processor_without_avx_cannot_run_tensorflow(monkeypatch):
    monkeypatch.setattr(doctor.platform, "machine", lambda: "x86_64")
    assert not rows(avx=False)["CPU"].ok
    assert rows(avx=None)["CPU"].ok  # a system that does not tell is given the benefit
    monkeypatch.setattr(doctor.platform, "machine", lambda: "aarch64")
    assert rows(avx=False)["CPU"].ok


@pytest.mark.parametrize(
    "changes",
    [
        with_r_packages(keras3="1.5.1", reticulate="1.46.0"),
        with_r(version="4.5.1") | with_packages(rpy2_rinterface="3.6.7"),
        {"quarto": None},
        with_r(python=""),
        {"python": "3.10.13"},
        {"python": "3.12.1"},
        {"memory_gib": None},
        {"encoding": "utf8"},
        {"proxies": {"http://p:1": True}},
    ],
)
def test_what_only_differs_is_no_misfit(changes):
    assert all(row.ok for row in rows(**changes).values())


def test_the_choice_of_keras_and_of_renderer_is_shown():
    assert rows()["Keras for R"].found == "bridge (r/keras_bridge.R)"
    with_keras3 = with_r_packages(keras3="1.5.1", reticulate="1.46.0")
    assert rows(**with_keras3)["Keras for R"].found == "keras3 1.5.1"
    assert rows()["Book"].found == "Quarto 1.10.19"
    assert rows(quarto=None)["Book"].found == "preview (smalldocs 0.5.4)"


def test_missing_r_packages_are_named():
    found = rows(**with_r_packages(ggplot2="3.3.4"))["R packages"].found
    assert found == "ggplot2 3.3.4"
    found = rows(**with_r(packages={"reticulate": "1.28"}))["R packages"].found
    assert found == "ggplot2 missing, png missing"


# ---- asking the machine ----


@pytest.fixture
def command(tmp_path, monkeypatch):
    """Put a shell script of this name on the PATH, before the real ones."""
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")

    def write(name, body):
        script = tmp_path / name
        script.write_text(f"#!/bin/sh\n{body}\n")
        script.chmod(0o755)

    return write


def test_r_is_understood(command):
    command("Rscript", r"printf 'version\t4.3.1\nutf8\tTRUE\npython\t/p\npackage png\t0.1-8\n'")
    r, problem = doctor.ask_r(["png", "uwot"])
    assert (r, problem) == (doctor.R("4.3.1", {"png": "0.1-8"}, True, "/p"), "")


def test_an_r_that_fails_or_hangs_is_reported(command, monkeypatch):
    command("Rscript", "echo 'cannot open shared object' >&2; exit 127")
    assert doctor.ask_r([]) == (None, "cannot open shared object")
    monkeypatch.setattr(doctor, "PATIENCE", 0.2)
    command("Rscript", "exec sleep 30")
    assert doctor.ask_r([]) == (None, "did not answer within 0.2 s")
    monkeypatch.setenv("PATH", "/nowhere")
    assert doctor.ask_r([]) == (None, "not found")


def test_quarto_is_asked_for_its_version(command, monkeypatch):
    command("quarto", "echo 1.10.19")
    assert doctor.ask_quarto() == "1.10.19"
    command("quarto", "exit 1")
    assert doctor.ask_quarto() is None


def test_a_data_home_that_is_not_made_yet_is_judged_by_its_parent(tmp_path):
    assert doctor.writable(tmp_path / "a" / "b")
    assert not doctor.writable(doctor.Path("/proc/1/a"))


def test_the_bounds_come_from_the_project_itself():
    bounds = doctor.python_bounds()
    assert {"tensorflow", "keras", "numpy", "rpy2-rinterface"} <= set(bounds)
    assert "1.26.4" in bounds["numpy"]
    assert "2.0.0" not in bounds["numpy"]
    assert {"R", "keras3", "reticulate", "testthat"} <= set(doctor.description_bounds())


def test_this_machine_runs_the_course():
    assert [row for row in doctor.examine() if row.required and not row.ok] == []


def test_the_doctor_does_not_wait_for_tensorflow():
    script = (
        "import sys\nfrom deeptwins import doctor\ndoctor.examine()\n"
        "print([name for name in ('tensorflow', 'keras') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=HANGS, check=True
    )
    assert done.stdout.strip() == "[]"


# ---- the command ----


@pytest.mark.parametrize(
    ("changes", "status"), [({}, 0), ({"r": None}, 0), ({"python": "3.9.1"}, 1)]
)
def test_the_exit_status_is_1_only_where_a_required_part_fails(changes, status, monkeypatch):
    checks = doctor.judge(dataclasses.replace(HEALTHY, **changes))
    monkeypatch.setattr(doctor, "examine", lambda: checks)
    as_table = CliRunner().invoke(app, ["doctor"])
    as_json = CliRunner().invoke(app, ["doctor", "--json"])
    assert (as_table.exit_code, as_json.exit_code) == (status, status)
    assert json.loads(as_json.stdout) == [check.as_dict() for check in checks]
    for check in checks:
        assert check.name in as_table.stdout
