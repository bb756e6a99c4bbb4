"""The AMP challenge for a class: make a hidden set, read the teams' predictions, rank them.

A truth is a table of peptides and labels (1 is an AMP), indexed by id. No label leaves this module
but in the truth.csv that `hide()` writes.
"""

import codecs
import io
import re
import unicodedata
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import sklearn.metrics as sk
from rapidfuzz.distance import Levenshtein
from rapidfuzz.process import cdist
from scipy.stats import bootstrap, mannwhitneyu

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


class Refused(ValueError):
    """A file is not accepted; the sentence says why."""


def plain(text: str, longest: int = 40) -> str:
    """Return the start of a text in one line, without what steers a terminal."""
    line = " ".join(text.split())[:longest]
    return "".join("?" if unicodedata.category(one)[0] == "C" else one for one in line)


# ---- tables as people make them ----


def read_table(path: Path) -> pd.DataFrame:
    """Return id and score of a CSV file as people make it; Refused if it has not each once."""
    if path.is_symlink() or not path.is_file():
        raise Refused("it is missing, or a link, a folder or a device: hand in a file")
    if path.stat().st_size > BYTES:
        raise Refused(f"it has {path.stat().st_size:,} bytes; at most {BYTES:,} are allowed")
    data = path.read_bytes()
    wide = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    text = data.decode("utf-16" if wide else "utf-8-sig", errors="replace")
    if "\0" in text or not text.strip():
        raise Refused("it is empty or not text: export the table as CSV")
    for separator in ";\t, ":
        fields = text.strip().splitlines()[0].split(separator)
        names = [one.strip(' "').lower() for one in fields]
        if names.count("id") == names.count("score") == 1:
            break
    else:
        raise Refused("line 1 must name the columns id and score, each once")
    how = {"dtype": str, "keep_default_na": False, "skipinitialspace": True}
    try:
        table = pd.read_csv(io.StringIO(text), sep=separator, **how)
    except pd.errors.ParserError as error:
        raise Refused(f"it is no table: {plain(str(error), 200)}") from None
    table = table.set_axis(names, axis=1)[["id", "score"]].fillna("")
    table = table.apply(lambda column: column.str.strip())
    return table[(table != "").any(axis=1)].reset_index(drop=True)


def read_predictions(path: Path, truth: pd.DataFrame) -> np.ndarray:
    """Return the score of each peptide of a truth; Refused unless a file has one from 0 to 1."""
    table = read_table(path)
    ids, scores = table["id"], table["score"].set_axis(table["id"])
    for name in ids[~ids.isin(truth.index)]:
        hint = "decimal commas need ; between the columns"
        raise Refused(f"the id {plain(name)!r} is not in the test set ({hint})")
    for name in ids[ids.duplicated()]:
        raise Refused(f"the id {name!r} comes twice")
    if len(missing := truth.index.difference(ids)):
        raise Refused(f"{len(missing)} of {len(truth)} ids are missing, the first is {missing[0]}")
    number = pd.to_numeric(scores.str.replace(",", "."), errors="coerce")
    for name in number.index[~number.between(0, 1)]:
        raise Refused(f"the score {plain(scores[name])!r} of {name} is not a number from 0 to 1")
    return number[truth.index].to_numpy()


# ---- the truth ----


def read_list(path: Path) -> list[str]:
    """Return the peptides of a text file with one a line, in capitals; Refused if one is none."""
    peptides = path.read_text(encoding="utf-8-sig", errors="replace").upper().split()
    for one in peptides:
        if not re.fullmatch(PEPTIDE, one):
            raise Refused(f"{path}: {plain(one)!r} is not a peptide")
    return peptides


def public_truth() -> pd.DataFrame:
    """Return the test set of exercise 14: the last fifth of each of the course's lists."""
    parts = []
    for kind, label in KINDS.items():
        peptides = read_list(SHARED / "peptides" / f"{kind}.train.txt")
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


def read_truth(path: Path) -> pd.DataFrame:
    """Return the hidden set that `hide()` has written; ValueError where a file is none."""
    truth = pd.read_csv(path, keep_default_na=False)
    if [*truth] != ["id", "peptide", "label"] or {*truth["label"]} != {0, 1}:
        raise Refused(f"{path} is no truth.csv, as `deeptwins amp hide` writes it")
    return truth.set_index("id", verify_integrity=True)


def hide(amps: Path, others: Path, folder: Path) -> tuple[Path, Path]:
    """Make peptides.csv for teams and truth.csv to keep, with ids that do not tell the class."""
    lists = [read_list(path) for path in (others, amps)]
    peptides = sorted(lists[0] + lists[1])
    if min(map(len, lists)) < SMALLEST_CLASS:
        raise Refused(f"a class has fewer than {SMALLEST_CLASS} peptides")
    if len(set(peptides)) < len(peptides):
        raise Refused("a peptide is there twice")
    if near := near_copies(peptides):
        raise Refused(
            f"{len(near)} of the peptides are {ALIKE:.0%} or more like one in the course's own "
            f"lists, the first is {near[0]}: take them out"
        )
    shown, kept = folder / "peptides.csv", folder / "truth.csv"
    if shown.exists() or kept.exists():
        raise Refused(f"{folder} has a hidden set already")
    ids = pd.Index([f"P{number:05}" for number in range(1, len(peptides) + 1)], name="id")
    truth = pd.DataFrame({"peptide": peptides}, index=ids)
    files.write_text(shown, truth.to_csv(lineterminator="\n"))
    truth["label"] = truth["peptide"].isin(lists[1]).astype(int)
    files.write_text(kept, truth.to_csv(lineterminator="\n"))
    kept.chmod(0o600)
    return shown, kept


# ---- the board ----


def auc(amps: np.ndarray, others: np.ndarray, axis: int = -1) -> np.ndarray:
    """Return the AUC from the scores of AMPs and of others: Mann and Whitney's U of all pairs."""
    u = mannwhitneyu(amps, others, axis=axis, method="asymptotic").statistic
    return u / (amps.shape[axis] * others.shape[axis])


def evaluate(scores: np.ndarray, labels: np.ndarray) -> tuple[dict[str, float], np.ndarray]:
    """Return metrics of scores, and the AUC of each bootstrap sample, the same for every file."""
    samples = scores[labels == 1], scores[labels == 0]
    options = {"n_resamples": RESAMPLES, "confidence_level": CONFIDENCE, "method": "percentile"}
    result = bootstrap(samples, auc, batch=100, rng=np.random.default_rng(SEED), **options)
    right = (predicted := scores >= THRESHOLD) == labels
    found = [auc(*samples), *result.confidence_interval, sk.matthews_corrcoef(labels, predicted)]
    found += [right[labels == 1].mean(), right[labels == 0].mean(), right.mean()]
    return dict(zip(NUMBERS, map(float, found), strict=True)), result.bootstrap_distribution


def board(paths: Sequence[Path], truth: pd.DataFrame) -> pd.DataFrame:
    """Return a row for each hand-in, ranked as LEGEND says; those that are refused come last."""
    rows, drawn, refused = [], [], []
    for path in paths:
        name = plain(path.name, 60)
        try:
            scores = read_predictions(path, truth)
        except Refused as reason:
            refused.append({"rank": "", "file": name, "refused": str(reason)})
            continue
        found, sampled = evaluate(scores, truth["label"].to_numpy())
        drawn.append(sampled)
        rows.append({"file": name, **found})
    for row, mine in zip(rows, drawn, strict=True):
        leads = np.quantile(np.array(drawn) - mine, (1 - CONFIDENCE) / 2, axis=1)
        row["rank"] = 1 + int((leads > 0).sum())
    rows.sort(key=lambda row: (row["rank"], -row["auc"], row["file"]))
    table = pd.DataFrame(rows + refused, columns=["rank", "file", *NUMBERS, "refused"])
    return table.fillna({"refused": ""})


def to_csv(table: pd.DataFrame) -> str:
    """Return the board as CSV in which a spreadsheet takes no text for a formula."""
    guarded = table["file"].str.replace(r"^([=+\-@])", r"'\1", regex=True)
    return table.assign(file=guarded).to_csv(index=False, float_format="%.6f", lineterminator="\n")
