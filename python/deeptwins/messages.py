"""What both languages say and know alike, from shared.json; r/readers.R reads it too."""

import json
from pathlib import Path
from typing import Any

_SHARED = json.loads(Path(__file__).with_name("shared.json").read_text(encoding="utf-8"))
AMINO_ACIDS: str = _SHARED["amino_acids"]


def message(key: str, **values: Any) -> str:
    """Return a sentence with its placeholders filled in; {replace} is a sentence too."""
    sentences = _SHARED["messages"]
    return sentences[key].format(**{"replace": sentences["replace"], **values})
