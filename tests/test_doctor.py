"""The doctor: every misfit is named, with the command that mends it."""

import shutil
import sys

import pytest
from helpers import deeptwins

from deeptwins import doctor
from deeptwins.book import renderer
from deeptwins.data import cards
from deeptwins.paths import SHARED

FACTS = {
    "R": "4.5.0",
    "keras3": "1.5.1",
    "reticulate": "1.41.0",
    "python": sys.executable,
}
INSTALLED = doctor.installed


def pretend(monkeypatch, changed):
    """Pretend that Python packages have other versions, or with "" are missing."""
    monkeypatch.setattr(doctor, "installed", lambda one: changed.get(one, INSTALLED(one)))


def rows_of_r(monkeypatch, lacks=(), **changed):
    """Return the rows of an R that says other things of itself."""
    facts = [f"{name}\t{value}" for name, value in (FACTS | changed).items() if value is not None]
    monkeypatch.setattr(doctor, "ask_r", lambda file, *_: facts if "doctor" in file else [*lacks])
    return doctor.check_r()


def the_only_misfit(checks):
    (row,) = (check for check in checks if not check.ok)
    return row


def test_this_machine_runs_the_course():
    rows = doctor.examine()
    assert [row for row in rows if row.required and not row.ok] == []
    assert not shutil.which("Rscript") or next(row for row in rows if row.name == "R").ok


@pytest.mark.parametrize(
    ("name", "version"),
    [("tensorflow", ""), ("keras", "2.15.0"), ("numpy", "1.20"), ("pandas", "")],
)
def test_a_python_package_that_does_not_fit_is_named(monkeypatch, name, version):
    pretend(monkeypatch, {name: version})
    row = the_only_misfit(doctor.check_python())
    assert (row.name, row.found, row.required) == (name, version or "missing", True)
    assert row.remedy == "rm -r .make; make setup"


@pytest.mark.parametrize(
    ("changed", "name", "remedy"),
    [
        ({"R": "4.0.4"}, "R", "https://cloud.r-project.org"),
        ({"python": ""}, "Python of R", "no Python"),
        ({"python": "managed"}, "Python of R", "unset RETICULATE_PYTHON"),
        ({"lacks": ["ggplot2", "pROC"]}, "R packages", "Rscript r/setup.R"),
    ],
)
def test_what_does_not_fit_in_r_is_named(monkeypatch, changed, name, remedy):
    row = the_only_misfit(rows_of_r(monkeypatch, **changed))
    assert (row.name, row.required) == (name, False)
    assert remedy in row.remedy
    assert name != "R packages" or row.found == "ggplot2, pROC"


@pytest.mark.parametrize(
    ("version", "found"),
    [("99.1-2", "keras3 99.1-2"), ("0.0.1", "the course's stand-in"), (None, "missing")],
)
def test_keras3_or_its_stand_in_is_named(monkeypatch, version, found):
    rows = rows_of_r(monkeypatch, keras3=version)
    row = next(row for row in rows if row.name == "Keras for R")
    assert row.found.startswith(found)
    assert row.remedy == ("" if version else "Rscript r/setup.R")


def test_numpy_2_needs_a_newer_reticulate(monkeypatch):
    pretend(monkeypatch, {"numpy": "2.1.0"})
    assert all(row.ok for row in rows_of_r(monkeypatch))
    row = the_only_misfit(rows_of_r(monkeypatch, reticulate="1.28"))
    assert (row.name, row.needed) == ("reticulate", ">=1.40")
    assert "install.packages('reticulate'" in row.remedy
    pretend(monkeypatch, {"numpy": "1.26.4"})
    assert all(row.ok for row in rows_of_r(monkeypatch, reticulate="1.28"))


def test_an_r_that_fails_hangs_or_is_missing_is_named(command, monkeypatch):
    assert [row.found for row in doctor.check_r()] == ["not found"]
    command("Rscript", "echo 'cannot open shared object' >&2; exit 127")
    assert [row.found for row in doctor.check_r()] == ["cannot open shared object"]
    monkeypatch.setattr(doctor, "PATIENCE", 0.2)
    command("Rscript", "exec /bin/sleep 30")
    (row,) = doctor.check_r()
    assert (row.found, row.required) == ("did not answer within 0.2 s", False)
    assert row.remedy.startswith("install R from https://cloud.r-project.org")


@pytest.mark.parametrize(("beside", "on_path"), [("", "1.4"), ("1.4", "1.3"), ("1.3", "1.4")])
def test_doctor_and_book_use_the_same_quarto(command, tmp_path, monkeypatch, beside, on_path):
    monkeypatch.delenv("QUARTO_PATH", raising=False)
    python = command("python", f'exec {sys.executable} "$@"', tmp_path / "venv")
    monkeypatch.setattr(sys, "executable", str(python))
    if beside:
        command("quarto", f"echo {beside}", tmp_path / "venv")
    command("quarto", f"echo {on_path}")
    serves = (beside or on_path) == "1.4"
    assert renderer.renderer().name == ("Quarto" if serves else "smalldocs")
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
    shutil.copytree(SHARED / "iris", tmp_path / "iris/.ipynb_checkpoints")
    assert cards.digest_of(tmp_path / "iris") == digest
    assert doctor.check_data().ok
    next((tmp_path / "iris").glob("*.csv")).write_text("")
    assert "git checkout -- shared_data/iris" in doctor.check_data().remedy


@pytest.mark.parametrize("required", [True, False])
@pytest.mark.parametrize("remedy", ["", "mend it"])
def test_the_exit_status_is_1_only_where_a_required_part_fails(remedy, required, monkeypatch):
    status = int(required and bool(remedy))
    checks = [doctor.Check("Thing", "found", "needed", remedy, required)]
    monkeypatch.setattr(doctor, "examine", lambda: checks)
    as_table = deeptwins("doctor")
    assert as_table.exit_code == status
    assert ("mend it" in as_table.stdout) is bool(remedy)
