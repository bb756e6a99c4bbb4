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
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from deeptwins import catalog, files
from deeptwins.book import exports, notebooks
from deeptwins.book.renderer import Renderer, SiteError, renderer
from deeptwins.paths import ROOT

OUTPUT = ROOT / "_book"
# smalldocs names the keys of _quarto.yml that it leaves out; renderer.py says so in words.
EXPECTED_WARNING = re.compile(r"warning: (project\.type|unknown key|format\.html\.)")
REFERENCE = re.compile(r"(?<!\w)@((fig|tbl|sec|eq)-[\w-]*\w)")
FORMULA = re.compile(r'<span class="math (inline|display)">\\[(\[](.*?)\\[)\]]</span>', re.S)
# A formula between two \x01, or a citation.
PIECE = re.compile(r"\x01.+?\x01|\[@[^\]<>]+\]|(?<![\w/.])@[a-z]+\d{4}[a-z]?\b", re.S)
END = '<nav class="page-navigation">'
CITED = re.compile(r'<div class="piece">\n<p>(.*?)</p>\n</div>', re.S)
KINDS = {"fig": "Figure", "tbl": "Table", "sec": "Section", "eq": "Equation"}


@dataclass(frozen=True)
class Rendered:
    """A rendered book: by what, where, its number of pages, and what the renderer warned of."""

    renderer: Renderer
    folder: Path
    pages: int
    warnings: list[str]


def render(chosen: Renderer | None = None) -> Rendered:
    """Render the whole book into _book/, by the renderer that `renderer()` finds.

    Raises
    ------
    SiteError
        There is no renderer, or it failed; the message ends in its last lines.
    ExportError
        Pandoc could not make the EPUB or the slides.
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
        text=True,
        encoding="utf-8",
        errors="replace",
    )
    said = [line.strip() for line in ended.stdout.splitlines() if line.strip()]
    if ended.returncode:
        raise SiteError(f"{chosen.name} failed:\n" + "\n".join(said[-15:]))
    shutil.rmtree(OUTPUT / exports.DECKS, ignore_errors=True)
    pages = sorted(OUTPUT.rglob("*.html"))
    if chosen.name == "smalldocs":
        _finish(pages)
        # It leaves notebooks out, whatever the resources say.
        shutil.copytree(folder, OUTPUT / "book" / "notebooks", dirs_exist_ok=True)
    warnings = [
        line
        for line in said
        if re.search(r"\bwarn", line, re.I) and not EXPECTED_WARNING.match(line)
    ]
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
        text = text.replace('src="/', f'src="{up}/')
        pieces: list[str] = []
        text = "".join(_linked(FORMULA.sub(_formula, text), page, homes, pieces))
        if pieces:
            made, references = _by_pandoc(pieces)
            text = re.sub("\0(\\d+)\0", lambda found, made=made: made[int(found[1])], text)
            text = text.replace(END, references + END, 1)
        files.write_text(page, text)


def _by_pandoc(pieces: list[str]) -> tuple[list[str], str]:
    """Return pieces of Markdown as HTML, and the list of what they cite."""
    text = "\n\n".join(f"::: piece\n{piece}\n:::" for piece in pieces)
    made = exports.pandoc(text, "--to=html", "--wrap=none", "--mathml", *exports.CITING)
    _, found, references = made.partition('<div id="refs"')
    section = '<section class="level2" role="doc-bibliography"><h2 class="anchored">References</h2>'
    return CITED.findall(made), f"{section}{found}{references}</section>" if found else ""


def _formula(found: re.Match[str]) -> str:
    mark = "$" if found[1] == "inline" else "$$"
    return f"\x01{mark}{found[2].strip()}{mark}\x01"


def _linked(text: str, page: Path, homes: dict[str, Path], pieces: list[str]) -> Iterator[str]:
    """Yield the parts of a page: outside code, references become links to their homes.

    A formula or citation becomes its number in `pieces`, between two NULs.
    """

    def link(found: re.Match[str]) -> str:
        if not (home := homes.get(found[1])):
            return found[0]
        target = os.path.relpath(home, page.parent).replace(os.sep, "/")
        return f'<a href="{target}#{found[1]}">{KINDS[found[2]]}</a>'

    def kept(found: re.Match[str]) -> str:
        pieces.append(html.unescape(found[0]).strip("\x01"))
        return f"\0{len(pieces) - 1}\0"

    verbatim = 0
    for part in re.split(r"(<[^>]*>)", text):
        if tag := re.match(r"<(/?)(?:pre|code|script|style|head|title)\b", part):
            verbatim += -1 if tag[1] else 1
        if not verbatim and not part.startswith("<"):
            part = PIECE.sub(kept, REFERENCE.sub(link, part))
        yield part


class _Handler(http.server.SimpleHTTPRequestHandler):
    """Serve files without a line on the terminal for each."""

    def log_message(self, *args: object) -> None:
        """Say nothing."""


def server() -> http.server.ThreadingHTTPServer:
    """Return a server of _book/ on a free port of this machine alone; SiteError without a book."""
    if not (OUTPUT / "index.html").is_file():
        raise SiteError(f"{OUTPUT} holds no rendered book. Make it with: deeptwins book")
    handler = functools.partial(_Handler, directory=str(OUTPUT))
    return http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)


def serve(*, open_browser: bool = True) -> None:
    """Serve the rendered book until interrupted: the choice of language needs more than file://."""
    with server() as running:
        address = f"http://127.0.0.1:{running.server_port}/"
        print(f"The book is at {address} until you press Ctrl+C.", flush=True)
        if open_browser:
            webbrowser.open(address)
        try:
            running.serve_forever()
        except KeyboardInterrupt:
            print()
