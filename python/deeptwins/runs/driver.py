"""Run a plain script section by section, and keep what it printed, drew and computed.

    python -m deeptwins.runs.driver JOB.json
    python -m deeptwins.runs.driver --warm      forks for each job that it is sent (warm.py)

The job is runner.job(). The script's own file name, line numbers and tracebacks stay. Figures
and calls are kept in the job's folder by figures.py and capture.py; constants, results and
versions go to ran.json there. r/driver.R does the same for R.
"""

import ast
import atexit
import contextlib
import importlib
import json
import math
import os
import platform
import sys
import time
import traceback
from importlib import metadata
from pathlib import Path
from typing import Any

from deeptwins import sections
from deeptwins.runs import capture, warm

WARM = ("keras", "matplotlib.pyplot", "pandas", "sklearn.linear_model", "sklearn.metrics")
COMPUTING = ("tensorflow", "keras", "numpy", "scikit-learn", "umap-learn", "matplotlib")
MODULES = {"scikit-learn": "sklearn", "umap-learn": "umap"}


def replace_constants(nodes: list[ast.stmt], values: dict[str, Any], where: str) -> None:
    """Replace the values of constants among the statements of a section.

    SystemExit where there is no constant of a name; the message lists those there are.
    """
    found = {
        node.targets[0].id: node
        for node in nodes
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
    }
    for name, value in values.items():
        if name not in found:
            sys.exit(f"{where} has no constant {name}; it has {', '.join(found)}.")
        new = ast.parse(repr(value), mode="eval").body
        for node in ast.walk(new):
            ast.copy_location(node, found[name].value)
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
        statements = ast.parse(source, str(script)).body
        parts = {
            name: [one for one in statements if one.lineno in lines]
            for name, lines in sections.lines(source).items()
        }
        replace_constants(parts.get(sections.CONSTANTS, []), job["set"], script.name)
        capture.start()
        for name, nodes in parts.items():
            print(f"{sections.MARK}{name}", flush=True)
            capture.begin(name)
            exec(compile(ast.Module(nodes, []), str(script), "exec"), namespace)
            if name == sections.SETUP:
                _keep_compiled()
    except Exception as error:
        _explain(error, str(script))
        return 1
    capture.finish()
    ran = {
        "constants": {
            name: value
            for name, value in namespace.items()
            if sections.CONSTANT.fullmatch(name) and _is_plain(value)
        },
        "results": {
            name: None if value is None or math.isnan(value) else capture.number(value)
            for name, value in namespace.get("results", {}).items()
        },
        "seconds": round(time.monotonic() - began, 3),
        "versions": {"python": platform.python_version()} | loaded_versions(),
    }
    Path("ran.json").write_text(json.dumps(ran, allow_nan=False), encoding="utf-8")
    return 0


def loaded_versions() -> dict[str, str]:
    """Return the versions of the packages, among those that compute, which are loaded here."""
    return {one: metadata.version(one) for one in COMPUTING if MODULES.get(one, one) in sys.modules}


def _keep_compiled() -> None:
    """Let numba keep what umap-learn compiles for its first map, ten seconds in each process."""
    for one in vars(sys.modules["umap.umap_"]).values() if "umap.umap_" in sys.modules else ():
        if hasattr(one, "enable_caching"):
            with contextlib.suppress(RuntimeError):  # no folder to keep it in
                one.enable_caching()


def _is_plain(value: Any) -> bool:
    try:
        json.dumps(value, allow_nan=False)
    except (TypeError, ValueError):
        return False
    return True


def _explain(error: Exception, script: str) -> None:
    """Print a traceback that begins in the script, as `python SCRIPT` would."""
    trace = error.__traceback__
    while trace and trace.tb_frame.f_code.co_filename != script:
        trace = trace.tb_next
    traceback.print_exception(type(error), error, trace)


if __name__ == "__main__":
    job, status = sys.argv[1], None
    # Called last, where Python would take TensorFlow apart, for more than a second.
    atexit.register(lambda: status is None or (sys.stdout.flush(), os._exit(status)))
    if job == "--warm":
        for name in WARM:
            importlib.import_module(name)
        job = warm.serve()
    status = run(job)
