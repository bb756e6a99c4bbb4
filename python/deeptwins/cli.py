"""The command line: list, run, verify, check, book, doctor, data, amp.

Every command imports what it needs when it runs, so that `--help`, `list` and
`doctor` answer without waiting for TensorFlow.
"""

import ast
import codecs
import io
import json
import sys
from dataclasses import asdict
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from rich.console import Console
from rich.markup import escape

from deeptwins import catalog
from deeptwins.paths import LANGUAGES, ROOT, SHARED, data_home, find_r, results_dir
from deeptwins.runs import sections

app = typer.Typer(
    help="Run the twins of the course, and verify that Python and R agree.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
console = Console()
errors = Console(stderr=True)

# A Windows program that is piped writes cp1252, which has no tick: an exception instead of a line.
PLAIN = {"✓": "+", "✗": "x", "–": "-", "…": "...", "∞": "inf"}
codecs.register_error(
    "plain",
    lambda error: (
        "".join(PLAIN.get(one, "?") for one in error.object[error.start : error.end]),
        error.end,
    ),
)
for stream in (sys.stdout, sys.stderr):
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(errors="plain")
find_r()


class Lang(str, Enum):
    """Which twins to run."""

    python = "python"
    r = "r"
    both = "both"


class Data(str, Enum):
    """Which variant of the data to use."""

    mini = "mini"
    full = "full"


Ids = Annotated[
    list[str] | None,
    typer.Argument(metavar="[ID]...", help="Exercises, as 04 or 01_first_network."),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for a program to read.")]
Solutions = Annotated[bool, typer.Option("--solutions", help="The worked challenges too.")]


def _print_json(value: Any) -> None:
    json.dump(value, sys.stdout, indent=1)  # ASCII, whatever the console's encoding
    print()


def _end_with(sentence: str) -> NoReturn:
    """End with a sentence that says what is wrong, and status 1."""
    errors.print(f"[red]{escape(sentence)}[/]", highlight=False, soft_wrap=True)
    raise typer.Exit(1) from None


def _find(ids: list[str] | None, *, solutions: bool) -> list[str]:
    """Return the exercises that were asked for, or end with a sentence and status 2."""
    try:
        return catalog.find(ids or [], solutions=solutions)
    except catalog.UnknownExercise as error:
        errors.print(f"[red]{escape(str(error))}[/]")
        raise typer.Exit(2) from None


def _constant(text: str) -> tuple[str, Any]:
    """Return name and value of `EPOCHS=30`, `UNITS=[64, 32]` or `DATA=/my/folder`.

    A value is a Python literal where it can be read as one, else text.
    """
    name, equals, value = map(str.strip, text.partition("="))
    if not equals or not sections.CONSTANT.fullmatch(name):
        raise ValueError(f"--set takes NAME=VALUE with a name in capitals, not {text!r}.")
    try:
        return name, ast.literal_eval(value)
    except (ValueError, SyntaxError):
        return name, value


@app.command("list")
def list_exercises(as_json: Json = False) -> None:
    """Show the exercises of the course."""
    rows = [
        {"id": name, "title": catalog.title(name), "solution": f"solutions/{name}" in everything}
        for everything in [catalog.exercises(solutions=True)]
        for name in everything
        if not name.startswith("solutions/")
    ]
    if as_json:
        return _print_json(rows)
    for row in rows:
        console.print(f"[bold]{row['id']:<22}[/] {escape(row['title'])}", highlight=False)


@app.command()
def run(
    ids: Ids = None,
    lang: Annotated[Lang, typer.Option(help="Which of the twins.")] = Lang.both,
    data: Annotated[
        Data, typer.Option(help="mini ships with the course; full is in the data home.")
    ] = Data.mini,
    values: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="NAME=VALUE", help="Replace a constant: --set EPOCHS=30. Repeatable."
        ),
    ] = None,
    seed: Annotated[int | None, typer.Option(help="The same as --set SEED=...")] = None,
    solutions: Solutions = False,
    timeout: Annotated[
        float | None, typer.Option(help="Seconds until a twin that hangs is ended.")
    ] = None,
    keep: Annotated[
        bool, typer.Option("--keep-weights", help="Keep the weights of twins that agree, too.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Run twins, each in a process of its own, and print the ledger of their agreement."""
    from deeptwins.data import variants
    from deeptwins.proof import ledger, levels
    from deeptwins.runs import capture, record, runner

    exercises = _find(ids, solutions=solutions)
    if data is Data.full and not ids:
        exercises = [one for one in exercises if one in variants.with_full()]
    languages = LANGUAGES if lang is Lang.both else (lang.value,)
    try:
        chosen = dict(map(_constant, values or [])) | ({} if seed is None else {"SEED": seed})
    except ValueError as error:
        _end_with(str(error))
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
        errors.print(
            f"Another run is at {exercise} in {escape(str(results_dir()))}: waiting for it.",
            highlight=False,
            soft_wrap=True,
        )

    settings = runner.Settings(data.value, chosen, timeout=timeout or runner.TIMEOUT)
    try:
        with ledger.Progress(len(exercises) * len(languages), quiet=as_json) as shown:
            outcomes = runner.run(
                exercises,
                languages,
                settings,
                started=shown.started,
                ended=shown.ended,
                compared=compared,
                waiting=waiting,
            )
    except OSError as error:
        reason = f"{results_dir()} cannot be written to ({error.strerror})"
        _end_with(f"{reason}; {runner.MAKE_ROOM}")
    rows = [verdicts[one] for one in exercises if one in verdicts]
    holds = all(outcome.ok for outcome in outcomes) and not any(row.failed for row in rows)
    if as_json:
        _print_json(
            {
                "holds": holds,
                "runs": [asdict(outcome) for outcome in outcomes],
                "ledger": [row.as_dict() for row in rows],
            }
        )
    elif rows:
        ledger.explain(rows, console)
    raise typer.Exit(0 if holds else 1)


@app.command()
def verify(ids: Ids = None, solutions: Solutions = False, as_json: Json = False) -> None:
    """Compare the last runs of R and Python, level by level, and print the ledger."""
    from deeptwins.proof import ledger, levels

    verdicts = [levels.verify(one) for one in _find(ids, solutions=solutions)]
    holds = not any(verdict.failed for verdict in verdicts)
    if as_json:
        _print_json({"holds": holds, "ledger": [verdict.as_dict() for verdict in verdicts]})
    else:
        ledger.show(verdicts, console)
        ledger.explain(verdicts, console)
    raise typer.Exit(0 if holds else 1)


@app.command()
def bands(
    ids: Ids = None,
    data: Annotated[Data, typer.Option(help="For which variant of the data.")] = Data.mini,
    seeds: Annotated[
        int | None, typer.Option(min=20, help="How many; by default as many as before, or 20.")
    ] = None,
    headlines: Annotated[
        str, typer.Option("--results", help="The headline results, by comma; at most six.")
    ] = "",
    own_random: Annotated[
        str, typer.Option(help="Results that each language draws by itself, by comma.")
    ] = "",
    solutions: Solutions = False,
) -> None:
    """Make the expected bands of exercises again, from many seeds."""
    from deeptwins.proof import seeds as maker

    for exercise in _find(ids, solutions=solutions):
        try:
            path = maker.make(
                exercise,
                data.value,
                seeds=range(1, seeds + 1) if seeds else (),
                headlines=[one for one in headlines.split(",") if one],
                own_random=[one for one in own_random.split(",") if one],
                said=lambda line: console.print(escape(line), highlight=False),
            )
        except (maker.SeedError, ValueError) as error:
            _end_with(str(error))
        console.print(f"wrote {path.relative_to(ROOT)}", highlight=False)


@app.command()
def check(
    exercise: Annotated[str, typer.Argument(metavar="ID", help="As 04 or 01_first_network.")],
    lang: Annotated[Lang, typer.Option(help="Which of the twins.")] = Lang.both,
    final: Annotated[
        bool,
        typer.Option("--final", help="The results on the test set too: look once, at the end."),
    ] = False,
    as_json: Json = False,
) -> None:
    """Say where your result lies: in the expected band or not, and against the target.

    You choose between models by their validation results. So the results on the test set, whose
    names begin with test_, are shown only with --final.
    """
    from deeptwins.proof import check as checks

    found = _find([exercise], solutions=False)
    languages = LANGUAGES if lang is Lang.both else (lang.value,)
    results = [checks.check(one, language, final=final) for one in found for language in languages]
    readable = [result for result in results if not result["problem"]]
    if as_json:
        _print_json(results)
    else:
        for result in results:
            # Asked for both, a learner who works in one language is not scolded for the other.
            if not result["problem"] or not readable:
                checks.show(result, console)
    raise typer.Exit(0 if readable and all(result["holds"] for result in readable) else 1)


@app.command()
def book(
    render: Annotated[bool, typer.Option(help="Also render the site.")] = False,
    open_: Annotated[
        bool, typer.Option("--open", help="Also render it and open it in a browser.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Make the book's side-by-side fragments from the last runs; render the site."""
    from deeptwins.book import exports, fragments, site
    from deeptwins.proof import verified

    try:
        written = verified.note()
        stale = verified.problems(catalog.exercises())
        fragments.write()
        rendered = site.render() if render or open_ else None
    except (
        exports.ExportError,
        fragments.FragmentError,
        site.SiteError,
        verified.NotVerified,
    ) as error:
        errors.print(f"[red]{escape(str(error))}[/]", soft_wrap=True)
        raise typer.Exit(1) from None
    for problem in stale:
        errors.print(f"[yellow]{escape(problem)}[/]", highlight=False, soft_wrap=True)
    if as_json:
        found: dict[str, Any] = {"written": [path.relative_to(ROOT).as_posix() for path in written]}
        if rendered:
            found |= {
                "site": str(rendered.folder),
                "pages": rendered.pages,
                "renderer": f"{rendered.renderer.name} {rendered.renderer.version}",
                "note": rendered.renderer.note,
                "warnings": rendered.warnings,
            }
        _print_json(found)
    else:
        console.print(f"verified runs: {len(written)} files changed", highlight=False)
        if rendered:
            by = f"{rendered.renderer.name} {rendered.renderer.version}"
            for line in [
                f"site: {rendered.pages} pages by {by} in {rendered.folder}",
                *filter(None, [rendered.renderer.note]),
                *rendered.warnings,
            ]:
                console.print(escape(line), highlight=False, soft_wrap=True)
    if open_:
        site.serve()


@app.command()
def doctor(as_json: Json = False) -> None:
    """Look at everything the course needs, and say how to mend what is missing."""
    from deeptwins import doctor as examination

    checks_made = examination.examine()
    if as_json:
        _print_json([item.as_dict() for item in checks_made])
    else:
        examination.show(checks_made, console)
    raise typer.Exit(1 if any(item.required and not item.ok for item in checks_made) else 0)


# ---- data ----

data_app = typer.Typer(help="The data sets: what there is, the originals, whether all is whole.")
app.add_typer(data_app, name="data", no_args_is_help=True)


@data_app.callback()
def _data_needs_a_home() -> None:
    """End with a sentence where there is no folder for the originals."""
    from deeptwins.data import originals

    try:
        data_home(), originals.keras_home()
    except FileNotFoundError as error:
        _end_with(str(error))


@data_app.command("list")
def data_list(as_json: Json = False) -> None:
    """Show the data sets of the course, and which originals are on this machine."""
    from deeptwins.data import originals

    try:
        rows = originals.overview()
    except (OSError, ValueError) as error:
        _end_with(str(error))
    if as_json:
        return _print_json(rows)
    for row in rows:
        where = f"not here. {row.get('get')}"
        if row["there"]:
            where = f"{originals.amount(row['bytes'])} {row.get('place', '')}"
        head = f"[bold]{row['name']:<16}[/] {row['variant']}  {escape(row['title'])}"
        console.print(head, highlight=False, soft_wrap=True)
        for line in filter(None, [where, row["licence"]]):
            console.print(f"{'':<17}{escape(line)}", highlight=False, soft_wrap=True)


@data_app.command("fetch")
def data_fetch(
    names: Annotated[list[str], typer.Argument(metavar="NAME...", help="As `data list` has it.")],
) -> None:
    """Bring originals into the data home."""
    from deeptwins.data import originals

    failed = False
    chosen = {name: originals.original_of(name) for name in names}
    if unknown := [name for name, original in chosen.items() if original is None]:
        errors.print(
            f"[red]There is no original of {escape(', '.join(unknown))}.[/] "
            f"There are: {', '.join(originals.ORIGINALS)}."
        )
        raise typer.Exit(2)
    for name in dict.fromkeys(chosen.values()):
        try:
            console.print(escape(originals.fetch(name)), highlight=False, soft_wrap=True)
        except originals.FetchError as error:
            errors.print(f"[red]{escape(str(error))}[/]", highlight=False, soft_wrap=True)
            failed = True
    raise typer.Exit(1 if failed else 0)


@data_app.command("verify")
def data_verify(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[NAME]...", help="As `data list` has it.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Look into the data sets: digests of what ships, format and counts of the originals."""
    from deeptwins.data import cards, originals

    known = list(dict.fromkeys([*cards.names(), *originals.ORIGINALS]))
    if unknown := [name for name in names or [] if name not in known]:
        errors.print(
            f"[red]There is no data set {escape(', '.join(unknown))}.[/] "
            f"There are: {', '.join(known)}."
        )
        raise typer.Exit(2)
    verdicts = originals.verify(names or [])
    if as_json:
        _print_json([verdict.as_dict() for verdict in verdicts])
    else:
        for one in verdicts:
            mark = "[green]✓[/]" if one.ok else "[bold red]✗[/]"
            text = f"{one.name} ({one.variant}): {one.found}"
            console.print(f"{mark} {escape(text)}", highlight=False, soft_wrap=True)
    raise typer.Exit(0 if all(verdict.ok for verdict in verdicts) else 1)


# ---- amp ----

amp_app = typer.Typer(help="The AMP challenge for a class: evaluate the predictions of teams.")
app.add_typer(amp_app, name="amp", no_args_is_help=True)

Hidden = Annotated[
    Path | None,
    typer.Option(
        envvar="DEEPTWINS_AMP_TRUTH",
        help="The instructor's hidden set (id,peptide,label); else the test set of exercise 11.",
    ),
]
Public = Annotated[
    Data, typer.Option(help="Without a hidden set: which data of exercise 11 the test set is of.")
]


def _show_board(
    paths: list[Path], truth: Path | None, data: Data, as_json: bool, **written: Path | None
) -> None:
    """Rank files, print and write the board; status 2 without a truth, 1 if a file is refused."""
    from rich.table import Table

    from deeptwins import amp
    from deeptwins.files import write_text

    public = SHARED / "peptides" if data is Data.mini else data_home() / "amp_challenge"
    try:
        board = amp.board(paths, amp.read_truth(truth) if truth else amp.public_truth(public))
        for form, file in written.items():
            if file:
                write_text(file, getattr(amp, f"to_{form}")(board))
    except (amp.Refused, OSError) as error:
        where = f"{truth}: " if truth and isinstance(error, amp.Refused) else ""
        errors.print(f"[red]{escape(f'{where}{error}')}[/]", highlight=False, soft_wrap=True)
        raise typer.Exit(2) from None
    if as_json:
        _print_json(json.loads(board.to_json(orient="records")))
    else:
        text = amp.shown(board)
        ranked = text[text["rank"] != ""].drop(columns=["note", "refused"])
        table = Table(*ranked, box=None, pad_edge=False)
        table.columns[1].overflow = "fold"
        for row in ranked.itertuples(index=False):
            table.add_row(*map(escape, row))
        console.print(table, escape(amp.LEGEND), highlight=False)
        for row in text.itertuples():
            if said := row.refused or row.note:
                line = f"{'✗' if row.refused else '!'} {row.file}: {said}"
                console.print(escape(line), highlight=False, soft_wrap=True)
    raise typer.Exit(1 if board["refused"].any() else 0)


@amp_app.command("score")
def amp_score(
    submitted: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Predictions (.csv).")],
    truth: Hidden = None,
    data: Public = Data.mini,
    as_json: Json = False,
) -> None:
    """Evaluate predictions: metrics with the interval of the AUC, or why a file is refused."""
    _show_board(submitted, truth, data, as_json)


@amp_app.command("board")
def amp_board(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="With a file for each team, named after it.")
    ],
    truth: Hidden = None,
    data: Public = Data.mini,
    html: Annotated[Path | None, typer.Option(help="Also write the board as a web page.")] = None,
    csv: Annotated[Path | None, typer.Option(help="Also write the board as CSV.")] = None,
    as_json: Json = False,
) -> None:
    """Rank all files of a folder; one that is refused is listed with the reason."""
    found = folder.iterdir() if folder.is_dir() else []
    reason = ""
    if not (paths := sorted(one for one in found if not one.name.startswith("."))):
        reason = f"There is no hand-in in {folder}."
    for one in filter(None, (truth, html, csv)):
        if one.resolve().parent == folder.resolve():
            reason = f"{one} must not be in the folder of the hand-ins."
    if reason:
        errors.print(f"[red]{escape(reason)}[/]", highlight=False, soft_wrap=True)
        raise typer.Exit(2)
    _show_board(paths, truth, data, as_json, html=html, csv=csv)


@amp_app.command("hide")
def amp_hide(
    amps: Annotated[Path, typer.Argument(metavar="AMPS", help="AMPs, one a line.")],
    others: Annotated[Path, typer.Argument(metavar="OTHERS", help="Other peptides, one a line.")],
    into: Annotated[Path, typer.Option(help="The folder for peptides.csv and truth.csv.")],
) -> None:
    """Make a hidden set: peptides.csv for the teams, and truth.csv to keep."""
    from deeptwins import amp

    try:
        peptides, truth = amp.hide(amps, others, into)
    except (amp.Refused, OSError) as error:
        _end_with(str(error))
    lines = f"for the teams: {peptides}\nkeep to yourself: {truth}"
    console.print(escape(lines), highlight=False, soft_wrap=True)
