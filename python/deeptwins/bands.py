"""The expected bands: made from many seeds, kept in shared_data/expected/, used by verify.

The band of a metric is the prediction interval of one further run: with mean m
and standard deviation s of n seeds, m ± t s sqrt(1 + 1/n), where t is the
quantile of Student's t with n - 1 degrees of freedom (Hahn and Meeker,
Statistical Intervals, 1991, section 4.7), cut off at the metric's own limits.
A metric that does not vary over seeds has a band of the width of rounding.
"""

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deeptwins import files
from deeptwins.paths import EXPECTED

COVERAGE = 0.99
ROUNDING = 1e-9
MINIMUM_SEEDS = 10
# Names that begin so are bounded by their definition.
LIMITS = {
    "accuracy": (0.0, 1.0),
    "sensitivity": (0.0, 1.0),
    "specificity": (0.0, 1.0),
    "precision": (0.0, 1.0),
    "f1": (0.0, 1.0),
    "auc": (0.0, 1.0),
    "mcc": (-1.0, 1.0),
    "loss": (0.0, math.inf),
    "rmse": (0.0, math.inf),
    "sd": (0.0, math.inf),
}


class BandError(Exception):
    """An expected file that is missing or does not fit."""


@dataclass(frozen=True)
class Place:
    """Where a value lies: the word is 'below', 'in' or 'above'."""

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
    remedy = f"Make it with: python shared_data/make/expected.py {exercise}"
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise BandError(f"{path} is missing. {remedy}") from None
    except json.JSONDecodeError as error:
        raise BandError(f"{path} is not JSON: {error}. {remedy}") from None
    if variant not in content:
        raise BandError(f"{path} has no bands for {variant} data. {remedy} --data {variant}")
    return content[variant]


def band(name: str, values: Iterable[float | None]) -> dict[str, Any]:
    """Return mean, sd, low and high of a metric from its values over seeds.

    All None (undefined everywhere) gives a band that only None lies in; a
    metric that is undefined for some seeds only has no band: ValueError.
    """
    from scipy import stats  # takes 0.4 s, which only the maker of bands needs

    kept = list(values)
    if len(kept) < MINIMUM_SEEDS:
        raise ValueError(f"{name}: {len(kept)} seeds; a band needs {MINIMUM_SEEDS}")
    numbers = [value for value in kept if value is not None]
    if not numbers:
        return {"mean": None, "sd": None, "low": None, "high": None, "values": kept}
    if len(numbers) < len(kept):
        raise ValueError(f"{name} is undefined for some seeds and not for others")
    n = len(numbers)
    mean = math.fsum(numbers) / n
    sd = math.sqrt(math.fsum((value - mean) ** 2 for value in numbers) / (n - 1))
    reach = float(stats.t.ppf((1 + COVERAGE) / 2, n - 1)) * sd * math.sqrt(1 + 1 / n) + ROUNDING
    limits = next((pair for key, pair in LIMITS.items() if name.startswith(key)), None)
    low, high = limits or (-math.inf, math.inf)
    return {
        "mean": mean,
        "sd": sd,
        "low": max(mean - reach, low - ROUNDING),
        "high": min(mean + reach, high + ROUNDING),
        "values": kept,
    }


def place(metrics: Mapping[str, float | None], expected: Mapping[str, Any]) -> dict[str, Place]:
    """Return where each metric lies that has a band."""
    places = {}
    for name, limits in expected["metrics"].items():
        if name not in metrics:
            continue
        value, low, high = metrics[name], limits["low"], limits["high"]
        if value is None or low is None:
            word = "in" if value is None and low is None else "undefined"
            distance = 0.0 if word == "in" else math.inf
        else:
            word = "below" if value < low else "above" if value > high else "in"
            distance = max(low - value, value - high, 0.0)
        places[name] = Place(value, low, high, word, distance)
    return places


def write(exercise: str, variant: str, content: Mapping[str, Any]) -> Path:
    """Write the bands for one variant, keeping those of the other."""
    path = expected_file(exercise)
    old = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    text = json.dumps(old | {variant: content}, indent=1, ensure_ascii=False, allow_nan=False)
    files.write_text(path, text + "\n")
    return path
