// The validation cells person by person, and what a threshold makes of the network's scores.
deeptwins.figure("08_cells", async (area, { make, slider, button, say, random, load }) => {
  const SIDE = 28, LARGE = 144, SHUFFLES = 1000; // pixels, pixels, draws
  const { cells: rows, threshold: chosenByTwin, spread, columns, sheet } = await load("kept/08_cells");
  const cells = rows.map(([file, person, parasite, score], place) => ({ file, person, parasite: parasite === 1, score, place }));
  const infected = new Set(cells.filter((one) => one.parasite).map((one) => one.person));
  const people = [...new Set(cells.map((one) => one.person))]
    .sort((a, b) => infected.has(b) - infected.has(a) || (a < b ? -1 : 1))
    .map((name) => ({ name, cells: cells.filter((one) => one.person === name) }));
  const order = people.flatMap((one) => one.cells); // as they stand in the table
  let threshold = chosenByTwin, seed = 1, chosen;

  // ---- counts ----

  const verdict = ({ parasite, score }) =>
    (score >= threshold ? (parasite ? "found" : "false alarm") : parasite ? "missed" : "no alarm");
  const SIGNS = { "missed": "−", "false alarm": "+" };
  const rightOnes = () => order.map((one) => ((one.score >= threshold) === one.parasite ? 1 : 0));
  const sum = (numbers) => numbers.reduce((total, one) => total + one, 0);
  const mean = (numbers) => sum(numbers) / numbers.length;
  const deviation = (numbers) =>
    Math.sqrt(sum(numbers.map((one) => (one - mean(numbers)) ** 2)) / (numbers.length - 1));
  const shares = (right, start = 0) =>
    people.map((one) => mean(right.slice(start, (start += one.cells.length))));

  // As the twin for its test set: Student's t over the people, and Wilson's over the cells.
  const ofPeople = (right) => {
    const p = mean(shares(right)), half = (spread.persons * deviation(shares(right))) / Math.sqrt(people.length);
    return [p, Math.max(p - half, 0), Math.min(p + half, 1)];
  };
  const ofCells = (right) => {
    const n = right.length, p = mean(right), z2 = spread.cells ** 2;
    const half = Math.sqrt((p * (1 - p) * z2) / n + (z2 / n / 2) ** 2);
    return [p, ...[-half, half].map((one) => (p + z2 / n / 2 + one) / (1 + z2 / n))];
  };

  // In how many draws the people differ as much, if the same errors fall on any of the cells.
  const byChance = (right) => {
    const next = random(seed), shuffled = [...right], own = deviation(shares(right)) - 1e-9;
    return Array.from({ length: SHUFFLES }, () => {
      for (let i = shuffled.length - 1; i > 0; i--) {
        const j = Math.floor(next() * (i + 1));
        [shuffled[i], shuffled[j]] = [shuffled[j], shuffled[i]];
      }
      return deviation(shares(shuffled));
    }).filter((one) => one >= own).length;
  };

  // ---- the table ----

  const picture = ({ place }, side, more = {}) => make("span", {
    class: "live-cell", ...more, style: `width: ${side}px; height: ${side}px; background-size: ${columns * side}px auto; `
      + `background-position: ${-(place % columns) * side}px ${-Math.floor(place / columns) * side}px`,
  });
  const heads = (...names) => make("thead", {}, make("tr", {}, ...names.map(([text, kind = "live-number"]) =>
    make("th", { scope: "col", class: kind }, text))));
  // A row, with numbers at its end; `set(texts)` fills them in.
  const line = (name, length, ...start) => {
    const parts = Array.from({ length }, () => make("td", { class: "live-number" }));
    return {
      row: make("tr", {}, make("th", { scope: "row" }, ...name), ...start, ...parts),
      set: (texts) => parts.forEach((part, i) => { part.textContent = texts[i]; }),
    };
  };
  const counts = (some) => {
    const [found, missed, alarms, quiet] = ["found", "missed", "false alarm", "no alarm"]
      .map((kind) => some.filter((one) => verdict(one) === kind).length);
    const ill = found + missed;
    return [ill ? `${found} of ${ill}` : "–", ill ? missed : "–", `${alarms} of ${alarms + quiet}`,
      ((found + quiet) / some.length).toFixed(2)];
  };
  for (const one of order) {
    one.sign = make("span", { class: "live-sign" });
    one.button = make("button", { type: "button", onclick: () => choose(one) }, picture(one, SIDE),
      make("span", { class: "live-score", style: `width: ${one.score * SIDE}px` }), one.sign);
  }
  const small = (text) => make("small", {}, text);
  const lines = [...people, { name: "All", cells: [] }].map(({ name, cells: own }) => line(
    [name, small(own.length ? (infected.has(name) ? "infected" : "healthy") : `${people.length} people`)], 4,
    make("td", { class: "live-cells" }, ...[true, false].map((parasite) =>
      make("span", {}, ...own.filter((one) => one.parasite === parasite).map((one) => one.button))))));
  const detail = make("td", { colspan: 6 });
  const opened = make("tr", { class: "live-detail" }, detail);
  const table = make("table", { class: "live-people", style: `--sheet: url(${sheet})` },
    make("caption", {}, "A frame marks an error: − is a missed parasite, + a false alarm. The bar below a cell is its score."),
    heads(["Person", ""], ["Cells: with parasites, then without", "live-cells"], ["Found"], ["Missed"], ["False alarms"], ["Right"]),
    make("tbody", {}, ...lines.map((one) => one.row)));
  const intervals = [line(["people"], 3), line(["cells"], 3)];
  const chance = make("p", { class: "live-note" });

  // ---- changes ----

  const describe = (cell) => `${cell.parasite ? "with" : "without"} a parasite, score ${cell.score.toFixed(3)}, ${verdict(cell)}`;
  const enlarge = () => detail.replaceChildren(
    picture(chosen, LARGE, { role: "img", "aria-label": `The cell, enlarged: ${describe(chosen)}` }),
    make("span", {}, make("strong", {}, chosen.person), make("br"), describe(chosen), small(chosen.file)));
  const choose = (cell) => {
    chosen = cell;
    order.forEach((one) => {
      one.button.setAttribute("aria-pressed", one === cell);
      one.button.tabIndex = one === cell ? 0 : -1; // one stop for the Tab key; the arrows go on from it
    });
    lines[people.findIndex((one) => one.name === cell.person)].row.after(opened);
    enlarge();
    say(`${cell.person}: ${describe(cell)}.`);
  };
  table.addEventListener("keydown", (event) => {
    const row = people.findIndex((one) => one.cells.includes(chosen)), at = order.indexOf(chosen);
    const below = (own) => own?.cells[Math.min(people[row].cells.indexOf(chosen), own.cells.length - 1)];
    const to = {
      ArrowRight: order[at + 1], ArrowLeft: order[at - 1], ArrowDown: below(people[row + 1]), ArrowUp: below(people[row - 1]),
    }[event.key];
    if (!to) return;
    event.preventDefault();
    choose(to);
    to.button.focus();
  });
  const shuffle = () => {
    const right = rightOnes();
    chance.textContent = `The people's shares have a standard deviation of ${deviation(shares(right)).toFixed(3)}. If the `
      + `${right.length - sum(right)} errors fall on cells at random, it is at least as large in ${byChance(right)} of ${SHUFFLES} draws.`;
  };
  const show = () => {
    for (const one of order) {
      one.sign.textContent = SIGNS[verdict(one)] ?? "";
      one.button.setAttribute("aria-label", `${one.person}, cell ${one.file.match(/(\d+)\.\w+$/)[1]}: ${describe(one)}`);
    }
    lines.forEach((one, i) => one.set(counts(people[i]?.cells ?? cells)));
    [ofPeople, ofCells].forEach((of, i) => intervals[i].set(of(rightOnes()).map((one) => one.toFixed(3))));
    shuffle();
    enlarge();
    const [found, missed, alarms] = counts(cells);
    say(`Threshold ${threshold.toFixed(3)}: found ${found}, missed ${missed}, false alarms ${alarms}.`);
  };
  const cut = slider({
    label: "Threshold", min: 0, max: 1, step: 0.01, value: threshold, shown: (one) => one.toFixed(3),
    change: (one) => { threshold = one; show(); },
  });
  area.append(
    make("div", { class: "live-halves" },
      make("div", {}, cut.row, button("The twin's threshold", () => { threshold = chosenByTwin; cut.set(threshold); show(); })),
      make("table", {}, make("caption", {}, "Share of right answers, with its 95 % interval"),
        heads(["over", ""], ["mean"], ["from"], ["to"]), make("tbody", {}, ...intervals.map((one) => one.row)))),
    make("div", { class: "live-row" }, chance, button("Draw again", () => { seed += 1; shuffle(); say(chance.textContent); })),
    make("div", {}, table));
  choose(order.find((one) => SIGNS[verdict(one)]));
  show();
});
