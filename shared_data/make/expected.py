"""Make the expected bands: run the Python twins with many seeds and keep their metrics.

    python shared_data/make/expected.py [ID ...] [--seeds 20] [--data mini] [--note TEXT]

The bands serve both languages: R runs with every tenth seed and has to be equal
to Python at every level. What each language draws by itself (t-SNE, UMAP,
k-means) R does with every seed; its band is from both languages where a test
does not tell them apart. The file of a solution also says by how much it beats
its exercise at the same seeds.

Each run is a process of its own, forked from one that has imported Keras but
not used it, which spares two thirds of the time; the run with the first seed
is made in a fresh process too, and must give the same record.
"""

import argparse
import contextlib
import datetime
import multiprocessing
import os
import platform
import runpy
import sys
import tempfile
from pathlib import Path

from deeptwins import bands, catalog, record, runner, verify
from deeptwins.paths import ROOT, script_file

RESULTS = ("data", "constants", "networks", "metrics", "independent")


def cpu() -> str:
    """Return the processor's name as the system gives it."""
    info = Path("/proc/cpuinfo")
    if info.is_file():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def ready(variant: str):
    """Return what forks the runs, in the environment of twins."""
    os.chdir(ROOT)
    os.environ |= runner.environment(variant, seed=None, threads=1)
    forked = multiprocessing.get_context("forkserver")
    forked.set_forkserver_preload(["keras", "pandas", "matplotlib.pyplot", "sklearn.metrics"])
    return forked


def run_here(exercise: str, seed: int, folder: str) -> None:
    """Run one twin in this process, its output into files beside the record."""
    os.environ |= {"DEEPTWINS_SEED": str(seed), "DEEPTWINS_RESULTS": folder}
    sys.path.insert(0, str(script_file(exercise, "python").parent))
    out = runner.output_file(exercise, "python")
    out.parent.mkdir(parents=True, exist_ok=True)
    with out.open("w") as stream, contextlib.redirect_stdout(stream):
        runpy.run_path(str(script_file(exercise, "python")), run_name="__main__")


def compare(python: dict, r: dict) -> None:
    """End with SystemExit where R differs from Python with the same seed."""
    for level in verify.LEVELS[:-1]:  # the last is the band, which is not made yet
        finding = level.compare(python, r)
        if not finding.holds:
            where = f"{python['id']}, seed {python['seed']}, {level.name}"
            raise SystemExit(f"R differs from Python in {where}: {finding.detail}")


def read_from(folder: str, exercise: str) -> dict:
    """Return the record that a run left in its folder."""
    os.environ["DEEPTWINS_RESULTS"] = folder
    return record.read(exercise, "python")


def runs(exercise: str, seeds: list[int], forked) -> list[dict]:
    """Return the records of one Python twin over seeds; SystemExit where a run fails."""
    records = []
    for number in seeds:
        with tempfile.TemporaryDirectory() as folder:
            process = forked.Process(target=run_here, args=(exercise, number, folder))
            process.start()
            process.join()
            if process.exitcode:
                raise SystemExit(f"{exercise}, seed {number}: status {process.exitcode}")
            records.append(read_from(folder, exercise))
        print(f"{exercise}: seed {number}, {records[-1]['seconds']:.1f} s", flush=True)
    return records


def compare_fresh(exercise: str, variant: str, forked: dict) -> None:
    """End with SystemExit where a fresh process gives another record than a forked one."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ["DEEPTWINS_RESULTS"] = folder
        outcome = runner.run_twin(exercise, "python", variant=variant, seed=forked["seed"])
        fresh = read_from(folder, exercise) if outcome.ok else {}
    for part in RESULTS:
        if fresh.get(part) != forked[part]:
            raise SystemExit(f"{exercise}: a fresh process gives other {part}: {outcome.problem}")


def by_r(exercise: str, variant: str, seeds: list[int]) -> list[dict]:
    """Return the records of the R twin over seeds."""
    records = []
    for number in seeds:
        with tempfile.TemporaryDirectory() as folder:
            os.environ["DEEPTWINS_RESULTS"] = folder
            outcome = runner.run_twin(exercise, "r", variant=variant, seed=number)
            if not outcome.ok:
                lines = "\n".join(outcome.last_lines)
                raise SystemExit(f"{exercise} in R, seed {number}: {outcome.problem}\n{lines}")
            records.append(record.read(exercise, "r"))
        print(f"{exercise} in R: seed {number}, {records[-1]['seconds']:.1f} s", flush=True)
    return records


def make(exercise: str, variant: str, seeds: list[int], note: str, forked) -> Path:
    """Write the bands of one exercise."""
    found = runs(exercise, seeds, forked)
    first = found[0]
    compare_fresh(exercise, variant, first)
    compared = seeds if first["independent"] else seeds[9::10]
    others = by_r(exercise, variant, compared)
    for one in others:
        compare(found[seeds.index(one["seed"])], one)
    independent = {
        metric: {
            language: [one["independent"][metric] for one in records]
            for language, records in (("python", found), ("r", others))
        }
        for metric in first["independent"]
    }
    content = {
        "networks": bool(first["networks"]),
        "seeds": seeds,
        "r_seeds": compared,
        "coverage": bands.COVERAGE,
        "data": {
            "name": first["data"]["name"],
            "digest": first["data"]["digest"],
            "arrays": {name: one["shape"] for name, one in first["data"]["arrays"].items()},
        },
        **bands.together(
            {metric: [one["metrics"][metric] for one in found] for metric in first["metrics"]},
            independent,
        ),
        "versions": {
            language: one["versions"] for language, one in by_language(found + others).items()
        },
        "settings": first["settings"],
        "machine": f"{first['machine']}, {cpu()}",
        "made": datetime.datetime.now(datetime.timezone.utc).date().isoformat(),
    }
    if note:
        content["note"] = note
    if exercise.startswith("solutions/"):
        plain = bands.read(exercise.removeprefix("solutions/"), variant)
        margins = bands.margins(content, plain, first["constants"]["TARGET"])
        for metric, margin in margins.items():
            sure = f"{100 * bands.CONFIDENCE:g} % sure of {margin['low']:.4g}"
            print(
                f"{exercise}: {metric} better by {margin['mean']:.4g}, {sure}, "
                f"at the worst seed {margin['least']:.4g}",
                flush=True,
            )
        content["margins"] = margins
    return bands.write(exercise, variant, content)


def by_language(records: list[dict]) -> dict[str, dict]:
    """Return one record of each language."""
    return {one["language"]: one for one in records}


def main() -> None:
    """Make the bands that the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("ids", nargs="*", metavar="ID")
    parser.add_argument("--seeds", type=int, default=20, help=f"at least {bands.MINIMUM_SEEDS}")
    parser.add_argument("--data", choices=("mini", "full"), default="mini")
    parser.add_argument("--note", default="", help="What a reader has to know of the data.")
    options = parser.parse_args()
    forked = ready(options.data)
    for exercise in catalog.find(options.ids, solutions=True):
        seeds = list(range(1, options.seeds + 1))
        print("wrote", make(exercise, options.data, seeds, options.note, forked))


if __name__ == "__main__":
    main()
