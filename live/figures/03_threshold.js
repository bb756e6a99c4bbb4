// One threshold: four counts, three rates, two curves and a cost.
deeptwins.figure("03_threshold", async (area, { make, slider, button, bars, plot, say, load }) => {
  const COST_ALARM = 1; // as in the twins
  let cut = 50, miss = 20; // a threshold of 0.50, and COST_MISS of the twins
  const scores = await load("data/03_threshold"); // 100 times a score, ill people, healthy people
  const sum = (values) => values.reduce((a, b) => a + b, 0);

  // Everything at each threshold from 0 to 1. Whoever has this score or a higher one is called ill.
  const ill = sum(scores.map((one) => one[1])), healthy = sum(scores.map((one) => one[2]));
  const table = Array.from({ length: 101 }, (_, at) => {
    const called = scores.filter(([score]) => score >= at);
    const tp = sum(called.map((one) => one[1])), fp = sum(called.map((one) => one[2]));
    return {
      tp, fp, fn: ill - tp, tn: healthy - fp, sensitivity: tp / ill, specificity: 1 - fp / healthy,
      precision: called.length ? tp / (tp + fp) : null, // nobody is called ill: undefined
    };
  });
  const cost = (at) => miss * table[at].fn + COST_ALARM * table[at].fp;
  // As the twins do: of the scores that people have, the lowest with the smallest cost.
  const cheapest = () => scores.map(([score]) => score).reduce((a, b) => (cost(b) < cost(a) ? b : a));

  const text = (at) => (at / 100).toFixed(2);
  const large = (count) => count.toLocaleString("en-GB");
  const cuts = slider({
    label: "Threshold", min: 0, max: 100, value: cut, shown: text, change: (at) => { cut = at; show(); },
  });
  const misses = slider({
    label: "Cost of a miss", min: 1, max: 100, value: miss, change: (next) => { miss = next; show(); },
  });
  const jump = button("Go to the lowest cost", () => { cut = cheapest(); cuts.set(cut); show(); });

  const cell = (tag, ...text) => make(tag, { class: "live-number", style: "white-space: nowrap", scope: text.length && "col" || null }, ...text);
  const cells = { tp: cell("td"), fn: cell("td"), fp: cell("td"), tn: cell("td") };
  const head = (name) => make("th", { scope: "row" }, name);
  const counts = make("table", {}, make("caption", {}, `${large(ill + healthy)} people of the validation set`),
    make("thead", {}, make("tr", {}, make("td"), cell("th", "called ill"), cell("th", "left alone"))),
    make("tbody", {}, make("tr", {}, head("ill"), cells.tp, cells.fn),
      make("tr", {}, head("healthy"), cells.fp, cells.tn)));
  const rates = bars(["sensitivity", "specificity", "precision"], { label: "Rates" });
  const note = make("p", {});
  const costs = make("div"), curves = make("div", { class: "live-halves" });

  // A curve through all thresholds, with your place (a dot) and that of the lowest cost (a diamond).
  const curve = (what, x, y, place, least) => {
    const seen = table.map((_, at) => at).filter((at) => place(at)[1] !== null);
    const said = (at) => place(at)[1] === null ? "undefined"
      : place(at).map((one) => one > 1 ? large(one) : one.toFixed(3)).join(", ");
    const { svg, layer, at: to } = plot({
      width: 340, height: 250, x, y, margin: { left: 58 },
      alt: `${what}: ${y.label} against ${x.label}. Your threshold: ${said(cut)}. Lowest cost: ${said(least)}.`,
    });
    const [a, b] = to(...place(least));
    layer.append(
      make("polyline", { points: seen.map((at) => to(...place(at)).join()).join(" "), style: "fill: none; stroke: var(--one); stroke-width: 2" }),
      make("path", { d: `M${a} ${b - 9}l9 9l-9 9l-9-9z`, style: "fill: var(--surface); stroke: var(--two); stroke-width: 2.5" }));
    if (place(cut)[1] !== null) {
      const [cx, cy] = to(...place(cut));
      layer.append(make("circle", { cx, cy, r: 5, style: "fill: var(--text)" }));
    }
    return make("div", {}, make("strong", {}, what), svg);
  };

  const show = () => {
    const here = table[cut], least = cheapest();
    for (const [name, own] of Object.entries(cells)) own.textContent = `${large(here[name])} ${name.toUpperCase()}`;
    rates.set([here.sensitivity, here.specificity, here.precision], (one) => one === null ? "undefined" : one.toFixed(3));
    note.textContent = `Cost: ${here.fn} × ${miss} for missed people and ${large(here.fp)} × ${COST_ALARM} for false alarms, `
      + `together ${large(cost(cut))}. The lowest cost is ${large(cost(least))}, at a threshold of ${text(least)}.`;
    const share = (label) => ({ from: 0, to: 1, label, ticks: [0, 0.5, 1] });
    const most = Math.ceil(Math.max(...table.map((_, at) => cost(at))) / 1000) * 1000;
    costs.replaceChildren(curve("Cost", share("threshold"), { from: 0, to: most, label: "cost", ticks: [0, most / 2, most] },
      (at) => [at / 100, cost(at)], least));
    curves.replaceChildren(
      curve("ROC curve", share("1 − specificity"), share("sensitivity"),
        (at) => [1 - table[at].specificity, table[at].sensitivity], least),
      curve("Precision-recall curve", share("sensitivity (recall)"), share("precision"),
        (at) => [table[at].sensitivity, table[at].precision], least));
    say(`${here.tp} ill people found, ${here.fn} missed, ${here.fp} false alarms, cost ${cost(cut)}. Lowest cost at ${text(least)}.`);
  };

  area.append(
    make("div", { class: "live-halves" }, make("div", {}, cuts.row), make("div", {}, misses.row)),
    make("div", { class: "live-row" }, jump,
      ...["● your threshold", "◇ lowest cost"].map((one) => make("span", { class: "live-note" }, one))),
    make("div", { class: "live-halves" }, costs, make("div", {}, counts, rates.table)), note, curves);
  show();
});
