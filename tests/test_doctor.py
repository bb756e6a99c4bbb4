"""The doctor: every misfit is named, with the command that mends it."""

import json
import shutil
import sys
from dataclasses import asdict

import pytest
from typer.testing import CliRunner

from deeptwins import doctor
from deeptwins.book import site
from deeptwins.cli import app
from deeptwins.data import cards
from deeptwins.paths import SHARED

R = dict.fromkeys(doctor.description_bounds(), "99.1-2") | {
    "R": "4.5.0",
    "utf8": "TRUE",
    "python": sys.executable,
}


INSTALLED = doctor.installed


def pretend(monkeypatch, changed):
    """Pretend that Python packages have other versions, or with None are missing."""

    def installed(names):
        found = INSTALLED(names) | changed
        return {one: found[one] for one in names if found.get(one)}

    monkeypatch.setattr(doctor, "installed", installed)


@pytest.fixture
def command(tmp_path, monkeypatch):
    """Write a shell script into the only folder on the PATH, and return its path."""
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))

    def write(name, body, where="bin"):
        script = tmp_path / where / name
        script.parent.mkdir(exist_ok=True)
        script.write_text(f"#!/bin/sh\n{body}\n")
        script.chmod(0o755)
        return str(script)

    return write


def the_only_misfit(checks):
    (row,) = (check for check in checks if not check.ok)
    return row


def test_this_machine_runs_the_course():
    assert [row for row in doctor.examine() if row.required and not row.ok] == []


@pytest.mark.parametrize(
    ("changed", "name", "found"),
    [
        ({"tensorflow": None}, "TensorFlow", "missing"),
        ({"keras": "2.15.0"}, "Keras", "2.15.0"),
        ({"numpy": "1.20"}, "NumPy", "1.20"),
        ({"pandas": None, "rich": "1.0"}, "Python packages", "pandas missing, rich 1.0"),
    ],
)
def test_a_python_package_that_does_not_fit_is_named(monkeypatch, changed, name, found):
    pretend(monkeypatch, changed)
    row = the_only_misfit(doctor.check_packages())
    assert (row.name, row.found, row.required) == (name, found, True)
    assert row.remedy == "rm -r .make; make setup"


@pytest.mark.parametrize(("version", "fits"), [("3.9.18", False), ("3.12.1", True), ("4", False)])
def test_the_bounds_of_python_are_those_of_the_project(monkeypatch, version, fits):
    monkeypatch.setattr(doctor.platform, "python_version", lambda: version)
    row = doctor.check_python()
    assert row.ok is fits
    assert fits or row.remedy.endswith("then: make setup")
    assert ">=3.10" in row.needed


@pytest.mark.parametrize(
    ("changed", "name", "required", "remedy"),
    [
        ({"R": "4.0.4"}, "R", False, "https://cloud.r-project.org"),
        ({"reticulate": None}, "reticulate", False, "Rscript r/setup.R"),
        ({"reticulate": "1.20"}, "reticulate", True, "install.packages('reticulate'"),
        ({"python": ""}, "Python of R", True, "no Python"),
        ({"python": "managed"}, "Python of R", True, "unset RETICULATE_PYTHON"),
        ({"ggplot2": None, "pROC": "1.17"}, "R packages", False, "Rscript r/setup.R"),
        ({"utf8": "FALSE"}, "Locale", False, "export LC_ALL="),
    ],
)
def test_what_does_not_fit_in_r_is_named(changed, name, required, remedy):
    facts = {key: value for key, value in {**R, **changed}.items() if value is not None}
    row = the_only_misfit(doctor.check_r(facts))
    assert (row.name, row.required) == (name, required)
    assert remedy in row.remedy
    assert name != "R packages" or row.found == "ggplot2 missing, pROC 1.17"


@pytest.mark.parametrize(
    ("version", "found"),
    [("99.1-2", "keras3 99.1-2"), ("0.0.1", "the course's stand-in"), (None, "missing")],
)
def test_keras3_or_its_stand_in_is_named(version, found):
    facts = {name: value for name, value in (R | {"keras3": version}).items() if value}
    row = next(row for row in doctor.check_r(facts) if row.name == "Keras for R")
    assert row.found.startswith(found)
    assert row.ok == bool(version)


def test_numpy_2_needs_a_newer_reticulate(monkeypatch):
    pretend(monkeypatch, {"numpy": "2.1.0"})
    assert all(row.ok for row in doctor.check_r(R | {"reticulate": "1.41.0"}))
    row = the_only_misfit(doctor.check_r(R | {"reticulate": "1.28"}))
    assert (row.name, row.needed, row.required) == ("reticulate", ">=1.40, >=1.24", True)


@pytest.mark.parametrize("keras", [True, False])
def test_another_python_in_r_stops_the_course_only_without_keras(command, keras):
    other = command("python", f"exit {int(not keras)}", "other")
    row = the_only_misfit(doctor.check_r(R | {"python": other}))
    assert row.required is not keras
    assert row.remedy.startswith(f"R would start {other}, not {sys.executable}: unset")


def test_a_python_without_its_shared_library_is_named(monkeypatch):
    monkeypatch.setattr(doctor.sys, "platform", "linux")
    monkeypatch.setattr(doctor.sysconfig, "get_config_var", lambda name: "libpython3.a")
    assert "apt-get install libpython3." in the_only_misfit(doctor.check_r(R)).remedy


def test_an_r_that_fails_hangs_or_is_missing_is_named(command, monkeypatch):
    assert doctor.ask_r() == {"problem": "not found"}
    command("Rscript", "echo 'cannot open shared object' >&2; exit 127")
    assert doctor.ask_r() == {"problem": "cannot open shared object"}
    monkeypatch.setattr(doctor, "PATIENCE", 0.2)
    command("Rscript", "exec /bin/sleep 30")
    (row,) = doctor.check_r(doctor.ask_r())
    assert (row.found, row.required) == ("did not answer within 0.2 s", False)
    assert row.remedy == "install R from https://cloud.r-project.org"


@pytest.mark.parametrize(("beside", "on_path"), [("1.3", "1.4"), ("1.4", "1.3"), ("1.3", "1.2")])
def test_doctor_and_book_use_the_same_quarto(command, monkeypatch, beside, on_path):
    monkeypatch.delenv("QUARTO_PATH", raising=False)
    python = command("python", f'exec {sys.executable} "$@"', "venv")
    monkeypatch.setattr(sys, "executable", python)
    command("quarto", f"echo {beside}", "venv")
    command("quarto", f"echo {on_path}")
    serves = "1.4" in (beside, on_path)
    assert site.renderer().name == ("Quarto" if serves else "smalldocs")
    assert (doctor.check_book().found == "Quarto 1.4") is serves


def test_hidden_files_are_no_data(tmp_path, monkeypatch):
    """Jupyter and macOS leave them in every folder that they open."""
    monkeypatch.setattr(cards, "SHARED", tmp_path)
    for name in ("iris", "scores"):
        shutil.copytree(SHARED / name, tmp_path / name)
    shutil.copytree(SHARED / "iris", tmp_path / ".ipynb_checkpoints")
    (tmp_path / ".ipynb_checkpoints/card.json").write_text("{")
    (tmp_path / "._x").touch()
    digest = cards.digest_of(tmp_path / "iris")
    (tmp_path / "iris/.DS_Store").touch()
    assert cards.digest_of(tmp_path / "iris") == digest
    assert doctor.check_data().ok
    next((tmp_path / "iris").glob("*.csv")).write_text("")
    assert "git checkout -- shared_data/iris" in doctor.check_data().remedy


@pytest.mark.parametrize("told", ["flags : fpu sse", "flags : fpu avx", "Features : fp asimd"])
def test_a_processor_without_avx_cannot_run_tensorflow(monkeypatch, told):
    monkeypatch.setattr(doctor.Path, "read_text", lambda *_, **__: told)
    assert doctor.check_processor().ok is ("sse" not in told)


@pytest.mark.parametrize("required", [True, False])
@pytest.mark.parametrize("remedy", ["", "mend it"])
def test_the_exit_status_is_1_only_where_a_required_part_fails(remedy, required, monkeypatch):
    status = int(required and bool(remedy))
    checks = [doctor.Check("Thing", "found", "needed", remedy, required)]
    monkeypatch.setattr(doctor, "examine", lambda: checks)
    as_table = CliRunner().invoke(app, ["doctor"])
    as_json = CliRunner().invoke(app, ["doctor", "--json"])
    assert (as_table.exit_code, as_json.exit_code) == (status, status)
    assert json.loads(as_json.stdout) == [asdict(check) | {"ok": check.ok} for check in checks]
    assert ("Thing: mend it" in as_table.stdout) is bool(remedy)
