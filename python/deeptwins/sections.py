"""The sections of a twin: where they begin, and what each printed.

A section begins at a line `# ---- name ----`; what stands before the first one
is called `setup`. The drivers print MARK and the name at the start of each.
"""

import re

SETUP, CONSTANTS = "setup", "constants"
PATTERN = r"^# ---- (.+?) -+$"  # the drivers of both languages get it from here
CONSTANT = re.compile("[A-Z][A-Z0-9_]*")
MARK = "\x1e"  # ASCII record separator, which no twin prints
ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
# An unfinished progress bar of Keras: how many there are depends on the clock.
UNFINISHED = re.compile(r"^ *(\d+)/(?!\1 )\d+ ━")
# The times in a finished one: `6/6 - 1s - 94ms/step - loss: …` or `6/6 ━━━ 1s 94ms/step - loss: …`.
TIMES = re.compile(r"(?<=\d)(?: -| ━+) \d+s(?: -)? \d+(?:us|ms|s)/(?:step|epoch)")


def lines(source: str) -> dict[str, range]:
    """Return the lines (from 1) of each section of a script, in order.

    Raises ValueError where two sections have the same name.
    """
    starts, end = {SETUP: 1}, len(source.splitlines()) + 1
    for number, line in enumerate(source.splitlines(), start=1):
        if marker := re.match(PATTERN, line):
            if marker[1] in starts:
                raise ValueError(f"line {number}: there is a section {marker[1]!r} already")
            starts[marker[1]] = number
    stops = [*starts.values(), end][1:]
    return dict(zip(starts, map(range, starts.values(), stops), strict=True))


def of_script(source: str) -> dict[str, str]:
    """Return the code of each section by its name, without markers and outer blank lines."""
    every = source.splitlines()
    return {
        name: "\n".join(every[at.start - (name == SETUP) : at.stop - 1]).strip("\n")
        for name, at in lines(source).items()
    }


def of_output(printed: str) -> dict[str, str]:
    """Return what each section printed, by the section's name, cleaned."""
    first, *rest = re.split(rf"{MARK}(.*)\r?\n", printed)
    names, texts = [SETUP, *rest[0::2]], [first, *rest[1::2]]
    return {name: clean(text) for name, text in zip(names, texts, strict=True)}


def clean(printed: str) -> str:
    """Return console output as it stays on the screen, without what the clock decides.

    Colours, overwritten text, unfinished progress bars, Keras' times per epoch
    and step, and blanks at line ends go; everything else stays as it is.
    """
    shown = [
        re.split(r"[\r\b]+", line.rstrip("\r"))[-1].rstrip()
        for line in ANSI.sub("", printed).split("\n")
    ]
    return "\n".join(TIMES.sub("", one) for one in shown if not UNFINISHED.match(one)).strip("\n")


def slug(name: str) -> str:
    """Return a section's name as part of a file name."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
