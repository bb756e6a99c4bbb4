"""What a person sees of runs and verdicts: a progress display and the ledger."""

from collections.abc import Sequence

from rich import progress
from rich.console import Console
from rich.markup import escape
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
        reasons = [f" {one.level}: {one.detail}" for one in row.failed if one.detail]
        reasons += [f" diverged: {row.diverged}"] if row.diverged else []
        lines += [f"[red]{row.exercise}[/]{escape(one)}" for one in reasons]
    lines.append(
        f"{sum(not row.failed for row in rows)} of {len(rows)} exercises hold at every level."
    )
    for line in [*lines, keras3_of(rows)]:
        console.print(line, highlight=False, soft_wrap=True)


class Progress(progress.Progress):
    """The display of a run on standard error: a line for what runs now, and one for what ended."""

    def __init__(self, total: int, *, quiet: bool) -> None:
        """Start with nothing running; `quiet` shows nothing."""
        columns = progress.SpinnerColumn(), progress.TextColumn("{task.description}")
        super().__init__(*columns, console=Console(stderr=True, quiet=quiet), transient=True)
        self._total, self._ended = total, 0
        self._running: dict[tuple[str, str], progress.TaskID] = {}

    def started(self, exercise: str, language: str) -> None:
        """Show that a twin runs now; called from the runner's threads."""
        description = f"{exercise}  {TITLES[language]}"
        self._running[exercise, language] = self.add_task(description, total=None)

    def ended(self, outcome: Outcome) -> None:
        """Print how a twin ended, with its last lines where it failed."""
        self.remove_task(self._running.pop((outcome.exercise, outcome.language)))
        self._ended += 1
        mark = "[green]✓[/]" if outcome.ok else "[bold red]✗[/]"
        where = escape(f"[{self._ended}/{self._total}]")
        self.console.print(
            f"{mark} {where} {outcome.exercise} {TITLES[outcome.language]} "
            f"{outcome.seconds:.1f} s {escape(outcome.problem)}",
            highlight=False,
        )
        for line in outcome.last_lines:
            self.console.print(f"    {escape(line)}", style="dim", highlight=False)
