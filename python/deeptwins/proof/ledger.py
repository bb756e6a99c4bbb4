"""What a person sees of runs and verdicts: a progress display and the ledger."""

import contextlib
import math
import threading
from collections.abc import Iterator, Sequence

from rich.console import Console
from rich.live import Live
from rich.markup import escape
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from deeptwins.paths import TITLES
from deeptwins.proof.levels import LEVELS, Finding, Verdict, keras3_of
from deeptwins.runs.runner import Outcome

STYLES = {True: "green", False: "bold red", None: "dim"}


def cell(finding: Finding) -> str:
    """Return what the ledger shows for one level: a tick or cross with the difference."""
    if finding.holds is None:
        return "–"
    mark = "✓" if finding.holds else "✗"
    if finding.difference is None:
        return mark
    if math.isinf(finding.difference):
        return f"{mark} ∞"
    shown = f"{finding.difference:.1g}"
    return f"{mark} {shown}" if len(shown) == 1 else f"{mark}{shown}"


def table() -> Table:
    """Return the ledger without its rows."""
    # With one space between columns the twins that agree fit into 80; differences are longer,
    # and then a name is folded rather than a number cut.
    made = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0))
    made.add_column("exercise", overflow="fold", width=17)
    for level in LEVELS:
        # The same width in each table, since rows are printed as they come.
        widest = max(map(len, level.heading.split("\n")))
        made.add_column(level.heading, no_wrap=True, min_width=widest)
    return made


def cells(row: Verdict) -> list[Text]:
    """Return a row of the ledger."""
    name = row.exercise
    shown = "  solution" if name.startswith("solutions/") else name
    return [Text(shown), *(Text(cell(one), STYLES[one.holds]) for one in row.findings)]


def show(rows: Sequence[Verdict], console: Console) -> None:
    """Print the ledger, and below it every level that does not hold, with its reason."""
    made = table()
    made.title = "R against Python: ✓ or ✗ with the largest difference seen"
    for row in rows:
        made.add_row(*cells(row))
    console.print(made)
    explain(rows, console)


def show_row(row: Verdict, console: Console, *, head: bool) -> None:
    """Print one row as soon as it is known, under the same columns; the head before the first."""
    made = table()
    made.show_header = head
    made.add_row(*cells(row))
    console.print(made)


def explain(rows: Sequence[Verdict], console: Console) -> None:
    """Print every level that does not hold with its reason, and how many exercises hold."""
    for row in rows:
        failed = [finding for finding in row.findings if finding.holds is False]
        for finding in failed[:1] if failed[1:] and "no record" in failed[1].detail else failed:
            text = f"[red]{row.exercise}[/] {finding.level}: {escape(finding.detail)}"
            console.print(text, highlight=False, soft_wrap=True)
        if row.diverged:
            text = f"[yellow]{row.exercise}[/] diverged: {escape(row.diverged)}"
            console.print(text, highlight=False, soft_wrap=True)
    holding = sum(row.holds for row in rows)
    console.print(f"{holding} of {len(rows)} exercises hold at every level.", highlight=False)
    console.print(keras3_of(rows), highlight=False)


class Progress:
    """The display of a run; its two methods are called from the runner's threads."""

    def __init__(self, total: int, console: Console, live: Live | None) -> None:
        """Start with nothing running; `live` is None where no terminal shows movement."""
        self._total, self._done = total, 0
        self._console, self._live = console, live
        self._running: dict[tuple[str, str], Spinner] = {}
        self._lock = threading.Lock()

    def started(self, exercise: str, language: str) -> None:
        """Show that a twin runs now."""
        with self._lock:
            self._running[exercise, language] = Spinner(
                "dots", text=f"{exercise}  {TITLES[language]}"
            )
            self._refresh()

    def ended(self, outcome: Outcome) -> None:
        """Print how a twin ended, with its last lines where it failed."""
        with self._lock:
            self._done += 1
            self._running.pop((outcome.exercise, outcome.language), None)
            mark = "[green]✓[/]" if outcome.ok else "[bold red]✗[/]"
            where = f"[{self._done}/{self._total}]"
            self._console.print(
                f"{mark} {escape(where)} {outcome.exercise} {TITLES[outcome.language]} "
                f"{outcome.seconds:.1f} s {escape(outcome.problem)}",
                highlight=False,
            )
            for line in outcome.last_lines:
                self._console.print(f"    {escape(line)}", style="dim", highlight=False)
            self._refresh()

    def _refresh(self) -> None:
        if self._live:
            grid = Table.grid()
            for spinner in self._running.values():
                grid.add_row(spinner)
            self._live.update(grid)


@contextlib.contextmanager
def progress(total: int, *, quiet: bool) -> Iterator[Progress]:
    """Yield a display of `total` runs on standard error; `quiet` shows nothing."""
    console = Console(stderr=True, quiet=quiet)
    if not console.is_terminal or quiet:
        yield Progress(total, console, None)
        return
    with Live(console=console, transient=True, refresh_per_second=8) as live:
        yield Progress(total, console, live)
