"""Render the book with Quarto, or with a preview renderer where Quarto is missing, and serve it.

Both read the same _quarto.yml, chapters and fragments. The preview is the
package smalldocs, with formulas and citations by pandoc. renderer.py chooses, and
says what the preview does not do. The notebooks, the EPUB and the slides are the
same with both.
"""

import functools
import html
import http.server
import os
import re
import shutil
import subprocess
import webbrowser
from dataclasses import dataclass
from pathlib import Path

from deeptwins import catalog, files
from deeptwins.book import BookError, exports, notebooks
from deeptwins.book.renderer import Renderer, renderer
from deeptwins.paths import ROOT

OUTPUT = ROOT / "_book"
# smalldocs names what it leaves out of _quarto.yml; renderer.py says so in words, and the
# heading that the filter sets is set below.
EXPECTED_WARNING = re.compile(
    r"warning: (project\.type|unknown key|format\.html\.|filter .* is not run)"
)
FORMULA = re.compile(r'<span class="math (inline|display)">\\[(\[](.*?)\\[)\]]</span>', re.S)
# Code and tags, which stay as they are; a reference to a figure or section; a citation.
TOKEN = re.compile(
    r"<(pre|code|script|style|head|title)\b.*?</\1>|<[^>]*>"
    r"|(?<!\w)@(?P<target>(?P<kind>fig|tbl|sec|eq)-[\w-]*\w)"
    r"|(?P<cited>\[@[^\]<>]+\]|(?<![\w/.])@[a-z]+\d{4}[a-z]?\b)",
    re.S,
)
KINDS = {"fig": "Figure", "tbl": "Table", "sec": "Section", "eq": "Equation"}
END = '<nav class="page-navigation">'


@dataclass(frozen=True)
class Rendered:
    """A rendered book: by what, where, its number of pages, and what the renderer warned of."""

    renderer: Renderer
    folder: Path
    pages: int
    warnings: list[str]


def render(chosen: Renderer | None = None) -> Rendered:
    """Render the whole book into _book/, by the renderer that `renderer()` finds.

    Raises BookError where there is no renderer, or it or pandoc failed; the message ends in
    its last lines.
    """
    chosen = chosen or renderer()
    folder = ROOT / "book" / "notebooks"
    notebooks.write(catalog.exercises(solutions=False), folder)
    ended = subprocess.run(
        chosen.command,
        cwd=ROOT,
        env=os.environ | {"NO_COLOR": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
    )
    said = [line.strip() for line in ended.stdout.splitlines() if line.strip()]
    if ended.returncode:
        raise BookError(f"{chosen.name} failed:\n" + "\n".join(said[-15:]))
    warnings = [one for one in said if "warn" in one.lower() and not EXPECTED_WARNING.match(one)]
    shutil.rmtree(OUTPUT / exports.DECKS, ignore_errors=True)
    pages = sorted(OUTPUT.rglob("*.html"))
    if chosen.name == "smalldocs":
        _finish(pages)
        # It leaves notebooks out, whatever the resources say.
        shutil.copytree(folder, OUTPUT / "book" / "notebooks", dirs_exist_ok=True)
    try:
        exports.write(OUTPUT)
    except ImportError as error:
        get = "pip install 'deeptwins[exports]'"
        warnings.append(f"No EPUB and no slides were made: {error}. Run: {get}")
    return Rendered(chosen, OUTPUT, len(pages), warnings)


def _finish(pages: list[Path]) -> None:
    """Do what the preview renderer leaves to the network or undone, in every page.

    Formulas become MathML instead of asking a server for KaTeX, citations name author
    and year, references to figures and sections become links, and a script's path
    from the root of the book becomes one from the page.
    """
    texts = {page: page.read_text(encoding="utf-8") for page in pages}
    homes = {
        name: page
        for page, text in texts.items()
        for name in re.findall(r'id="((?:fig|tbl|sec|eq)-[^"]+)"', text)
    }
    for page, text in texts.items():
        up = os.path.relpath(OUTPUT, page.parent).replace(os.sep, "/")
        text = re.sub(r"<(?:link|script)[^>]*/katex@[^>]*>(?:</script>)?", "", text)
        files.write_text(page, _linked(text.replace('src="/', f'src="{up}/'), page, homes))


def _linked(text: str, page: Path, homes: dict[str, Path]) -> str:
    """Return a page with its formulas and citations made by pandoc, its references as links."""
    pieces: list[str] = []  # of Markdown; each leaves its number between two NULs

    def kept(markdown: str) -> str:
        pieces.append(html.unescape(markdown))
        return f"\0{len(pieces) - 1}\0"

    def formula(found: re.Match[str]) -> str:
        mark = "$" if found[1] == "inline" else "$$"
        return kept(f"{mark}{found[2].strip()}{mark}")

    def token(found: re.Match[str]) -> str:
        if found["cited"]:
            return kept(found[0])
        if not (home := homes.get(found["target"])):
            return found[0]
        place = os.path.relpath(home, page.parent).replace(os.sep, "/")
        return f'<a href="{place}#{found["target"]}">{KINDS[found["kind"]]}</a>'

    text = TOKEN.sub(token, FORMULA.sub(formula, text))
    if not pieces:
        return text
    asked = "\n\n".join(f"::: piece\n{piece}\n:::" for piece in pieces)
    said = exports.pandoc(asked, "--to=html", "--wrap=none", "--mathml", *exports.CITING)
    said, refs, references = said.partition('<div id="refs"')
    made = re.findall(r'<div class="piece">\n<p>(.*?)</p>\n</div>', said, re.S)
    text = re.sub("\0(\\d+)\0", lambda found: made[int(found[1])], text)
    heading = '<section class="level2" role="doc-bibliography"><h2 class="anchored">References</h2>'
    return text.replace(END, f"{heading}{refs}{references}</section>{END}", 1) if refs else text


class _Handler(http.server.SimpleHTTPRequestHandler):
    """Serve files without a line on the terminal for each."""

    def log_message(self, *args: object) -> None:
        """Say nothing."""


def server() -> http.server.ThreadingHTTPServer:
    """Return a server of _book/ on a free port of this machine alone; BookError without a book."""
    if not (OUTPUT / "index.html").is_file():
        raise BookError(f"{OUTPUT} holds no rendered book. Make it with: deeptwins book")
    handler = functools.partial(_Handler, directory=str(OUTPUT))
    return http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)


def serve() -> None:
    """Serve the rendered book until interrupted: the choice of language needs more than file://."""
    with server() as running:
        address = f"http://127.0.0.1:{running.server_port}/"
        print(f"The book is at {address} until you press Ctrl+C.", flush=True)
        webbrowser.open(address)
        try:
            running.serve_forever()
        except KeyboardInterrupt:
            print()
