"""A reader's browser for the tests: Debian's Chromium, driven by playwright, and axe-core."""

import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from deeptwins.book import site

pytest.importorskip("playwright.sync_api", reason="playwright is missing: no page was opened")
axe_playwright_python = pytest.importorskip("axe_playwright_python")

from playwright.sync_api import Page, expect, sync_playwright  # noqa: E402

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
NARROW, MIDDLE, WIDE = 390, 768, 1440
AXE = Path(axe_playwright_python.__file__).with_name("axe.min.js").read_text(encoding="utf-8")
WCAG_21_AA = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]
COLOURS = ["color-contrast", "link-in-text-block"]
PATIENCE = 60_000  # milliseconds, for a busy machine; what is there is seen at once
expect.set_options(timeout=PATIENCE)
WIDER = """() => {
  const { scrollWidth, clientWidth } = document.scrollingElement;
  if (scrollWidth <= clientWidth) return [];
  const out = [...document.querySelectorAll("body *")].filter((one) =>
    one.getBoundingClientRect().right > clientWidth + 1 && !one.children.length);
  return [`the page is ${scrollWidth} px wide`,
    ...out.slice(0, 4).map((one) => `beyond the edge: ${one.outerHTML.slice(0, 120)}`)];
}"""
SETTLED = "() => new Promise((done) => requestAnimationFrame(() => setTimeout(done, 20)))"


class Visit:
    """The pages that one reader opens, each for the first time, and what they complain of."""

    def __init__(self, browser, address: str):
        self.browser, self.address = browser, address
        self.contexts, self.complaints = [], []

    def __call__(self, path: str, *, scheme="light", width=WIDE, height=900, **more) -> Page:
        size = {"width": width, "height": height}
        context = self.browser.new_context(color_scheme=scheme, viewport=size, **more)
        self.contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        note = self.complaints.append
        page.on("console", lambda one: one.type in ("error", "warning") and note(one.text))
        page.on("pageerror", lambda error: note(f"error: {error}"))
        page.on("response", lambda one: one.status >= 400 and note(f"{one.status}: {one.url}"))
        ours = (self.address, "data:", "blob:")
        page.on("request", lambda one: one.url.startswith(ours) or note(f"asks: {one.url}"))
        # The browser gives up what is under way when a test goes on to the next page.
        gave_up = "net::ERR_ABORTED"
        page.on("requestfailed", lambda one: one.failure == gave_up or note(f"failed: {one.url}"))
        page.goto(self.address + path)
        return page

    def close(self) -> None:
        for context in self.contexts:
            context.close()


@pytest.fixture(scope="module")
def reader(rendered):
    """Return a function that starts a visit to the rendered book, in one browser."""
    # For this module alone: playwright keeps an event loop running, which would stop others'.
    if CHROMIUM is None:
        pytest.skip("Chromium is missing (apt-get install chromium); no page was opened")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(site, "OUTPUT", rendered.folder)
        server = site.server()
    arguments = ["--no-sandbox", "--disable-background-networking", "--disable-dev-shm-usage"]
    with server, sync_playwright() as playwright:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with playwright.chromium.launch(executable_path=CHROMIUM, args=arguments) as browser:
            yield lambda: Visit(browser, f"http://127.0.0.1:{server.server_port}/")
        server.shutdown()


@pytest.fixture
def visit(reader) -> Iterator[Visit]:
    visit = reader()
    yield visit
    visit.close()


def axe_finds(page: Page, *, colours: bool, part: str = "html") -> Iterator[str]:
    """Yield what breaks a rule of WCAG 2.1 AA in a part: those on colours, or all the others."""
    options = {
        "runOnly": {"type": "rule", "values": COLOURS}
        if colours
        else {"type": "tag", "values": WCAG_21_AA},
        "rules": {rule: {"enabled": colours} for rule in COLOURS},
        "resultTypes": ["violations"],
    }
    run = "async ([part, options]) => (await axe.run(part, options)).violations"
    for rule in page.evaluate(run, [part, options]):
        for node in rule["nodes"]:
            yield f"{rule['id']}: {node['html'][:200]}\n{node['failureSummary']}"
