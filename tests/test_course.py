"""The course hangs together: scripts, chapters, slides, plans and links name the same exercises."""

import re

import helpers
import pytest
import yaml

import plans
from deeptwins import catalog
from deeptwins.paths import BOOK, ROOT

EXERCISES = catalog.exercises(solutions=False)
NUMBERS = {int(one[:2]): one for one in EXERCISES}
BOOK_OF = yaml.safe_load(helpers.read("_quarto.yml"))["book"]
PARTS = {
    one["part"]: [int(page[5:7]) for page in one["chapters"] if re.match(r"book/\d\d_", page)]
    for one in BOOK_OF["chapters"]
    if isinstance(one, dict)
}
TEXTS = (".qmd", ".md", ".py", ".R", ".yml", ".yaml", ".toml")


def texts():
    """Return the text of every file that is kept in the repository, by its name."""
    listed = helpers.execute("git", "ls-files", cwd=ROOT).stdout.split()
    return {
        name: helpers.read(name)
        for name in listed
        if name.endswith(TEXTS) and (ROOT / name).is_file() and name != "CHANGELOG.md"
    }


def test_every_exercise_has_a_chapter_and_the_chapters_are_in_order():
    pages = sorted(page.stem for page in BOOK.glob("[0-9][0-9]_*.qmd"))
    assert pages == EXERCISES
    assert [number for numbers in PARTS.values() for number in numbers] == sorted(NUMBERS)


def test_no_file_names_an_exercise_that_is_not_there():
    known = {*EXERCISES, "19_nearest"}  # the worked example of teach_exercise.qmd
    stems = "|".join(sorted({one[3:] for one in known}))
    ways = {  # to name an exercise, and those that can be meant
        rf"(?<![\w/-])(?:solutions/)?(\d\d_(?:{stems}))(?!\w)": known,
        r"\((?:\.\./)?(?:book/)?(\d\d_\w+)\.(?:qmd|html)": {*EXERCISES},
    }
    wrong = {
        (name, found)
        for name, text in texts().items()
        for way, meant in ways.items()
        for found in set(re.findall(way, text)) - meant
    }
    assert not wrong


def test_a_link_to_a_chapter_says_its_number():
    link = re.compile(r"\[[Cc]hapter (\d+)[^\]]*\]\((?:\.\./)?(?:book/)?(\d\d)_\w+\.(?:qmd|html)")
    found = [(name, *pair) for name, text in texts().items() for pair in link.findall(text)]
    assert len(found) > 30
    assert [one for one in found if int(one[1]) != int(one[2])] == []
    plain = re.compile(r"\bchapters? (\d+)(?: (?:to|and) (\d+))?", re.I)
    for name, text in texts().items():
        if name.startswith(("book/", "index", "README")):
            for numbers in plain.findall(text):
                assert {int(one) for one in numbers if one} <= NUMBERS.keys(), (name, numbers)


@pytest.mark.parametrize("file", sorted((BOOK / "slides").glob("*.qmd")), ids=lambda one: one.stem)
def test_the_slides_of_a_chapter_show_that_chapter_and_a_plan_shows_each(file):
    assert set(re.findall(r"< fragment (\w+)/", file.read_text("utf-8"))) <= {file.stem}
    days = plans.days().values()
    steps = [step for day in days for one in day["sessions"] for step in one.get("steps", ())]
    used = [step["slides"].split() for step in steps if step.get("show") == file.stem]
    assert {name for names in used for name in names} == helpers.slides_of(file.stem).keys()


# ---- terms ----

ENTRY = re.compile(r"^(?!:)(\w[^\n]*)\n:   ([^\n]*)", re.M)
ENTRIES = ENTRY.findall(helpers.read("book/appendix_glossary.qmd"))
# A term of the proof, which no chapter explains.
ELSEWHERE = {"Data card"}
# An entry with two names, or one that the chapters write otherwise.
ALSO = {
    "Converge": ("converged",),
    "Depthwise, pointwise": ("depthwise", "pointwise"),
    "False positive, false negative": ("false positive", "false negative"),
    "Freeze": ("freeze", "frozen"),
    "Interval, 95 %": ("95 % interval",),
    "L1, L2": ("L1", "L2"),
    "MCC": ("Matthews' correlation coefficient",),
    "Macro, micro average": ("macro", "micro"),
    "SGD": ("stochastic gradient descent",),
    "True positive, true negative": ("true positive", "true negative"),
}


def prose(number):
    """Return a chapter's words without code, links' targets, headings and the first box."""
    text = helpers.read(f"book/{NUMBERS[number]}.qmd")
    text = re.sub(r"\A---.*?^---$", "", text, flags=re.S | re.M)
    text = re.sub(r"^::: \{\.callout-note.*?^:::$", "", text, count=1, flags=re.S | re.M)
    text = re.sub(r"^```.*?^```$|`[^`\n]*`|\]\([^)]*\)|\{[^}\n]*\}", "", text, flags=re.S | re.M)
    return re.sub(r"^#.*$|!\[.*$", "", text, flags=re.M)


def introduced():
    """Return for each term the first chapter that has it in its text, and whether in bold."""
    found = {}
    for number in sorted(NUMBERS):
        text = prose(number)
        bold = " ".join(re.findall(r"\*\*([^*]+)\*\*", text)).lower()
        for term, _ in ENTRIES:
            used = [
                one
                for one in ALSO.get(term, (term,))
                if re.search(rf"\b{re.escape(one)}(?:e?s|ed)?\b", text, re.I)
            ]
            if used and term not in found:
                found[term] = number, any(one.lower() in bold for one in used)
    return found


def test_a_term_is_explained_where_the_first_chapter_uses_it():
    """A term of the glossary stands in bold in the first chapter that has it in its text."""
    terms = {term for term, _ in ENTRIES} - ELSEWHERE
    assert len(terms) >= 70
    found = introduced()
    assert terms - found.keys() == set()
    assert {term: found[term][0] for term in terms if not found[term][1]} == {}


def test_an_entry_of_the_glossary_links_to_the_chapter_that_introduces_it():
    links = {
        term: f"[chapter {number}]({NUMBERS[number]}.qmd"
        for term, (number, _) in introduced().items()
        if term not in ELSEWHERE
    }
    wrong = [term for term, body in ENTRIES if links.get(term, "") not in body]
    assert not wrong, "\n".join(f"{term}: See {links[term]})." for term in wrong)


def test_the_glossary_is_in_alphabetical_order_and_has_no_entry_twice():
    terms = [re.sub(r"[^a-z0-9 ]", "", term.lower()) for term, _ in ENTRIES]
    assert terms == sorted(set(terms))
