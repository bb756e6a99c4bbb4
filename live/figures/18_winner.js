// A search among candidates that are all equally good: the best score is too good.
deeptwins.figure("18_winner", async (area, { make, slider, button, say, plot, random }) => {
  const ROWS = [10, 20, 30, 50, 70, 100, 200, 350, 1000]; // of the validation
  const FRESH = 320; // as many as the section's network predicts afterwards
  const SEARCHES = 200;
  let candidates = 200; // CANDIDATES, FEW and coins for labels, as in the twins
  let rows = 30;
  let truth = 0.5;
  let seed = 1;

  const shown = (value) => value.toFixed(3).replace("-", "−");
  const mean = (values) => values.reduce((sum, one) => sum + one, 0) / values.length;

  // Return a function that draws how many of n rows are right, each with probability p: it looks up
  // where a random number between 0 and 1 lies among the cumulative probabilities.
  const binomial = (n, p, next) => {
    let log = n * Math.log(1 - p);
    let total = 0;
    const upTo = Array.from({ length: n + 1 }, (_, k) => {
      total += Math.exp(log);
      log += Math.log(((n - k) / (k + 1)) * (p / (1 - p)));
      return total;
    });
    return () => {
      const sought = next();
      let [low, high] = [0, n];
      while (low < high) {
        const middle = (low + high) >> 1;
        if (upTo[middle] < sought) low = middle + 1;
        else high = middle;
      }
      return low;
    };
  };

  // The searches of a seed; the first of them is the one that we show.
  const search = () => {
    const next = random(seed);
    const validation = binomial(rows, truth, next);
    const fresh = binomial(FRESH, truth, next);
    return Array.from({ length: SEARCHES }, () => {
      const scores = Array.from({ length: candidates }, () => validation() / rows);
      return { scores, best: Math.max(...scores), fresh: fresh() / FRESH };
    });
  };

  const drawing = make("div", { class: "live-candidates" });
  const cells = Array.from({ length: 3 }, () => [0, 1].map(() => make("td", { class: "live-number" })));
  const winner = make("th", { scope: "row" });
  const note = make("p", { class: "live-note" });

  const show = () => {
    const found = search();
    const { scores, best, fresh } = found[0];
    const at = scores.indexOf(best);
    const ties = scores.filter((one) => one === best).length;
    const numbers = {
      best: mean(found.map((one) => one.best)), fresh: mean(found.map((one) => one.fresh)),
    };

    const { svg, layer, across, up } = plot({
      width: 380, height: 330, x: { from: -5, to: 205, label: "candidate", ticks: [1, 50, 100, 150, 200] },
      y: { from: 0, to: 1, label: "accuracy", ticks: [0, 0.25, 0.5, 0.75, 1] },
      alt: `${candidates} candidates with scores from ${shown(Math.min(...scores))} to ${shown(best)}, around the true accuracy ${shown(truth)}. `
        + `The winner, number ${at + 1}, has ${shown(best)}, and ${shown(fresh)} on fresh rows.`,
    });
    const x = across(at + 1);
    layer.append(make("line", { class: "live-truth", x1: across(-5), x2: across(205), y1: up(truth), y2: up(truth) }),
      ...scores.map((score, i) => make("circle", { cx: across(i + 1), cy: up(score), r: 2 })),
      make("line", { class: "live-fall", x1: x, x2: x, y1: up(best), y2: up(fresh) }),
      make("circle", { class: "live-winner", cx: x, cy: up(best), r: 6 }),
      make("rect", { class: "live-fresh", x: x - 5, y: up(fresh) - 5, width: 10, height: 10 }));
    drawing.replaceChildren(svg);

    winner.textContent = `Best of ${candidates} on ${rows} rows (circle)`;
    const pairs = [[best, numbers.best], [fresh, numbers.fresh], [best - truth, numbers.best - truth]];
    pairs.forEach((pair, i) => pair.forEach((value, j) => { cells[i][j].textContent = shown(value); }));
    note.textContent = `Dashed line: the true accuracy of every candidate. ${ties > 1 ? `${ties} candidates share the best score; we take the first of them.` : ""}`;
    say(`Best of ${candidates}: ${shown(best)}, on fresh rows ${shown(fresh)}. Mean optimism of ${SEARCHES} searches ${shown(numbers.best - truth)}.`);
  };

  const sliders = [
    slider({ label: "Candidates", min: 1, max: 200, value: candidates, change: (value) => { candidates = value; show(); } }),
    slider({
      label: "Validation rows", min: 0, max: ROWS.length - 1, value: ROWS.indexOf(rows), shown: (i) => String(ROWS[i]),
      change: (i) => { rows = ROWS[i]; show(); },
    }),
    slider({
      label: "True accuracy of all", min: 0.5, max: 0.95, step: 0.05, value: truth, shown: (value) => value.toFixed(2),
      change: (value) => { truth = value; show(); },
    }),
  ];
  const line = (head, i) => make("tr", {}, head, ...cells[i]);
  const heading = (text) => make("th", { scope: "col", class: "live-number" }, text);
  const table = make("table", { class: "live-curse" },
    make("thead", {}, make("tr", {}, make("td", {}), heading("this search"), heading(`mean of ${SEARCHES} searches`))),
    make("tbody", {}, line(winner, 0),
      line(make("th", { scope: "row" }, `The same on ${FRESH} fresh rows (square)`), 1),
      line(make("th", { scope: "row" }, make("strong", {}, "Optimism"), ": best minus true"), 2)));
  const again = button("Draw again", () => { seed += 1; show(); });

  area.append(make("div", { class: "live-halves" },
    make("div", {}, ...sliders.map((one) => one.row), make("div", { class: "live-row" }, again), table), make("div", {}, drawing, note)));
  show();
});
