"""Run smalldocs as the preview of Quarto: with our shortcode, and of the chapters alone.

What smalldocs leaves to the network or undone is done here: formulas and citations by pandoc.
"""

import concurrent.futures
import functools
import hashlib
import html
import os
import re
import shutil
import sys
from pathlib import Path

import pypandoc
import smalldocs.cli
import smalldocs.config
import smalldocs.highlight
import smalldocs.shortcodes
import smalldocs.site

from deeptwins import files
from deeptwins.book import site

FOLDER = Path(__file__).parent
ROOT = FOLDER.parent
CONFIGURATION = (ROOT / "_quarto.yml").read_text("utf-8")
OUTPUT = ROOT / re.search(r"output-dir: (.*)", CONFIGURATION)[1]
CHAPTERS = re.findall(r"^ *- ([\w/]+\.qmd)$", CONFIGURATION, re.M)
WORKS = FOLDER / "references.bib"
# A formula; code and tags, which stay as they are; a citation.
PIECE = re.compile(
    r'<span class="math (?P<kind>inline|display)">\\[(\[](?P<formula>.*?)\\[)\]]</span>'
    r"|<(?P<tag>pre|code|script|style|head|title)\b.*?</(?P=tag)>|<[^>]*>"
    r"|(?P<cited>\[@[^\]<>]+\]|(?<![\w/.])@[a-z]+\d{4}[a-z]?\b)",
    re.S,
)
HOW = ("--to=html", "--wrap=none", "--mathml", "--citeproc", "--metadata=link-citations:true")
CITING = (*HOW, f"--bibliography={WORKS}")
LINK = re.compile(r'<a [^>]*href="([^"#:?]+\.html)[^"]*"[^>]*>(.*?)</a>', re.S)
END = '<nav class="page-navigation">'

pages = smalldocs.site.Site.discover


def fragment(name, _):
    """Return the Markdown of a fragment, as book/assets/fragment.lua does."""
    path = FOLDER / "_fragments" / f"{name.strip()}.qmd"
    if not path.is_file():
        raise smalldocs.cli.BuildError(
            f"there is no fragment {name.strip()}. Is the name right, and was the exercise run? "
            "Fragments are made from runs: deeptwins run ID && deeptwins book"
        )
    return path.read_text("utf-8")


def discover(site):
    """Return the pages that _quarto.yml lists."""
    return [page for page in pages(site) if page.as_posix() in CHAPTERS]


def finish(page: Path) -> None:
    """Do in a page what the preview renderer leaves to the network or undone.

    Formulas become MathML, citations name author and year, scripts have paths from the page, and
    a link to a page that is not there becomes text.
    """
    pieces: list[str] = []  # of Markdown; each leaves its number between two NULs

    def taken(found: re.Match[str]) -> str:
        if not (found["formula"] or found["cited"]):
            return found[0]
        mark = {"inline": "$", "display": "$$"}.get(found["kind"], "")
        pieces.append(html.unescape(found["cited"] or f"{mark}{found['formula'].strip()}{mark}"))
        return f"\0{len(pieces) - 1}\0"

    up = os.path.relpath(OUTPUT, page.parent).replace(os.sep, "/")
    text = page.read_text(encoding="utf-8").replace('src="/', f'src="{up}/')
    text = re.sub(r"<(?:link|script)[^>]*/katex@[^>]*>(?:</script>)?", "", text)
    text = LINK.sub(lambda one: one[0] if (page.parent / one[1]).is_file() else one[2], text)
    text = PIECE.sub(taken, text)
    asked = "\n\n".join(f"::: piece\n{piece}\n:::" for piece in pieces)
    said = rendered(asked) if pieces else ""
    said, refs, references = said.partition('<div id="refs"')
    made = re.findall(r'<div class="piece">\n<p>(.*?)</p>\n</div>', said, re.S)
    text = re.sub("\0(\\d+)\0", lambda found: made[int(found[1])], text)
    if refs:
        heading = '<section class="level2" role="doc-bibliography"><h2 class="anchored">'
        listed = f"{heading}References</h2>{refs}{references}</section>{END}"
        text = text.replace(END, listed, 1)
    files.write_text(page, text)


def rendered(text: str) -> str:
    """Return what pandoc makes of Markdown, kept as long as neither it nor the works change."""
    key = hashlib.sha256(text.encode() + WORKS.read_bytes()).hexdigest()
    kept = ROOT / ".cache" / "pandoc" / f"{key}.html"
    if not kept.is_file():
        files.write_text(kept, site.pandoc(text, *CITING))
    return kept.read_text("utf-8")


if __name__ == "__main__":
    smalldocs.shortcodes.MADE["fragment"] = fragment
    smalldocs.site.Site.discover = discover
    for module, name in ((smalldocs.highlight, "css_class"), (smalldocs.config, "glob_regex")):
        setattr(module, name, functools.cache(getattr(module, name)))  # asked the same very often
    if not (status := smalldocs.cli.main()):
        # It leaves notebooks out, whatever the resources say.
        shutil.copytree(FOLDER / "notebooks", OUTPUT / "book/notebooks", dirs_exist_ok=True)
        # Asked by two threads at once, it names to the second the first pandoc that it meets.
        pypandoc.get_pandoc_path()
        with concurrent.futures.ThreadPoolExecutor() as pool:
            list(pool.map(finish, set(OUTPUT.rglob("*.html")) - set(OUTPUT.rglob("slides/*"))))
    sys.exit(status)
