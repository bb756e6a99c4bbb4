"""The pieces of Markdown that the book's generated pages are made of."""

import re
from collections.abc import Iterable, Sequence

from deeptwins.paths import TITLES

EPOCH = re.compile(r"^Epoch (\d+/\d+)\n\d+/\d+ - (.*)$", re.M)  # as Keras prints it
MORE_EPOCHS = re.compile(r"^((?:(?![123]/)\d+/\d+  .*(?:\n|\Z))+)", re.M)


def pane(language: str, code: str, printed: str) -> str:
    """Return code, and below it what it printed."""
    output = f"\n::: {{.output}}\n{_folded(printed)}:::\n" if printed else ""
    return fenced(code, language) + output


def _folded(printed: str) -> str:
    """Return output with one line for each epoch of a training, folded after the third."""
    row = lambda one: f"{one[1]} - {one[2]}".replace(" - ", "  ").replace(":", "")  # noqa: E731
    lines = EPOCH.sub(row, printed)
    before, *rest = (one.strip("\n") for one in MORE_EPOCHS.split(lines, maxsplit=1))
    if not rest:
        return fenced(lines)
    fold = details(f"{rest[0].count('/')} more epochs", fenced(rest[0]))
    return fenced(before) + fold + (rest[1] and fenced(rest[1]))


def details(summary: str, text: str) -> str:
    """Return Markdown that is folded under a summary, with or without scripts."""
    return f"\n<details><summary>{summary}</summary>\n\n{text}\n</details>\n\n"


def tabs(panes: dict[str, str]) -> str:
    """Return panes of both languages as twins: in tabs, or side by side on a wide screen."""
    return "::::: {.twins}\n" + tabset(panes) + ":::::\n"


def tabset(panes: dict[str, str]) -> str:
    """Return panes as tabs that follow the reader's choice of language."""
    tabs = "\n".join(f"## {TITLES[language]}\n\n{pane}" for language, pane in panes.items())
    return f':::: {{.panel-tabset group="language"}}\n\n{tabs}\n::::\n'


def picture(place: str, alt: str) -> str:
    """Return a picture without a caption, given its place from the root of the project."""
    alt = re.sub(r'(["\\])', r"\\\1", line(alt))
    return f'![](/{place}){{fig-alt="{alt}"}}\n'


def table(
    kind: str, heads: list[str], rows: Iterable[Sequence[str]], align: str = "--:", below: str = ""
) -> str:
    """Return a table of a class of twins.css; `align` is the mark of every column but the first."""
    lines = [heads, ["---"] + [align] * (len(heads) - 1), *rows]
    text = "".join(f"| {' | '.join(line)} |\n" for line in lines)
    return f"::: {{.{kind}}}\n{text}{below}:::\n"


def fenced(text: str, language: str = "") -> str:
    """Return text as a block of code, whatever backticks are in it."""
    fence = max(["```", *(run + "`" for run in re.findall(r"`+", text))], key=len)
    return f"{fence}{language}\n{text}\n{fence}\n"


def line(text: str) -> str:
    """Return text in one line."""
    return " ".join(text.split())
