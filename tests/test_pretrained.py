"""The page on pretrained models: its scripts print what it says, in both languages."""

import re
import subprocess

import pytest
from helpers import interpreter

from deeptwins.paths import BOOK, ROOT

PAGE = (BOOK / "pretrained.qmd").read_text(encoding="utf-8")
SCRIPTS = re.findall(r'^```\{[^}\n]*filename="([^"]+)"\}\n(.*?)^```$', PAGE, re.S | re.M)
SAYS = re.search(r"^```\{\.text \.says\}\n(.*?)^```$", PAGE, re.S | re.M)[1]


@pytest.mark.parametrize(("name", "code"), SCRIPTS, ids=[name for name, _ in SCRIPTS])
def test_the_script_prints_what_the_page_says(tmp_path, name, code):
    program = interpreter("python" if name.endswith(".py") else "r")
    (tmp_path / name).write_text(code, encoding="utf-8")
    ended = subprocess.run(
        [program, str(tmp_path / name)], cwd=ROOT, capture_output=True, text=True, encoding="utf-8"
    )
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.split() == SAYS.split()


def test_both_languages_are_there():
    assert [name for name, _ in SCRIPTS] == ["pretrained.py", "pretrained.R"]
