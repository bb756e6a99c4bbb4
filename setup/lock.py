"""Make requirements.lock anew from pyproject.toml, by hand when that changes.

    python course.py lock

One lock for all systems and Pythons (markers tell them apart), in one part for each thing that
`course.py` does: what `run` needs, what `book` needs besides, what `test` needs besides those.
It names no server, so that a mirror or a folder of wheels serves as well.
"""

from __future__ import annotations

import re
import subprocess
import tempfile
from pathlib import Path

import common
import python as python_step

EXTRAS = {"run": [], "book": ["preview", "exports"], "test": ["test"]}
HEAD = "# ---- {} ----\n"


def blocks(text: str) -> dict[str, str]:
    """Return the lines of each package, with all its versions, by its name."""
    found: dict[str, str] = {}
    for block in re.split(r"^(?=[a-z0-9])", text, flags=re.M)[1:]:
        name = block.partition("==")[0]
        found[name] = found.get(name, "") + block
    return found


def compiled(extras: list[str], target: Path, *more: str) -> dict[str, str]:
    """Let uv resolve the project with these extras; pins that `target` has are kept."""
    options = ["--universal", "--generate-hashes", "--no-emit-index-url", "--no-header"]
    options += ["--python-version", f"3.{common.python_bounds()[0]}", "--no-python-downloads"]
    options += [f"--extra={name}" for name in extras]
    command = [str(python_step.python_of(python_step.VENV)), "-m", "uv", "pip", "compile"]
    command += [*options, *more, "pyproject.toml", "-o", str(target)]
    subprocess.run(command, cwd=str(common.ROOT), stdout=subprocess.DEVNULL, check=True)
    return blocks(target.read_text(encoding="utf-8"))


def lock() -> None:
    """Write the lock; each package stands in the first part that needs it."""
    whole = compiled([name for extras in EXTRAS.values() for name in extras], common.LOCK)
    text, written, extras = "", set(), []
    with tempfile.TemporaryDirectory() as folder:
        for part, more in EXTRAS.items():
            extras += more
            target = Path(folder, part)
            names = compiled(extras, target, "--constraints", str(common.LOCK)).keys() - written
            written |= names
            text += HEAD.format(part) + "".join(whole[name] for name in sorted(names))
    common.write(common.LOCK, text)


if __name__ == "__main__":
    common.main(lock)
