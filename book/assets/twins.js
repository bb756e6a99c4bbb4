// The reader's choice of Python, R, or both side by side, for all chapters.
//
// Both renderers switch all tabsets of a group together and remember the tab.
// This adds 'side by side' on wide screens, a switch at the head of a chapter,
// and keeps the line that one reads in place when everything above it changes.
(() => {
  "use strict";
  const KEY = "deeptwins-view";
  const root = document.documentElement;
  const wide = window.matchMedia("(min-width: 1200px)");

  // A browser may refuse storage; the choice then lasts for one page.
  const stored = () => { try { return localStorage.getItem(KEY); } catch { return null; } };
  const store = (view) => { try { localStorage.setItem(KEY, view); } catch { /* as above */ } };
  root.dataset.view = ["python", "r"].includes(stored()) ? stored() : "both";

  const language = (tab) => tab.textContent.trim().toLowerCase();
  const tabs = () => [...document.querySelectorAll(".twins .nav-tabs .nav-link")];
  const sideBySide = () => wide.matches && root.dataset.view === "both";

  // What is shown is also what assistive technology and the keyboard find.
  const describe = () => {
    tabs().forEach((tab) => {
      const shown = tab.classList.contains("active");
      tab.setAttribute("aria-selected", shown);
      tab.tabIndex = shown ? 0 : -1;
      tab.closest(".nav-tabs").inert = sideBySide();
    });
    const active = tabs().find((tab) => tab.classList.contains("active"));
    const pressed = sideBySide() ? "both" : active && language(active);
    document.querySelectorAll(".view-choice button").forEach((button) => {
      button.setAttribute("aria-pressed", button.value === pressed);
    });
  };

  const keepInPlace = (element, change) => {
    const before = element.getBoundingClientRect().top;
    change();
    window.scrollBy({ top: element.getBoundingClientRect().top - before, behavior: "instant" });
  };

  const choose = (view) => {
    root.dataset.view = view;
    store(view);
    // The renderer's own handler shows the tab in every tabset and remembers it.
    tabs().find((tab) => language(tab) === view)?.click();
    describe();
  };

  const choice = () => {
    const box = document.createElement("div");
    box.className = "view-choice";
    box.innerHTML = `<span id="view-choice-label">Show the code in</span>
      <div role="group" aria-labelledby="view-choice-label">
        <button type="button" value="python">Python</button>
        <button type="button" value="r">R</button>
        <button type="button" value="both">Side by side</button>
      </div>`;
    box.addEventListener("click", ({ target }) => {
      if (target.value) keepInPlace(target, () => choose(target.value));
    });
    return box;
  };

  // What is wider than its place scrolls, for the keyboard too; the rest stays out of its way.
  const scrollers = () => {
    document.querySelectorAll("main table").forEach((table) => {
      if (table.parentElement.matches(".sd-table, .band, .ledger")) return;
      const box = document.createElement("div");
      box.className = "table-scroll";
      table.replaceWith(box);
      box.append(table);
    });
    const watch = new ResizeObserver((entries) => entries.forEach(({ target }) => {
      if (target.scrollWidth > target.clientWidth) target.tabIndex = 0;
      else target.removeAttribute("tabindex");
    }));
    document.querySelectorAll("main :is(pre, .table-scroll, .sd-table, .band, .ledger, math[display=block])")
      .forEach((one) => watch.observe(one));
  };

  // The renderers fold a callout by a heading that only a mouse can press.
  const folds = () => {
    document.querySelectorAll(".callout-header[data-bs-toggle=collapse]").forEach((head) => {
      head.setAttribute("role", "button");
      head.removeAttribute("aria-label"); // its title says more than 'toggle callout'
      head.tabIndex = 0;
      head.addEventListener("keydown", (event) => {
        if (![" ", "Enter"].includes(event.key)) return;
        event.preventDefault();
        head.click();
      });
    });
  };

  const start = () => {
    // Quarto puts it behind the menu that it is there to skip.
    document.body.prepend(document.querySelector(".skip-link"));
    scrollers();
    folds();
    // The doors of the front page lead to a chapter in one language.
    document.querySelectorAll("a[data-view]").forEach((door) => {
      door.addEventListener("click", () => store(door.dataset.view));
    });
    if (!tabs().length) return;
    document.querySelector("#title-block-header").after(choice());
    tabs().forEach((tab) => {
      let top;
      tab.addEventListener("click", () => { top = tab.getBoundingClientRect().top; }, true);
      tab.addEventListener("click", () => setTimeout(() => {
        window.scrollBy({ top: tab.getBoundingClientRect().top - top, behavior: "instant" });
        if (root.dataset.view !== "both") {
          root.dataset.view = language(tab);
          store(language(tab));
        }
        describe();
      }));
    });
    // Bootstrap moves by arrow keys from the tabs it knows, and tells other tabsets nothing.
    tabs().forEach((tab) => window.bootstrap.Tab.getOrCreateInstance(tab));
    document.addEventListener("shown.bs.tab", ({ target }) => {
      const behind = (tab) => language(tab) === language(target) && !tab.classList.contains("active");
      if (tabs().includes(target) && tabs().some(behind)) target.click();
    });
    wide.addEventListener("change", describe);
    // The renderer restores its tabs when the page is shown; look after that.
    window.addEventListener("pageshow", () => setTimeout(describe));
    describe();
  };
  document.addEventListener("DOMContentLoaded", start);
})();
