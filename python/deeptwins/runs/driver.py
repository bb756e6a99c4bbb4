"""Run a plain script section by section, and keep what it printed, drew and computed.

    python -m deeptwins.runs.driver JOB.json
    python -m deeptwins.runs.driver --warm HANDLE     forks for each job that it is sent (warm.py)

The job names the script, the folder to run in and the constants to replace
(runner.py writes it). The script's own file name, line numbers and tracebacks
stay; r/driver.R does the same for R. What is kept lies in the folder: figures/
(figures.py), calls.json and tensors.f32 (capture.py), and ran.json with the
constants, the results and the versions.
"""

import ast
import importlib
import json
import linecache
import math
import os
import platform
import re
import sys
import time
import traceback
from importlib import metadata
from pathlib import Path
from typing import Any

from deeptwins.runs import capture, sections, warm_server

PACKAGES = ("tensorflow", "keras", "numpy", "sklearn", "umap", "matplotlib")
WARM = ("keras", "matplotlib.pyplot", "pandas", "sklearn.linear_model", "sklearn.metrics")
DISTRIBUTIONS = {"sklearn": "scikit-learn", "umap": "umap-learn"}


class DriverError(Exception):
    """A constant that cannot be replaced."""


def replace_constants(tree: ast.Module, source: str, values: dict[str, Any], where: str) -> None:
    """Replace the values of constants in the section `constants` of a parsed script.

    Raises
    ------
    DriverError
        The section has no constant of that name; the message lists those it has.
    """
    begins = sections.starts(source)
    first = begins.get(sections.CONSTANTS, 1)
    last = min((line for line in begins.values() if line > first), default=math.inf)
    found = {
        node.targets[0].id: node
        for node in tree.body
        if isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Name)
        and first <= node.lineno < last
    }
    for name, value in values.items():
        if name not in found:
            raise DriverError(f"{where} has no constant {name}; it has {', '.join(found)}.")
        old = found[name].value
        new = ast.parse(repr(value), mode="eval").body
        for node in ast.walk(new):
            ast.copy_location(node, old)
        found[name].value = new


def run(job_file: str) -> int:
    """Run the script of a job in its folder; return the status that the process should end with."""
    job = json.loads(Path(job_file).read_text(encoding="utf-8"))
    os.chdir(job["folder"])
    script = Path(job["script"])
    source = script.read_text(encoding="utf-8")
    sys.argv, sys.path[0] = [str(script)], str(script.parent)
    # The script's own namespace, as `python SCRIPT` gives it one.
    namespace = {"__name__": "__main__", "__file__": str(script), "__builtins__": __builtins__}
    began = time.monotonic()
    try:
        tree = ast.parse(source, str(script))
        replace_constants(tree, source, job["set"], script.name)
        capture.start()
        for name, nodes in _by_section(tree, source):
            print(f"{sections.MARK}{name}", flush=True)
            capture.begin(name)
            exec(compile(ast.Module(nodes, []), str(script), "exec"), namespace)
    except SystemExit as end:
        return _status(end)
    except DriverError as error:
        print(error, file=sys.stderr)
        return 1
    except BaseException as error:
        _explain(error, str(script))
        return 1
    capture.finish()
    ran = {
        "constants": {
            name: value
            for name, value in namespace.items()
            if re.fullmatch("[A-Z][A-Z0-9_]*", name) and _is_plain(value)
        },
        "results": {k: number(v) for k, v in namespace.get("results", {}).items()},
        "seconds": round(time.monotonic() - began, 3),
        "versions": {"python": platform.python_version()} | loaded_versions(),
    }
    Path("ran.json").write_text(json.dumps(ran, allow_nan=False), encoding="utf-8")
    return 0


def loaded_versions() -> dict[str, str]:
    """Return the versions of the packages, among those that compute, which are loaded here."""
    return {
        DISTRIBUTIONS.get(name, name): metadata.version(DISTRIBUTIONS.get(name, name))
        for name in PACKAGES
        if name in sys.modules
    }


def number(value: Any) -> float | str | None:
    """Return a result as JSON can hold it: None where undefined, text where infinite."""
    if value is None or math.isnan(value):
        return None
    return float(value) if math.isfinite(value) else str(float(value))


def _by_section(tree: ast.Module, source: str) -> list[tuple[str, list[ast.stmt]]]:
    begins = sections.starts(source)
    found: dict[str, list[ast.stmt]] = {name: [] for name in begins}
    for node in tree.body:
        name = [name for name, line in begins.items() if line <= node.lineno][-1]
        found[name].append(node)
    return list(found.items())


def _is_plain(value: Any) -> bool:
    try:
        json.dumps(value, allow_nan=False)
    except (TypeError, ValueError):
        return False
    return True


def _status(end: SystemExit) -> int:
    if end.code is None or isinstance(end.code, int):
        return end.code or 0
    print(end.code, file=sys.stderr)
    return 1


def _explain(error: BaseException, script: str) -> None:
    """Print a traceback that begins in the script, as `python SCRIPT` would."""
    linecache.checkcache(script)
    trace = error.__traceback__
    while trace and trace.tb_frame.f_code.co_filename != script:
        trace = trace.tb_next
    traceback.print_exception(type(error), error, trace)


def warm(handle: str) -> str:
    """Load what twins need, then wait; return in each forked process with its job (warm_server)."""
    for name in WARM:
        importlib.import_module(name)
    return warm_server.serve(int(handle))


if __name__ == "__main__":
    sys.exit(run(warm(sys.argv[2]) if sys.argv[1] == "--warm" else sys.argv[1]))
