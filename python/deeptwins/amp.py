"""The AMP challenge for a class: read what was handed in, judge it, rank it.

A truth is a list of peptides with their labels: the public test part of
exercise 11, or a hidden set of the instructor's. What was handed in is hostile
until it is read. No label, no id and no peptide of a truth leaves this module
but in what `hide()` writes.
"""

import csv
import itertools
import os
import re
import stat
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from deeptwins import datasets, files
from deeptwins.messages import AMINO_ACIDS
from deeptwins.readers import read_peptides

KINDS = ("AMP", "DECOY")
THRESHOLD = 0.5
METRICS = ("auc", "mcc", "sensitivity", "specificity", "accuracy")

RESAMPLES = 1000
CONFIDENCE = 0.95
SEED = 11

HEADER = ["id", "score"]
TRUTH_HEADER = ["id", "peptide", "label"]
CSV_BYTES = 5_000_000
LINE = 200
SMALLEST_CLASS = 10
LARGEST_TRUTH = 10_000
LONGEST_PEPTIDE = 1_000


class Refused(Exception):
    """A file is not taken; the sentence says why."""


def plain(text: str, longest: int) -> str:
    """Return text in one line without anything that could steer a terminal or turn the line round.

    It still has to be escaped for rich, HTML or a spreadsheet.
    """
    shown = " ".join(
        "".join("?" if unicodedata.category(one)[0] == "C" else one for one in word)
        for word in text.split()
    )
    return shown if len(shown) <= longest else shown[: longest - 1] + "…"


# ---- the truth ----


@dataclass(frozen=True)
class Truth:
    """Peptides and their labels. Ordered by peptide, which tells nothing of the class."""

    ids: tuple[str, ...]
    peptides: tuple[str, ...]
    labels: np.ndarray = field(repr=False)

    @classmethod
    def of(cls, rows: list[tuple[str, str, int]]) -> "Truth":
        """Return the truth of rows of id, peptide and label."""
        rows = sorted(rows, key=lambda row: row[1])
        ids, peptides, labels = zip(*rows, strict=True)
        return cls(ids, peptides, np.array(labels))


def public_truth(variant: str) -> Truth:
    """Return the test part of exercise 11, of the mini or the full data."""
    found = datasets.full("peptides") if variant == "full" else datasets.mini("peptides")
    rows = []
    for kind in KINDS:
        peptides = read_peptides(found.path / f"{kind}.train.txt")
        fifth = len(peptides) // 5
        rows += [
            (f"{kind}-{line}", peptide, int(kind == KINDS[0]))
            for line, peptide in enumerate(peptides, start=1)
            if line > len(peptides) - fifth
        ]
    return Truth.of(rows)


def _known_peptides() -> set[str]:
    folder = datasets.mini("peptides").path
    return {one for kind in KINDS for one in read_peptides(folder / f"{kind}.train.txt")}


def _check_hidden(rows: list[tuple[str, str, int]]) -> None:
    """Raise Refused where a set is no good as a hidden one."""
    peptides = [peptide for _, peptide, _ in rows]
    labels = [label for _, _, label in rows]
    if min(labels.count(0), labels.count(1)) < SMALLEST_CLASS:
        raise Refused(f"it has fewer than {SMALLEST_CLASS} peptides of a class")
    if len(rows) > LARGEST_TRUTH:
        raise Refused(f"it has more than {LARGEST_TRUTH:,} peptides")
    if len({row[0] for row in rows}) < len(rows):
        raise Refused("it has an id twice")
    if len(set(peptides)) < len(rows):
        raise Refused("it has a peptide twice")
    if max(map(len, peptides)) > LONGEST_PEPTIDE:
        raise Refused(f"it has a peptide of more than {LONGEST_PEPTIDE:,} letters")
    if known := len(_known_peptides().intersection(peptides)):
        raise Refused(
            f"{known} of its peptides are in the course's own lists, where all can look them up"
        )
    by_id = [label for _, label in sorted((_natural(row[0]), row[2]) for row in rows)]
    if sum(one != other for one, other in itertools.pairwise(by_id)) == 1:
        raise Refused("its ids tell the class: sorted by id, one class comes after the other")


def _natural(name: str) -> list[tuple[int, str]]:
    """Return a key that sorts P2 before P10."""
    return [
        (int(part), "") if part.isdigit() else (-1, part)
        for part in re.findall(r"[0-9]+|[^0-9]+", name)
    ]


def read_truth(path: Path) -> Truth:
    """Return a hidden set from a CSV file with the columns id, peptide and label (1 is an AMP).

    Raises
    ------
    Refused
        It cannot be read, or it is no good as a hidden set.
    """
    rows = []
    for number, (name, peptide, label) in _rows(path, TRUTH_HEADER, CSV_BYTES, LARGEST_TRUTH):
        if label not in ("0", "1"):
            raise Refused(f"line {number}: a label is 0 or 1")
        if not peptide or not set(peptide) <= set(AMINO_ACIDS):
            raise Refused(f"line {number}: this is no peptide in capital letters")
        rows.append((name, peptide, int(label)))
    _check_hidden(rows)
    return Truth.of(rows)


def hide(amps: Path, others: Path, folder: Path) -> list[Path]:
    """Make a hidden set of two lists of peptides: peptides.csv for the teams, truth.csv to keep.

    The ids go by the alphabet, so neither they nor the order tell the class.

    Raises
    ------
    Refused
        The lists are no good as a hidden set, or one of the files is there already.
    ValueError, FileNotFoundError
        A list cannot be read.
    """
    both = [(peptide, 1) for peptide in read_peptides(amps)]
    both += [(peptide, 0) for peptide in read_peptides(others)]
    rows = [
        (f"P{number:05}", peptide, label)
        for number, (peptide, label) in enumerate(sorted(both), start=1)
    ]
    _check_hidden(rows)
    paths = [folder / "peptides.csv", folder / "truth.csv"]
    if there := [path for path in paths if path.exists()]:
        raise Refused(f"{there[0]} is there already")
    lines = [",".join(TRUTH_HEADER)] + [f"{row[0]},{row[1]},{row[2]}" for row in rows]
    files.write_text(paths[1], "\n".join(lines) + "\n", mode=0o600)
    lines = [",".join(TRUTH_HEADER[:2])] + [f"{row[0]},{row[1]}" for row in rows]
    files.write_text(paths[0], "\n".join(lines) + "\n")
    return paths


# ---- what was handed in ----


def _open(path: Path, limit: int) -> int:
    """Return a descriptor of a plain file of at most `limit` bytes; Refused where it is none."""
    if path.is_symlink():
        raise Refused("it is a symbolic link")
    try:
        # Without waiting: a named pipe would never answer.
        flags = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOFOLLOW", 0)
        opened = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0) | flags)
    except OSError as error:
        raise Refused(f"it cannot be opened: {error.strerror}") from None
    status = os.fstat(opened)
    reason = None
    if not stat.S_ISREG(status.st_mode):
        reason = "it is no plain file"
    elif not status.st_size:
        reason = "it is empty"
    elif status.st_size > limit:
        reason = f"it has {status.st_size:,} bytes; {limit:,} are allowed"
    if reason:
        os.close(opened)
        raise Refused(reason)
    return opened


def read_limited(path: Path, limit: int) -> bytes:
    """Return the content of a plain file; Refused where it is none, or has more bytes."""
    with os.fdopen(_open(path, limit), "rb") as stream:
        return stream.read(limit)


def _rows(path: Path, header: list[str], size: int, most: int):
    """Yield the number and the fields of each line of a strict CSV file, one line at a time."""
    with os.fdopen(_open(path, size), "rb") as stream:
        for number in range(1, most + 3):
            line = stream.readline(LINE if header == HEADER else LINE + LONGEST_PEPTIDE)
            if not line:
                if number == 1:
                    raise Refused("it is empty")
                return
            fields = _fields(line, number, stream)
            if number == 1:
                if fields != header:
                    raise Refused(
                        f"its first line must be {','.join(header)}; "
                        f"it is {plain(','.join(fields), 60)!r}"
                    )
            elif number == most + 2:
                raise Refused(f"it has more than {most:,} lines after the first")
            elif len(fields) != len(header):
                raise Refused(f"line {number}: {len(header)} fields are needed, not {len(fields)}")
            else:
                yield number, fields


def _fields(line: bytes, number: int, stream) -> list[str]:
    if number == 1 and line.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")):
        raise Refused("it begins with a byte order mark: save it as plain UTF-8 text")
    if not line.endswith(b"\n") and stream.peek(1):
        raise Refused(f"line {number} is too long")
    try:
        text = line.decode("utf-8").removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError:
        raise Refused(f"line {number} is no UTF-8 text") from None
    if any(unicodedata.category(one) == "Cc" for one in text):
        raise Refused(f"line {number} has a control character")
    try:
        return next(csv.reader([text], strict=True), [])
    except csv.Error:
        raise Refused(f"line {number} is no CSV") from None


def read_predictions(path: Path, truth: Truth) -> np.ndarray:
    """Return the score of each peptide of a truth from a CSV file with the columns id and score.

    It is read line by line, and no further than the first line that is wrong.

    Raises
    ------
    Refused
        Anything but one number from 0 to 1 for each id.
    """
    place = {name: row for row, name in enumerate(truth.ids)}
    scores = np.full(len(place), np.nan)
    for number, (name, text) in _rows(path, HEADER, CSV_BYTES, len(place)):
        if name not in place:
            raise Refused(f"line {number}: the id {plain(name, 40)!r} is not in the test set")
        if not np.isnan(scores[place[name]]):
            raise Refused(f"line {number}: the id {plain(name, 40)!r} comes twice")
        if not re.fullmatch(r"[0-9]{1,20}(\.[0-9]{0,30})?([eE][+-]?[0-9]{1,3})?", text):
            raise Refused(f"line {number}: {plain(text, 40)!r} is no number from 0 to 1")
        score = float(text)
        if not 0 <= score <= 1:
            raise Refused(f"line {number}: {plain(text, 40)!r} does not lie from 0 to 1")
        scores[place[name]] = score
    if missing := int(np.isnan(scores).sum()):
        raise Refused(f"{missing} of the {len(place)} ids have no score")
    return scores.round(6)


# ---- metrics and their intervals ----


@dataclass(frozen=True)
class Interval:
    """A metric and its bootstrap interval; None where it is undefined."""

    value: float | None
    low: float | None
    high: float | None


def resamples(labels: np.ndarray) -> np.ndarray:
    """Return how often each peptide is drawn, a row for each bootstrap sample.

    Each class is drawn for itself, as many as it has: a sample without one of
    the classes would have no AUC. All files are judged on the same samples.
    """
    random = np.random.default_rng(SEED)
    counts = np.zeros((RESAMPLES, len(labels)))
    for label in (0, 1):
        members = np.flatnonzero(labels == label)
        share = np.full(len(members), 1 / len(members))
        counts[:, members] = random.multinomial(len(members), share, RESAMPLES)
    return counts


def metrics(scores: np.ndarray, labels: np.ndarray, counts: np.ndarray) -> dict[str, np.ndarray]:
    """Return each metric for each row of counts, which says how often a peptide is taken.

    NaN where a metric is undefined. The AUC is the share of the pairs of an
    AMP and another in which the AMP has the higher score, equal ones half.
    """
    positive, predicted = labels == 1, scores >= THRESHOLD
    tp = counts @ (positive & predicted)
    fn = counts @ (positive & ~predicted)
    fp = counts @ (~positive & predicted)
    tn = counts @ (~positive & ~predicted)
    order = np.argsort(scores, kind="stable")
    _, starts = np.unique(scores[order], return_index=True)
    amps = np.add.reduceat((counts * positive)[:, order], starts, axis=1)
    others = np.add.reduceat((counts * ~positive)[:, order], starts, axis=1)
    below = np.cumsum(others, axis=1) - others
    with np.errstate(invalid="ignore", divide="ignore"):
        return {
            "auc": (amps * (below + others / 2)).sum(axis=1) / ((tp + fn) * (fp + tn)),
            "mcc": (tp * tn - fp * fn) / np.sqrt((tp + fp) * (tp + fn) * (tn + fp) * (tn + fn)),
            "sensitivity": tp / (tp + fn),
            "specificity": tn / (tn + fp),
            "accuracy": (tp + tn) / (tp + fn + fp + tn),
        }


def _interval(value: float, sampled: np.ndarray) -> Interval:
    defined = sampled[~np.isnan(sampled)]
    if np.isnan(value) or not len(defined):
        return Interval(None, None, None)
    edge = (1 - CONFIDENCE) / 2
    low, high = np.quantile(defined, [edge, 1 - edge])
    return Interval(float(value), float(low), float(high))


# ---- the board ----


@dataclass
class Entry:
    """A file that was handed in: judged, or refused with a reason."""

    file: str
    refused: str | None = None
    metrics: dict[str, Interval] = field(default_factory=dict)
    rank: int | None = None
    notes: list[str] = field(default_factory=list)


Model = Callable[[Path, Truth], tuple[np.ndarray, list[str]]]


def board(paths: Sequence[Path], truth: Truth, model: Model) -> tuple[list[Entry], list[str]]:
    """Judge files and rank them by AUC, and return the walls that models did not have.

    A rank is one more than the number of files that are told apart from this
    one as better: of which the interval of the difference in AUC, both on the
    same bootstrap samples, lies above 0. Files that are not told apart from a
    better one share its rank. `model` judges a .keras file.
    """
    counts = resamples(truth.labels)
    once = np.ones((1, len(truth.labels)))
    entries, aucs, orders, missing = [], [], [], []
    for path in paths:
        entry = Entry(plain(path.name, 60))
        entries.append(entry)
        try:
            if path.suffix.lower() == ".keras":
                scores, walls = model(path, truth)
                missing += [wall for wall in walls if wall not in missing]
            elif path.suffix.lower() == ".csv":
                scores = read_predictions(path, truth)
            else:
                raise Refused("only .csv and .keras files are taken")
            point = {
                name: float(one[0]) for name, one in metrics(scores, truth.labels, once).items()
            }
            _refuse_labels(scores, point["auc"])
        except Refused as reason:
            entry.refused = str(reason)
            continue
        sampled = metrics(scores, truth.labels, counts)
        entry.metrics = {name: _interval(point[name], sampled[name]) for name in METRICS}
        if point["auc"] == 1:
            entry.notes.append("no peptide in the wrong place: ask how")
        order = np.unique(scores, return_inverse=True)[1]
        same = [other.file for other, known in orders if np.array_equal(order, known)]
        if same:
            entry.notes.append(f"puts the peptides in the very order of {same[0]}")
        orders.append((entry, order))
        aucs.append(sampled["auc"])
    judged = [entry for entry, _ in orders]
    for entry, mine in zip(judged, aucs, strict=True):
        leads = np.quantile(np.array(aucs) - mine, (1 - CONFIDENCE) / 2, axis=1)
        entry.rank = 1 + int((leads > 0).sum())
    judged.sort(key=lambda entry: (entry.rank, -entry.metrics["auc"].value, entry.file))
    return judged + [entry for entry in entries if entry.refused], missing


def _refuse_labels(scores: np.ndarray, auc: float) -> None:
    if len(np.unique(scores)) == 2 and auc in (0, 1):
        raise Refused("its scores are the true labels: two values, and every one in its place")
