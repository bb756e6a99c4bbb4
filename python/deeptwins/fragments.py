"""Make the side-by-side fragments of the book from the verified runs.

`deeptwins book` writes, for every exercise, book/_fragments/<id>/ with

    <section>.qmd  the section's code in both languages, what it printed, its figures
    all.qmd        the whole script and everything that it printed; a solution's figures
    band.qmd       the metrics of both languages beside the expected band
    downloads.qmd  links to an exercise's scripts and notebooks

and book/_fragments/ledger.qmd with its picture, book/images/ledger.svg, and the
appendices that are lists (appendices.py). Chapters include them:

    {{< include /book/_fragments/04_hello_iris/fit.qmd >}}

A fragment's first lines name the scripts that it was made from, with their
SHA-256, and the SHA-256 of its own content: `stale()` compares them and needs
neither R nor TensorFlow. No twin is run here.
"""

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from deeptwins import (
    appendices,
    bands,
    catalog,
    datasets,
    files,
    ledgerpicture,
    markup,
    pictures,
    record,
    runner,
    sections,
    verify,
)
from deeptwins.paths import BOOK, LANGUAGES, ROOT, script_file

FRAGMENTS = BOOK / "_fragments"
IMAGES = BOOK / "images"
FIGURES = BOOK / "figures.yml"
LEDGER = FRAGMENTS / "ledger.qmd"
LEDGER_CAPTION = "The ledger of agreement, drawn from the records of the last verified runs."
BOOK_VARIANT = "mini"
WHOLE, BAND, DOWNLOADS = "all", "band", "downloads"
RESERVED = (sections.SETUP, WHOLE, BAND, DOWNLOADS)
# The branch from which GitHub Pages serves the book has the notebooks; main has not.
COLAB = "https://colab.research.google.com/github/{}/blob/gh-pages/book/notebooks/{}_{}.ipynb"
OUTPUT = re.compile(r"\n::: \{\.output\}\n(`{3,})\n(.*?)\n\1\n:::\n", re.S)
FIGURE = re.compile(r'"([^"\n]+)\.png"')
HEADER = re.compile(r"\A<!-- .*?\n((?:.+: [0-9a-f]{64}\n)+)-->\n", re.S)
MISSING_FIGURE = """{name}.png has no entry in {file}. Add one:
{name}:
  caption: one or two sentences that say what the figure shows
  alt: what a reader who cannot see it needs to know
"""


class FragmentError(Exception):
    """A fragment cannot be made: no verified run, or no caption for a figure."""


@dataclass(frozen=True)
class Section:
    """A section of one twin as the book shows it; each figure as its picture and its alt text."""

    name: str
    code: str
    printed: str
    figures: list[tuple[Path, str]]


def write(exercises: Sequence[str]) -> list[Path]:
    """Write the fragments of these exercises, and return the files that changed.

    Where an exercise was not run here, as on a fresh clone, its fragments stay
    as they are if they belong to the present scripts. The ledger is written
    when `exercises` are all there are and all were run. Fragments and figures
    of exercises and sections that no longer exist are deleted.

    Raises
    ------
    FragmentError
        A twin has no verified run that belongs to the present scripts, the two
        scripts have other sections or figures, or a figure has no caption.
    """
    changed = _update(
        {
            path: _headed(digests, appendices.body(_source(path.stem)), _place(_source(path.stem)))
            for path, digests in _lists().items()
            if path.stem not in appendices.NEED_KERAS
            or _problems({path: digests})
            or appendices.outdated(path.stem, path)
        }
    )
    changed += _update(_downloads(exercises))
    verdicts = {
        exercise: _verified(exercise)
        for exercise in exercises
        if was_run(exercise) or _problems(_wanted(exercise))
    }
    captions = _captions()
    for exercise in verdicts:
        contents, figures = _contents(exercise, captions)
        folder = FRAGMENTS / exercise
        changed += _update({folder / f"{name}.qmd": text for name, text in contents.items()})
        changed += [
            target
            for language in LANGUAGES
            for name in figures
            if pictures.compress(_drawn(language, name), target := _image(language, name))
        ]
    if verdicts.keys() == set(catalog.exercises()):
        found = list(verdicts.values())
        changed += _update({_ledger_picture(): ledgerpicture.draw(found)})
        changed += _update({LEDGER: _headed(_ledger_digests(list(verdicts)), _ledger(found))})
    return changed + _tidy()


def shown(exercise: str, language: str) -> list[Section]:
    """Return the sections of a twin as its fragments show them; no run is needed.

    Raises
    ------
    FragmentError
        The fragments were made from another script.
    """
    captions = _captions()
    found = []
    for name, code in _code(exercise, language).items():
        path = FRAGMENTS / exercise / f"{_slug(name)}.qmd"
        body = _stated(_read(path))[1] if path.is_file() else ""
        _, here, rest = body.partition(
            f"## {markup.TITLES[language]}\n\n{markup.fenced(code, language)}"
        )
        if not here:
            raise FragmentError(f"{_place(path)} does not show {language}'s section {name}.")
        output = OUTPUT.match(rest)
        figures = [
            (_image(language, figure), markup.line(captions[figure]["alt"]))
            for figure in FIGURE.findall(code)
        ]
        found.append(Section(name, code, output[2] if output else "", figures))
    return found


def stale() -> list[str]:
    """Return a sentence for every fragment and figure that is missing, changed or left over."""
    everything = _all_wanted()
    left = [f"{_place(path)} belongs to nothing any more" for path in _leftover(everything)]
    return _problems(everything) + left


def digest(exercise: str) -> str:
    """Return the SHA-256 over the fragments of an exercise and the figures that they show."""
    there = [path for path in sorted(_wanted(exercise)) if path.is_file()]
    figures = sorted({ROOT / image for path in there for image in _images(_read(path))})
    found = [path for path in [*there, *figures] if path.is_file()]
    return datasets.listing_digest((files.sha256(path), _place(path)) for path in found)


def was_run(exercise: str) -> bool:
    """Whether a run of an exercise left a record here, in either language."""
    return any(record.record_file(exercise, language).is_file() for language in LANGUAGES)


def _problems(wanted: dict[Path, dict[str, str]]) -> list[str]:
    """Return what is wrong with these fragments, given the digests that each should state."""
    problems: list[str] = []
    for path, digests in wanted.items():
        place = _place(path)
        if not path.is_file():
            problems.append(f"{place} is missing")
            continue
        stated, body = _stated(_read(path))
        problems += [
            f"{place} was made from another {name}"
            for name, digest in digests.items()
            if stated.get(name) != digest
        ]
        if stated.get("content") != _digest(body):
            problems.append(f"{place} was changed by hand")
        problems += [
            f"{place} shows {image}, which is missing"
            for image in _images(body)
            if not (ROOT / image).is_file()
        ]
    return problems


def _wanted(exercise: str) -> dict[Path, dict[str, str]]:
    """Return the fragments that an exercise should have, with the digests to state in each."""
    names = [WHOLE, BAND]
    for path in _scripts(exercise):
        names += [_slug(name) for name in sections.of_script(_read(path))]
    return {FRAGMENTS / exercise / f"{name}.qmd": _digests(exercise) for name in names}


def _all_wanted() -> dict[Path, dict[str, str]]:
    """Return every fragment that there should be, with the digests to state in each."""
    exercises = catalog.exercises()
    wanted = {LEDGER: _ledger_digests(exercises)} | _lists()
    wanted |= {path: {} for path in _downloads(exercises)}
    for exercise in exercises:
        wanted |= _wanted(exercise)
    return wanted


def _lists() -> dict[Path, dict[str, str]]:
    """Return the fragments that are made from lists of entries, with the digests to state."""
    sources = {name: _source(name) for name in appendices.BODIES}
    return {
        FRAGMENTS / f"{name}.qmd": {_place(source): files.sha256(source)}
        for name, source in sources.items()
        if source.is_file()
    }


def _source(name: str) -> Path:
    return BOOK / f"{name}.yml"


def _ledger_picture() -> Path:
    return IMAGES / "ledger.svg"


def _ledger_digests(exercises: Sequence[str]) -> dict[str, str]:
    path = _ledger_picture()
    picture = {_place(path): files.sha256(path)} if path.is_file() else {}
    return _digests(*exercises) | picture


def _leftover(wanted: dict[Path, dict[str, str]]) -> list[Path]:
    """Return the fragments that nothing asks for, and the figures that no fragment shows."""
    there = sorted(FRAGMENTS.rglob("*.qmd"))
    shown = {ROOT / image for path in there if path in wanted for image in _images(_read(path))}
    drawn = [path for language in LANGUAGES for path in sorted((IMAGES / language).rglob("*.png"))]
    return [path for path in there if path not in wanted] + [
        path for path in drawn if path not in shown
    ]


def _tidy() -> list[Path]:
    """Delete what is left over, with the folders that this empties, and return the files."""
    gone = _leftover(_all_wanted())
    for path in gone:
        path.unlink()
        for folder in path.parents:
            if folder in (FRAGMENTS, IMAGES) or any(folder.iterdir()):
                break
            folder.rmdir()
    return gone


def _verified(exercise: str) -> verify.Verdict:
    """Return the verdict on the last runs, if they hold and are what the book shows."""
    verdict = verify.verify(exercise)
    for finding in verdict.findings:
        if finding.holds is False:
            raise FragmentError(
                f"{exercise} has no verified run: {finding.level}: {finding.detail}. "
                f"Run: deeptwins run {exercise}"
            )
    ran = record.read(exercise, "python")
    own = bands.read(exercise, BOOK_VARIANT)["seeds"][0]
    if (ran["data"]["variant"], ran["seed"]) != (BOOK_VARIANT, own):
        raise FragmentError(
            f"{exercise} last ran on {ran['data']['variant']} data with seed {ran['seed']}; the "
            f"book shows {BOOK_VARIANT} data and seed {own}. Run: deeptwins run {exercise}"
        )
    return verdict


def _contents(
    exercise: str, captions: dict[str, dict[str, str]]
) -> tuple[dict[str, str], list[str]]:
    """Return the fragments of an exercise by name, and the names of its figures."""
    code = {language: _code(exercise, language) for language in LANGUAGES}
    if list(code["python"]) != list(code["r"]):
        raise FragmentError(
            f"{exercise} has the sections {', '.join(code['python'])} in Python "
            f"and {', '.join(code['r'])} in R; they must be the same, in the same order."
        )
    printed = {language: _printed(exercise, language, code[language]) for language in LANGUAGES}
    bodies, figures = {}, []
    for name in code["python"]:
        drawn = _figures(exercise, name, {lang: code[lang][name] for lang in LANGUAGES}, captions)
        panes = {
            lang: markup.pane(lang, code[lang][name], printed[lang][name]) for lang in LANGUAGES
        }
        bodies[_slug(name)] = "\n".join(
            [markup.tabs(panes), *(_figure(figure, captions[figure]) for figure in drawn)]
        )
        figures += drawn
    whole = {
        language: markup.pane(
            language,
            _read(script_file(exercise, language)).strip("\n"),
            "\n".join(text for text in printed[language].values() if text),
        )
        for language in LANGUAGES
    }
    # A chapter shows a solution whole, and an exercise section by section.
    shown = figures if exercise.startswith("solutions/") else []
    bodies[WHOLE] = "\n".join(
        [markup.tabs(whole), *(_figure(name, captions[name]) for name in shown)]
    )
    bodies[BAND] = _band(exercise)
    digests = _digests(exercise)
    return {name: _headed(digests, body) for name, body in bodies.items()}, figures


def _code(exercise: str, language: str) -> dict[str, str]:
    path = script_file(exercise, language)
    try:
        found = sections.of_script(_read(path))
    except ValueError as error:
        raise FragmentError(f"{_place(path)}: {error}.") from None
    for name in list(found)[1:]:
        if _slug(name) in RESERVED:
            raise FragmentError(f"{_place(path)}: a section cannot be called {name!r}.")
    return found


def _printed(exercise: str, language: str, code: Iterable[str]) -> dict[str, str]:
    path = runner.output_file(exercise, language)
    remedy = f"Run: deeptwins run {exercise} --lang {language}"
    if not path.is_file():
        raise FragmentError(f"{path} is missing. {remedy}")
    printed = sections.of_output(path.read_text(encoding="utf-8", errors="replace"))
    if list(printed) != list(code):
        raise FragmentError(f"{path} has other sections than the script. {remedy}")
    return {name: sections.clean(text) for name, text in printed.items()}


def _figures(
    exercise: str, section: str, code: dict[str, str], captions: dict[str, dict[str, str]]
) -> list[str]:
    """Return the names of the figures that a section leaves behind, the same in both languages."""
    drawn = {language: FIGURE.findall(text) for language, text in code.items()}
    if drawn["python"] != drawn["r"]:
        raise FragmentError(
            f"{exercise}, section {section}: Python draws {drawn['python']}, R draws {drawn['r']}."
        )
    for name in drawn["python"]:
        if not name.startswith(f"{exercise}-"):
            raise FragmentError(
                f"{exercise}, section {section}: the figure {name}.png must be called "
                f"{exercise}-….png."
            )
        if name not in captions:
            raise FragmentError(MISSING_FIGURE.format(name=name, file=_place(FIGURES)))
        for language in LANGUAGES:
            if not _drawn(language, name).is_file():
                raise FragmentError(
                    f"{_drawn(language, name)} is missing. "
                    f"Run: deeptwins run {exercise} --lang {language}"
                )
    return drawn["python"]


def _captions() -> dict[str, dict[str, str]]:
    """Return caption and alt text by figure, as figures.yml states them."""
    entries = yaml.safe_load(_read(FIGURES)) if FIGURES.is_file() else None
    for name, entry in (entries or {}).items():
        if not isinstance(entry, dict) or not all(entry.get(key) for key in ("caption", "alt")):
            raise FragmentError(f"{_place(FIGURES)}: {name} needs a caption and an alt.")
    return entries or {}


def _figure(name: str, entry: dict[str, str]) -> str:
    """Return one figure with one number and caption and a picture from each language."""
    panes = {
        language: markup.picture(_place(_image(language, name)), "", entry["alt"])
        for language in LANGUAGES
    }
    identity = "fig-" + re.sub(r"[/_]", "-", name)
    caption = markup.line(entry["caption"])
    return f"::::: {{#{identity} .twins}}\n{markup.tabset(panes)}\n{caption}\n:::::\n"


def _band_row(name: str, records: dict, kind: str, limits: list[dict]) -> list[str]:
    """Return a metric's values, its band, and the mean of both languages or of each."""
    values = [_number(records[language][kind][name]) for language in LANGUAGES]
    if limits[0]["mean"] is None:
        return [f"`{name}`", *values, _number(None), _number(None)]
    reach = f"{_number(limits[0]['low'])} to {_number(limits[0]['high'])}"
    spread = "; ".join(f"{_number(one['mean'])} ± {_number(one['sd'])}" for one in limits)
    return [f"`{name}`", *values, reach, spread]


def _band(exercise: str) -> str:
    """Return the table of an exercise's metrics with the expected band of each."""
    records = {language: record.read(exercise, language) for language in LANGUAGES}
    expected = bands.read(exercise, BOOK_VARIANT)
    rows = []
    for name, band in expected["metrics"].items():
        rows.append(_band_row(name, records, "metrics", [band]))
    for name, both in expected["independent"].items():
        limits = [both[language] for language in LANGUAGES]
        rows.append(_band_row(name, records, "independent", limits))
    heads = ["Metric", "Python", "R", "Expected band", "Mean ± sd"]
    own = ", ".join(f"`{name}`" for name in expected["independent"])
    of_both = (
        f" Each language computes {own} with a package of its own: the band covers both and has "
        "room for other versions of the packages; Python's mean stands first and R's second."
        if own
        else ""
    )
    note = (
        f"Python and R: seed {records['python']['seed']}. Expected band: from "
        f"{len(expected['seeds'])} seeds, so that one further run lies in all bands of the table "
        f"with a chance of {100 * expected['coverage']:g} %.{of_both} Versions: "
        f"{'; '.join(_versions(records[language]) for language in LANGUAGES)}."
    )
    return f"::: {{.band}}\n{markup.table(heads, rows)}\n[{note}]{{.note}}\n:::\n"


def _versions(one: dict[str, Any]) -> str:
    """Return the versions of a record as a reader knows the packages."""
    names = {
        "python": "Python",
        "r": "R",
        "tensorflow": "TensorFlow",
        "keras": "Keras",
        "numpy": "NumPy",
        "keras_from": "",  # its value names a package and version, or the bridge
    }
    return ", ".join(
        f"{names.get(name, name)} {version}".strip() for name, version in one["versions"].items()
    )


def _downloads(exercises: Iterable[str]) -> dict[Path, str]:
    """Return by path the links to each exercise's scripts and notebooks; solutions have none.

    They lead to Colab too where _quarto.yml names a repository at GitHub.

    The links are HTML since both renderers take a Markdown link to a notebook for one to a page.
    """
    contents = {}
    for exercise in exercises:
        if exercise.startswith("solutions/"):
            continue
        links = [
            f'<a href="{target}" download>{markup.TITLES[language]} {kind}</a>'
            for kind in ("script", "notebook")
            for language in LANGUAGES
            for target in [
                f"../{_place(script_file(exercise, language))}"
                if kind == "script"
                else f"notebooks/{exercise}_{language}.ipynb"
            ]
        ]
        text = f"Download: {', '.join(links)}."
        if (repository := catalog.repository()).startswith("https://github.com/"):
            name = repository.removeprefix("https://github.com/")
            opened = " or ".join(
                f'<a href="{COLAB.format(name, exercise, language)}">{markup.TITLES[language]}</a>'
                for language in LANGUAGES
            )
            text += f" Open in Colab: {opened}."
        body = f'```{{=html}}\n<p class="downloads">{text}</p>\n```\n'
        path = FRAGMENTS / exercise / f"{DOWNLOADS}.qmd"
        contents[path] = _headed({}, body, "the names of the scripts")
    return contents


def _ledger(verdicts: list[verify.Verdict]) -> str:
    """Return the picture of all exercises and levels, their table, and the rule of each level."""
    rows = []
    for verdict in verdicts:
        cells = []
        for finding in verdict.findings:
            if finding.holds is None:
                cells.append("–")
            elif finding.difference is None:
                cells.append("✓")
            else:
                cells.append(f"✓ {_number(finding.difference)}")
        rows.append([_chapter(verdict.exercise), *cells])
    levels = [level.name for level in verify.LEVELS]
    rules = "\n".join(f"- **{level.name}**: {level.rule}" for level in verify.LEVELS)
    picture = markup.picture(
        _place(_ledger_picture()), LEDGER_CAPTION, ledgerpicture.alt(verdicts), "fig-ledger"
    )
    table = markup.table(["Exercise", *levels], rows, ":-:")
    return (
        f"{picture}\n{verify.keras_from(verdicts)}\n\n{rules}\n\n"
        '::: {.callout-note collapse="true" appearance="simple"}\n'
        f"## The same in numbers: the largest difference at each level\n\n"
        f"::: {{.ledger}}\n{table}:::\n:::\n"
    )


def _chapter(exercise: str) -> str:
    """Return an exercise's id as a link to its chapter, where it has one."""
    chapter = BOOK / f"{exercise.removeprefix('solutions/')}.qmd"
    name = f"`{exercise}`"
    return f"[{name}](/{_place(chapter)})" if chapter.is_file() else name


def _number(value: float | None) -> str:
    """Return a value with four significant digits; limits are widened by rounding errors only."""
    if value is None:
        return "undefined"
    rounded = 0.0 if abs(value) <= 2 * bands.ROUNDING and abs(value) > 1e-12 else value
    return f"{rounded:.4g}"


def _headed(digests: dict[str, str], body: str, origin: str = "verified runs") -> str:
    lines = [f"{name}: {digest}" for name, digest in digests.items()]
    lines.append(f"content: {_digest(body)}")
    first = f"Made by `deeptwins book` from {origin}; do not edit. SHA-256 of"
    return f"<!-- {first}\n" + "\n".join(lines) + f"\n-->\n{body}"


def _stated(text: str) -> tuple[dict[str, str], str]:
    """Return the digests that a fragment's first lines state, and its content."""
    if not (match := HEADER.match(text)):
        return {}, text
    pairs = [line.rsplit(": ", 1) for line in match[1].splitlines()]
    return {name: digest for name, digest in pairs}, text[match.end() :]


def _update(contents: dict[Path, str]) -> list[Path]:
    """Write the files whose text is new, and return them."""
    changed = [path for path, text in contents.items() if not path.is_file() or _read(path) != text]
    for path in changed:
        files.write_text(path, contents[path])
    return changed


def _images(body: str) -> list[str]:
    return re.findall(r"!\[[^\]]*\]\(/([^)]+)\)", body)


def _image(language: str, name: str) -> Path:
    return IMAGES / language / f"{name}.png"


def _drawn(language: str, name: str) -> Path:
    return record.record_file(name, language).with_suffix(".png")


def _scripts(*exercises: str) -> list[Path]:
    """Return the scripts of exercises that there are; a twin may still miss the other."""
    every = [script_file(exercise, language) for exercise in exercises for language in LANGUAGES]
    return [path for path in every if path.is_file()]


def _digests(*exercises: str) -> dict[str, str]:
    return {_place(path): files.sha256(path) for path in _scripts(*exercises)}


def _slug(section: str) -> str:
    return section.replace(" ", "-")


def _place(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
