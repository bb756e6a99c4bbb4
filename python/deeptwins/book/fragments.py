"""Make the book's side-by-side fragments from the scripts and their last verified runs.

`write()` makes, for every exercise, book/_fragments/<id>/ with

    <section>.qmd  the section's code in both languages, what it printed, its figures
    all.qmd        the whole script and everything that it printed; a solution's figures
    band.qmd       the headline results of both languages beside the expected band
    downloads.qmd  links to an exercise's scripts and notebooks

and book/_fragments/ledger.qmd with its picture, and the appendices that are lists
(lists.py). Chapters include them:

    {{< include /book/_fragments/01_first_network/fit.qmd >}}

Nothing of it is committed; no twin is run here, and neither R nor TensorFlow is needed.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from deeptwins import catalog, files
from deeptwins.book import ledger_picture, lists, markup
from deeptwins.paths import BOOK, FIGURES, LANGUAGES, ROOT, TITLES, script_file
from deeptwins.proof import bands, verified
from deeptwins.proof.levels import LEVELS, Finding, Verdict, keras3_of
from deeptwins.runs import sections

FRAGMENTS = BOOK / "_fragments"
LEDGER_PICTURE = FRAGMENTS / "ledger.svg"
# The branch from which GitHub Pages serves the book has the notebooks; main has not.
COLAB = "https://colab.research.google.com/github/{}/blob/gh-pages/book/notebooks/{}_{}.ipynb"
MISSING_FIGURE = (
    "book/figures.yml has no entry for the picture {name} of {exercise}: add caption and alt to it."
)


class FragmentError(Exception):
    """A fragment cannot be made: no verified run, or no caption for a figure."""


def write() -> None:
    """Write all fragments anew; what is no longer made goes.

    Raises
    ------
    FragmentError
        A twin has no verified run, its run has other sections than its script, the
        two languages have other sections or figures, or a figure has no caption.
    """
    captions = _captions()
    made: dict[Path, str] = {}
    verdicts = []
    for exercise in catalog.exercises():
        if not (kept := verified.read(exercise)):
            again = verified.AGAIN.format(exercise=exercise)
            raise FragmentError(f"{exercise} was never verified. Run: {again}")
        row = kept["ledger"]
        findings = [Finding(**one) for one in row["findings"]]
        verdicts.append(Verdict(exercise, findings, row["keras3"], row["diverged"]))
        for name, text in _contents(exercise, kept, captions.get(exercise, {})).items():
            made[FRAGMENTS / exercise / f"{name}.qmd"] = text
    made[LEDGER_PICTURE] = ledger_picture.draw(verdicts)
    made[FRAGMENTS / "ledger.qmd"] = _ledger(verdicts)
    for name, text in lists.fragments().items():
        made[FRAGMENTS / f"{name}.qmd"] = text
    for path in list(FRAGMENTS.rglob("*.*")):
        if path.is_file() and path not in made:
            path.unlink()
    for path, text in made.items():
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            files.write_text(path, text)


def code(exercise: str, language: str) -> dict[str, str]:
    """Return the code of each section of a twin."""
    path = script_file(exercise, language)
    try:
        return sections.of_script(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise FragmentError(f"{_place(path)}, {error}.") from None


def alt_of(exercise: str, figure: str) -> str:
    """Return the text for those who do not see a figure."""
    return markup.line(_captions()[exercise][figure]["alt"])


def _contents(
    exercise: str, kept: Mapping[str, Any], captions: Mapping[str, Any]
) -> dict[str, str]:
    """Return the fragments of an exercise by name."""
    scripts = {language: code(exercise, language) for language in LANGUAGES}
    shown = {
        language: {one["name"]: one for one in kept[language]["sections"]} for language in LANGUAGES
    }
    for language in LANGUAGES:
        other = list(scripts["python"]), list(scripts[language]), list(shown[language])
        if other[0] != other[1] or other[1] != other[2]:
            raise FragmentError(
                f"{exercise} has the sections {', '.join(other[0])} in Python, "
                f"{', '.join(other[1])} in {TITLES[language]}, and {', '.join(other[2])} in the "
                f"verified run. Run: deeptwins run {exercise} && deeptwins book"
            )
    made, all_figures = {}, []
    for name in scripts["python"]:
        drawn = [shown[language][name]["figures"] for language in LANGUAGES]
        if drawn[0] != drawn[1]:
            raise FragmentError(
                f"{exercise}, section {name}: Python draws {drawn[0]}, R draws {drawn[1]}."
            )
        figures = [_figure(exercise, one, captions) for one in drawn[0]]
        all_figures += figures
        panes = {
            one: markup.pane(one, scripts[one][name], shown[one][name]["printed"])
            for one in LANGUAGES
        }
        made[sections.slug(name)] = "\n".join([markup.tabs(panes), *figures])
    whole = {
        language: markup.pane(
            language,
            script_file(exercise, language).read_text(encoding="utf-8").strip("\n"),
            "\n".join(one["printed"] for one in shown[language].values() if one["printed"]),
        )
        for language in LANGUAGES
    }
    # A chapter shows a solution whole, and an exercise section by section.
    solution = exercise.startswith("solutions/")
    made["all"] = "\n".join([markup.tabs(whole), *(all_figures if solution else [])])
    made["band"] = _band(exercise, kept)
    if not solution:
        made["downloads"] = _downloads(exercise)
    return made


def _captions() -> dict[str, dict[str, dict[str, Any]]]:
    """Return caption and alt text by exercise and figure, as figures.yml states them."""
    entries = yaml.safe_load(FIGURES.read_text(encoding="utf-8")) or {}
    for exercise, figures in entries.items():
        for name, entry in figures.items():
            if not all(entry.get(key) for key in ("caption", "alt")):
                raise FragmentError(f"{_place(FIGURES)}: {exercise}, {name} needs caption and alt.")
    return entries


def _figure(exercise: str, file: str, captions: Mapping[str, Any]) -> str:
    """Return one figure with one number and caption and a picture from each language."""
    name = file.removesuffix(".png")
    if name not in captions:
        raise FragmentError(MISSING_FIGURE.format(name=name, exercise=exercise))
    panes = {
        language: markup.picture(
            _place(verified.picture(exercise, language, file)), "", captions[name]["alt"]
        )
        for language in LANGUAGES
    }
    identity = "fig-" + re.sub(r"[/_]", "-", f"{exercise}-{name}")
    caption = markup.line(captions[name]["caption"])
    return f"::::: {{#{identity} .twins}}\n{markup.tabset(panes)}\n{caption}\n:::::\n"


def _band(exercise: str, kept: Mapping[str, Any]) -> str:
    """Return the table of an exercise's headline results with the expected band of each."""
    expected = bands.read(exercise, "mini")
    limits = {name: [one] for name, one in expected["results"].items()}
    for name, both in expected["independent"].items():
        limits[name] = [both[language] for language in LANGUAGES]
    rows = []
    for name, of in limits.items():
        values = [_number(kept[language]["results"].get(name)) for language in LANGUAGES]
        reach = f"{_number(of[0]['low'])} to {_number(of[0]['high'])}"
        spread = "; ".join(f"{_number(one['mean'])} ± {_number(one['sd'])}" for one in of)
        rows.append([f"`{name}`", *values, reach, spread])
    own = ", ".join(f"`{name}`" for name in expected["independent"])
    of_both = (
        f" Each language computes {own} with a package of its own: the band covers both and has "
        "room for other versions of the packages; Python's mean stands first and R's second."
        if own
        else ""
    )
    versions = "; ".join(
        ", ".join(f"{name} {number}" for name, number in kept[language]["versions"].items())
        for language in LANGUAGES
    )
    note = (
        f"Expected band: from {len(expected['seeds'])} seeds, so that one further run lies in all "
        f"bands of the table with a chance of {100 * expected['coverage']:g} %.{of_both} "
        f"Versions: {versions}."
    )
    heads = ["Result", "Python", "R", "Expected band", "Mean ± sd"]
    goals = [
        f"`{name}` {'≤' if bands.lower_is_better(name) else '≥'} {value:g}"
        for name, value in expected["targets"].items()
    ]
    target = f"**Target of the challenge:** {', '.join(goals)}.\n" if goals else ""
    return f"::: {{.band}}\n{markup.table(heads, rows)}\n[{note}]{{.note}}\n\n{target}:::\n"


def _downloads(exercise: str) -> str:
    """Return the links to an exercise's scripts and notebooks.

    They lead to Colab too where _quarto.yml names a repository at GitHub, and are HTML
    since both renderers take a Markdown link to a notebook for one to a page.
    """
    links = [
        f'<a href="{target}" download>{TITLES[language]} {kind}</a>'
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
            f'<a href="{COLAB.format(name, exercise, language)}">{TITLES[language]}</a>'
            for language in LANGUAGES
        )
        text += f" Open in Colab: {opened}."
    return f'```{{=html}}\n<p class="downloads">{text}</p>\n```\n'


def _ledger(verdicts: list[Verdict]) -> str:
    """Return the picture of all exercises and levels, and the rule of each level."""
    rules = "\n".join(f"- **{level.name}**: {level.rule}" for level in LEVELS)
    words = ledger_picture.CAPTION, ledger_picture.alt(verdicts)
    picture = markup.picture(_place(LEDGER_PICTURE), *words, "fig-ledger")
    return f"{picture}\n{keras3_of(verdicts)}\n\n{rules}\n"


def _number(value: float | str | None) -> str:
    """Return a value with four significant digits; limits are widened by rounding errors only."""
    if value is None or isinstance(value, str):
        return value or "undefined"
    rounded = 0.0 if 1e-12 < abs(value) <= 2 * bands.ROUNDING else value
    return f"{rounded:.4g}"


def _place(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()
