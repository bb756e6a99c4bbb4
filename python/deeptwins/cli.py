"""The command line. It loads no TensorFlow: `--help` and `doctor` answer at once."""

import ast
import io
import json
import runpy
import socket
import sys
from dataclasses import asdict
from enum import Enum
from pathlib import Path
from typing import Annotated, Any

from rich.console import Console
from typer import Argument, Context, Exit, Option, Typer
from typer.core import TyperGroup

from deeptwins import catalog, files, sections
from deeptwins import doctor as examination
from deeptwins.data import cards, originals
from deeptwins.paths import BOOK, LANGUAGES, ROOT, TITLES, find_r
from deeptwins.proof import check as checks
from deeptwins.proof import ledger, levels
from deeptwins.proof import seeds as maker
from deeptwins.proof.bands import BandError
from deeptwins.runs import capture, record, runner

console = Console()
errors = Console(stderr=True)
for stream in (sys.stdout, sys.stderr):
    if isinstance(stream, io.TextIOWrapper):  # a pipe of Windows has no tick in its alphabet
        stream.reconfigure(encoding="utf-8")
find_r()

OF = {"python": ("python",), "r": ("r",), "both": LANGUAGES}
Lang = Enum("Lang", {one: one for one in OF}, type=str)
Data = Enum("Data", {one: one for one in ("mini", "full")}, type=str)
ID = "Exercises, as 01 or 01_first_network."
Ids = Annotated[list[str] | None, Argument(metavar="[ID]...", help=ID)]
Twins = Annotated[Lang, Option("--lang", help="Which of the twins.")]
Variant = Annotated[Data, Option("--data", help="mini ships; full is in the data home.")]
Solutions = Annotated[bool, Option("--solutions", help="The worked challenges too.")]


class Commands(TyperGroup):
    """The commands, which end with a sentence where what they were given does not serve."""

    def invoke(self, ctx: Context) -> Any:
        """Run the command that was called."""
        try:
            return super().invoke(ctx)
        except (OSError, ValueError, record.RecordError, BandError) as error:
            _say(str(error), style="red", to=errors)
            raise Exit(2 if isinstance(error, catalog.UnknownExercise) else 1) from None


HELP = "Run the twins of the course, and verify that Python and R agree."
app = Typer(cls=Commands, help=HELP, add_completion=False, pretty_exceptions_enable=False)
data_app = Typer(help="The data sets: what there is, the originals, whether all is whole.")
amp_app = Typer(help="The AMP challenge for a class: evaluate the predictions of teams.")
app.add_typer(data_app, name="data")
app.add_typer(amp_app, name="amp")


def _say(*lines: str, style: str | None = None, to: Console = console) -> None:
    """Print lines as they are: without markup, and never cut."""
    for line in lines:
        to.print(line, style=style, markup=False, highlight=False, soft_wrap=True)


def constant(text: str) -> tuple[str, Any]:
    """Return name and value of `EPOCHS=30`, `UNITS=[64, 32]` or `DATA=my.csv`.

    A value is a Python literal where it can be read as one, else text. A path with a slash or a
    suffix becomes absolute if it is there, since a twin runs elsewhere.
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
    timeout: Annotated[float, Option(help="Seconds until a twin is ended.")] = runner.TIMEOUT,
    as_json: Annotated[bool, Option("--json", help="Print JSON for a program.")] = False,
) -> None:
    """Run twins, each in a process of its own, and print the ledger of their agreement."""
    exercises, languages = catalog.find(ids or [], solutions=solutions), OF[lang.value]
    if data is Data.full and not ids:
        exercises = [one for one in exercises if one in cards.with_full()]
    chosen = dict(map(constant, values or [])) | ({} if seed is None else {"SEED": seed})
    verdicts: list[levels.Verdict] = []

    def compared(exercise: str) -> None:
        if lang is not Lang.both:
            return
        verdicts.append(verdict := levels.verify(exercise))
        for language in () if verdict.failed else languages:  # weights tell how far they differ
            (record.folder_of(exercise, language) / capture.TENSORS).unlink(missing_ok=True)

    def ended(one: runner.Outcome) -> None:
        told.append(one)
        mark, style = ("✓", None) if one.ok else ("✗", "red")
        twin = f"[{len(told)}/{total}] {one.exercise} {TITLES[one.language]}"
        _say(f"{mark} {twin} {one.seconds:.1f} s {one.problem}", style=style, to=shown)
        _say(*(f"    {line}" for line in one.last_lines), style="dim", to=shown)

    told, total = [], len(exercises) * len(languages)
    shown = Console(stderr=True, quiet=as_json)
    with shown.status("") as status:
        outcomes = runner.run(
            exercises,
            languages,
            runner.Settings(data.value, chosen, timeout=timeout),
            started=lambda *twin: status.update(" ".join(twin)),
            ended=ended,
            compared=compared,
            waiting=lambda one: _say(f"Another run is at {one}: waiting for it.", to=errors),
        )
    if len(exercises) == 1 and (chosen or lang is not Lang.both) and not as_json:
        for twin in outcomes:  # of an experiment a learner wants to see what it printed
            place = record.folder_of(twin.exercise, twin.language) / record.OUTPUT
            _say(f"---- {TITLES[twin.language]} ----", place.read_text(encoding="utf-8"))
    holds = all(one.ok for one in outcomes) and not any(one.failed for one in verdicts)
    verdicts.sort(key=lambda one: exercises.index(one.exercise))
    if as_json:
        rows = [one.as_dict() for one in verdicts]
        print(json.dumps({"holds": holds, "runs": [*map(asdict, outcomes)], "ledger": rows}))
    elif verdicts:
        ledger.show(verdicts, console)
    raise Exit(0 if holds else 1)


@app.command()
def verify(ids: Ids = None, solutions: Solutions = False) -> None:
    """Compare the last runs of R and Python, level by level, and print the ledger."""
    verdicts = [levels.verify(one) for one in catalog.find(ids or [], solutions=solutions)]
    ledger.show(verdicts, console)
    raise Exit(1 if any(one.failed for one in verdicts) else 0)


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
    for exercise in catalog.find(ids or [], solutions=solutions):
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
    final: Annotated[bool, Option("--final", help="Test results too: once, at the end.")] = False,
) -> None:
    """Say where your result lies: in the expected band or not, and against the target.

    You choose between models by their validation results. So the results on the test set, whose
    names begin with test_, are shown only with --final.
    """
    found = catalog.find([exercise])
    results = [checks.check(one, each, final=final) for one in found for each in OF[lang.value]]
    # Asked for both, a learner who works in one language is not scolded for the other.
    readable = [(holds, lines) for holds, lines in results if holds is not None]
    for _, lines in readable or results:
        console.print(*lines, sep="\n", highlight=False, soft_wrap=True)
    raise Exit(0 if readable and all(holds for holds, _ in readable) else 1)


@app.command()
def book(
    render: Annotated[bool, Option(help="Also render the site.")] = False,
    open_: Annotated[bool, Option("--open", help="Also render it and open a browser.")] = False,
) -> None:
    """Make fragments, notebooks and slides of the book from the last runs; render the site."""
    from deeptwins.book import archive, renderer, site

    written = archive.note()
    for exercise in catalog.exercises():
        _say(*archive.problems(exercise), style="yellow", to=errors)
    said = [f"verified runs: {written} files changed"]
    if render or open_:  # the renderer calls for what the pages need
        warnings = site.render(chosen := renderer.renderer())
        said += [f"site: {site.OUTPUT} by {chosen.name} {chosen.version}", chosen.note, *warnings]
    else:
        runpy.run_path(str(BOOK / "prepare.py"))
    _say(*filter(None, said))
    if open_:
        site.serve()


@app.command()
def doctor() -> None:
    """Look at everything the course needs, and say how to mend what is missing."""
    checks = examination.examine()
    examination.show(checks, console)
    raise Exit(1 if any(one.required and not one.ok for one in checks) else 0)


# ---- data ----

NAME = "As `data list` has it."


@data_app.command("list")
def data_list() -> None:
    """Show the data sets of the course, and where the originals are or how to get them."""
    for name, title, *lines in originals.overview():
        _say(f"{name:<16} {title}", style="bold")
        _say(*(f"{'':<16} {line}" for line in lines))


@data_app.command("fetch")
def data_fetch(names: Annotated[list[str], Argument(metavar="NAME...", help=NAME)]) -> None:
    """Bring originals into the data home."""
    socket.setdefaulttimeout(10)  # seconds; Keras would wait for a silent server without an end
    for name in names:
        _say(originals.fetch(name))


@data_app.command("verify")
def data_verify(names: Annotated[list[str] | None, Argument(help=NAME)] = None) -> None:
    """Look into the data sets: digests of what ships, and every file of the originals."""
    whole = True
    for name, ok, found in originals.verify(names or []):
        whole &= ok
        _say(f"{'✓' if ok else '✗'} {name}: {found}", style=None if ok else "red")
    raise Exit(0 if whole else 1)


# ---- amp ----

TRUTH = "The instructor's hidden set (id,peptide,label); else the test set of exercise 14."


@amp_app.command("board")
def amp_board(
    paths: Annotated[list[Path], Argument(help="Predictions (.csv), or a folder of them.")],
    truth: Annotated[Path | None, Option(envvar="DEEPTWINS_AMP_TRUTH", help=TRUTH)] = None,
    csv: Annotated[Path | None, Option(help="Also write the board as CSV.")] = None,
) -> None:
    """Rank teams by the AUC of their files; one that is refused is listed with the reason."""
    from deeptwins import amp

    opened = (sorted(one.glob("[!.]*")) if one.is_dir() else [one] for one in paths)
    if not (handed_in := [one for several in opened for one in several]):
        raise ValueError(f"There is no hand-in in {', '.join(map(str, paths))}.")
    board = amp.board(handed_in, amp.read_truth(truth) if truth else amp.public_truth())
    if csv:
        files.write_text(csv, amp.to_csv(board))
    refused = board[board["refused"] != ""]
    ranked = board.drop(refused.index).drop(columns="refused")
    _say(ranked.to_string(index=False, float_format="{:.3f}".format), amp.LEGEND)
    _say(*(f"✗ {row.file}: {row.refused}" for row in refused.itertuples()))
    raise Exit(1 if len(refused) else 0)


@amp_app.command("hide")
def amp_hide(
    amps: Annotated[Path, Argument(metavar="AMPS", help="AMPs, one a line.")],
    others: Annotated[Path, Argument(metavar="OTHERS", help="Other peptides, one a line.")],
    into: Annotated[Path, Option(help="The folder for peptides.csv and truth.csv.")],
) -> None:
    """Make a hidden set: peptides.csv for the teams, and truth.csv to keep."""
    from deeptwins import amp

    peptides, truth = amp.hide(amps, others, into)
    _say(f"for the teams: {peptides}", f"keep to yourself: {truth}")
