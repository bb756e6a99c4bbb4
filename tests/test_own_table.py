"""Exercise 06 is a template: both twins run on tables of strangers, or say what is wrong."""

import random

import pytest

from deeptwins import cli
from deeptwins.paths import LANGUAGES
from deeptwins.proof import levels
from deeptwins.runs import record, runner

EXERCISE = "06_own_table"
rng = random.Random(1)
PEOPLE = []  # an id, an age, a marker with one decimal, a ward, and whether the person is ill
for person in range(1, 81):
    ill = person % 3 == 0
    marker = f"{rng.gauss(6 if ill else 4, 1):.1f}"
    PEOPLE.append([f"P{person // 2}", str(rng.randint(20, 80)), marker, rng.choice("ABC"), ill])


def table(separator=",", labels=("no", "yes"), heading="id,age,marker,ward,ill", end="\n"):
    """Return the people as the text of a CSV file."""
    people = [[*row[:-1], labels[row[-1]]] for row in PEOPLE]
    lines = [heading.replace(",", separator), *map(separator.join, people)]
    return end.join(lines) + end


PLAIN = table().splitlines()
GAPS = [
    line.replace(f",{person[1]},", f",{gap},")
    for line, person, gap in zip(PLAIN[1:], PEOPLE, ["", "NA", "?", " NA "], strict=False)
]
NEW = PLAIN[5].rpartition(",")[0] + ","  # nobody knows yet whether this one is ill
GOOD = {
    "a German Excel": "\ufeff" + table(";", end="\r\n").replace(".", ","),
    "gaps": "\n".join([PLAIN[0], *GAPS, NEW, *PLAIN[6:], ",,,,", ""]),
    "text labels, tabs": table("\t", ("healthy", "ill")),
    "integer codes": table(labels=("1", "2")),
    "no ids": "\n".join(line.partition(",")[2] for line in PLAIN),
    "R's write.csv": "\n".join(f'"{i or ""}",{line}' for i, line in enumerate(PLAIN)),
}
BAD = {
    "no such column": (table(heading="id,age,marker,ward,sick"), "There is no column ill, but: "),
    "three classes": (table().replace(",A,no", ",A,maybe"), "ill has not 2 classes but 3: "),
    "one class": (table(labels=("no", "no")), "ill has not 2 classes but 1: no"),
    "nothing to learn from": (
        "id,name,ill\n" + "".join(f"{i},n{i},{i % 3}\n" for i in range(80)).replace(",2\n", ",0\n"),
        "There is no column to learn from.",
    ),
}


@pytest.fixture(scope="module")
def servers():
    with runner.warm_processes(LANGUAGES) as servers:
        yield servers


def run(tmp_path, monkeypatch, servers, text, language):
    (tmp_path / "my.csv").write_bytes(text.encode())
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DEEPTWINS_RESULTS", str(tmp_path / "results"))
    values = dict(map(cli.constant, ["DATA=my.csv", "TARGET_COLUMN=ill", "EPOCHS=3"]))
    settings = runner.Settings(values=values)
    return runner.run_twin(EXERCISE, language, settings, servers.get(language))


@pytest.mark.keras
@pytest.mark.parametrize("name", GOOD)
def test_both_twins_run_on_a_table_of_a_stranger(tmp_path, monkeypatch, servers, name):
    for language in LANGUAGES:
        outcome = run(tmp_path, monkeypatch, servers, GOOD[name], language)
        assert outcome.ok, outcome
        data = record.read(EXERCISE, language)["data"]
        assert (data["variant"], [*data["sets"]]) == ("own", [str(tmp_path / "my.csv")])
    failed = [one for one in levels.verify(EXERCISE).findings if one.holds is False]
    assert failed == []


@pytest.mark.keras
@pytest.mark.parametrize("name", BAD)
@pytest.mark.parametrize("language", LANGUAGES)
def test_what_cannot_be_used_is_said_in_a_sentence(tmp_path, monkeypatch, servers, name, language):
    text, says = BAD[name]
    outcome = run(tmp_path, monkeypatch, servers, text, language)
    assert not outcome.ok
    assert says in " ".join(outcome.last_lines)
