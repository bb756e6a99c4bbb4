"""What the library does where a system is not Linux: run here, with Linux's own taken away."""

import os
import re
import runpy
import sys

import pytest
import yaml
from helpers import alive, execute, read

from deeptwins import paths
from deeptwins.paths import ROOT
from deeptwins.runs import record

# The command line on a system without forks, groups, links and users of Unix, where the console
# is cp1252 and so is every file that is opened without an encoding (here an error).
ELSEWHERE = """
import os, socket, sys, sysconfig, warnings
from pathlib import Path
import filelock, psutil, rich.console, typer
for name in ("fork", "forkpty", "killpg", "pidfd_open", "getpgid", "setsid", "wait4",
             "sched_getaffinity", "getuid", "geteuid"):
    delattr(os, name)
def denied(*_, **__):
    raise OSError("A required privilege is not held by the client")
os.symlink = denied  # as Windows has it for those who are no developers
os.process_cpu_count = os.cpu_count  # as Python defines it there
del socket.AF_UNIX
sys.modules.update(fcntl=None, grp=None, pwd=None, resource=None)
sysconfig.get_config_vars()  # asks for a file that is named after the system
sys.platform = "elsewhere"
warnings.filterwarnings("error", category=EncodingWarning, module="deeptwins")
from deeptwins import cli
from deeptwins.runs import runner
{change}
cli.app()
"""


def elsewhere(results, *arguments, change=""):
    """Run the command line as on such a system; its output must not hold an exception."""
    python = [sys.executable, "-X", "warn_default_encoding", "-c", ELSEWHERE.format(change=change)]
    env = os.environ | {"PYTHONUTF8": "0", "PYTHONIOENCODING": "cp1252"}
    env["DEEPTWINS_RESULTS"] = str(results)
    done = execute(*python, *arguments, cwd=ROOT, env=env)
    assert "Traceback" not in done.stderr, done.stderr
    return done


def test_twins_run_where_none_can_be_forked(results):
    done = elsewhere(results, "run", "01", "03", "--lang", "python")  # of two, Linux forks
    assert done.returncode == 0, done.stdout + done.stderr
    assert "✓ [2/2]" in done.stderr
    assert record.read("01_first_network", "python")["versions"]["keras"]
    ledger = elsewhere(results, "verify", "01").stdout
    assert "✓ or ✗ with the largest difference" in ledger
    assert "01_first_network/record.json is missing" in " ".join(ledger.split())


def test_a_hanging_twin_is_ended_with_what_it_started_where_there_are_no_groups(tmp_path):
    pids = tmp_path / "pids"
    note = f"import os\nopen({str(pids)!r}, 'a').write(f'{{os.getpid()}} ')\n"
    grandchild = note + "import time\ntime.sleep(3600)"
    child = f"{note}import subprocess, sys\nsubprocess.call([sys.executable, '-c', {grandchild!r}])"
    script = tmp_path / "01_first_network.py"
    script.write_text(child, encoding="utf-8")
    done = elsewhere(
        *(tmp_path / "results", "run", "01", "--lang", "python", "--timeout", 10),
        change=f"runner.script_file = lambda *_: Path({str(script)!r})",
    )
    assert done.returncode == 1
    assert "✗ [1/1] 01_first_network Python" in done.stderr
    assert "still ran after 10 s and was ended" in done.stderr
    twin, child = map(int, pids.read_text(encoding="utf-8").split())
    assert not alive(twin)
    assert not alive(child)


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        ("--help", 0, "doctor"),
        ("run 4x", 2, "There is no exercise"),
        ("data list", 0, "iris"),
        ("data verify iris", 0, "✓ iris"),
        ("doctor", None, "Python"),
    ],
)
def test_a_console_of_windows_shows_every_line(tmp_path, arguments, status, said):
    done = elsewhere(tmp_path, *arguments.split())
    assert status in (None, done.returncode), done.stdout + done.stderr
    assert said in done.stdout + done.stderr


def test_the_newest_r_is_found_where_its_installer_puts_it(tmp_path, monkeypatch):
    for place in ("R/R-4.9.3", "R/R-4.10.0", "Programs/R/R-4.2.2"):
        (tmp_path / place / "bin").mkdir(parents=True)
        (tmp_path / place / "bin" / "Rscript.exe").touch()
    monkeypatch.setenv("PATH", "bin")
    monkeypatch.setenv("PROGRAMFILES", str(tmp_path))
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path))
    paths.find_r()
    assert os.environ["PATH"].split(os.pathsep) == ["bin", str(tmp_path / "R" / "R-4.10.0" / "bin")]


def test_every_file_is_opened_with_an_encoding():
    ruff = [sys.executable, "-m", "ruff", "check", "--preview", "--select", "PLW1514"]
    done = execute(*ruff, "python/deeptwins", "setup", cwd=ROOT)
    assert done.returncode == 0, done.stdout


def test_the_hosted_run_uses_what_the_course_has():
    jobs = yaml.safe_load(read(".github/workflows/ci.yml"))["jobs"]
    for job in jobs.values():
        commands = "\n".join(step.get("run", "") for step in job["steps"])
        asked = re.findall(r"^python3? course\.py (.+)$", commands, flags=re.M)
        assert asked == ["run", "test", "book"]
        assert set(asked) <= runpy.run_path(str(ROOT / "course.py"))["COMMANDS"].keys()
