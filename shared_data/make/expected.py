"""Make the expected bands: run the Python twins with many seeds and keep their metrics.

    python shared_data/make/expected.py [ID ...] [--seeds 20] [--data mini] [--note TEXT]

The bands serve both languages: R runs with every tenth seed and has to be equal
to Python at every level. What each language draws by itself (t-SNE, UMAP,
k-means) R does with every seed; its band covers both languages. The file of a
solution also says by how much it beats its exercise at the same seeds.

Runs are forked from warm processes (deeptwins/warm.py), which spares two thirds
of the time; in each language the run with the first seed is made in a fresh
process too, and must give the same record.
"""

import argparse
import datetime
import os
import platform
import tempfile
from pathlib import Path

from deeptwins import bands, catalog, record, runner, verify
from deeptwins.paths import LANGUAGES, ROOT
from deeptwins.warm import Warm

RESULTS = ("data", "constants", "networks", "metrics", "independent")


def cpu() -> str:
    """Return the processor's name as the system gives it."""
    info = Path("/proc/cpuinfo")
    if info.is_file():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def ready(variant: str) -> dict[str, Warm | None]:
    """Return for each language what forks the runs, where they can be forked; it ends with us."""
    os.chdir(ROOT)
    return {language: runner.warm(language, variant) for language in LANGUAGES}


def compare(python: dict, r: dict) -> None:
    """End with SystemExit where R differs from Python with the same seed."""
    for level in verify.LEVELS[:-1]:  # the last is the band, which is not made yet
        finding = level.compare(python, r)
        if not finding.holds:
            where = f"{python['id']}, seed {python['seed']}, {level.name}"
            raise SystemExit(f"R differs from Python in {where}: {finding.detail}")


def run(exercise: str, language: str, variant: str, seed: int, warmed: Warm | None) -> dict:
    """Return the record of one run; SystemExit where it fails."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ["DEEPTWINS_RESULTS"] = folder
        outcome = runner.run_twin(exercise, language, variant=variant, seed=seed, warmed=warmed)
        if not outcome.ok:
            lines = "\n".join(outcome.last_lines)
            raise SystemExit(f"{exercise} in {language}, seed {seed}: {outcome.problem}\n{lines}")
        return record.read(exercise, language)


def runs(
    exercise: str, language: str, variant: str, seeds: list[int], forked: dict[str, Warm | None]
) -> list[dict]:
    """Return the records of one twin over seeds; SystemExit where a run fails."""
    records = []
    for number in seeds:
        records.append(run(exercise, language, variant, number, forked[language]))
        seconds = records[-1]["seconds"]
        print(f"{exercise} in {language}: seed {number}, {seconds:.1f} s", flush=True)
    return records


def compare_fresh(exercise: str, variant: str, forked: dict) -> None:
    """End with SystemExit where a fresh process gives another record than a forked one."""
    fresh = run(exercise, forked["language"], variant, forked["seed"], None)
    for part in RESULTS:
        if fresh[part] != forked[part]:
            where = f"{exercise} in {forked['language']}"
            raise SystemExit(f"{where}: a fresh process gives other {part}")


def make(exercise: str, variant: str, seeds: list[int], note: str, forked) -> Path:
    """Write the bands of one exercise."""
    found = runs(exercise, "python", variant, seeds, forked)
    first = found[0]
    compare_fresh(exercise, variant, first)
    compared = seeds if first["independent"] else seeds[9::10]
    others = runs(exercise, "r", variant, compared, forked)
    compare_fresh(exercise, variant, others[0])
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


def kept(exercise: str, variant: str) -> int:
    """Return how many seeds the bands have that there are, or the least that they need."""
    try:
        return len(bands.read(exercise, variant)["seeds"])
    except bands.BandError:
        return bands.MINIMUM_SEEDS


def by_language(records: list[dict]) -> dict[str, dict]:
    """Return one record of each language."""
    return {one["language"]: one for one in records}


def main() -> None:
    """Make the bands that the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("ids", nargs="*", metavar="ID")
    parser.add_argument(
        "--seeds",
        type=int,
        help=f"By default as many as there are in the file, or {bands.MINIMUM_SEEDS}.",
    )
    parser.add_argument("--data", choices=("mini", "full"), default="mini")
    parser.add_argument("--note", default="", help="What a reader has to know of the data.")
    options = parser.parse_args()
    forked = ready(options.data)
    for exercise in catalog.find(options.ids, solutions=True):
        seeds = list(range(1, (options.seeds or kept(exercise, options.data)) + 1))
        print("wrote", make(exercise, options.data, seeds, options.note, forked))


if __name__ == "__main__":
    main()
