"""Make the tables of the page on speed from what bench/run.py has measured.

Each part has a file book/speed_<part>.yml with `machine` and `found`; the
functions here return its fragment (appendices.py).
"""

import statistics
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from deeptwins.book import markup, speedpicture
from deeptwins.paths import LANGUAGES

PICTURE = "book/images/speed.svg"
CAPTION = "Where the time of each exercise goes, in both languages."


def stages(content: Mapping[str, Any]) -> str:
    """Return the picture of where the time goes, and a table of both languages."""
    rows = content["found"]
    heads = ["Exercise", "Python", "R", "R / Python", "training", "R / Python", "MiB", "MiB in R"]
    table = [
        [
            _name(row),
            *(_seconds(row[language]["seconds"]) for language in LANGUAGES),
            _ratio(row["whole_ratio"]),
            _seconds(row["python"]["training"]) if "training_ratio" in row else "–",
            _ratio(row.get("training_ratio")),
            *(f"{row[language]['peak_mib']:,}" for language in LANGUAGES),
        ]
        for row in rows
    ]
    picture = markup.picture(PICTURE, CAPTION, speedpicture.alt(rows), "fig-speed")
    trained = [row for row in rows if "training_ratio" in row]
    ratios = [row["training_ratio"] for row in trained]
    python, r = (sum(row[language]["training"] for row in trained) for language in LANGUAGES)
    words = (
        f"Of all training together, R takes {_ratio(r / python)} of what Python takes, and "
        f"{_ratio(statistics.median(ratios))} in the middle of the exercises; single ones "
        f"scatter from {_ratio(min(ratios))} to {_ratio(max(ratios))}.\n"
    )
    return f"{picture}\n{_table(heads, table)}\n{words}{_note(content)}"


def plain(content: Mapping[str, Any]) -> str:
    """Return a table of the plain scripts beside the twins."""
    heads = ["Exercise", "Metric", "Plain", "Twin", "training: plain", "twin", "twin / plain"]
    heads += ["whole: twin / plain", "forked / plain"]
    table = [
        [
            _name(row),
            f"`{row['metric']}`",
            *(f"{row[kind]['metric']:.3f}" for kind in ("plain", "twin")),
            *(_seconds(row[kind]["training"]) for kind in ("plain", "twin")),
            _ratio(row["training_ratio"]),
            _ratio(row["whole_ratio"]),
            _ratio(row["forked_ratio"]),
        ]
        for row in content["found"]
    ]
    return _table(heads, table) + _note(content)


def course(content: Mapping[str, Any]) -> str:
    """Return a table of the whole course, run in three ways."""
    found = content["found"]
    names = {
        "separate": "each by itself, added up",
        "fresh": "two at once, each in a fresh process",
        "warm": "two at once, forked from warm processes: `deeptwins run`",
    }
    table = [
        [
            words,
            _seconds(found[way]["wall"]),
            _ratio(found[way]["wall_ratio"]),
            _seconds(found[way]["seconds"]),
            _ratio(found[way]["seconds_ratio"]),
        ]
        for way, words in names.items()
    ]
    heads = [
        f"{found['exercises']} exercises in both languages",
        "by the clock",
        "of the first",
    ]
    return _table([*heads, "processor", "of the first"], table) + _note(content)


def ways(content: Mapping[str, Any]) -> str:
    """Return a table of what was tried, and one of threads."""
    found = content["found"]
    table = [
        [
            _name(row),
            row["way"] if row["way"].startswith(("as", "without")) else f"`{row['way']}`",
            _seconds(row["compile"]),
            _seconds(row["training"]),
            _ratio(row["ratio"]),
            "yes" if row["same"] else "no",
        ]
        for row in found["settings"]
    ]
    heads = ["Exercise", "Setting", "compiling", "training", "of the first", "equal weights"]
    threads = [
        [_name(row), *(_seconds(row[name]) for name in ("beside", "beside_two", "in_turn_two"))]
        for row in found["threads"]
    ]
    more = [
        "Both twins, by the clock",
        "at once, 1 thread",
        "at once, 2 threads",
        "in turn, 2 threads",
    ]
    return f"{_table(heads, table)}\n{_table(more, threads)}{_note(content)}"


def setup(content: Mapping[str, Any]) -> str:
    """Return a table of set-up, book and commands."""
    found = content["found"]
    rows = {
        "`make setup` in a new clone, with what pip and uv have in their caches": found["setup"],
        "`make setup` again": found["setup_again"],
        f"the book, by {found['renderer']}": found["book"],
        "the book again, with one page changed": found["page_changed"],
    } | {f"`deeptwins {words}`": one for words, one in found["commands"].items()}
    table = [[words, f"{one['wall']:.2f}", f"{one['seconds']:.2f}"] for words, one in rows.items()]
    return _table(["Seconds of", "by the clock", "processor"], table) + _note(content)


def stream(content: Mapping[str, Any]) -> str:
    """Return a table of throughput and memory on few and on many images."""
    found = content["found"]
    keys = ("decoded", "cached", "features", "fine", "peak_mib")
    table = [[f"{row['images']:,}", *(f"{row[key]:,}" for key in keys)] for row in found["rows"]]
    heads = ["Images", "decoded", "from the cache", "features", "fine-tuning", "MiB at the peak"]
    size = (
        f"The files of all images have {found['mib_of_files']:,} MiB, decoded and resized they "
        f"would take {found['mib_decoded']:,} MiB. Columns two to five are images per second. "
    )
    return _table(heads, table) + _note(content, size)


PARTS: dict[str, Callable[[Mapping[str, Any]], str]] = {
    f"speed_{part.__name__}": part for part in (stages, plain, course, ways, setup, stream)
}


def _table(heads: list[str], rows: Sequence[Sequence[str]]) -> str:
    return f"::: {{.wide}}\n{markup.table(heads, rows)}:::\n"


def _name(row: Mapping[str, Any]) -> str:
    return f"`{row['exercise']}`"


def _seconds(value: float) -> str:
    return f"{value:.1f}"


def _ratio(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"


def _note(content: Mapping[str, Any], more: str = "") -> str:
    """Return on what the numbers were measured, and how busy that was."""
    machine = content["machine"]
    note = f" {machine['note']}." if "note" in machine else ""
    rounds = f"{machine['rounds']} round{'s' if machine['rounds'] > 1 else ''}"
    return (
        f"\n[{more}Measured on {machine['date']} in {rounds}: {machine['processor']}, "
        f"{machine['cores']} cores, Python {machine['python']}, TensorFlow "
        f"{machine['tensorflow']}, Keras {machine['keras']}; load of the machine "
        f"{machine['load_before']} before and {machine['load_after']} after, in which "
        f"other programs have their share.{note}]{{.note}}\n"
    )
