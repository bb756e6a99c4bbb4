"""Citations for the preview of the book: what Quarto does with [@key], in one plain style.

The style is author and year, as in Quarto's default, the Chicago Manual of
Style: [@key] becomes (Author Year), @key in a sentence becomes Author (Year),
and the page ends in a list of what it cites.
"""

import html
import re
from dataclasses import dataclass
from pathlib import Path

CITATION = re.compile(r"\[(@\w+(?:; @\w+)*)\]|(?<![\w/.])@([a-z]+\d{4}[a-z]?)\b")


@dataclass(frozen=True)
class Source:
    """One entry of the bibliography, as text without markup."""

    key: str
    authors: tuple[str, ...]  # last names
    year: str
    title: str
    where: str  # journal with volume and pages, or publisher
    doi: str

    @property
    def short(self) -> str:
        """Return the authors as a citation names them."""
        if len(self.authors) > 3 or self.authors[-1] == "others":
            return f"{self.authors[0]} et al."
        if len(self.authors) == 3:
            return f"{self.authors[0]}, {self.authors[1]}, and {self.authors[2]}"
        return " and ".join(self.authors)


def read(path: Path) -> dict[str, Source]:
    """Return the sources of a BibTeX file by key.

    Raises ValueError where the file has an entry that cannot be read.
    """
    import bibtexparser  # only the preview needs it
    from bibtexparser import middlewares

    library = bibtexparser.parse_file(
        str(path),
        append_middleware=[
            middlewares.LatexDecodingMiddleware(),
            middlewares.SeparateCoAuthors(),
            middlewares.SplitNameParts(),
        ],
    )
    if library.failed_blocks:
        block = library.failed_blocks[0]
        raise ValueError(f"{path}, line {block.start_line + 1}: {block.error}")
    return {entry.key: _source(entry) for entry in library.entries}


def _source(entry) -> Source:
    fields = {name: field.value for name, field in entry.fields_dict.items()}
    where = fields.get("journal") or fields.get("publisher", "")
    if "volume" in fields:
        where += f" {fields['volume']}"
    if "pages" in fields:
        where += f": {fields['pages']}"
    return Source(
        entry.key,
        tuple(" ".join(name.von + name.last) for name in fields["author"]),
        fields["year"],
        fields["title"],
        where,
        fields.get("doi", ""),
    )


def cite(text: str, sources: dict[str, Source]) -> tuple[str, list[str]]:
    """Return a piece of text with its citations as links, and the keys that it cites.

    A key that is not in the bibliography stays as it is.
    """
    cited: list[str] = []

    def link(key: str, words: str) -> str:
        cited.append(key)
        return f'<a href="#ref-{key}">{html.escape(words)}</a>'

    def replace(found: re.Match[str]) -> str:
        keys = [found[2]] if found[2] else [part[1:] for part in found[1].split("; ")]
        if any(key not in sources for key in keys):
            return found[0]
        if found[2]:
            source = sources[found[2]]
            return link(source.key, f"{source.short} ({source.year})")
        named = [link(key, f"{sources[key].short} {sources[key].year}") for key in keys]
        return f"({'; '.join(named)})"

    return CITATION.sub(replace, text), cited


def references(keys: list[str], sources: dict[str, Source]) -> str:
    """Return the list of references of a page, in the order of authors and years."""
    cited = sorted({sources[key] for key in keys}, key=lambda one: (one.authors, one.year))
    items = "".join(f'<li id="ref-{one.key}">{_reference(one)}</li>\n' for one in cited)
    heading = '<h2 class="anchored">References</h2>'
    return (
        f'<section class="level2" role="doc-bibliography">{heading}\n<ul>\n{items}</ul></section>'
    )


def _reference(source: Source) -> str:
    authors = html.escape(", ".join(source.authors)).replace(", others", ", et al")
    text = f"{authors}. {source.year}. “{html.escape(source.title)}”. {html.escape(source.where)}."
    if source.doi:
        text += f' <a href="https://doi.org/{source.doi}">doi:{html.escape(source.doi)}</a>'
    return text
