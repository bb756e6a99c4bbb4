"""Run smalldocs as the preview of Quarto: with our shortcode, and of the chapters alone."""

import re
import sys
from pathlib import Path

import smalldocs.cli
import smalldocs.shortcodes
import smalldocs.site

FOLDER = Path(__file__).parent
CONFIGURATION = (FOLDER.parent / "_quarto.yml").read_text("utf-8")
CHAPTERS = re.findall(r"^ *- ([\w/]+\.qmd)$", CONFIGURATION, re.M)
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


smalldocs.shortcodes.MADE["fragment"] = fragment
smalldocs.site.Site.discover = discover
sys.exit(smalldocs.cli.main())
