"""The EPUB and the slides: whole, and readable where they are used."""

import posixpath
import re
import zipfile
from xml.etree import ElementTree

import helpers
import pytest

from deeptwins.book import BookError, exports

XHTML = "{http://www.w3.org/1999/xhtml}"
DECKS = sorted(path.stem for path in exports.SLIDES.glob("*.qmd"))
# What the website's Markdown has and nothing else understands.
LEFT = re.compile(r"\{\{<|:::|@(?:fig|tbl|sec|eq)-|\.qmd\b|panel-tabset\"? group")


@pytest.fixture(scope="module")
def made(sources, tmp_path_factory):
    """A folder with the EPUB and the slides."""
    for package in ("pypandoc", "pyreveal"):
        pytest.importorskip(package, reason=f"{package} is missing; no EPUB and no slides")
    folder = tmp_path_factory.mktemp("book")
    exports.write(folder)
    return folder


@pytest.fixture(scope="module")
def epub(made):
    """The EPUB's files by name, and its pages as XML."""
    with zipfile.ZipFile(made / exports.EPUB) as packed:
        assert packed.testzip() is None
        assert packed.infolist()[0].filename == "mimetype"
        content = {name: packed.read(name) for name in packed.namelist()}
    pages = {
        name: ElementTree.fromstring(text)
        for name, text in content.items()
        if name.endswith(".xhtml")
    }
    return content, pages


def test_the_epub_has_every_page_of_the_book(epub):
    _, pages = epub
    (nav,) = [page for name, page in pages.items() if name.endswith("nav.xhtml")]
    entries = {"".join(link.itertext()).strip() for link in nav.iter(f"{XHTML}a")}
    for page in helpers.pages():
        first = re.search(r"^# (.*)", exports.chapter(exports.ROOT / page), re.M)[1]
        assert first.split(" {")[0] in entries
    assert "References" in entries


def test_every_link_and_picture_of_the_epub_leads_somewhere(epub):
    content, pages = epub
    there = {
        name: {one.get("id") for one in page.iter() if one.get("id")}
        for name, page in pages.items()
    }
    for name, page in pages.items():
        for one in page.iter():
            for key in ("href", "src"):
                target = one.get(key, "")
                if not target or (key == "href" and re.match(r"https?:|mailto:", target)):
                    continue
                path, _, place = target.partition("#")
                goal = posixpath.normpath(posixpath.join(posixpath.dirname(name), path))
                goal = goal if path else name
                assert goal in content, f"{name}: {target}"
                assert not place or place in there[goal], f"{name}: {target}"
        for picture in page.iter(f"{XHTML}img"):
            assert len(picture.get("alt")) >= 40, f"{name}: {picture.get('src')}"


def test_the_epub_shows_both_languages_and_keeps_no_mark(epub):
    _, pages = epub
    for name, page in pages.items():
        for part in page.iter():
            if part.tag in (f"{XHTML}p", f"{XHTML}td", f"{XHTML}li", f"{XHTML}h2"):
                code = {one for child in part.iter(f"{XHTML}code") for one in child.itertext()}
                text = "".join(one for one in part.itertext() if one not in code)
                assert not LEFT.search(text), f"{name}: {text}"
        if any(re.match(r"ch-\d\d_", one.get("id", "")) for one in page.iter()):
            classes = [one.get("class", "") for one in page.iter(f"{XHTML}pre")]
            python, r = (
                sum(language in one.split() for one in classes) for language in ("python", "r")
            )
            assert python > 5 < r, name


@pytest.mark.parametrize("deck", DECKS)
def test_every_slide_has_notes_and_a_time(made, deck):
    text = (made / exports.DECKS / f"{deck}.html").read_text(encoding="utf-8")
    slides = re.findall(r"<section\b(.*?)</section>", text, re.S)
    assert 12 <= len(slides) <= 22
    for slide in slides:
        assert re.search(r'data-timing="\d+"', slide.split(">")[0]), slide[:80]
        assert re.search(r'<aside class="notes">\s*(?:<p>)?\w', slide), slide[:80]
    assert not LEFT.search(text)


def test_a_fragment_that_is_not_there_is_named(tmp_path):
    page = tmp_path / "page.qmd"
    page.write_text("{{< include gone.qmd >}}\n")
    with pytest.raises(BookError, match=r"page\.qmd includes gone\.qmd, which no"):
        exports.expanded(page)
