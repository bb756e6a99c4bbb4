"""Make the expected bands: run the twins with many seeds and keep their headline results.

The bands serve both languages: R runs with every tenth seed and has to be equal
to Python at every level. What each language draws by itself R does with every
seed; its band is from both languages where a test does not tell them apart. The
file of a solution also says by how much it beats its exercise at the same seeds.
"""

import contextlib
import datetime
import platform
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from deeptwins.paths import LANGUAGES
from deeptwins.proof import bands, levels
from deeptwins.runs import record, runner
from deeptwins.runs.record import Record

HEADLINES = 6  # at most, where nobody has named any
EVERY = 10  # of the seeds, for R where it has to be equal


class SeedError(Exception):
    """A run failed, or R differs from Python."""


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

    Seeds, headline results, results that each language draws by itself, and
    targets are those of the present file where they are not given; without a
    file, seeds 1 to 20 and the first results.

    Raises
    ------
    SeedError
        A run failed, R differs from Python with the same seed, or a headline
        result is missing.
    """
    with contextlib.suppress(bands.BandError):
        old = bands.read(exercise, variant)
        seeds = seeds or old["seeds"]
        own_random = own_random or [*old["independent"], *old["own_random"]]
        headlines = headlines or [*old["results"], *old["independent"]]
    targets = _targets(exercise, variant)
    seeds = list(seeds or range(1, bands.MINIMUM_SEEDS + 1))
    r_seeds = seeds if own_random else seeds[EVERY - 1 :: EVERY]
    with _runs(exercise, variant, seeds, r_seeds, said) as found:
        python, r = found
        for one in r:
            _compare(python[seeds.index(_seed(one))], one, own_random)
        names = list(headlines or python[0]["results"])[:HEADLINES]
        if missing := [name for name in names if name not in python[0]["results"]]:
            raise SeedError(f"{exercise} has no result {', '.join(missing)}.")
        values = {
            name: [_number(one["results"][name]) for one in python]
            for name in names
            if name not in own_random
        }
        independent = {
            name: {
                language: [_number(one["results"][name]) for one in records]
                for language, records in zip(LANGUAGES, found, strict=True)
            }
            for name in names
            if name in own_random
        }
        content: dict[str, Any] = {
            "networks": bool(record.fits(python[0])),
            "seeds": seeds,
            "r_seeds": r_seeds,
            "coverage": bands.COVERAGE,
            "data": python[0]["data"]["digest"],
            **bands.together(values, independent),
            "own_random": [name for name in own_random if name not in independent],
            "targets": targets,
            "versions": {one["language"]: one["versions"] for one in (python[0], r[0])},
            "settings": python[0]["settings"],
            "machine": f"{python[0]['machine']}, {_cpu()}",
            "made": datetime.datetime.now(datetime.timezone.utc).date().isoformat(),
        }
    if exercise.startswith("solutions/") and targets:
        plain = bands.read(exercise.removeprefix("solutions/"), variant)
        content["margins"] = bands.margins(content, plain, targets)
        for name, margin in content["margins"].items():
            said(f"{exercise}: {name} better by {margin['mean']:.4g} on average")
    return bands.write(exercise, variant, content)


@contextlib.contextmanager
def _runs(
    exercise: str,
    variant: str,
    seeds: Sequence[int],
    r_seeds: Sequence[int],
    said: Callable[[str], None],
) -> Iterator[tuple[list[Record], list[Record]]]:
    """Yield the records of Python and of R over their seeds, run two at a time."""
    pairs = [("python", one) for one in seeds] + [("r", one) for one in r_seeds]
    with contextlib.ExitStack() as held, ThreadPoolExecutor(2) as pool:
        servers = {
            language: held.enter_context(server)
            for language in LANGUAGES
            if (server := runner.warm(language))
        }

        def one(pair: tuple[str, int]) -> Record:
            language, seed = pair
            with tempfile.TemporaryDirectory() as folder:
                settings = runner.Settings(variant=variant, values={"SEED": seed})
                outcome = runner.run_twin(
                    exercise, language, settings, servers.get(language), Path(folder)
                )
                if not outcome.ok:
                    lines = "\n".join(outcome.last_lines)
                    raise SeedError(
                        f"{exercise} in {language}, seed {seed}: {outcome.problem}\n{lines}"
                    )
                said(f"{exercise} in {language}: seed {seed}, {outcome.seconds:.1f} s")
                return record.read(exercise, language, Path(folder))

        found = list(pool.map(one, pairs))
        yield found[: len(seeds)], found[len(seeds) :]


def _targets(exercise: str, variant: str) -> dict[str, float]:
    """Return the challenge's targets: an exercise's own, and for its solution the same."""
    for name in (exercise, exercise.removeprefix("solutions/")):
        with contextlib.suppress(bands.BandError):
            if found := bands.read(name, variant)["targets"]:
                return found
    return {}


def _compare(python: Record, r: Record, own_random: Sequence[str]) -> None:
    """Raise SeedError where R differs from Python with the same seed, the band apart."""
    for level in levels.LEVELS[:-1]:
        if level.needs_network and not record.fits(python):
            continue
        pair = [
            one | {"results": {k: v for k, v in one["results"].items() if k not in own_random}}
            for one in (python, r)
        ]
        finding = level.find(*pair)
        if finding.holds is False:
            where = f"{python['id']}, seed {_seed(python)}, {level.name}"
            raise SeedError(f"R differs from Python in {where}: {finding.detail}")


def _seed(one: Record) -> int:
    return one["constants"]["SEED"]


def _number(value: Any) -> float | None:
    return None if value is None else float(value)


def _cpu() -> str:
    """Return the processor's name as the system gives it."""
    info = Path("/proc/cpuinfo")
    if info.is_file():
        for line in info.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()
