"""The book as its readers meet it: every page in a real browser, from a local server.

The browser is Debian's Chromium, driven by playwright; axe-core judges the
accessibility. What the preview does not do stands in renderer.NOT_IN_PREVIEW.
"""

import functools
import gzip
import re
import shutil
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urldefrag

import helpers
import pytest

from deeptwins import markup, renderer, site

pytest.importorskip("playwright.sync_api", reason="playwright is missing: no page was opened")
axe_playwright_python = pytest.importorskip("axe_playwright_python")

from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright  # noqa: E402

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
PAGES = [page.replace(".qmd", ".html") for page in helpers.pages()]
CHAPTER, NEXT = "book/04_hello_iris.html", "book/05_curves.html"
SCHEMES = ("light", pytest.param("dark", marks=pytest.mark.long))
NARROW, MIDDLE, WIDE = 390, 768, 1440
LARGEST_PAGE = 1_500_000  # bytes, with all that it loads
TEXT = ("text/", "application/json", "image/svg", "application/javascript")
AXE = Path(axe_playwright_python.__file__).with_name("axe.min.js").read_text(encoding="utf-8")
WCAG_21_AA = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]
COLOURS = ["color-contrast", "link-in-text-block"]
PATIENCE = 60_000  # milliseconds, for a busy machine; what is there is seen at once
expect.set_options(timeout=PATIENCE)


# ---- the browser and what it is asked ----


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    # For this module alone: playwright keeps an event loop running, which would stop others'.
    if CHROMIUM is None:
        pytest.skip("Chromium is missing (apt-get install chromium); no page was opened")
    with sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--disable-background-networking", "--disable-dev-shm-usage"]
        with playwright.chromium.launch(executable_path=CHROMIUM, args=arguments) as browser:
            yield browser


@pytest.fixture(scope="module")
def address(rendered) -> Iterator[str]:
    """Where the rendered book is served."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(site, "OUTPUT", rendered.folder)
        server = site.server()
    with server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


class Visit:
    """The pages that one reader opens, each for the first time, and what they complain of."""

    def __init__(self, browser: Browser, address: str):
        self.browser, self.address = browser, address
        self.contexts, self.complaints = [], []

    def __call__(
        self, path: str, *, scheme: str = "light", width: int = WIDE, scripts: bool = True
    ) -> Page:
        context = self.browser.new_context(
            color_scheme=scheme,
            viewport={"width": width, "height": 900},
            java_script_enabled=scripts,
        )
        self.contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.complaints.append(f"error: {error}"))
        page.on("request", self._request)
        page.on("requestfailed", self._failed)
        page.on("response", self._response)
        page.goto(self.address + path)
        return page

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for context in self.contexts:
            context.close()

    def _console(self, message):
        if message.type in ("error", "warning"):
            self.complaints.append(f"console {message.type}: {message.text}")

    def _request(self, request):
        if not request.url.startswith((self.address, "data:", "blob:")):
            self.complaints.append(f"asks elsewhere: {request.url}")

    def _failed(self, request):
        # The browser gives up what is under way when a test goes on to the next page.
        if request.failure != "net::ERR_ABORTED":
            self.complaints.append(f"failed: {request.url}: {request.failure}")

    def _response(self, response):
        if response.status >= 400:
            self.complaints.append(f"{response.status}: {response.url}")


@pytest.fixture
def visit(browser, address) -> Iterator[Visit]:
    with Visit(browser, address) as visit:
        yield visit


def unfold(page: Page) -> None:
    """Open all that is folded: answers, solutions, notes."""
    page.evaluate(
        """() => {
          document.querySelectorAll("details").forEach((one) => { one.open = true; });
          document.querySelectorAll("main .collapse").forEach((one) => one.classList.add("show"));
        }"""
    )


def not_in_preview(rendered, what: str) -> None:
    if rendered.renderer.name == "smalldocs":
        pytest.skip(f"not in the preview: {renderer.NOT_IN_PREVIEW[what]}")


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
WIDER = """() => {
  const found = [];
  const { scrollWidth, clientWidth } = document.scrollingElement;
  if (scrollWidth > clientWidth) {
    found.push(`the page is ${scrollWidth} px wide`);
    document.querySelectorAll("body *").forEach((one) => {
      if (one.getBoundingClientRect().right > clientWidth + 1 && !one.children.length) {
        found.push(`beyond the edge: ${one.outerHTML.slice(0, 120)}`);
      }
    });
  }
  return found.slice(0, 5);
}"""
CUT = """() => [...document.querySelectorAll("main pre")]
  .filter((pre) => pre.checkVisibility() && pre.scrollWidth > pre.clientWidth)
  .map((pre) => `cut off: ${pre.textContent.slice(0, 80)}`)"""


SETTLED = "() => new Promise((done) => requestAnimationFrame(() => setTimeout(done, 20)))"
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
  const places = ["h1", ".view-choice", "main section h2", ".page-navigation"]
    .map((one) => document.querySelector(one)).filter(Boolean)
    .map((one) => one.getBoundingClientRect().top);
  if (places.some((top, i) => i && top < places[i - 1])) found.push(`the page: ${places}`);
  return found;
}"""


@dataclass
class Survey:
    """What was found on one page in one colour scheme; it is opened once for all tests."""

    layout: list[str]
    axe: list[str]
    order: list[str]
    size: int
    links: list[str]
    names: list[str]


@pytest.fixture(scope="module")
def survey(browser, address):
    """Return a function that surveys a page, once for each colour scheme."""

    @functools.cache
    def of(path: str, scheme: str) -> Survey:
        with Visit(browser, address) as visit:
            page = visit(path, scheme=scheme)
            layout, axe = page.evaluate(WHOLE), []
            size = sum(map(bytes_of, page.evaluate(LOADED)))
            links, names = page.evaluate(LINKS), page.evaluate(NAMES)
            unfold(page)
            page.evaluate(AXE)
            for width in (WIDE, MIDDLE, NARROW):
                page.set_viewport_size({"width": width, "height": 900})
                page.evaluate(SETTLED)
                layout += [f"{width} px: {problem}" for problem in page.evaluate(WIDER)]
                layout += page.evaluate(CUT) if width == WIDE else []
                page.evaluate(THINNED)
                # Colours do not change with the width, nor structure with the colours.
                if width == WIDE:
                    axe += axe_finds(page, colours=True)
                if width != MIDDLE and scheme == "light":
                    axe += [f"{width} px: {rule}" for rule in axe_finds(page, colours=False)]
            order = page.evaluate(ORDER)
            return Survey(visit.complaints + layout, axe, order, size, links, names)

    return of


def bytes_of(url: str) -> int:
    """Return how much goes over the line for a file; every web host packs text."""
    with urllib.request.urlopen(url) as answer:
        body = answer.read()
        packed = answer.headers["Content-Type"].startswith(TEXT)
    return len(gzip.compress(body)) if packed else len(body)


def axe_finds(page: Page, *, colours: bool) -> Iterator[str]:
    """Yield what breaks a rule of WCAG 2.1 AA: those on colours, or all the others."""
    options = {
        "runOnly": {"type": "rule", "values": COLOURS}
        if colours
        else {"type": "tag", "values": WCAG_21_AA},
        "rules": {rule: {"enabled": colours} for rule in COLOURS},
        "resultTypes": ["violations"],
    }
    for rule in page.evaluate("async (options) => (await axe.run(options)).violations", options):
        for node in rule["nodes"]:
            yield f"{rule['id']}: {node['html'][:200]}\n{node['failureSummary']}"


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_whole_at_every_width(survey, path, scheme):
    assert not survey(path, scheme).layout


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("path", PAGES)
def test_axe_finds_nothing(survey, path, scheme):
    found = survey(path, scheme).axe
    assert not found, "\n".join(found[:20])


@pytest.mark.parametrize("path", PAGES)
def test_the_reading_order_needs_no_style(survey, path):
    assert not survey(path, "light").order


@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_small(survey, path):
    assert 10_000 < survey(path, "light").size < LARGEST_PAGE


def test_every_link_leads_somewhere_and_every_download_answers(survey, address):
    surveys = {path: survey(path, "light") for path in PAGES}
    names = {address + path: {"", *one.names} for path, one in surveys.items()}
    broken, bodies = [], {}
    for path, one in surveys.items():
        for link in one.links:
            target, name = urldefrag(link)
            if target not in bodies and target.startswith(address):
                try:
                    with urllib.request.urlopen(target) as answer:
                        bodies[target] = answer.read()
                except urllib.error.HTTPError:
                    bodies[target] = b""
            if target.startswith(address):
                good = bodies[target] and name in names.get(target, {name})
            else:
                good = target.startswith("https://")
            broken += [] if good else [f"{path}: {link}"]
    assert not broken
    assert names.keys() <= bodies.keys(), "a page that no page links to"


# ---- the choice of language ----

SHOWN = """() => [...document.querySelectorAll(".nav-tabs .nav-link.active")]
  .map((tab) => tab.textContent.trim())"""


def tab(page: Page, language: str) -> Locator:
    return page.locator(".twins .nav-link", has_text=language).first


def heads(page: Page) -> set[str]:
    """Return the languages that the tabsets of a page show."""
    return set(page.evaluate(SHOWN))


def wait_for_head(page: Page, language: str) -> None:
    """Wait until all tabsets of a page that was just opened show one language."""
    page.wait_for_function(
        f"(language) => [...new Set(({SHOWN})())].join() === language", arg=language
    )


def test_one_tab_moves_all_and_is_remembered(visit):
    page = visit(CHAPTER, width=1000)
    assert heads(page) == {"Python"}
    tab(page, "R").click()
    assert heads(page) == {"R"}
    page.locator(".page-navigation .nav-page-next a").click()
    page.wait_for_url(f"**/{NEXT}")
    wait_for_head(page, "R")
    page.reload()
    wait_for_head(page, "R")
    expect(page.locator(".view-choice [value=r]")).to_have_attribute("aria-pressed", "true")
    assert not visit.complaints


@pytest.mark.parametrize("view", ["python", "r"])
def test_the_switch_at_the_head_moves_all_and_is_remembered(visit, view):
    name = markup.TITLES[view]
    page = visit(CHAPTER)
    unfold(page)
    page.locator(f".view-choice [value={view}]").click()
    assert heads(page) == {name}
    assert page.locator(".twins .tab-pane:visible").count() == page.locator(".twins").count()
    page.goto(page.url.replace(CHAPTER, NEXT))
    page.reload()
    wait_for_head(page, name)
    unfold(page)
    assert heads(page) == {name}
    assert page.locator(".twins .tab-pane:visible").count() == page.locator(".twins").count()
    page.locator(".view-choice [value=both]").click()
    panes = page.locator(".twins .tab-pane")
    assert page.locator(".twins .tab-pane:visible").count() == panes.count()


# A head that cannot be pressed is not found at its place either.
ON_TOP = """([x, y]) => {
  document.querySelectorAll("[inert]").forEach((one) => { one.inert = false; });
  return document.elementFromPoint(x, y).textContent.trim();
}"""


@pytest.mark.parametrize("width", [1200, WIDE])
def test_side_by_side_shows_both_below_a_fixed_head(visit, width):
    page = visit(CHAPTER, width=width)
    unfold(page)
    longest = page.locator(".twins").nth(
        page.evaluate(
            """() => { const all = [...document.querySelectorAll(".twins")];
              const heights = all.map((one) => one.offsetHeight);
              return heights.indexOf(Math.max(...heights)); }"""
        )
    )
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
        assert abs(head["x"] - column["x"]) < 3
        assert abs(head["width"] - column["width"]) < 3
        middle = [head["x"] + head["width"] / 2, head["y"] + head["height"] / 2]
        assert page.evaluate(ON_TOP, middle) == language.inner_text()
    left, right = (pane.bounding_box() for pane in panes.all())
    assert left["y"] == right["y"]
    assert left["x"] + left["width"] <= right["x"] + 1


def test_below_1200_px_there_are_tabs(visit):
    page = visit(CHAPTER, width=1199)
    unfold(page)
    assert page.locator(".twins .tab-pane:visible").count() == page.locator(".twins").count()
    expect(page.locator(".view-choice [value=both]")).to_be_hidden()


def test_the_keyboard_goes_through_the_tabs(visit):
    page = visit(CHAPTER, width=1000)
    tab(page, "Python").focus()
    page.keyboard.press("ArrowRight")
    assert page.evaluate("document.activeElement.textContent.trim()") == "R"
    assert heads(page) == {"R"}
    page.keyboard.press("ArrowLeft")
    assert heads(page) == {"Python"}
    page.keyboard.press("Tab")
    inside = "document.activeElement.closest('.twins, .tab-pane') !== null"
    assert page.evaluate(inside), "after the tabs comes what they show"
    selected = page.locator(".twins [role=tab][aria-selected=true]")
    assert selected.count() == page.locator(".twins .nav-tabs").count()


def test_the_keyboard_unfolds_an_answer(visit):
    page = visit(CHAPTER)
    head = page.locator("main .callout-header[data-bs-toggle=collapse]").first
    folded = page.locator("main .callout-body-container:not(:visible)")
    before = folded.count()
    expect(head).to_have_attribute("aria-expanded", "false")
    head.press("Enter")
    expect(head).to_have_attribute("aria-expanded", "true")
    expect(folded).to_have_count(before - 1)


def test_the_keyboard_can_skip_to_the_text(visit):
    page = visit(CHAPTER)
    page.keyboard.press("Tab")
    skip = page.locator(".skip-link")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('main') !== null")


# ---- without scripts, without style ----


def test_without_scripts_both_languages_are_there(visit):
    page = visit(CHAPTER, scripts=False)
    panes = page.locator(".twins .tab-pane")
    assert panes.count() == 2 * page.locator(".twins").count()
    assert all(
        pane.is_visible() or pane.evaluate("one => !!one.closest('details, .collapse')")
        for pane in panes.all()
    )


# ---- search, themes, pictures, and what stands around the text ----


@pytest.mark.parametrize("width", [NARROW, WIDE])
def test_search_finds_a_term_and_opens_it(visit, width):
    page = visit("index.html", width=width)
    if width == NARROW:  # the preview has the search in the menu, Quarto beside it
        search = page.locator("#quarto-header [aria-label=Search]")
        menu = page.locator("#quarto-header .quarto-btn-toggle")
        (search if search.count() else menu).first.click()
    box = page.locator("#quarto-search input, input.aa-Input").locator("visible=true").first
    expect(box).to_be_in_viewport()
    box.fill("softmax")
    found = page.locator("a:visible", has_text="Hello, iris").locator(
        "xpath=self::*[ancestor::*[contains(@class, 'smalldocs-search-results')"
        " or contains(@class, 'aa-')]]"
    )
    found.first.click()
    page.wait_for_url(f"**/{CHAPTER}*")
    assert "softmax" in page.locator("main").inner_text()
    assert not visit.complaints


def test_the_theme_can_be_changed_and_is_remembered(visit):
    page = visit(CHAPTER, scheme="light")
    ground = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(ground)
    page.locator(".quarto-color-scheme-toggle:visible").first.click()
    dark = page.evaluate(ground)
    assert dark != light
    page.reload()
    assert page.evaluate(ground) == dark


def test_a_picture_opens_in_full_size(visit, rendered):
    not_in_preview(rendered, "lightbox")
    page = visit(CHAPTER)
    page.locator("main a.lightbox:visible").first.click()
    opened = page.locator(".glightbox-container img").first
    expect(opened).to_be_visible()
    page.keyboard.press("Escape")
    expect(opened).to_be_hidden()
    assert not visit.complaints


def test_figures_and_sections_have_numbers(visit, rendered):
    not_in_preview(rendered, "numbers")
    page = visit(CHAPTER)
    assert re.search(r"Figure\s4\.1", page.locator("main figcaption").first.inner_text())
    assert page.locator("main h2 .header-section-number").first.inner_text() == "4.1"
