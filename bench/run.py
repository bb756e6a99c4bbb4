"""Measure how fast the course is, and write book/speed_*.yml and their picture.

    make bench
    .venv/bin/python bench/run.py [ID ...] [--parts stages plain ...] [--rounds 3]

Each part has a file of its own, with the machine and its load, from which
`deeptwins book` makes the tables of book/appendix_speed.qmd. What is compared runs in
turn, and ratios are the middle one of the rounds. Times are seconds of
processor time, which other programs change least; those called wall are what a
clock shows. With ids no file is written, but with --keep the rows of these.
"""

import argparse
import datetime
import functools
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import measure
import stream
import yaml

from deeptwins import catalog, files, renderer, runner, speedpicture
from deeptwins.paths import BOOK, LANGUAGES, ROOT
from deeptwins.warm import Warm

PICTURE = BOOK / "images" / "speed.svg"
DATA = ("load", "partition", "scale", "stream", "pad", "encode", "padding")  # sections
# Where a twin does more than its plain script: the sections that do the same.
SAME = {"07_transfer_cells": ("stream", "base", "features", "frozen", "fine")}
WAYS = {  # arguments for compile(), or variables of bench/clock
    "as it is": {},
    "jit_compile=True": {"BENCH_COMPILE": '{"jit_compile": true}'},
    "jit_compile=False": {"BENCH_COMPILE": '{"jit_compile": false}'},
    "steps_per_execution=8": {"BENCH_COMPILE": '{"steps_per_execution": 8}'},
}
WITH_STREAM = {
    "as it is": {},
    "without cache": {"BENCH_NO": "cache"},
    "without prefetch": {"BENCH_NO": "prefetch"},
}
TRIED = {
    "04_hello_iris": WAYS,
    "06_cnn_images": WAYS,
    "09_lstm_reviews": WAYS,
    "07_transfer_cells": WITH_STREAM,
}
TWO = ("06_cnn_images",)
# Workers are processes that the clock does not see; shared_data/make/search_cost.py has its own.
WITH_WORKERS = ("14_search",)


def middle(values: Sequence[float]) -> float:
    """Return the median, with three digits behind the point."""
    return round(statistics.median(values), 3)


def say(*words: object) -> None:
    print(f"{datetime.datetime.now():%H:%M:%S}", *words, flush=True)


# ---- stages ----


def stages_of(one: measure.Measured, language: str) -> dict[str, float]:
    """Split the time of a process into what it is for; the parts add up to the whole.

    Python imports Keras before the first section, R when it first needs it.
    """
    keras = ("fit", "evaluate", "predict")
    found = {
        "startup": one.sections["start-up"] + (one.of("import") if language == "r" else 0.0),
        "data": one.without_import(DATA),
        "compile": one.of(*keras, part="compile"),
        "steps": one.of("fit") - one.of("fit", part="compile"),
        "evaluation": one.of(*keras[1:]) - one.of(*keras[1:], part="compile"),
    }
    return found | {"other": one.seconds - sum(found.values())}


def stages(exercises: Sequence[str], rounds: int) -> list[dict]:
    """Run every twin by itself, Python and R in turn."""
    rows = []
    for exercise in exercises:
        runs = {language: [] for language in LANGUAGES}
        for _ in range(rounds):
            for language in LANGUAGES:
                runs[language].append(measure.twin(exercise, language))
        row: dict = {"exercise": exercise}
        for language, several in runs.items():
            split = [stages_of(one, language) for one in several]
            row[language] = {name: middle([one[name] for one in split]) for name in split[0]}
            row[language] |= {
                "seconds": middle([one.seconds for one in several]),
                "wall": middle([one.wall for one in several]),
                "training": middle([one.training for one in several]),
                "peak_mib": round(max(one.peak for one in several)),
            }
        pairs = list(zip(runs["r"], runs["python"], strict=True))
        row["whole_ratio"] = middle([r.seconds / python.seconds for r, python in pairs])
        if all(python.training for _, python in pairs):
            row["training_ratio"] = middle([r.training / python.training for r, python in pairs])
        rows.append(row)
        say(row)
    return rows


# ---- plain ----


def part_of(one: measure.Measured, exercise: str, *, is_twin: bool) -> float:
    """Return the seconds of what both do: fit(), or the sections that lead to the same network."""
    if exercise not in SAME:
        return one.training
    names = SAME[exercise] if is_twin else ("train",)
    return sum(one.sections[name] for name in names)


def plain(exercises: Sequence[str], rounds: int) -> list[dict]:
    """Run plain scripts and Python twins in turn, with a seed for each round."""
    rows = []
    with runner.warm("python") as warmed:
        for exercise in exercises:
            if (ROOT / "bench" / "plain" / f"{exercise}.py").is_file():
                rows.append(beside_plain(exercise, warmed, rounds))
                say(rows[-1])
    return rows


def beside_plain(exercise: str, warmed: Warm, rounds: int) -> dict:
    """Run one plain script and its twin, fresh and forked."""
    pairs, forked = [], []
    for seed in range(1, rounds + 1):
        pairs.append((measure.plain(exercise, seed=seed), measure.twin(exercise, seed=seed)))
        forked.append(measure.forked(exercise, warmed, seed=seed))
    [metric] = pairs[0][0].metrics
    parts = [
        (part_of(plain, exercise, is_twin=False), part_of(twin, exercise, is_twin=True))
        for plain, twin in pairs
    ]

    def of(which: int) -> dict[str, float]:
        several = [pair[which] for pair in pairs]
        return {
            "metric": middle([one.metrics[metric] for one in several]),
            "training": middle([part[which] for part in parts]),
            "seconds": middle([one.seconds for one in several]),
            "wall": middle([one.wall for one in several]),
            "peak_mib": round(max(one.peak for one in several)),
        }

    both = list(zip(forked, pairs, strict=True))
    return {
        "exercise": exercise,
        "metric": metric,
        "plain": of(0),
        "twin": of(1),
        "forked": {"seconds": middle(forked)},
        "training_ratio": middle([twin / plain for plain, twin in parts]),
        "whole_ratio": middle([twin.seconds / plain.seconds for plain, twin in pairs]),
        "forked_ratio": middle([one / plain.seconds for one, (plain, _) in both]),
    }


# ---- course ----


def course(exercises: Sequence[str], rounds: int) -> dict:
    """Run all twins as `deeptwins run` does, and as it would with fresh processes.

    Beside it stands the sum of twins that run by themselves, from the part `stages`.
    """
    known = yaml.safe_load((BOOK / "speed_stages.yml").read_text("utf-8"))["found"]
    alone = [
        row[language] for row in known if row["exercise"] in exercises for language in LANGUAGES
    ]
    separate = {name: middle([sum(one[name] for one in alone)]) for name in ("seconds", "wall")}
    found: dict[str, list[dict[str, float]]] = {"fresh": [], "warm": []}
    with tempfile.TemporaryDirectory() as folder:
        os.environ["DEEPTWINS_RESULTS"] = folder
        for _ in range(rounds):
            for way, several in found.items():
                began, before = time.perf_counter(), of_children()
                check(runner.run(exercises, LANGUAGES, forked=way == "warm"))
                took = {"seconds": of_children() - before, "wall": time.perf_counter() - began}
                several.append(took)
                say(way, took)
        del os.environ["DEEPTWINS_RESULTS"]
    rows = {"separate": separate} | {
        way: {name: middle([one[name] for one in several]) for name in separate}
        for way, several in found.items()
    }
    return {
        "exercises": len(exercises),
        **{
            way: took | {f"{name}_ratio": middle([took[name] / separate[name]]) for name in took}
            for way, took in rows.items()
        },
        "warm_fresh_ratio": middle(
            [
                warm["seconds"] / fresh["seconds"]
                for fresh, warm in zip(found["fresh"], found["warm"], strict=True)
            ]
        ),
    }


def of_children() -> float:
    """Return the processor time of all processes that were waited for."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def check(outcomes: Sequence[runner.Outcome]) -> None:
    """End where a twin has failed: its time would say nothing."""
    for one in outcomes:
        if not one.ok:
            raise SystemExit(f"{one.exercise}, {one.language}: {one.problem} {one.last_lines}")


# ---- ways ----


def ways(exercises: Sequence[str], rounds: int) -> dict:
    """Try settings on Python twins, and thread counts on two twins at once."""
    rows = []
    for exercise in exercises:
        tried = TRIED.get(exercise, {})
        runs = {way: [] for way in tried}
        for _ in range(rounds):
            for way, settings in tried.items():
                runs[way].append(measure.twin(exercise, **settings))
        for way, several in runs.items():
            usual = runs["as it is"]
            pairs = list(zip(several, usual, strict=True))
            rows.append(
                {
                    "exercise": exercise,
                    "way": way,
                    "compile": middle([one.of("fit", part="compile") for one in several]),
                    "training": middle([one.training for one in several]),
                    "ratio": middle([one.training / other.training for one, other in pairs]),
                    "same": all(one.weights == other.weights for one, other in pairs),
                }
            )
            say(rows[-1])
    return {"settings": rows, "threads": threads([one for one in exercises if one in TWO], rounds)}


def threads(exercises: Sequence[str], rounds: int) -> list[dict]:
    """Run both twins of an exercise at once with a thread each, or in turn with two."""
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        os.environ["DEEPTWINS_RESULTS"] = folder
        for exercise in exercises:
            found: dict[str, list[float]] = {"beside": [], "beside_two": [], "in_turn_two": []}
            for _ in range(rounds):
                for name, jobs, count in (
                    ("beside", 2, 1),
                    ("beside_two", 2, 2),
                    ("in_turn_two", 1, 2),
                ):
                    began = time.perf_counter()
                    run = functools.partial(runner.run_twin, exercise, threads=count)
                    with ThreadPoolExecutor(jobs) as pool:
                        check(list(pool.map(run, LANGUAGES)))
                    found[name].append(time.perf_counter() - began)
            rows.append({"exercise": exercise} | {k: middle(v) for k, v in found.items()})
            say(rows[-1])
        del os.environ["DEEPTWINS_RESULTS"]
    return rows


# ---- set-up ----


def setup(exercises: Sequence[str], rounds: int) -> dict:
    """Time set-up and book in a clone: what was downloaded before is in pip's and uv's caches."""
    with tempfile.TemporaryDirectory() as folder:
        clone = Path(folder) / "course"
        subprocess.run(["git", "clone", "-q", "--depth=1", f"file://{ROOT}", clone], check=True)
        page = clone / "book" / "04_hello_iris.qmd"
        render = [clone / ".venv" / "bin" / "deeptwins", "book", "--render"]
        found = {
            "setup": timed(["make", "setup"], clone),
            "setup_again": timed(["make", "setup"], clone),
            "commands": {
                words: min(
                    (timed([render[0], *words.split()], clone, (0, 1)) for _ in range(5)),
                    key=lambda one: one["wall"],
                )
                for words in ("--help", "list", "verify", "doctor --json")
            },
            "book": timed(render, clone),
        }
        page.write_text(page.read_text("utf-8") + "\nA line more.\n", "utf-8")
        return found | {
            "page_changed": timed(render, clone),
            "renderer": renderer.renderer().name,
        }


def timed(command: Sequence[object], folder: Path, statuses: Sequence[int] = (0,)) -> dict:
    """Return what a command takes, by processor and clock; SystemExit where it fails."""
    began, before = time.perf_counter(), of_children()
    env = {name: value for name, value in os.environ.items() if not name.startswith("DEEPTWINS_")}
    done = subprocess.run(
        [str(one) for one in command], cwd=folder, env=env, capture_output=True, text=True
    )
    wall = time.perf_counter() - began
    took = {"seconds": middle([of_children() - before]), "wall": middle([wall])}
    if done.returncode not in statuses:
        raise SystemExit(f"{command}: {done.returncode}\n{done.stdout[-900:]}{done.stderr[-900:]}")
    say(*command, took)
    return took


PARTS = {
    "stages": stages,
    "plain": plain,
    "course": course,
    "ways": ways,
    "setup": setup,
    "stream": lambda exercises, rounds: stream.compare(),
}


ONCE = ("setup", "stream")  # too long to repeat


def main() -> None:
    """Measure what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("ids", nargs="*", metavar="ID")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--keep", action="store_true", help="Replace the rows of the IDs named.")
    parser.add_argument("--dry", action="store_true", help="Print, and write no file.")
    options = parser.parse_args()
    os.chdir(ROOT)
    exercises = [
        one for one in catalog.find(options.ids, solutions=False) if one not in WITH_WORKERS
    ]
    for name in options.parts:
        here = measure.machine()
        began = time.perf_counter()
        numbers = PARTS[name](exercises, options.rounds)
        here |= {
            "rounds": 1 if name in ONCE else options.rounds,
            "load_after": round(os.getloadavg()[0], 1),
            "seconds": round(time.perf_counter() - began),
            "date": datetime.datetime.now(datetime.timezone.utc).date().isoformat(),
        }
        path = BOOK / f"speed_{name}.yml"
        if options.keep and isinstance(numbers, list):
            known = yaml.safe_load(path.read_text("utf-8"))["found"]
            rows = {row["exercise"]: row for row in [*known, *numbers]}
            numbers = [rows[exercise] for exercise in sorted(rows)]
        content = yaml.safe_dump({"machine": here, "found": numbers}, sort_keys=False)
        if (options.ids and not options.keep) or options.dry:
            print(f"--- # {name}", content, sep="\n")
            continue
        files.write_text(path, content)
        if name == "stages":
            files.write_text(PICTURE, speedpicture.draw(numbers))


if __name__ == "__main__":
    sys.exit(main())
