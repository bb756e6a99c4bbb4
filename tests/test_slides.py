"""The instructors' slides: whole, with notes and times, and nothing left of the book's Markdown."""

import re

import pytest

from deeptwins.book import BookError, slides

DECKS = sorted(path.stem for path in slides.SLIDES.glob("*.qmd"))
# What the website's Markdown has and nothing else understands.
LEFT = re.compile(r"\{\{<|:::|@(?:fig|tbl|sec|eq)-|\.qmd\b|panel-tabset\"? group")


@pytest.fixture(scope="module")
def made(sources):
    """The folder with the slides."""
    for package in ("pypandoc", "pyreveal"):
        pytest.importorskip(package, reason=f"{package} is missing; no slides")
    return slides.SLIDES


@pytest.mark.parametrize("deck", DECKS)
def test_every_slide_has_notes_and_a_time(made, deck):
    text = (made / f"{deck}.html").read_text(encoding="utf-8")
    sections = re.findall(r"<section\b(.*?)</section>", text, re.S)
    assert 12 <= len(sections) <= 22
    for one in sections:
        assert re.search(r'data-timing="\d+"', one.split(">")[0]), one[:80]
        assert re.search(r'<aside class="notes">\s*(?:<p>)?\w', one), one[:80]
    assert not LEFT.search(text)
    named = re.findall(r' id="([^"]+)"', text)
    assert len(named) == len(set(named))
    assert text.count('class="pane"') >= 8
    for picture in re.findall(r"<img[^>]*>", text):
        place = re.search(r'src="([^"]+)"', picture)[1]
        assert re.match(r"\.\./(images|\.\./book/runs)/", place), picture
        assert len(re.search(r'alt="([^"]*)"', picture)[1]) >= 40, picture


def test_a_fragment_that_is_not_there_is_named(tmp_path):
    page = tmp_path / "page.qmd"
    page.write_text("{{< fragment gone >}}\n")
    with pytest.raises(BookError, match=r"page\.qmd shows gone, which no"):
        slides.expanded(page)
