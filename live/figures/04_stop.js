// When to stop: by hand, and by the rule of Keras' EarlyStopping.
deeptwins.figure("04_stop", async (area, { make, slider, plot, say, load }) => {
  const { training, validation } = (await load("kept/04_stop")).overfit;
  const last = validation.length;
  let hand = last, patience = 3; // PATIENCE of the twins

  // What EarlyStopping(patience, restore_best_weights=True) does. Epochs count from 1.
  const stopEarly = () => {
    let best = 1, wait = 0;
    for (let epoch = 2; epoch <= last; epoch++) {
      if (validation[epoch - 1] < validation[best - 1]) [best, wait] = [epoch, 0];
      else if (++wait >= patience) return { best, end: epoch, stopped: true };
    }
    return { best, end: last, stopped: false };
  };

  const lowest = 1 + validation.indexOf(Math.min(...validation));
  const loss = (value) => value.toFixed(3);
  const hands = slider({
    label: "Stop after epoch", min: 1, max: last, value: hand, change: (next) => { hand = next; show(); },
  });
  const patiences = slider({
    label: "Patience", min: 1, max: last - 1, value: patience, change: (next) => { patience = next; show(); },
  });
  const rows = make("tbody");
  const table = make("table", {}, make("caption", {}, "Cross-entropy, and what is lost against the lowest validation"),
    make("thead", {}, make("tr", {}, make("td"), ...["your stop", "early stop", "restored"].map((one) =>
      make("th", { scope: "col", class: "live-number" }, one)))), rows);
  const note = make("p", { class: "live-note" });

  const drawing = plot({
    width: 360, height: 270, alt: "", x: { from: 1, to: last, label: "epoch", ticks: [1, 4, 7, 10, 13, 16] },
    y: { from: 0, to: 0.6, label: "cross-entropy", ticks: [0, 0.2, 0.4, 0.6] },
  });

  const show = () => {
    const { best, end, stopped } = stopEarly();
    const { at, across, up, layer } = drawing;
    const line = (values, style) => make("polyline", {
      points: values.map((value, i) => at(i + 1, value).join()).join(" "), style: `fill: none; stroke-width: 2.5; ${style}`,
    });
    const upright = (epoch, style) => make("line", {
      x1: across(epoch), x2: across(epoch), y1: up(0), y2: up(0.6), style: `stroke-width: 2; ${style}`,
    });
    const dot = (epoch, values) => make("circle", { cx: across(epoch), cy: up(values[epoch - 1]), r: 5.5, style: "fill: var(--text)" });
    const [x, y] = at(best, validation[best - 1]);
    layer.replaceChildren(
      line(training, "stroke: var(--one); stroke-dasharray: 7 4"), line(validation, "stroke: var(--two)"),
      make("text", { x: across(last) - 4, y: up(training[last - 1]) - 9, "text-anchor": "end" }, "training"),
      make("text", { x: across(last) - 4, y: up(validation[last - 1]) - 9, "text-anchor": "end" }, "validation"),
      upright(end, "stroke: var(--grey); stroke-dasharray: 2 4"), upright(hand, "stroke: var(--text)"),
      dot(hand, training), dot(hand, validation),
      make("path", { d: `M${x} ${y - 9}l9 9l-9 9l-9-9z`, style: "fill: var(--surface); stroke: var(--three); stroke-width: 2.5" }));
    const lost = (epoch) => loss(validation[epoch - 1] - validation[lowest - 1]);
    const row = (name, of) => make("tr", {}, make("th", { scope: "row" }, name),
      ...[hand, end, best].map((epoch) => make("td", { class: "live-number" }, String(of(epoch)))));
    rows.replaceChildren(row("epoch", (epoch) => epoch), row("training", (epoch) => loss(training[epoch - 1])),
      row("validation", (epoch) => loss(validation[epoch - 1])), row("lost", lost));
    note.textContent = stopped
      ? `With a patience of ${patience}, Keras stops after epoch ${end} and restores the weights of epoch ${best}.`
      : `With a patience of ${patience}, Keras never stops early: all ${last} epochs run. Then it restores the weights of epoch ${best}.`;
    drawing.svg.setAttribute("aria-label", `Two losses over ${last} epochs. Training falls to ${loss(training[last - 1])}. `
      + `Validation is lowest at epoch ${lowest}, ${loss(validation[lowest - 1])}, and ends at ${loss(validation[last - 1])}. `
      + `You stop after epoch ${hand}; early stopping ends after epoch ${end} and restores epoch ${best}.`);
    say(`You stop after epoch ${hand}: validation ${loss(validation[hand - 1])}, ${lost(hand)} above the lowest. `
      + `Patience ${patience}: ${stopped ? `stops after epoch ${end}` : "never stops"}, restores epoch ${best}.`);
  };

  area.append(
    make("div", { class: "live-halves" }, make("div", {}, hands.row), make("div", {}, patiences.row)),
    make("div", { class: "live-halves" }, make("div", {}, drawing.svg,
      make("p", { class: "live-row live-note" }, ...["● your stop", "┊ early stop", "◇ restored"].map((one) => make("span", {}, one)))),
    make("div", {}, table, note)));
  show();
});
