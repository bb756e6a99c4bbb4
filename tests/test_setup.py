"""The set-up, with commands that only note how they were called, and its manifests.

tests/machines sets up real Debians; tests/test_rlearn.py calls the set-up from R.
"""

import importlib
import os
import re
import runpy
import shutil
import socket
import subprocess
import sys
from email import message_from_string
from types import SimpleNamespace

import pytest
import yaml
from helpers import execute, interpreter
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

from deeptwins.paths import ROOT

IMPORTED = [  # what DESCRIPTION names, with the lower bounds
    re.fullmatch(r"(\S+)(?:\s*\((.*)\))?", entry.strip()).groups()
    for field, value in message_from_string((ROOT / "DESCRIPTION").read_text("utf-8")).items()
    if field in ("Imports", "Suggests")
    for entry in value.split(",")
]
STEPS = ("common", "aptget", "python", "r", "steps", "lock")
NO_MORE = "--no-install-recommends"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
DECLARED = [  # what pyproject.toml requires, with its extras
    Requirement(line)
    for lines in (PROJECT["dependencies"], *PROJECT["optional-dependencies"].values())
    for line in lines
]


@pytest.fixture
def course(tmp_path, monkeypatch):
    """The set-up's modules, loaded from a copy of the project that they may change."""
    root = tmp_path / "course"
    shutil.copytree(ROOT / "setup", root / "setup")
    (root / "r").mkdir()
    for name in ("course.py", "r/setup.R", "DESCRIPTION", "pyproject.toml", "requirements.lock"):
        shutil.copy(ROOT / name, root / name)
    monkeypatch.setattr(sys, "path", [str(root / "setup"), *sys.path])
    hidden = {name: sys.modules.pop(name) for name in STEPS if name in sys.modules}
    loaded = {name: importlib.import_module(name) for name in STEPS}
    monkeypatch.setattr(loaded["python"], "works", lambda statement: True)
    yield SimpleNamespace(root=root, **loaded)
    for name in STEPS:
        del sys.modules[name]
    sys.modules.update(hidden)


@pytest.fixture
def silent(monkeypatch):
    """The address of a server that takes connections and never says a word; no proxy helps."""
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"


# ---- Python ----


@pytest.fixture
def venv(course, command):
    """The folder of a .venv's programs, whose Python says to everything that it is a 3.11."""
    return command("python", "echo 3.11", course.root / ".venv/bin").parent


@pytest.mark.parametrize(("minor", "reticulate"), [(9, ""), (10, 1.28), (13, 1.28), (13, 1.41)])
def test_the_python_that_runs_the_set_up_is_taken_where_it_fits_else_another(
    course, venv, command, monkeypatch, capsys, minor, reticulate
):
    """Which has NumPy 1 where R's reticulate reads no other."""
    monkeypatch.setattr(course.python.sys, "version", f"3.{minor}.4 (main)")
    monkeypatch.setattr(course.python.sys, "_base_executable", "here")
    monkeypatch.setattr(course.common, "answers", lambda url, seconds: False)
    command("Rscript", f"echo {reticulate}")
    if f"3.{minor}.0" in SpecifierSet(PROJECT["requires-python"]):
        assert course.python.choose() == "here"  # there is no other
        course.r.finish()
        old = f"reticulate {reticulate} does not read NumPy 2"
        assert (old in " ".join(capsys.readouterr().out.split())) is (reticulate < 1.4)
    else:
        told = rf"from 3\.10 to 3\.13; this one is 3\.{minor}\.4.*Install Python 3\.13"
        with pytest.raises(course.common.SetupError, match=told):
            course.python.choose()
        with monkeypatch.context() as patch:
            patch.setenv("UV_PYTHON_INSTALL_MIRROR", "file:///mirror")
            patch.setattr(course.python, "make_venv", lambda python: None)
            assert course.python.choose() == "3.11"  # what this uv says to everything
    command("python3.13", "exit 127")  # a shim without its version
    command("python3.12", "echo there")
    fits = minor == 10 or reticulate == 1.41
    assert course.python.choose() == ("here" if fits else "there")


def test_what_debians_own_python_lacks_has_these_names(course, command):
    command("apt-get")
    command("dpkg-query", 'case "$*" in *3.13*) echo "it installed";; esac')
    venv, library = course.python.VENV_PACKAGE, course.python.LIBRARY
    for python, package, wanted in (
        ("/usr/bin/python3.12", venv, ["python3.12-venv"]),
        ("/usr/bin/python3.12", library, ["libpython3.12t64"]),
        ("/usr/bin/python3.11", library, ["libpython3.11"]),
        ("/usr/bin/python3.13", library, []),  # it is there
        ("/opt/bin/python3.12", library, []),  # not Debian's
    ):
        assert course.python.lacks(python, package) == wanted


def test_an_index_that_keeps_silent_ends_the_set_up_with_a_sentence(
    course, venv, command, silent, monkeypatch
):
    """That pip's own settings name, and uv is told."""
    for name in ("UV_INDEX_URL", "UV_FIND_LINKS"):
        monkeypatch.setenv(name, "")  # so that it is put back
        monkeypatch.delenv(name)
    monkeypatch.setattr(course.common, "PATIENCE", 0.5)
    lines = f"echo \"global.index-url='{silent}/simple'\"; echo \":env:.find-links='/a /b'\""
    command("python", lines, venv)
    with pytest.raises(course.common.SetupError, match=r"nobody answered within 0\.5 s"):
        course.python.set_up("run", None)
    assert not [call for call in command.calls() if " install " in call]
    assert os.environ["UV_INDEX_URL"] == f"{silent}/simple"
    assert os.environ["UV_FIND_LINKS"] == "/a,/b"
    monkeypatch.setenv("UV_INDEX_URL", "http://mine")
    command("python", f"{lines}; echo \"install.no-index='1'\"", venv)
    course.python.set_up("run", None)  # a folder of wheels needs no answer
    assert os.environ["UV_INDEX_URL"] == "http://mine"
    assert [call for call in command.calls() if " uv pip install " in call and "--no-index" in call]


@pytest.mark.parametrize("fails", ["nothing", "*pip*install*uv==*", "*-m\\ uv\\ *", "*"])
def test_packages_come_through_uv_with_their_digests_else_through_pip(course, venv, command, fails):
    command("python", f'case "$*" in {fails}) exit 1;; esac', venv)
    if fails == "*":
        with pytest.raises(course.common.SetupError, match="mend what pip names"):
            course.python.install("book")
        return
    course.python.install("book")
    program = "python -m pip install --disable-pip-version-check"
    if fails == "nothing":
        program = f"python -m uv pip install --compile-bytecode --python {venv}/python"
    locked = course.root / ".make/requirements.txt"
    assert command.calls()[-2:] == [
        f"{program} --require-hashes -r {locked}",
        f"{program} --no-deps --no-build-isolation -e {course.root}",
    ]
    found = re.findall("^(tensorflow|pypandoc-binary|pytest)==", locked.read_text(), re.M)
    assert sorted(found) == ["pypandoc-binary", "tensorflow"]


def test_nothing_is_installed_twice_but_what_failed_changed_or_was_moved(course, monkeypatch):
    done, python = [], course.python
    fakes = {
        "choose": lambda: "python3",
        "make_venv": lambda base: done.append("venv"),
        "pip_settings": lambda: {"no-index": "1"},
        "install": lambda part: 1 / 0,
    }
    for name, fake in fakes.items():
        monkeypatch.setattr(python, name, fake)

    def steps(*parts):
        done.clear()
        for part in parts:
            python.set_up(part, python.base())
        return list(done)

    with pytest.raises(ZeroDivisionError):
        steps("run")
    monkeypatch.setattr(python, "install", done.append)
    assert steps("run", "run", "test", "book", "run") == ["run", "test"]
    with (course.root / "requirements.lock").open("a") as lock:  # its last part is test
        lock.write("# changed\n")
    assert steps("run", "book", "test") == ["test"]
    # As a folder that was moved here, with all that it had noted there.
    course.common.stamp("venv", str(course.root.with_name("earlier")))
    assert steps("run") == ["venv", "run"]
    monkeypatch.setattr(python, "works", lambda statement: False)
    assert steps("run") == ["venv", "run"]


# ---- apt and R ----


@pytest.fixture
def debian(course, command, monkeypatch):
    """A Debian of root: what it has, what its lists of packages name, what its server has."""
    names = {f"r-cran-{name.lower()}" for name, _ in IMPORTED} - {"r-cran-keras3"}
    it = SimpleNamespace(has=set(), lists=set(), root=[], sources="", calls=[])
    it.needed = {"r-base-core", *names}
    it.server = {*it.needed, "python3.11-venv", "g++"}

    def output(program, *arguments):
        if program == "dpkg-query":
            return "\n".join(f"{name} installed" for name in arguments if name in it.has)
        if program == "apt-cache":
            return "\n".join(f" {name} | 1.0 | main" for name in arguments if name in it.lists)
        return it.sources if program == "apt-get" else ""

    def run(called, log):
        course.common.write(course.common.made("apt.log"), "")
        it.calls.append(" ".join(called))
        if called[-1] == "update":
            it.lists = it.server
        else:
            it.has.update(called[called.index(NO_MORE) + 1 :])
            if "r-base-core" in it.has:
                command("Rscript")
        return True

    def set_up():
        it.calls.clear()
        course.steps.set_up("run")
        return (course.root / ".make/languages").read_text().strip()

    it.set_up = set_up
    fakes = {"output": output, "run": run, "there": lambda: True, "as_root": lambda: it.root}
    for name, fake in fakes.items():
        monkeypatch.setattr(course.aptget, name, fake)
    monkeypatch.setattr(course.r, "APT_PUTS_R", (command.bin.resolve(),))
    monkeypatch.setattr(course.python, "base", lambda: None)
    monkeypatch.setattr(course.python, "set_up", lambda part, base: None)
    monkeypatch.setattr(course.python, "lacks", lambda python, package: [])
    return it


def test_root_gets_from_apt_what_is_lacking_and_nothing_twice(course, debian, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(course.python, "base", lambda: "python3")
        lacks = {"{}-venv": ["python3.11-venv"]}
        patch.setattr(course.python, "lacks", lambda python, package: lacks.get(package, []))
        assert debian.set_up() == "both"
    update, first, rest = debian.calls
    assert "Acquire::https::Timeout=8 " in update
    assert first.endswith(f" install -y {NO_MORE} python3.11-venv")
    assert rest.endswith(f" install -y {NO_MORE} {' '.join(sorted(debian.needed))}")
    assert debian.set_up() == "both"
    assert debian.calls == []


def test_what_apt_has_not_is_named(debian, capsys):
    debian.has, debian.server = debian.needed - {"r-cran-proc", "r-cran-uwot"}, {"r-cran-proc"}
    debian.set_up()
    assert debian.calls[-1].endswith(f" {NO_MORE} r-cran-proc")
    assert "apt could not install r-cran-uwot:" in capsys.readouterr().out


def test_an_apt_whose_sources_keep_silent_is_not_asked(course, debian, silent, monkeypatch, capsys):
    monkeypatch.setattr(course.aptget, "PATIENCE", 0.5)
    debian.sources = f"'{silent}/a/InRelease' InRelease 0\n"
    assert debian.set_up() == "python"
    assert debian.calls == []
    assert "none of its sources answered within 0.5 s" in capsys.readouterr().out


def test_without_root_the_line_to_type_is_shown_and_python_goes_on(
    course, debian, command, monkeypatch, capsys
):
    debian.root = None
    with monkeypatch.context() as patch:
        patch.setattr(course.python, "lacks", lambda python, package: ["libpython3.11"])
        assert debian.set_up() == "python"
    shown = capsys.readouterr().out
    assert f"sudo apt-get install {NO_MORE} libpython3.11 r-base-core r-cran-future" in shown
    assert "keras3" not in shown
    assert "the Python half goes on alone" in shown
    for said in (f"sudo apt-get install {NO_MORE} chromium", "set-up"):  # the browser: once
        course.steps.browser()
        assert (said in capsys.readouterr().out) is (said != "set-up")
    command("Rscript")  # somebody has typed it
    assert debian.set_up() == "both"


def test_sudo_is_used_where_it_asks_nothing_or_somebody_can_answer(course, command, monkeypatch):
    monkeypatch.setattr(course.aptget.os, "geteuid", lambda: 1000)
    command("sudo", '[ "$1" != -n ]')
    for terminal, prefix in ((False, None), (True, ["sudo"])):
        course.aptget.as_root.cache_clear()
        stdin = SimpleNamespace(isatty=lambda terminal=terminal: terminal)
        monkeypatch.setattr(course.aptget.sys, "stdin", stdin)
        assert course.aptget.as_root() == prefix


def test_what_is_not_apts_is_left_to_cran_with_a_compiler_from_apt(course, debian, command):
    course.r.APT_PUTS_R = ()
    command("Rscript", f'[ "$2" != packages ] || exit {course.r.NEEDS_COMPILER}')
    debian.set_up()
    assert debian.calls[-1].endswith(" g++")
    assert command.calls().count(f"Rscript {course.root}/r/setup.R packages") == 2
    text = (ROOT / "r/setup.R").read_text("utf-8")
    assert f"needs_compiler <- {course.r.NEEDS_COMPILER}L" in text


# ---- course.py, Quarto ----


def test_course_py_sets_up_and_becomes_the_program_with_its_arguments(course, venv, command):
    """With a locale of its own where the machine has none, since R needs one."""
    makefile = (ROOT / "Makefile").read_text("utf-8")
    targets = re.search(r"^\.PHONY: (.+)", makefile, re.M)[1].split()
    assert set(targets) == runpy.run_path(str(ROOT / "course.py"))["COMMANDS"].keys()
    command("deeptwins", 'echo "$* $LC_ALL $PYTHONUTF8"; exit 7', venv)
    course.common.write(course.common.made("languages"), "both\n")
    for raised, end in (
        ("print('for', part, flush=True)", (7, "for run\nrun --lang both 04 C.UTF-8 1\n", "")),
        ("raise __import__('common').SetupError('do this')", (1, "", "set-up: do this\n")),
        ("raise KeyboardInterrupt", (1, "", "set-up: stopped; the next call goes on from here.\n")),
    ):
        (course.root / "setup/steps.py").write_text(f"def set_up(part): {raised}\n")
        env = {"PATH": os.environ["PATH"], "LC_ALL": "C"}
        words = ("../course.py", "run", "04")
        done = execute(sys.executable, *words, cwd=course.root / "r", env=env)
        assert (done.returncode, done.stdout, done.stderr) == end


@pytest.mark.parametrize("installs", ["true", "false", None])
def test_quarto_is_fetched_once_where_it_can_be_had(course, venv, command, monkeypatch, installs):
    quarto = venv / "quarto"
    fake = 'case "$*" in *book.renderer) [ -e {0} ];; *quarto-cli*) {1} && : > {0};; esac'
    command("python", fake.format(quarto, installs), venv)
    monkeypatch.setattr(course.common, "answers", lambda url, seconds: bool(installs))
    course.steps.quarto()
    assert any(" install " in call for call in command.calls()) is bool(installs)
    assert quarto.exists() is (installs == "true")
    course.steps.quarto()  # asks the Quarto that is there, and nothing where there was none
    assert command.calls() == ["python -m deeptwins.book.renderer"] * quarto.exists()


# ---- r/setup.R, with the real R ----


@pytest.fixture
def r_course(tmp_path, monkeypatch):
    """Call r/setup.R in a project whose CRAN, a folder, has `parent`, its `child`, and `broken`."""
    interpreter("r")
    contrib = tmp_path / "src/contrib"
    contrib.mkdir(parents=True)
    for place, name, field, code in (
        ("parent", "parent", "Imports: child (>= 2.0)", ""),
        ("child", "child", "Imports: stats", ""),
        ("broken", "broken", "Imports: stats", ".onLoad <- \\(...) no"),
        ("r/standin", "keras3", "Imports: stats", ""),
    ):
        (tmp_path / place / "R").mkdir(parents=True)
        described = f"Package: {name}\nVersion: 2.1\nTitle: T\nLicense: MIT\n{field}\n"
        (tmp_path / place / "DESCRIPTION").write_text(described)
        (tmp_path / place / "NAMESPACE").touch()
        (tmp_path / place / "R/code.R").write_text(code)
        archive = contrib / f"{name}_2.1.tar.gz"
        subprocess.run(["tar", "-czf", archive, "-C", tmp_path, place], check=True)
    (contrib / "keras3_2.1.tar.gz").unlink()
    write = ["Rscript", "--vanilla", "-e", "tools::write_PACKAGES('.', type = 'source')"]
    subprocess.run(write, cwd=contrib, check=True, capture_output=True)
    script = (ROOT / "r/setup.R").read_text("utf-8").replace("patience <- 10", "patience <- 1")
    (tmp_path / "r/setup.R").write_text(script, "utf-8")
    (tmp_path / "g++").symlink_to(shutil.which("true"))  # these packages only have to see one
    monkeypatch.setenv("PATH", f"{os.environ['PATH']}:{tmp_path}")
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    monkeypatch.setenv("R_PROFILE_USER", str(tmp_path / "profile.R"))

    def run(imports, task="packages", cran=f"file://{tmp_path}"):
        (tmp_path / "DESCRIPTION").write_text(f"Package: course\nImports: {imports}\n")
        options = f'options(repos = c(CRAN = "{cran}"), pkgType = "source")\n'
        (tmp_path / "profile.R").write_text(options)
        done = execute("Rscript", "r/setup.R", task, cwd=tmp_path)
        return done.returncode, done.stdout

    return run


def test_r_names_what_is_missing_and_the_apt_line_where_cran_keeps_silent(r_course, silent):
    _, shown = r_course("stats, notapackage, utils (>= 99.0), keras3", task="missing")
    assert shown.split() == ["notapackage", "utils"]
    status, shown = r_course("notapackage, keras3 (>= 99.0)", cran=silent)
    assert status == 0
    assert "sudo apt-get install r-cran-notapackage" in shown
    assert f"keras3: CRAN ({silent}) could not be reached. r/standin stands in" in shown


def test_the_stand_in_for_keras3_is_installed_when_it_is_new_or_changed(r_course, tmp_path):
    source, made = tmp_path / "r/standin", tmp_path / ".rlib-standin/keras3/DESCRIPTION"
    times = []
    for code in ("x <- 1", "x <- 1", "x <- 2"):
        (source / "R/code.R").write_text(code)
        assert r_course("stats") == (0, "")
        times.append(made.stat().st_mtime_ns)
    assert times[0] == times[1] < times[2]
    (source / "DESCRIPTION").unlink()
    status, shown = r_course("stats")
    assert status == 1
    assert "r/standin could not be installed; " in shown
    assert made.exists()


def test_packages_come_from_cran_with_what_they_need_and_whole(r_course, tmp_path):
    _, shown = r_course("parent (>= 1.0), stats")
    assert "parent from CRAN into .rlib, with what they need (packages: 2)" in shown
    assert r_course("parent (>= 1.0), stats") == (0, "")
    _, shown = r_course("broken")
    assert "broken from CRAN into .rlib: failed; .make/<package>.out says why" in shown
    assert "ERROR" in (tmp_path / ".make/broken.out").read_text()
    assert sorted(one.name for one in (tmp_path / ".rlib").iterdir()) == ["child", "parent"]


# ---- the manifests ----


ONLY_IN_CONDA = {"python", "pip", "setuptools", "r-base", "rpy2", "quarto", "cxx-compiler", "make"}
NOT_IN_CONDA = {
    *("smalldocs", "pypandoc-binary", "pyreveal"),  # quarto is there, pip installs the others
    *("playwright", "axe-playwright-python"),  # the tests in a browser are skipped
    *("rpy2-rinterface", "rpy2-robjects", "r-keras3"),  # in one; from CRAN
}


def test_conda_has_the_packages_of_both_languages_with_the_same_bounds_and_no_others():
    listed = yaml.safe_load((ROOT / "environment.yml").read_text("utf-8"))["dependencies"]
    conda = {name: bound.replace("_", "-") for name, _, bound in (x.partition(" ") for x in listed)}
    python = {"python_version": "3.11"}
    assert conda["python"] == ">=3.11,<3.13"  # within the project's
    assert conda["r-base"] == ">=4.5,<4.6"  # rpy2 needs it from 3.6.6 on
    assert conda["rpy2"] == ">=3.6.5,<3.7"
    assert conda["r-reticulate"] == ">=1.42"  # keras3 asks for more than its stand-in does
    ours = {f"r-{name.lower()}": (bound or "").replace(" ", "") for name, bound in IMPORTED}
    for one in DECLARED:
        if not one.marker or one.marker.evaluate(python):
            name = {"matplotlib": "matplotlib-base"}.get(one.name, one.name)
            ours[name] = str(one.specifier)
    ours["r-reticulate"] = conda["r-reticulate"]
    same = {name: SpecifierSet(bound) for name, bound in ours.items() if name not in NOT_IN_CONDA}
    assert {n: SpecifierSet(b) for n, b in conda.items() if n not in ONLY_IN_CONDA} == same


@pytest.mark.parametrize("minor", [10, 11, 12, 13])
def test_the_lock_holds_what_the_project_asks_for_with_digests_and_names_no_server(minor):
    """For each Python; and of NumPy what this one's R reads, see pyproject.toml."""
    text = (ROOT / "requirements.lock").read_text("utf-8")
    assert re.findall(r"^# ---- (\w+) ----$", text, re.M) == ["run", "book", "test"]
    assert "://" not in text
    blocks = re.split(r"^(?=\w)", text, flags=re.M)[1:]
    assert all("--hash=sha256:" in one for one in blocks)
    here = {"python_version": f"3.{minor}", "python_full_version": f"3.{minor}.0", "extra": ""}
    locked = [Requirement(one.partition("\n")[0].rstrip(" \\")) for one in blocks]
    pins = {
        one.name: next(iter(one.specifier)).version
        for one in locked
        if not one.marker or one.marker.evaluate(here)
    }
    for one in DECLARED:
        if not one.extras and (not one.marker or one.marker.evaluate(here)):  # no GPU's
            assert one.specifier.contains(pins[one.name]), one.name
    assert pins["numpy"].startswith("1." if minor < 13 else "2.")


def test_each_license_says_what_it_covers():
    words = {"LICENSE": "MIT License", "LICENSE-text": "CC-BY-4.0", "LICENSE-data": "card.json"}
    for name in PROJECT["license-files"]:
        assert words.pop(name) in (ROOT / name).read_text("utf-8")
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
    assert cited["version"] == PROJECT["version"]
    assert cited["references"][0]["title"].endswith("with TensorFlow and Keras")


# ---- for a class without a network ----


def test_a_stick_cannot_be_filled_within_the_course_nor_installed_over_a_folder(course, tmp_path):
    sys.path.insert(0, str(ROOT / "kit"))
    import stage

    with pytest.raises(course.common.SetupError, match="name a folder outside"):
        stage.stage(course.common.ROOT / "stick")
    (tmp_path / "mine").mkdir()
    ended = execute("sh", stage.INSTALLER, tmp_path / "mine")
    assert ended.returncode == 1
    assert "is there already" in ended.stderr
