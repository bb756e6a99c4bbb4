"""Write the data card of a set: what it is, where it comes from, what each file holds.

Every maker in this folder ends with `write_card()`. A card describes files
that the maker has just written, so shapes, types and digests cannot drift.
"""

import json
from pathlib import Path

import numpy as np
import pandas as pd

from deeptwins import files
from deeptwins.data.cards import digest_of
from deeptwins.paths import SHARED


def describe(path: Path) -> dict:
    """Return digest, bytes, and what a file holds: shape and types, or the number of files."""
    if path.is_dir():
        within = [one for one in path.rglob("*") if one.is_file()]
        size = sum(one.stat().st_size for one in within)
        return {"sha256": digest_of(path), "bytes": size, "files": len(within)}
    entry: dict = {"sha256": files.sha256(path), "bytes": path.stat().st_size}
    if path.suffix == ".csv":
        table = pd.read_csv(path)
        entry["shape"] = list(table.shape)
        entry["columns"] = {name: str(kind) for name, kind in table.dtypes.items()}
    elif path.suffix == ".npy":
        array = np.load(path, allow_pickle=False)
        entry["shape"], entry["dtype"] = list(array.shape), str(array.dtype)
    elif path.suffix == ".npz":
        with np.load(path, allow_pickle=False) as arrays:
            entry["arrays"] = {
                name: {"shape": list(array.shape), "dtype": str(array.dtype)}
                for name, array in arrays.items()
            }
    elif path.suffix == ".txt":
        entry["lines"] = len(path.read_text(encoding="utf-8").splitlines())
    return entry


def write_card(
    name: str,
    *,
    title: str,
    origin: str,
    licence: str,
    made: str,
    by: str,
    path: str | None = None,
    full: dict[str, str] | None = None,
) -> None:
    """Write shared_data/<name>/card.json and the overview in shared_data/README.md.

    `path` is the file or folder of the set that the twins read, where
    that is not the set's own folder. `full` tells of the original: its name, its path
    in the data home (models/... in Keras' own), how to get it, origin and licence.
    """
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
    if path:
        card["path"] = path
    if full:
        card["full"] = full
    text = json.dumps(card, indent=1, ensure_ascii=False)
    files.write_text(folder / "card.json", text + "\n")
    files.write_text(SHARED / "README.md", overview())
    print(f"shared_data/{name}: {', '.join(names)}")


def _columns(columns: dict[str, str]) -> str:
    """Return the columns in words; many alike are named by the first and the last."""
    words = [f"{name} ({kind})" for name, kind in columns.items()]
    return ", ".join(words if len(words) <= 12 else [*words[:2], "…", words[-1]])


def _shape(entry: dict) -> str:
    return " × ".join(str(size) for size in entry.get("shape", []))


def _holds(entry: dict) -> str:
    """Return in words what a file or folder holds."""
    if "arrays" in entry:
        arrays = entry["arrays"].items()
        return ", ".join(f"{name} ({_shape(one)}, {one['dtype']})" for name, one in arrays)
    for key in ("files", "lines"):
        if key in entry:
            return f"{entry[key]} {key}"
    return _columns(entry.get("columns", {})) or entry.get("dtype", "")


def _full(full: dict | None) -> list[str]:
    """Return the line about the original, and the blank line before the table."""
    if full is None:
        return [""]
    origin = f"{full['origin']}; licence: {full['licence']}"
    return [f"- Full variant: {full['name']}, `{full['path']}`. {origin}", ""]


def overview() -> str:
    """Return the text of shared_data/README.md, made from all cards."""
    lines = [
        "# Data sets",
        "",
        "Made by the scripts in `make/`; this page is generated from each set's `card.json`.",
        "`expected/` holds the band of results of every exercise, made by `deeptwins bands`.",
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
            *_full(card.get("full")),
            "| file | shape | holds | SHA-256 |",
            "|---|---|---|---|",
        ]
        for file, entry in card["files"].items():
            digest = f"`{entry['sha256'][:12]}…`"
            lines.append(f"| `{file}` | {_shape(entry)} | {_holds(entry)} | {digest} |")
    return "\n".join(lines) + "\n"
