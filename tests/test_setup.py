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

STEPS = ("common", "python", "r", "quarto", "browser", "slurm")
FILES = ("setup", "r/setup.R", "DESCRIPTION", "pyproject.toml", "requirements.lock")


@pytest.fixture
def bin_dir(tmp_path, monkeypatch):
    """The only folder on the PATH; it starts with nothing but `env`."""
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "env").symlink_to(shutil.which("env"))
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


def test_any_answer_shows_that_a_source_is_there(course, server, no_proxy):
    assert course.common.answers(f"{server}/simple", 5)
    with_password = server.replace("//", "//ada:secret@")
    assert course.common.answers(with_password, 5)


def test_a_source_that_keeps_silent_is_given_up(course, silent_server, no_proxy):
    assert not course.common.answers(silent_server, 0.5)


def test_a_source_that_refuses_is_given_up_at_once(course, no_proxy):
    assert not course.common.answers("http://127.0.0.1:9/", 30)


def test_proxies_are_honoured(course, server, no_proxy, monkeypatch):
    monkeypatch.setenv("http_proxy", server)
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    assert course.common.answers("http://cran.invalid/", 5)


def test_no_step_is_more_patient_than_ten_seconds(course):
    assert course.common.PATIENCE <= 10
    assert course.quarto.PATIENCE <= 10
    patience = re.search(r"^  patience <- (\d+)", (ROOT / "r/setup.R").read_text(), re.M)
    assert int(patience[1]) <= 10


# ---- Python ----


def python_that(command, answer="", status=0, name="python", where=None):
    """Write a Python that gives one answer to whatever it is asked."""
    body = f"echo '{answer}'\nexit {status}"
    return command(name, body, where) if where else command(name, body)


@pytest.fixture
def venv(course, command):
    """A .venv whose Python does as its `-m` argument says and notes the call."""
    python = course.root / ".venv/bin/python"
    command("python", "exit 0", python.parent)
    return python


@pytest.mark.parametrize("version", [(3, 10), (3, 11), (3, 12)])
def test_the_python_that_runs_the_set_up_is_taken_where_it_fits(course, monkeypatch, version):
    monkeypatch.setattr(course.python.sys, "version_info", (*version, 4))
    monkeypatch.setattr(course.python.sys, "_base_executable", "/usr/bin/python3")
    assert course.python.choose() == "/usr/bin/python3"


@pytest.mark.parametrize("version", [(3, 9), (3, 13)])
def test_another_python_is_looked_for_where_it_does_not(course, command, monkeypatch, version):
    monkeypatch.setattr(course.python.sys, "version_info", (*version, 4))
    with pytest.raises(course.common.SetupError, match=rf"this one is 3\.{version[1]}"):
        course.python.choose()
    command("python3.12", "exit 127")  # a shim without its version
    found = command("python3.11", "exit 0")
    command("python3.10", "exit 0")
    assert course.python.choose() == str(found)


def test_what_venv_lacks_comes_from_apt(course, command, calls, machine, monkeypatch):
    machine(known=["python3.11-venv"])
    python = python_that(command, "3 11 None", name="python3.11")
    course.python.make_venv(str(python))
    called = calls()
    assert any(call.endswith("--no-install-recommends python3.11-venv") for call in called)
    assert called[-1] == f"python3.11 -m venv {course.root}/.venv"


def test_what_venv_lacks_is_named_where_nobody_may_install(course, command, calls, machine):
    machine(root=False)
    python = python_that(command, "3 11 None", name="python3.11")
    line = "sudo apt-get install --no-install-recommends python3.11-venv"
    with pytest.raises(course.common.SetupError, match=line):
        course.python.make_venv(str(python))
    assert not [call for call in calls() if call.startswith("apt-get")]


def test_pips_settings_are_those_of_its_nearest_source(course, venv, command):
    command(
        "python",
        "echo \"global.index-url='http://a/simple'\"\n"
        "echo \"global.cert='/a.pem'\"\n"
        "echo \"install.index-url='http://b/simple'\"\n"
        "echo \":env:.cert='/b.pem'\"\n"
        "echo \"download.no-index='1'\"",
        venv.parent,
    )
    assert course.python.pip_settings() == {"index-url": "http://b/simple", "cert": "/b.pem"}


def test_uv_is_told_pips_settings_but_the_users_own_go_first(course, monkeypatch):
    for name in (*course.python.FOR_UV.values(), "HTTP_PROXY", "HTTPS_PROXY", "RPY2_CFFI_MODE"):
        monkeypatch.delenv(name, raising=False)
    settings = {
        "index-url": "http://a/simple",
        "find-links": "/wheels /more",
        "proxy": "http://p:1",
        "timeout": "3",
    }
    told = course.python.for_uv(settings)
    assert told == {
        "UV_INDEX_URL": "http://a/simple",
        "UV_FIND_LINKS": "/wheels,/more",
        "HTTP_PROXY": "http://p:1",
        "HTTPS_PROXY": "http://p:1",
        "RPY2_CFFI_MODE": "ABI",
    }
    monkeypatch.setenv("UV_INDEX_URL", "http://mine/simple")
    assert "UV_INDEX_URL" not in course.python.for_uv(settings)


def test_an_index_that_keeps_silent_ends_the_set_up_with_a_sentence(
    course, venv, command, calls, silent_server, no_proxy, monkeypatch
):
    monkeypatch.setattr(course.common, "PATIENCE", 0.5)
    command("python", f"echo \"global.index-url='{silent_server}/simple'\"", venv.parent)
    with pytest.raises(course.common.SetupError, match=r"nobody answered within 0\.5 s"):
        course.python.set_up()
    assert not [call for call in calls() if " install " in call]


def test_a_folder_of_wheels_needs_no_answer(course, venv):
    assert course.python.reachable({"no-index": "1"})
    assert course.python.reachable({"index-url": "file:///mirror/simple"})


def test_packages_come_through_uv_with_their_digests(course, venv, calls):
    course.python.install(course.python.installers())
    lock, root = course.root / "requirements.lock", course.root
    uv = f"python -m uv pip install --compile-bytecode --python {venv}"
    assert calls() == [
        f"python -m pip install --disable-pip-version-check {course.python.UV}",
        f"{uv} --require-hashes -r {lock}",
        f"{uv} --no-deps --no-build-isolation -e {root}",
    ]


@pytest.mark.parametrize("fails", ["*pip*install*uv==*", "*-m\\ uv\\ *"])
def test_pip_takes_over_where_uv_fails(course, venv, command, calls, capsys, fails):
    command("python", f'case "$*" in {fails}) exit 1;; esac', venv.parent)
    course.python.install(course.python.installers())
    pip = "python -m pip install --disable-pip-version-check"
    assert calls()[-2:] == [
        f"{pip} --require-hashes -r {course.root}/requirements.lock",
        f"{pip} --no-deps --no-build-isolation -e {course.root}",
    ]
    assert "with pip" in capsys.readouterr().out


def test_what_pip_said_is_shown_where_nothing_can_install(course, venv, command):
    command("python", "echo 'No space left on device' >&2; exit 1", venv.parent)
    with pytest.raises(course.common.SetupError, match="No space left on device"):
        course.python.install(course.python.installers())


@pytest.fixture
def steps(course, monkeypatch):
    """Note what set_up does instead of doing it."""
    done = []
    python = course.python
    monkeypatch.setattr(python, "make_venv", lambda base: done.append("venv"))
    monkeypatch.setattr(python, "pip_settings", lambda: {"no-index": "1"})
    monkeypatch.setattr(python, "installers", list)
    monkeypatch.setattr(python, "install", lambda programs: done.append("install"))
    return done


def test_a_second_call_does_nothing(course, steps):
    course.python.set_up()
    course.python.set_up()
    assert steps == ["install"]


def test_a_new_lock_is_installed(course, steps):
    course.python.set_up()
    with (course.root / "requirements.lock").open("a") as lock:
        lock.write("# changed\n")
    course.python.set_up()
    assert steps == ["install", "install"]


def test_a_broken_venv_is_made_again(course, steps, monkeypatch):
    course.python.set_up()
    monkeypatch.setattr(course.python, "works", lambda statement: False)
    course.python.set_up()
    assert steps == ["install", "venv", "install"]


def test_a_venv_from_another_folder_is_made_again(course, steps, monkeypatch):
    monkeypatch.setattr(course.python, "works", lambda statement: False)
    course.python.set_up()
    monkeypatch.setattr(course.python, "works", lambda statement: True)
    course.python.set_up()
    assert steps == ["venv", "install"]
    # As a folder that was moved here, with all that it had noted there.
    course.common.stamp("venv", str(course.root.with_name("earlier")))
    course.common.stamp("python", "another key")
    course.python.set_up()
    assert steps == ["venv", "install"] * 2


def test_a_failed_installation_is_tried_again(course, steps, monkeypatch):
    def fail(programs):
        raise course.common.SetupError("no")

    with monkeypatch.context() as patch:
        patch.setattr(course.python, "install", fail)
        with pytest.raises(course.common.SetupError):
            course.python.set_up()
    course.python.set_up()
    assert steps == ["install"]


# ---- apt and R ----


@pytest.fixture
def machine(course, command, bin_dir, tmp_path, monkeypatch):
    """Make a Debian of fakes: what apt knows and has, who may install, whether R is there."""
    R_LACKS = tmp_path / "r-lacks"

    def rscript(status=0):
        return command(
            "Rscript",
            f'case "$2" in missing) cat {R_LACKS} 2>/dev/null;; packages) exit {status};; esac; :',
        )

    def make(known=None, installed=(), root=True, r=False, r_lacks=(), stale=False):
        monkeypatch.setattr(course.common.os, "geteuid", lambda: 0 if root else 1000)
        monkeypatch.setattr(course.r, "APT_PUTS_R", (bin_dir.resolve(),))
        monkeypatch.setattr(course.r, "libpython", lambda: None)
        for tool in ("cat", "grep", "touch"):
            (bin_dir / tool).symlink_to(shutil.which(tool, path="/usr/bin:/bin"))
        names = ["r-base-core", *(f"r-cran-{name.lower()}" for name in course.r.packages())]
        everything = tmp_path / "repository"
        everything.write_text("\n".join([*names, "g++", "python3.11-venv", ""]))
        lists, has = tmp_path / "lists", tmp_path / "installed"
        lists.write_text("".join(f"{name}\n" for name in known or ()))
        has.write_text("".join(f"{name}\n" for name in installed))
        R_LACKS.write_text("\n".join(r_lacks))
        if stale:
            (tmp_path / "stale").touch()
        if r:
            rscript()
        command(
            "dpkg-query",
            f'shift 3\nfor name; do grep -qx "$name" {has} && echo "$name installed"; done; exit 1',
        )
        command(
            "apt-cache",
            "shift\nfor name; do "
            f'grep -qx "$name" {lists} && printf "%s:\\n  Candidate: 1.0\\n" "$name"; done; exit 0',
        )
        command("apt-config")
        becomes_r = rscript().read_text()
        if not r:
            (bin_dir / "Rscript").unlink()
        (tmp_path / "Rscript").write_text(becomes_r)
        (bin_dir / "chmod").symlink_to(shutil.which("chmod", path="/usr/bin:/bin"))
        (bin_dir / "rm").symlink_to(shutil.which("rm", path="/usr/bin:/bin"))
        command(
            "apt-get",
            f"""[ "$1" = --print-uris ] && {{ cat {tmp_path}/sources 2>/dev/null; exit 0; }}
while [ "$1" = -o ]; do shift 2; done
case "$1" in
  update) cat {everything} > {lists}; rm -f {tmp_path}/stale;;
  install)
    [ -e {tmp_path}/stale ] && exit 100
    shift 3
    for name; do
      echo "$name" >> {has}
      if [ "$name" = r-base-core ]; then
        cat {tmp_path}/Rscript > {bin_dir}/Rscript; chmod +x {bin_dir}/Rscript
      fi
    done
    : > {R_LACKS};;
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


def languages(course):
    return (course.root / ".make/languages").read_text().strip()


def test_root_on_a_bare_machine_gets_r_from_apt(course, machine, calls):
    machine()
    course.r.set_up()
    update, install = apt_calls(calls())
    assert update == "update"
    assert install.startswith("install -y --no-install-recommends r-base-core r-cran-")
    wanted = [f"r-cran-{name.lower()}" for name in course.r.packages() if name != "keras3"]
    assert set(install.split()[3:]) == {"r-base-core", *wanted}
    assert languages(course) == "both"


def test_a_second_call_calls_neither_apt_nor_r(course, machine, calls):
    machine()
    course.r.set_up()
    calls()
    course.r.set_up()
    assert calls() == []


def test_only_what_is_missing_is_installed_and_lists_that_know_it_are_kept(course, machine, calls):
    names = [f"r-cran-{name.lower()}" for name in course.r.packages()]
    have = {"r-base-core", *names} - {"r-cran-png"}
    machine(known=names, installed=have, r=True, r_lacks=["png"])
    course.r.set_up()
    assert apt_calls(calls()) == ["install -y --no-install-recommends r-cran-png"]


def test_lists_that_are_out_of_date_are_fetched_and_the_rest_tried_again(course, machine, calls):
    names = [f"r-cran-{name.lower()}" for name in course.r.packages()]
    machine(known=["r-base-core", *names], stale=True)
    course.r.set_up()
    assert [call.split()[0] for call in apt_calls(calls())] == ["install", "update", "install"]
    assert languages(course) == "both"


def test_apt_is_told_how_long_to_wait(course, machine, calls):
    machine()
    course.r.set_up()
    for call in (call for call in calls() if call.startswith("apt-get -o")):
        assert "Acquire::http::Timeout=8" in call
        assert "Acquire::https::Timeout=8" in call
        assert "Acquire::Retries=0" in call


def test_an_apt_whose_sources_keep_silent_is_not_asked(
    course, machine, calls, tmp_path, silent_server, no_proxy, capsys, monkeypatch
):
    machine()
    monkeypatch.setattr(course.common, "PATIENCE", 0.5)
    sources = [f"'{silent_server}/{suite}/InRelease' InRelease 0" for suite in "abcdefgh"]
    (tmp_path / "sources").write_text("\n".join(sources))
    course.r.set_up()
    assert apt_calls(calls()) == []
    assert "none of apt's sources answered within 0.5 s" in capsys.readouterr().out
    assert languages(course) == "python"


def test_one_source_of_apt_that_answers_is_enough(
    course, machine, calls, tmp_path, server, silent_server, no_proxy, monkeypatch
):
    machine()
    monkeypatch.setattr(course.common, "PATIENCE", 2.5)
    sources = [f"'{site}/a/InRelease' InRelease 0\n" for site in (silent_server, server)]
    (tmp_path / "sources").write_text("".join(sources))
    course.r.set_up()
    assert languages(course) == "both"


def test_behind_a_proxy_of_apts_own_it_is_the_proxy_that_has_to_answer(
    course, machine, command, tmp_path, server, silent_server, no_proxy
):
    machine()
    command("apt-config", f"echo 'Acquire::http::Proxy \"{server}\";'")
    (tmp_path / "sources").write_text(f"'{silent_server}/a/InRelease' InRelease 0\n")
    assert course.common.apt_reachable()


def test_a_complete_r_needs_no_apt(course, machine, calls):
    machine(r=True)
    course.r.set_up()
    assert apt_calls(calls()) == []
    assert languages(course) == "both"


def test_without_root_and_without_r_the_line_to_type_is_shown(course, machine, calls, capsys):
    machine(root=False)
    course.r.set_up()
    shown = capsys.readouterr().out
    assert "sudo apt-get install --no-install-recommends r-base-core r-cran-digest" in shown
    assert "keras3" not in shown
    assert "the Python half goes on alone" in shown
    assert languages(course) == "python"
    assert apt_calls(calls()) == []


def test_once_somebody_has_installed_r_the_next_call_takes_it(course, machine, bin_dir):
    made = machine(root=False)
    course.r.set_up()
    made.rscript()
    course.r.set_up()
    assert languages(course) == "both"


def test_sudo_is_used_where_it_asks_nothing(course, machine, command, calls):
    machine(root=False)
    command("sudo", '[ "$1" = -n ] && shift; exec "$@"')
    command("true")
    course.r.set_up()
    called = calls()
    assert any(call.startswith("sudo env DEBIAN_FRONTEND=noninteractive") for call in called)
    assert languages(course) == "both"


def test_a_sudo_that_wants_a_password_without_a_terminal_is_no_root(
    course, machine, command, calls, monkeypatch
):
    machine(root=False)
    monkeypatch.setattr(course.common.sys, "stdin", SimpleNamespace(isatty=lambda: False))
    command("sudo", "exit 1")
    course.r.set_up()
    called = calls()
    assert "sudo -n true" in called
    assert apt_calls(called) == []
    assert languages(course) == "python"


def test_an_r_of_the_users_own_is_left_to_cran(course, machine, calls, monkeypatch, tmp_path):
    machine(r=True, r_lacks=["png"])
    monkeypatch.setattr(course.r, "APT_PUTS_R", (tmp_path / "elsewhere",))
    course.r.set_up()
    called = calls()
    assert apt_calls(called) == []
    assert f"Rscript {course.root}/r/setup.R packages" in called
    assert languages(course) == "python"  # png is still missing


def test_without_apt_and_without_r_the_python_half_goes_on(course, machine, bin_dir, capsys):
    machine()
    (bin_dir / "apt-get").unlink()
    course.r.set_up()
    assert "https://www.r-project.org" in capsys.readouterr().out
    assert languages(course) == "python"


def test_a_compiler_comes_from_apt_where_cran_has_only_source(course, machine, calls):
    made = machine(r=True)
    made.rscript(status=course.r.NEEDS_COMPILER)
    course.r.set_up()
    called = calls()
    assert apt_calls(called)[-1] == "install -y --no-install-recommends g++"
    assert called.count(f"Rscript {course.root}/r/setup.R packages") == 2


def test_what_apt_does_not_have_is_named_and_the_rest_installed(course, machine, tmp_path, capsys):
    machine()
    repository = tmp_path / "repository"
    repository.write_text(repository.read_text().replace("r-cran-uwot\n", ""))
    course.r.set_up()
    assert "apt could not install r-cran-uwot" in capsys.readouterr().out
    assert "r-cran-rtsne" in (tmp_path / "installed").read_text()


@pytest.mark.parametrize(
    ("base", "library", "needs"),
    [
        ("/usr/bin/python3", "libpython3.11.so.1.0", "libpython3.11"),
        ("/opt/python/bin/python3", "libpython3.11.so.1.0", None),
    ],
)
def test_debians_python_needs_its_shared_library(
    course, command, venv, tmp_path, base, library, needs
):
    command("apt-get")
    python_that(command, f"{base} {tmp_path} x86_64-linux-gnu {library}", where=venv.parent)
    assert course.r.libpython() == needs
    (tmp_path / "x86_64-linux-gnu").mkdir()
    (tmp_path / "x86_64-linux-gnu" / library).touch()
    assert course.r.libpython() is None


# ---- Quarto ----


QUARTO_CLI = """case "$*" in
*deeptwins.renderer) test -e {quarto};;
*uninstall*) rm -f {quarto};;
*quarto-cli*) {installs} > {quarto};;
esac"""


@pytest.fixture
def quarto(course, venv, command, bin_dir):
    """Where quarto-cli puts Quarto, if it `installs` it; `deeptwins.renderer` looks there."""
    (bin_dir / "rm").symlink_to(shutil.which("rm", path="/usr/bin:/bin"))

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


# ---- the browser of the tests ----


def test_a_browser_that_is_there_is_taken(course, command, calls):
    command("chromium")
    command("apt-get", "exit 1")
    course.browser.set_up()
    assert calls() == []


def test_the_browser_comes_from_apt(course, command, monkeypatch, capsys):
    command("apt-get")
    monkeypatch.setattr(course.common, "as_root", lambda: [])
    monkeypatch.setattr(
        course.common, "apt_install", lambda packages, root: bool(command(packages[0]))
    )
    course.browser.set_up()
    assert "chromium from apt" in capsys.readouterr().out
    assert not (course.root / ".make" / "browser.stamp").exists()


def test_without_a_browser_it_says_so_once_and_goes_on(course, command, monkeypatch, capsys):
    command("apt-get")
    monkeypatch.setattr(course.common, "as_root", lambda: None)
    course.browser.set_up()
    assert "no browser" in capsys.readouterr().out
    course.browser.set_up()
    assert capsys.readouterr().out == ""


# ---- the SLURM of the tests ----


@pytest.fixture
def slurm(course, command, monkeypatch, tmp_path):
    """The step on a machine without systemd and with nothing of SLURM."""
    monkeypatch.setattr(course.slurm, "SYSTEM", str(tmp_path / "nothing"))
    monkeypatch.setattr(course.slurm, "SYSTEMD", tmp_path / "nothing")
    monkeypatch.setattr(course.common, "as_root", lambda: [])
    monkeypatch.setattr(course.common, "apt_installed", lambda packages: set())
    command("apt-get")
    return course.slurm


def test_slurm_comes_from_apt(course, slurm, command, monkeypatch, capsys):
    def install(packages, root):
        assert packages == slurm.PACKAGES
        for name in slurm.PROGRAMS:
            command(name)

    monkeypatch.setattr(course.common, "apt_install", install)
    slurm.set_up()
    printed = capsys.readouterr().out
    assert "SLURM from apt" in printed
    assert "no SLURM" not in printed


def test_without_slurm_it_says_so_once_and_what_to_type(course, slurm, monkeypatch, capsys):
    monkeypatch.setattr(course.common, "as_root", lambda: None)
    slurm.set_up()
    printed = capsys.readouterr().out
    assert "no SLURM" in printed
    assert "apt-get install --no-install-recommends slurmctld" in printed
    slurm.set_up()
    assert capsys.readouterr().out == ""


def test_where_systemd_runs_slurm_is_not_installed_unasked(course, slurm, monkeypatch, tmp_path):
    monkeypatch.setattr(slurm, "SYSTEMD", tmp_path)
    monkeypatch.setattr(course.common, "apt_install", lambda *_: pytest.fail("installed"))
    slurm.set_up()


# ---- r/setup.R, with the real R ----

RSCRIPT = shutil.which("Rscript")
needs_r = pytest.mark.skipif(RSCRIPT is None, reason="R is not installed")


@pytest.fixture
def r_course(tmp_path):
    """A project with a DESCRIPTION of its own, and R's half of the set-up in it."""
    root = tmp_path / "r-course"
    (root / "r").mkdir(parents=True)
    shutil.copy(ROOT / "r/setup.R", root / "r/setup.R")

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
def test_the_bridge_stands_in_for_keras3(r_course):
    text = r_course.root.joinpath("r/setup.R").read_text()
    # A name that is surely not installed takes the place of keras3.
    r_course.root.joinpath("r/setup.R").write_text(text.replace("keras3 = ", "kerasx = "))
    done = r_course.run("stats, kerasx")
    assert "kerasx: CRAN (http://127.0.0.1:9) could not be reached." in done.stdout
    assert "r/keras_bridge.R stands in for it." in done.stdout
    assert r_course.run("stats, kerasx", task="missing").stdout.split() == []


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
    """Return the requirements of pyproject.toml, with its extras, by name."""
    project = pyproject()
    groups = [project["dependencies"], *project["optional-dependencies"].values()]
    return {one.name: one for lines in groups for one in map(Requirement, lines)}


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
    *("smalldocs", "latex2mathml", "bibtexparser"),  # quarto is there instead
    *("pypandoc-binary", "pyreveal"),  # pip installs them
    *("playwright", "axe-playwright-python"),  # the tests in a browser are skipped
}


def test_conda_has_the_python_packages_with_the_same_bounds():
    found = conda()
    for name, requirement in declared().items():
        if name in NOT_ON_CONDA or name.startswith("rpy2-"):
            continue
        assert SpecifierSet(found[CONDA_NAMES.get(name, name)]) == requirement.specifier, name
    assert "quarto" in found
    setuptools = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["build-system"]
    assert Requirement(setuptools["requires"][0]).specifier == SpecifierSet(found["setuptools"])


def test_condas_python_and_rpy2_lie_within_the_projects():
    found = conda()
    ours = SpecifierSet(pyproject()["requires-python"])
    within = SpecifierSet(found["python"])
    minors = [f"3.{minor}.0" for minor in range(8, 16)]
    chosen = [version for version in minors if version in within]
    assert chosen
    assert all(version in ours for version in chosen)
    # conda's rpy2 is one package for both parts, and from 3.6.6 on it needs R 4.5.
    rpy2 = SpecifierSet(found["rpy2"])
    assert all(
        next(iter(declared()[name].specifier)).version in rpy2
        for name in ("rpy2-rinterface", "rpy2-robjects")
    )
    assert lower(found["r-base"]) >= Version("4.5")


def test_conda_has_the_r_packages_with_the_same_bounds():
    found = conda()
    for name, bound in described().items():
        if name == "keras3":
            assert "r-keras3" not in found  # r/setup.R gets it from CRAN
        elif name == "reticulate":
            # keras3 asks for more than the bridge does.
            assert lower(found["r-reticulate"]) >= Version("1.42") > Version(bound[3:])
        else:
            written = found[f"r-{name.lower()}"].replace("_", "-")
            assert written == bound.replace(" ", ""), name


def test_conda_installs_nothing_that_neither_manifest_names():
    ours = {CONDA_NAMES.get(name, name) for name in declared()}
    ours |= {f"r-{name.lower()}" for name in described()}
    tools = {"python", "pip", "setuptools", "rpy2", "r-base", "quarto", "cxx-compiler", "make"}
    assert set(conda()) <= ours | tools


def locked():
    """Return the pins of requirements.lock with their markers."""
    text = (ROOT / "requirements.lock").read_text("utf-8")
    return [Requirement(line.rstrip(" \\")) for line in text.splitlines() if "==" in line[:80]]


def test_the_lock_holds_what_the_project_asks_for():
    pins = {}
    for one in locked():
        pins.setdefault(one.name, []).append(next(iter(one.specifier)).version)
    for name, requirement in declared().items():
        assert pins[name], name
        assert all(requirement.specifier.contains(version) for version in pins[name]), name


def test_the_lock_has_digests_and_names_no_server():
    text = (ROOT / "requirements.lock").read_text("utf-8")
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
