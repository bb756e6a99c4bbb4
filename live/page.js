// Brings the live figures of a page to life, each when the reader comes near it.
//
// A page says `::: {.live data-figure="01_flower"}` with the words that belong to the figure. Here
// figures/01_flower.js is loaded for it, and what that asks for. All are plain scripts and not
// modules, because a browser refuses modules, and fetch(), to pages that are opened as files.
(() => {
  "use strict";
  const deeptwins = (globalThis.deeptwins ??= {});
  if (typeof document === "undefined") return; // in Node, where the networks are tested
  const base = new URL(".", document.currentScript.src);
  const received = new Map();
  const asked = new Map();
  const figures = new Map();

  // ---- loading ----

  // Run a script of this folder once; resolves when it has run, rejects if it is not there.
  const script = (name) => {
    if (!asked.has(name)) {
      asked.set(name, new Promise((resolve, reject) => {
        const element = document.createElement("script");
        element.src = new URL(name, base);
        element.onload = resolve;
        element.onerror = () => reject(new Error(`${name} cannot be loaded`));
        document.head.append(element);
      }));
    }
    return asked.get(name);
  };

  // What export.py writes calls this with its name and content.
  deeptwins.receive = (name, content) => received.set(name, content);

  // Return what live/<name>.js holds, such as kept/01_flower.
  deeptwins.load = async (name) => {
    await script(`${name}.js`);
    return received.get(name);
  };

  // Return a trained network, ready to predict: `key` names it in what was loaded.
  deeptwins.trained = async (name, key = "model") => {
    const [content] = await Promise.all([deeptwins.load(name), script("network.js")]);
    return deeptwins.network(content[key]);
  };

  // A figure's file calls this with its name and what fills its box; see the figures.
  deeptwins.figure = (name, fill) => figures.set(name, fill);

  const style = () => {
    const link = document.createElement("link");
    link.rel = "stylesheet";
    link.href = new URL("live.css", base);
    document.head.append(link);
    return new Promise((resolve) => { link.onload = link.onerror = resolve; });
  };

  const wake = async (box) => {
    const name = box.dataset.figure;
    const area = make("div", { class: "live-area" });
    try {
      await Promise.all([script(`figures/${name}.js`), (asked.style ??= style())]);
      await figures.get(name)(area, deeptwins.tools(area, name));
      box.querySelector(".live-without")?.remove();
      box.append(area);
      box.dataset.ready = "";
    } catch (error) { // the words of the page stay, with those for a page without scripts
      box.dataset.failed = error.message;
      console.error(`live figure ${name}: ${error.message}`);
    }
  };

  const find = () => {
    const near = new IntersectionObserver((entries) => entries.forEach((one) => {
      if (!one.isIntersecting) return;
      near.unobserve(one.target);
      wake(one.target);
    }), { rootMargin: "600px" });
    document.querySelectorAll(".live[data-figure]").forEach((box) => near.observe(box));
  };

  // ---- what figures are made of ----

  const SVG = new Set("svg g path line circle rect text polyline polygon title desc defs marker".split(" "));

  // Return an element. `on...` are listeners; others are attributes, left out if null or false.
  const make = (tag, attributes = {}, ...children) => {
    const element = SVG.has(tag)
      ? document.createElementNS("http://www.w3.org/2000/svg", tag) : document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
      else if (value !== null && value !== false) element.setAttribute(name, value === true ? "" : value);
    }
    element.append(...children);
    return element;
  };

  // Numbers between 0 and 1 that are the same for the same seed (mulberry32, by T. Ettinger).
  const random = (seed) => () => {
    seed = (seed + 0x6D2B79F5) | 0;
    let mixed = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };

  // Return the tools of one figure. `area` is the element that it fills, `name` its name.
  deeptwins.tools = (area, name) => {
    let count = 0;
    const id = () => `live-${name}-${++count}`;

    // What a screen reader says after a change; once, when the reader has stopped moving.
    const spoken = make("p", { class: "live-spoken", role: "status" });
    let waiting;
    const say = (text) => {
      clearTimeout(waiting);
      waiting = setTimeout(() => { spoken.textContent = text; }, 400);
    };

    // A labelled slider: `shown(value)` is the text of its value, `change(value)` is called.
    const slider = ({ label, min, max, step = 1, value, shown = String, change }) => {
      const own = id();
      const output = make("output", { for: own }, shown(value));
      const input = make("input", {
        type: "range", id: own, min, max, step, value, "aria-valuetext": shown(value),
        oninput: () => { set(Number(input.value)); change(Number(input.value)); },
      });
      const set = (next) => {
        input.value = next;
        input.setAttribute("aria-valuetext", shown(next));
        output.textContent = shown(next);
      };
      const row = make("div", { class: "live-slider" },
        make("label", { for: own }, label), input, output);
      return { row, input, set };
    };

    // Buttons of which one is pressed: `options` are pairs of a value and its label.
    const choice = ({ label, options, value, change }) => {
      const set = (next) => buttons.forEach((button, i) => {
        button.setAttribute("aria-pressed", options[i][0] === next);
      });
      const buttons = options.map(([one, text]) => make("button", {
        type: "button", onclick: () => { set(one); change(one); },
      }, text));
      const own = id();
      set(value);
      const row = make("div", { class: "live-choice", role: "group", "aria-labelledby": own },
        make("span", { id: own }, label), ...buttons);
      return { row, buttons, set };
    };

    const button = (label, press) => make("button", { type: "button", onclick: press }, label);

    // A labelled line to type in, or a box of lines; `change(text)` is called while one types.
    const field = ({ label, value, lines = 1, change, ...more }) => {
      const own = id();
      const input = make(lines > 1 ? "textarea" : "input", {
        id: own, rows: lines > 1 ? lines : null, type: lines > 1 ? null : "text",
        spellcheck: "false", autocomplete: "off", autocapitalize: "off", ...more,
        oninput: () => change(input.value),
      });
      input.value = value;
      return { row: make("div", { class: "live-field" }, make("label", { for: own }, label), input), input };
    };

    // A drawing with axes. `x` and `y` are {from, to, label, ticks}; `alt` says what it shows. Returns
    // {svg, layer, at}: draw into `layer`, at(a, b) gives the place of a point.
    const plot = ({ width = 480, height = 280, x, y, alt, margin = {} }) => {
      const { left = 52, right = 14, top = 12, bottom = 44 } = margin;
      const across = (a) => left + ((a - x.from) / (x.to - x.from)) * (width - left - right);
      const up = (b) => height - bottom - ((b - y.from) / (y.to - y.from)) * (height - top - bottom);
      const ticks = ({ from, to, ticks: given }) => given ?? [from, (from + to) / 2, to];
      const layer = make("g", {});
      const svg = make("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": alt, class: "live-plot" },
        ...ticks(x).map((a) => make("g", { class: "live-tick" },
          make("line", { x1: across(a), x2: across(a), y1: top, y2: height - bottom }),
          make("text", { x: across(a), y: height - bottom + 16, "text-anchor": "middle" }, String(a)))),
        ...ticks(y).map((b) => make("g", { class: "live-tick" },
          make("line", { x1: left, x2: width - right, y1: up(b), y2: up(b) }),
          make("text", { x: left - 6, y: up(b) + 4, "text-anchor": "end" }, String(b)))),
        make("text", { class: "live-axis", x: (left + width - right) / 2, y: height - 6, "text-anchor": "middle" }, x.label),
        make("text", {
          class: "live-axis", "text-anchor": "middle",
          transform: `translate(13 ${(top + height - bottom) / 2}) rotate(-90)`,
        }, y.label), layer);
      return { svg, layer, at: (a, b) => [across(a), up(b)], across, up };
    };

    // A bar for each probability or share: `rows` are {label, value, text}; returns set(rows).
    const bars = (names, { most = 1, label }) => {
      const parts = names.map((one) => {
        const fill = make("span", { class: "live-fill" });
        const text = make("td", { class: "live-number" });
        return { fill, text, row: make("tr", {}, make("th", { scope: "row" }, one),
          make("td", { class: "live-track", "aria-hidden": "true" }, fill), text) };
      });
      const table = make("table", { class: "live-bars" },
        make("caption", {}, label), make("tbody", {}, ...parts.map((one) => one.row)));
      const set = (values, shown = (one) => one.toFixed(3), best = -1) => parts.forEach((one, i) => {
        one.fill.style.width = `${Math.max(0, Math.min(1, values[i] / most)) * 100}%`;
        one.text.textContent = shown(values[i]);
        one.row.classList.toggle("live-best", i === best);
      });
      return { table, set };
    };

    // A letter for each place, in as many lines as it takes. Below it, for each list of `values`, a bar
    // and its number; the bars of one list have one scale, and a line at 0.
    const strip = () => {
      const list = make("ol", { class: "live-strip", role: "list" });
      const caption = make("figcaption", {});
      const set = (label, letters, values, { shown = (one) => one.toFixed(2), chosen = -1 } = {}) => {
        const heights = values.map((numbers) => { // of a number, in per cent from the top
          const [low, high] = [Math.min(0, ...numbers), Math.max(0, ...numbers)];
          return (one) => ((high - one) / (high - low || 1)) * 100;
        });
        const bar = (one, height) => make("span", { class: "live-up", "aria-hidden": "true", style: `--zero: ${height(0)}%` },
          make("span", { style: `top: ${height(Math.max(0, one))}%; bottom: ${100 - height(Math.min(0, one))}%` }));
        const number = (one) => make("span", {}, shown(one).replace(/^-(0\.0*)$/, "$1"));
        caption.textContent = label;
        list.replaceChildren(...[...letters].map((letter, i) => make("li", { class: i === chosen ? "live-best" : null },
          make("span", {}, letter, make("sub", {}, String(i + 1))),
          ...values.flatMap((numbers, k) => [bar(numbers[i], heights[k]), number(numbers[i])]))));
      };
      return { box: make("figure", {}, caption, list), set };
    };

    // Do work(i) for each i below `count`, and let the page answer in between; `progress(i)` then says
    // how far it is. A later call ends an earlier one, which returns false.
    let latest = 0;
    const inSlices = async (count, work, progress) => {
      const own = ++latest;
      for (let i = 0, until = performance.now() + 40; i < count; i++) {
        if (performance.now() > until) {
          progress(i);
          await new Promise((go) => setTimeout(go));
          if (own !== latest) return false;
          until = performance.now() + 40;
        }
        work(i);
      }
      return true;
    };

    area.append(spoken);
    return { make, id, say, slider, choice, button, field, plot, bars, strip, inSlices, random, load: deeptwins.load, trained: deeptwins.trained };
  };

  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", find);
  else find();
})();
