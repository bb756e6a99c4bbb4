"""Run a Python twin and print a mark at each of its sections.

Usage: python marked.py SCRIPT
       python marked.py --warm SOCKET    forks for each script that it is sent (warm.py)

Line numbers, file name and `__main__` are those of the script, so a traceback
reads as it would without this driver.
"""

import importlib
import re
import sys
from pathlib import Path

script = sys.argv[1]
if script == "--warm":
    sys.path[0] = str(Path(__file__).parents[1])  # not deeptwins' own modules as top-level ones
    for name in ("keras", "matplotlib.pyplot", "pandas", "sklearn.linear_model", "sklearn.metrics"):
        importlib.import_module(name)
    from deeptwins import forks

    script = forks.serve(sys.argv[2])
path = Path(script).resolve()
source = path.read_text(encoding="utf-8")
marked = re.sub(
    r"^# ---- (.+?) -+$", lambda m: f"print('\\x1e' + {m[1]!r}, flush=True)", source, flags=re.M
)
sys.argv = [str(path)]
sys.path[0] = str(path.parent)
# The script's own namespace, as `python SCRIPT` gives it one.
namespace = {"__name__": "__main__", "__file__": str(path), "__builtins__": __builtins__}
exec(compile(marked, str(path), "exec"), namespace)
