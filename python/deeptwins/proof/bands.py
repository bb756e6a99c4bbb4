"""The expected bands: made from many seeds, kept in shared_data/expected/, used by verify.

A file has, for each variant of the data: `results` (three to six headline
results, equal in both languages), `independent` (headline results that each
language draws for itself, with a band for each), `own_random` (further results
of that kind, without a band), `targets` of the challenge, the seeds, and what
they were made with.

All bands of a file hold together: COVERAGE is the chance, or more, that one
further run lies in every one of them. With mean m and standard deviation s of n
seeds, each band is the prediction interval m ± t s sqrt(1 + 1/n), where t is the
quantile of Student's t with n - 1 degrees of freedom (Hahn and Meeker,
Statistical Intervals, 1991, section 4.7) at a chance of falling outside of
(1 - NORMAL) / k for each of the k metrics that vary (Bonferroni). NORMAL is more
than COVERAGE, since metrics are not normally distributed: training now and then
goes astray. For the same reason a band takes in all values that it was made
from. It is cut off at the metric's own limits. A metric that does not vary over
seeds has a band of the width of rounding.

What an algorithm of another package draws by itself in each language (t-SNE,
UMAP, k-means) has one band for both: around the bands of the two, with room for
other versions of the package on each side. The room is the distance between the
means of the two implementations, which both follow one published algorithm, and
at least OF_RANGE of the metric's range, or OF_MEAN where it has no upper limit:
from Rtsne 0.16 to 0.17 a silhouette moved by 0.07, and a ratio by 15 %.
"""

import json
import math
import statistics
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deeptwins import files
from deeptwins.paths import EXPECTED
from deeptwins.runs.record import Record

COVERAGE = 0.95  # of all bands of a run together, as stated and as tests hold it to
NORMAL = 0.98  # what it would be if metrics were normally distributed
CONFIDENCE = 0.99  # that a solution is better in the mean
ROUNDING = 1e-9
MINIMUM_SEEDS = 20
OF_RANGE, OF_MEAN = 0.05, 0.2  # the least room for another version of an algorithm
# Names that begin so are bounded by their definition.
LIMITS = {
    "accuracy": (0.0, 1.0),
    "trustworthiness": (0.0, 1.0),
    "silhouette": (-1.0, 1.0),
    "arrangement": (-1.0, 1.0),
    "unrolled": (-1.0, 1.0),
    "kl_": (0.0, math.inf),
    "tsne_kl": (0.0, math.inf),
    "sensitivity": (0.0, 1.0),
    "specificity": (0.0, 1.0),
    "precision": (0.0, 1.0),
    "f1": (0.0, 1.0),
    "auc": (0.0, 1.0),
    "mcc": (-1.0, 1.0),
    "loss": (0.0, math.inf),
    "rmse": (0.0, math.inf),
    "sd": (0.0, math.inf),
    "optimism": (0.0, math.inf),
}


RESTORE = "Restore it with: git checkout -- shared_data/expected"


class BandError(Exception):
    """An expected file that is missing or does not fit."""


@dataclass(frozen=True)
class Place:
    """Where a value lies: the word is 'below', 'in', 'above', 'undefined' or 'absent'."""

    value: float | None
    low: float | None
    high: float | None
    word: str
    distance: float  # from the nearer limit; 0 inside


def expected_file(exercise: str) -> Path:
    """Return shared_data/expected/<exercise>.json."""
    return EXPECTED / f"{exercise}.json"


def read(exercise: str, variant: str) -> dict[str, Any]:
    """Return the expected bands of an exercise for a variant of its data.

    Raises BandError where there are none.
    """
    path = expected_file(exercise)
    remedy = f"Make it with: deeptwins bands {exercise}"
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise BandError(f"{path} is missing. {remedy}") from None
    except ValueError as error:  # neither UTF-8 nor JSON
        raise BandError(f"{path} is not JSON: {error}. {RESTORE}") from None
    if not isinstance(content, dict):
        raise BandError(f"{path} is no file of bands. {RESTORE}")
    if variant not in content:
        raise BandError(f"{path} has no bands for {variant} data. {remedy} --data {variant}")
    return content[variant]


def own_random(exercise: str, variant: str) -> set[str]:
    """Return the results that each language draws by itself; none where there are no bands."""
    try:
        found = read(exercise, variant)
    except BandError:
        return set()
    return {*found["independent"], *found["own_random"]}


def band(name: str, values: Iterable[float | None], metrics: int = 1) -> dict[str, Any]:
    """Return mean, sd, low and high of one of so many metrics from its values over seeds.

    All None (undefined everywhere) gives a band that only None lies in; a
    metric that is undefined for some seeds only has no band: ValueError.
    """
    kept = list(values)
    if len(kept) < MINIMUM_SEEDS:
        raise ValueError(f"{name}: {len(kept)} seeds; a band needs {MINIMUM_SEEDS}")
    numbers = [value for value in kept if value is not None]
    if not numbers:
        return {"mean": None, "sd": None, "low": None, "high": None, "values": kept}
    if len(numbers) < len(kept):
        raise ValueError(f"{name} is undefined for some seeds and not for others")
    n, mean, sd = len(numbers), statistics.mean(numbers), statistics.stdev(numbers)
    reach = _quantile(n, (1 - NORMAL) / max(metrics, 1)) * sd * math.sqrt(1 + 1 / n)
    low, high = _cut(name, min(mean - reach, *numbers), max(mean + reach, *numbers))
    return {"mean": mean, "sd": sd, "low": low, "high": high, "values": kept}


def _cut(name: str, low: float, high: float) -> tuple[float, float]:
    """Return the limits of a band, cut off at those of its metric, with room for rounding."""
    least, most = _limits(name)
    return max(low, least) - ROUNDING, min(high, most) + ROUNDING


def _limits(name: str) -> tuple[float, float]:
    """Return between what a metric lies by its definition."""
    pairs = (pair for key, pair in LIMITS.items() if name.startswith(key))
    return next(pairs, (-math.inf, math.inf))


def together(
    metrics: Mapping[str, list[float | None]],
    independent: Mapping[str, Mapping[str, list[float | None]]],
) -> dict[str, dict[str, Any]]:
    """Return the bands of all metrics of an exercise, from their values over seeds.

    `metrics` are equal in both languages. `independent` has the values of each
    language, which share a band with room for other versions of the package.
    """
    drawn = [values for both in independent.values() for values in both.values()]
    varying = sum(len(set(values)) > 1 for values in [*metrics.values(), *drawn])
    found: dict[str, dict[str, Any]] = {"results": {}, "independent": {}}
    for name, values in metrics.items():
        found["results"][name] = band(name, values, varying)
    for name, both in independent.items():
        found["independent"][name] = _of_languages(name, both, varying)
    return found


def _of_languages(name: str, both: Mapping[str, list], varying: int) -> dict[str, Any]:
    """Return the band that both languages share, with the values of each."""
    own = {language: band(name, values, varying) for language, values in both.items()}
    python, r = own.values()
    if python["mean"] is not None and r["mean"] is not None:
        least, most = _limits(name)
        middle = abs(python["mean"] + r["mean"]) / 2
        little = OF_MEAN * middle if math.inf in (-least, most) else OF_RANGE * (most - least)
        room = max(little, abs(python["mean"] - r["mean"]))
        low, high = min(python["low"], r["low"]) - room, max(python["high"], r["high"]) + room
        for one in own.values():
            one["low"], one["high"] = _cut(name, low, high)
    return own


def _quantile(n: int, chance: float) -> float:
    """Return what Student's t of n values exceeds, on either side, with this chance."""
    from scipy import stats  # takes 0.4 s, which only the maker of bands needs

    return float(stats.t.isf(chance / 2, n - 1))


def place(record: Record, expected: Mapping[str, Any]) -> dict[str, Place]:
    """Return where each headline result of a record lies.

    An independent result that is None is absent: its package is not installed.
    A result that the record does not have is undefined.
    """
    places = {}
    drawn = {name: one[record["language"]] for name, one in expected["independent"].items()}
    for name, limits in (expected["results"] | drawn).items():
        value, low, high = record["results"].get(name), limits["low"], limits["high"]
        if value is None and name in drawn:
            word, distance = "absent", 0.0
        elif value is None or low is None:
            word = "in" if value is None and low is None else "undefined"
            distance = 0.0 if word == "in" else math.inf
        else:
            value = float(value)
            word = "below" if value < low else "above" if value > high else "in"
            distance = max(low - value, value - high, 0.0)
        places[name] = Place(value, low, high, word, distance)
    return places


def lower_is_better(metric: str) -> bool:
    """Whether a low value of a metric is a good one, by its name."""
    return any(word in metric for word in ("loss", "rmse", "error", "squares", "cost"))


def margins(
    solution: Mapping[str, Any], plain: Mapping[str, Any], metrics: Iterable[str]
) -> dict[str, dict[str, float]]:
    """Return by how much a solution beats its exercise at the same seeds; positive is better.

    `low` is the lower limit of the confidence interval of the mean gain, with
    Student's t; `least` is the gain at the worst seed, which can be below 0 where
    the plain result is a lottery. Raises ValueError where the seeds differ.
    """
    if solution["seeds"] != plain["seeds"]:
        raise ValueError("the solution's band and that of its exercise are from other seeds")
    found = {}
    for metric in metrics:
        sign = -1 if lower_is_better(metric) else 1
        pairs = zip(
            solution["results"][metric]["values"], plain["results"][metric]["values"], strict=True
        )
        gains = [sign * (solved - missed) for solved, missed in pairs]
        n, mean, sd = len(gains), statistics.mean(gains), statistics.stdev(gains)
        low = mean - _quantile(n, 1 - CONFIDENCE) * sd / math.sqrt(n)
        found[metric] = {"low": low, "mean": mean, "least": min(gains)}
    return found


def write(exercise: str, variant: str, content: Mapping[str, Any]) -> Path:
    """Write the bands for one variant, keeping those of the other."""
    path = expected_file(exercise)
    old = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    text = json.dumps(old | {variant: content}, indent=1, ensure_ascii=False, allow_nan=False)
    files.write_text(path, text + "\n")
    return path
