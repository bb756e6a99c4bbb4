"""The set-up, with commands that only note how they were called, and its manifests."""

import contextlib
import http.server
import importlib
import os
import re
import shutil
import socket
import subprocess
import sys
import threading
from email import message_from_string
from types import SimpleNamespace

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

STEPS = ("common", "aptget", "python", "r", "steps", "quarto", "extras", "lock")
FILES = ("setup", "course.py", "r/setup.R", "DESCRIPTION", "pyproject.toml", "requirements.lock")
DONE = "echo 3 11; exit 0"  # what a Python says that starts, has ensurepip, and can do everything


@pytest.fixture
def bin_dir(tmp_path, monkeypatch):
    """The only folder on the PATH; it starts with the few tools that the fakes are made of."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for tool in ("env", "cat", "grep", "rm", "chmod"):
        (folder / tool).symlink_to(shutil.which(tool))
    monkeypatch.setenv("PATH", str(folder))
    return folder


@pytest.fixture
def command(bin_dir, tmp_path):
    """Write a shell command that notes its call; `calls()` returns what was called."""

    def write(name, body="", where=bin_dir):
        where.mkdir(parents=True, exist_ok=True)
        script = where / name
        script.write_text(f'#!/bin/sh\necho "{name} $*" >> {tmp_path}/calls\n{body}\n')
        script.chmod(0o755)
        return script

    return write


@pytest.fixture
def calls(tmp_path):
    """Return the calls of the commands so far, and forget them."""

    def read():
        noted = tmp_path / "calls"
        lines = noted.read_text().splitlines() if noted.exists() else []
        noted.unlink(missing_ok=True)
        return lines

    return read


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
def silent_server():
    """The address of a server that takes connections and never says a word."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(16)
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"


@pytest.fixture
def server():
    """The address of a server that has no page at all."""

    class NotFound(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_error(404)

        def log_message(self, *args):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), NotFound) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{running.server_address[1]}"
        running.shutdown()


# ---- whether a source can be reached ----


@pytest.fixture
def no_proxy(monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY"):
        monkeypatch.delenv(name, raising=False)


def test_any_answer_shows_that_a_source_is_there(course, server, no_proxy, monkeypatch):
    assert course.common.answers(server.replace("//", "//ada:secret@"), 5)
    monkeypatch.setenv("http_proxy", server)
    monkeypatch.setenv("no_proxy", "")
    assert course.common.answers("http://cran.invalid/", 5)


def test_a_source_that_keeps_silent_or_refuses_is_given_up(course, silent_server, no_proxy):
    assert not course.common.answers(silent_server, 0.5)
    assert not course.common.answers("http://127.0.0.1:9/", 30)


def test_steps_beside_each_other_print_whole_lines(course, capsys):
    with course.common.step("one"):
        pass
    with course.common.step("Python"), course.common.step("R"):
        pass
    with pytest.raises(KeyError), course.common.step("two"):
        raise KeyError
    assert capsys.readouterr().out.splitlines() == [
        "set-up: one ... 0 s",
        "set-up: Python ...",
        "set-up: R ... 0 s",
        "set-up: Python: 0 s",
        "set-up: two ... failed",
    ]


# ---- Python ----


@pytest.fixture
def venv(course, command):
    """A .venv whose Python does what it is told, and notes the call."""
    python = course.root / ".venv/bin/python"
    command("python", DONE, python.parent)
    return python


def running(course, monkeypatch, minor):
    """Let the set-up run under another version of Python, where uv can fetch none."""
    monkeypatch.setattr(course.python.sys, "version_info", (3, minor, 4))
    monkeypatch.setattr(course.python.sys, "_base_executable", "/usr/bin/python3")
    monkeypatch.setattr(course.common, "answers", lambda url, seconds: False)


def test_the_bounds_of_python_are_those_of_pyproject(course):
    bounds = SpecifierSet(pyproject()["requires-python"])
    for minor in range(6, 20):
        assert course.python.fits(3, minor) == bounds.contains(f"3.{minor}.0"), minor


@pytest.mark.parametrize("minor", [10, 13])
def test_the_python_that_runs_the_set_up_is_taken_where_it_fits(
    course, bin_dir, monkeypatch, minor
):
    running(course, monkeypatch, minor)
    assert course.python.choose() == "/usr/bin/python3"


@pytest.mark.parametrize("minor", [9, 14])
def test_another_python_is_looked_for_where_it_does_not(course, command, monkeypatch, minor):
    running(course, monkeypatch, minor)
    told = rf"from 3\.10 to 3\.13; this one is 3\.{minor}.*Install Python 3\.13"
    with pytest.raises(course.common.SetupError, match=told):
        course.python.choose()
    command("python3.13", "exit 127")  # a shim without its version
    command("python3.12", "echo /opt/python3.12")
    command("python3.11", "echo /opt/python3.11")
    assert course.python.choose() == "/opt/python3.12"


def test_without_a_fitting_python_uv_fetches_one_where_it_can(course, venv, monkeypatch, tmp_path):
    running(course, monkeypatch, 14)
    monkeypatch.setenv("UV_PYTHON_INSTALL_MIRROR", "file:///mirror")
    monkeypatch.setattr(
        course.python, "make_venv", lambda python, folder: shutil.copytree(venv.parents[1], folder)
    )
    assert course.python.choose() == "3 11"  # what this uv says to everything


def test_an_old_reticulate_gets_a_python_that_has_numpy_1(course, command, monkeypatch, capsys):
    running(course, monkeypatch, 13)
    command("Rscript", "echo 1.28")
    assert course.python.choose() == "/usr/bin/python3"  # there is no other
    monkeypatch.setattr(course.python, "asked", lambda python, expression: ["13"])
    assert not course.r.reads_numpy("python3.13")
    assert "reticulate 1.28 does not read NumPy 2" in " ".join(capsys.readouterr().out.split())
    command("python3.11", "echo /opt/python3.11")
    assert course.python.choose() == "/opt/python3.11"
    command("Rscript", "echo 1.41.0.1")
    assert course.python.choose() == "/usr/bin/python3"
    assert course.r.reads_numpy("python3.13")


def test_what_venv_lacks_comes_from_apt_or_is_named(course, command, calls, machine, monkeypatch):
    machine(known=["python3.11-venv"])
    python = str(command("python3.11", "echo 3 11 None"))
    course.python.make_venv(python, course.python.VENV)
    called = calls()
    assert any(call.endswith("--no-install-recommends python3.11-venv") for call in called)
    assert called[-1] == f"python3.11 -m venv {course.root}/.venv"
    monkeypatch.setattr(course.aptget, "as_root", lambda: None)
    line = "sudo apt-get install --no-install-recommends python3.11-venv"
    with pytest.raises(course.common.SetupError, match=line):
        course.python.make_venv(python, course.python.VENV)


def test_uv_is_told_pips_settings_but_the_users_own_go_first(course, venv, command, monkeypatch):
    for name in (*course.python.FOR_UV.values(), "HTTP_PROXY", "HTTPS_PROXY", "RPY2_CFFI_MODE"):
        monkeypatch.delenv(name, raising=False)
    lines = (
        "global.index-url='http://a/simple'",
        "global.proxy='http://p:1'",
        "install.index-url='http://b/simple'",
        ":env:.find-links='/wheels /more'",
        "download.no-index='1'",
    )
    command("python", "".join(f'echo "{line}"\n' for line in lines), venv.parent)
    told = {
        "UV_INDEX_URL": "http://b/simple",
        "UV_FIND_LINKS": "/wheels,/more",
        "HTTP_PROXY": "http://p:1",
        "HTTPS_PROXY": "http://p:1",
        "RPY2_CFFI_MODE": "ABI",
    }
    assert course.python.for_uv(course.python.pip_settings()) == told
    monkeypatch.setenv("UV_INDEX_URL", "http://mine/simple")
    assert "UV_INDEX_URL" not in course.python.for_uv(course.python.pip_settings())


def test_an_index_that_keeps_silent_ends_the_set_up_with_a_sentence(
    course, venv, command, calls, silent_server, no_proxy, monkeypatch
):
    monkeypatch.setattr(course.common, "PATIENCE", 0.5)
    command("python", f"echo \"global.index-url='{silent_server}/simple'\"", venv.parent)
    with pytest.raises(course.common.SetupError, match=r"nobody answered within 0\.5 s"):
        course.python.set_up()
    assert not [call for call in calls() if " install " in call]
    assert course.python.reachable({"no-index": "1"})  # a folder of wheels needs no answer
    assert course.python.reachable({"index-url": "file:///mirror/simple"})


@pytest.mark.parametrize("fails", ["nothing", "*pip*install*uv==*", "*-m\\ uv\\ *"])
def test_packages_come_through_uv_with_their_digests_else_through_pip(
    course, venv, command, calls, fails
):
    command("python", f'case "$*" in {fails}) exit 1;; esac', venv.parent)
    course.python.install("book", course.python.installers())
    program = "python -m pip install --disable-pip-version-check"
    if fails == "nothing":
        program = f"python -m uv pip install --compile-bytecode --python {venv}"
    assert calls()[-2:] == [
        f"{program} --require-hashes -r {course.root}/.make/requirements.txt",
        f"{program} --no-deps --no-build-isolation -e {course.root}",
    ]
    installed = (course.root / ".make/requirements.txt").read_text()
    assert re.search(r"^tensorflow==", installed, re.M)
    assert re.search(r"^pypandoc-binary==", installed, re.M)
    assert not re.search(r"^pytest==", installed, re.M)


def test_what_pip_said_is_shown_where_nothing_can_install(course, venv, command):
    command("python", "echo 'No space left on device' >&2; exit 1", venv.parent)
    with pytest.raises(course.common.SetupError, match="No space left on device"):
        course.python.install("run", course.python.installers())


@pytest.fixture
def steps(course, monkeypatch):
    """Note what the Python half does instead of doing it; `call` makes it do it."""
    done, python = [], course.python
    monkeypatch.setattr(python, "choose", lambda: "python3")
    monkeypatch.setattr(python, "make_venv", lambda base, folder: done.append("venv"))
    monkeypatch.setattr(python, "pip_settings", lambda: {"no-index": "1"})
    monkeypatch.setattr(python, "installers", list)
    monkeypatch.setattr(python, "install", lambda part, programs: done.append(part))

    def call(part="run"):
        done.clear()
        python.set_up(part, python.base())
        return list(done)

    return call


def test_nothing_is_installed_twice_and_a_larger_part_covers_a_smaller(course, steps):
    assert [steps(part) for part in ("run", "run")] == [["run"], []]
    assert [steps(part) for part in ("test", "book", "run")] == [["test"], [], []]


def test_only_a_new_lock_of_its_own_part_is_installed(course, steps):
    steps("test")
    with (course.root / "requirements.lock").open("a") as lock:  # its last part is test
        lock.write("# changed\n")
    assert [steps(part) for part in ("run", "book", "test")] == [[], [], ["test"]]


def test_a_venv_that_is_broken_or_was_moved_here_is_made_again(course, steps, monkeypatch):
    steps()
    with monkeypatch.context() as patch:
        patch.setattr(course.python, "works", lambda statement: False)
        assert steps() == ["venv", "run"]
    # As a folder that was moved here, with all that it had noted there.
    course.common.stamp("venv", str(course.root.with_name("earlier")))
    assert steps() == ["venv", "run"]


def test_a_failed_installation_is_tried_again(course, steps, monkeypatch):
    def fail(part, programs):
        raise course.common.SetupError("no")

    with monkeypatch.context() as patch:
        patch.setattr(course.python, "install", fail)
        with pytest.raises(course.common.SetupError):
            steps()
    assert steps() == ["run"]


# ---- apt and R ----


@pytest.fixture
def machine(course, command, bin_dir, tmp_path, monkeypatch):
    """Make a Debian of fakes: what apt knows and has, who may install, whether R is there."""
    lists, has, lacks = tmp_path / "lists", tmp_path / "installed", tmp_path / "r-lacks"
    repository, stale = tmp_path / "repository", tmp_path / "stale"

    def rscript(status=0, where=bin_dir):
        body = f'case "$2" in missing) cat {lacks};; packages) exit {status};; esac'
        return command("Rscript", body, where)

    def make(known=(), installed=(), root=True, r=False, r_lacks=(), old_lists=False):
        monkeypatch.setattr(course.aptget.os, "geteuid", lambda: 0 if root else 1000)
        monkeypatch.setattr(course.r, "APT_PUTS_R", (bin_dir.resolve(),))
        monkeypatch.setattr(course.python, "libpython", lambda python: [])
        monkeypatch.setattr(course.r, "reads_numpy", lambda python: True)
        monkeypatch.setattr(course.python, "base", lambda: None)
        monkeypatch.setattr(course.python, "set_up", lambda part, base: None)
        names = ["r-base-core", *(f"r-cran-{name.lower()}" for name in course.r.packages())]
        repository.write_text("\n".join([*names, "g++", "python3.11-venv", ""]))
        for path, lines in ((lists, known), (has, installed), (lacks, r_lacks)):
            path.write_text("".join(f"{line}\n" for line in lines))
        if old_lists:
            stale.touch()
        if r:
            rscript()
        new = rscript(where=tmp_path / "new")
        asked = 'for name; do grep -qx "$name" {} && printf "{}" "$name"; done; exit 0'
        command("dpkg-query", "shift 3\n" + asked.format(has, r"%s installed\n"))
        command("apt-cache", "shift\n" + asked.format(lists, r"%s:\n  Candidate: 1.0\n"))
        command("apt-config")
        command(
            "apt-get",
            f"""[ "$1" = --print-uris ] && {{ cat {tmp_path}/sources 2>/dev/null; exit 0; }}
while [ "$1" = -o ]; do shift 2; done
case "$1" in
  update) cat {repository} > {lists}; rm -f {stale};;
  install)
    [ -e {stale} ] && exit 100
    shift 3
    for name; do
      echo "$name" >> {has}
      [ "$name" = r-base-core ] && cat {new} > {bin_dir}/Rscript && chmod +x {bin_dir}/Rscript
    done
    : > {lacks};;
esac""",
        )
        return SimpleNamespace(rscript=rscript, names=names)

    return make


def apt_calls(called):
    """Return the calls of apt-get without its options."""
    return [
        re.sub(r"-o \S+ ", "", call).removeprefix("apt-get ")
        for call in called
        if call.startswith("apt-get") and "--print-uris" not in call
    ]


def set_up(course):
    """Call the whole set-up, and return the languages that are ready then."""
    course.steps.set_up("run")
    return (course.root / ".make/languages").read_text().strip()


def test_root_on_a_bare_machine_gets_r_from_apt_and_nothing_twice(course, machine, calls):
    machine()
    assert set_up(course) == "both"
    called = calls()
    update, install = apt_calls(called)
    assert update == "update"
    wanted = [f"r-cran-{name.lower()}" for name in course.r.packages() if name != "keras3"]
    words = install.split()
    assert words[:3] == ["install", "-y", "--no-install-recommends"]
    assert set(words[3:]) == {"r-base-core", *wanted}
    for call in (call for call in called if call.startswith("apt-get -o")):
        assert "Acquire::http::Timeout=8 -o Acquire::https::Timeout=8" in call
        assert "Acquire::Retries=0" in call
    set_up(course)
    assert calls() == []


def test_only_what_is_missing_is_installed_and_lists_that_know_it_are_kept(course, machine, calls):
    names = machine().names
    machine(known=names, installed={*names} - {"r-cran-png"}, r=True, r_lacks=["png"])
    assert set_up(course) == "both"
    assert apt_calls(calls()) == ["install -y --no-install-recommends r-cran-png"]


def test_lists_that_are_out_of_date_are_fetched_and_the_rest_tried_again(course, machine, calls):
    machine(known=machine().names, old_lists=True)
    assert set_up(course) == "both"
    assert [call.split()[0] for call in apt_calls(calls())] == ["install", "update", "install"]


def test_an_apt_whose_sources_keep_silent_is_not_asked(
    course, machine, command, calls, tmp_path, server, silent_server, no_proxy, monkeypatch, capsys
):
    machine()
    monkeypatch.setattr(course.aptget, "PATIENCE", 0.5)
    (tmp_path / "sources").write_text(f"'{silent_server}/{{a,b}}/InRelease' InRelease 0\n")
    assert set_up(course) == "python"
    assert apt_calls(calls()) == []
    assert "none of apt's sources answered within 0.5 s" in capsys.readouterr().out
    # One source that answers is enough, or a proxy of apt's own.
    for has_one in ("sources", "proxy"):
        course.aptget.reachable.cache_clear()
        if has_one == "sources":
            lines = f"'{silent_server}/a/InRelease' 0\n'{server}/a/InRelease' 0\n"
            (tmp_path / "sources").write_text(lines)
        else:
            (tmp_path / "sources").write_text(f"'{silent_server}/a/InRelease' 0\n")
            command("apt-config", f"echo 'Acquire::http::Proxy \"{server}\";'")
        monkeypatch.setattr(course.aptget, "PATIENCE", 2.5)
        assert course.aptget.reachable()


def test_without_root_the_line_to_type_is_shown_and_python_goes_on(
    course, machine, command, calls, capsys, monkeypatch
):
    made = machine(root=False)
    command("sudo", "exit 1")  # it wants a password, and there is no terminal
    monkeypatch.setattr(course.aptget.sys, "stdin", SimpleNamespace(isatty=lambda: False))
    monkeypatch.setattr(course.python, "libpython", lambda python: ["libpython3.11"])
    assert set_up(course) == "python"
    shown = capsys.readouterr().out
    line = "sudo apt-get install --no-install-recommends libpython3.11 r-base-core r-cran-digest"
    assert line in shown
    assert "keras3" not in shown
    assert "the Python half goes on alone" in shown
    called = calls()
    assert "sudo -n true" in called
    assert apt_calls(called) == []
    # Once somebody has typed it, the next call takes it.
    made.rscript()
    monkeypatch.setattr(course.python, "libpython", lambda python: [])
    assert set_up(course) == "both"


def test_sudo_is_used_where_it_asks_nothing(course, machine, command, calls):
    machine(root=False)
    command("sudo", '[ "$1" = -n ] && shift; exec "$@"')
    command("true")
    assert set_up(course) == "both"
    assert any(call.startswith("sudo env DEBIAN_FRONTEND=noninteractive") for call in calls())


def test_an_r_of_the_users_own_is_left_to_cran(course, machine, calls, monkeypatch, tmp_path):
    machine(r=True, r_lacks=["png"])
    monkeypatch.setattr(course.r, "APT_PUTS_R", (tmp_path / "elsewhere",))
    assert set_up(course) == "python"  # png is still missing
    called = calls()
    assert apt_calls(called) == []
    assert f"Rscript {course.root}/r/setup.R packages" in called


def test_without_apt_and_without_r_the_python_half_goes_on(course, machine, bin_dir, capsys):
    machine()
    (bin_dir / "apt-get").unlink()
    assert set_up(course) == "python"
    assert "https://www.r-project.org" in capsys.readouterr().out


def test_a_compiler_comes_from_apt_where_cran_has_only_source(course, machine, calls):
    machine(r=True).rscript(status=course.r.NEEDS_COMPILER)
    set_up(course)
    called = calls()
    assert apt_calls(called)[-1] == "install -y --no-install-recommends g++"
    assert called.count(f"Rscript {course.root}/r/setup.R packages") == 2


def test_what_apt_does_not_have_is_named_and_the_rest_installed(course, machine, tmp_path, capsys):
    machine()
    repository = tmp_path / "repository"
    repository.write_text(repository.read_text().replace("r-cran-uwot\n", ""))
    set_up(course)
    assert "apt could not install r-cran-uwot" in capsys.readouterr().out
    assert "r-cran-rtsne" in (tmp_path / "installed").read_text()


def test_debians_python_needs_its_shared_library(course, command, tmp_path):
    library, name = "libpython3.11.so.1.0", "x86_64-linux-gnu"
    command("apt-get")
    command("apt-cache", "printf 'libpython3.11t64:\\n  Candidate: 3.11\\n'")
    debian, own = (
        str(command(f"python-{i}", f"echo {base} {tmp_path} {name} {library}"))
        for i, base in enumerate(("/usr/bin/python3", "/opt/python/bin/python3"))
    )
    assert course.python.libpython(debian) == ["libpython3.11t64"]
    assert course.python.libpython(own) == []
    (tmp_path / name).mkdir()
    (tmp_path / name / library).touch()
    assert course.python.libpython(debian) == []


# ---- what only tests need ----


def test_a_browser_that_is_there_is_taken(course, command, calls):
    command("chromium")
    course.extras.browser()
    assert calls() == []


def test_a_browser_comes_from_apt_else_the_set_up_says_so_once(
    course, command, monkeypatch, capsys
):
    monkeypatch.setattr(course.aptget, "installed", lambda packages: set())
    monkeypatch.setattr(course.aptget, "as_root", lambda: None)
    command("apt-get")
    course.extras.browser()
    assert "sudo apt-get install --no-install-recommends" in capsys.readouterr().out
    course.extras.browser()
    assert capsys.readouterr().out == ""
    shutil.rmtree(course.root / ".make")
    monkeypatch.setattr(course.aptget, "as_root", lambda: [])
    monkeypatch.setattr(course.aptget, "install", lambda *_: command(course.extras.BROWSERS[0]))
    course.extras.browser()
    printed = capsys.readouterr().out
    assert "from apt" in printed
    assert "skipped" not in printed


# ---- course.py ----


def test_each_command_of_make_is_one_of_course_py():
    targets = re.search(r"^\.PHONY: (.+)", (ROOT / "Makefile").read_text("utf-8"), re.M)[1].split()
    text = (ROOT / "course.py").read_text("utf-8")
    assert set(re.findall(r'"([a-z-]+)": [a-z_]+[,}]', text)) == set(targets)


def test_course_py_sets_up_and_becomes_the_program_with_its_arguments(course, venv, command):
    """With a locale of its own where the machine has none, since R needs one."""
    for name in STEPS:
        (course.root / f"setup/{name}.py").write_text("def set_up(part): print('for', part)\n")
    (course.root / "setup/common.py").write_text(
        "from pathlib import Path\nmain = lambda step: step()\nmade = Path\n"
    )
    (course.root / "languages").write_text("both\n")
    command("deeptwins", 'echo "$* $LC_ALL $PYTHONUTF8"; exit 7', venv.parent)
    done = subprocess.run(
        [sys.executable, "-u", "../course/course.py", "run", "04"],
        cwd=course.root.parent / "bin",
        env={"PATH": os.environ["PATH"], "LC_ALL": "C"},
        capture_output=True,
        text=True,
    )
    assert done.stdout.splitlines() == ["for run", "run --lang both 04 C.UTF-8 1"], done.stderr
    assert done.returncode == 7
    usage = subprocess.run([sys.executable, "course.py"], cwd=course.root, capture_output=True)
    assert b"python course.py run" in usage.stderr


# ---- Quarto ----


QUARTO_CLI = """case "$*" in
*deeptwins.renderer) test -e {quarto};;
*uninstall*) rm -f {quarto};;
*quarto-cli*) {installs} > {quarto};;
esac"""


@pytest.fixture
def quarto(course, venv, command, bin_dir):
    """Where quarto-cli puts Quarto, if it `installs` it; `deeptwins.renderer` looks there."""

    def write(installs="false"):
        path = venv.parent / "quarto"
        command("python", QUARTO_CLI.format(quarto=path, installs=installs), venv.parent)
        return path

    return write


def test_a_quarto_that_serves_is_taken(course, quarto, calls):
    quarto().touch()
    course.quarto.set_up()
    assert calls() == ["python -m deeptwins.renderer"]


def test_quarto_is_not_asked_for_again_where_it_cannot_be_fetched(
    course, quarto, silent_server, no_proxy, calls, monkeypatch
):
    quarto()
    monkeypatch.setattr(course.quarto, "RELEASES", silent_server)
    monkeypatch.setattr(course.quarto, "PATIENCE", 0.5)
    course.quarto.set_up()
    assert calls() == ["python -m deeptwins.renderer"]
    course.quarto.set_up()
    assert calls() == []


@pytest.mark.parametrize(("installs", "kept"), [("true", True), ("false", False)])
def test_quarto_cli_is_kept_only_where_its_quarto_serves(
    course, quarto, monkeypatch, calls, installs, kept
):
    monkeypatch.setattr(course.common, "answers", lambda url, seconds: True)
    path = quarto(installs)
    course.quarto.set_up()
    assert path.exists() is kept
    assert any("uninstall" in call for call in calls()) is not kept


# ---- r/setup.R, with the real R ----

RSCRIPT = shutil.which("Rscript")
needs_r = pytest.mark.skipif(RSCRIPT is None, reason="R is not installed")


@pytest.fixture
def r_course(tmp_path):
    """A project with a DESCRIPTION of its own, and R's half of the set-up in it."""
    root = tmp_path / "r-course"
    (root / "r").mkdir(parents=True)
    shutil.copy(ROOT / "r/setup.R", root / "r/setup.R")
    standin = root / "r/standin"
    standin.mkdir()
    standin.joinpath("NAMESPACE").touch()
    description = "Package: keras3\nVersion: 0.0.1\nTitle: T\nLicense: MIT\n"
    standin.joinpath("DESCRIPTION").write_text(description)

    def run(imports, task="packages", cran="http://127.0.0.1:9", path=None, patience=1):
        (root / "DESCRIPTION").write_text(f"Package: course\nImports: {imports}\n")
        script = root / "r/setup.R"
        text = re.sub(r"patience <- \d+", f"patience <- {patience}", script.read_text())
        script.write_text(text)
        profile = root / "profile.R"
        profile.write_text(f'options(repos = c(CRAN = "{cran}"), pkgType = "source")\n')
        env = {
            "HOME": str(tmp_path),
            "PATH": path or os.environ["PATH"],
            "R_PROFILE_USER": str(profile),
            "LC_ALL": "C.UTF-8",
        }
        return subprocess.run(
            ["Rscript", "r/setup.R", task],
            cwd=root,
            env=env,
            capture_output=True,
            text=True,
            timeout=HANGS,
        )

    return SimpleNamespace(run=run, library=root / ".rlib", root=root)


def source_package(folder, name, version, imports="", code=""):
    """Put the source of a small R package into a folder that is laid out like CRAN."""
    source = folder / "unpacked" / name
    source.mkdir(parents=True)
    description = f"Package: {name}\nVersion: {version}\nTitle: T\nLicense: MIT\n"
    source.joinpath("DESCRIPTION").write_text(
        description + (f"Imports: {imports}\n" if imports else "")
    )
    source.joinpath("NAMESPACE").touch()
    source.joinpath("R").mkdir()
    source.joinpath("R/code.R").write_text(code)
    contrib = folder / "src/contrib"
    contrib.mkdir(parents=True, exist_ok=True)
    subprocess.run(
        ["tar", "-czf", f"{contrib}/{name}_{version}.tar.gz", "-C", str(source.parent), name],
        check=True,
    )


@pytest.fixture
def cran(tmp_path):
    """A CRAN in a folder: `parent` needs a new `child`, `broken` does not load."""
    folder = tmp_path / "cran"
    source_package(folder, "parent", "1.2", imports="child (>= 2.0), stats")
    source_package(folder, "child", "2.1")
    source_package(folder, "broken", "1.0", code=".onLoad <- function(...) stop('no')\n")
    subprocess.run(
        ["Rscript", "--vanilla", "-e", "tools::write_PACKAGES('.', type = 'source')"],
        cwd=folder / "src/contrib",
        check=True,
        capture_output=True,
    )
    return f"file://{folder}"


@needs_r
def test_r_names_what_is_missing_or_too_old(r_course):
    done = r_course.run("stats, notapackage, utils (>= 99.0), keras3", task="missing")
    assert done.stdout.split() == ["notapackage", "utils"]


@needs_r
def test_a_cran_that_keeps_silent_is_given_up_and_the_apt_line_shown(r_course, silent_server):
    done = r_course.run("notapackage, stats", cran=silent_server)
    assert done.returncode == 0
    assert "could not be reached" in done.stdout
    assert "sudo apt-get install r-cran-notapackage" in done.stdout


@needs_r
def test_the_stand_in_for_keras3_is_installed_when_it_is_new_or_changed(r_course):
    standin, root = r_course.root / ".rlib-standin/keras3/DESCRIPTION", r_course.root
    done = r_course.run("stats, keras3 (>= 99.0)")
    assert "keras3: CRAN (http://127.0.0.1:9) could not be reached." in done.stdout
    assert "r/standin stands in for it." in done.stdout
    first = standin.stat().st_mtime_ns
    assert r_course.run("stats").returncode == 0
    assert standin.stat().st_mtime_ns == first
    with root.joinpath("r/standin/DESCRIPTION").open("a") as file:
        file.write("Description: another.\n")
    assert r_course.run("stats").returncode == 0
    assert standin.stat().st_mtime_ns > first
    assert r_course.run("stats, keras3 (>= 99.0)", task="missing").stdout.split() == []


@needs_r
def test_a_stand_in_that_cannot_be_installed_is_named(r_course):
    r_course.root.joinpath("r/standin/DESCRIPTION").unlink()
    done = r_course.run("stats")
    assert done.returncode == 1
    assert "r/standin could not be installed; " in done.stdout


@needs_r
def test_packages_come_from_cran_with_what_they_need(r_course, cran, bin_dir, monkeypatch):
    monkeypatch.undo()
    path = with_compiler(bin_dir)
    done = r_course.run("parent (>= 1.0), stats", cran=cran, path=path)
    assert "parent from CRAN into .rlib, with what they need (packages: 2)" in done.stdout
    assert sorted(folder.name for folder in r_course.library.iterdir()) == ["child", "parent"]
    again = r_course.run("parent (>= 1.0), stats", path=path)
    assert again.stdout == ""


@needs_r
def test_a_package_that_does_not_load_leaves_nothing_behind(r_course, cran, bin_dir, monkeypatch):
    monkeypatch.undo()
    done = r_course.run("broken", cran=cran, path=with_compiler(bin_dir))
    assert "... failed; .make/<package>.out says why" in done.stdout
    assert "ERROR" in (r_course.root / ".make/broken.out").read_text()
    assert list(r_course.library.iterdir()) == []


@needs_r
def test_r_asks_for_a_compiler_with_the_status_that_the_set_up_knows(
    r_course, cran, course, tmp_path
):
    # Everything of the real PATH but the compilers.
    tools = tmp_path / "tools"
    tools.mkdir()
    for folder in map(type(tmp_path), ("/usr/local/bin", "/usr/bin", "/bin")):
        for tool in folder.iterdir():
            if tool.name not in ("g++", "c++"):
                with contextlib.suppress(FileExistsError):
                    (tools / tool.name).symlink_to(tool)
    done = r_course.run("parent", cran=cran, path=str(tools))
    assert done.returncode == course.r.NEEDS_COMPILER
    assert "needs a C++ compiler" in done.stdout


def with_compiler(folder):
    """Return the real PATH with a g++ on it, which these packages only have to see."""
    (folder / "g++").symlink_to(shutil.which("true"))
    return f"{os.environ['PATH']}:{folder}"


# ---- the manifests ----


def pyproject():
    return tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]


def declared():
    """Return the requirements of pyproject.toml, with its extras."""
    project = pyproject()
    groups = [project["dependencies"], *project["optional-dependencies"].values()]
    return [one for lines in groups for one in map(Requirement, lines)]


def described():
    """Return the bounds of what DESCRIPTION imports and suggests, by name."""
    fields = message_from_string((ROOT / "DESCRIPTION").read_text("utf-8"))
    entries = f"{fields['Imports']},{fields['Suggests']}".split(",")
    found = (re.fullmatch(r"(\S+)(?:\s*\((.*)\))?", one.strip()) for one in entries)
    return {one[1]: one[2] or "" for one in found}


def conda():
    """Return the bounds of environment.yml by name."""
    listed = yaml.safe_load((ROOT / "environment.yml").read_text("utf-8"))["dependencies"]
    return {name: bound for name, _, bound in (line.partition(" ") for line in listed)}


def lower(bound):
    return next(Version(one.version) for one in SpecifierSet(bound) if one.operator == ">=")


CONDA_NAMES = {"matplotlib": "matplotlib-base"}
NOT_ON_CONDA = {
    "smalldocs",  # quarto is there instead
    *("pypandoc-binary", "pyreveal"),  # pip installs them
    *("playwright", "axe-playwright-python"),  # the tests in a browser are skipped
}


def test_conda_has_the_python_packages_with_the_same_bounds():
    """And a Python and an rpy2 within the project's."""
    found = conda()
    python = {"python_version": lower(found["python"]).public}
    for one in declared():
        if one.name in NOT_ON_CONDA or one.name.startswith("rpy2-"):
            continue
        if one.marker is None or one.marker.evaluate(python):
            assert SpecifierSet(found[CONDA_NAMES.get(one.name, one.name)]) == one.specifier
    assert "quarto" in found
    ours = SpecifierSet(pyproject()["requires-python"])
    minors = [
        f"3.{minor}.0" for minor in range(8, 20) if f"3.{minor}.0" in SpecifierSet(found["python"])
    ]
    assert minors
    assert all(version in ours for version in minors)
    # conda's rpy2 is one package for both parts, and from 3.6.6 on it needs R 4.5.
    pins = [next(iter(one.specifier)).version for one in declared() if one.name.startswith("rpy2-")]
    assert all(version in SpecifierSet(found["rpy2"]) for version in pins)
    assert lower(found["r-base"]) >= Version("4.5")


def test_conda_has_the_r_packages_with_the_same_bounds():
    found = conda()
    for name, bound in described().items():
        if name == "keras3":
            assert "r-keras3" not in found  # r/setup.R gets it from CRAN
        elif name == "reticulate":
            # keras3 asks for more than its stand-in does.
            assert lower(found["r-reticulate"]) >= Version("1.42") > Version(bound[3:])
        else:
            written = found[f"r-{name.lower()}"].replace("_", "-")
            assert written == bound.replace(" ", ""), name


def test_conda_installs_nothing_that_neither_manifest_names():
    ours = {CONDA_NAMES.get(one.name, one.name) for one in declared()}
    ours |= {f"r-{name.lower()}" for name in described()}
    tools = {"python", "pip", "setuptools", "rpy2", "r-base", "quarto", "cxx-compiler", "make"}
    assert set(conda()) <= ours | tools


def locked():
    """Return the pins of requirements.lock with their markers."""
    text = (ROOT / "requirements.lock").read_text("utf-8")
    return [Requirement(line.rstrip(" \\")) for line in text.splitlines() if "==" in line[:80]]


@pytest.mark.parametrize("minor", [10, 11, 12, 13])
def test_the_lock_holds_what_the_project_asks_for(minor):
    """For each Python; and of NumPy what this one's R reads, see pyproject.toml."""
    python = {"python_version": f"3.{minor}", "python_full_version": f"3.{minor}.0"}

    def holds(one):
        return one.marker is None or one.marker.evaluate(python | {"extra": ""})

    pins = {one.name: next(iter(one.specifier)).version for one in locked() if holds(one)}
    for one in filter(holds, declared()):
        if one.name != "tensorflow" or not one.extras:  # GPUs are not in the lock
            assert one.specifier.contains(pins[one.name]), one.name
    assert pins["numpy"].startswith("1." if minor < 13 else "2.")


def test_the_lock_has_digests_and_names_no_server():
    text = (ROOT / "requirements.lock").read_text("utf-8")
    assert re.findall(r"^# ---- (\w+) ----$", text, re.M) == ["run", "book", "test"]
    assert "://" not in text
    blocks = re.split(r"^(?=\w)", text, flags=re.M)[1:]
    assert len(blocks) == len(locked())
    for block in blocks:
        assert "--hash=sha256:" in block, block.partition("\n")[0]


def test_each_license_is_there_and_says_what_it_covers():
    project = pyproject()
    texts = {name: (ROOT / name).read_text("utf-8") for name in project["license-files"]}
    assert texts["LICENSE"].startswith("MIT License")
    assert "CC-BY-4.0" in texts["LICENSE-text"]
    assert "card.json" in texts["LICENSE-data"]
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
    assert citation["version"] == project["version"]
    assert citation["references"][0]["title"] == (
        "Introduction to deep learning with TensorFlow and Keras"
    )


def test_a_python_started_beside_r_finds_its_own_shared_library(r):
    """R's start changes where libraries are looked for, and a Python of pyenv then lacks ssl."""
    r("1")
    subprocess.run([sys.executable, "-c", "import ssl"], check=True)
