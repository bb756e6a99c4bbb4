"""Constants as somebody types them: NAME=VALUE."""

import ast
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

NAME = re.compile("[A-Z][A-Z0-9_]*")


def parse(given: Iterable[str]) -> dict[str, Any]:
    """Return the constants in texts such as `EPOCHS=30`, `UNITS=[64, 32]`, `DATA=/my/folder`.

    A value is read as a Python literal where it is one, else as text. The path of a file or
    folder that is there means the folder in which it was typed, and becomes absolute: twins
    run elsewhere. A text without a slash or a suffix (`TARGET_COLUMN=data`) is no path.

    Raises ValueError where a text has no name in capitals before its first `=`.
    """
    found = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals or not NAME.fullmatch(name.strip()):
            raise ValueError(f"--set takes NAME=VALUE with a name in capitals, not {text!r}.")
        try:
            found[name.strip()] = ast.literal_eval(value.strip())
        except (ValueError, SyntaxError):
            found[name.strip()] = _path(value.strip())
    return found


def _path(text: str) -> str:
    path = Path(text)
    named = path.suffix or "/" in text or "\\" in text
    return path.resolve().as_posix() if named and path.exists() else text
