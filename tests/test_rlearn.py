"""What an R learner meets: the Python that R uses or names, r/setup.R, DESCRIPTION."""

import os
import re
import shutil
import sys
from email import message_from_string
from functools import cache

import pytest
from helpers import execute

from deeptwins.paths import ROOT

RSCRIPT = shutil.which("Rscript")
pytestmark = pytest.mark.skipif(RSCRIPT is None, reason="R is not installed")


@cache
def has(package, least="0.1"):
    """Whether R has a package; of keras3, not what stands in for it."""
    asked = f"quit(status = packageVersion('{package}') < '{least}')"
    return execute(RSCRIPT, "-e", asked, cwd=ROOT).returncode == 0


def r(folder, *arguments, **settings):
    """Run Rscript in a folder, its home; return its status, what it printed and said besides."""
    theirs = ("RETICULATE_", "KERAS_", "CONDA_", "VIRTUAL_ENV")
    env = {name: value for name, value in os.environ.items() if not name.startswith(theirs)}
    env |= {name: str(value) for name, value in ({"HOME": folder} | settings).items()}
    done = execute(RSCRIPT, *arguments, cwd=folder, env=env)
    return done.returncode, done.stdout, done.stderr


@pytest.fixture
def course(tmp_path):
    """The R side of the course in a folder of its own, without a .venv."""
    root = tmp_path / "course"
    shutil.copytree(ROOT / "r", root / "r")
    for name in ("python", ".rlib", ".rlib-standin"):
        (root / name).symlink_to(ROOT / name)
    shutil.copy(ROOT / ".Rprofile", root)
    (root / "DESCRIPTION").write_text("Package: course\nImports: stats\n")
    return root


@pytest.fixture
def bare(tmp_path):
    """A Python without any package."""
    folder = tmp_path / "bare"
    execute(sys.executable, "-m", "venv", "--without-pip", folder)
    return folder


def test_the_projects_python_and_one_keras_home_are_used_whatever_names_others(course):
    (course / ".venv").symlink_to(sys.prefix)
    (course / ".Renviron").write_text("RETICULATE_PYTHON=/usr/bin/python3\n")
    code = "cat(Sys.getenv(c('RETICULATE_PYTHON', 'KERAS_PYTHON', 'KERAS_HOME')), sep = '\\n')"
    _, shown, _ = r(course, "-e", code, KERAS_PYTHON="/usr/bin/python3")
    assert shown.split("\n")[:3] == [f"{course}/.venv/bin/python", "", f"{course}/.keras"]


def test_a_python_without_keras_is_named_with_what_to_do(course, bare):
    code = "library(keras3); keras_model_sequential(input_shape = 4)"
    status, _, said = r(course, "-e", code, RETICULATE_PYTHON=bare / "bin/python")
    assert status == 1
    line = f'R uses the Python {bare}/bin/python, which has no Keras: call source("r/setup.R")'
    assert line in " ".join(said.split())


def test_a_python_that_was_loaded_before_is_named_beside_the_projects(course, bare, tmp_path):
    (course / ".venv").symlink_to(sys.prefix)
    code = f"invisible(reticulate::py_config()); setwd('{course}'); source('.Rprofile')"
    status, _, said = r(tmp_path, "-e", code, RETICULATE_PYTHON=bare / "bin/python")
    assert status == 1
    line = (
        f"R already runs the Python {bare}/bin/python, not the course's, "
        f"{course}/.venv/bin/python: restart R"
    )
    assert line in " ".join(said.split())


@pytest.mark.skipif(RSCRIPT is None or not has("keras3"), reason="the real keras3 is not installed")
def test_the_real_keras3_starts_without_a_network_or_a_warning(course):
    (course / ".venv").symlink_to(sys.prefix)
    code = "library(keras3); keras_model_sequential(4) |> layer_dense(1) |> count_params()"
    nobody = "http://127.0.0.1:9"
    proxies = {"UV_INDEX_URL": nobody, "HTTPS_PROXY": nobody, "HTTP_PROXY": nobody}
    status, shown, said = r(course, "-e", code, **proxies)
    assert (status, shown) == (0, "[1] 5\n")
    assert "arning message" not in said
    assert "Error" not in said


def test_a_dash_in_a_plot_that_nobody_sees_brings_no_warning(course):
    code = "plot(1, main = 'train \\u2014 validation \\u2265 \\u03b1')"
    assert r(course, "-e", code, LC_ALL="C.UTF-8") == (0, "", "")
    assert not (course / "Rplots.pdf").exists()


@pytest.mark.parametrize("fits", [True, False])
def test_the_set_up_from_r_is_course_py_and_says_ready_only_where_rs_python_has_keras(
    course, bare, command, fits
):
    if fits:
        (course / ".venv").symlink_to(sys.prefix)
    else:
        bare.rename(course / ".venv")
    (course / "course.py").write_text(
        "import shutil, sys; print(sys.argv[1:], shutil.which('Rscript'), flush=True)"
    )
    # As some Pythons do, this one starts only without the library path that R sets.
    for name in ("python3", "python"):
        command(name, f'test -z "$LD_LIBRARY_PATH" && exec {sys.executable} "$@"')
    status, shown, said = r(course, "r/setup.R", PATH=f"{command.bin}:/usr/bin:/bin")
    assert re.match(r"\['setup'\] /\S+/Rscript\n", shown)
    if fits:
        assert (status, shown.count("set-up: ready.")) == (0, 1), said
    else:
        assert status == 1
        assert f"not ready yet. R uses the Python {course}/.venv/bin/python, which has no" in shown
        assert "delete the folder .venv" in shown


def test_description_imports_what_the_twins_use_and_other_tools_can_read_it():
    fields = message_from_string((ROOT / "DESCRIPTION").read_text("utf-8"))
    assert fields["Config/testthat/edition"] == "3"
    imports, suggests = (
        {entry.split("(")[0].strip() for entry in fields[name].split(",")}
        for name in ("Imports", "Suggests")
    )
    scripts = [path for path in (ROOT / "r").rglob("*.R") if path.name != "setup.R"]
    code = "\n".join(re.sub(r"#.*", "", path.read_text("utf-8")) for path in scripts)
    used = set(re.findall(r"\b([A-Za-z][\w.]+)::", code))
    used |= set(re.findall(r'\b(?:library|requireNamespace)\("?([\w.]+)', code))
    with_r = {"base", "grDevices", "methods", "parallel", "stats", "tools", "utils"}
    with_imports = {"magrittr", "rlang", "tensorflow"}  # ggplot2 or keras3 brings them
    assert used - with_r - with_imports == imports
    assert not imports & suggests
    if not has("remotes"):
        pytest.skip("remotes, which shares pak's and renv's rules for DESCRIPTION, is missing")
    ask = "writeLines(remotes::local_package_deps('.', dependencies = {}))"
    for dependencies, expected in (("NA", imports), ("TRUE", imports | suggests)):
        _, shown, _ = r(ROOT, "-e", ask.format(dependencies))
        assert set(shown.split()) == expected


def test_run_twin_says_values_as_the_command_reads_them(tmp_path):
    """The command is replaced by one that prints what it is given."""
    code = f"""source("{(ROOT / "r/course.R").as_posix()}")
    deeptwins <- function(...) cat(unlist(list(...)), sep = "\\n")
    run_twin("10", CLASSES = c("exon", "in \\"tron"), UNITS = c(3, 2), NEW = "A", LEAK = TRUE,
             data = "full")"""
    status, printed, said = r(tmp_path, "-e", code)
    assert status == 0, said
    assert printed.splitlines() == [
        *("run", "10", "--set", 'CLASSES=["exon", "in \\"tron"]', "--set", "UNITS=[3, 2]"),
        *("--set", "NEW=A", "--set", "LEAK=True", "--data", "full", "--lang", "r"),
    ]
