"""The board of the AMP challenge, as a table, as HTML and as CSV.

The names of files and much of the reasons are a stranger's text: each form
escapes them in its own way.
"""

import csv
import html
import io

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from deeptwins.amp import CONFIDENCE, METRICS, RESAMPLES, Entry, Interval

NAMES = {
    "auc": "AUC",
    "mcc": "MCC",
    "sensitivity": "Sensitivity",
    "specificity": "Specificity",
    "accuracy": "Accuracy",
}
LEGEND = (
    f"With each value its {CONFIDENCE:.0%} bootstrap interval ({RESAMPLES:,} samples, each class "
    "drawn for itself). A rank counts the files that are clearly better, and adds one: those "
    "of which the interval of the difference in AUC lies above 0."
)


def _text(interval: Interval, form: str) -> str:
    if interval.value is None:
        return "undefined"
    return form.format(interval.value, interval.low, interval.high)


def show(entries: list[Entry], missing: list[str], console: Console) -> None:
    """Print the ranked files, a row each, and below them what was refused and noted."""
    table = Table(box=None, pad_edge=False)
    table.add_column("rank", justify="right")
    table.add_column("file", overflow="fold")
    for name in METRICS:
        table.add_column(NAMES[name], no_wrap=True)
    judged = [entry for entry in entries if not entry.refused]
    for entry in judged:
        cells = [_text(entry.metrics[name], "{:.3f}\n{:.2f}–{:.2f}") for name in METRICS]
        table.add_row(str(entry.rank), escape(entry.file), *cells)
    if judged:
        console.print(table)
        console.print(LEGEND, highlight=False)
    for entry in judged:
        for note in entry.notes:
            line = f"[yellow]![/] {escape(entry.file)}: {escape(note)}"
            console.print(line, highlight=False, soft_wrap=True)
    for entry in entries:
        if entry.refused:
            line = f"[bold red]✗[/] {escape(entry.file)}: {escape(entry.refused)}"
            console.print(line, highlight=False, soft_wrap=True)
    for wall in missing:
        console.print(f"[yellow]![/] {escape(wall)}", highlight=False, soft_wrap=True)


def _cell(text: str) -> str:
    """Return text that a spreadsheet does not take for a formula."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@")) else text


def to_csv(entries: list[Entry]) -> str:
    """Return the board as CSV, with the ends of each interval in columns of their own."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    parts = [(name, end) for name in METRICS for end in ("value", "low", "high")]
    columns = [name if end == "value" else f"{name}_{end}" for name, end in parts]
    writer.writerow(["rank", "file", *columns, "notes", "refused"])
    for entry in entries:
        values = [
            getattr(entry.metrics[name], end) if entry.metrics else None for name, end in parts
        ]
        writer.writerow(
            [
                entry.rank or "",
                _cell(entry.file),
                *("" if value is None else f"{value:.6f}" for value in values),
                _cell("; ".join(entry.notes)),
                _cell(entry.refused or ""),
            ]
        )
    return stream.getvalue()


STYLE = """
:root { color-scheme: light dark; --ink: #1d2330; --paper: #fff; --line: #c9ced8; --bar: #2d6a9f; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6e9ef; --paper: #161a22; --line: #414957; --bar: #7db8e8; }
}
body { color: var(--ink); background: var(--paper); font: 1rem/1.5 system-ui, sans-serif;
  margin: 2rem auto; max-width: 75rem; padding: 0 1rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; }
caption, th, td { text-align: left; padding: .4rem .8rem .4rem 0; vertical-align: top; }
th, td { border-bottom: 1px solid var(--line); }
td { font-variant-numeric: tabular-nums; }
td { white-space: nowrap; }
th[scope=row] { overflow-wrap: anywhere; min-width: 10rem; }
small { font-weight: normal; }
.range { position: relative; display: block; height: .5rem; min-width: 8rem;
  border-inline: 1px solid var(--line); }
.range i { position: absolute; inset-block: .2rem; min-width: 2px; background: var(--bar); }
.range b { position: absolute; inset-block: 0; width: 3px; background: var(--bar); }
"""


def to_html(entries: list[Entry], missing: list[str]) -> str:
    """Return the board as one page that needs nothing else."""

    def cell(name: str, interval: Interval) -> str:
        drawn = ""
        if name == "auc" and interval.value is not None:
            drawn = (
                '<span class="range" aria-hidden="true">'
                f'<i style="left:{interval.low:.1%};right:{1 - interval.high:.1%}"></i>'
                f'<b style="left:{interval.value:.1%}"></b></span>'
            )
        return f"<td>{_text(interval, '{:.3f}<br><small>{:.3f} to {:.3f}</small>')}{drawn}</td>"

    judged = [entry for entry in entries if not entry.refused]
    rows = [
        f"<tr><td>{entry.rank}</td>"
        f'<th scope="row">{html.escape(entry.file)}'
        + "".join(f"<br><small>Note: {html.escape(note)}</small>" for note in entry.notes)
        + "</th>"
        + "".join(cell(name, entry.metrics[name]) for name in METRICS)
        + "</tr>"
        for entry in judged
    ]
    heads = "".join(f'<th scope="col">{name}</th>' for name in ("Rank", "File", *NAMES.values()))
    refused = [
        f"<li><strong>{html.escape(entry.file)}</strong>: {html.escape(entry.refused)}</li>"
        for entry in entries
        if entry.refused
    ]
    below = f"<h2>Not taken</h2>\n<ul>\n{chr(10).join(refused)}\n</ul>\n" if refused else ""
    below += "".join(f"<p>Note: {html.escape(wall)}.</p>\n" for wall in missing)
    return (
        '<!doctype html>\n<html lang="en-GB">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>The AMP challenge</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n"
        f'<h1>The AMP challenge</h1>\n<p id="legend">{LEGEND}</p>\n'
        '<div class="wide" tabindex="0" role="region" aria-label="Board">\n'
        '<table aria-describedby="legend">\n<caption>Files by rank</caption>\n'
        f"<thead><tr>{heads}</tr></thead>\n<tbody>\n"
        f"{chr(10).join(rows)}\n</tbody>\n</table>\n</div>\n{below}</main>\n</body>\n</html>\n"
    )
