"""The AMP challenge for a class: make a hidden set, read the teams' predictions, rank them.

A truth is a table of peptides and labels (1 is an AMP), indexed by id: the public test set of
exercise 14, or a hidden set. Labels leave this module only in the truth.csv that `hide()` writes.
"""

import codecs
import csv
import io
import re
import stat
import unicodedata
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import sklearn.metrics as sk
from rapidfuzz.distance import Levenshtein
from rapidfuzz.process import cdist
from scipy.stats import bootstrap, mannwhitneyu, rankdata

from deeptwins import files
from deeptwins.paths import SHARED

KINDS = {"AMP": 1, "DECOY": 0}
NUMBERS = ["auc", "auc_low", "auc_high", "mcc", "sensitivity", "specificity", "accuracy"]
RESAMPLES, CONFIDENCE, SEED, THRESHOLD = 1000, 0.95, 11, 0.5
BYTES = 1_000_000  # of a file
SMALLEST_CLASS, ALIKE = 10, 0.7
PEPTIDE = "[ACDEFGHIKLMNPQRSTVWXY]+"
LEGEND = (
    f"auc_low, auc_high: the {CONFIDENCE:.0%} bootstrap interval of the AUC. A rank is 1 plus the "
    "number of clearly better files: the interval of the difference in AUC is above 0. "
    f"Sensitivity, specificity, accuracy and MCC are those at a threshold of {THRESHOLD}."
)
PAGE = """\
<!doctype html>
<html lang="en-GB"><head><meta charset="utf-8"><title>The AMP challenge</title>
<style>:root {{ color-scheme: light dark }} body {{ font: 1rem/1.5 system-ui; margin: 2rem }}
th, td {{ text-align: left; padding: .3rem .8rem; overflow-wrap: anywhere }}</style></head>
<body><main><h1>The AMP challenge</h1><p>{legend}</p>
{rows}</main></body></html>
"""


class Refused(ValueError):
    """A file is not accepted; the sentence says why."""


def plain(text: str, longest: int = 40) -> str:
    """Return the start of a text in one line, without what steers a terminal."""
    line = " ".join(text.split())[:longest]
    return "".join("?" if unicodedata.category(one)[0] == "C" else one for one in line)


# ---- tables as people make them ----


def _read_text(path: Path) -> str:
    """Return the text of a regular file, in UTF-8 or in UTF-16 with its mark."""
    try:
        status = path.lstat()
        if not stat.S_ISREG(status.st_mode):
            raise Refused("it is a link, a folder or a device, not a regular file")
        if status.st_size > BYTES:
            raise Refused(f"it has {status.st_size:,} bytes; at most {BYTES:,} are allowed")
        data = path.read_bytes()
    except OSError as error:
        raise Refused(f"it cannot be opened ({error.strerror})") from None
    wide = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    text = data.decode("utf-16" if wide else "utf-8-sig", errors="replace")
    if "\0" in text or not text.strip():
        raise Refused("it is empty or not text: export the table as CSV")
    return text


def read_table(path: Path, columns: Sequence[str]) -> pd.DataFrame:
    """Return columns of a CSV file as text, indexed by line; Refused if it has not each once.

    Semicolons, tabs, commas or blanks separate the fields. Row names, further columns and blank
    lines are left out. `attrs["row_names"]` tells whether there are any without a heading.
    """
    text = io.StringIO(_read_text(path), newline=None)
    first = [text.readline()]
    csv.field_size_limit(BYTES)
    for separator in ";\t, ":
        options = {"delimiter": separator, "skipinitialspace": True}
        names = [name.strip().lower() for name in next(csv.reader(first, **options))]
        if all(names.count(name) == 1 for name in columns):
            break
    else:
        raise Refused(f"line 1 must name the columns {', '.join(columns)}, each once")
    rows, line = {}, 2
    reader = csv.reader(text, **options)
    for row in reader:
        if not rows and len(row) > len(names):  # R's write.table has no heading for row names
            names = ["", *names]
        if len(row) > len(names):
            raise Refused(f"line {line} has {len(row)} fields, not {len(names)}")
        if any(fields := [field.strip() for field in row]):
            rows[line] = dict(zip(names, fields, strict=False))
        line = reader.line_num + 2  # a quoted field may go over several lines
    table = pd.DataFrame.from_dict(rows, orient="index").reindex(columns=columns)
    table.attrs["row_names"] = names[0] == ""
    return table.fillna("").astype(str)


def _refuse(table: pd.DataFrame, column: str, wrong: pd.Series, reason: str) -> None:
    """Raise Refused with the first line that is wrong, if any is."""
    if wrong.any():
        line = wrong.idxmax()
        raise Refused(f"line {line}: the {column} {plain(table.at[line, column])!r} {reason}")


def read_predictions(path: Path, truth: pd.DataFrame) -> np.ndarray:
    """Return the score of each peptide of a truth; Refused unless a file has one from 0 to 1."""
    table = read_table(path, ("id", "score"))
    hint = "; decimal commas need ; between the columns" if table.attrs["row_names"] else ""
    _refuse(table, "id", ~table["id"].isin(truth.index), f"is not in the test set{hint}")
    _refuse(table, "id", table["id"].duplicated(), "comes twice")
    commas = table["score"].str.contains(",")
    number = pd.to_numeric(table["score"].str.replace(",", "."), errors="coerce")
    _refuse(table, "score", ~number.between(0, 1), "is not a number from 0 to 1")
    mixed = commas & table["score"].str.contains(".", regex=False).any()
    _refuse(table, "score", mixed, "has a decimal comma, and others have a decimal point")
    if len(missing := truth.index.difference(table["id"])):
        first = plain(missing[0])
        raise Refused(f"{len(missing)} of {len(truth)} ids are missing, the first is {first!r}")
    return number.set_axis(table["id"])[truth.index].to_numpy()


# ---- the truth ----


def read_list(path: Path) -> list[str]:
    """Return the peptides of a text file with one a line, in capitals; Refused if one is none."""
    lines = path.read_text(encoding="utf-8-sig", errors="replace").upper().splitlines()
    for number, line in enumerate(lines, start=1):
        if not re.fullmatch(f"({PEPTIDE})?", line.strip()):
            raise Refused(f"{path}, line {number}: {plain(line)!r} is not a peptide")
    return [line.strip() for line in lines if line.strip()]


def public_truth(folder: Path) -> pd.DataFrame:
    """Return the test set of exercise 14: the last fifth of each list in a folder."""
    parts = []
    for kind, label in KINDS.items():
        peptides = pd.Series(read_list(folder / f"{kind}.train.txt"))
        rows = pd.DataFrame({"peptide": peptides, "label": label}).tail(len(peptides) // 5)
        parts.append(rows.set_index(kind + "-" + (rows.index + 1).astype(str)))
    return pd.concat(parts)


def near_copies(peptides: Sequence[str]) -> list[str]:
    """Return the peptides that are like one in the course's own lists, or a stretch of one."""
    known = [one for kind in KINDS for one in read_list(SHARED / "peptides" / f"{kind}.train.txt")]
    scorer = Levenshtein.normalized_similarity  # 1 - edit distance / length of the longer one
    near = cdist(peptides, known, scorer=scorer, score_cutoff=ALIKE).any(axis=1)
    listed = "\n".join(known)
    return [one for one, like in zip(peptides, near, strict=True) if like or one in listed]


def _check_hidden(truth: pd.DataFrame) -> pd.DataFrame:
    """Return a hidden set, or raise Refused if it is not fit to be one."""
    peptides = truth["peptide"]
    classes = truth["label"].value_counts()
    if len(classes) < 2 or classes.min() < SMALLEST_CLASS:
        raise Refused(f"it has fewer than {SMALLEST_CLASS} peptides of a class")
    if not (truth.index.is_unique and peptides.is_unique):
        raise Refused("it has an id or a peptide twice")
    if near := near_copies(peptides.tolist()):
        raise Refused(
            f"{len(near)} of its peptides are {ALIKE:.0%} or more like one in the course's own "
            f"lists, the first is {plain(near[0])}: take them out"
        )
    # P2 before P10.
    by_id = sorted(truth.index, key=lambda name: re.sub("[0-9]+", lambda n: n[0].zfill(9), name))
    if truth["label"][by_id].diff().abs().sum() == 1:
        raise Refused("its ids tell the class: sorted by id, one class comes after the other")
    return truth


def read_truth(path: Path) -> pd.DataFrame:
    """Return a hidden set from a CSV file with id, peptide, label; Refused if it is not fit."""
    try:
        table = read_table(path, ("id", "peptide", "label"))
        if (wrong := ~table["label"].isin(["0", "1"])).any():
            raise Refused(f"line {wrong.idxmax()}: a label is 0 or 1")
        unfit = ~table["peptide"].str.fullmatch(PEPTIDE)
        _refuse(table, "peptide", unfit, "is not in capital letters")
        return _check_hidden(table.astype({"label": int}).set_index("id"))
    except Refused as error:
        raise Refused(f"{path}: {error}") from None


def hide(amps: Path, others: Path, folder: Path) -> tuple[Path, Path]:
    """Make a hidden set of two lists of peptides: peptides.csv for the teams, truth.csv to keep.

    The ids follow the alphabet of the peptides, so neither they nor the order tell the class.
    Refused is raised if the lists are not fit to be a hidden set, or a file is there already.
    """
    both = sorted([(one, 1) for one in read_list(amps)] + [(one, 0) for one in read_list(others)])
    ids = pd.Index([f"P{number:05}" for number in range(1, len(both) + 1)], name="id")
    truth = pd.DataFrame(both, columns=["peptide", "label"], index=ids)
    _check_hidden(truth)
    shown, kept = folder / "peptides.csv", folder / "truth.csv"
    if shown.exists() or kept.exists():
        raise Refused(f"{folder} has a hidden set already")
    files.write_text(kept, truth.to_csv(lineterminator="\n"), mode=0o600)
    files.write_text(shown, truth[["peptide"]].to_csv(lineterminator="\n"))
    return shown, kept


# ---- the board ----


def auc(amps: np.ndarray, others: np.ndarray, axis: int = -1) -> np.ndarray:
    """Return the AUC from the scores of AMPs and of others: Mann and Whitney's U of all pairs."""
    u = mannwhitneyu(amps, others, axis=axis, method="asymptotic").statistic
    return u / (amps.shape[axis] * others.shape[axis])


def evaluate(scores: np.ndarray, labels: np.ndarray) -> tuple[dict[str, float], np.ndarray]:
    """Return the metrics of scores, and the AUC of each bootstrap sample of the peptides.

    Each class is drawn on its own, and by the same seed the same peptides for every file.
    """
    samples = scores[labels == 1], scores[labels == 0]
    options = {"n_resamples": RESAMPLES, "confidence_level": CONFIDENCE, "method": "percentile"}
    result = bootstrap(samples, auc, batch=100, rng=np.random.default_rng(SEED), **options)
    predicted = scores >= THRESHOLD
    return {
        "auc": float(auc(*samples)),
        "auc_low": float(result.confidence_interval.low),
        "auc_high": float(result.confidence_interval.high),
        "mcc": float(sk.matthews_corrcoef(labels, predicted)),
        "sensitivity": float(predicted[labels == 1].mean()),
        "specificity": float(1 - predicted[labels == 0].mean()),
        "accuracy": float((predicted == labels).mean()),
    }, result.bootstrap_distribution


def board(paths: Sequence[Path], truth: pd.DataFrame) -> pd.DataFrame:
    """Return a row for each hand-in, ranked by AUC; those that are refused come last.

    A rank is one more than the number of files that are clearly better: for which the interval of
    the difference in AUC, both on the same bootstrap samples, lies above 0.
    """
    rows, drawn, orders, refused = [], [], {}, []
    for path in paths:
        name = plain(path.name, 60)
        try:
            if path.suffix.lower() not in (".csv", ".tsv", ".txt"):
                raise Refused("hand in predictions as a .csv file")
            scores = read_predictions(path, truth)
        except Refused as reason:
            refused.append({"file": name, "refused": str(reason)})
            continue
        found, sampled = evaluate(scores, truth["label"].to_numpy())
        drawn.append(sampled)
        notes = ["every AMP is before all others: ask how"] if found["auc"] == 1 else []
        first = orders.setdefault(tuple(rankdata(scores, method="dense")), name)
        notes += [f"the same order as {first}"] if first != name else []
        rows.append({"file": name, **found, "note": "; ".join(notes)})
    for row, mine in zip(rows, drawn, strict=True):
        leads = np.quantile(np.array(drawn) - mine, (1 - CONFIDENCE) / 2, axis=1)
        row["rank"] = 1 + int((leads > 0).sum())
    rows.sort(key=lambda row: (row["rank"], -row["auc"], row["file"]))
    table = pd.DataFrame(rows + refused, columns=["rank", "file", *NUMBERS, "note", "refused"])
    return table.astype({"rank": "Int64", "note": object, "refused": object}).fillna(
        {"note": "", "refused": ""}
    )


def shown(table: pd.DataFrame) -> pd.DataFrame:
    """Return the board as text: numbers with three decimals, empty for files that are refused."""
    text = table.astype({"rank": str})
    text[NUMBERS] = table[NUMBERS].map("{:.3f}".format)
    text.loc[table["refused"] != "", ["rank", *NUMBERS]] = ""
    return text


def to_csv(table: pd.DataFrame) -> str:
    """Return the board as CSV in which a spreadsheet takes no text for a formula."""
    text = ["file", "note", "refused"]
    guarded = table[text].apply(lambda one: one.str.replace(r"^([=+\-@])", r"'\1", regex=True))
    return table.assign(**guarded).to_csv(index=False, float_format="%.6f", lineterminator="\n")


def to_html(table: pd.DataFrame) -> str:
    """Return the board as one page that needs nothing else."""
    with pd.option_context("display.max_colwidth", None):
        return PAGE.format(legend=LEGEND, rows=shown(table).to_html(index=False, border=0))
