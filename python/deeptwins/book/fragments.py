"""Make the book's side-by-side fragments from the scripts and their last verified runs.

book/_fragments/<id>/<section>.qmd holds a section's code in both languages, what it printed and
its figures, all.qmd the whole of a solution, band.qmd the headline results beside the expected
band, downloads.qmd links to scripts and notebooks. Beside them are ledger.qmd and the appendices
that are lists. Nothing of it is committed, and neither R nor TensorFlow is needed.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from deeptwins import catalog, files, sections
from deeptwins.book import BookError, archive, lists, markup
from deeptwins.paths import BOOK, FIGURES, LANGUAGES, ROOT, TITLES, script_file
from deeptwins.proof import bands
from deeptwins.proof.levels import LEVELS, Finding, Verdict, keras3_of

FRAGMENTS = BOOK / "_fragments"
# The title and what else is said of a script above its imports.
TITLE = re.compile(r'\A(?:"""[\s\S]*?"""|(?:#.*\n?)+)\s*')
THIRD = "for 500 samples, the predictions in the browser and those of Keras differ by at most 1e-5"
# The branch from which GitHub Pages serves the book has the notebooks; main has not.
COLAB = "https://colab.research.google.com/github/{}/blob/gh-pages/book/notebooks/{}"


def write(more: Mapping[str, str], third: Mapping[str, float]) -> None:
    """Write all fragments anew, `more` too; BookError where runs, scripts, captions do not fit."""
    captions = files.read_yaml(FIGURES)
    made = lists.fragments() | more
    verdicts = []
    for exercise in catalog.exercises():
        kept = archive.read(exercise)
        findings = [Finding(**one) for one in kept["ledger"]["findings"]]
        verdicts.append(Verdict(exercise, findings, kept["ledger"]["keras3"]))
        contents = _contents(exercise, kept, captions.get(exercise, {}))
        made |= {f"{exercise}/{name}": text for name, text in contents.items()}
    made["ledger"] = ledger(verdicts, third)
    paths = {FRAGMENTS / f"{name}.qmd": text for name, text in made.items()}
    for path in {one for one in FRAGMENTS.rglob("*.*") if one.is_file()} - paths.keys():
        path.unlink()
    for path, text in paths.items():
        files.update(path, text)


def code(exercise: str, language: str) -> dict[str, str]:
    """Return the code of each section of a twin."""
    return sections.of_script(script_file(exercise, language).read_text(encoding="utf-8"))


def _contents(
    exercise: str, kept: Mapping[str, Any], captions: Mapping[str, Any]
) -> dict[str, str]:
    """Return the fragments of an exercise by name."""
    both = {language: _parts(exercise, language, kept[language]) for language in LANGUAGES}
    python, r = ([(name, one["figures"]) for name, one in parts.items()] for parts in both.values())
    if python != r:
        raise BookError(f"{exercise}: Python's sections and figures are {python}, R's are {r}.")
    made = {"band": _band(exercise, kept)}
    for name, figures in python:
        panes = {
            language: markup.pane(language, parts[name]["code"], parts[name]["printed"])
            for language, parts in both.items()
        }
        shown = [_figure(exercise, one, captions) for one in figures]
        made[sections.slug(name)] = "\n".join([markup.tabs(panes), *shown])
    return made if "/" in exercise else made | {"downloads": _downloads(exercise)}


def _parts(exercise: str, language: str, run: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return code, output and figures of each part that the book shows, by its name."""
    found, kept = code(exercise, language), run["sections"]
    if list(found) != [one["name"] for one in kept]:
        raise BookError(
            f"{exercise} has the sections {', '.join(found)} in {TITLES[language]}, and others in "
            f"the verified run. Run: {archive.AGAIN.format(exercise=exercise)}"
        )
    found[sections.SETUP] = TITLE.sub("", found[sections.SETUP])
    # What stands before the first section belongs to it. A solution is shown as a whole.
    groups = {kept[1]["name"]: kept[:2]} | {one["name"]: [one] for one in kept[2:]}
    if "/" in exercise:
        script = script_file(exercise, language).read_text(encoding="utf-8")
        found, groups = {sections.SETUP: script.strip()}, {"all": kept}
    return {
        name: {
            "code": "\n\n".join(filter(None, (found.get(one["name"]) for one in group))),
            "printed": "\n".join(one["printed"] for one in group if one["printed"]),
            "figures": [figure for one in group for figure in one["figures"]],
        }
        for name, group in groups.items()
    }


def _figure(exercise: str, file: str, captions: Mapping[str, Any]) -> str:
    """Return one figure with one number and caption and a picture from each language."""
    name = file.removesuffix(".png")
    entry = captions.get(name, {})
    if not (entry.get("caption") and entry.get("alt")):
        raise BookError(f"book/figures.yml: {name} of {exercise} needs caption and alt.")
    panes = {
        language: markup.picture(_place(archive.picture(exercise, language, file)), entry["alt"])
        for language in LANGUAGES
    }
    identity = "fig-" + re.sub(r"[/_]", "-", f"{exercise}-{name}")
    caption = markup.line(entry["caption"])
    identity += " .photo" * entry.get("photo", False)
    return f"::::: {{#{identity} .twins}}\n{markup.tabset(panes)}\n{caption}\n:::::\n"


def _band(exercise: str, kept: Mapping[str, Any]) -> str:
    """Return the table of an exercise's headline results with the expected band of each."""
    expected = bands.read(exercise, "mini")
    limits = {name: [one] for name, one in expected["results"].items()}
    limits |= {name: list(both.values()) for name, both in expected["independent"].items()}
    rows = []
    for name, of in limits.items():
        values = [kept[language]["results"].get(name) for language in LANGUAGES]
        reach = _reach(values, of[0], expected["targets"].get(name))
        spread = "; ".join(f"{_short(one['mean'])} ± {_short(one['sd'])}" for one in of)
        rows.append([f"`{name}`", *map(_short, values), reach, spread])
    made = (
        f"The bands are from {len(expected['seeds'])} seeds. They are so wide that a new run lies "
        f"in all of them with a chance of at least {100 * expected['coverage']:g} %."
    )
    if own := ", ".join(f"`{name}`" for name in expected["independent"]):
        made += (
            f" Each language computes {own} with a package of its own: the band covers both, with "
            "room for other versions of the packages; Python's mean stands first, R's second."
        )
    versions = (kept[language]["versions"].items() for language in LANGUAGES)
    words = "; ".join(", ".join(f"{name} {number}" for name, number in one) for one in versions)
    target = "; dashed: target" * bool(expected["targets"])
    below = f"\n[Grey: the band; tick: its mean; ring: Python; dot: R{target}.]{{.note}}\n"
    below += markup.details("How the bands were made", f"{made} Versions: {words}.\n")
    for name, value in expected["targets"].items():
        goal = f"{'≤' if bands.lower_is_better(name) else '≥'} {value:g}"
        below += f"\n**Target of the challenge:** `{name}` {goal}.\n"
    heads = ["Result", "Python", "R", "Expected band", "Mean ± sd"]
    return markup.table("band", heads, rows, below=below)


def _short(value: float | str | None) -> str:
    told = bands.number(value)  # with four digits
    if value is None or abs(float(told)) >= 1000:
        return told
    return f"{float(value) if float(told) else 0.0:#.3g}".rstrip(".")


def _reach(values: list[Any], band: Mapping[str, Any], target: float | None) -> str:
    """Return the ends of a band, and what twins.css draws it from: each mark's place in percent."""
    found = [*values, target, *(band[name] for name in ("mean", "low", "high"))]
    named = zip((*LANGUAGES, "target", "mean", "low", "high"), found, strict=True)
    marks = {name: float(one) for name, one in named if one is not None}
    least, most = min(marks.values(), default=0), max(marks.values(), default=0)
    scale, middle = 84 / max(most - least, 1e-6), (least + most) / 2
    style = ";".join(f"--at-{one}:{50 + scale * (at - middle):.1f}%" for one, at in marks.items())
    return f'<span class="reach" style="{style}"></span> ' + " to ".join(map(_short, found[-2:]))


def _downloads(exercise: str) -> str:
    """Return the links to an exercise's scripts and notebooks, and to Colab if that can get them.

    In HTML, since both renderers take a Markdown link to a notebook for one to a page.
    """
    links = ['<div class="downloads" role="group" aria-label="Download">']
    for one in LANGUAGES:
        script, notebook = _place(script_file(exercise, one)), f"{exercise}_{one}.ipynb"
        links.append(f'<a href="../{script}" download>{TITLES[one]} script</a>')
        links.append(f'<a href="notebooks/{notebook}" download>{TITLES[one]} notebook</a>')
        if name := catalog.repository().partition("https://github.com/")[2]:
            links.append(f'<a href="{COLAB.format(name, notebook)}">{TITLES[one]} in Colab</a>')
    return f"```{{=html}}\n{''.join(links)}</div>\n```\n"


def ledger(verdicts: list[Verdict], third: Mapping[str, float]) -> str:
    """Return a table of the differences by exercise and level, `third` in pages, and all rules."""
    rows: dict[str, list[str]] = {}
    for verdict in verdicts:
        cells = [_difference(one) for one in verdict.findings]
        row = rows.setdefault(verdict.exercise.removeprefix("solutions/"), [""] * len(cells))
        row[:] = (" · ".join(filter(None, both)) for both in zip(row, cells, strict=True))
    heads = ["Exercise", *(level.name for level in LEVELS), "in the page"]
    shown = {name: f"{one:.0g}" for name, one in third.items()}
    lines = ([f"`{name}`", *row, shown.get(name, "")] for name, row in rows.items())
    table = markup.table("ledger", heads, lines)
    rules = "\n".join(f"- **{level.name}**: {level.rule}" for level in LEVELS)
    rules += f"\n- **{heads[-1]}**: {THIRD}"
    return f"{table}\n{keras3_of(verdicts)}\n\n{rules}\n"


def _difference(finding: Finding) -> str:
    if not finding.holds:
        return "–" if finding.holds is None else "✗"
    return "✓" if finding.difference is None else f"{finding.difference:.0g}"


def _place(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()
