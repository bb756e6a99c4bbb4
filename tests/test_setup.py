"""The set-up, with commands that only note how they were called, and its manifests.

tests/machines sets up real Debians; tests/test_rlearn.py calls the set-up from R.
"""

import importlib
import os
import re
import shutil
import socket
import subprocess
import sys
from email import message_from_string
from types import SimpleNamespace

import embedded_r
import pytest
import yaml
from helpers import HANGS
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.version import Version

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
FILES = ("setup", "course.py", "r/setup.R", "DESCRIPTION", "pyproject.toml", "requirements.lock")
NO_MORE = "--no-install-recommends"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
DECLARED = [  # what pyproject.toml requires, with its extras
    Requirement(line)
    for lines in (PROJECT["dependencies"], *PROJECT["optional-dependencies"].values())
    for line in lines
]


@pytest.fixture
def command(tmp_path, monkeypatch):
    """Write a shell command, which notes its calls, into `command.bin`, all that is on the PATH.

    `command.calls()` returns the calls so far, and forgets them.
    """
    folder, noted = tmp_path / "bin", tmp_path / "calls"
    folder.mkdir()
    for tool in ("env", "cat", "grep", "rm", "chmod"):  # what the fakes are made of
        (folder / tool).symlink_to(shutil.which(tool))
    monkeypatch.setenv("PATH", str(folder))

    def write(name, body="", where=folder):
        where.mkdir(parents=True, exist_ok=True)
        script = where / name
        script.write_text(f'#!/bin/sh\necho "{name} $*" >> {noted}\n{body}\n')
        script.chmod(0o755)
        return script

    def calls():
        lines = noted.read_text().splitlines() if noted.exists() else []
        noted.unlink(missing_ok=True)
        return lines

    write.bin, write.calls = folder, calls
    return write


@pytest.fixture
def course(tmp_path, monkeypatch):
    """The set-up's modules, loaded from a copy of the project that they may change."""
    root = tmp_path / "course"
    for name in FILES:
        target = root / name
        target.parent.mkdir(parents=True, exist_ok=True)
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, target)
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
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(16)
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"


# ---- Python ----


@pytest.fixture
def venv(course, command):
    """The folder of a .venv's programs, whose Python says to everything that it is a 3.11."""
    return command("python", "echo 3.11", course.root / ".venv/bin").parent


@pytest.mark.parametrize("minor", [9, 10, 13, 14])
def test_the_python_that_runs_the_set_up_is_taken_where_it_fits_else_another(
    course, venv, command, monkeypatch, minor
):
    monkeypatch.setattr(course.python.sys, "version", f"3.{minor}.4 (main)")
    monkeypatch.setattr(course.python.sys, "_base_executable", "/usr/bin/python3")
    monkeypatch.setattr(course.common, "answers", lambda url, seconds: False)
    if f"3.{minor}.0" in SpecifierSet(PROJECT["requires-python"]):
        assert course.python.choose() == "/usr/bin/python3"
        return
    told = rf"from 3\.10 to 3\.13; this one is 3\.{minor}\.4.*Install Python 3\.13"
    with pytest.raises(course.common.SetupError, match=told):
        course.python.choose()
    with monkeypatch.context() as patch:
        patch.setenv("UV_PYTHON_INSTALL_MIRROR", "file:///mirror")
        patch.setattr(course.python, "make_venv", lambda python: None)
        assert course.python.choose() == "3.11"  # what this uv says to everything
    command("python3.13", "exit 127")  # a shim without its version
    command("python3.12", "echo /opt/python3.12")
    assert course.python.choose() == "/opt/python3.12"


def test_an_old_reticulate_gets_a_python_that_has_numpy_1(course, command, monkeypatch, capsys):
    monkeypatch.setattr(course.python.sys, "version", "3.13.4 (main)")
    monkeypatch.setattr(course.python.sys, "_base_executable", "/usr/bin/python3")
    monkeypatch.setattr(course.common, "answers", lambda url, seconds: False)
    command("Rscript", "echo 1.28")
    assert course.python.choose() == "/usr/bin/python3"  # there is no other
    course.r.finish()
    assert "reticulate 1.28 does not read NumPy 2" in " ".join(capsys.readouterr().out.split())
    assert (course.root / ".make/languages").read_text() == "python\n"
    command("python3.11", "echo /opt/python3.11")
    assert course.python.choose() == "/opt/python3.11"
    command("Rscript", "echo 1.41.0.1")
    assert course.python.choose() == "/usr/bin/python3"


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
    for name in ("UV_INDEX_URL", "UV_FIND_LINKS", "UV_NO_INDEX"):
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


@pytest.mark.parametrize("fails", ["nothing", "*pip*install*uv==*", "*-m\\ uv\\ *", "*"])
def test_packages_come_through_uv_with_their_digests_else_through_pip(
    course, venv, command, capsys, fails
):
    command("python", f'case "$*" in {fails}) echo "No space"; exit 1;; esac', venv)
    if fails == "*":
        with pytest.raises(course.common.SetupError):
            course.python.install("book")
        assert "pip could not install:\n  | $" in capsys.readouterr().out
        return
    course.python.install("book")
    program = "python -m pip install --disable-pip-version-check"
    if fails == "nothing":
        program = f"python -m uv pip install --compile-bytecode --python {venv}/python"
    assert command.calls()[-2:] == [
        f"{program} --require-hashes -r {course.root}/.make/requirements.txt",
        f"{program} --no-deps --no-build-isolation -e {course.root}",
    ]
    installed = (course.root / ".make/requirements.txt").read_text()
    found = re.findall("^(tensorflow|pypandoc-binary|pytest)==", installed, re.M)
    assert sorted(found) == ["pypandoc-binary", "tensorflow"]


def test_nothing_is_installed_twice_but_what_failed_changed_or_was_moved(course, monkeypatch):
    done, python = [], course.python
    monkeypatch.setattr(python, "choose", lambda: "python3")
    monkeypatch.setattr(python, "make_venv", lambda base: done.append("venv"))
    monkeypatch.setattr(python, "pip_settings", lambda: {"no-index": "1"})
    monkeypatch.setattr(python, "install", done.append)

    def steps(*parts):
        done.clear()
        for part in parts:
            python.set_up(part, python.base())
        return list(done)

    with monkeypatch.context() as patch:
        patch.setattr(python, "install", lambda part: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            steps("run")
    assert steps("run", "run", "test", "book", "run") == ["run", "test"]
    with (course.root / "requirements.lock").open("a") as lock:  # its last part is test
        lock.write("# changed\n")
    assert steps("run", "book", "test") == ["test"]
    with monkeypatch.context() as patch:
        patch.setattr(python, "works", lambda statement: False)
        assert steps("run") == ["venv", "run"]
    # As a folder that was moved here, with all that it had noted there.
    course.common.stamp("venv", str(course.root.with_name("earlier")))
    assert steps("run") == ["venv", "run"]


# ---- apt and R ----


@pytest.fixture
def machine(course, command, tmp_path, monkeypatch):
    """Make a Debian of fakes: what it has, who may install, whether R is there and complete."""
    lists, has, lacks = tmp_path / "lists", tmp_path / "installed", tmp_path / "r-lacks"

    def rscript(status=0, where=command.bin):
        body = f'case "$2" in missing) cat {lacks};; packages) exit {status};; esac'
        return command("Rscript", body, where)

    def make(installed=(), root=True, r=False, r_lacks="", apt_lacks=""):
        monkeypatch.setattr(course.aptget.os, "geteuid", lambda: 0 if root else 1000)
        monkeypatch.setattr(course.r, "APT_PUTS_R", (command.bin.resolve(),))
        monkeypatch.setattr(course.python, "lacks", lambda python, package: [])
        monkeypatch.setattr(course.python, "base", lambda: None)
        monkeypatch.setattr(course.python, "set_up", lambda part, base: None)
        names = {f"r-cran-{name.lower()}" for name, _ in IMPORTED} | {"r-base-core"}
        names -= {"r-cran-keras3", apt_lacks}
        repository, new = tmp_path / "repository", rscript(where=tmp_path / "new")
        repository.write_text("\n".join([*names, "g++", "python3.11-venv", ""]))
        lists.touch()
        has.write_text("".join(f"{one}\n" for one in installed))
        lacks.write_text(r_lacks)
        if r:
            rscript()
        asked = 'for name; do grep -qx "$name" {} && printf "{}" "$name"; done; exit 0'
        command("dpkg-query", "shift 3\n" + asked.format(has, r"%s installed\n"))
        command("apt-cache", "shift\n" + asked.format(lists, r" %s | 1.0 | main\n"))
        command("apt-config")
        apt = f"""[ "$1" = --print-uris ] && {{ cat {tmp_path}/sources 2>/dev/null; exit 0; }}
while [ "$1" = -o ]; do shift 2; done
[ "$1" = update ] && cat {repository} > {lists}
[ "$1" = install ] || exit 0
shift 3
for name; do
  echo "$name" >> {has}
  [ "$name" = r-base-core ] && cat {new} > {command.bin}/Rscript && chmod +x {command.bin}/Rscript
done
: > {lacks}"""
        command("apt-get", apt)
        return SimpleNamespace(rscript=rscript, names=names)

    return make


def apt_calls(called):
    """Return the calls of apt-get without its options."""
    called = [one for one in called if one.startswith("apt-get") and "--print-uris" not in one]
    return [re.sub(r"-o \S+ ", "", one).removeprefix("apt-get ") for one in called]


def set_up(course):
    """Call the whole set-up, and return the languages that are ready then."""
    course.steps.set_up("run")
    return (course.root / ".make/languages").read_text().strip()


def test_root_gets_from_apt_what_is_lacking_and_nothing_twice(
    course, machine, command, monkeypatch
):
    names = machine().names
    with monkeypatch.context() as patch:
        needed = {"/usr/bin/python3": ["python3.11-venv"]}
        patch.setattr(course.python, "base", lambda: "/usr/bin/python3")
        patch.setattr(course.python, "lacks", lambda python, package: needed.pop(python, []))
        assert set_up(course) == "both"
    called = command.calls()
    update, first, rest = apt_calls(called)
    assert (update, first) == ("update", f"install -y {NO_MORE} python3.11-venv")
    assert set(rest.split()) == {"install", "-y", NO_MORE, *names}
    assert all("https::Timeout=8" in one for one in called if one.startswith("apt-get -o"))
    set_up(course)
    assert command.calls() == []
    machine(installed=names - {"r-cran-png"}, r=True, r_lacks="png\n")
    (course.root / ".make/r.stamp").unlink()
    assert set_up(course) == "both"
    assert apt_calls(command.calls()) == [f"install -y {NO_MORE} r-cran-png"]


def test_an_apt_whose_sources_keep_silent_is_not_asked(
    course, machine, command, tmp_path, silent, monkeypatch, capsys
):
    machine()
    monkeypatch.setattr(course.aptget, "PATIENCE", 0.5)
    (tmp_path / "sources").write_text(f"'{silent}/a/InRelease' InRelease 0\n")
    assert set_up(course) == "python"
    assert apt_calls(command.calls()) == []
    assert "none of its sources answered within 0.5 s" in capsys.readouterr().out


def test_without_root_the_line_to_type_is_shown_and_python_goes_on(
    course, machine, command, capsys, monkeypatch
):
    made = machine(root=False)
    command("sudo", "exit 1")  # it wants a password, and there is no terminal
    monkeypatch.setattr(course.aptget.sys, "stdin", SimpleNamespace(isatty=lambda: False))
    with monkeypatch.context() as patch:
        patch.setattr(course.python, "lacks", lambda python, package: ["libpython3.11"])
        assert set_up(course) == "python"
    shown = capsys.readouterr().out
    assert f"sudo apt-get install {NO_MORE} libpython3.11 r-base-core r-cran-digest" in shown
    assert "keras3" not in shown
    assert "the Python half goes on alone" in shown
    course.steps.browser()
    assert f"sudo apt-get install {NO_MORE} chromium" in capsys.readouterr().out
    course.steps.browser()
    assert capsys.readouterr().out == ""
    assert apt_calls(command.calls()) == []
    # Once somebody has typed it, the next call takes it.
    made.rscript()
    assert set_up(course) == "both"


def test_sudo_is_used_where_it_asks_nothing_and_what_apt_lacks_is_named(
    course, machine, command, capsys
):
    machine(root=False, apt_lacks="r-cran-uwot")
    command("sudo", '[ "$1" = -n ] && shift; exec "$@"')
    command("true")
    set_up(course)
    called = command.calls()
    assert any(call.startswith("sudo -n env DEBIAN_FRONTEND=noninteractive") for call in called)
    assert "r-cran-rtsne" in apt_calls(called)[-1]
    assert "apt could not install r-cran-uwot" in capsys.readouterr().out


def test_what_is_not_apts_is_left_to_cran_with_a_compiler_from_apt(
    course, machine, command, monkeypatch, tmp_path
):
    machine(r=True, r_lacks="png\n").rscript(status=course.r.NEEDS_COMPILER)
    monkeypatch.setattr(course.r, "APT_PUTS_R", (tmp_path / "elsewhere",))
    set_up(course)
    called = command.calls()
    assert apt_calls(called)[-1] == f"install -y {NO_MORE} g++"
    assert called.count(f"Rscript {course.root}/r/setup.R packages") == 2
    text = (ROOT / "r/setup.R").read_text("utf-8")
    assert f"needs_compiler <- {course.r.NEEDS_COMPILER}L" in text


# ---- course.py, Quarto ----


def test_course_py_sets_up_and_becomes_the_program_with_its_arguments(course, venv, command):
    """With a locale of its own where the machine has none, since R needs one."""
    for name in STEPS:
        (course.root / f"setup/{name}.py").write_text("def set_up(part): print('for', part)\n")
    common = "from pathlib import Path\nclass SetupError(Exception): pass\nmade = Path\n"
    (course.root / "setup/common.py").write_text(common)
    (course.root / "languages").write_text("both\n")
    command("deeptwins", 'echo "$* $LC_ALL $PYTHONUTF8"; exit 7', venv)

    def run(target):
        return subprocess.run(
            [sys.executable, "-u", "../course/course.py", target, "04"],
            cwd=command.bin,
            env={"PATH": os.environ["PATH"], "LC_ALL": "C"},
            capture_output=True,
            text=True,
        )

    done = run("run")
    assert done.stdout.splitlines() == ["for run", "run --lang both 04 C.UTF-8 1"], done.stderr
    assert done.returncode == 7
    for error, said in (
        ("common.SetupError('do this')", "set-up: do this\n"),
        ("KeyboardInterrupt", "set-up: stopped; the next call goes on from here.\n"),
    ):
        steps = f"import common\ndef set_up(part): raise {error}\n"
        (course.root / "setup/steps.py").write_text(steps)
        done = run("setup")
        assert (done.returncode, done.stderr) == (1, said)


@pytest.mark.parametrize("installs", ["true", "false", None])
def test_quarto_is_fetched_once_where_it_can_be_had(course, venv, command, monkeypatch, installs):
    quarto = venv / "quarto"
    fake = """case "$*" in *book.renderer) test -e {0};; *quarto-cli*) {1} && : > {0};; esac"""
    command("python", fake.format(quarto, installs), venv)
    monkeypatch.setattr(course.common, "answers", lambda url, seconds: bool(installs))
    course.steps.quarto()
    called = command.calls()
    assert any(" install " in call for call in called) is bool(installs)
    assert quarto.exists() is (installs == "true")
    course.steps.quarto()  # asks the Quarto that is there, and nothing where there was none
    assert command.calls() == ["python -m deeptwins.book.renderer"] * quarto.exists()


# ---- r/setup.R, with the real R ----


needs_r = pytest.mark.skipif(not embedded_r.installed(), reason="R is not installed")


@pytest.fixture
def r_course(tmp_path):
    """A project with a DESCRIPTION of its own, and R's half of the set-up in it.

    On its CRAN, a folder, `parent` needs a new `child`, and `broken` does not load.
    """
    root, contrib = tmp_path / "r-course", tmp_path / "cran/src/contrib"
    contrib.mkdir(parents=True)

    def package(folder, name, imports="stats", code=""):
        (folder / "R").mkdir(parents=True)
        lines = f"Package: {name}\nVersion: 2.1\nTitle: T\nLicense: MIT\nImports: {imports}\n"
        (folder / "DESCRIPTION").write_text(lines)
        (folder / "NAMESPACE").touch()
        (folder / "R/code.R").write_text(code)

    for one in (("parent", "child (>= 2.0)"), ("child",), ("broken", "", ".onLoad <- \\(...) no")):
        package(tmp_path / one[0], *one)
        archive = contrib / f"{one[0]}_2.1.tar.gz"
        subprocess.run(["tar", "-czf", archive, "-C", tmp_path, one[0]], check=True)
    write = ["Rscript", "--vanilla", "-e", "tools::write_PACKAGES('.', type = 'source')"]
    subprocess.run(write, cwd=contrib, check=True, capture_output=True)
    package(root / "r/standin", "keras3")
    script = (ROOT / "r/setup.R").read_text("utf-8")
    (root / "r/setup.R").write_text(re.sub(r"patience <- \d+", "patience <- 1", script), "utf-8")
    (root / "g++").symlink_to(shutil.which("true"))  # these packages only have to see one

    def run(imports, task="packages", cran=f"file://{tmp_path}/cran"):
        (root / "DESCRIPTION").write_text(f"Package: course\nImports: {imports}\n")
        profile = root / "profile.R"
        profile.write_text(f'options(repos = c(CRAN = "{cran}"), pkgType = "source")\n')
        env = {"HOME": str(tmp_path), "PATH": f"{os.environ['PATH']}:{root}", "LC_ALL": "C.UTF-8"}
        return subprocess.run(
            ["Rscript", "r/setup.R", task],
            cwd=root,
            env=env | {"R_PROFILE_USER": str(profile)},
            capture_output=True,
            text=True,
            timeout=HANGS,
        )

    run.root = root
    return run


@needs_r
def test_r_names_what_is_missing_and_the_apt_line_where_cran_keeps_silent(r_course, silent):
    done = r_course("stats, notapackage, utils (>= 99.0), keras3", task="missing")
    assert done.stdout.split() == ["notapackage", "utils"]
    done = r_course("notapackage, keras3 (>= 99.0)", cran=silent)
    assert done.returncode == 0
    assert "sudo apt-get install r-cran-notapackage" in done.stdout
    assert f"keras3: CRAN ({silent}) could not be reached. r/standin stands in" in done.stdout


@needs_r
def test_the_stand_in_for_keras3_is_installed_when_it_is_new_or_changed(r_course):
    source, standin = (r_course.root / name for name in ("r/standin", ".rlib-standin/keras3"))
    standin /= "DESCRIPTION"
    assert r_course("stats").returncode == 0
    first = standin.stat().st_mtime_ns
    assert r_course("stats").returncode == 0
    assert standin.stat().st_mtime_ns == first
    (source / "R/code.R").write_text("x <- 1")
    assert r_course("stats").returncode == 0
    assert standin.stat().st_mtime_ns > first
    (source / "DESCRIPTION").unlink()
    done = r_course("stats")
    assert (done.returncode, standin.exists()) == (1, True)
    assert "r/standin could not be installed; " in done.stdout


@needs_r
def test_packages_come_from_cran_with_what_they_need_and_whole(r_course):
    library = r_course.root / ".rlib"
    done = r_course("parent (>= 1.0), stats")
    assert "parent from CRAN into .rlib, with what they need (packages: 2)" in done.stdout
    assert r_course("parent (>= 1.0), stats").stdout == ""
    done = r_course("broken")
    assert "... failed; .make/<package>.out says why" in done.stdout
    assert "ERROR" in (r_course.root / ".make/broken.out").read_text()
    assert sorted(folder.name for folder in library.iterdir()) == ["child", "parent"]


@needs_r
def test_a_python_started_beside_r_finds_its_own_shared_library():
    embedded_r.evaluate("1")
    subprocess.run([sys.executable, "-c", "import ssl"], check=True)


# ---- the manifests ----


CONDA_NAMES = {"matplotlib": "matplotlib-base"}
NOT_ON_CONDA = {
    "smalldocs",  # quarto is there instead
    *("pypandoc-binary", "pyreveal"),  # pip installs them
    *("playwright", "axe-playwright-python"),  # the tests in a browser are skipped
}


def lower(bound):
    return next(Version(one.version) for one in SpecifierSet(bound) if one.operator == ">=")


def test_conda_has_the_packages_of_both_languages_with_the_same_bounds_and_no_others():
    """And a Python and an rpy2 within the project's."""
    listed = yaml.safe_load((ROOT / "environment.yml").read_text("utf-8"))["dependencies"]
    found = {name: bound for name, _, bound in (line.partition(" ") for line in listed)}
    named = {"python", "pip", "setuptools", "rpy2", "r-base", "quarto", "cxx-compiler", "make"}
    python = {"python_version": lower(found["python"]).public}
    for one in DECLARED:
        name = CONDA_NAMES.get(one.name, one.name)
        named.add(name)
        if one.name.startswith("rpy2-"):  # conda's rpy2 is one package for both parts
            assert next(iter(one.specifier)).version in SpecifierSet(found["rpy2"])
        elif one.name not in NOT_ON_CONDA and (not one.marker or one.marker.evaluate(python)):
            assert SpecifierSet(found[name]) == one.specifier
    for name, bound in IMPORTED:
        named.add(f"r-{name.lower()}")
        if name == "reticulate":  # keras3 asks for more than its stand-in does
            assert lower(found["r-reticulate"]) >= Version("1.42") > Version(bound[3:])
        elif name != "keras3":  # r/setup.R gets that from CRAN
            assert found[f"r-{name.lower()}"].replace("_", "-") == bound.replace(" ", ""), name
    assert found.keys() <= named - {"r-keras3"}
    ours, theirs = SpecifierSet(PROJECT["requires-python"]), SpecifierSet(found["python"])
    minors = [f"3.{minor}.0" for minor in range(8, 20) if f"3.{minor}.0" in theirs]
    assert minors
    assert all(version in ours for version in minors)
    assert lower(found["r-base"]) >= Version("4.5")  # rpy2 needs it from 3.6.6 on


@pytest.mark.parametrize("minor", [10, 11, 12, 13])
def test_the_lock_holds_what_the_project_asks_for_with_digests_and_names_no_server(minor):
    """For each Python; and of NumPy what this one's R reads, see pyproject.toml."""
    text = (ROOT / "requirements.lock").read_text("utf-8")
    assert re.findall(r"^# ---- (\w+) ----$", text, re.M) == ["run", "book", "test"]
    assert "://" not in text
    blocks = re.split(r"^(?=\w)", text, flags=re.M)[1:]
    assert [one for one in blocks if "--hash=sha256:" not in one] == []
    python = {"python_version": f"3.{minor}", "python_full_version": f"3.{minor}.0"}

    def holds(one):
        return one.marker is None or one.marker.evaluate(python | {"extra": ""})

    locked = [Requirement(one.partition("\n")[0].rstrip(" \\")) for one in blocks]
    pins = {one.name: next(iter(one.specifier)).version for one in locked if holds(one)}
    for one in filter(holds, DECLARED):
        if one.name != "tensorflow" or not one.extras:  # GPUs are not in the lock
            assert one.specifier.contains(pins[one.name]), one.name
    assert pins["numpy"].startswith("1." if minor < 13 else "2.")


def test_each_license_is_there_and_says_what_it_covers():
    texts = {name: (ROOT / name).read_text("utf-8") for name in PROJECT["license-files"]}
    assert texts["LICENSE"].startswith("MIT License")
    assert "CC-BY-4.0" in texts["LICENSE-text"]
    assert "card.json" in texts["LICENSE-data"]
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
    assert citation["version"] == PROJECT["version"]
    cited = "Introduction to deep learning with TensorFlow and Keras"
    assert citation["references"][0]["title"] == cited
