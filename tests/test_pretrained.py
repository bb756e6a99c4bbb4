"""The page on pretrained models: its scripts print what it says, in both languages."""

import re

import pytest
from helpers import execute, interpreter, read

from deeptwins.paths import ROOT

PAGE = read("book/pretrained.qmd")
SCRIPTS = dict(re.findall(r'^```\{[^}\n]*filename="([^"]+)"\}\n(.*?)^```$', PAGE, re.S | re.M))
SAYS = re.search(r"^```\{\.text \.says\}\n(.*?)^```$", PAGE, re.S | re.M)[1]


@pytest.mark.parametrize(("name", "language"), [("pretrained.py", "python"), ("pretrained.R", "r")])
def test_the_script_prints_what_the_page_says(tmp_path, name, language):
    program = interpreter(language)
    (tmp_path / name).write_text(SCRIPTS[name], encoding="utf-8")
    ended = execute(program, tmp_path / name, cwd=ROOT)
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.split() == SAYS.split()
