"""The expected bands in shared_data/expected/: how values over seeds make them, what lies in them.

One further run lies in all bands of a file with a chance of COVERAGE or more. Each is a prediction
interval (Hahn and Meeker, Statistical Intervals, 1991, 4.7), with Bonferroni's correction, NORMAL
for COVERAGE since training now and then goes astray, and room for all its values.

What each language draws by an algorithm of its own (t-SNE, UMAP, k-means) has one band for both,
with room for other versions of the package: the distance of the means, and OF_RANGE of the metric's
range, or OF_MEAN where that has no end. From Rtsne 0.16 to 0.17 a silhouette moved by 0.07.
"""

import json
import math
import re
import statistics
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from deeptwins import files
from deeptwins.paths import EXPECTED
from deeptwins.runs.record import Record

COVERAGE = 0.95  # of all bands of a run together, as stated and as tests hold it to
NORMAL = 0.98  # what it would be if metrics were normally distributed
ROUNDING = 1e-9
MINIMUM_SEEDS = 20
OF_RANGE, OF_MEAN = 0.05, 0.2
# What is bounded by its definition, by the beginning of its name without `val_` or `test_`.
LIMITS = {
    "accuracy|auc|f1|precision|sensitivity|specificity|trustworthiness": (0.0, 1.0),
    "arrangement|mcc|silhouette|unrolled": (-1.0, 1.0),
    "cost|kl_|loss|optimism|padding|rmse|sd|tsne_kl": (0.0, math.inf),
}
FITS = ("in", "absent")  # the words of a place that nothing speaks against
RESTORE = "Restore it with: git checkout -- shared_data/expected"


class BandError(Exception):
    """An expected file that is missing or does not fit."""


def expected_file(exercise: str) -> Path:
    """Return shared_data/expected/<exercise>.json."""
    return EXPECTED / f"{exercise}.json"


def read(exercise: str, variant: str) -> dict[str, Any]:
    """Return the bands of an exercise for a variant of its data; BandError where there are none."""
    path = expected_file(exercise)
    try:
        return json.loads(path.read_text(encoding="utf-8"))[variant]
    except (FileNotFoundError, KeyError):
        remedy = f"Make them with: deeptwins bands {exercise} --data {variant}"
        raise BandError(f"{path} has no bands for {variant} data. {remedy}") from None
    except (ValueError, TypeError):
        raise BandError(f"{path} is damaged. {RESTORE}") from None


def write(exercise: str, variant: str, content: Mapping[str, Any]) -> Path:
    """Write the bands for one variant, keeping those of the other."""
    path = expected_file(exercise)
    both = files.read_json(path) | {variant: content}
    files.write_text(path, json.dumps(both, indent=1, ensure_ascii=False, allow_nan=False) + "\n")
    return path


def band(name: str, values: Iterable[float | None], metrics: int = 1) -> dict[str, Any]:
    """Return mean, sd, low and high of one of so many metrics from its values over seeds.

    All None (undefined everywhere) gives a band that only None lies in. ValueError where a
    metric is undefined for some seeds only, or there are fewer than MINIMUM_SEEDS.
    """
    from scipy import stats  # takes 0.4 s, which only the maker of bands needs

    kept = list(values)
    n = len(kept)
    if n < MINIMUM_SEEDS:
        raise ValueError(f"{name}: {n} seeds; a band needs {MINIMUM_SEEDS}")
    if kept == [None] * n:
        return {"mean": None, "sd": None, "low": None, "high": None, "values": kept}
    if None in kept:
        raise ValueError(f"{name} is undefined for some seeds and not for others")
    mean, sd = statistics.mean(kept), statistics.stdev(kept)
    outside = (1 - NORMAL) / max(metrics, 1)
    reach = float(stats.t.isf(outside / 2, n - 1)) * sd * math.sqrt(1 + 1 / n)
    ends = _cut(name, min(mean - reach, *kept), max(mean + reach, *kept))
    return {"mean": mean, "sd": sd, **ends, "values": kept}


def together(
    metrics: Mapping[str, list[float | None]],
    independent: Mapping[str, Mapping[str, list[float | None]]],
) -> dict[str, dict[str, Any]]:
    """Return the bands of an exercise from values over seeds: `independent` ones by language."""
    drawn = [values for both in independent.values() for values in both.values()]
    varying = sum(len(set(values)) > 1 for values in [*metrics.values(), *drawn])
    return {
        "results": {name: band(name, values, varying) for name, values in metrics.items()},
        "independent": {
            name: _shared(name, {one: band(name, of, varying) for one, of in both.items()})
            for name, both in independent.items()
        },
    }


def places(record: Record, expected: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return where each headline result lies: value, low, high and a word (check.SENTENCES)."""
    found = {}
    drawn = {name: one[record["language"]] for name, one in expected["independent"].items()}
    for name, limits in (expected["results"] | drawn).items():
        value, low, high = record["results"].get(name), limits["low"], limits["high"]
        if value is None and name in drawn:
            word = "absent"
        elif value is None or low is None:
            word = "in" if value is low else "undefined"
        else:
            value = float(value)  # infinity is a text in JSON
            word = "below" if value < low else "above" if value > high else "in"
        found[name] = {"value": value, "low": low, "high": high, "word": word}
    return found


def lower_is_better(metric: str) -> bool:
    """Whether a low value of a metric is a good one, by its name."""
    return any(word in metric for word in ("loss", "rmse", "error", "squares", "cost"))


def number(value: float | str | None) -> str:
    """Return a value with four significant digits; what is only room for rounding becomes 0."""
    if value is None:
        return "undefined"
    value = float(value)
    return f"{0.0 if 1e-12 < abs(value) <= 2 * ROUNDING else value:.4g}"


def _limits(name: str) -> tuple[float, float]:
    """Return between what a metric lies by its definition."""
    bare = name.removeprefix("val_").removeprefix("test_")
    found = (pair for pattern, pair in LIMITS.items() if re.match(pattern, bare))
    return next(found, (-math.inf, math.inf))


def _cut(name: str, low: float, high: float) -> dict[str, float]:
    """Return the ends of a band, cut off at the limits of its metric, with room for rounding."""
    least, most = _limits(name)
    return {"low": max(low, least) - ROUNDING, "high": min(high, most) + ROUNDING}


def _shared(name: str, own: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return the bands of both languages with the ends that they share."""
    python, r = own.values()
    if python["mean"] is None or r["mean"] is None:
        return own
    least, most = _limits(name)
    middle = abs(python["mean"] + r["mean"]) / 2
    little = OF_MEAN * middle if math.inf in (-least, most) else OF_RANGE * (most - least)
    room = max(little, abs(python["mean"] - r["mean"]))
    shared = _cut(name, min(python["low"], r["low"]) - room, max(python["high"], r["high"]) + room)
    return {language: one | shared for language, one in own.items()}
