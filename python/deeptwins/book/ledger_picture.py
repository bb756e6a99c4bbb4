"""Draw the ledger of agreement: a mark for each exercise, solution and level."""

from collections.abc import Sequence
from html import escape

from deeptwins.proof.levels import LEVELS, Finding, Verdict

# The book shows pictures on white in both themes.
TEXT, MUTED, LINE, FULL, FAILED = "#1f2328", "#57606a", "#d5dbe1", "#0b6e4f", "#b3261e"
LEFT, COLUMN, TOP, ROW, RADIUS = 172, 82, 62, 26, 6.5


def draw(verdicts: Sequence[Verdict]) -> str:
    """Return the picture as SVG."""
    pairs = _pairs(verdicts)
    width = LEFT + COLUMN * len(LEVELS)
    bottom = TOP + ROW * len(pairs)
    height = bottom + 62
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'width="{width}" height="{height}" font-family="system-ui, sans-serif" font-size="13">',
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
    ]
    for column, level in enumerate(LEVELS):
        words = level.name.split()
        for number, word in enumerate(words):
            y = TOP - 14 - 16 * (len(words) - 1 - number)
            parts.append(_text(_x(column), y, word, anchor="middle"))
    for row, (name, findings) in enumerate(pairs.items()):
        y = TOP + ROW * row + ROW / 2
        parts.append(
            f'<path d="M0 {y - ROW / 2:g}H{width}" stroke="{LINE}" stroke-width="1"/>'
            + _text(0, y + 4.5, name.replace("_", " "))
        )
        for column in range(len(LEVELS)):
            both = [finding[column] for finding in findings]
            for x, finding in zip(_places(_x(column), len(both)), both, strict=True):
                parts.append(_mark(x, y, finding))
    parts.append(f'<path d="M0 {bottom}H{width}" stroke="{LINE}" stroke-width="1"/>')
    parts += _legend(bottom + 24)
    return "\n".join([*parts, "</svg>"]) + "\n"


def alt(verdicts: Sequence[Verdict]) -> str:
    """Return what the picture says, for those who do not see it."""
    findings = [finding for verdict in verdicts for finding in verdict.findings]
    rounded = [finding for finding in findings if _kind(finding) == "ring"]
    counts = {kind: sum(_kind(one) == kind for one in findings) for kind in ("full", "dash", "x")}
    exercises = _pairs(verdicts)
    text = (
        f"A grid of {len(exercises)} exercises by {len(LEVELS)} levels of comparison, from the "
        f"script to the expected band, with one mark for each exercise and one for its solution. "
        f"{counts['full']} marks are full dots: R and Python do not differ at all. "
    )
    if rounded:
        largest = max(finding.difference for finding in rounded)
        levels = " and ".join(dict.fromkeys(finding.level for finding in rounded))
        text += (
            f"{len(rounded)} are rings, all in the column {levels}: they differ by rounding, at "
            f"most by {largest:.0e}. "
        )
    if counts["dash"]:
        text += f"{counts['dash']} are dashes, where nothing is trained. "
    return text + ("None fails." if not counts["x"] else f"{counts['x']} crosses: these fail.")


def _pairs(verdicts: Sequence[Verdict]) -> dict[str, list[list[Finding]]]:
    """Return the findings by exercise: its own, then its solution's."""
    pairs: dict[str, list[list[Finding]]] = {}
    for verdict in verdicts:
        pairs.setdefault(verdict.exercise.removeprefix("solutions/"), []).append(verdict.findings)
    return pairs


def _kind(finding: Finding) -> str:
    """Return the mark of a finding: dash, x, ring where there is a difference, or full."""
    if finding.holds is None:
        return "dash"
    if not finding.holds:
        return "x"
    return "ring" if finding.difference else "full"


def _mark(x: float, y: float, finding: Finding) -> str:
    kind = _kind(finding)
    if kind == "dash":
        return f'<path d="M{x - 4:g} {y:g}h8" stroke="{MUTED}" stroke-width="1.5"/>'
    if kind == "x":
        return (
            f'<path d="M{x - 5:g} {y - 5:g}l10 10m0 -10l-10 10" stroke="{FAILED}" '
            'stroke-width="2.5"/>'
        )
    if kind == "ring":
        return (
            f'<circle cx="{x:g}" cy="{y:g}" r="{RADIUS - 1.25:g}" fill="#ffffff" '
            f'stroke="{FULL}" stroke-width="2.5"/>'
        )
    return f'<circle cx="{x:g}" cy="{y:g}" r="{RADIUS:g}" fill="{FULL}"/>'


def _legend(y: float) -> list[str]:
    shown = [
        (Finding("", True, 0.0, ""), "no difference", 120),
        (Finding("", True, 1.0, ""), "differ by rounding", 150),
        (Finding("", None, None, ""), "nothing is trained", 0),
    ]
    parts, x = [], LEFT
    for finding, words, step in shown:
        parts += [_mark(x + RADIUS, y, finding), _text(x + 22, y + 4.5, words, colour=MUTED)]
        x += step
    words = "Left mark: the exercise. Right mark: its solution."
    return [*parts, _text(LEFT, y + 26, words, colour=MUTED)]


def _places(x: float, count: int) -> list[float]:
    return [x] if count == 1 else [x - 10, x + 10]


def _x(column: int) -> float:
    return LEFT + COLUMN * column + COLUMN / 2


def _text(x: float, y: float, words: str, *, anchor: str = "start", colour: str = TEXT) -> str:
    end = "" if anchor == "start" else f' text-anchor="{anchor}"'
    return f'<text x="{x:g}" y="{y:g}" fill="{colour}"{end}>{escape(words)}</text>'
