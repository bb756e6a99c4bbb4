// Which residue of a peptide looks at which, and whether this tells what the prediction needs.
deeptwins.figure("13_attention", async (area, { make, choice, slider, field, strip, inSlices, say, load, trained }) => {
  const [model, kept] = await Promise.all([trained("kept/13_attention"), load("kept/13_attention")]);
  const { AMINO_ACIDS, LENGTH, HEADS } = kept.constants;
  const SIZE = 320; // of the map, with 24 for its letters

  let letters = "";
  let heads = []; // [head][place that looks][place that is looked at], the residues alone
  let head = "mean";
  let row = 0;

  // As pad_sequences() does: zeros in front, and what is too long loses its beginning.
  const encode = (text) => {
    const numbers = [...text].map((letter) => AMINO_ACIDS.indexOf(letter) + 1);
    return [...new Array(LENGTH - numbers.length).fill(0), ...numbers];
  };
  const mean = (numbers) => numbers.reduce((a, b) => a + b, 0) / numbers.length;
  const correlation = (a, b) => {
    const [da, db] = [a, b].map((x) => x.map((one) => one - mean(x)));
    const product = (x, y) => x.reduce((total, one, i) => total + one * y[i], 0);
    return product(da, db) / Math.sqrt(product(da, da) * product(db, db));
  };
  const name = (i) => `${letters[i]} ${i + 1}`;
  const highest = (numbers) => numbers.indexOf(Math.max(...numbers));
  const weights = () => (head === "mean"
    ? heads[0].map((from, i) => from.map((_, j) => mean(heads.map((one) => one[i][j])))) : heads[head]);

  const error = make("p", { class: "live-error" });
  const note = make("p", { class: "live-note" });
  const map = make("svg", { viewBox: `0 0 ${SIZE} ${SIZE}`, role: "img", class: "live-plot" });
  const scale = make("p", { class: "live-note" });
  const looks = strip();
  const beside = strip();
  const verdict = make("p", { class: "live-note" });

  const draw = () => {
    const table = weights();
    const most = Math.max(...table.flat());
    const from = table.findIndex((one) => one.includes(most));
    const step = (SIZE - 24) / letters.length;
    const letter = (i, x, y) => make("text", {
      x, y, "text-anchor": "middle", "dominant-baseline": "central", style: `font-size: ${Math.min(13, step)}px`,
    }, letters[i]);
    map.replaceChildren(
      ...table.map((numbers, i) => make("g", { onclick: () => choose(i) }, ...numbers.map((one, j) => make("rect", {
        x: 24 + j * step, y: i * step, width: step, height: step, fill: "var(--one)", "fill-opacity": (one / most).toFixed(3),
      })))),
      ...table.flatMap((_, i) => [letter(i, 12, (i + 0.5) * step), letter(i, 24 + (i + 0.5) * step, SIZE - 12)]),
      make("rect", { x: 24, y: row * step, width: SIZE - 24, height: step, fill: "none", stroke: "var(--text)", "stroke-width": 2 }));
    scale.textContent = `A row looks, a column is looked at. No colour is 0, full colour ${most.toFixed(3)}: ${name(from)} looks at ${name(table[from].indexOf(most))}.`;
    map.setAttribute("aria-label", `Attention map of ${letters.length} residues. ${scale.textContent}`);
    looks.set(`How much ${name(row)} looks at each residue. Equal weights would be ${(1 / letters.length).toFixed(3)}.`,
      letters, [table[row]], { chosen: highest(table[row]) });
    say(`${name(row)} looks most at ${name(highest(table[row]))}, weight ${Math.max(...table[row]).toFixed(2)}.`);
  };

  const choose = (i) => { row = i; rows.set(i + 1); draw(); };

  // As in the section of the script: the column's mean over heads and all places, padding as well.
  const explain = async (whole) => {
    const looked = [...letters].map((_, j) => mean(heads.map((one) => one.reduce((total, from) => total + from[j], 0) / LENGTH)));
    const effect = [];
    const left = encode(letters);
    const change = (i) => {
      const place = LENGTH - letters.length + i;
      effect[i] = Math.abs(whole - model.predict(left.map((number, k) => (k === place ? 0 : number)))[0]);
    };
    if (!await inSlices(letters.length, change, () => {})) return;
    const [a, b] = [highest(looked), highest(effect)];
    beside.set("Upper bars: how much each residue is looked at. Lower bars: its effect, the change of the score without it.",
      letters, [looked, effect], { shown: (one) => one.toFixed(3) });
    verdict.textContent = `Correlation of the two: ${correlation(looked, effect).toFixed(2)}. Most looked at: ${name(a)}, with an effect of ${effect[a].toFixed(2)}. Largest effect: ${name(b)}, ${effect[b].toFixed(2)}.`;
    say(`${note.textContent} ${verdict.textContent}`);
  };

  const show = (text) => {
    const all = text.trim();
    const wrong = [...all].find((letter) => !AMINO_ACIDS.includes(letter));
    error.textContent = wrong ? `“${wrong}” is not in AMINO_ACIDS. The script stops here: ValueError: substring not found.`
      : all.length < 3 ? "Type at least 3 residues." : "";
    shown.hidden = Boolean(error.textContent);
    if (error.textContent) { say(error.textContent); return; }
    letters = all.slice(-LENGTH);
    const x = encode(letters);
    const score = model.predict(x)[0];
    heads = model.run(x).look.scores.map((one) => one.slice(-letters.length).map((from) => from.slice(-letters.length)));
    note.textContent = `Score ${score.toFixed(3)}: ${score > 0.5 ? "AMP" : "other"}.`
      + (all.length > LENGTH ? ` The first ${all.length - LENGTH} residues are cut.` : "");
    const table = weights();
    rows.input.max = letters.length;
    choose(table.findIndex((one) => one.includes(Math.max(...table.flat())))); // the largest weight
    explain(score);
  };

  const typed = field({ label: "Peptide", value: kept.peptide, change: show });
  const which = choice({
    label: "Weights of", value: head, change: (next) => { head = next; draw(); },
    options: [["mean", "the mean"], ...Array.from({ length: HEADS }, (_, i) => [i, `head ${i + 1}`])],
  });
  const rows = slider({
    label: "Row", min: 1, max: kept.peptide.length, value: 1, shown: (place) => (letters ? name(place - 1) : ""),
    change: (place) => choose(place - 1),
  });
  const shown = make("div", { class: "live-area" }, which.row,
    make("div", { class: "live-halves" }, make("div", {}, map, scale), make("div", {}, rows.row, looks.box)),
    beside.box, verdict);
  area.append(typed.row, error, note, shown);
  show(kept.peptide);
});
