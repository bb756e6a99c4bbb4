"""Make requirements.lock anew from pyproject.toml, when that changes: `python course.py lock`.

One lock for all systems and Pythons (markers tell them apart), in parts: what `run` needs, what
`book` needs besides, what `test` needs besides those. It names no server, so that mirrors serve.
"""

from __future__ import annotations

import re
import subprocess
import tempfile
from pathlib import Path

from common import LOCK, ROOT, write
from python import OLDEST, PYTHON

EXTRAS = {"run": [], "book": ["preview", "exports"], "test": ["test"]}
OPTIONS = ["--universal", "--generate-hashes", "--no-emit-index-url", "--no-header"]
OPTIONS += ["--no-python-downloads", f"--python-version=3.{OLDEST}"]


def compiled(extras: list[str], target: Path, *more: str) -> dict[str, str]:
    """Let uv resolve the project with these extras; return each package's lines by its name."""
    command = [PYTHON, "-m", "uv", "pip", "compile", *OPTIONS, *more]
    command += [f"--extra={name}" for name in extras]
    command += ["pyproject.toml", "-o", str(target)]  # pins that it has are kept
    subprocess.run(command, cwd=ROOT, stdout=subprocess.DEVNULL, check=True)
    found: dict[str, str] = {}
    for block in re.split(r"^(?=[a-z0-9])", target.read_text(encoding="utf-8"), flags=re.M)[1:]:
        name = block.partition("==")[0]
        found[name] = found.get(name, "") + block  # there may be one for each Python
    return found


def lock() -> None:
    """Write the lock; each package stands in the first part that needs it."""
    whole = compiled([name for extras in EXTRAS.values() for name in extras], LOCK)
    text, extras = "", []
    with tempfile.TemporaryDirectory() as folder:
        for part, more in EXTRAS.items():
            extras += more
            wanted = compiled(extras, Path(folder, part), "--constraints", str(LOCK))
            text += f"# ---- {part} ----\n"
            text += "".join(whole.pop(name) for name in sorted(wanted) if name in whole)
    write(LOCK, text)
