"""Render the book with Quarto, or with a preview renderer where Quarto is missing, and serve it.

Both read the same _quarto.yml, chapters and fragments. The preview is the
package smalldocs, with formulas turned into MathML by latex2mathml and citations
by citations.py. renderer.py chooses, and says what the preview does not do.
The notebooks, the EPUB and the slides are the same with both.
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
from deeptwins.book import citations, exports, fragments, notebooks
from deeptwins.paths import BOOK, ROOT
from deeptwins.book.renderer import Renderer, SiteError, renderer

OUTPUT = ROOT / "_book"
# smalldocs names the keys of _quarto.yml that it leaves out; renderer.py says so in words.
EXPECTED_WARNING = re.compile(r"warning: (project\.type|unknown key|format\.html\.)")
REFERENCE = re.compile(r"(?<!\w)@((fig|tbl|sec|eq)-[\w-]*\w)")
FORMULA = re.compile(r'<span class="math (inline|display)">\\[(\[](.*?)\\[)\]]</span>', re.S)
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
    if lacking := exports.missing():
        warnings.append(
            f"No EPUB and no slides were made: {' and '.join(lacking)} is missing. "
            "Install them with: pip install 'deeptwins[exports]'"
        )
    else:
        exports.write(OUTPUT)
    return Rendered(chosen, OUTPUT, len(pages), warnings)


def _finish(pages: list[Path]) -> None:
    """Do what the preview renderer leaves to the network or undone, in every page.

    Formulas become MathML instead of asking a server for KaTeX, references to
    figures and sections become links, citations name author and year, and a script's
    path from the root of the book becomes one from the page.
    """
    sources = citations.read(BOOK / "references.bib")
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
        cited: list[str] = []
        text = "".join(_linked(text, page, homes, sources, cited))
        if cited:
            end = '<nav class="page-navigation">'
            text = text.replace(end, citations.references(cited, sources) + end, 1)
        text = FORMULA.sub(_mathml, text)
        files.write_text(page, text)


def _mathml(found: re.Match[str]) -> str:
    from latex2mathml.converter import convert  # only the preview needs it

    display = "block" if found[1] == "display" else "inline"
    return convert(html.unescape(found[2]), display=display)


def _linked(
    text: str,
    page: Path,
    homes: dict[str, Path],
    sources: dict[str, citations.Source],
    cited: list[str],
) -> Iterator[str]:
    """Yield a page's pieces with references and citations outside code turned into links.

    The keys that the page cites are added to `cited`.
    """

    def link(found: re.Match[str]) -> str:
        if not (home := homes.get(found[1])):
            return found[0]
        target = os.path.relpath(home, page.parent).replace(os.sep, "/")
        return f'<a href="{target}#{found[1]}">{KINDS[found[2]]}</a>'

    verbatim = 0
    for piece in re.split(r"(<[^>]*>)", text):
        if tag := re.match(r"<(/?)(?:pre|code|script|style|head|title)\b", piece):
            verbatim += -1 if tag[1] else 1
        if not verbatim and not piece.startswith("<"):
            piece, keys = citations.cite(REFERENCE.sub(link, piece), sources)
            cited += keys
        yield piece


class _Handler(http.server.SimpleHTTPRequestHandler):
    """Serve files without a line on the terminal for each."""

    def log_message(self, *args: object) -> None:
        """Say nothing."""


def server() -> http.server.ThreadingHTTPServer:
    """Return a server of _book/ on a free port of this machine alone, not yet running.

    Raises
    ------
    SiteError
        There is no rendered book.
    """
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
