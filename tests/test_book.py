"""The book: fragments made from runs, kept fresh, and rendered by both renderers."""

import json
import re
import shutil
import stat
import sys
import threading
import urllib.request

import helpers
import numpy as np
import pytest
import synthetic
import yaml
from PIL import Image

from deeptwins import (
    bands,
    catalog,
    datasets,
    drift,
    files,
    fragments,
    paths,
    pictures,
    renderer,
    runner,
    sections,
    site,
)
from deeptwins.paths import LANGUAGES, ROOT, script_file

ID = synthetic.EXERCISE
REMEDY = "Fragments are stale: run `deeptwins run --solutions && deeptwins book`"
PAGES = helpers.pages()
CHAPTERS = [page for page in PAGES if re.match(r"book/\d\d_", page)]
LINK = re.compile(r"\]\(([\w./]+\.qmd)[#)]")
INCLUDE = re.compile(r"\{\{< include (\S+) >\}\}")


# ---- sections and what they printed ----


def test_a_script_is_split_at_its_marks():
    split = sections.of_script("import x\n\n# ---- load ----\n\na = 1\n\n# ---- fit ----\nb\n")
    assert split == {"setup": "import x", "load": "a = 1", "fit": "b"}


def test_two_sections_of_one_name_are_refused():
    with pytest.raises(ValueError, match="same name: load"):
        sections.of_script("# ---- load ----\n# ---- load ----\n")


def test_output_goes_to_the_section_that_printed_it():
    # The last line of `load` has no end of line, as R's cat() leaves it.
    split = sections.of_output("hello\n\x1eload\n  12\n7\x1efit\n\x1eend\n")
    assert split == {"setup": "hello", "load": "  12\n7", "fit": "", "end": ""}


@pytest.mark.parametrize(
    ("printed", "shown"),
    [
        ("6/6 - 1s - 94ms/step - loss: 0.5", "6/6 - loss: 0.5"),
        ("313/313 - 12s - 2s/epoch - loss: 0.5", "313/313 - loss: 0.5"),
        (
            "\x1b[1m1/6\x1b[0m \x1b[32m━━\x1b[0m\x1b[37m━━\x1b[0m \x1b[1m2s\x1b[0m 400us/step\n"
            "\x1b[1m6/6\x1b[0m \x1b[32m━━━━\x1b[0m \x1b[1m0s\x1b[0m 3ms/step - loss: 0.5",
            "6/6 - loss: 0.5",
        ),
        ("10%\r50%\r100%\r", "100%"),
        ("1/6\b\b\b\r6/6 done", "6/6 done"),
        ("accuracy  \nloss\t\n\n", "accuracy\nloss"),
        ("  setosa 10\n1/2 - 3 apples", "  setosa 10\n1/2 - 3 apples"),
    ],
)
def test_what_the_clock_decides_is_left_out(printed, shown):
    assert sections.clean(printed) == shown


# ---- fragments of a synthetic run ----

SCRIPTS = {
    "python": "import x\n\n# ---- load ----\nprint(1)\n\n# ---- curve ----\n"
    'save(result_file("04_hello_iris-curve.png"))\n',
    "r": "library(x)\n\n# ---- load ----\n1\n\n# ---- curve ----\n"
    'ggsave(result_file(\n  "04_hello_iris-curve.png"\n))\n',
}
FIGURES = """
04_hello_iris-curve:
  caption: The loss falls.
  alt: A line that "falls".
"""


def run(project, *, clock="1s - 9ms/step"):
    """Leave behind what a run of the two scripts leaves behind."""
    for language in LANGUAGES:
        synthetic.write(synthetic.make(language))
        marks = list(sections.of_script(script_file(ID, language).read_text()))[1:]
        printed = "".join(f"\x1e{mark}\n6/6 - {clock} - loss: 0.5\n" for mark in marks)
        files.write_text(runner.output_file(ID, language), printed)
        colour = (0, 114, 178) if language == "python" else (213, 94, 0)
        Image.new("RGB", (60, 30), colour).save(project / "results" / language / f"{ID}-curve.png")


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A checkout with one exercise that was run and holds."""
    book = tmp_path / "book"
    monkeypatch.setenv("DEEPTWINS_RESULTS", str(tmp_path / "results"))
    for module in (paths, catalog, fragments):
        monkeypatch.setattr(module, "ROOT", tmp_path)
    monkeypatch.setattr(bands, "EXPECTED", tmp_path / "expected")
    monkeypatch.setattr(fragments, "BOOK", book)
    monkeypatch.setattr(fragments, "FRAGMENTS", book / "_fragments")
    monkeypatch.setattr(fragments, "IMAGES", book / "images")
    monkeypatch.setattr(fragments, "FIGURES", book / "figures.yml")
    monkeypatch.setattr(fragments, "LEDGER", book / "_fragments" / "ledger.qmd")
    for language in LANGUAGES:
        files.write_text(script_file(ID, language), SCRIPTS[language])
    files.write_text(book / "figures.yml", FIGURES)
    bands.write(ID, "mini", synthetic.expected() | {"coverage": bands.COVERAGE})
    run(tmp_path)
    return tmp_path


def fragment(project, name):
    return (project / "book/_fragments" / ID / f"{name}.qmd").read_text(encoding="utf-8")


def edit(project, language, old, new):
    path = script_file(ID, language)
    files.write_text(path, path.read_text().replace(old, new))


def test_a_fragment_shows_code_output_and_figure_of_both_languages(project):
    fragments.write([ID])
    text = fragment(project, "curve")
    assert text.index("## Python\n\n```python\nsave(") < text.index("## R\n\n```r\nggsave(")
    assert text.count("::: {.output}\n```\n6/6 - loss: 0.5\n```\n:::") == 2
    assert text.count("{#fig-04-hello-iris-curve .twins}") == 1
    assert text.count("The loss falls.\n:::::") == 1
    for language in LANGUAGES:
        place = f"book/images/{language}/{ID}-curve.png"
        assert f'![](/{place}){{fig-alt="A line that \\"falls\\"."}}' in text
        with Image.open(project / place) as picture:
            assert picture.size == (60, 30)
        assert f"{files.sha256(script_file(ID, language))}\n" in text.split("-->")[0]


def test_setup_and_the_whole_script_have_a_fragment(project):
    fragments.write([ID])
    assert "```python\nimport x\n```" in fragment(project, "setup")
    assert "::: {.output}" not in fragment(project, "setup")
    assert SCRIPTS["r"].strip() in fragment(project, "all")


def test_a_second_run_with_the_same_results_changes_nothing(project):
    assert fragments.write([ID])
    run(project, clock="3s - 150us/step")
    assert fragments.write([ID]) == []
    assert fragments.stale() == []


def test_code_that_holds_a_fence_stays_inside_its_own(project):
    for language in LANGUAGES:
        edit(project, language, "# ---- load ----", '# ---- load ----\n"""\n```\n"""')
    run(project)
    fragments.write([ID])
    assert '````python\n"""\n```\n"""\nprint(1)\n````\n' in fragment(project, "load")
    assert fragments.shown(ID, "python")[1].code == '"""\n```\n"""\nprint(1)'


def test_a_fragment_gives_back_what_it_was_made_from(project):
    fragments.write([ID])
    setup, load, curve = fragments.shown(ID, "r")
    assert (setup.name, setup.printed, setup.figures) == ("setup", "", [])
    assert (load.code, load.printed) == ("1", "6/6 - loss: 0.5")
    picture = project / f"book/images/r/{ID}-curve.png"
    assert curve.figures == [(picture, 'A line that "falls".')]
    edit(project, "r", "ggsave(", "ggsave2(")
    with pytest.raises(fragments.FragmentError, match=r"curve.qmd does not show r's section curve"):
        fragments.shown(ID, "r")


def test_an_exercise_offers_its_scripts_and_notebooks_without_a_run(project):
    shutil.rmtree(project / "results")
    with pytest.raises(fragments.FragmentError, match="no verified run"):
        fragments.write([ID])
    text = fragment(project, "downloads")
    assert re.findall(r'<a href="(.+?)" download>(.+?)</a>', text) == [
        (f"../python/{ID}.py", "Python script"),
        (f"../r/{ID}.R", "R script"),
        (f"notebooks/{ID}_python.ipynb", "Python notebook"),
        (f"notebooks/{ID}_r.ipynb", "R notebook"),
    ]
    assert "Colab" not in text


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("repo-url: https://github.com/them/course.git", "them/course"),
        ("repo-url: https://example.org/deeptwins", ""),
        ("repo-url: https://git.example.net/them/course", ""),
        ("title: No repository", ""),
    ],
)
def test_colab_is_offered_where_the_course_has_a_repository_at_github(project, line, name):
    files.write_text(project / "_quarto.yml", f"book:\n  {line}\n")
    fragments.write([ID])
    found = re.findall(
        r"colab[^\"]*/github/(\S+)/blob/gh-pages/(\S+)\"", fragment(project, "downloads")
    )
    assert found == [(name, f"book/notebooks/{ID}_{one}.ipynb") for one in LANGUAGES if name]


def test_the_band_shows_four_digits_and_names_what_is_undefined(project):
    expected = synthetic.expected() | {"coverage": bands.COVERAGE}
    expected["metrics"] |= {
        "mcc": bands.band("mcc", [None] * 20),
        "same": bands.band("same", [0.0] * 20),
    }
    bands.write(ID, "mini", expected)
    for language in LANGUAGES:
        one = synthetic.make(language)
        one["metrics"] |= {"mcc": None, "same": 0.0, "accuracy": 0.7512345}
        synthetic.write(one)
    fragments.write([ID])
    text = fragment(project, "band")
    assert "| `accuracy` | 0.7512 | 0.7512 | 0.6722 to 0.8278 | 0.75 ± 0.02991 |" in text
    assert "| `mcc` | undefined | undefined | undefined | undefined |" in text
    assert "| `same` | 0 | 0 | 0 to 0 | 0 ± 0 |" in text
    assert "from 20 seeds, so that one further run lies in all bands" in text


def test_the_ledger_shows_every_level_and_its_rule(project):
    fragments.write([ID])
    text = (project / "book/_fragments/ledger.qmd").read_text(encoding="utf-8")
    assert f"| `{ID}` | ✓ | ✓ 0 |" in text
    for level in fragments.verify.LEVELS:
        assert f"- **{level.name}**: {level.rule}" in text


def test_the_ledger_is_drawn_and_a_changed_drawing_is_stale(project):
    fragments.write([ID])
    picture = project / "book/images/ledger.svg"
    text = (project / "book/_fragments/ledger.qmd").read_text(encoding="utf-8")
    assert "](/book/images/ledger.svg){#fig-ledger fig-alt=" in text
    assert "04 hello iris" in picture.read_text(encoding="utf-8")
    files.write_text(picture, "<svg/>")
    problem = "book/_fragments/ledger.qmd was made from another book/images/ledger.svg"
    assert fragments.stale() == [problem]
    picture.unlink()
    assert fragments.stale() == [
        "book/_fragments/ledger.qmd shows book/images/ledger.svg, which is missing"
    ]


def test_a_list_of_entries_becomes_a_fragment_and_a_changed_list_makes_it_stale(project):
    source, fragment = project / "book/migration.yml", project / "book/_fragments/migration.qmd"
    entry = {"old": "a `b`", "meets": "no b", "new": "c", "say": "See d.", "warns": True}
    files.write_text(source, yaml.safe_dump({"python": [entry], "r": []}))
    assert fragment in fragments.write([ID])
    text = fragment.read_text(encoding="utf-8")
    assert "| `` a `b` `` | Warning: `no b` | `c`. See d. |" in text
    assert fragments.write([ID]) == fragments.stale() == []
    files.write_text(source, yaml.safe_dump({"python": [entry], "r": [entry]}))
    assert fragments.stale() == [
        "book/_fragments/migration.qmd was made from another book/migration.yml"
    ]
    assert fragments.write([ID]) == [fragment]


def test_a_figure_without_a_caption_is_refused(project):
    files.write_text(project / "book/figures.yml", "# none\n")
    with pytest.raises(fragments.FragmentError, match=rf"{ID}-curve:\n  caption: .*\n  alt"):
        fragments.write([ID])


def test_a_caption_without_alt_text_is_refused(project):
    files.write_text(project / "book/figures.yml", "04_hello_iris-curve:\n  caption: a\n")
    with pytest.raises(fragments.FragmentError, match="needs a caption and an alt"):
        fragments.write([ID])


def test_other_sections_in_r_are_refused(project):
    edit(project, "r", "---- curve", "---- plot")
    run(project)
    with pytest.raises(fragments.FragmentError, match="sections setup, load, curve in Python"):
        fragments.write([ID])


def test_another_figure_in_r_is_refused(project):
    edit(project, "r", "-curve.png", "-plot.png")
    run(project)
    with pytest.raises(fragments.FragmentError, match=r"Python draws .*curve.*R draws .*plot"):
        fragments.write([ID])


def test_a_section_cannot_take_the_name_of_another_fragment(project):
    for language in LANGUAGES:
        edit(project, language, "---- load", "---- band")
    run(project)
    with pytest.raises(fragments.FragmentError, match="cannot be called 'band'"):
        fragments.write([ID])


def test_a_figure_that_was_not_drawn_is_named(project):
    (project / f"results/r/{ID}-curve.png").unlink()
    with pytest.raises(fragments.FragmentError, match=f"deeptwins run {ID} --lang r"):
        fragments.write([ID])


def test_a_run_that_does_not_hold_is_refused(project):
    synthetic.write(synthetic.changed(synthetic.make("r"), "metrics.accuracy", 0.7))
    with pytest.raises(fragments.FragmentError, match="no verified run: test metrics: accuracy"):
        fragments.write([ID])


@pytest.mark.parametrize(("field", "value"), [("seed", 5), ("data.variant", "full")])
def test_a_run_with_another_seed_or_other_data_is_refused(project, field, value):
    bands.write(ID, "full", synthetic.expected())
    for language in LANGUAGES:
        synthetic.write(synthetic.changed(synthetic.make(language), field, value))
    with pytest.raises(fragments.FragmentError, match=r"book shows mini data and seed 1\. Run"):
        fragments.write([ID])


def test_output_of_another_version_of_the_script_is_refused(project):
    files.write_text(runner.output_file(ID, "r"), "\x1eload\n1\n")
    with pytest.raises(fragments.FragmentError, match=f"other sections.*run {ID} --lang r"):
        fragments.write([ID])


def test_without_a_run_fresh_fragments_stay(project):
    fragments.write([ID])
    shutil.rmtree(project / "results")
    assert fragments.write([ID]) == []
    assert fragments.stale() == []


def test_without_a_run_a_changed_script_is_refused(project):
    fragments.write([ID])
    shutil.rmtree(project / "results")
    edit(project, "python", "print(1)", "print(2)")
    with pytest.raises(fragments.FragmentError, match=f"Run: deeptwins run {ID}"):
        fragments.write([ID])


def test_what_no_script_asks_for_is_deleted(project):
    fragments.write([ID])
    for language in LANGUAGES:
        path = script_file(ID, language)
        files.write_text(path, path.read_text().split("# ---- curve")[0])
    run(project)
    other = project / "book/_fragments/05_gone/load.qmd"
    files.write_text(other, "gone")
    gone = fragments.write([ID])
    assert {project / f"book/images/{language}/{ID}-curve.png" for language in LANGUAGES} < set(
        gone
    )
    assert {path.stem for path in (project / "book/_fragments" / ID).iterdir()} == {
        "setup",
        "load",
        "all",
        "band",
        "downloads",
    }
    assert not other.parent.exists()


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_edited_script_makes_its_fragments_stale(project, language):
    fragments.write([ID])
    assert fragments.stale() == []
    edit(project, language, "\n\n#", "\n\nEPOCHS = 11\n#")
    script = script_file(ID, language).relative_to(project).as_posix()
    problems = fragments.stale()
    assert f"book/_fragments/{ID}/load.qmd was made from another {script}" in problems
    assert f"book/_fragments/ledger.qmd was made from another {script}" in problems


def test_a_fragment_that_was_changed_by_hand_is_stale(project):
    fragments.write([ID])
    path = project / f"book/_fragments/{ID}/load.qmd"
    files.write_text(path, path.read_text(encoding="utf-8").replace("0.5", "0.4"))
    assert fragments.stale() == [f"book/_fragments/{ID}/load.qmd was changed by hand"]


def test_missing_and_left_over_files_are_stale(project):
    fragments.write([ID])
    (project / f"book/_fragments/{ID}/load.qmd").unlink()
    (project / f"book/images/r/{ID}-curve.png").unlink()
    files.write_text(project / f"book/_fragments/{ID}/old.qmd", "x")
    assert fragments.stale() == [
        f"book/_fragments/{ID}/load.qmd is missing",
        f"book/_fragments/{ID}/curve.qmd shows book/images/r/{ID}-curve.png, which is missing",
        f"book/_fragments/{ID}/old.qmd belongs to nothing any more",
    ]


# ---- pictures ----


def test_a_plot_gets_a_palette_and_looks_the_same(tmp_path):
    plot = Image.linear_gradient("L").convert("RGB")
    plot.save(tmp_path / "plot.png")
    assert pictures.compress(tmp_path / "plot.png", tmp_path / "small.png")
    with Image.open(tmp_path / "small.png") as small:
        assert small.mode == "P"
        change = np.asarray(small.convert("RGB"), int) - np.asarray(plot, int)
        assert abs(change).max() <= 8
    assert not pictures.compress(tmp_path / "plot.png", tmp_path / "small.png")


def test_a_photograph_keeps_its_colours(tmp_path):
    red, green = Image.linear_gradient("L"), Image.linear_gradient("L").rotate(90)
    photograph = Image.merge("RGB", (red, green, red.rotate(180)))
    photograph.save(tmp_path / "photograph.png")
    pictures.compress(tmp_path / "photograph.png", tmp_path / "small.png")
    with Image.open(tmp_path / "small.png") as small:
        assert np.array_equal(small, photograph)


# ---- what was verified last ----


@pytest.fixture
def verified(project, monkeypatch):
    """A checkout whose exercise was verified, on a data set of its own."""
    monkeypatch.setattr(drift, "ROOT", project)
    monkeypatch.setattr(drift, "VERIFIED", project / "book" / "verified.json")
    monkeypatch.setattr(datasets, "SHARED", project / "shared_data")
    describe(project, "1,2\n")
    digest = datasets.mini("iris").digest
    for language in LANGUAGES:
        one = synthetic.changed(synthetic.make(language), "data.digest", digest)
        synthetic.write(synthetic.changed(one, "versions.keras_from", "bridge"))
    bands.write(ID, "mini", synthetic.expected() | {"coverage": bands.COVERAGE})
    expected = bands.read(ID, "mini")
    expected["data"]["digest"] = digest
    bands.write(ID, "mini", expected)
    fragments.write([ID])
    assert drift.note()
    assert drift.problems([ID]) == []
    return project


def describe(project, text):
    """Write the data set and its card."""
    folder = project / "shared_data" / "iris"
    files.write_text(folder / "iris.csv", text)
    entry = {"iris.csv": {"sha256": files.sha256(folder / "iris.csv")}}
    files.write_text(folder / "card.json", json.dumps({"files": entry}))


AGAIN = f"deeptwins run {ID} && deeptwins book"


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_script_that_changed_has_to_be_verified(verified, language):
    path = script_file(ID, language)
    edit(verified, language, "1", "2")
    changed = f"{ID}: {language}/{path.name} changed since it was verified. Run: {AGAIN}"
    assert drift.problems([ID]) == [changed]


def test_data_that_changed_ask_for_new_bands_too(verified):
    describe(verified, "1,3\n")
    made = f"python shared_data/make/expected.py {ID}"
    changed = f"{ID}: iris changed since it was verified. Run: {made} && {AGAIN}"
    assert drift.problems([ID]) == [changed]
    # Nor is the new state noted, since it is not what ran.
    with pytest.raises(fragments.FragmentError, match=f"iris changed since {ID} ran"):
        drift.note()
    assert drift.problems([ID]) == [changed]


def test_data_that_are_not_whole_are_to_be_restored(verified):
    (verified / "shared_data/iris/iris.csv").write_text("damaged")
    (problem,) = drift.problems([ID])
    assert "git checkout" in problem


def test_a_changed_file_of_bands_has_to_be_verified(verified):
    bands.write(ID, "mini", bands.read(ID, "mini") | {"note": "changed"})
    (problem,) = drift.problems([ID])
    assert problem.endswith(f"expected/{ID}.json changed since it was verified. Run: {AGAIN}")


@pytest.mark.parametrize("name", [f"_fragments/{ID}/band.qmd", f"images/r/{ID}-curve.png"])
def test_a_changed_fragment_or_figure_has_to_be_made_again(verified, name):
    with (verified / "book" / name).open("a") as stream:
        stream.write("by hand")
    changed = f"{ID}: book/_fragments/{ID} changed since it was verified. Run: {AGAIN}"
    assert drift.problems([ID]) == [changed]


def test_what_was_noted_stays_until_something_changes(verified):
    before = drift.VERIFIED.read_text()
    assert json.loads(before)[ID]["keras_from"] == "bridge"
    shutil.rmtree(verified / "results")
    assert not drift.note()
    assert drift.VERIFIED.read_text() == before
    drift.VERIFIED.unlink()
    assert drift.problems([ID]) == [f"{ID} was never verified. Run: {AGAIN}"]


# ---- the book of this checkout ----


@pytest.mark.parametrize("exercise", catalog.exercises())
def test_nothing_changed_since_it_was_verified(exercise):
    problems = drift.problems([exercise])
    assert not problems, "\n".join(problems)


def test_every_fragment_is_fresh():
    problems = fragments.stale()
    assert not problems, "\n".join([REMEDY, *problems])


@pytest.mark.parametrize("page", PAGES)
def test_every_include_exists(page):
    path = ROOT / page
    for place in INCLUDE.findall(path.read_text(encoding="utf-8")):
        included = ROOT / place[1:] if place.startswith("/") else path.parent / place
        assert included.is_file(), f"{page} includes {place}"


@pytest.mark.parametrize("page", PAGES)
def test_every_page_that_is_linked_exists(page):
    path = ROOT / page
    for target in LINK.findall(path.read_text(encoding="utf-8")):
        assert (path.parent / target).resolve().relative_to(ROOT).as_posix() in PAGES, target


def test_every_page_is_in_the_list_of_chapters():
    there = {path.relative_to(ROOT).as_posix() for path in (ROOT / "book").glob("*.qmd")}
    assert there | {"index.qmd"} == set(PAGES)


def test_every_figure_has_words_and_is_drawn_by_a_twin():
    entries = yaml.safe_load(fragments.FIGURES.read_text(encoding="utf-8"))
    drawn = [
        name
        for exercise in catalog.exercises()
        for name in fragments.FIGURE.findall(script_file(exercise, "python").read_text("utf-8"))
    ]
    assert sorted(entries) == sorted(drawn)
    for name, entry in entries.items():
        assert len(entry["caption"]) >= 40, name
        assert len(entry["alt"]) >= 80, name
        assert entry["alt"] != entry["caption"], name


@pytest.mark.parametrize(("theme", "block"), [("light", 0), ("dark", 1)])
def test_quarto_and_the_preview_have_one_palette(theme, block):
    colours = re.compile(r"#[0-9a-f]{6}\b")
    assets = ROOT / "book" / "assets"
    sass = colours.findall((assets / f"{theme}.scss").read_text(encoding="utf-8"))
    blocks = re.findall(r"\{([^{}]*--page:[^{}]*)\}", (assets / "twins.css").read_text("utf-8"))
    assert sass
    assert set(sass) <= set(colours.findall(blocks[block]))


# ---- rendering ----


@pytest.fixture
def copy(tmp_path, monkeypatch):
    """The sources of the book, and nothing else, in a folder of their own."""
    helpers.copy_sources(tmp_path)
    monkeypatch.setattr(site, "ROOT", tmp_path)
    monkeypatch.setattr(site, "OUTPUT", tmp_path / "_book")
    return tmp_path


def test_the_whole_book_renders(rendered):
    assert rendered.warnings == []
    assert rendered.pages >= len(PAGES)
    for page in PAGES:
        path = rendered.folder / page.replace(".qmd", ".html")
        text = path.read_text(encoding="utf-8")
        assert "{{&lt; include" not in text
        assert "?@" not in text, f"{page} refers to what is not there"
        assert "Text: CC BY 4.0." in text
        if not catalog.repository():
            assert not re.search(r"Edit this page|Report an issue|colab\.research", text), page
        if page in CHAPTERS:
            assert text.count('class="panel-tabset"') >= 3, f"{page} shows no twins"
        figures = re.findall(r'id="(fig-[^"]+)"', text)
        labels = [figure for figure in figures if "-caption-" not in figure]
        assert len(labels) == len(set(labels)), f"{page} shows a figure twice"
        loaded = re.findall(r'<(?:img|script)[^>]* src="([^"]+)"', text)
        loaded += re.findall(r'<link[^>]* rel="(?:stylesheet|icon)"[^>]* href="([^"]+)"', text)
        loaded += re.findall(r'<link[^>]* href="([^"]+)"[^>]* rel="(?:stylesheet|icon)"', text)
        assert any("twins.js" in address for address in loaded)
        assert any("twins.css" in address for address in loaded)
        for address in loaded:
            assert not re.match(r"\w+:|//", address) or address.startswith("data:"), address
            assert (path.parent / address.split("?")[0]).is_file(), f"{page}: {address}"
        offered = re.findall(r'<a href="([^"]+)" download>', text)
        wanted = 1 if page == "index.qmd" else 4 if re.match(r"book/\d\d_", page) else 0
        assert len(offered) == wanted, f"{page} offers {offered}"
        for address in offered:
            assert (path.parent / address).stat().st_size > 500, f"{page}: {address}"
    for style in rendered.folder.rglob("*.css"):
        assert not re.search(r"@import[^;]*//|url\(['\"]?(?:https?:)?//", style.read_text("utf-8"))


def test_a_renderer_that_fails_is_quoted(copy):
    code = "print('one'); print('two'); raise SystemExit(3)"
    broken = site.Renderer("Quarto", "1", (sys.executable, "-c", code))
    with pytest.raises(site.SiteError, match="Quarto failed:\none\ntwo"):
        site.render(broken)


def test_warnings_of_a_renderer_are_handed_on(copy, monkeypatch):
    monkeypatch.setattr(site.exports, "write", lambda output: [])
    code = "print('WARN: no such page'); print('warning: unknown key x'); print('done')"
    rendered = site.render(site.Renderer("Quarto", "1", (sys.executable, "-c", code)))
    assert rendered.warnings == ["WARN: no such page"]


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("echo 1.11.0", ""),
        ("echo 1.3.450", "is older than 1.4"),
        ("exit 1", "does not say its version"),
        ("exec sleep 20", "does not say its version"),
    ],
)
def test_quarto_is_used_if_it_answers_and_is_new_enough(tmp_path, monkeypatch, script, reason):
    program = tmp_path / "quarto"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("QUARTO_PATH", str(program))
    monkeypatch.setattr(renderer, "PATIENCE", 1)
    monkeypatch.setattr(renderer, "PREVIEW_PACKAGES", ())
    found = site.renderer()
    assert found.name == ("smalldocs" if reason else "Quarto")
    assert reason in found.note
    if reason:
        assert all(lack in found.note for lack in renderer.NOT_IN_PREVIEW.values())


def test_without_any_renderer_the_error_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setenv("QUARTO_PATH", str(tmp_path / "none"))
    monkeypatch.setattr(renderer, "PREVIEW_PACKAGES", ("no-such-package",))
    with pytest.raises(site.SiteError, match=r"needs no-such-package. Install Quarto"):
        site.renderer()


def test_the_preview_finishes_formulas_references_and_paths(copy):
    pytest.importorskip("latex2mathml")
    page = copy / "_book/book/01.html"
    files.write_text(
        page,
        '<head><link href="https://cdn/npm/katex@0.16/k.css"><script src="https://cdn/npm/katex@0/k.js"'
        ' defer></script><script src="/book/assets/twins.js"></script></head><p>See @fig-a-b, '
        '@sec-c and @fig-none. <span class="math inline">\\(a &lt; b\\)</span></p>'
        '<pre>x @fig-a-b</pre><div id="fig-a-b"></div>',
    )
    other = copy / "_book/index.html"
    files.write_text(other, '<section id="sec-c"></section><p>@fig-a-b</p>')
    site._finish([page, other])
    text = page.read_text(encoding="utf-8")
    assert "katex" not in text
    assert '<script src="../book/assets/twins.js"></script>' in text
    assert 'See <a href="01.html#fig-a-b">Figure</a>, ' in text
    assert '<a href="../index.html#sec-c">Section</a> and @fig-none.' in text
    assert "<pre>x @fig-a-b</pre>" in text
    assert re.search(r'<math [^>]*display="inline".*<mi>a</mi><mo>&#x0003C;</mo><mi>b</mi>', text)
    assert '<a href="book/01.html#fig-a-b">Figure</a>' in other.read_text(encoding="utf-8")


def test_the_server_is_for_this_machine_and_serves_the_book(copy):
    with pytest.raises(site.SiteError, match="Make it with: deeptwins book"):
        site.server()
    files.write_text(copy / "_book/index.html", "the book")
    with site.server() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        assert server.server_address[0] == "127.0.0.1"
        with urllib.request.urlopen(f"http://127.0.0.1:{server.server_port}/") as answer:
            assert answer.read() == b"the book"
        server.shutdown()
