"""A fault in one twin, put there on purpose, and the level of the comparison that catches it.

book/faults.yml lists the faults; the book shows the list as a table. The changed script runs in
the place of the twin, and its record is compared with that of the other twin as it stands.
"""

import functools
from collections import Counter

import pytest
import yaml
from helpers import interpreter, read, source

from deeptwins import catalog
from deeptwins.paths import LANGUAGES, script_file
from deeptwins.proof import bands, levels
from deeptwins.runs import record, runner

FAULTS = yaml.safe_load(read("book/faults.yml"))
LEVELS = [level.name for level in levels.LEVELS]
# Constants with which a long exercise is short, with a fault and without. Their band is another.
SMALL = {
    "07_cnn": {"EPOCHS": 1},
    "08_transfer": {"SIZE": 64, "EPOCHS": 2},
    "09_fine_tuning": {"SIZE": 32, "EPOCHS": 2},
    "11_lstm": {"EPOCHS": 1},
    "12_cnn_lstm": {"EPOCHS": 2},
    "13_attention": {"EPOCHS": 2, "EXPLAINED": 5},
    "15_maps": {"ITERATIONS": 250},
    "16_siamese": {"ROUNDS": 2, "EPOCHS": 2},
    "17_embeddings": {"EPOCHS": 1, "TRAIN": 200},
    "18_search": {"EPOCHS": 2, "CANDIDATES": 10},
}


def languages(fault):
    return [language for language in LANGUAGES if language in fault]


def name(fault):
    return f"{fault['exercise']}, {' and '.join(languages(fault))}: {fault['fault']}"


def spoilt(fault, language):
    text, change = source(fault["exercise"], language), fault[language]
    assert text.count(change["old"]) == 1, f"{change['old']!r} stands {text.count(change['old'])}x"
    return text.replace(change["old"], change["new"])


def test_the_list_is_long_and_covers_every_level_and_exercise():
    assert len(FAULTS) >= 40
    caught = Counter(fault["caught"] for fault in FAULTS)
    assert {level: count for level, count in caught.items() if count >= 2}.keys() == set(LEVELS)
    assert {fault["exercise"] for fault in FAULTS} == set(catalog.exercises(solutions=False))
    assert {language for fault in FAULTS for language in languages(fault)} == set(LANGUAGES)
    assert not [one for one in FAULTS if one["caught"] == "band" and one["exercise"] in SMALL]


@pytest.mark.parametrize("fault", FAULTS, ids=name)
def test_the_fault_can_be_put_in(fault):
    for language in languages(fault):
        assert spoilt(fault, language)


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """Run a script in the place of a twin and return its record; what ran once is remembered."""
    interpreter("r")
    folder = tmp_path_factory.mktemp("faults")
    with runner.warm_processes(LANGUAGES) as servers, pytest.MonkeyPatch.context() as patch:
        # Which script ran is not the question here, and no array is kept that could be shown.
        patch.setattr(record, "changed", lambda one: "")
        patch.setattr(record, "tensors", lambda one, kind: None)

        @functools.cache
        def run(exercise, language, text):
            script = folder / script_file(exercise, language).name
            script.write_text(text, encoding="utf-8")
            patch.setattr(runner, "script_file", lambda *_: script)
            settings = runner.Settings(values=SMALL.get(exercise, {}))
            outcome = runner.run_twin(exercise, language, settings, servers.get(language), folder)
            assert outcome.ok, "\n".join([outcome.problem, *outcome.last_lines])
            return record.read(exercise, language, folder)

        yield run


@pytest.mark.long
@pytest.mark.xdist_group("faults")
@pytest.mark.parametrize("fault", FAULTS, ids=name)
def test_the_fault_is_caught_at_its_level(ran, fault):
    exercise = fault["exercise"]
    networks = bands.read(exercise, "mini")["networks"]
    good = {one: ran(exercise, one, source(exercise, one)) for one in LANGUAGES}
    findings = levels.compare(*good.values(), networks=networks).findings
    until = findings[: LEVELS.index(fault["caught"]) + 1]
    assert [one for one in until if one.holds is False] == [], "without a fault"
    bad = {one: ran(exercise, one, spoilt(fault, one)) for one in languages(fault)}
    findings = levels.compare(*(good | bad).values(), networks=networks).findings
    failed = [finding.level for finding in findings if finding.holds is False]
    assert failed, "nothing was caught"
    assert failed[0] == fault["caught"], f"caught at {failed}"
