"""What a person sees while twins run."""

from rich.console import Console
from rich.markup import escape
from rich.status import Status

from deeptwins.paths import TITLES
from deeptwins.runs.runner import Outcome


class Progress(Status):
    """A display on standard error: what runs now, and a line for each twin that has ended."""

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
