"""Write the data card of a set: what it is, where it comes from, what each file holds.

Every maker in this folder ends with `write_card()`. A card describes files
that the maker has just written, so shapes, types and digests cannot drift.
"""

import json
from pathlib import Path

import numpy as np
import pandas as pd

from deeptwins import files
from deeptwins.paths import SHARED


def describe(path: Path) -> dict:
    """Return digest, bytes, shape and column types of a CSV or NPY file."""
    entry: dict = {"sha256": files.sha256(path), "bytes": path.stat().st_size}
    if path.suffix == ".csv":
        table = pd.read_csv(path)
        entry["shape"] = list(table.shape)
        entry["columns"] = {name: str(kind) for name, kind in table.dtypes.items()}
    elif path.suffix == ".npy":
        array = np.load(path, allow_pickle=False)
        entry["shape"], entry["dtype"] = list(array.shape), str(array.dtype)
    return entry


def write_card(name: str, *, title: str, origin: str, licence: str, made: str, by: str) -> None:
    """Write shared_data/<name>/card.json and the overview in shared_data/README.md."""
    folder = SHARED / name
    names = sorted(path.name for path in folder.iterdir() if path.name != "card.json")
    card = {
        "name": name,
        "title": title,
        "origin": origin,
        "licence": licence,
        "made": made,
        "made_by": f"shared_data/make/{by}",
        "files": {file: describe(folder / file) for file in names},
    }
    text = json.dumps(card, indent=1, ensure_ascii=False)
    files.write_text(folder / "card.json", text + "\n")
    files.write_text(SHARED / "README.md", overview())
    print(f"shared_data/{name}: {', '.join(names)}")


def _columns(columns: dict[str, str]) -> str:
    """Return the columns in words; many alike are named by the first and the last."""
    words = [f"{name} ({kind})" for name, kind in columns.items()]
    return ", ".join(words if len(words) <= 12 else [*words[:2], "…", words[-1]])


def overview() -> str:
    """Return the text of shared_data/README.md, made from all cards."""
    lines = [
        "# Data sets",
        "",
        "Made by the scripts in `make/`; this page is generated from each set's `card.json`.",
        "`expected/` holds the band of results of every exercise, made by `make/expected.py`.",
    ]
    for path in sorted(SHARED.glob("*/card.json")):
        card = json.loads(path.read_text(encoding="utf-8"))
        lines += [
            "",
            f"## {card['name']}: {card['title']}",
            "",
            f"- Origin: {card['origin']}",
            f"- Licence: {card['licence']}",
            f"- How it was made: {card['made']} (`{card['made_by']}`)",
            "",
            "| file | shape | holds | SHA-256 |",
            "|---|---|---|---|",
        ]
        for file, entry in card["files"].items():
            shape = " × ".join(str(size) for size in entry.get("shape", []))
            holds = _columns(entry.get("columns", {}))
            digest = f"`{entry['sha256'][:12]}…`"
            lines.append(f"| `{file}` | {shape} | {holds or entry.get('dtype', '')} | {digest} |")
    return "\n".join(lines) + "\n"
