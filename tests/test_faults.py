"""A fault in one twin, put there on purpose, and the level of the comparison that catches it.

book/faults.yml lists the faults; the book shows the list as a table. The changed script runs in
the place of the twin, and is compared with the record of the other twin as it stands.
"""

import json
import shutil

import pytest
import yaml

from deeptwins import catalog
from deeptwins.paths import BOOK, LANGUAGES, script_file
from deeptwins.proof import bands, levels
from deeptwins.runs import record, runner

FAULTS = yaml.safe_load((BOOK / "faults.yml").read_text(encoding="utf-8"))
LEVELS = {level.name: level for level in levels.LEVELS}


def languages(fault):
    """Return the languages in which a fault is made."""
    return [language for language in LANGUAGES if language in fault]


def name(fault):
    return f"{fault['exercise']}, {' and '.join(languages(fault))}: {fault['fault']}"


def spoilt(fault, language):
    """Return the text of a twin with the fault in it."""
    text = script_file(fault["exercise"], language).read_text(encoding="utf-8")
    change = fault[language]
    assert text.count(change["old"]) == 1, f"{change['old']!r} stands {text.count(change['old'])}x"
    return text.replace(change["old"], change["new"])


def test_the_list_is_long_and_covers_every_level_and_exercise():
    assert len(FAULTS) >= 40
    assert {fault["caught"] for fault in FAULTS} == set(LEVELS)
    assert {fault["exercise"] for fault in FAULTS} == set(catalog.exercises(solutions=False))
    assert {language for fault in FAULTS for language in languages(fault)} == set(LANGUAGES)


@pytest.mark.parametrize("fault", FAULTS, ids=name)
def test_the_fault_can_be_put_in_and_its_level_applies(fault):
    for language in languages(fault):
        assert spoilt(fault, language)
    if LEVELS[fault["caught"]].needs_network:
        assert bands.read(fault["exercise"], "mini")["networks"]


@pytest.fixture(scope="module")
def fresh(tmp_path_factory):
    """Return a function that runs a twin as it stands, once, and returns the folder of results."""
    folder = tmp_path_factory.mktemp("fresh")

    def run(exercise, language):
        if not record.folder_of(exercise, language, folder).is_dir():
            ended = runner.run_twin(exercise, language, runner.Settings(), results=folder)
            assert ended.ok, ended
        return folder

    return run


@pytest.mark.long
@pytest.mark.parametrize("fault", FAULTS, ids=name)
def test_the_fault_is_caught_at_its_level(fresh, fault, results, monkeypatch):
    exercise, found = fault["exercise"], {}
    for language in LANGUAGES:
        if language in fault:
            script = results / script_file(exercise, language).name
            script.write_text(spoilt(fault, language), encoding="utf-8")
            with monkeypatch.context() as patch:
                patch.setattr(runner, "script_file", lambda *_, script=script: script)
                ended = runner.run_twin(exercise, language, runner.Settings())
            assert ended.ok, ended
        else:
            place = record.folder_of(exercise, language)
            shutil.copytree(fresh(exercise, language) / language / exercise, place, symlinks=True)
        found[language] = record.read(exercise, language)
    monkeypatch.setattr(record, "changed", lambda one: "")  # the script is another one on purpose
    verdict = levels.compare(*found.values(), networks=bands.read(exercise, "mini")["networks"])
    failed = [finding.level for finding in verdict.findings if finding.holds is False]
    assert failed, "nothing was caught"
    assert failed[0] == fault["caught"], f"caught at {failed}: {json.dumps(verdict.as_dict())}"
