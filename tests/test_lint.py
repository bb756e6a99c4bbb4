"""Both languages pass their linters and the prose a spelling check, as before a commit."""

import shlex
import shutil
import sys
from pathlib import Path

import pytest
import yaml
from helpers import execute, read

from deeptwins.paths import ROOT

CONFIG = yaml.safe_load(read(".pre-commit-config.yaml"))
HOOKS = {hook["id"]: shlex.split(hook["entry"]) for hook in CONFIG["repos"][0]["hooks"]}
LONG = {"lintr": pytest.mark.long}  # it takes minutes


@pytest.mark.parametrize("hook", [pytest.param(hook, marks=LONG.get(hook, ())) for hook in HOOKS])
def test_lint(hook):
    program, *arguments = HOOKS[hook]
    found = shutil.which(Path(program).name, path=Path(sys.executable).parent)
    if not (found := found or shutil.which(program)):
        pytest.skip(f"{program} is not installed; `deeptwins doctor` says how to get it")
    done = execute(found, *arguments, cwd=ROOT)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_misspelling_is_found(tmp_path):
    (tmp_path / "book").mkdir()
    (tmp_path / "book/page.qmd").write_text("A nueral network recieves numbers.\n")
    command = [sys.executable, "-m", "codespell_lib", *HOOKS["codespell"][1:]]
    done = execute(*command, cwd=tmp_path)
    assert "recieves ==> receives" in done.stdout
