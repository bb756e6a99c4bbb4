"""The bench measures what it says, and the page on speed shows what it measured."""

import re
import subprocess
import sys

import embedded_r
import pytest
import yaml
from helpers import HANGS

from deeptwins import speed, speedpicture
from deeptwins.paths import BOOK, LANGUAGES, ROOT

EXERCISE = "04_hello_iris"
PARTS = ("stages", "plain")


@pytest.fixture(scope="module")
def measured():
    """The numbers of two parts of the bench on the cheapest exercise that trains a network."""
    if sys.platform != "linux":
        pytest.skip("the bench reads /proc")
    if not embedded_r.installed():
        pytest.skip("R is not installed")
    command = [sys.executable, "bench/run.py", EXERCISE, "--rounds", "1", "--parts", *PARTS]
    before = numbers_in_the_book()
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    printed = done.stdout[done.stdout.index("--- #") :]
    documents = [one for one in yaml.safe_load_all(drop_progress(printed)) if one]
    return {"numbers before": before, **dict(zip(PARTS, documents, strict=True))}


def numbers_in_the_book():
    return {path.name: path.read_text("utf-8") for path in BOOK.glob("speed_*.yml")}


def drop_progress(printed):
    return re.sub(r"^\d\d:\d\d:\d\d .*\n", "", printed, flags=re.M)


@pytest.mark.long
def test_the_stages_of_a_twin_add_up_to_the_whole(measured):
    [row] = measured["stages"]["found"]
    for language in LANGUAGES:
        one = row[language]
        parts = [one[stage] for stage in speedpicture.STAGES]
        assert all(part >= 0 for part in parts), one
        assert sum(parts) == pytest.approx(one["seconds"], abs=0.01)
        assert one["startup"] > one["steps"] > 0
        assert 0 < one["compile"] < one["training"] + one["evaluation"] + one["compile"]
        assert one["peak_mib"] > 300, "TensorFlow alone takes more"
    assert row["training_ratio"] == pytest.approx(
        row["r"]["training"] / row["python"]["training"], abs=0.01
    )


@pytest.mark.long
def test_the_plain_script_trains_what_the_twin_trains(measured):
    [row] = measured["plain"]["found"]
    # The same data, order, layers and rates: the one-hot loss adds in another order at most.
    assert row["plain"]["metric"] == pytest.approx(row["twin"]["metric"], abs=0.05)
    assert row["plain"]["training"] > 0 < row["twin"]["training"]


@pytest.mark.long
def test_the_bench_leaves_the_books_numbers_alone_when_asked_for_some(measured):
    assert measured["numbers before"] == numbers_in_the_book()


@pytest.mark.long
def test_tables_and_picture_show_each_exercise(measured):
    stages, plain = (measured[part] for part in PARTS)
    for table in (speed.stages(stages), speed.plain(plain)):
        assert f"| `{EXERCISE}` |" in table
        assert stages["machine"]["tensorflow"] in table
    drawn = speedpicture.draw(stages["found"])
    bars = len(speedpicture.STAGES) * (1 + len(LANGUAGES))
    assert drawn.count("<rect") == 1 + bars
    assert len(speedpicture.alt(stages["found"])) >= 80


def test_the_picture_in_the_book_is_drawn_from_the_numbers_in_the_book():
    content = yaml.safe_load((BOOK / "speed_stages.yml").read_text("utf-8"))
    assert (ROOT / speed.PICTURE).read_text("utf-8") == speedpicture.draw(content["found"])
    assert len(speed.CAPTION) >= 40


def test_the_page_shows_every_part_that_was_measured():
    page = (BOOK / "appendix_speed.qmd").read_text("utf-8")
    shown = re.findall(r"include /book/_fragments/(speed_\w+)\.qmd", page)
    measured = [part for part in speed.PARTS if (BOOK / f"{part}.yml").is_file()]
    assert shown == measured
    assert "speed_stages" in shown


def test_the_clock_tells_compiling_from_training_in_a_process_of_its_own(tmp_path):
    clock = tmp_path / "clock"
    code = (
        "import keras, numpy as np\n"
        "model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])\n"
        "model.compile('sgd', 'mse')\n"
        "model.fit(np.ones((64, 2)), np.ones(64), batch_size=1, verbose=0)\n"
        "model.evaluate(np.ones((64, 2)), np.ones(64), verbose=0)\n"
    )
    env = {"PATH": "/usr/bin:/bin", "PYTHONPATH": "bench/clock", "BENCH_CLOCK": str(clock)}
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=env, check=True, timeout=HANGS)
    calls = [yaml.safe_load(line) for line in clock.read_text().splitlines()]
    assert [one["call"] for one in calls] == ["import", "fit", "evaluate"]
    assert all(0 < one["compile"] < one["seconds"] for one in calls[1:])
