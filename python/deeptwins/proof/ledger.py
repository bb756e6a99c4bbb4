"""The ledger, as a person sees it: a row for each exercise, a column for each level."""

from collections.abc import Sequence

from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from deeptwins.proof.levels import Finding, Verdict, keras3_of

# The names of the levels as they fit over narrow columns.
HEADINGS = (
    *("\nscript", "\ninputs", "archi-\ntect.", "initial\nweight", "train-\ning"),
    *("final\nweight", "predic\ntions", "re-\nsults", "\nband"),
)
STYLES = {True: "green", False: "bold red", None: "dim"}


def cell(finding: Finding) -> str:
    """Return what the ledger shows for one level: a tick or cross with the difference."""
    if finding.holds is None:
        return "–"
    mark = "✓" if finding.holds else "✗"
    if finding.difference is None:
        return mark
    shown = f"{finding.difference:.1g}"
    return f"{mark} {shown}" if len(shown) == 1 else f"{mark}{shown}"


def show(rows: Sequence[Verdict], console: Console) -> None:
    """Print the ledger, every level that does not hold with its reason, and how many hold."""
    # With one space between columns the twins that agree fit into 80; differences are longer,
    # and then a name is folded rather than a number cut.
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0))
    table.title = "R against Python: ✓ or ✗ with the largest difference seen"
    table.add_column("exercise", overflow="fold", width=17)
    for heading in HEADINGS:
        table.add_column(heading, no_wrap=True, min_width=max(map(len, heading.split())))
    for row in rows:
        name = "  solution" if row.exercise.startswith("solutions/") else row.exercise
        table.add_row(name, *(Text(cell(one), STYLES[one.holds]) for one in row.findings))
    console.print(table)
    lines = []
    for row in rows:
        reasons = [f"{one.level}: {one.detail}" for one in row.failed if one.detail]
        reasons += [f"diverged: {row.diverged}"] if row.diverged else []
        lines += [f"[red]{row.exercise}[/] {escape(one)}" for one in reasons]
    holding = sum(not row.failed for row in rows)
    lines += [f"{holding} of {len(rows)} exercises hold at every level.", keras3_of(rows)]
    for line in lines:
        console.print(line, highlight=False, soft_wrap=True)
