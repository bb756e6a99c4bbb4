"""A fault in one twin, put there on purpose, and the level of the comparison that catches it.

book/faults.yml lists the faults; the book shows the list as a table. The changed script is run
in the place of the twin, and compared with the other twin's record of the fresh run.
"""

import shutil
import subprocess
import sys

import pytest
import yaml

from deeptwins import bands, catalog, record, runner, verify
from deeptwins.paths import BOOK, LANGUAGES, ROOT, script_file

FAULTS = yaml.safe_load((BOOK / "faults.yml").read_text(encoding="utf-8"))
LEVELS = [level.name for level in verify.LEVELS]
NETWORK_LEVELS = {level.name for level in verify.LEVELS if level.needs_network}


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


def run(script, language, log):
    """Run a changed script as deeptwins runs a twin; returns its status."""
    program = {"python": sys.executable, "r": "Rscript"}[language]
    env = runner.environment("mini", seed=None, threads=1)
    with log.open("wb") as out:
        ended = subprocess.run([program, str(script)], cwd=ROOT, env=env, stdout=out, stderr=out)
    return ended.returncode


def test_the_list_is_long_and_covers_every_level_and_exercise():
    assert len(FAULTS) >= 40
    assert {fault["caught"] for fault in FAULTS} == set(LEVELS)
    plain = {one for one in catalog.exercises() if not one.startswith("solutions/")}
    assert {fault["exercise"] for fault in FAULTS} == plain
    assert {language for fault in FAULTS for language in languages(fault)} == set(LANGUAGES)


@pytest.mark.parametrize("fault", FAULTS, ids=name)
def test_the_fault_can_be_put_in_and_its_level_applies(fault):
    for language in languages(fault):
        assert spoilt(fault, language)
    if fault["caught"] in NETWORK_LEVELS:
        assert bands.read(fault["exercise"], "mini")["networks"]


@pytest.mark.long
@pytest.mark.parametrize("fault", FAULTS, ids=name)
def test_the_fault_is_caught_at_its_level(r, fresh_run, fault, results):
    fresh, _ = fresh_run
    exercise = fault["exercise"]
    for language in LANGUAGES:
        (results / language).mkdir()
        for file in (fresh / language).glob(f"{exercise}.*"):
            if file.is_file():
                shutil.copy(file, results / language)
    assert verify.verify(exercise).holds, "the twins have to agree before a fault is put in"
    for language in languages(fault):
        script = results / f"{exercise}{script_file(exercise, language).suffix}"
        script.write_text(spoilt(fault, language), encoding="utf-8")
        record.record_file(exercise, language).unlink()
        log = results / f"{language}.log"
        status = run(script, language, log)
        assert status == 0, f"the changed twin stopped:\n{log.read_text('utf-8')[-2000:]}"
    findings = verify.verify(exercise).findings
    failed = [finding.level for finding in findings if finding.holds is False]
    assert failed, "nothing was caught"
    assert failed[0] == fault["caught"], f"caught at {failed}"
