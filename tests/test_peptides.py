"""Exercises 12 and 14 read peptides of strangers: both twins alike, or they say what is wrong."""

import json
import random

import pytest
from helpers import execute, interpreter, source

from deeptwins import sections
from deeptwins.paths import LANGUAGES

rng = random.Random(1)
PEPTIDES = ["".join(rng.choices("ACDEFGHIKLMNPQRSTVWY", k=rng.randint(10, 60))) for _ in range(50)]


def fasta(peptides, width, end="\n"):
    """Return FASTA with lines of at most so many letters."""
    wrapped = [[one[i : i + width] for i in range(0, len(one), width)] for one in peptides]
    return "".join(f">name {i}{end}" + end.join([*one, ""]) for i, one in enumerate(wrapped))


def files(peptides):
    """Return files (text in UTF-8, or bytes), and the peptides in each or what is said of it."""
    plain, named = "\n".join([*peptides, ""]), fasta(peptides, 60)
    stars = fasta([f"{one}**" for one in peptides], 70, " \t\n ")
    return {
        "one a line": (plain, peptides),
        "no end of the last line": (plain.strip(), peptides),
        "small letters, blank lines": (plain.lower().replace("\n", "  \n\n \t\n"), peptides),
        "FASTA, stars, blanks, the first without a name": (stars.partition("\n")[2], peptides),
        "wrapped, blank lines": ("\n" + fasta(peptides, 10, "\n\n"), peptides),
        "Windows": ("\ufeff" + fasta(peptides, 10, "\r\n"), peptides),
        "Windows, one a line": ("\ufeff" + plain.replace("\n", "\r\n"), peptides),
        "names in other scripts": (named.replace("name", "Übung β"), peptides),
        "names in Latin-1": (named.replace("name", "Übung").encode("latin-1"), peptides),
        "a name without a peptide": (named + ">none\n\n", peptides),
        "a star alone": ("*\n" + plain, peptides),
        "a gap": (plain + "ACD-EF\n", "Not a peptide: ACD-EF"),
        "a table": (plain + "p1,ACDEF\n", "Not a peptide: p1,ACDEF"),
        "an inner stop": (plain + "ACD*EF\n", "Not a peptide: ACD*EF"),
        "an inner stop between lines": (fasta(["AC*DE*", *peptides], 3), "Not a peptide: AC*DE"),
        "a blank inside": (plain + "ACD EF\n", "Not a peptide: ACD EF"),
        "a long dash": (plain + "ACD–EF\n", "Not a peptide: ACD"),
        "a dash at the start": ("\ufeff–ACDEF\n" + plain, "Not a peptide: "),
        "a blank of Word": (plain + "ACDEF\u00a0\n", "Not a peptide: ACDEF"),
        "letters that have other capitals": (plain + "ACßEF\n", "Not a peptide: AC"),
        "a letter in Latin-1": ((plain + "ACÄEF\n").encode("latin-1"), "Not a peptide: AC"),
        # Of these letters five become X.
        "unclear letters": ("XUBZJOA\n" + plain, ["XXXXXXA", *peptides]),
    }


FEW = {
    "few": ("\n".join(PEPTIDES[:49]), "has fewer than 50 peptides"),
    "nothing": ("", "has fewer than 50 peptides"),
}
ENDS = {  # what reads each file that is named, and prints the peptides as JSON
    "python": """
import json, sys
def attempt(path):
    try:
        return partition(path, LABEL)["peptide"].tolist()
    except ValueError as error:
        return str(error)
json.dump([attempt(one) for one in sys.argv[1:]], open("found.json", "w"))
""",
    "r": """
attempt <- \\(path) tryCatch(
  partition(path, LABEL)$peptide, error = conditionMessage)
found <- lapply(commandArgs(TRUE), attempt)
jsonlite::write_json(found, "found.json", auto_unbox = TRUE)
""",
}


PAIRS = [("12_cnn_lstm", "1"), ("14_amp_challenge", "'AMP'")]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("exercise", "label"), PAIRS)
def test_files_of_strangers_are_read_alike_in_both_languages(tmp_path, language, exercise, label):
    """The sections `constants`, `read` and the function of `load` are run as they stand."""
    parts = sections.of_script(source(exercise, language))
    function = parts["load"].partition("\nsets ")[0]
    start = "import numpy as np\nimport pandas as pd\n" if language == "python" else ""
    code = "\n".join([start, parts["constants"], parts["read"], function, ENDS[language]])
    script = tmp_path / ("read.py" if language == "python" else "read.R")
    script.write_text(code.replace("LABEL", label), encoding="utf-8")
    cases = files(PEPTIDES) | FEW
    paths = [tmp_path / f"{number}.txt" for number in range(len(cases))]
    for path, (text, _) in zip(paths, cases.values(), strict=True):
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    done = execute(interpreter(language), script.name, *paths, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    found = json.loads((tmp_path / "found.json").read_text(encoding="utf-8"))
    for (name, (_, expected)), got in zip(cases.items(), found, strict=True):
        if isinstance(expected, str):
            assert expected in got, name
        else:
            assert got == [one[:50] for one in expected], name
    cut = sum(len(one) > 50 for one in PEPTIDES)
    printed = " ".join(done.stdout.replace("-", "").split())
    assert f"peptides: 51 letters made X: 5 cut: {cut}" in printed
