"""Run a Python twin and print a mark at each of its sections.

Usage: python marked.py SCRIPT

Line numbers, file name and `__main__` are those of the script, so a traceback
reads as it would without this driver.
"""

import re
import sys
from pathlib import Path

path = Path(sys.argv[1]).resolve()
source = path.read_text(encoding="utf-8")
marked = re.sub(
    r"^# ---- (.+?) -+$", lambda m: f"print('\\x1e' + {m[1]!r}, flush=True)", source, flags=re.M
)
sys.argv = [str(path)]
sys.path[0] = str(path.parent)
# The script's own namespace, as `python SCRIPT` gives it one.
namespace = {"__name__": "__main__", "__file__": str(path), "__builtins__": __builtins__}
exec(compile(marked, str(path), "exec"), namespace)
