"""The book and the slides as their readers meet them: in a real browser, from a local server.

What the preview does not do stands in renderer.NOT_IN_PREVIEW.
"""

import functools
import gzip
import re
import urllib.error
import urllib.request
from urllib.parse import urldefrag

import helpers
import pytest
from browser import (
    AXE,
    MIDDLE,
    NARROW,
    SETTLED,
    WIDE,
    WIDER,
    Page,
    axe_finds,
    expect,
    reader,
    visit,
)

import plans
from deeptwins.book import renderer
from deeptwins.paths import TITLES

__all__ = ["reader", "visit"]  # fixtures
PAGES = [page.replace(".qmd", ".html") for page in helpers.pages()]
DECKS = list(plans.days())
CHAPTER, NEXT = "book/01_first_network.html", "book/02_partitions.html"
SCHEMES = ("light", pytest.param("dark", marks=pytest.mark.long))
LARGEST_PAGE = 1_500_000  # bytes, with all that it loads
TEXT = ("text/", "application/json", "image/svg", "application/javascript")


def unfold(page: Page) -> None:
    """Open all that is folded: answers, solutions, notes."""
    page.evaluate(
        """() => {
          document.querySelectorAll("details").forEach((one) => { one.open = true; });
          document.querySelectorAll("main .collapse").forEach((one) => one.classList.add("show"));
        }"""
    )


# ---- every page ----

WHOLE = """async () => {
  const found = [];
  const images = [...document.images];
  images.forEach((image) => { image.loading = "eager"; });
  await Promise.all(images.map((image) => image.decode().catch(() => {
    found.push(`broken picture: ${image.src}`);
  })));
  images.filter((image) => !image.hasAttribute("alt")).forEach((image) => {
    found.push(`picture without alt: ${image.src}`);
  });
  document.querySelectorAll(".quarto-unresolved-ref").forEach((one) => {
    found.push(`unresolved: ${one.textContent}`);
  });
  const prose = document.querySelector("main").cloneNode(true);
  prose.querySelectorAll("pre, code, script").forEach((one) => one.remove());
  const left = prose.textContent.match(/(?<!\\w)\\??@[a-z][\\w-]*\\d*|\\{\\{<|:::/g);
  if (left) found.push(`left over: ${left.join(" ")}`);
  if (!document.documentElement.lang.startsWith("en")) found.push("no language");
  if (!document.querySelector("h1")) found.push("no h1");
  return found;
}"""
CUT = """() => [...document.querySelectorAll("main pre")]
  .filter((pre) => pre.checkVisibility() && pre.scrollWidth > pre.clientWidth)
  .map((pre) => `cut off: ${pre.textContent.slice(0, 80)}`)"""
# Code is the same in its thousand words: one of each kind and pane shows axe all its colours.
THINNED = """() => document.querySelectorAll("pre code").forEach((code) => {
  code.querySelectorAll("a:empty").forEach((mark) => mark.remove());
  const seen = new Set();
  code.querySelectorAll("span").forEach((word) => {
    if (seen.has(word.className)) word.replaceWith(...word.childNodes);
    seen.add(word.className);
  });
})"""
LOADED = """() => [...performance.getEntriesByType("navigation"),
  ...performance.getEntriesByType("resource")].map((one) => one.name)"""
LINKS = """() => [...document.querySelectorAll("a[href]")].map((link) => link.href)"""
NAMES = """() => [...document.querySelectorAll("[id]")].map((one) => one.id)"""
# As it stands: what scripts and style sheets do comes later, or never.
ORDER = """() => {
  document.querySelectorAll("style, link[rel=stylesheet]").forEach((one) => one.remove());
  document.querySelectorAll("[style]").forEach((one) => one.removeAttribute("style"));
  const found = [];
  let level = 0;
  for (const head of document.querySelectorAll("main :is(h1, h2, h3, h4, h5, h6)")) {
    const own = Number(head.tagName[1]);
    if (own > level + 1) found.push(`h${level} then h${own}: ${head.textContent.trim()}`);
    level = own;
  }
  for (const twins of document.querySelectorAll(".twins")) {
    const panes = [...twins.querySelectorAll(".tab-pane")];
    const [python, r] = panes.map((pane) => pane.getBoundingClientRect());
    if (!(python.height && r.height && python.bottom <= r.top)) found.push("R not below Python");
    const caption = twins.querySelector("figcaption");
    if (caption && caption.getBoundingClientRect().top < r.bottom - 1) found.push("caption first");
  }
  return found;
}"""


def size_of(url: str) -> int:
    """Return how much goes over the line for a file; every web host packs text."""
    with urllib.request.urlopen(url) as answer:
        body = answer.read()
        packed = answer.headers["Content-Type"].startswith(TEXT)
    return len(gzip.compress(body)) if packed else len(body)


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_whole_accessible_and_small_at_every_width(visit, path, scheme):
    page = visit(path, scheme=scheme)
    found = page.evaluate(WHOLE)
    assert 10_000 < sum(map(size_of, page.evaluate(LOADED))) < LARGEST_PAGE
    unfold(page)
    page.evaluate(AXE)
    for width in (WIDE, MIDDLE, NARROW):
        page.set_viewport_size({"width": width, "height": 900})
        page.evaluate(SETTLED)
        found += [f"{width} px: {problem}" for problem in page.evaluate(WIDER)]
        found += page.evaluate(CUT) if width == WIDE else []
        page.evaluate(THINNED)
        # Colours do not change with the width, nor structure with the colours.
        if width == WIDE:
            found += axe_finds(page, colours=True)
        if width != MIDDLE and scheme == "light":
            found += [f"{width} px: {rule}" for rule in axe_finds(page, colours=False)]
    found += page.evaluate(ORDER)  # last, since it takes the style away
    assert not visit.complaints + found, "\n".join([*visit.complaints, *found[:20]])


def test_every_link_leads_somewhere_and_every_download_answers(visit):
    pages = {path: visit(path) for path in PAGES}
    links = {path: set(page.evaluate(LINKS)) for path, page in pages.items()}
    names = {visit.address + path: {"", *page.evaluate(NAMES)} for path, page in pages.items()}

    @functools.cache
    def answers(target):
        try:
            with urllib.request.urlopen(target) as answer:
                return bool(answer.read())
        except urllib.error.HTTPError:
            return False

    broken, met = [], set()
    for path, of_page in links.items():
        for link in of_page:
            target, name = urldefrag(link)
            met.add(target)
            ours = target.startswith(visit.address)
            good = answers(target) and name in names.get(target, {name}) if ours else True
            broken += [] if good and (ours or target.startswith("https://")) else [(path, link)]
    assert not broken
    assert names.keys() <= met, "a page that no page links to"


# ---- the choice of language ----

SHOWN = """() => [...new Set([...document.querySelectorAll(".nav-tabs .nav-link.active")]
  .map((tab) => tab.textContent.trim()))].join()"""


def wait_for_head(page: Page, language: str) -> None:
    """Wait until all tabsets of a page show one language."""
    page.wait_for_function(f"(language) => ({SHOWN})() === language", arg=language)


def panes_of_a_twin(page: Page) -> float:
    unfold(page)
    return page.locator(".twins .tab-pane:visible").count() / page.locator(".twins").count()


def test_one_tab_or_the_switch_at_the_head_moves_all_and_is_remembered(visit):
    page = visit(CHAPTER, width=1000)
    assert page.evaluate(SHOWN) == "Python"
    page.locator(".twins .nav-link", has_text="R").first.click()
    assert page.evaluate(SHOWN) == "R"
    page.locator(".page-navigation .nav-page-next a").click()
    page.wait_for_url(f"**/{NEXT}")
    page.reload()
    wait_for_head(page, "R")
    expect(page.locator(".view-choice [value=r]")).to_have_attribute("aria-pressed", "true")
    page.set_viewport_size({"width": WIDE, "height": 900})
    for view in ("python", "r"):
        page.locator(f".view-choice [value={view}]").click()
        page.reload()
        wait_for_head(page, TITLES[view])
        assert panes_of_a_twin(page) == 1
    page.locator(".view-choice [value=both]").click()
    assert panes_of_a_twin(page) == 2
    page.set_viewport_size({"width": 1199, "height": 900})
    assert panes_of_a_twin(page) == 1
    expect(page.locator(".view-choice [value=both]")).to_be_hidden()
    assert not visit.complaints


@pytest.mark.parametrize(("width", "door"), [(NARROW, "R"), (WIDE, "Python"), (WIDE, "R")])
def test_a_door_of_the_front_page_leads_to_its_language(visit, width, door):
    page = visit("index.html", width=width)
    page.get_by_role("link", name=f"Learn in {door}").click()
    wait_for_head(page, door)
    expect(page.locator(".view-choice [aria-pressed=true]")).to_have_text(door)


def test_side_by_side_shows_both_below_a_fixed_head(visit):
    page = visit(CHAPTER, width=1200)
    unfold(page)
    heights = page.evaluate(
        "[...document.querySelectorAll('.twins')].map((one) => one.offsetHeight)"
    )
    longest = page.locator(".twins").nth(heights.index(max(heights)))
    longest.scroll_into_view_if_needed()
    page.evaluate(
        "(one) => window.scrollTo({ behavior: 'instant', top: "
        "one.getBoundingClientRect().top + window.scrollY + one.offsetHeight / 2 })",
        longest.element_handle(),
    )
    languages, panes = longest.locator(".nav-link"), longest.locator(".tab-pane")
    assert languages.all_inner_texts() == ["Python", "R"]
    for language, pane in zip(languages.all(), panes.all(), strict=True):
        head, column = language.bounding_box(), pane.bounding_box()
        assert column["y"] < 0 <= head["y"] < 100, "the head left the screen"
        assert abs(head["x"] - column["x"]) < 3 > abs(head["width"] - column["width"])
    left, right = (pane.bounding_box() for pane in panes.all())
    assert left["y"] == right["y"]
    assert left["x"] + left["width"] <= right["x"] + 1


def test_the_keyboard_skips_to_the_text_changes_tabs_and_unfolds(visit):
    page = visit(CHAPTER, width=1000)
    page.keyboard.press("Tab")
    expect(page.locator(".skip-link")).to_be_focused()
    expect(page.locator(".skip-link")).to_be_in_viewport()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('main') !== null")
    page.locator(".twins .nav-link", has_text="Python").first.focus()
    page.keyboard.press("ArrowRight")
    assert page.evaluate("document.activeElement.textContent.trim()") == "R"
    assert page.evaluate(SHOWN) == "R"
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Tab")
    inside = "document.activeElement.closest('.twins, .tab-pane') !== null"
    assert page.evaluate(inside), "after the tabs comes what they show"
    head = page.locator("main .callout-header[data-bs-toggle=collapse]").first
    expect(head).to_have_attribute("aria-expanded", "false")
    head.press("Enter")
    expect(head).to_have_attribute("aria-expanded", "true")


@pytest.mark.parametrize(("width", "view"), [(NARROW, "r"), (WIDE, "both"), (WIDE, "r")])
def test_the_sections_and_the_switch_are_at_hand_wherever_one_reads(visit, width, view):
    page = visit(CHAPTER, width=width)
    page.locator(f".view-choice [value={view}]").press("Enter")
    page.locator("main h2").last.scroll_into_view_if_needed()
    expect(page.locator(f".view-choice [value={view}]")).to_be_in_viewport()
    section, fold = page.locator("#TOC a").nth(2), page.locator(".contents summary")
    if (width, view) != (WIDE, "r"):  # where one language leaves room, they stand open
        expect(section).to_be_hidden()
        fold.press("Enter")
    expect(section).to_be_in_viewport()
    section.press("Enter")
    target = section.get_attribute("href").partition("#")[2]  # Quarto puts the page in front
    expect(page.locator(f"main #{target}")).to_be_in_viewport()
    expect(section).to_be_visible(visible=(width, view) == (WIDE, "r"))
    assert not visit.complaints


@pytest.mark.parametrize("width", [1200, 1366, WIDE])
def test_code_is_large_and_whole_side_by_side_and_chapters_fold_away(visit, width):
    page = visit(CHAPTER, width=width)
    sizes = """[...document.querySelectorAll(".twins pre.sourceCode:not(.output *)")].map(
      (one) => parseFloat(getComputedStyle(one).fontSize))"""
    unfold(page)
    assert min(page.evaluate(sizes)) >= 13
    assert not page.evaluate(CUT)
    chapters, button = page.locator("#quarto-sidebar"), page.locator(".page-bar .chapters")
    for shown in (width < WIDE, width == WIDE):
        expect(button).to_have_attribute("aria-expanded", str(not shown).lower())
        button.press("Enter")
        expect(chapters).to_be_visible(visible=shown)
    page.reload()
    expect(chapters).to_be_visible(visible=width == WIDE)
    instructors = chapters.locator("li", has_text="For instructors").last
    expect(instructors.locator("ul")).to_be_hidden()


def test_without_scripts_both_languages_are_there(visit):
    page = visit(CHAPTER, java_script_enabled=False)
    panes = page.locator(".twins .tab-pane")
    assert panes.count() == 2 * page.locator(".twins").count()
    folded = "one => !!one.closest('details, .collapse')"
    assert all(pane.is_visible() or pane.evaluate(folded) for pane in panes.all())


# ---- search, themes, pictures, numbers ----


@pytest.mark.parametrize("width", [NARROW, WIDE])
def test_search_finds_a_term_and_opens_it(visit, width):
    page = visit("index.html", width=width)
    page.locator("header [aria-label=Search], .page-bar button:has(svg, i)").locator(
        "visible=true"
    ).first.click()
    box = page.locator("#quarto-search input, input.aa-Input").locator("visible=true").first
    expect(box).to_be_in_viewport()
    box.fill("softmax")
    within = "contains(@class, 'smalldocs-search-results') or contains(@class, 'aa-Panel')"
    found = page.locator("a:visible", has_text="A first network")
    found.locator(f"xpath=self::*[ancestor::*[{within}]]").first.click()
    page.wait_for_url(f"**/{CHAPTER}*")
    assert "softmax" in page.locator("main").inner_text()
    assert not visit.complaints


def test_the_theme_can_be_changed_and_is_remembered(visit):
    page = visit(CHAPTER)
    ground = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(ground)
    page.locator(".quarto-color-scheme-toggle:visible").first.click()
    dark = page.evaluate(ground)
    page.reload()
    assert light != dark == page.evaluate(ground)


def test_pictures_open_in_full_size_and_have_numbers(visit, rendered):
    if rendered.renderer == "smalldocs":
        pytest.skip(f"not in the preview: {renderer.NOT_IN_PREVIEW}")
    page = visit(CHAPTER)
    assert re.search(r"Figure\s1\.1", page.locator("main figcaption").first.inner_text())
    assert page.locator("main h2 .header-section-number").first.inner_text() == "1.1"
    page.locator("main a.lightbox:visible").first.click()
    opened = page.locator(".glightbox-container img").first
    expect(opened).to_be_visible()
    page.keyboard.press("Escape")
    expect(opened).to_be_hidden()
    assert not visit.complaints


# ---- slides ----

OVERFLOW = """async () => {
  const slide = Reveal.getCurrentSlide();
  const name = `${Reveal.getIndices().h}, ${slide.id}, ${document.documentElement.dataset.view}`;
  const found = [];
  for (const image of slide.querySelectorAll("img")) {
    await image.decode().catch(() => found.push(`${name}: broken ${image.src}`));
    if (!image.alt && !image.ariaHidden) found.push(`${name}: no alt`);
  }
  for (const one of slide.querySelectorAll("*")) {
    const box = one.getBoundingClientRect();
    if (one.closest("aside") || !box.width) continue;
    const { a, b } = one.ownerSVGElement ? one.getScreenCTM() : { a: 1, b: 0 };
    const size = parseFloat(getComputedStyle(one).fontSize) * Math.hypot(a, b);
    if (size < 22) found.push(`${name}: ${one.tagName} of ${size} px`);
    if (box.right > 1280 - 20 || box.bottom > 720 - 44) {  // the switch of language is below
      found.push(`${name}: ${one.tagName} ends at ${box.right}, ${box.bottom}`);
    }
    if (one.tagName === "PRE" && one.scrollWidth > one.clientWidth + 1) {
      found.push(`${name}: code of ${one.scrollWidth} in ${one.clientWidth}`);
    }
  }
  return found.slice(0, 1);
}"""


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("deck", DECKS)
def test_a_deck_fits_its_screen_and_asks_nobody(visit, deck, scheme):
    page = visit(f"book/slides/{deck}.html", scheme=scheme, width=1280, height=720)
    page.wait_for_function("Reveal.isReady()")
    found = []
    for view in ("python", "r"):
        assert page.evaluate("document.documentElement.dataset.view") == view
        for number in range(page.evaluate("Reveal.getTotalSlides()")):
            page.evaluate(f"Reveal.slide({number})")
            found += page.evaluate(OVERFLOW)
        page.keyboard.press("t")
    page.locator(".switch [value=r]").click()
    page.reload()
    expect(page.locator(".switch [value=r]")).to_have_attribute("aria-pressed", "true")
    ground, text = page.evaluate(
        """() => ["backgroundColor", "color"].map((name) => getComputedStyle(
          name === "color" ? document.querySelector(".reveal") : document.body)[name])"""
    )
    light = [sum(map(int, re.findall(r"\d+", colour)[:3])) > 380 for colour in (ground, text)]
    assert light == ([True, False] if scheme == "light" else [False, True])
    assert not visit.complaints + found, "\n".join(visit.complaints + found)
