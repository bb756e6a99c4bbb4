"""The constants with which an exercise runs on its original data, from shared_data/full.yml."""

from typing import Any

import yaml

from deeptwins.paths import SHARED, data_home

FULL = SHARED / "full.yml"


def with_full() -> dict[str, dict[str, Any]]:
    """Return by exercise the constants of those that have a full variant, as the file has them."""
    return yaml.safe_load(FULL.read_text(encoding="utf-8")) or {}


def constants(exercise: str, variant: str) -> dict[str, Any]:
    """Return the constants to replace for a variant: none for `mini`; {home} is the data home.

    Raises ValueError where the exercise has no full variant.
    """
    if variant != "full":
        return {}
    if not (found := with_full().get(exercise)):
        raise ValueError(f"{exercise} has no full data: its mini data are all there are.")
    home = str(data_home())
    return {
        key: one.format(home=home) if isinstance(one, str) else one for key, one in found.items()
    }
