"""Make the expected bands: run the twins with many seeds and keep their headline results.

R runs with every tenth seed and has to equal Python; with every seed where it draws by itself.
"""

import datetime
import functools
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from deeptwins import files
from deeptwins.paths import LANGUAGES
from deeptwins.proof import bands, levels
from deeptwins.runs import record, runner
from deeptwins.runs.record import Record

HEADLINES = 6  # at most, where nobody has named any
EVERY = 10  # of the seeds, for R where it has to be equal


def make(
    exercise: str,
    variant: str = "mini",
    *,
    seeds: Sequence[int] = (),
    headlines: Sequence[str] = (),
    own_random: Sequence[str] = (),
    said: Callable[[str], None] = lambda line: None,
) -> Path:
    """Make the bands of one exercise, and return their file.

    What is not given is as in the present file; else seeds are 1 to 20, and headlines the first
    results. A solution has its exercise's targets. ValueError where runs fail or do not agree.
    """
    ids = exercise, exercise.removeprefix("solutions/")
    old, plain = (files.read_json(bands.expected_file(one)).get(variant, {}) for one in ids)
    drawn = list(own_random or [*old.get("independent", ()), *old.get("own_random", ())])
    seeds = list(seeds or old.get("seeds", range(1, bands.MINIMUM_SEEDS + 1)))
    runs = {"python": seeds, "r": seeds if drawn else seeds[EVERY - 1 :: EVERY]}
    with runner.warm_processes(LANGUAGES) as servers, ThreadPoolExecutor(runner.AT_ONCE) as pool:

        def run(language: str, seed: int) -> Record:
            with tempfile.TemporaryDirectory() as folder:
                settings, results = runner.Settings(variant, {"SEED": seed}), Path(folder)
                server = servers.get(language)
                ended = runner.run_twin(exercise, language, settings, server, results)
                if not ended.ok:
                    lines = "\n".join([ended.problem, *ended.last_lines])
                    raise ValueError(f"{exercise} in {language}, seed {seed}: {lines}")
                said(f"{exercise} in {language}: seed {seed}, {ended.seconds:.1f} s")
                return record.read(exercise, language, results)

        coming = {one: pool.map(functools.partial(run, one), runs[one]) for one in LANGUAGES}
        found = {language: list(records) for language, records in coming.items()}
    first = found["python"][0]
    for seed, one in zip(runs["r"], found["r"], strict=True):
        _compare(found["python"][seeds.index(seed)], one, seed, drawn)
    present = [*old.get("results", ()), *old.get("independent", ())]
    names = list(headlines or present or first["results"])[:HEADLINES]
    if missing := [name for name in names if name not in first["results"]]:
        raise ValueError(f"{exercise} has no result {', '.join(missing)}.")
    values = {
        name: {language: [one["results"][name] for one in of] for language, of in found.items()}
        for name in names
    }
    shared = {name: both["python"] for name, both in values.items() if name not in drawn}
    independent = {name: both for name, both in values.items() if name in drawn}
    content = {
        "networks": bool(record.fits(first)),
        "seeds": seeds,
        "r_seeds": runs["r"],
        "coverage": bands.COVERAGE,
        "data": first["data"]["digest"],
        **bands.together(shared, independent),
        "own_random": [name for name in drawn if name not in names],
        "targets": old.get("targets") or plain.get("targets", {}),
        "versions": {language: found[language][0]["versions"] for language in LANGUAGES},
        "settings": first["settings"],
        "machine": first["machine"],
        **{key: old[key] for key in old if key == "note"},  # written by hand
        "made": datetime.datetime.now(datetime.timezone.utc).date().isoformat(),
    }
    return bands.write(exercise, variant, content)


def _compare(python: Record, r: Record, seed: int, drawn: Sequence[str]) -> None:
    """Raise ValueError where R differs from Python with the same seed, the band apart."""
    pair = [
        one | {"results": {k: v for k, v in one["results"].items() if k not in drawn}}
        for one in (python, r)
    ]
    for finding in levels.compare(*pair, networks=bool(record.fits(python))).failed:
        if finding.level != "band":
            where = f"{python['id']}, seed {seed}, {finding.level}"
            raise ValueError(f"R differs from Python in {where}: {finding.detail}")
