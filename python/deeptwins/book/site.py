"""Render the book with Quarto, or with a preview where Quarto is missing, and serve it.

Both read the same _quarto.yml and chapters and call book/prepare.py first, so that `quarto render`
and `make book` give the same site. The preview is smalldocs; formulas and citations are pandoc's.
"""

import concurrent.futures
import contextlib
import functools
import html
import http.server
import io
import os
import re
import shutil
import subprocess
import sys
import webbrowser
from collections.abc import Mapping
from pathlib import Path

from deeptwins import catalog, files
from deeptwins.book import BookError, fragments, notebooks
from deeptwins.book.renderer import Renderer
from deeptwins.paths import BOOK, ROOT

OUTPUT = ROOT / "_book"
# A warning, (W) of a filter; not of what smalldocs leaves out: renderer.py or _finish says it.
WARNING = re.compile(
    r"(?i)(?!warning: (project\.type|unknown key|format\.html\.|filter .* is not run))"
    r"(\(W\)|.*warn)"
)
# A formula; code and tags, which stay as they are; a citation.
PIECE = re.compile(
    r'<span class="math (?P<kind>inline|display)">\\[(\[](?P<formula>.*?)\\[)\]]</span>'
    r"|<(?P<tag>pre|code|script|style|head|title)\b.*?</(?P=tag)>|<[^>]*>"
    r"|(?P<cited>\[@[^\]<>]+\]|(?<![\w/.])@[a-z]+\d{4}[a-z]?\b)",
    re.S,
)
HOW = ("--to=html", "--wrap=none", "--mathml", "--citeproc", "--metadata=link-citations:true")
CITING = (*HOW, f"--bibliography={BOOK / 'references.bib'}")  # of pandoc
LINK = re.compile(r'<a [^>]*href="([^"#:?]+\.html)[^"]*"[^>]*>(.*?)</a>', re.S)
END = '<nav class="page-navigation">'


def prepare(more: Mapping[str, str], third: Mapping[str, float]) -> str:
    """Make what pages show and offer: fragments, with `more`, and notebooks; return a warning."""
    fragments.write(more, third)
    try:
        notebooks.write(catalog.exercises(solutions=False), BOOK / "notebooks")
    except ImportError as error:
        return f"Warning: no notebooks: {error}. Run: pip install 'deeptwins[exports]'"
    return ""


def render(chosen: Renderer) -> list[str]:
    """Render the book into _book/, return warnings; BookError, with the last lines, if it fails."""
    ended = subprocess.run(
        chosen.command,
        cwd=ROOT,
        env=os.environ | {"NO_COLOR": "1", "QUARTO_PYTHON": sys.executable},  # for prepare.py
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
    )
    said = [*filter(None, map(str.strip, ended.stdout.splitlines()))]
    if ended.returncode:
        raise BookError(f"{chosen.name} failed:\n" + "\n".join(said[-15:]))
    warnings = [one for one in said if WARNING.match(one)]
    if chosen.name == "smalldocs":
        # It leaves notebooks out, whatever the resources say.
        shutil.copytree(ROOT / "book/notebooks", OUTPUT / "book/notebooks", dirs_exist_ok=True)
        with concurrent.futures.ThreadPoolExecutor() as pool:
            list(pool.map(_finish, set(OUTPUT.rglob("*.html")) - set(OUTPUT.rglob("slides/*"))))
    return warnings


def _finish(page: Path) -> None:
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
    said = pandoc(asked, *CITING) if pieces else ""
    said, refs, references = said.partition('<div id="refs"')
    made = re.findall(r'<div class="piece">\n<p>(.*?)</p>\n</div>', said, re.S)
    text = re.sub("\0(\\d+)\0", lambda found: made[int(found[1])], text)
    if refs:
        heading = '<section class="level2" role="doc-bibliography"><h2 class="anchored">'
        listed = f"{heading}References</h2>{refs}{references}</section>{END}"
        text = text.replace(END, listed, 1)
    files.write_text(page, text)


def pandoc(text: str, *options: str) -> str:
    """Return what pandoc makes of Markdown; BookError where it fails or warns."""
    import pypandoc  # only this needs it

    command = [pypandoc.get_pandoc_path(), "--from=markdown", "--fail-if-warnings", *options]
    ended = subprocess.run(command, input=text, cwd=ROOT, capture_output=True, encoding="utf-8")
    if ended.returncode:
        raise BookError(f"pandoc {' '.join(options)} failed:\n{ended.stderr.strip()}")
    return ended.stdout


def server() -> http.server.ThreadingHTTPServer:
    """Return a server of _book/ on a free port of this machine alone; BookError without a book."""
    if not (OUTPUT / "index.html").is_file():
        raise BookError(f"{OUTPUT} holds no rendered book. Make it with: deeptwins book")
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(OUTPUT))
    return http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)


def serve() -> None:
    """Serve the rendered book until interrupted: the choice of language needs more than file://."""
    with server() as running, contextlib.suppress(KeyboardInterrupt):
        address = f"http://127.0.0.1:{running.server_port}/"
        print(f"The book is at {address} until you press Ctrl+C.", flush=True)
        webbrowser.open(address)
        with contextlib.redirect_stderr(io.StringIO()):  # not a line for each file
            running.serve_forever()
