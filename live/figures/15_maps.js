// Maps of the same cells: what stays from map to map, and what does not.
deeptwins.figure("15_maps", async (area, { make, choice, slider, say, load }) => {
  const { types, scores, maps, longer, neighbours, near } = await load("kept/15_maps");
  const SIZE = 360, EDGE = 10; // of the drawing
  const CIRCLE = "M-3.5,0a3.5,3.5 0 1 0 7,0a3.5,3.5 0 1 0 -7,0";
  const LOOKS = [ // a sign and a colour for each type, in the order of the alphabet; signs of lines are not filled
    [CIRCLE, "--one"], ["M0,-5.5V5.5M-4.8,-2.8L4.8,2.8M-4.8,2.8L4.8,-2.8", "--text"], ["M0,-4.2L4,3.2H-4Z", "--three"],
    ["M0,4.2L4,-3.2H-4Z", "--four"], ["M0,-5.2L5.2,0L0,5.2L-5.2,0Z", "--five"], ["M0,-4V4M-4,0H4", "--two"], ["M-3,-3L3,3M-3,3L3,-3", "--grey"],
  ];
  const names = [...new Set(types)].sort();
  const sign = (name) => {
    const [d, colour] = LOOKS[names.indexOf(name)];
    const fill = d.endsWith("Z") || d === CIRCLE ? "currentColor" : "none";
    return make("path", { d, fill, class: "live-mark", style: `color: var(${colour})` });
  };
  let perplexity = 30, start = "pca 1", cell = types.indexOf("B"), pressed = ["B", "dendritic"];
  const shown = () => maps.find((one) => one.perplexity === perplexity && `${one.start} ${one.seed}` === start);
  const called = (one) => (one.start === "pca" ? "PCA" : `random ${one.seed}`);

  // ---- what the table says ----

  const distance = (a, b) => Math.hypot(...a.map((one, i) => one - b[i]));
  const average = (numbers) => numbers.reduce((total, one) => total + one, 0) / numbers.length;
  // The means of the types among these points, and how far a type's cells are from its mean.
  const measured = (points) => {
    const own = names.map((name) => points.filter((_, i) => types[i] === name));
    const means = own.map((some) => some[0].map((_, j) => average(some.map((one) => one[j]))));
    const widths = own.map((some, i) => Math.sqrt(average(some.map((one) => distance(one, means[i]) ** 2))));
    const typical = average(means.flatMap((a, i) => means.slice(i + 1).map((b) => distance(a, b))));
    return ([a, b]) => [distance(means[a], means[b]) / typical, widths[b] / widths[a]];
  };
  const ranked = (points, from) => points.map((_, i) => i).filter((i) => i !== from)
    .sort((a, b) => distance(points[a], points[from]) - distance(points[b], points[from]));

  const rows = [null, ...maps].map((map) => {
    const cells = Array.from({ length: 4 }, () => make("td", { class: "live-number" }));
    if (map) [map.mixed, map.torn].forEach((one, i) => { cells[i].textContent = one.toFixed(3); });
    else cells.slice(0, 2).forEach((one) => { one.textContent = "–"; });
    const name = map ? `${map.perplexity}, ${called(map)}` : "ten scores";
    return { map, cells, of: measured(map?.places ?? scores), row: make("tr", {}, make("th", { scope: "row" }, name), ...cells) };
  });
  const caption = make("caption");
  const table = make("table", { class: "live-compared" }, caption,
    make("thead", {}, make("tr", {}, ...["Map", "mixed", "torn", "distance", "width"].map((text, i) =>
      make("th", { scope: "col", class: i ? "live-number" : null }, text)))),
    make("tbody", {}, ...rows.map((one) => one.row)));

  // ---- the drawing ----

  const marks = types.map((name) => sign(name));
  const lines = Array.from({ length: neighbours }, () => make("line"));
  const ring = make("circle", { r: 8, class: "live-ring" });
  const svg = make("svg", { viewBox: `0 0 ${SIZE} ${SIZE}`, role: "img", class: "live-plot live-map" }, ...marks, ...lines, ring);
  const places = () => {
    const { places: given } = shown(), scale = (SIZE - 2 * EDGE) / longer;
    const middle = [0, 1].map((j) => Math.max(...given.map((one) => one[j])) / 2);
    return given.map(([across, up]) => [SIZE / 2 + (across - middle[0]) * scale, SIZE / 2 - (up - middle[1]) * scale]);
  };
  svg.addEventListener("click", (event) => {
    const box = svg.getBoundingClientRect();
    const here = [((event.clientX - box.left) / box.width) * SIZE, ((event.clientY - box.top) / box.height) * SIZE];
    const far = places().map((one) => distance(one, here));
    cell = far.indexOf(Math.min(...far));
    which.set(cell + 1);
    join(true);
  });
  const legend = names.map((name) => make("button", {
    type: "button", onclick: () => {
      pressed = pressed.includes(name) ? pressed.filter((one) => one !== name) : [...pressed, name].slice(-2);
      compare();
      say(pressed.length ? `Highlighted: ${pressed.join(" and ")}. ${told()}` : "All types are shown alike.");
    },
  }, make("svg", { viewBox: "-6 -6 12 12", "aria-hidden": "true" }, sign(name)), ` ${name}`));
  const note = make("p", { class: "live-note" });

  // ---- changes ----

  const told = () => {
    const [, , far, wide] = rows.find((one) => one.map === shown()).cells.map((one) => one.textContent);
    return pressed.length < 2 ? "" : `Distance ${far}, width ${wide}.`;
  };
  const compare = () => {
    legend.forEach((one, i) => one.setAttribute("aria-pressed", pressed.includes(names[i])));
    marks.forEach((one, i) => one.classList.toggle("live-dim", pressed.length > 0 && !pressed.includes(types[i])));
    for (const { map, cells, of, row } of rows) {
      const two = pressed.length === 2 ? of(pressed.map((one) => names.indexOf(one))).map((one) => one.toFixed(2)) : ["–", "–"];
      two.forEach((text, i) => { cells[2 + i].textContent = text; });
      row.classList.toggle("live-best", map === shown());
    }
    caption.textContent = pressed.length < 2 ? "Press two types to compare them." : `Distance: from ${pressed.join(" to ")}; 1 is the mean `
      + `of all pairs of types. Width: of ${pressed[1]}; 1 is the width of ${pressed[0]}.`;
  };
  const join = (aloud) => {
    const at = places(), around = new Set(ranked(shown().places, cell).slice(0, near));
    const own = ranked(scores, cell).slice(0, neighbours);
    own.forEach((to, i) => {
      const ends = { x1: at[cell][0], y1: at[cell][1], x2: at[to][0], y2: at[to][1], class: around.has(to) ? "live-kept" : "live-torn" };
      for (const [name, value] of Object.entries(ends)) lines[i].setAttribute(name, value);
    });
    ring.setAttribute("transform", `translate(${at[cell]})`);
    const kept = own.filter((to) => around.has(to)).length;
    note.textContent = `From cell ${cell + 1} (${types[cell]}), lines lead to its ${neighbours} nearest cells in the scores. `
      + `${kept} of these are among its ${near} nearest on this map. Dashed lines lead to torn ones.`;
    if (aloud) say(`Cell ${cell + 1}, ${types[cell]}: ${kept} of ${neighbours} neighbours kept.`);
  };
  const draw = () => {
    const map = shown();
    places().forEach((place, i) => marks[i].setAttribute("transform", `translate(${place})`));
    svg.setAttribute("aria-label", `Map of ${types.length} cells by t-SNE, perplexity ${perplexity}, start ${called(map)}.`);
    compare();
    join(false);
    say(`Perplexity ${perplexity}, start ${called(map)}: mixed ${map.mixed.toFixed(3)}, torn ${map.torn.toFixed(3)}. ${told()}`);
  };
  const options = (values) => [...new Map(values)];
  const which = slider({ label: "Cell", min: 1, max: types.length, value: cell + 1, change: (one) => { cell = one - 1; join(true); } });
  const perplexities = choice({
    label: "Perplexity", value: perplexity, options: options(maps.map((one) => [one.perplexity, String(one.perplexity)])),
    change: (one) => { perplexity = one; draw(); },
  });
  const starts = choice({
    label: "Start", value: start, options: options(maps.map((one) => [`${one.start} ${one.seed}`, called(one)])),
    change: (one) => { start = one; draw(); },
  });
  const marked = make("div", { class: "live-choice live-legend", role: "group", "aria-label": "Highlight up to two types" }, ...legend);
  area.append(make("div", { class: "live-row" }, perplexities.row, starts.row),
    make("div", { class: "live-halves" }, make("div", {}, svg, marked, which.row, note), table));
  draw();
});
