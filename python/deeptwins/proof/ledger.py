"""What a person sees of runs and verdicts: a progress display and the ledger."""

from collections.abc import Sequence

from rich.console import Console
from rich.markup import escape
from rich.status import Status
from rich.table import Table
from rich.text import Text

from deeptwins.paths import TITLES
from deeptwins.proof.levels import Finding, Verdict, keras3_of
from deeptwins.runs.runner import Outcome

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


def show(rows: Sequence[Verdict], console: Console, *, head: bool = True) -> None:
    """Print rows of the ledger; those of several calls stand under the same columns."""
    # With one space between columns the twins that agree fit into 80; differences are longer,
    # and then a name is folded rather than a number cut.
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), show_header=head)
    table.title = "R against Python: ✓ or ✗ with the largest difference seen" if head else None
    table.add_column("exercise", overflow="fold", width=17)
    for heading in HEADINGS:
        table.add_column(heading, no_wrap=True, min_width=max(map(len, heading.split())))
    for row in rows:
        name = "  solution" if row.exercise.startswith("solutions/") else row.exercise
        table.add_row(name, *(Text(cell(one), STYLES[one.holds]) for one in row.findings))
    console.print(table)


def explain(rows: Sequence[Verdict], console: Console) -> None:
    """Print every level that does not hold with its reason, and how many exercises hold."""
    lines = []
    for row in rows:
        reasons = [f"{one.level}: {one.detail}" for one in row.failed if one.detail]
        reasons += [f"diverged: {row.diverged}"] if row.diverged else []
        lines += [f"[red]{row.exercise}[/] {escape(one)}" for one in reasons]
    holding = sum(not row.failed for row in rows)
    lines += [f"{holding} of {len(rows)} exercises hold at every level.", keras3_of(rows)]
    for line in lines:
        console.print(line, highlight=False, soft_wrap=True)


class Progress(Status):
    """A run's display on standard error: what runs now, and a line for each twin that ended."""

    def __init__(self, total: int, *, quiet: bool) -> None:
        """Start with nothing running; `quiet` shows nothing."""
        super().__init__("", console=Console(stderr=True, quiet=quiet))
        self._total, self._ended, self._running = total, 0, []

    def started(self, exercise: str, language: str) -> None:
        """Show that a twin runs now; called from the runner's threads."""
        self._running.append(f"{exercise} {TITLES[language]}")
        self.update(", ".join(self._running))

    def ended(self, outcome: Outcome) -> None:
        """Print how a twin ended, with its last lines where it failed."""
        twin = f"{outcome.exercise} {TITLES[outcome.language]}"
        self._running.remove(twin)
        self._ended += 1
        self.update(", ".join(self._running))
        mark = "[green]✓[/]" if outcome.ok else "[bold red]✗[/]"
        line = f"[{self._ended}/{self._total}] {twin} {outcome.seconds:.1f} s {outcome.problem}"
        self.console.print(f"{mark} {escape(line)}", highlight=False)
        for line in outcome.last_lines:
            self.console.print(f"    {escape(line)}", style="dim", highlight=False)
