"""The instructors' slides: whole, with notes and times, and nothing left of the book's Markdown."""

import re

import pytest

import decks
import plans
from deeptwins.book import BookError, site

DECKS = list(plans.days())
# What the website's Markdown has and nothing else understands.
LEFT = re.compile(r"\{\{<|:::|@(?:fig|tbl|sec|eq)-|\.qmd\b|panel-tabset\"? group")


@pytest.fixture(scope="module")
def made(sources):
    """The folder with the slides."""
    for package in ("pypandoc", "pyreveal"):
        pytest.importorskip(package, reason=f"{package} is missing; no slides")
    return decks.SLIDES


@pytest.mark.parametrize("deck", DECKS)
def test_every_slide_has_notes_and_a_time(made, deck):
    text = (made / f"{deck}.html").read_text(encoding="utf-8")
    sections = re.findall(r"<section\b(.*?)</section>", text, re.S)
    steps = [step for one in plans.days()[deck]["sessions"] for step in one.get("steps", ())]
    shown = [1 if "task" in step else len(step["slides"].split()) for step in steps]
    assert len(sections) == 1 + sum(shown)
    for one in sections[1:]:
        head, notes = one.split(">")[0], one.partition('<aside class="notes">')[2]
        assert re.search(r'data-timing="\d+"', head), one[:80]
        task = ' task"' in head
        said = ("Answer", "If somebody is stuck") if task else ("Say", "Show live", "Goes wrong")
        assert re.findall(r"<p><strong>(.*?)\.</strong>", notes) == list(said), one[:80]
        assert ('class="minutes">' in one) == task
    assert not LEFT.search(text)
    named = re.findall(r' id="([^"]+)"', text)
    assert len(named) == len(set(named))
    for picture in re.findall(r"<img[^>]*>", text):
        place = re.search(r'src="([^"]+)"', picture)[1]
        assert re.match(r"\.\./(images|\.\./book/runs)/", place), picture
        if 'aria-hidden="true"' not in picture:  # the later pieces of a drawing
            assert len(re.search(r'alt="([^"]*)"', picture)[1]) >= 40, picture


def test_a_slide_says_what_is_not_there_and_code_that_is_too_long_is_refused():
    talk = {"show": "01_first_network", "slides": "gone", "minutes": 3}
    day = dict.fromkeys(("title", "subtitle", "notes"), "A") | {"sessions": [{"steps": [talk]}]}
    with pytest.raises(BookError, match=r"01_first_network\.qmd has no slide gone"):
        site.pandoc(decks.deck(day), *decks.OPTIONS)
    task = {"task": "T", "minutes": 3, "do": "D", "answer": "A", "stuck": "S", "run": ["x"] * 13}
    day["sessions"] = [{"steps": [task]}]
    with pytest.raises(BookError, match="a slide has 12"):
        site.pandoc(decks.deck(day), *decks.OPTIONS)
