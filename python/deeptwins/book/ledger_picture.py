"""Draw the ledger of agreement: a mark for each exercise, solution and level."""

import io
from collections.abc import Sequence

from deeptwins.proof.levels import LEVELS, Finding, Verdict

GREEN, RED, GREY = "#0b6e4f", "#b3261e", "#57606a"
MARKS = {  # what a finding may be: its words in the legend, and how it is drawn
    "equal": ("no difference", {"marker": "o", "color": GREEN}),
    "rounding": ("rounding", {"marker": "o", "color": GREEN, "markerfacecolor": "white"}),
    "none": ("nothing is trained", {"marker": "_", "color": GREY}),
    "fails": ("fails", {"marker": "x", "color": RED}),
}
CAPTION = (
    "The ledger of agreement, drawn from the last verified runs. Left mark: the exercise. "
    "Right mark: its solution."
)


def draw(verdicts: Sequence[Verdict]) -> str:
    """Return the picture as SVG, black on white in both themes."""
    import matplotlib
    from matplotlib.figure import Figure

    rows = list(dict.fromkeys(_exercise(one) for one in verdicts))
    points: dict[str, list[tuple[float, int]]] = {}
    for verdict in verdicts:
        aside = 0.12 if verdict.exercise.startswith("solutions/") else -0.12
        for column, finding in enumerate(verdict.findings):
            at = (column + aside, rows.index(_exercise(verdict)))
            points.setdefault(kind(finding), []).append(at)
    figure = Figure(figsize=(9.5, 1.5 + 0.3 * len(rows)), layout="constrained")
    axes = figure.add_subplot()
    for name, (words, style) in MARKS.items():
        if name in points:
            axes.plot(*zip(*points[name], strict=True), ls="", ms=7, mew=2, label=words, **style)
    axes.set_xticks(range(len(LEVELS)), [level.name.replace(" ", "\n") for level in LEVELS])
    axes.set_yticks(range(len(rows)), [row.replace("_", " ") for row in rows])
    axes.set(xlim=(-0.5, len(LEVELS) - 0.5), ylim=(len(rows) - 0.5, -0.5))
    axes.tick_params(length=0)
    axes.xaxis.tick_top()
    axes.spines[:].set_visible(False)
    axes.grid(axis="y", color="#d5dbe1")
    axes.set_axisbelow(True)
    figure.legend(loc="outside lower right", ncols=len(MARKS), frameon=False)
    made = io.StringIO()
    with matplotlib.rc_context({"svg.hashsalt": "ledger"}):
        figure.savefig(made, format="svg", metadata={"Date": None})
    return made.getvalue()


def alt(verdicts: Sequence[Verdict]) -> str:
    """Return what the picture says, for those who do not see it."""
    findings = [finding for verdict in verdicts for finding in verdict.findings]
    counts = {name: sum(kind(one) == name for one in findings) for name in MARKS}
    largest = max((one.difference for one in findings if kind(one) == "rounding"), default=0)
    return (
        f"A grid of {len(set(map(_exercise, verdicts)))} exercises by {len(LEVELS)} levels of "
        "comparison, from the script to the expected band, with a mark for each exercise and its "
        f"solution: {counts['equal']} without a difference, {counts['rounding']} that differ by "
        f"rounding, at most by {largest:.0e}, {counts['none']} where nothing is trained, and "
        f"{counts['fails']} that fail."
    )


def kind(finding: Finding) -> str:
    """Return which of MARKS a finding is."""
    if finding.holds is None:
        return "none"
    if not finding.holds:
        return "fails"
    return "rounding" if finding.difference else "equal"


def _exercise(verdict: Verdict) -> str:
    return verdict.exercise.removeprefix("solutions/")
