"""Render the book with Quarto, or with a preview where Quarto is missing, and serve it.

Both read the same _quarto.yml and chapters and call book/prepare.py first, so that `quarto render`
and `make book` give the same site. The preview is smalldocs, with book/preview.py around it.
"""

import contextlib
import functools
import http.server
import io
import os
import re
import subprocess
import sys
import webbrowser
from collections.abc import Mapping

from deeptwins import catalog
from deeptwins.book import BookError, fragments, notebooks
from deeptwins.book.renderer import Renderer
from deeptwins.paths import BOOK, ROOT

OUTPUT = ROOT / "_book"
# A warning, (W) of a filter; not of what smalldocs leaves out: renderer.py says it.
WARNING = re.compile(
    r"(?i)(?!warning: (project\.type|unknown key|format\.html\.|filter .* is not run))"
    r"(\(W\)|.*warn)"
)


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
    env = os.environ | {"NO_COLOR": "1", "QUARTO_PYTHON": sys.executable}  # for prepare.py
    how = {"stderr": subprocess.STDOUT, "encoding": "utf-8", "errors": "replace"}
    ended = subprocess.run(chosen.command, cwd=ROOT, env=env, stdout=subprocess.PIPE, **how)
    said = [*filter(None, map(str.strip, ended.stdout.splitlines()))]
    if ended.returncode:
        raise BookError(f"{chosen.name} failed:\n" + "\n".join(said[-15:]))
    return [one for one in said if WARNING.match(one)]


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
