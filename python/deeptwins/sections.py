"""Split a twin and what it printed at its section marks, and clean what it printed.

A section begins at a line `# ---- name ----`; what stands before the first one
is called `setup`. A run marks its output at the same places (see runner.py).
"""

import re

from deeptwins.runner import SECTION_MARK

SETUP = "setup"
MARKER = re.compile(r"^# ---- (.+?) -+$", re.M)
ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
# An unfinished progress bar of Keras: how many there are depends on the clock.
UNFINISHED = re.compile(r"^ *(\d+)/(?!\1 )\d+ ━")
# The times in a finished one: `6/6 - 1s - 94ms/step - loss: …` or `6/6 ━━━ 1s 94ms/step - loss: …`.
TIMES = re.compile(r"(?<=\d)(?: -| ━+) \d+s(?: -)? \d+(?:us|ms|s)/(?:step|epoch)")


def of_script(source: str) -> dict[str, str]:
    """Return the code of each section by its name, without markers and outer blank lines.

    Raises ValueError where two sections have the same name.
    """
    first, *rest = MARKER.split(source)
    return _named([SETUP, *rest[0::2]], [first, *rest[1::2]])


def of_output(printed: str) -> dict[str, str]:
    """Return what each section printed by the section's name, as it was printed.

    Raises ValueError where two sections have the same name.
    """
    first, *rest = re.split(rf"{SECTION_MARK}(.*)\n", printed)
    return _named([SETUP, *rest[0::2]], [first, *rest[1::2]])


def _named(names: list[str], texts: list[str]) -> dict[str, str]:
    if len(set(names)) < len(names):
        twice = sorted({name for name in names if names.count(name) > 1})
        raise ValueError(f"two sections have the same name: {', '.join(twice)}")
    return {name: text.strip("\n") for name, text in zip(names, texts, strict=True)}


def clean(printed: str) -> str:
    """Return console output as it stays on the screen, without what the clock decides.

    Colours, overwritten text, unfinished progress bars, Keras' times per epoch
    and step, and blanks at line ends go; everything else stays as it is.
    """
    lines = []
    for line in ANSI.sub("", printed).split("\n"):
        shown = re.split(r"[\r\b]+", line.rstrip("\r"))[-1].rstrip()
        if not UNFINISHED.match(shown):
            lines.append(TIMES.sub("", shown))
    return "\n".join(lines).strip("\n")
