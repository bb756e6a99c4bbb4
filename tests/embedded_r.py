"""R inside this process, through rpy2, with Python's lock held while it runs.

rpy2 gives Python's global lock away while R works. reticulate takes it again
for its calls, but Debian's 1.28 not when R's garbage collector drops a Python
object, and then the process dies. So rpy2 starts R here, and code is handed to
R through ctypes.PyDLL, which keeps the lock. Values come back as JSON.
"""

import ctypes
import json
import os
import platform
import sys
import tempfile
from functools import cache
from pathlib import Path

from deeptwins.paths import ROOT

EVALUATE = """
.evaluate <- function(code, answer) {
  found <- tryCatch(
    list(value = eval(parse(code, keep.source = FALSE), globalenv())),
    error = function(condition) list(error = conditionMessage(condition))
  )
  text <- jsonlite::toJSON(found, auto_unbox = TRUE, digits = NA, na = "null", null = "null")
  writeLines(enc2utf8(text), answer, useBytes = TRUE)
}
"""


class RError(Exception):
    """An error in R, with R's own message."""


@cache
def _library():
    """Start R once, with this very Python for reticulate, and return its library."""
    os.environ["RETICULATE_PYTHON"] = sys.executable
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    os.environ.setdefault("RPY2_CFFI_MODE", "ABI")  # the other mode needs a compiler
    here, libraries = Path.cwd(), os.environ.get("LD_LIBRARY_PATH")
    os.chdir(ROOT)  # where R reads .Rprofile
    try:
        from rpy2 import rinterface, situation

        rinterface.initr()
    finally:
        os.chdir(here)
        # R put folders of the system first, in which a Python that a test starts
        # would find the shared library of another Python.
        os.environ.pop("LD_LIBRARY_PATH", None)
        if libraries is not None:
            os.environ["LD_LIBRARY_PATH"] = libraries
    path = situation.get_rlib_path(situation.get_r_home(), platform.system())
    library = ctypes.PyDLL(path)
    library.R_ParseEvalString.argtypes = [ctypes.c_char_p, ctypes.c_void_p]
    library.R_ParseEvalString.restype = ctypes.c_void_p
    return library


def leave(status: int) -> None:
    """End this process at once if R was started in it, with this exit status.

    R, reticulate and TensorFlow in one process do not survive its orderly end:
    rpy2's endr() aborts, and without it the libraries' own destructors do,
    which would turn the status of the tests into that of a crash.
    """
    if _library.cache_info().currsize:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def _evaluate(line: str) -> None:
    """Let R evaluate a line that cannot fail, or R would leap out of this process."""
    library = _library()
    environment = ctypes.c_void_p.in_dll(library, "R_GlobalEnv")
    library.R_ParseEvalString(line.encode(), environment)


@cache
def _prepared() -> None:
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "evaluate.R"
        script.write_text(EVALUATE, encoding="utf-8")
        _evaluate(f"base::try(base::source({str(script)!r}))")
    # With Python's output sent through R, as .Rprofile asks for, Python inside R inside
    # Python crashes.
    _evaluate("base::Sys.unsetenv('RETICULATE_REMAP_OUTPUT_STREAMS')")
    _evaluate(f"base::setwd({str(ROOT)!r})")


def evaluate(code: str):
    """Return the value of R code as JSON has it: a matrix is a list of its rows.

    Raises RError with R's message.
    """
    _prepared()
    with tempfile.TemporaryDirectory() as folder:
        script, answer = Path(folder) / "code.R", Path(folder) / "answer.json"
        script.write_text(code, encoding="utf-8")
        _evaluate(f"base::try(.evaluate({str(script)!r}, {str(answer)!r}))")
        if not answer.is_file():
            raise RError(f"the value cannot be told as JSON: {code}")
        found = json.loads(answer.read_text(encoding="utf-8"))
    if "error" in found:
        raise RError(found["error"])
    return found["value"]
