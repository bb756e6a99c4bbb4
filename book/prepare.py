"""Make what the pages show and offer; Quarto and the preview call this before they render."""

import importlib.util
import runpy
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]

if all(map(importlib.util.find_spec, ("deeptwins", "pyreveal"))):  # .venv, or conda's
    sys.path += [str(ROOT / "kit"), str(ROOT / "live")]
    import decks
    import export
    import plans
    from deeptwins.book import BookError, site

    try:
        print(site.prepare(plans.fragments(), export.differences()), end="")
        decks.write()
        print("".join(f"{one}\n" for one in export.write()), end="")
    except BookError as error:
        sys.exit(str(error))
else:  # any Python: course.py makes .venv ready and calls this again with its Python
    sys.argv[1:] = ["pages"]
    runpy.run_path(str(ROOT / "course.py"), run_name="__main__")
