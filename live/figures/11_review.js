// A review of one's own: how the LSTM changes its answer with each word, and the averaging network.
deeptwins.figure("11_review", async (area, { make, choice, button, field, random, say, load, trained }) => {
  const [lstm, averaging, { words, constants }] = await Promise.all([
    trained("kept/11_review"), trained("kept/11_average"), load("kept/11_review")]);
  const { SENTENCES, LENGTH, LABELS } = constants;
  const UNKNOWN = 1;
  const numbers = new Map(words.split(" ").map((word, i) => [word, i + UNKNOWN]));

  // As TextVectorization does: small letters for A to Z, no ASCII punctuation, split at blanks.
  const tokens = (text) => text.replace(/[A-Z]/g, (letter) => letter.toLowerCase())
    .replace(/[!-/:-@[-`{-~]/g, "").split(/[ \t\n\v\f\r]+/).filter(Boolean);
  const padded = (row) => [...row, ...new Array(LENGTH - row.length).fill(0)];
  const named = (p) => LABELS[p > 0.5 ? 1 : 0];
  const shown = (p) => `${p.toFixed(3)}, ${named(p)}`;

  let seed = 0;
  const whole = make("tbody", {});
  const note = make("p", { class: "live-note" });
  const rows = make("tbody", {});

  const row = (name, more, p) => make("tr", {}, make("th", { scope: "row" }, name), make("td", { class: "live-number" }, more),
    make("td", { class: "live-either", "aria-hidden": "true" }, make("span", {
      style: `left: ${Math.min(p, 0.5) * 100}%; width: ${Math.abs(p - 0.5) * 100}%`,
    })),
    make("td", { class: "live-number" }, p.toFixed(3)));

  const show = () => {
    const all = tokens(typed.input.value);
    const read = all.slice(0, LENGTH);
    const codes = read.map((word) => numbers.get(word) ?? UNKNOWN);
    // The output after a word does not depend on the words behind it: so read the words up to it.
    const after = codes.map((_, i) => lstm.predict(padded(codes.slice(0, i + 1)))[0]);
    rows.replaceChildren(...read.map((word, i) => row(word, codes[i] === UNKNOWN ? "unknown" : String(codes[i]), after[i])));
    if (!read.length) {
      whole.replaceChildren();
      note.textContent = "Type a word.";
      say(note.textContent);
      return;
    }
    const p = [after.at(-1), averaging.predict(padded(codes))[0]];
    whole.replaceChildren(...["LSTM", "averaging"].map((name, i) => row(name, named(p[i]), p[i])));
    const unknown = codes.filter((number) => number === UNKNOWN).length;
    const cut = all.length - read.length;
    note.textContent = `${read.length} words, ${unknown} of them unknown.`
      + (cut ? ` The last ${cut} are cut: the networks read ${LENGTH}.` : "");
    say(`LSTM ${shown(p[0])}. Averaging network ${shown(p[1])}. ${note.textContent}`);
  };

  // The words that are read, in random order, as the script shuffles them; those cut stay cut.
  const shuffle = () => {
    const all = tokens(typed.input.value);
    const draw = random(++seed);
    const drawn = all.map((word, i) => [i < LENGTH ? draw() : 1, word]).sort((a, b) => a[0] - b[0]);
    typed.input.value = drawn.map(([, word]) => word).join(" ");
    sentences.set(null);
    show();
  };

  const typed = field({
    label: "Review", value: SENTENCES[0], lines: 2, change: () => { sentences.set(null); show(); },
  });
  const sentences = choice({
    label: "Sentence", options: SENTENCES.map((text, i) => [text, String(i + 1)]), value: SENTENCES[0],
    change: (text) => { seed = 0; typed.input.value = text; show(); },
  });
  area.append(typed.row,
    make("div", { class: "live-row" }, sentences.row, button("Shuffle the words", shuffle)),
    make("div", { class: "live-halves" }, make("div", {},
      make("table", {}, make("caption", {}, "The whole review: from 0, negative, to 1, positive"), whole), note),
      make("table", {}, make("caption", {}, "The LSTM after each word"), rows)));
  show();
});
