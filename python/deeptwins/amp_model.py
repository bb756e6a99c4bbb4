"""Scores of a stranger's .keras model, which only a shut-in process opens: amp_child.py."""

import contextlib
import json
import os
import selectors
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from deeptwins.amp import Refused, Truth, plain, read_limited
from deeptwins.messages import AMINO_ACIDS

CHILD = Path(__file__).with_name("amp_child.py")
MODEL_BYTES = 50_000_000  # of the archive, and of what it unpacks to
MEMORY = 6 << 30
SECONDS = 60  # of processor time; by the clock a busy machine may take PATIENCE times as long
PATIENCE = 5
WALLS = {
    "network": "the network stays open to models on this machine (no user namespaces)",
    "files": "the files of this machine stay open to models (no Landlock)",
}


def encode(peptides: tuple[str, ...]) -> np.ndarray:
    """Return the peptides as numbers, as exercise 11 has them, filled up in front with 0."""
    rows = np.zeros((len(peptides), max(map(len, peptides))), np.int32)
    for row, peptide in zip(rows, peptides, strict=True):
        row[len(row) - len(peptide) :] = [AMINO_ACIDS.index(letter) for letter in peptide]
    return rows


def judge(path: Path, truth: Truth, seconds: int = SECONDS) -> tuple[np.ndarray, list[str]]:
    """Return a model's score for each peptide, and which walls this machine does not have.

    The labels stay in this process.

    Raises
    ------
    Refused
        The model is not taken, broke a limit or gave no scores from 0 to 1.
    """
    if sys.platform != "linux":
        raise Refused(
            "models are run on Linux only, where their process can be limited; "
            "predictions are taken everywhere"
        )
    content = read_limited(path, MODEL_BYTES)
    with tempfile.TemporaryDirectory(prefix="deeptwins-amp-") as name:
        folder = Path(name).resolve()
        (folder / "model.keras").write_bytes(content)
        np.save(folder / "x.npy", encode(truth.peptides), allow_pickle=False)
        line = _run(folder, seconds, answer_bytes=1000 + 40 * len(truth.ids))
    try:
        found = json.loads(line)
        if "refused" in found:
            raise Refused(plain(str(found["refused"]), 300))
        scores = np.asarray(found["scores"], float)
        walls = [WALLS[wall] for wall in found["open"]]
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
        raise Refused("its process gave no answer that can be read") from None
    if scores.shape != (len(truth.ids),):
        raise Refused("it does not give one score for each peptide")
    if not (np.isfinite(scores).all() and scores.min() >= 0 and scores.max() <= 1):
        raise Refused("its scores do not all lie from 0 to 1")
    # Six decimals, as exercise 11 hands in: a model and its own predictions are equal.
    return scores.round(6), walls


def _run(folder: Path, seconds: int, answer_bytes: int) -> bytes:
    """Return what the shut-in process wrote; Refused where it broke a limit."""
    limits = map(str, (seconds, MEMORY, MODEL_BYTES))
    process = subprocess.Popen(
        [sys.executable, "-I", str(CHILD), str(folder), *limits],
        cwd=folder,
        env={
            "HOME": str(folder),
            "TMPDIR": str(folder),
            "KERAS_HOME": str(folder),
            "KERAS_BACKEND": "tensorflow",
            "LC_ALL": "C.UTF-8",
            "CUDA_VISIBLE_DEVICES": "-1",
            "TF_CPP_MIN_LOG_LEVEL": "3",
            "TF_NUM_INTRAOP_THREADS": "1",
            "TF_NUM_INTEROP_THREADS": "1",
            "OMP_NUM_THREADS": "1",
            "MALLOC_ARENA_MAX": "2",  # address space is counted, and each arena takes some
        },
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        line = _read(process.stdout, time.monotonic() + PATIENCE * seconds, answer_bytes)
        if line:
            return line
        status = process.wait(timeout=3)
    except (TimeoutError, subprocess.TimeoutExpired):
        raise Refused(f"it was not done after {PATIENCE * seconds} seconds") from None
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        process.stdout.close()
    if -status == signal.SIGXCPU:
        raise Refused(f"it was stopped after {seconds} seconds of processor time")
    raise Refused(
        f"its process broke down (status {status}), most likely at the limit "
        f"of {MEMORY >> 30} GB of memory"
    )


def _read(stream, deadline: float, limit: int) -> bytes:
    """Return what comes before the stream ends; TimeoutError at the deadline."""
    found = b""
    with selectors.DefaultSelector() as selector:
        selector.register(stream, selectors.EVENT_READ)
        while not found.endswith(b"\n"):
            if not selector.select(max(0.0, deadline - time.monotonic())):
                raise TimeoutError
            block = os.read(stream.fileno(), 1 << 16)
            if not block:
                break
            found += block
            if len(found) > limit:
                raise Refused("its process wrote more than an answer")
    return found
