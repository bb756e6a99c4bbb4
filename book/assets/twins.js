// The reader's choice of Python, R, or both side by side, for all chapters.
//
// Both renderers switch all tabsets of a group together and remember the tab.
// This adds 'side by side' on wide screens, a bar that stays on screen with the switch,
// the sections of the page and a button that folds the list of chapters away, and it
// keeps the line that one reads in place when everything above it changes.
(() => {
  "use strict";
  const KEY = "deeptwins-view";
  const CHAPTERS = "deeptwins-chapters";
  const root = document.documentElement;
  const wide = window.matchMedia("(min-width: 1200px)");
  const widest = window.matchMedia("(min-width: 1780px)");
  const narrow = window.matchMedia("(max-width: 991.98px)");

  // A browser may refuse storage; the choice then lasts for one page.
  const stored = (key) => { try { return localStorage.getItem(key); } catch { return null; } };
  const store = (key, choice) => { try { localStorage.setItem(key, choice); } catch { /* as above */ } };
  root.dataset.view = ["python", "r"].includes(stored(KEY)) ? stored(KEY) : "both";
  if (stored(CHAPTERS)) root.dataset.chapters = stored(CHAPTERS);

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
    store(KEY, view);
    // The renderer's own handler shows the tab in every tabset and remembers it.
    tabs().find((tab) => language(tab) === view)?.click();
    describe();
    place();
  };

  const made = (tag, name, text = "") => {
    const element = document.createElement(tag);
    element.className = name;
    element.innerHTML = text;
    return element;
  };

  const choice = () => {
    const box = made("div", "view-choice", `<span id="view-choice-label">Show the code in</span>
      <div role="group" aria-labelledby="view-choice-label">
        <button type="button" value="python">Python</button>
        <button type="button" value="r">R</button>
        <button type="button" value="both">Side by side</button>
      </div>`);
    box.addEventListener("click", ({ target }) => {
      if (target.value) keepInPlace(target, () => choose(target.value));
    });
    return box;
  };

  const bar = made("div", "page-bar");
  const contents = made("details", "contents", "<summary>On this page</summary>");
  const chapters = made("button", "chapters", "Chapters");

  // The bar stands at the head of the text, on a narrow screen in the header, which stays there.
  // The list of sections stands beside the text where there is room, and in the bar where not.
  const place = () => {
    const header = narrow.matches && document.querySelector(".quarto-secondary-nav > div");
    if (header) header.append(bar);
    else document.querySelector("main").prepend(bar);
    const toc = document.getElementById("TOC");
    const beside = wide.matches && (widest.matches || !sideBySide() || !tabs().length);
    if (toc) (beside ? document.getElementById("quarto-margin-sidebar") : contents).append(toc);
    contents.hidden = !toc || beside;
    chapters.setAttribute("aria-expanded", document.getElementById("quarto-sidebar").checkVisibility());
  };

  const furnish = () => {
    chapters.type = "button";
    chapters.setAttribute("aria-controls", "quarto-sidebar");
    chapters.addEventListener("click", () => {
      root.dataset.chapters = chapters.ariaExpanded === "true" ? "hidden" : "shown";
      store(CHAPTERS, root.dataset.chapters);
      place();
    });
    const crumbs = document.querySelector("#title-block-header .quarto-page-breadcrumbs");
    bar.append(chapters, ...(crumbs ? [crumbs] : []), contents);
    if (tabs().length) bar.append(choice());
    const search = document.querySelector("#quarto-search");
    if (search) bar.append(search);
    // Quarto's field comes later, and without a name.
    window.addEventListener("load", () => {
      search?.querySelectorAll(".aa-Autocomplete, button").forEach((one) => one.setAttribute("aria-label", "Search"));
    });
    const close = ({ target, key }) => {
      if (key ? key === "Escape" : !contents.contains(target) || target.closest("a")) contents.open = false;
    };
    ["click", "keydown"].forEach((kind) => document.addEventListener(kind, close));
    // Of the list of chapters, what learners do not read is folded.
    document.querySelectorAll(".sidebar-item-section").forEach((part) => {
      if (!/instructor|appendi/i.test(part.innerText.split("\n")[0]) || part.querySelector(".active")) return;
      part.querySelector(".sidebar-section").classList.remove("show");
      part.querySelectorAll("[data-bs-toggle]").forEach((one) => {
        one.classList.add("collapsed");
        one.setAttribute("aria-expanded", false);
      });
    });
    place();
    window.addEventListener("resize", place);
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
    const fade = ({ target }) => {
      target.classList.toggle("more", target.scrollLeft + target.clientWidth < target.scrollWidth - 2);
    };
    const watch = new ResizeObserver((entries) => entries.forEach((entry) => {
      const { target } = entry;
      if (target.scrollWidth > target.clientWidth) target.tabIndex = 0;
      else target.removeAttribute("tabindex");
      fade(entry);
    }));
    document.querySelectorAll("main :is(pre, .table-scroll, .sd-table, .band, .ledger, math[display=block])")
      .forEach((one) => { watch.observe(one); one.addEventListener("scroll", fade, { passive: true }); });
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
      door.addEventListener("click", () => store(KEY, door.dataset.view));
    });
    // A long name may break between its words.
    document.querySelectorAll(".band td:first-child code").forEach((name) => {
      name.innerHTML = name.innerHTML.replaceAll("_", "_<wbr>");
    });
    furnish();
    if (!tabs().length) return;
    tabs().forEach((tab) => {
      // Before Quarto 1.9 a tab of a website is a link to nowhere, which loses the focus.
      if (!tab.href) tab.href = `#${tab.getAttribute("aria-controls")}`;
      let top;
      tab.addEventListener("click", () => { top = tab.getBoundingClientRect().top; }, true);
      tab.addEventListener("click", () => setTimeout(() => {
        window.scrollBy({ top: tab.getBoundingClientRect().top - top, behavior: "instant" });
        if (root.dataset.view !== "both") {
          root.dataset.view = language(tab);
          store(KEY, language(tab));
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
    // The renderer restores its tabs when the page is shown; a door may have chosen others.
    window.addEventListener("pageshow", () => setTimeout(() => {
      const chosen = (tab) => language(tab) === root.dataset.view && !tab.classList.contains("active");
      tabs().find(chosen)?.click();
      describe();
    }));
    describe();
  };
  document.addEventListener("DOMContentLoaded", start);
})();
