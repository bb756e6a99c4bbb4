"""The book: fragments made from scripts and verified runs, and pages rendered from them."""

import json
import re
import runpy
import sys

import helpers
import numpy as np
import pytest
import synthetic
import yaml
from PIL import Image

import plans
from deeptwins import catalog, files, paths, sections
from deeptwins.book import (
    BookError,
    archive,
    fragments,
    lists,
    markup,
    renderer,
    site,
)
from deeptwins.data import cards
from deeptwins.paths import LANGUAGES, ROOT
from deeptwins.proof import bands, levels, verified
from deeptwins.runs import record

ID = synthetic.EXERCISE
PAGES = helpers.pages()
SCRIPTS = {
    "python": '"""A title."""\nimport x\n\n# ---- load ----\nprint(1)\n\n'
    "# ---- curve ----\nshow()\n",
    "r": "# A title.\nlibrary(x)\n\n# ---- load ----\n1\n\n# ---- curve ----\nplot(history)\n",
}
FIGURES = {ID: {"curve-1": {"caption": "The loss falls.", "alt": 'A line that "falls".'}}}


# ---- a checkout with one exercise that was run and holds ----


def script(project, language):
    return project / language / f"{ID}{'.py' if language == 'python' else '.R'}"


def leave_run(project):
    """Leave behind what a run of the two scripts leaves behind."""
    for language in LANGUAGES:
        one = synthetic.make(language)
        source = script(project, language)
        one["script"] = files.sha256(source)
        one["sections"] = [
            {
                "name": name,
                "printed": "" if name == "setup" else "6/6 - loss: 0.5",
                "figures": ["curve-1.png"] if name == "curve" else [],
            }
            for name in sections.lines(source.read_text())
        ]
        synthetic.leave(one)
        folder = record.folder_of(ID, language)
        (folder / record.FIGURES).mkdir(exist_ok=True)
        colour = (0, 114, 178) if language == "python" else (213, 94, 0)
        Image.new("RGB", (60, 30), colour).save(folder / record.FIGURES / "curve-1.png")


@pytest.fixture
def project(tmp_path, monkeypatch):
    book = tmp_path / "book"
    monkeypatch.setenv("DEEPTWINS_RESULTS", str(tmp_path / "results"))
    for module in (paths, catalog, fragments, verified):
        monkeypatch.setattr(module, "ROOT", tmp_path)
    monkeypatch.setattr(bands, "EXPECTED", tmp_path / "expected")
    monkeypatch.setattr(cards, "verify", lambda name: name)
    monkeypatch.setattr(fragments, "BOOK", book)
    monkeypatch.setattr(fragments, "FRAGMENTS", book / "_fragments")
    monkeypatch.setattr(fragments, "FIGURES", book / "figures.yml")
    monkeypatch.setattr(archive, "RUNS", book / "runs")
    monkeypatch.setattr(lists, "fragments", dict)
    for language in LANGUAGES:
        files.write_text(script(tmp_path, language), SCRIPTS[language])
    for name in verified.MACHINERY:
        files.write_text(tmp_path / name, name)
    files.write_text(book / "figures.yml", yaml.safe_dump(FIGURES))
    bands.write(ID, "mini", synthetic.expected() | {"coverage": bands.COVERAGE})
    leave_run(tmp_path)
    assert archive.note()
    return tmp_path


def fragment(project, name):
    return (project / "book/_fragments" / ID / f"{name}.qmd").read_text(encoding="utf-8")


def edit(project, language, old, new):
    path = script(project, language)
    files.write_text(path, path.read_text().replace(old, new))


def change(path, field, value):
    changed = synthetic.changed(json.loads(path.read_text()), field, value)
    files.write_text(path, json.dumps(changed))


# ---- fragments ----


def test_a_fragment_shows_code_output_and_figure_of_both_languages(project):
    fragments.write({}, {})
    text = fragment(project, "curve")
    assert text.index("## Python\n\n```python\nshow()") < text.index("## R\n\n```r\nplot(")
    assert text.count("::: {.output}\n```\n6/6 - loss: 0.5\n```\n:::") == 2
    assert text.count("{#fig-01-first-network-curve-1 .twins}") == 1
    assert text.count("The loss falls.\n:::::") == 1
    for language in LANGUAGES:
        place = f"book/runs/{ID}/{language}/curve-1.png"
        assert f'![](/{place}){{fig-alt="A line that \\"falls\\"."}}' in text
        assert (project / place).is_file()
    load = fragment(project, "load")
    assert "```python\nimport x\n\nprint(1)\n```" in load
    assert "```r\nlibrary(x)\n\n1\n```" in load
    assert not (project / "book/_fragments" / ID / "setup.qmd").exists()


def test_a_training_has_one_line_an_epoch_and_is_folded_after_the_third():
    log = "".join(f"Epoch {n}/12\n6/6 - loss: 0.{n} - auc: 0.9\n" for n in range(1, 13))
    text = markup.pane("r", "fit()", f"before\n{log}after")
    shown, folded, after = re.split("<details>|</details>", text)
    assert shown.endswith(
        "before\n1/12  loss 0.1  auc 0.9\n2/12  loss 0.2  auc 0.9\n3/12  loss 0.3  auc 0.9\n```\n\n"
    )
    assert "9 more epochs" in folded
    assert "\n12/12  loss 0.12  auc 0.9\n" in folded
    assert after.startswith("\n\n```\nafter\n```")
    short = markup.pane("r", "fit()", "Epoch 1/2\n6/6 - loss: 0.1")
    assert "\n1/2  loss 0.1\n```\n:::" in short


def test_code_that_holds_a_fence_stays_inside_its_own(project):
    for language in LANGUAGES:
        edit(project, language, "# ---- load ----", '# ---- load ----\n"""\n```\n"""')
    fragments.write({}, {})
    assert '````python\nimport x\n\n"""\n```\n"""\nprint(1)\n````\n' in fragment(project, "load")


def test_what_is_no_longer_made_goes_and_what_is_stays_untouched(project):
    fragments.write({}, {})
    path = project / "book/_fragments" / ID / "load.qmd"
    before, other = path.stat().st_mtime_ns, project / "book/_fragments/05_gone/load.qmd"
    files.write_text(other, "gone")
    fragments.write({}, {})
    assert path.stat().st_mtime_ns == before
    assert not other.exists()


@pytest.mark.parametrize(
    ("address", "name"),
    [("github.com/them/course.git", "them/course"), ("git.example.net/them/course", "")],
)
def test_an_exercise_offers_its_scripts_and_notebooks_and_colab_if_it_can(project, address, name):
    files.write_text(project / "_quarto.yml", f"book:\n  repo-url: https://{address}\n")
    fragments.write({}, {})
    text = fragment(project, "downloads")
    assert re.findall(r'<a href="([^"]+)" download>', text) == [
        *(f"../python/{ID}.py", f"notebooks/{ID}_python.ipynb"),
        *(f"../r/{ID}.R", f"notebooks/{ID}_r.ipynb"),
    ]
    found = re.findall(r"colab[^\"]*/github/(\S+)/blob/gh-pages/(\S+)\"", text)
    assert found == [(name, f"book/notebooks/{ID}_{one}.ipynb") for one in LANGUAGES if name]


def test_the_band_shows_three_digits_its_drawing_and_what_is_undefined(project):
    expected = synthetic.expected() | {"coverage": bands.COVERAGE}
    expected["results"] |= {
        "mcc": bands.band("mcc", [None] * 20),
        "auc": bands.band("auc", [0.0, 0.5] * 10),
    }
    bands.write(ID, "mini", expected)
    for language in LANGUAGES:
        values = {"mcc": None, "accuracy": 0.7512345, "auc": 0.25}
        change(project / f"book/runs/{ID}.json", f"{language}.results", values)
    fragments.write({}, {})
    text = fragment(project, "band")
    assert re.search(
        r"\| `accuracy` \| 0\.751 \| 0\.751 \| <.*> 0\.\d+ to 0\.\d+ \| 0\.750 ± ", text
    )
    places = [dict(re.findall(r"--at-(\w+):([\d.]+)%", line)) for line in text.splitlines()]
    ends = ("low", "mean", "python", "high")
    drawn = next([float(one[name]) for name in ends] for one in places if "low" in one)
    assert 0 < drawn[0] < drawn[1] < drawn[2] < drawn[3] < 100
    assert re.search(r"\| `mcc` \| undefined \| undefined \| <.*> undefined to undefined \|", text)
    # The room for rounding beyond the limits of a metric is not shown.
    assert re.search(r"\| `auc` \| 0\.250 \| 0\.250 \| <.*> 0\.00 to 0\.", text)
    assert "from 20 seeds. They are so wide that a new run lies in all of them" in text


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda p: (p / f"book/runs/{ID}.json").unlink(), f"{ID} was never verified. Run: deept"),
        (
            lambda p: edit(p, "r", "---- curve", "---- plot"),
            f"{ID} has the sections setup, load, plot in R",
        ),
        (
            lambda p: files.write_text(
                p / "book/figures.yml", f"{ID}: {{curve-1: {{caption: a}}}}"
            ),
            f"curve-1 of {ID} needs caption and alt",
        ),
        (
            lambda p: change(p / f"book/runs/{ID}.json", "r.sections.2.figures", []),
            f"{ID}: Python's sections and figures are [('load', []), ('curve', ['curve-1.png'])]",
        ),
    ],
)
def test_what_cannot_be_shown_is_refused_in_one_sentence(project, spoil, message):
    spoil(project)
    with pytest.raises(BookError, match=re.escape(message)):
        fragments.write({}, {})


# ---- the ledger ----


def verdict(exercise, *found):
    """A verdict with what was found at the first levels: what holds, and the difference."""
    found += ((True, 0.0),) * (len(levels.LEVELS) - len(found))
    rows = zip(levels.LEVELS, found, strict=True)
    return levels.Verdict(exercise, [levels.Finding(level.name, *one, "") for level, one in rows])


def test_the_ledger_shows_every_difference_and_the_rule_of_each_level(project):
    fragments.write({}, {ID: 3.21e-7})
    text = (project / "book/_fragments/ledger.qmd").read_text(encoding="utf-8")
    assert re.search(rf"^\| `{ID}` \|.*\| 3e-07 \|$", text, re.M)
    for level in levels.LEVELS:
        assert f" {level.name} |" in text
        assert f"- **{level.name}**: {level.rule}" in text
    some = [verdict("01_one", (True, 1e-16), (None, None))]
    some.append(verdict("solutions/01_one", (False, 1.0)))
    equal = " | 0 · 0" * (len(levels.LEVELS) - 2)
    assert f"| `01_one` | 1e-16 · ✗ | – · 0{equal} |  |\n" in fragments.ledger(some, {})


# ---- what was verified last ----

AGAIN = f"deeptwins run {ID} && deeptwins book"


def test_what_was_noted_stays_until_something_changes(project):
    assert (archive.problems(ID), archive.note()) == ([], 0)
    (project / f"book/runs/{ID}/r/curve-1.png").unlink()
    (problem,) = archive.problems(ID)
    assert "the picture curve-1.png of r is missing" in problem
    (project / f"book/runs/{ID}.json").unlink()
    assert archive.problems(ID) == [f"{ID} was never verified. Run: {AGAIN}"]


@pytest.mark.parametrize(
    "name", [f"python/{ID}.py", f"r/{ID}.R", *(one for one in verified.MACHINERY if "." in one)]
)
def test_whatever_can_change_a_run_has_to_be_verified_again(project, name):
    with (project / name).open("a") as stream:
        stream.write("#")
    changed = f"{ID}: {name} changed since it was verified. Run: {AGAIN}"
    assert archive.problems(ID) == [changed]


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("results.accuracy", 0.7, "does not hold: results"),
        ("set", {"SEED": 5}, "last ran with SEED set"),
        ("data.variant", "full", "last ran with full set"),
    ],
)
def test_a_run_that_is_not_the_books_is_refused(project, field, value, says):
    change(record.folder_of(ID, "r") / record.RECORD, field, value)
    with pytest.raises(BookError, match=says):
        archive.note()


def test_a_plot_gets_a_palette_and_a_photograph_keeps_its_colours(tmp_path):
    plot = Image.linear_gradient("L").convert("RGB")
    red, green = Image.linear_gradient("L"), Image.linear_gradient("L").rotate(90)
    photograph = Image.merge("RGB", (red, green, red.rotate(180)))
    for picture, mode in ((plot, "P"), (photograph, "RGB")):
        picture.save(tmp_path / "picture.png")
        assert archive.compress(tmp_path / "picture.png", tmp_path / f"{mode}.png")
        assert not archive.compress(tmp_path / "picture.png", tmp_path / f"{mode}.png")
        with Image.open(tmp_path / f"{mode}.png") as small:
            assert small.mode == mode
            change = np.asarray(small.convert("RGB"), int) - np.asarray(picture, int)
        assert abs(change).max() <= archive.VISIBLE


# ---- the book of this checkout ----


@pytest.mark.parametrize("exercise", catalog.exercises())
def test_nothing_changed_since_it_was_verified(exercise):
    problems = archive.problems(exercise)
    assert not problems, "\n".join(problems)


def test_every_file_that_is_kept_of_a_run_belongs_to_an_exercise():
    """What an exercise that is gone, or a picture that is no longer drawn, has left: delete it."""
    kept = {archive.RUNS / f"{one}.json" for one in catalog.exercises()}
    kept |= {
        path for one in catalog.exercises() for path in archive.pictures(one, archive.read(one))
    }
    assert {path for path in archive.RUNS.rglob("*.*") if path.is_file()} == kept


CHAPTERS = [one for one in catalog.exercises(solutions=False) if f"book/{one}.qmd" in PAGES]
BLOCK = re.compile(r"^(`{3,})(python|r)\n(.*?)\n\1$", re.S | re.M)


@pytest.mark.parametrize("exercise", CHAPTERS)
def test_a_pages_code_from_top_to_bottom_is_the_script(sources, exercise):
    shown = re.findall(
        rf"< fragment {exercise}/(\S+) >", (ROOT / f"book/{exercise}.qmd").read_text("utf-8")
    )
    named = [sections.slug(one) for one in fragments.code(exercise, "python")][1:]
    shown = [one for one in shown if one in named]
    assert shown == named, "the page shows other sections than the script has, or in another order"
    text = "".join(
        (fragments.FRAGMENTS / exercise / f"{one}.qmd").read_text("utf-8") for one in named
    )
    for language in LANGUAGES:
        code = "\n\n".join(body for _, of, body in BLOCK.findall(text) if of == language)
        script = paths.script_file(exercise, language).read_text(encoding="utf-8")
        script = re.sub(r'\A(""".*?"""|#.*)\n', "", re.sub(r"^# ---- .*\n", "", script, flags=re.M))
        assert re.findall(r".+", code) == re.findall(r".+", script)


def test_every_page_is_in_the_list_of_chapters():
    there = {path.relative_to(ROOT).as_posix() for path in (ROOT / "book").glob("*.qmd")}
    assert there | {"index.qmd"} == set(PAGES)


def test_every_figure_has_words_of_its_own_and_was_drawn():
    for exercise, figures in yaml.safe_load(paths.FIGURES.read_text(encoding="utf-8")).items():
        kept = archive.read(exercise)
        drawn = {name for one in kept["python"]["sections"] for name in one["figures"]}
        assert {f"{name}.png" for name in figures} == drawn, exercise
        for name, entry in figures.items():
            assert len(entry["caption"]) >= 40, (exercise, name)
            assert len(entry["alt"]) >= 80, (exercise, name)
            assert entry["alt"] != entry["caption"], (exercise, name)


# ---- rendering ----


@pytest.fixture
def copy(tmp_path, monkeypatch):
    """A place for a rendered book, and nothing in it."""
    monkeypatch.setattr(site, "ROOT", tmp_path)
    monkeypatch.setattr(site, "OUTPUT", tmp_path / "_book")
    return tmp_path


def test_the_whole_book_renders(rendered):
    assert rendered.warnings == []
    # Without a slash in front, Quarto takes such files from every folder, .venv among them.
    project = yaml.safe_load((ROOT / "_quarto.yml").read_text(encoding="utf-8"))["project"]
    assert {one[0] for one in project["resources"]} == {"/"}
    decks = {f"book/slides/{one}.html" for one in plans.days()}
    there = {one.relative_to(rendered.folder).as_posix() for one in rendered.folder.rglob("*.html")}
    assert there == decks | {page.replace(".qmd", ".html") for page in PAGES}
    for page in PAGES:
        path = rendered.folder / page.replace(".qmd", ".html")
        text = path.read_text(encoding="utf-8")
        if not catalog.repository():
            named = r"Edit this page|Report an issue|colab\.research|example\.org"
            assert not re.search(named, text), page
        offered = re.findall(r'<a href="([^"]+)" download(?:="")?>', text)
        chapter = re.match(r"book/\d\d_", page)
        assert len(offered) == (4 if chapter else 0), page
        for address in offered:
            assert (path.parent / address).stat().st_size > 500, f"{page}: {address}"
        if chapter:
            assert text.count('class="panel-tabset"') >= 3, f"{page} shows no twins"
            assert "References</h2>" in text or "[@" not in (ROOT / page).read_text("utf-8"), page


def test_a_chapter_that_is_left_out_is_reported_and_leaves_no_dead_link(rendered, monkeypatch):
    monkeypatch.setattr(site, "ROOT", rendered.folder.parent)
    monkeypatch.setattr(site, "OUTPUT", rendered.folder.parent / "_short")
    path = site.ROOT / "_quarto.yml"
    text = path.read_text("utf-8").replace("output-dir: _book", "output-dir: _short")
    files.write_text(path, text.replace("        - book/12_cnn_lstm.qmd\n", ""))
    warnings = site.render(renderer.renderer(preview=rendered.renderer == "smalldocs"))
    assert warnings
    assert all("12_cnn_lstm" in one for one in warnings)
    pages = {one: one.read_text("utf-8") for one in site.OUTPUT.rglob("*.html")}
    assert (site.OUTPUT / "book/13_attention.html") in pages
    assert not any(re.search(r'href="[^"]*12_cnn_lstm\.', text) for text in pages.values())


def test_a_renderer_that_fails_is_quoted_and_its_warnings_are_handed_on(copy):
    code = "print('one'); print('two'); raise SystemExit(3)"
    broken = site.Renderer("Quarto", "1", (sys.executable, "-c", code))
    with pytest.raises(BookError, match="Quarto failed:\none\ntwo"):
        site.render(broken)
    said = ["WARN: no such page", "(W) no link", "warning: unknown key x", "done"]
    code = f"print(*{said}, sep='\\n')"
    warnings = site.render(site.Renderer("Quarto", "1", (sys.executable, "-c", code)))
    assert warnings == said[:2]


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("echo 1.11.0", ""),
        ("echo 1.3.450", "(1.3.450) is no Quarto from 1.4 on"),
        ("exit 1", "(of no version) is no Quarto"),
        ("exec sleep 20", "(of no version) is no Quarto"),
    ],
)
def test_quarto_is_used_if_it_answers_and_is_new_enough(tmp_path, monkeypatch, script, reason):
    monkeypatch.setenv("QUARTO_PATH", str(helpers.program(tmp_path / "quarto", script)))
    monkeypatch.setattr(renderer, "PATIENCE", 5)
    monkeypatch.setattr(renderer, "PREVIEW_MODULES", ())
    found = renderer.renderer()
    assert found.name == ("smalldocs" if reason else "Quarto")
    assert reason in found.note
    if reason:
        assert renderer.NOT_IN_PREVIEW in found.note


def test_without_any_renderer_the_error_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setenv("QUARTO_PATH", str(tmp_path / "none"))
    monkeypatch.setattr(renderer, "PREVIEW_MODULES", ("no-such-package",))
    with pytest.raises(BookError, match=r"needs no-such-package. Install Quarto"):
        renderer.renderer()


def test_the_preview_finishes_formulas_citations_and_paths(copy):
    pytest.importorskip("pypandoc")
    pytest.importorskip("smalldocs")
    helpers.copy_sources(copy)
    preview = runpy.run_path(str(copy / "book/preview.py"))
    page = copy / "_book/book/01.html"
    files.write_text(
        page,
        '<p><span class="math inline">\\(a &lt; b\\)</span>'
        '<span class="math display">\\[c\\]</span>'
        f" As @matthews1975 says [@matthews1975].</p><pre>x @matthews1975</pre>{preview['END']}",
    )
    preview["finish"](page)
    text = page.read_text(encoding="utf-8")
    assert "<pre>x @matthews1975</pre>" in text
    assert re.search(r'<math display="inline".*<mi>a</mi><mo>&lt;</mo><mi>b</mi>', text)
    assert '<math display="block"' in text
    plain = re.sub(r"<[^>]+>", "", text)
    assert "As Matthews (1975) says (Matthews 1975)." in plain
    assert re.search(r"References.*Matthews, B\. W\. 1975\..*Biochim", plain, re.S)


def test_the_server_is_for_this_machine_and_needs_a_book(copy):
    with pytest.raises(BookError, match="Make it with: deeptwins book"):
        site.server()
    files.write_text(copy / "_book/index.html", "the book")
    with site.server() as server:
        assert server.server_address[0] == "127.0.0.1"
