"""The preview's citations: Quarto's, in words and links."""

import re

import pytest

from deeptwins import citations
from deeptwins.paths import BOOK, ROOT

BIB = """
@article{one1999, author = {Müller, A. and {van} Berg, B.}, title = {A {DNA} story},
  journal = {J}, volume = {3}, pages = {1--9}, year = {1999}, doi = {10.1/x}}
@book{many2001, author = {A, B and C, D and E, F and G, H}, title = {B}, publisher = {P},
  year = {2001}}
@book{open2002, author = {A, B and others}, title = {C}, publisher = {P}, year = {2002}}
"""


@pytest.fixture
def sources(tmp_path):
    path = tmp_path / "some.bib"
    path.write_text(BIB, encoding="utf-8")
    return citations.read(path)


def plain(text):
    return re.sub(r"<[^>]+>", "", text)


def test_a_citation_names_authors_and_year(sources):
    text, keys = citations.cite("seen [@one1999; @many2001]; so says @many2001.", sources)
    assert plain(text) == (
        "seen (Müller and van Berg 1999; A et al. 2001); so says A et al. (2001)."
    )
    assert keys == ["one1999", "many2001", "many2001"]
    assert 'href="#ref-one1999"' in text


def test_what_is_no_citation_stays(sources):
    for text in ("a@one1999.org", "[@nobody1900]", "@fig-one", "@nobody1900"):
        assert citations.cite(text, sources) == (text, [])


def test_the_list_has_each_source_once_in_order(sources):
    text = citations.references(["one1999", "many2001", "one1999"], sources)
    assert re.findall(r'id="ref-(\w+)"', text) == ["many2001", "one1999"]
    assert "“A DNA story”. J 3: 1–9." in text
    assert 'href="https://doi.org/10.1/x"' in text


def test_authors_that_are_left_out_are_said_to_be(sources):
    assert "A, et al. 2002." in citations.references(["open2002"], sources)
    assert plain(citations.cite("[@open2002]", sources)[0]) == "(A et al. 2002)"


def test_a_broken_bibliography_is_refused_by_line(tmp_path):
    path = tmp_path / "broken.bib"
    path.write_text("\n@article{one1999, author = {Nobody", encoding="utf-8")
    with pytest.raises(ValueError, match=r"broken\.bib, line 2"):
        citations.read(path)


def test_every_citation_of_the_book_has_a_source_and_every_source_is_cited():
    sources = citations.read(BOOK / "references.bib")
    chapters = "".join(
        path.read_text(encoding="utf-8") for path in [*BOOK.glob("*.qmd"), ROOT / "index.qmd"]
    )
    cited = set(re.findall(r"@([a-z]+\d{4}[a-z]?)\b", chapters))
    assert cited == set(sources)
