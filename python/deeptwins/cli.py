"""The command line: list, run, verify, check, bands, book, doctor, data, amp.

The book and the AMP challenge are imported when they are asked for, and TensorFlow is
nowhere: `--help`, `list` and `doctor` answer at once.
"""

import ast
import codecs
import contextlib
import io
import json
import socket
import sys
from collections.abc import Callable, Collection, Iterator
from dataclasses import asdict
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, NoReturn

from rich.console import Console
from typer import Argument, Exit, Option, Typer

from deeptwins import catalog, files, sections
from deeptwins import doctor as examination
from deeptwins.data import cards, originals
from deeptwins.paths import LANGUAGES, ROOT, SHARED, data_home, find_r, results_dir
from deeptwins.progress import Progress
from deeptwins.proof import check as checks
from deeptwins.proof import ledger, levels
from deeptwins.proof import seeds as maker
from deeptwins.runs import capture, record, runner

HELP = "Run the twins of the course, and verify that Python and R agree."
DATA = "The data sets: what there is, the originals, whether all is whole."
AMP = "The AMP challenge for a class: evaluate the predictions of teams."
app = Typer(help=HELP, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
app.add_typer(data_app := Typer(), name="data", help=DATA, no_args_is_help=True)
app.add_typer(amp_app := Typer(), name="amp", help=AMP, no_args_is_help=True)
console = Console()
errors = Console(stderr=True)

# A Windows program that is piped writes cp1252, which has no tick: an exception instead of a line.
PLAIN = {"✓": "+", "✗": "x", "–": "-", "…": "...", "∞": "inf"}


def _plain(error: UnicodeEncodeError) -> tuple[str, int]:
    return "".join(PLAIN.get(one, "?") for one in error.object[error.start : error.end]), error.end


codecs.register_error("plain", _plain)
for stream in (sys.stdout, sys.stderr):
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(errors="plain")
find_r()

Lang = Enum("Lang", {one: one for one in (*LANGUAGES, "both")}, type=str)
Data = Enum("Data", {one: one for one in ("mini", "full")}, type=str)
PATIENCE = 10  # seconds for a server to answer
ID = "Exercises, as 01 or 01_first_network."
Ids = Annotated[list[str] | None, Argument(metavar="[ID]...", help=ID)]
Twins = Annotated[Lang, Option("--lang", help="Which of the twins.")]
Variant = Annotated[Data, Option("--data", help="mini ships; full is in the data home.")]
Json = Annotated[bool, Option("--json", help="Print JSON for a program to read.")]
Solutions = Annotated[bool, Option("--solutions", help="The worked challenges too.")]


def _say(*lines: str, style: str | None = None, to: Console = console) -> None:
    """Print lines as they are: without markup, and never cut."""
    for line in lines:
        to.print(line, style=style, markup=False, highlight=False, soft_wrap=True)


def _end(as_json: bool, value: Any, show: Callable[[], None], holds: bool = True) -> NoReturn:
    """Print a value as JSON or show it to a person, and end with status 0 if all holds."""
    if as_json:
        json.dump(value, sys.stdout, indent=1, default=asdict)  # ASCII, whatever the console reads
        print()
    else:
        show()
    raise Exit(0 if holds else 1)


def _end_with(sentence: str, status: int = 1) -> NoReturn:
    """End with a sentence that says what is wrong."""
    _say(sentence, style="red", to=errors)
    raise Exit(status) from None


@contextlib.contextmanager
def _ending(*kinds: type[Exception], status: int = 1) -> Iterator[None]:
    """End with the sentence of an error of one of these kinds."""
    try:
        yield
    except kinds as error:
        _end_with(str(error), status)


def _find(ids: list[str] | None, *, solutions: bool = False) -> list[str]:
    with _ending(catalog.UnknownExercise, status=2):
        return catalog.find(ids or [], solutions=solutions)


def _languages(lang: Lang) -> tuple[str, ...]:
    return LANGUAGES if lang is Lang.both else (lang.value,)


def constant(text: str) -> tuple[str, Any]:
    """Return name and value of `EPOCHS=30`, `UNITS=[64, 32]` or `DATA=my.csv`.

    A value is a Python literal where it can be read as one, else text. The path of a file or
    folder that is there becomes absolute, since a twin runs elsewhere; a text without a slash
    or a suffix (`TARGET_COLUMN=data`) is no path. Raises ValueError where no name in capitals
    stands before the first `=`.
    """
    name, equals, value = map(str.strip, text.partition("="))
    if not equals or not sections.CONSTANT.fullmatch(name):
        raise ValueError(f"--set takes NAME=VALUE with a name in capitals, not {text!r}.")
    try:
        return name, ast.literal_eval(value)
    except (ValueError, SyntaxError):
        path = Path(value)
        is_path = (path.suffix or "/" in value or "\\" in value) and path.exists()
        return name, path.resolve().as_posix() if is_path else value


@app.command("list")
def list_exercises(as_json: Json = False) -> None:
    """Show the exercises of the course."""
    everything = catalog.exercises()
    rows = [
        {"id": one, "title": catalog.title(one), "solution": f"solutions/{one}" in everything}
        for one in everything
        if not one.startswith("solutions/")
    ]
    _end(as_json, rows, lambda: _say(*(f"{row['id']:<22} {row['title']}" for row in rows)))


@app.command()
def run(
    ids: Ids = None,
    lang: Twins = Lang.both,
    data: Variant = Data.mini,
    values: Annotated[
        list[str] | None,
        Option("--set", metavar="NAME=VALUE", help="Replace a constant, as EPOCHS=30. Repeatable."),
    ] = None,
    seed: Annotated[int | None, Option(help="The same as --set SEED=...")] = None,
    solutions: Solutions = False,
    timeout: Annotated[float | None, Option(help="Seconds until a twin is ended.")] = None,
    keep: Annotated[bool, Option("--keep-weights", help="Of twins that agree, too.")] = False,
    as_json: Json = False,
) -> None:
    """Run twins, each in a process of its own, and print the ledger of their agreement."""
    exercises = _find(ids, solutions=solutions)
    if data is Data.full and not ids:
        exercises = [one for one in exercises if one in cards.with_full()]
    languages = _languages(lang)
    with _ending(ValueError):
        chosen = dict(map(constant, values or [])) | ({} if seed is None else {"SEED": seed})
    verdicts: dict[str, levels.Verdict] = {}

    def compared(exercise: str) -> None:
        if lang is not Lang.both:
            return
        verdict = verdicts[exercise] = levels.verify(exercise)
        if not verdict.failed and not keep:
            for language in languages:
                folder = record.folder_of(exercise, language)
                (folder / capture.TENSORS).unlink(missing_ok=True)
        if not as_json:
            ledger.show([verdict], console, head=len(verdicts) == 1)

    def waiting(exercise: str) -> None:
        _say(f"Another run is at {exercise} in {results_dir()}: waiting for it.", to=errors)

    settings = runner.Settings(data.value, chosen, timeout=timeout or runner.TIMEOUT)
    with _ending(OSError), Progress(len(exercises) * len(languages), quiet=as_json) as shown:
        outcomes = runner.run(
            exercises,
            languages,
            settings,
            started=shown.started,
            ended=shown.ended,
            compared=compared,
            waiting=waiting,
        )
    rows = [verdicts[one] for one in exercises if one in verdicts]
    holds = all(outcome.ok for outcome in outcomes) and not any(row.failed for row in rows)
    found = {"holds": holds, "runs": outcomes, "ledger": [row.as_dict() for row in rows]}
    _end(as_json, found, lambda: ledger.explain(rows, console) if rows else None, holds)


@app.command()
def verify(ids: Ids = None, solutions: Solutions = False, as_json: Json = False) -> None:
    """Compare the last runs of R and Python, level by level, and print the ledger."""
    verdicts = [levels.verify(one) for one in _find(ids, solutions=solutions)]
    holds = not any(verdict.failed for verdict in verdicts)
    found = {"holds": holds, "ledger": [verdict.as_dict() for verdict in verdicts]}

    def show() -> None:
        ledger.show(verdicts, console)
        ledger.explain(verdicts, console)

    _end(as_json, found, show, holds)


@app.command()
def bands(
    ids: Ids = None,
    data: Variant = Data.mini,
    seeds: Annotated[int | None, Option(min=20, help="How many; else as before, or 20.")] = None,
    headlines: Annotated[str, Option("--results", help="By comma; at most six.")] = "",
    own_random: Annotated[str, Option(help="Results that each language draws by itself.")] = "",
    solutions: Solutions = False,
) -> None:
    """Make the expected bands of exercises again, from many seeds."""
    for exercise in _find(ids, solutions=solutions):
        with _ending(ValueError):
            path = maker.make(
                exercise,
                data.value,
                seeds=range(1, seeds + 1) if seeds else (),
                headlines=[one for one in headlines.split(",") if one],
                own_random=[one for one in own_random.split(",") if one],
                said=_say,
            )
        _say(f"wrote {path.relative_to(ROOT)}")


@app.command()
def check(
    exercise: Annotated[str, Argument(metavar="ID", help=ID)],
    lang: Twins = Lang.both,
    final: Annotated[
        bool, Option("--final", help="The results on the test set too: look once, at the end.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Say where your result lies: in the expected band or not, and against the target.

    You choose between models by their validation results. So the results on the test set, whose
    names begin with test_, are shown only with --final.
    """
    found = _find([exercise])
    results = [checks.check(one, each, final=final) for one in found for each in _languages(lang)]
    readable = [result for result in results if not result["problem"]]

    def show() -> None:
        # Asked for both, a learner who works in one language is not scolded for the other.
        for result in readable or results:
            checks.show(result, console)

    _end(as_json, results, show, bool(readable) and all(result["holds"] for result in readable))


@app.command()
def book(
    render: Annotated[bool, Option(help="Also render the site.")] = False,
    open_: Annotated[bool, Option("--open", help="Also render it and open a browser.")] = False,
) -> None:
    """Make the book's side-by-side fragments from the last runs; render the site."""
    from deeptwins.book import BookError, archive, fragments, site

    with _ending(BookError):
        written = archive.note()
        stale = archive.problems(catalog.exercises())
        fragments.write()
        rendered = site.render() if render or open_ else None
    _say(*stale, style="yellow", to=errors)
    _say(f"verified runs: {len(written)} files changed")
    if rendered:
        by = f"{rendered.renderer.name} {rendered.renderer.version}"
        _say(f"site: {rendered.pages} pages by {by} in {rendered.folder}")
        _say(*filter(None, [rendered.renderer.note]), *rendered.warnings)
    if open_:
        site.serve()


@app.command()
def doctor(as_json: Json = False) -> None:
    """Look at everything the course needs, and say how to mend what is missing."""
    checks = examination.examine()
    found = [asdict(one) | {"ok": one.ok} for one in checks]
    holds = all(one.ok for one in checks if one.required)
    _end(as_json, found, lambda: examination.show(checks, console), holds)


# ---- data ----

NAME = "As `data list` has it."


def _known(names: list[str], known: Collection[str]) -> None:
    """End with status 2 where a name is not among those that are known."""
    if unknown := [name for name in names if name not in known]:
        _end_with(f"There is no {', '.join(unknown)}. There are: {', '.join(known)}.", 2)


@data_app.command("list")
def data_list(as_json: Json = False) -> None:
    """Show the data sets of the course, and which originals are on this machine."""
    with _ending(OSError, ValueError):
        rows = originals.overview()

    def show() -> None:
        for row in rows:
            where = f"{row['size'] if row['there'] else row['get']}: {row['place']}"
            _say(f"{row['name']:<16} {row['variant']}  {row['title']}", style="bold")
            _say(f"{'':<17}{where}", f"{'':<17}{row['licence']}")

    _end(as_json, rows, show)


@data_app.command("fetch")
def data_fetch(names: Annotated[list[str], Argument(metavar="NAME...", help=NAME)]) -> None:
    """Bring originals into the data home."""
    with _ending(OSError, ValueError):
        chosen = {name: originals.original_of(name) for name in names}
        _known([name for name, one in chosen.items() if not one], originals.known())
    socket.setdefaulttimeout(PATIENCE)  # Keras would wait for a silent server without an end
    failed = False
    for name in dict.fromkeys(chosen.values()):
        try:
            _say(originals.fetch(name))
        except OSError as error:
            _say(str(error), style="red", to=errors)
            failed = True
    raise Exit(1 if failed else 0)


@data_app.command("verify")
def data_verify(
    names: Annotated[list[str] | None, Argument(metavar="[NAME]...", help=NAME)] = None,
    as_json: Json = False,
) -> None:
    """Look into the data sets: digests of what ships, format and counts of the originals."""
    with _ending(OSError, ValueError):
        _known(names or [], [*cards.names(), *originals.known()])
        rows = originals.verify(names or [])

    def show() -> None:
        for row in rows:
            line = f"{'✓' if row['ok'] else '✗'} {row['name']} ({row['variant']}): {row['found']}"
            _say(line, style=None if row["ok"] else "red")

    _end(as_json, rows, show, all(row["ok"] for row in rows))


# ---- amp ----

TRUTH = "The instructor's hidden set (id,peptide,label); else the test set of exercise 14."
Hidden = Annotated[Path | None, Option(envvar="DEEPTWINS_AMP_TRUTH", help=TRUTH)]


def _show_board(
    paths: list[Path], truth: Path | None, data: Data, as_json: bool, **written: Path | None
) -> None:
    """Rank files, print and write the board; status 2 without a truth, 1 if a file is refused."""
    from deeptwins import amp

    with _ending(amp.Refused, OSError, status=2):
        public = SHARED / "peptides" if data is Data.mini else data_home() / "amp_challenge"
        board = amp.board(paths, amp.read_truth(truth) if truth else amp.public_truth(public))
        for form, file in written.items():
            if file:
                files.write_text(file, getattr(amp, f"to_{form}")(board))
    text = amp.shown(board)
    ranked = text[text["rank"] != ""].drop(columns=["note", "refused"])

    def show() -> None:
        _say(ranked.to_string(index=False), amp.LEGEND)
        for row in text[text["note"] + text["refused"] != ""].itertuples():
            _say(f"{'✗' if row.refused else '!'} {row.file}: {row.refused or row.note}")

    found = json.loads(board.to_json(orient="records"))
    _end(as_json, found, show, not board["refused"].any())


@amp_app.command("score")
def amp_score(
    paths: Annotated[list[Path], Argument(metavar="FILE...", help="Predictions (.csv).")],
    truth: Hidden = None,
    data: Variant = Data.mini,
    as_json: Json = False,
) -> None:
    """Evaluate predictions: metrics with the interval of the AUC, or why a file is refused."""
    _show_board(paths, truth, data, as_json)


@amp_app.command("board")
def amp_board(
    folder: Annotated[Path, Argument(metavar="DIR", help="A file for each team, named after it.")],
    truth: Hidden = None,
    data: Variant = Data.mini,
    html: Annotated[Path | None, Option(help="Also write the board as a web page.")] = None,
    csv: Annotated[Path | None, Option(help="Also write the board as CSV.")] = None,
    as_json: Json = False,
) -> None:
    """Rank all files of a folder; one that is refused is listed with the reason."""
    found = folder.iterdir() if folder.is_dir() else []
    if not (paths := sorted(one for one in found if not one.name.startswith("."))):
        _end_with(f"There is no hand-in in {folder}.", 2)
    for one in filter(None, (truth, html, csv)):
        if one.resolve().parent == folder.resolve():
            _end_with(f"{one} must not be in the folder of the hand-ins.", 2)
    _show_board(paths, truth, data, as_json, html=html, csv=csv)


@amp_app.command("hide")
def amp_hide(
    amps: Annotated[Path, Argument(metavar="AMPS", help="AMPs, one a line.")],
    others: Annotated[Path, Argument(metavar="OTHERS", help="Other peptides, one a line.")],
    into: Annotated[Path, Option(help="The folder for peptides.csv and truth.csv.")],
) -> None:
    """Make a hidden set: peptides.csv for the teams, and truth.csv to keep."""
    from deeptwins import amp

    with _ending(amp.Refused, OSError):
        peptides, truth = amp.hide(amps, others, into)
    _say(f"for the teams: {peptides}", f"keep to yourself: {truth}")
