"""What goes wrong on a machine is named, leaves nothing half written, and the next run works.

Twins are really run here, in a copy of the checkout, by the command line. The
other faults of downloads and archives are in test_datahome.py, those of the
set-up in test_setup.py.
"""

import http.server
import io
import json
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from helpers import HANGS
from packaging.version import Version
from PIL import Image
from typer.testing import CliRunner

import deeptwins
from deeptwins import bands, course, datahome, datasets, doctor, fetch, files, record, runner
from deeptwins.cli import app
from deeptwins.paths import LANGUAGES, ROOT, SHARED

TWIN = "02_metrics"  # the fastest: it needs no Keras
needs_r = pytest.mark.skipif(shutil.which("Rscript") is None, reason="R is not installed")
needs_linux = pytest.mark.skipif(sys.platform != "linux", reason="a matter of Linux")


# ---- a copy of the checkout, in a path of a kind that people have ----

PAUSE = {
    "python": """
import os
with open(os.environ["PAUSE"] + "/reached.python", "w") as out:
    out.write(str(os.getpid()))
open(os.environ["PAUSE"] + "/go.python").read()
""",
    "r": """
local({
  at <- function(name) file.path(Sys.getenv("PAUSE"), name)
  cat(Sys.getpid(), file = at("reached.r"))
  go <- file(at("go.r"), "rb", raw = TRUE)
  readBin(go, "raw", 1)
  close(go)
})
""",
}


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    """A copy of the checkout under a path with spaces and letters beyond ASCII."""
    root = tmp_path_factory.mktemp("a place") / "Kurs für Zellen – тест"
    root.mkdir()
    for name in ("python", "r", "shared_data"):
        ignored = shutil.ignore_patterns("__pycache__", "*.egg-info")
        shutil.copytree(ROOT / name, root / name, ignore=ignored)
    for name in (".Rprofile", "DESCRIPTION"):
        shutil.copy(ROOT / name, root / name)
    return root


@pytest.fixture
def pausing(tmp_path_factory, checkout):
    """The same with twins that stop before their report; see `Pause`."""
    root = tmp_path_factory.mktemp("pausing") / "course"
    shutil.copytree(checkout, root)
    for language, ending in (("python", "py"), ("r", "R")):
        script = root / language / f"{TWIN}.{ending}"
        text = script.read_text("utf-8")
        assert text.count("# ---- report ----") == 1
        pause = PAUSE[language]
        if language == "python":
            pause = f"import os\nif 'PAUSE' in os.environ:\n{indent(pause)}\n"
        else:
            pause = f"if (nzchar(Sys.getenv('PAUSE'))) {pause.strip()}\n"
        script.write_text(
            text.replace("# ---- report ----", f"{pause}\n# ---- report ----"), "utf-8"
        )
    return root


def indent(text):
    return "".join(f"    {line}\n" for line in text.strip().splitlines())


class Pause:
    """Twins that wait in the middle until they are told to go on, through named pipes."""

    def __init__(self, folder, languages=LANGUAGES):
        self.folder = folder
        self.reached = {}
        for language in languages:
            for name in ("reached", "go"):
                os.mkfifo(folder / f"{name}.{language}")
            self.reached[language] = os.open(
                folder / f"reached.{language}", os.O_RDONLY | os.O_NONBLOCK
            )

    def wait_for(self, language, process):
        """Wait until the twin has come to its pause; return its process's number."""
        handle = self.reached[language]
        assert select.select([handle], [], [], HANGS)[0], f"{language} did not come to its pause"
        while not (pid := os.read(handle, 100)):
            assert process.poll() is None, process.communicate()
        os.close(handle)
        return int(pid)

    def go_on(self, language):
        (self.folder / f"go.{language}").write_bytes(b".")


def environment(root, results, **settings):
    """The environment of a shell in that checkout, with nothing of the tests' own in it."""
    ours = ("DEEPTWINS_", "LC_", "LANG", "RETICULATE_", "R_LIBS", "PAUSE", "PYTHON")
    env = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return (
        env
        | {
            "PYTHONPATH": str(root / "python"),
            "DEEPTWINS_RESULTS": str(results),
            "LC_ALL": "C.UTF-8",
        }
        | {name: str(value) for name, value in settings.items()}
    )


def start(root, results, *arguments, before=(), **settings):
    """Start `deeptwins` in a checkout."""
    return subprocess.Popen(
        [*before, sys.executable, "-m", "deeptwins", *arguments],
        cwd=root,
        env=environment(root, results, **settings),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )


def call(root, results, *arguments, **settings):
    """Call `deeptwins` in a checkout; return its status and all that it said, in one line."""
    process = start(root, results, *arguments, **settings)
    said = " ".join("\n".join(process.communicate(timeout=HANGS)).split())
    return process.returncode, said


def left(results):
    """Name the files in a folder of results but for locks, which are empty."""
    found = sorted(path.relative_to(results) for path in results.rglob("*") if path.is_file())
    return [one.as_posix() for one in found if one.suffix != ".lock"]


WHOLE = [
    f"{language}/{TWIN}{ending}"
    for language in LANGUAGES
    for ending in ("-curve.png", ".err", ".json", ".out")
]


def assert_next_run_works(root, results):
    """Run both twins and see that they agree, and that nothing else lies about."""
    status, said = call(root, results, "run", TWIN)
    assert status == 0, said
    assert left(results) == WHOLE


# ---- where the course lies, and the locale ----


@needs_r
@pytest.mark.parametrize("locale", [pytest.param("C.UTF-8", marks=pytest.mark.long), "C"])
def test_both_languages_run_in_any_path_and_any_locale(checkout, tmp_path, locale):
    results = tmp_path / "Ergebnisse für mich"
    status, said = call(checkout, results, "run", TWIN, LC_ALL=locale)
    assert status == 0, said
    assert left(results) == WHOLE
    assert str(results.name) not in said  # nothing was worth a word


@pytest.mark.long
@needs_r
@pytest.mark.parametrize("locale", ["C", "C.UTF-8"])
def test_a_twin_that_is_run_by_itself_does_too(checkout, tmp_path, locale):
    for command in ([sys.executable, f"python/{TWIN}.py"], ["Rscript", f"r/{TWIN}.R"]):
        done = subprocess.run(
            command,
            cwd=checkout,
            env=environment(checkout, tmp_path / "zwölf", LC_ALL=locale, MPLBACKEND="agg"),
            capture_output=True,
            timeout=HANGS,
        )
        assert done.returncode == 0, done.stderr
    for language in LANGUAGES:
        path = tmp_path / "zwölf" / language / f"{TWIN}.json"
        record.validate(json.loads(path.read_text("utf-8")), language)


@pytest.mark.long
@needs_r
def test_the_doctor_names_a_locale_without_utf_8(checkout, tmp_path):
    done = start(checkout, tmp_path, "doctor", "--json", LC_ALL="C")
    rows = {row["name"]: row for row in json.loads(done.communicate(timeout=HANGS)[0])}
    assert rows["Locale"]["remedy"] == "export LC_ALL=C.UTF-8"
    assert "R: not UTF-8" in rows["Locale"]["found"]


# ---- killed in the middle ----


@needs_r
@needs_linux
def test_a_killed_run_takes_its_twins_with_it_and_leaves_no_record(pausing, tmp_path):
    results, pause = tmp_path / "results", Pause(tmp_path)
    process = start(pausing, results, "run", TWIN, PAUSE=tmp_path)
    twins = [os.pidfd_open(pause.wait_for(one, process)) for one in LANGUAGES]
    process.kill()
    assert process.wait(HANGS) == -signal.SIGKILL
    process.communicate()
    for twin in twins:
        assert select.select([twin], [], [], HANGS)[0], "the twin outlived the run"
        os.close(twin)
    assert not [name for name in left(results) if name.endswith((".json", ".f32"))]
    assert [name for name in left(results) if "/.02" in name], "nothing was there to clear away"
    status, said = call(pausing, results, "verify", TWIN)
    assert status == 1
    assert f"{TWIN}.json is missing. Make it with: deeptwins run {TWIN}" in said
    assert_next_run_works(pausing, results)


@pytest.mark.long
@needs_r
@needs_linux
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_killed_twin_is_named_and_the_other_goes_on(pausing, tmp_path, language):
    results, pause = tmp_path / "results", Pause(tmp_path, [language])
    process = start(pausing, results, "run", TWIN, "--lang", language, PAUSE=tmp_path)
    os.kill(pause.wait_for(language, process), signal.SIGKILL)
    said = " ".join(process.communicate(timeout=HANGS)[1].split())
    assert process.returncode == 1
    assert "was ended by SIGKILL; if nobody did that, the memory was too small" in said
    assert f"{language}/{TWIN}.json" not in left(results)
    assert not [name for name in left(results) if "/." in name]
    assert_next_run_works(pausing, results)


# ---- two runs at once ----


@pytest.mark.long
@needs_linux
def test_two_runs_of_one_exercise_follow_each_other(pausing, tmp_path):
    results, pause = tmp_path / "results", Pause(tmp_path, ["python"])
    arguments = ("run", TWIN, "--lang", "python")
    first = start(pausing, results, *arguments, PAUSE=tmp_path)
    pause.wait_for("python", first)
    second = start(pausing, results, *arguments)
    assert second.stderr.readline() == f"Another run is at {TWIN} in {results}: waiting for it.\n"
    assert first.poll() is None
    pause.go_on("python")
    for process in (first, second):
        said = process.communicate(timeout=HANGS)
        assert process.returncode == 0, said
    assert left(results) == [name for name in WHOLE if name.startswith("python")]
    record.validate(json.loads((results / "python" / f"{TWIN}.json").read_text("utf-8")), TWIN)


def test_runs_of_other_exercises_do_not_wait(results):
    def waiting(exercise):
        raise BlockingIOError(exercise)

    with runner.reserved(["02_metrics", "04_hello_iris"], waiting):
        with runner.reserved(["03_backprop", "solutions/02_metrics"], waiting):
            pass
        with pytest.raises(BlockingIOError, match="04_hello_iris"):  # noqa: SIM117
            with runner.reserved(["05_curves", "04_hello_iris"], waiting):
                pass
    with runner.reserved(["05_curves", "04_hello_iris"], waiting):
        pass


# ---- a disk that is full, a disk that is read only ----


@pytest.fixture
def disk():
    """Mount a small disk of the test's own: `disk(size, "ro")` gives its folder."""
    mounted = []
    folder = Path(tempfile.mkdtemp(prefix="deeptwins disk "))

    def mount(size="4m", mode="rw"):
        done = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={size},{mode}", "deeptwins", str(folder)],
            capture_output=True,
            text=True,
        )
        if done.returncode != 0:
            pytest.skip(f"no small disk can be mounted here: {done.stderr.strip()}")
        mounted.append(folder)
        return folder

    if shutil.which("mount") is None:
        pytest.skip("no small disk can be mounted here: there is no mount")
    yield mount
    for one in mounted:
        subprocess.run(["umount", "-l", str(one)], check=True)
    folder.rmdir()


def fill(folder):
    """Fill a disk up to its last byte; return the file that does it."""
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as out:
        for size in (1 << 16, 1):
            try:
                while True:
                    out.write(bytes(size))
            except OSError:
                continue
    return filler


@pytest.mark.long
@needs_r
@needs_linux
def test_a_disk_that_fills_up_in_the_middle_leaves_no_half_record(pausing, tmp_path, disk):
    results, pause = disk("4m"), Pause(tmp_path)
    process = start(pausing, results, "run", TWIN, PAUSE=tmp_path)
    for language in LANGUAGES:
        pause.wait_for(language, process)
    filler = fill(results)
    for language in LANGUAGES:
        pause.go_on(language)
    said = " ".join(" ".join(process.communicate(timeout=HANGS)).split())
    assert process.returncode == 1
    for language in LANGUAGES:
        reason = f"{results}/{language} cannot be written to (No space left on device)"
        assert reason in said
    assert "export DEEPTWINS_RESULTS=/some/folder" in said
    assert not [name for name in left(results) if name.endswith(".json") or "/." in name]
    filler.unlink()
    assert_next_run_works(pausing, results)


def test_r_does_not_take_half_a_file_for_a_whole_one(r, disk):
    folder = disk("64k")
    (folder / "record.json").write_text("old")
    fill(folder)
    said = r(f"""tryCatch(
        replace_file('{folder}/record.json', raw(1e5)), error = conditionMessage)""")
    assert said == f"{folder}/record.json could not be written. Is the disk full?"
    assert (folder / "record.json").read_text() == "old"
    assert left(folder) == ["filler", "record.json"]


@pytest.mark.long
@pytest.mark.parametrize(
    ("size", "mode", "reason"),
    [("4m", "ro", "Read-only file system"), ("64k", "rw", "No space left on device")],
)
def test_results_that_cannot_be_written_are_named_at_once(checkout, disk, size, mode, reason):
    folder = disk(size, mode)
    status, said = call(checkout, folder, "run", TWIN, "--lang", "python")
    assert status == 1
    assert f"cannot be written to ({reason})" in said
    assert "export DEEPTWINS_RESULTS=/some/folder" in said
    assert "Traceback" not in said
    assert left(folder) == []


def test_the_doctor_names_results_that_cannot_be_written(disk, monkeypatch):
    folder = disk("4m", "ro")
    monkeypatch.setenv("DEEPTWINS_RESULTS", str(folder / "results"))
    row = doctor.check_results()
    assert row.required
    assert "(Read-only file system): export DEEPTWINS_RESULTS=" in row.remedy


def test_a_data_home_that_cannot_be_written_is_named_and_can_still_be_read(disk, monkeypatch):
    folder = disk("4m")
    write_original("peptides", folder)
    subprocess.run(["mount", "-o", "remount,ro", str(folder)], check=True)
    monkeypatch.setenv("DEEPTWINS_DATA", str(folder))
    monkeypatch.setenv("KERAS_HOME", str(folder / "keras"))
    for name in ("malaria_cells", "cifar10", "mobilenet"):
        done = CliRunner().invoke(app, ["data", "fetch", name])
        assert done.exit_code == 1
        assert f"{name} was not fetched." in done.stderr
        assert "Read-only file system" in done.stderr
    assert CliRunner().invoke(app, ["data", "verify", "peptides"]).exit_code == 0


# ---- what ships with the course, damaged ----


def cut(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def flip(path):
    """Change one bit in the middle."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def folder_instead(path):
    path.unlink()
    path.mkdir()


DAMAGE = {
    "missing": Path.unlink,
    "empty": lambda path: path.write_bytes(b""),
    "cut off": cut,
    "one bit": flip,
    "a folder": folder_instead,
}
CARD_DAMAGE = {
    "missing": Path.unlink,
    "empty": lambda path: path.write_bytes(b""),
    "cut off": cut,
    "a folder": folder_instead,
    "not UTF-8": lambda path: path.write_bytes(b'{"files": {"\xe4": {"sha256": ""}}}'),
    "a list": lambda path: path.write_text("[1, 2]"),
    "a word": lambda path: path.write_text('"files"'),
    "no files": lambda path: path.write_text('{"title": "x"}'),
    "files in a list": lambda path: path.write_text('{"files": ["a.csv"]}'),
    "no digest": lambda path: path.write_text('{"files": {"a.csv": {"bytes": 1}}}'),
    "a digest of another kind": lambda path: path.write_text('{"files": {"a": {"sha256": 1}}}'),
}


def restored(path):
    """Return a function that brings a file back as it was."""
    content = path.read_bytes()

    def restore():
        if path.is_dir():
            shutil.rmtree(path)
        path.write_bytes(content)

    return restore


@pytest.fixture
def both(monkeypatch, tmp_path, r):
    """Open a set in both languages, in a folder of its own, and return what both say."""
    monkeypatch.setattr(datasets, "SHARED", tmp_path / "shared_data")
    monkeypatch.setattr(course, "_opened", {})
    monkeypatch.setenv("DEEPTWINS_VARIANT", "mini")

    def say(code, function, *arguments):
        try:
            here = str(function(*arguments))
        except (FileNotFoundError, ValueError) as error:
            here = str(error)
        there = r(f"""local({{
            before <- setwd('{tmp_path}'); on.exit(setwd(before))
            tryCatch({{ {code}; "taken" }}, error = conditionMessage)
        }})""")
        # R names what ships from the project's folder, Python by its absolute path.
        return here.replace(f"{tmp_path}/shared_data", "shared_data"), there

    return say


@pytest.mark.long
@pytest.mark.parametrize("name", datasets.names())
def test_each_damage_to_each_file_is_named_alike_in_both_languages(name, both, tmp_path):
    folder = tmp_path / "shared_data" / name
    shutil.copytree(SHARED / name, folder)
    targets = []
    for listed in datasets.card(name)["files"]:
        path = folder / listed
        targets.append(path if path.is_file() else sorted(path.rglob("*.*"))[3])
    todo = [(path, how, DAMAGE[how]) for path in targets for how in DAMAGE]
    todo += [(folder / "card.json", how, CARD_DAMAGE[how]) for how in CARD_DAMAGE]
    for path, how, damage in todo:
        restore = restored(path)
        damage(path)
        here, there = both(f"data_dir('{name}')", course.data_dir, name)
        assert here == there, (path, how)
        where = path.relative_to(tmp_path)
        assert str(where if where.parent.name == name else where.parents[-3]) in here, (path, how)
        assert f"git checkout -- shared_data/{name}" in here, (path, how)
        restore()
    assert both(f"data_dir('{name}')", course.data_dir, name)[1] == "taken"


@pytest.mark.long
def test_a_damaged_set_ends_the_run_and_the_doctor_and_data_verify_name_it(tmp_path, pausing):
    path = pausing / "shared_data" / "scores" / "balanced.csv"
    restore = restored(path)
    flip(path)
    for arguments in (
        ("run", TWIN),
        ("doctor",),
        ("data", "verify", "scores"),
    ):
        status, said = call(pausing, tmp_path / "results", *arguments)
        assert status == 1, arguments
        assert "balanced.csv is not what its card describes" in said, arguments
        assert "git checkout -- shared_data/scores" in said, arguments
    assert not [name for name in left(tmp_path / "results") if name.endswith(".json")]
    restore()
    if shutil.which("Rscript"):
        assert_next_run_works(pausing, tmp_path / "results")


def test_damaged_cards_do_not_end_the_data_commands_in_a_traceback(tmp_path, monkeypatch):
    shutil.copytree(SHARED / "scores", tmp_path / "scores")
    monkeypatch.setattr(datasets, "SHARED", tmp_path)
    (tmp_path / "scores" / "card.json").write_text("{")
    assert datahome.original_of("cifar10") == "cifar10"
    for words in (["list"], ["verify"], ["verify", "scores"]):
        done = CliRunner().invoke(app, ["data", *words])
        assert done.exit_code == 1
        assert "card.json is not a whole card" in done.stdout + done.stderr
        assert isinstance(done.exception, SystemExit), words


@pytest.mark.parametrize("how", ["empty", "cut off", "not UTF-8", "a list", "a word"])
def test_damaged_bands_are_named(tmp_path, monkeypatch, how):
    monkeypatch.setattr(bands, "EXPECTED", tmp_path)
    path = tmp_path / f"{TWIN}.json"
    shutil.copy(SHARED / "expected" / f"{TWIN}.json", path)
    CARD_DAMAGE[how](path)
    with pytest.raises(bands.BandError, match=r"git checkout -- shared_data/expected") as error:
        bands.read(TWIN, "mini")
    assert str(path) in str(error.value)
    assert bands.with_full([TWIN]) == []


# ---- the data home, damaged ----


def write_original(name, home):
    """Write a small original that is whole; return its place, a file in it, and how it is read."""
    rng = np.random.default_rng(3)
    home.mkdir(exist_ok=True)
    if name == "emoji10":
        x, y = rng.integers(0, 256, (30, 32, 32, 3), np.uint8), rng.integers(0, 10, 30, np.uint8)
        np.savez_compressed(home / "cifar10.npz", x_train=x, y_train=y, x_test=x, y_test=y)
        image = (None, 32, 32, 3)
        shapes = {"x_train": image, "y_train": None, "x_test": image, "y_test": None}
        sizes = (f"{one} = {'c(NA, 32, 32, 3)' if size else 'NA'}" for one, size in shapes.items())
        read = "read_arrays", shapes, ", " + ", ".join(sizes)
        return home / "cifar10.npz", home / "cifar10.npz", *read
    if name == "reviews":
        tokens, offsets = (
            rng.integers(0, 500, 900).astype("int16"),
            np.array([0, 400, 900], "int32"),
        )
        arrays = {}
        for part in ("train", "test"):
            arrays |= {f"{part}_tokens": tokens, f"{part}_offsets": offsets}
            arrays |= {f"y_{part}": np.array([0, 1], "int8")}
        np.savez(home / "imdb_top500.npz", **arrays)  # not compressed: any bit may be changed
        read = "read_arrays", dict.fromkeys(arrays), "".join(f", {one} = NA" for one in arrays)
        return home / "imdb_top500.npz", home / "imdb_top500.npz", *read
    if name == "cells":
        for label in datahome.CELLS:
            (home / "malaria_cells" / label).mkdir(parents=True)
            noise = Image.fromarray(rng.integers(0, 256, (200, 150, 3), np.uint8))
            noise.save(home / "malaria_cells" / label / "a.png")
        place = home / "malaria_cells"
        return place, place / "Uninfected" / "a.png", "image_files", {}, ""
    (home / "amp_challenge").mkdir()
    for one in ("AMP", "DECOY"):
        (home / "amp_challenge" / f"{one}.train.txt").write_text("GIGKFLHSAK\nKKLLX\n" * 9)
    file = home / "amp_challenge" / "AMP.train.txt"
    return file.parent, file, "read_peptides", {}, ""


@pytest.mark.parametrize("name", ["emoji10", "reviews", "cells", "peptides"])
def test_each_damage_to_the_data_home_is_named_alike_in_both_languages(
    name, both, tmp_path, monkeypatch, r
):
    home = tmp_path / "Daten für alle"
    monkeypatch.setattr(datasets, "SHARED", SHARED)
    monkeypatch.setenv("DEEPTWINS_DATA", str(home))
    monkeypatch.setenv("DEEPTWINS_VARIANT", "full")
    place, file, function, shapes, in_r = write_original(name, home)
    below = "" if name != "peptides" else "AMP.train.txt"
    original = datahome.original_of(name)

    def in_python():
        found = course.data_file(name)
        assert found == place
        return getattr(deeptwins, function)(found / below if below else found, **shapes)

    code = f"""
        Sys.setenv(DEEPTWINS_DATA = '{home}', DEEPTWINS_VARIANT = 'full')
        on.exit(Sys.unsetenv(c('DEEPTWINS_DATA', 'DEEPTWINS_VARIANT')), add = TRUE)
        setwd('{ROOT}')
        {function}(file.path(data_file('{name}'){f", '{below}'" if below else ""}){in_r})"""
    assert both(code, in_python)[1] == "taken"
    # A text has no checksum, and any of its letters may be one.
    for how in [one for one in DAMAGE if name != "peptides" or one not in ("cut off", "one bit")]:
        restore = restored(file)
        DAMAGE[how](file)
        here, there = both(code, in_python)
        assert here == there, how
        assert str(file if how != "missing" else file.parent) in here, how
        said = CliRunner().invoke(app, ["data", "verify", original, "--json"])
        assert said.exit_code == 1, how
        found = json.loads(said.stdout)[0]["found"]
        assert str(file if how != "missing" else file.parent) in found, how
        restore()
    assert both(code, in_python)[1] == "taken"


@pytest.mark.long
@pytest.mark.parametrize("name", ["emoji10", "reviews"])
def test_no_changed_bit_changes_a_value(name, tmp_path, r):
    """Any bit: then the file is refused by its name, or what was read is what was written."""
    _, file, _, shapes, in_r = write_original(name, tmp_path)
    content = file.read_bytes()
    whole = deeptwins.read_arrays(file, **shapes)
    read = f"digest::digest(read_arrays('{file}'{in_r}))"
    whole_in_r = r(read)
    refused = taken = 0
    for place in np.linspace(0, len(content) - 1, 60).astype(int):
        damaged = bytearray(content)
        damaged[place] ^= 1 << (place % 8)
        file.write_bytes(damaged)
        try:
            found = deeptwins.read_arrays(file, **shapes)
        except ValueError as error:
            refused += str(error).startswith(f"{file} ")
        else:
            assert all(np.array_equal(found[one], whole[one]) for one in whole), place
            taken += 1
        said = r(f"tryCatch({read}, error = conditionMessage)")
        assert said == whole_in_r or said.startswith(str(file)), place
    assert refused + taken == 60
    assert refused > 30


def test_a_download_of_keras_that_breaks_off_is_not_taken_for_a_whole_one(tmp_path, monkeypatch):
    import h5py
    import keras
    from keras.src.legacy.saving import legacy_h5_format  # the format of the published file

    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.setattr(fetch, "ask", lambda *arguments, **options: io.BytesIO())

    def get_file(name, origin, *, cache_dir, cache_subdir, force_download):
        path = Path(cache_dir, cache_subdir, name)
        path.write_bytes(b"half")
        return str(path)

    monkeypatch.setattr(keras.utils, "get_file", get_file)
    place = datahome.ORIGINALS["mobilenet"].place()
    place.parent.mkdir()
    old = place.with_name(f".{place.name}.abcd1234.h5")
    old.write_bytes(b"left by a process that was killed")
    done = CliRunner().invoke(app, ["data", "fetch", "mobilenet"])
    assert done.exit_code == 1
    assert "does not hold the weights of MobileNet" in done.stderr
    assert left(tmp_path) == []
    model = keras.applications.MobileNet(alpha=0.25, weights=None, include_top=False)

    def whole(name, origin, *, cache_dir, cache_subdir, force_download):
        with h5py.File(Path(cache_dir, cache_subdir, name), "w") as out:
            legacy_h5_format.save_weights_to_hdf5_group(out, model)

    monkeypatch.setattr(keras.utils, "get_file", whole)
    done = CliRunner().invoke(app, ["data", "fetch", "mobilenet"])
    assert done.exit_code == 0, done.stderr
    assert left(tmp_path) == [f"models/{place.name}"]


# ---- downloads and proxies ----

FETCH = """
import sys
from deeptwins import datahome
from deeptwins.cli import app
datahome.CELLS_URL, datahome.CELLS_SHA256, datahome.CELLS_SIZE, datahome.CELLS_COUNT = (
    sys.argv[1], sys.argv[2], int(sys.argv[3]), 2)
app(["data", "fetch", "malaria_cells"])
"""


@pytest.fixture
def server(tmp_path):
    """Serve an archive of two images: its first half, and the rest when `go_on` is set."""
    archive = tmp_path / "published"
    write_original("cells", archive)
    content = Path(
        shutil.make_archive(str(tmp_path / "cell_images"), "zip", archive, "malaria_cells")
    ).read_bytes()

    class Half(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            first, last = self.headers["Range"], len(content) - 1
            running.asked.append(first)
            start = int(first.removeprefix("bytes=").removesuffix("-")) if first else 0
            self.send_response(206 if first else 200)
            if first:
                self.send_header("Content-Range", f"bytes {start}-{last}/{len(content)}")
            self.send_header("ETag", '"one"')
            self.send_header("Content-Length", str(len(content) - start))
            self.end_headers()
            half = len(content) // 2
            self.wfile.write(content[start : max(start, half)])
            running.go_on.wait(HANGS)
            self.wfile.write(content[max(start, half) :])

        def log_message(self, *arguments):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Half) as running:
        running.daemon_threads = True
        running.handle_error = lambda *arguments: None  # the other end was killed
        running.asked, running.go_on, running.content = [], threading.Event(), content
        running.url = f"http://127.0.0.1:{running.server_port}/cell_images.zip"
        threading.Thread(target=running.serve_forever, args=(0.01,), daemon=True).start()
        yield running
        running.go_on.set()
        running.shutdown()


def test_a_killed_download_is_gone_on_with_by_the_next(server, tmp_path):
    home = tmp_path / "home"
    env = environment(ROOT, tmp_path, DEEPTWINS_DATA=home, KERAS_HOME=tmp_path / "k", no_proxy="*")
    whole = tmp_path / "whole"
    whole.write_bytes(server.content)
    command = [sys.executable, "-c", FETCH, server.url, files.sha256(whole)]
    command.append(str(len(server.content)))
    part = home / "cell_images.zip.part"
    killed = subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    deadline = time.monotonic() + HANGS
    while not (part.exists() and part.stat().st_size):
        assert killed.poll() is None, killed.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.01)
    killed.kill()
    killed.communicate()
    have = part.stat().st_size
    assert 0 < have < len(server.content)
    assert not (home / "malaria_cells").exists()
    server.go_on.set()
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=HANGS)
    assert done.returncode == 0, done.stderr
    assert server.asked == [None, f"bytes={have}-"]
    assert left(home) == [f"malaria_cells/{one}/a.png" for one in datahome.CELLS]


def test_a_disk_that_fills_up_in_a_download_is_named_and_the_next_goes_on(
    server, disk, tmp_path, monkeypatch
):
    home = disk("1m")
    server.go_on.set()
    whole = tmp_path / "whole"
    whole.write_bytes(server.content)
    filler = fill(home)
    part = home / "cells.part"
    told = {"size": len(server.content), "sha256": files.sha256(whole)}
    monkeypatch.setenv("no_proxy", "*")
    with pytest.raises(OSError, match="No space left on device"):
        fetch.download(server.url, part, **told)
    with pytest.raises(fetch.FetchError, match="Make room, or choose another folder"):
        fetch.need_space(home, len(server.content))
    filler.unlink()
    fetch.download(server.url, part, **told)
    assert part.read_bytes() == server.content


@pytest.fixture
def hanging_proxy(monkeypatch):
    """A proxy that takes connections and never says a word."""
    for name in ("no_proxy", "NO_PROXY", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(16)
        address = f"127.0.0.1:{listening.getsockname()[1]}"
        for name in ("http_proxy", "https_proxy"):
            monkeypatch.setenv(name, f"http://ada:secret@{address}")
        yield address


def test_a_proxy_that_hangs_is_named_within_seconds(hanging_proxy, tmp_path, monkeypatch):
    monkeypatch.setenv("DEEPTWINS_DATA", str(tmp_path / "home"))
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.setattr(fetch, "PATIENCE", 0.5)
    monkeypatch.setattr(
        fetch.download, "__kwdefaults__", fetch.download.__kwdefaults__ | {"patience": 0.5}
    )
    for name in ("imdb", "malaria_cells"):
        done = CliRunner().invoke(app, ["data", "fetch", name])
        assert done.exit_code == 1
        assert f"(through the proxy {hanging_proxy}) gave no answer within" in done.stderr
        assert "secret" not in done.stderr


# ---- no home folder ----


@pytest.fixture
def homeless():
    """What to put before a command so that it finds no home folder: not even in /etc/passwd."""
    nobody = str(next(number for number in range(54321, 60000) if not has_name(number)))
    before = ["setpriv", "--reuid", nobody, "--clear-groups", "--inh-caps", "+dac_override"]
    before += ["--ambient-caps", "+dac_override", "env", "-u", "HOME"]
    try:
        subprocess.run([*before, "true"], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"this user may not become another: {error}")
    return before


def has_name(number):
    import pwd

    try:
        return bool(pwd.getpwuid(number))
    except KeyError:
        return False


NO_HOME = "There is no home folder to look for full data in (HOME is not set)"


@pytest.mark.long
@needs_r
def test_without_a_home_folder_each_says_which_folder_to_name(checkout, tmp_path, homeless):
    def said(command):
        env = environment(checkout, tmp_path, DEEPTWINS_VARIANT="full")
        env.pop("XDG_CACHE_HOME", None)
        done = subprocess.run(
            [*homeless, *command], cwd=checkout, env=env, capture_output=True, timeout=HANGS
        )
        return done.returncode, (done.stdout + done.stderr).decode()

    status, text = said([sys.executable, "-m", "deeptwins", "data", "list"])
    assert status == 1
    assert text.startswith(NO_HOME)
    assert len(text.splitlines()) == 1
    code = "import deeptwins; deeptwins.data_file('emoji10')"
    status, in_python = said([sys.executable, "-c", code])
    assert status == 1
    status, in_r = said(["Rscript", "-e", "source('r/course.R'); data_file('emoji10')"])
    assert status == 1
    sentences = [
        " ".join(text[text.index(NO_HOME) :].splitlines()[0].split()) for text in (in_python, in_r)
    ]
    assert sentences[0] == sentences[1]


@pytest.mark.long
@needs_r
def test_without_a_home_folder_the_mini_data_still_run(checkout, homeless, tmp_path):
    for command in ([sys.executable, f"python/{TWIN}.py"], ["Rscript", f"r/{TWIN}.R"]):
        done = subprocess.run(
            [*homeless, *command],
            cwd=checkout,
            env=environment(checkout, tmp_path / "results", MPLBACKEND="agg"),
            capture_output=True,
            timeout=HANGS,
        )
        assert done.returncode == 0, done.stderr
    assert left(tmp_path / "results") == [
        name for name in WHOLE if not name.endswith(("err", "out"))
    ]


# ---- R, its packages, and its Python ----


@pytest.fixture(scope="module")
def r_without(tmp_path_factory):
    """Return a function that gives the settings of an R without some of its packages."""
    listed = subprocess.run(
        ["Rscript", "-e", "cat(c(.Library, .libPaths()), sep = '\\n')"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    base, *others = [Path(one) for one in listed]

    def settings(*names):
        folder = tmp_path_factory.mktemp("library")
        for library in others:
            for package in library.iterdir() if library != base else ():
                if package.name not in names and not (folder / package.name).exists():
                    (folder / package.name).symlink_to(package)
        if in_base := [name for name in names if (base / name).exists()]:
            pytest.skip(f"{', '.join(in_base)} lies in R's own library, and cannot be hidden")
        return {"R_LIBS_SITE": folder, "R_LIBS_USER": "/nowhere"}

    return settings


@pytest.mark.long
@needs_r
@pytest.mark.parametrize("package", ["pROC", "jsonlite"])
def test_a_missing_r_package_is_named_with_what_brings_it(checkout, tmp_path, r_without, package):
    hidden = r_without(package)
    status, said = call(checkout, tmp_path, "run", TWIN, "--lang", "r", **hidden)
    assert status == 1
    assert f"R lacks {package}. Install with: Rscript r/setup.R" in said
    assert not [name for name in left(tmp_path) if name.endswith(".json")]
    done = start(checkout, tmp_path, "doctor", "--json", **hidden)
    rows = {row["name"]: row for row in json.loads(done.communicate(timeout=HANGS)[0])}
    assert f"{package} missing" in rows["R packages"]["found"]
    assert rows["R packages"]["remedy"] == "Rscript r/setup.R"


@pytest.mark.long
@needs_r
@pytest.mark.long
def test_r_names_a_real_numpy_2_under_an_old_reticulate(checkout, tmp_path):
    asked = [
        "Rscript",
        "-e",
        "cat(format(packageVersion('reticulate')), nzchar(system.file(package = 'keras3')))",
    ]
    version, keras3 = subprocess.run(
        asked, cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    if keras3 == "TRUE" or Version(version) >= Version("1.38"):
        pytest.skip(f"reticulate {version} speaks to NumPy 2")
    command = [sys.executable, "-m", "pip", "install", "--no-deps", "--target"]
    done = subprocess.run(
        [*command, tmp_path / "new", "numpy==2.0.2"], capture_output=True, text=True
    )
    if done.returncode != 0:
        pytest.skip(f"NumPy 2 cannot be had: {done.stderr.strip().splitlines()[-1]}")
    path = f"{checkout / 'python'}:{tmp_path / 'new'}"
    settings = {"PYTHONPATH": path, "RETICULATE_PYTHON": sys.executable}
    status, said = call(checkout, tmp_path / "results", "run", "04", "--lang", "r", **settings)
    assert status == 1
    assert f"reticulate {version} does not speak to NumPy 2.0.2" in said
    assert left(tmp_path / "results") == ["r/04_hello_iris.err", "r/04_hello_iris.out"]
