"""Draw where the time of each exercise goes: a bar for each language, cut into stages."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from deeptwins.paths import TITLES
from deeptwins.paths import LANGUAGES

# The book shows pictures on white in both themes.
TEXT, MUTED, LINE = "#1f2328", "#57606a", "#d5dbe1"
STAGES = {  # name in book/speed.yml: heading, colour
    "startup": ("start-up", "#8c959f"),
    "data": ("data", "#56b4e9"),
    "compile": ("compiling", "#e69f00"),
    "steps": ("training steps", "#0072b2"),
    "evaluation": ("evaluation", "#009e73"),
    "other": ("figures, baselines, files", "#cc79a7"),
}
LEFT, WIDTH, TOP, BAR, GAP = 190, 640, 40, 11, 9
ROW = len(LANGUAGES) * (BAR + 1) + GAP


def draw(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return the picture as SVG, from what bench/run.py found for the part `stages`."""
    longest = max(row[language]["seconds"] for row in rows for language in LANGUAGES)
    scale = (WIDTH - 60) / longest
    height, width = TOP + ROW * len(rows) + 52, LEFT + WIDTH
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'width="{width}" height="{height}" font-family="system-ui, sans-serif" font-size="13">',
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
    ]
    x = 0.0
    for heading, colour in STAGES.values():
        parts.append(f'<rect x="{x:g}" y="8" width="12" height="12" fill="{colour}"/>')
        parts.append(_text(x + 17, 19, heading))
        x += 42 + 7.2 * len(heading)
    for number, row in enumerate(rows):
        top = TOP + ROW * number
        parts.append(f'<path d="M0 {top - GAP / 2:g}H{width}" stroke="{LINE}" stroke-width="1"/>')
        parts.append(_text(0, top + 16, row["exercise"].replace("_", " ")))
        for place, language in enumerate(LANGUAGES):
            y, x = top + place * (BAR + 1), float(LEFT)
            parts.append(_text(LEFT - 6, y + 9.5, TITLES[language], anchor="end", size=10))
            for stage, (_, colour) in STAGES.items():
                wide = max(0.0, row[language].get(stage, 0.0)) * scale
                parts.append(
                    f'<rect x="{x:.1f}" y="{y:g}" width="{wide:.1f}" height="{BAR}" '
                    f'fill="{colour}"/>'
                )
                x += wide
            seconds = f"{row[language]['seconds']:.1f} s"
            parts.append(_text(x + 5, y + 9.5, seconds, colour=MUTED, size=10))
    words = "Seconds of processor time of a twin that is run by itself in a fresh process."
    parts.append(_text(0, height - 20, words, colour=MUTED))
    return "\n".join([*parts, "</svg>"]) + "\n"


def alt(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return what the picture says, for those who do not see it."""
    both = [row[language] for row in rows for language in LANGUAGES]
    whole = sum(one["seconds"] for one in both)
    shares = ", ".join(
        f"{heading} {100 * sum(one.get(stage, 0.0) for one in both) / whole:.0f} %"
        for stage, (heading, _) in STAGES.items()
    )
    longest = max(rows, key=lambda row: sum(row[language]["seconds"] for language in LANGUAGES))
    return (
        f"Two bars for each of {len(rows)} exercises, Python above R, as long as the twin takes, "
        f"cut into six stages. The two of most exercises are of about the same length; those of "
        f"{longest['exercise']} are the longest. Of all the time together: {shares}."
    )


def _text(
    x: float, y: float, words: str, *, anchor: str = "start", colour: str = TEXT, size: int = 13
) -> str:
    end = "" if anchor == "start" else f' text-anchor="{anchor}"'
    small = "" if size == 13 else f' font-size="{size}"'
    return f'<text x="{x:g}" y="{y:g}" fill="{colour}"{end}{small}>{escape(words)}</text>'
