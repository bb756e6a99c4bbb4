"""The course from one command, under Linux, macOS and Windows.

    python course.py run        run every exercise in Python and in R, show that they agree
    python course.py test       run every test but the long ones; test-all runs those too
    python course.py book       make the website of the course in _book/
    python course.py bench      measure how fast it all is, for the book's page on speed
    python course.py rehearse   play the plan for half a day; `rehearse two_days` the other
    python course.py setup      only make ready what `run` needs
    python course.py stage DIR  put all that a class without a network needs into a folder
    python course.py lock       make requirements.lock anew
    python course.py clean      remove all that the others made

Each sets up what it needs first, and nothing twice. What follows the first word goes on to
the program behind it: `run 01`, `test -k bands`.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent
WINDOWS = os.name == "nt"
PROGRAMS = ROOT / ".venv" / ("Scripts" if WINDOWS else "bin")
MADE = (
    *(".venv", ".rlib", ".rlib-standin", ".make", "results", "_book", ".quarto", "book/notebooks"),
    *("book/_fragments", "book/slides/reveal", ".pytest_cache", ".ruff_cache"),
)


def environment():
    """Set what every program of the course needs, for R's sake most of all."""
    os.environ.setdefault("PYTHONUTF8", "1")
    # rpy2 calls R without a compiled extension, which needs a compiler, on every machine.
    os.environ["RPY2_CFFI_MODE"] = "ABI"
    said = "".join(os.environ.get(name, "") for name in ("LC_ALL", "LC_CTYPE", "LANG"))
    if not WINDOWS and "utf" not in said.lower():
        # A bare machine has no locale, and then R takes every letter beyond ASCII apart.
        os.environ["LC_ALL"] = "en_US.UTF-8" if sys.platform == "darwin" else "C.UTF-8"
    if WINDOWS:
        sys.path.insert(0, str(ROOT / "python"))
        from deeptwins.paths import find_r  # needs the standard library only

        find_r()


def start(program, *arguments):
    """Become a program of .venv, with its status; Windows only knows to wait for one."""
    command = [str(PROGRAMS / (program + (".exe" if WINDOWS else ""))), *arguments]
    if WINDOWS:
        sys.exit(subprocess.call(command))
    os.execv(command[0], command)


def run(arguments):
    """Run the exercises, in the languages that are ready."""
    steps.set_up("run")
    start("deeptwins", "run", "--lang", common.made("languages").read_text().strip(), *arguments)


def test(arguments):
    """Run the tests."""
    steps.set_up("test")
    steps.browser()
    # Not `python -m pytest`: reticulate takes a relative path of a Python for a library.
    start("pytest", "-n", "2", "--dist", "loadfile", *arguments)


def test_all(arguments):
    """Run the long tests too."""
    test(["-m", "long or not long", "--durations=20", *arguments])


def bench(arguments):
    """Measure the times of the course."""
    steps.set_up("test")
    start("python", "bench/run.py", *arguments)


def book(arguments):
    """Render the book."""
    steps.set_up("book")
    steps.quarto()
    os.environ["PATH"] = f"{PROGRAMS}{os.pathsep}{os.environ['PATH']}"  # Quarto, where pip has it
    start("deeptwins", "book", "--render", *arguments)


def rehearse(arguments):
    """Play a plan for a class."""
    steps.set_up("run")
    start("python", "kit/rehearsal.py", common.made("languages").read_text().strip(), *arguments)


def pages(_):
    """Make what the pages of the book need; book/prepare.py asks for it."""
    steps.set_up("book")
    start("python", "book/prepare.py")


def setup(_):
    """Set up what the exercises need."""
    steps.set_up("run")


def stage(arguments):
    """Fill a folder for a class without a network."""
    if len(arguments) != 1:
        sys.exit("Name one folder, on a stick say: python course.py stage /media/stick/course")
    steps.set_up("run")
    sys.path.insert(0, str(ROOT / "kit"))
    import stage

    stage.stage(Path(arguments[0]))


def lock(_):
    """Make requirements.lock anew."""
    steps.set_up("run")
    import lock

    lock.lock()


def clean(_):
    """Remove what was made."""
    for name in MADE:
        shutil.rmtree(ROOT / name, ignore_errors=True)
    for folder in list(ROOT.rglob("__pycache__")):
        shutil.rmtree(folder, ignore_errors=True)


COMMANDS = {
    **{"run": run, "test": test, "test-all": test_all, "bench": bench, "book": book},
    **{"pages": pages, "rehearse": rehearse, "setup": setup, "stage": stage, "lock": lock},
    "clean": clean,
}

if __name__ == "__main__":
    if sys.version_info < (3, 8):  # noqa: UP036 - it starts here to say so
        sys.exit("set-up: this Python is too old to start with; call this with a newer one.")
    if len(sys.argv) < 2 or sys.argv[1] not in COMMANDS:
        sys.exit(__doc__)
    os.chdir(ROOT)
    sys.path.insert(0, str(ROOT / "setup"))
    environment()
    import common
    import steps

    try:
        COMMANDS[sys.argv[1]](sys.argv[2:])
    except common.SetupError as error:
        sys.exit(f"set-up: {error}")
    except KeyboardInterrupt:
        sys.exit("set-up: stopped; the next call goes on from here.")
