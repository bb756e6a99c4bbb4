"""What README, set-up pages and container files tell people to type is there."""

import json
import re
import subprocess

import pytest
import typer
from helpers import read

from deeptwins.cli import app
from deeptwins.paths import ROOT

FILES = [
    "README.md",
    "CONTRIBUTING.md",
    "Dockerfile",
    ".binder/postBuild",
    ".devcontainer/devcontainer.json",
    "book/how.qmd",
    "book/appendix_setup.qmd",
    "book/teach_host.qmd",
    "book/teach_offline.qmd",
]
COMMANDS = re.findall(r'"([a-z-]+)": [a-z_]+', read("course.py"))


@pytest.mark.parametrize("name", FILES)
def test_every_command_and_path_is_one_that_the_project_has(name):
    text = read(name)
    typed = re.findall(
        r"(?:^|RUN |[`\"])(?:make|python3? course\.py) ([a-z-]+)(?![/\w])", text, re.M
    )
    assert set(typed) <= set(COMMANDS)
    for words in re.findall(r"(?:^|[`/])deeptwins ([a-z]+(?: [a-z]+)?)", text, re.M):
        command = typer.main.get_command(app)
        for word in words.split():
            if commands := getattr(command, "commands", None):
                assert word in commands, words
                command = commands[word]
    paths = re.findall(r"\b(?:setup|r|python|shared_data|book|tests)/[\w./]+\.(?:py|R|qmd)\b", text)
    paths += re.findall(r"\]\((?!http)([^):#]+)(?:#[\w-]+)?\)", text)
    for path in set(paths) - {"python/NN_name.py", "r/NN_name.R"}:
        assert (ROOT / path).exists() or (ROOT / name).with_name(path).exists(), path


def test_the_containers_are_made_of_what_is_there():
    dockerfile = read("Dockerfile")
    assert re.findall(r"^FROM (\S+)", dockerfile, re.M) == ["rocker/r-ver:4.5", "system"]
    for source in re.findall(r"^COPY (\S+)", dockerfile, re.M):
        assert (ROOT / source).exists(), source
    device = json.loads(read(".devcontainer/devcontainer.json"))["build"]
    folder = ROOT / ".devcontainer"
    assert (folder / device["dockerfile"]).resolve() == ROOT / "Dockerfile"
    assert (folder / device["context"]).resolve() == ROOT
    assert f"AS {device['target']}\n" in dockerfile
    binder = ROOT / ".binder" / "postBuild"
    assert subprocess.run(["bash", "-n", binder]).returncode == 0
    assert re.fullmatch(r"r-\d\.\d-\d{4}-\d\d-\d\d\n", read(".binder/runtime.txt"))
