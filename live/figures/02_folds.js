// Cross-validation of a softmax regression: the scores of the folds, and the means of many deals.
deeptwins.figure("02_folds", async (area, { make, choice, button, plot, random, say, load }) => {
  const RATE = 1, EPOCHS = 80; // LEARNING_RATE and EPOCHS of the twins
  const FOLDS = [3, 5, 10], SPECIES = [0, 1, 2];
  const flowers = await load("data/02_folds");
  const all = flowers.map((_, i) => i);
  const mean = (values) => values.reduce((a, b) => a + b) / values.length;
  const deviation = (values, less = 0) =>
    Math.sqrt(values.reduce((sum, one) => sum + (one - mean(values)) ** 2, 0) / (values.length - less));

  // Train on `rows`, scaled by their mean and standard deviation; return the classes of `others`.
  const classify = (rows, others) => {
    const columns = flowers[0].x.map((_, j) => rows.map((i) => flowers[i].x[j]));
    const scaling = columns.map((own) => [mean(own), deviation(own)]);
    const scaled = (i) => [...scaling.map(([middle, sd], j) => (flowers[i].x[j] - middle) / sd), 1]; // 1: the bias
    const inputs = rows.map(scaled), truth = rows.map((i) => flowers[i].y), width = columns.length + 1;
    const weights = SPECIES.map(() => new Float64Array(width)), steps = SPECIES.map(() => new Float64Array(width));
    const sum = (own, x) => {
      let total = 0;
      for (let j = 0; j < width; j++) total += own[j] * x[j];
      return total;
    };
    for (let epoch = 0; epoch < EPOCHS; epoch++) {
      for (let n = 0; n < inputs.length; n++) {
        const powers = weights.map((own) => Math.exp(sum(own, inputs[n])));
        const total = powers[0] + powers[1] + powers[2];
        for (const c of SPECIES) { // the gradient of the cross-entropy is (p - truth) x
          const error = powers[c] / total - (truth[n] === c ? 1 : 0);
          for (let j = 0; j < width; j++) steps[c][j] += error * inputs[n][j];
        }
      }
      for (const c of SPECIES) {
        for (let j = 0; j < width; j++) weights[c][j] -= RATE * steps[c][j] / rows.length;
        steps[c].fill(0);
      }
    }
    return others.map((i) => {
      const sums = weights.map((own) => sum(own, scaled(i)));
      return sums.indexOf(Math.max(...sums));
    });
  };

  // Return the fold of each flower. Seed 0 is the division of the twins. The others shuffle the
  // flowers of each species and deal them like cards, so that each fold has its share of all.
  const divide = (seed, k) => {
    if (seed === 0) return flowers.map((one) => one.folds[k]);
    const draw = random(seed), fold = [];
    const mixed = all.map((i) => [flowers[i].y + draw(), i]).sort((a, b) => a[0] - b[0]);
    mixed.forEach(([, i], place) => { fold[i] = 1 + place % k; });
    return fold;
  };

  const validate = (seed, k) => {
    const fold = divide(seed, k), wrong = [];
    const scores = Array.from({ length: k }, (_, f) => {
      const left = all.filter((i) => fold[i] === f + 1);
      const found = classify(all.filter((i) => fold[i] !== f + 1), left);
      const errors = left.filter((i, n) => found[n] !== flowers[i].y);
      wrong.push(...errors);
      return (left.length - errors.length) / left.length;
    });
    return { scores, wrong, mean: mean(scores) };
  };

  const deals = new Map(FOLDS.map((k) => [k, []]));
  let k = 5;
  const deal = (times) => {
    const own = deals.get(k);
    for (let i = 0; i < times; i++) own.push(validate(own.length, k));
    show();
  };

  const { svg, layer, across, up } = plot({
    width: 360, height: 270, margin: { bottom: 30 }, alt: "", x: { from: 0, to: 1, label: "", ticks: [] },
    y: { from: 0.6, to: 1, label: "accuracy", ticks: [0.6, 0.7, 0.8, 0.9, 1] },
  });
  const draw = ({ scores, mean: here }, earlier) => {
    const bar = (x, half, value, colour) => make("line", {
      x1: x - half, x2: x + half, y1: up(value), y2: up(value), style: `stroke: var(${colour}); stroke-width: 3`,
    });
    const under = (x, text) => make("text", { x: across(x), y: 262, "text-anchor": "middle" }, text);
    const gap = (across(0.52) - across(0.04)) / Math.max(12, earlier.length);
    const dot = (score, i) => { // equal scores side by side
      const same = scores.filter((one) => one === score).length;
      const place = scores.slice(0, i).filter((one) => one === score).length;
      const cx = across(0.78) + (place - (same - 1) / 2) * 13;
      return make("circle", { cx, cy: up(score), r: 6, style: "fill: var(--one); stroke: var(--surface)" });
    };
    layer.replaceChildren(under(0.28, "earlier means"), under(0.78, "folds and mean"),
      ...earlier.map((one, i) => bar(across(0.04) + gap * (i + 0.5), Math.min(5, gap * 0.4), one.mean, "--grey")),
      bar(across(0.78), 60, here, "--text"), ...scores.map(dot));
  };

  const number = (tag, text, more) => make(tag, { class: "live-number", ...more }, String(text));
  const rows = make("tbody");
  const table = make("table", {}, make("caption", {}, "Standard deviation in all deals so far"),
    make("thead", {}, make("tr", {}, ...["folds", "deals", "fold scores", "means"].map((one) => number("th", one, { scope: "col", style: "white-space: nowrap" })))), rows);
  const note = make("p", { class: "live-note" });

  const show = () => {
    const own = deals.get(k), last = own.at(-1), earlier = own.slice(0, -1), score = (one) => one.toFixed(3);
    draw(last, earlier);
    svg.setAttribute("aria-label", `Deal ${own.length}, ${k} folds: ${last.scores.map(score).join(", ")}; mean ${score(last.mean)}. `
      + `Means of earlier deals: ${earlier.map((one) => score(one.mean)).join(", ") || "none"}.`);
    const spread = (values) => values.length > 1 ? score(deviation(values, 1)) : "–";
    rows.replaceChildren(...FOLDS.map((one) => {
      const done = deals.get(one);
      const cells = [done.length, spread(done.flatMap((each) => each.scores)), spread(done.map((each) => each.mean))];
      return make("tr", { class: one === k ? "live-best" : null },
        number("th", one, { scope: "row" }), ...cells.map((cell) => number("td", cell)));
    }));
    const times = all.map((i) => own.filter((one) => one.wrong.includes(i)).length);
    const always = times.filter((one) => one === own.length).length, never = times.filter((one) => one === 0).length;
    note.textContent = `Deal ${own.length} with ${k} folds (${earlier.length ? `seed ${earlier.length}` : "the division of the twins"}): mean ${score(last.mean)}. `
      + (earlier.length ? `Wrong in all ${own.length} deals: ${always} flowers. Wrong in some: ${all.length - always - never}. Never wrong: ${never}.`
        : `Wrong: ${always} flowers. Right: ${never}.`);
    say(`Deal ${own.length}, ${k} folds: from ${score(Math.min(...last.scores))} to ${score(Math.max(...last.scores))}, mean ${score(last.mean)}.`);
  };

  const folds = choice({
    label: "Folds", options: FOLDS.map((one) => [one, String(one)]), value: k,
    change: (next) => { k = next; deal(deals.get(k).length ? 0 : 1); },
  });
  area.append(make("div", { class: "live-row" }, folds.row,
    button("Deal again", () => deal(1)), button("Deal ten times", () => deal(10))),
  make("div", { class: "live-halves" }, svg, make("div", {}, table, note)));
  deal(1);
});
