// A sentence, or a sequence of DNA, in the encodings of the chapter.
deeptwins.figure("10_encode", async (area, { make, choice, field, say, load }) => {
  const { constants, table } = await load("kept/10_encode");
  const { SENTENCES, MAXLEN, ALPHABET, NEW, K } = constants;

  // The vocabulary of the script: by the count, largest first, and then by the alphabet.
  const split = (text) => text.split(/\s+/).filter(Boolean);
  const counts = {};
  split(SENTENCES.join(" ")).forEach((word) => { counts[word] = (counts[word] ?? 0) + 1; });
  const words = Object.keys(counts).sort((a, b) => counts[b] - counts[a] || (a < b ? -1 : 1));
  const columns = ["padding", ...words];
  const kmers = Array.from({ length: K }).reduce(
    (starts) => starts.flatMap((start) => ALPHABET.map((base) => start + base)), [""]);

  let dna = false;
  let front = true;
  const quoted = (text) => (text.includes("'") ? `"${text}"` : `'${text}'`); // as Python prints it
  const cell = (one) => make("td", { class: one ? "live-code live-on" : "live-code" }, String(one));
  const error = make("p", { class: "live-error" });
  const output = make("div", {});
  const stopAt = (wrong = "", list, instead) => {
    error.hidden = !wrong;
    error.textContent = `“${wrong}” is not in ${list}. The script stops here: ValueError: ${quoted(wrong)} is not in list. (In R, its number is NA.) ${instead}`;
  };

  // ---- a sentence ----

  const showSentence = (text) => {
    const tokens = split(text);
    const known = tokens.filter((word) => words.includes(word));
    stopAt(tokens.find((word) => !words.includes(word)), "the vocabulary", "This figure leaves it out.");
    // As pad_sequences() does: it cuts in front, whatever side it pads.
    const numbers = known.map((word) => words.indexOf(word) + 1).slice(-MAXLEN);
    const zeros = new Array(MAXLEN - numbers.length).fill(0);
    const padded = front ? [...zeros, ...numbers] : [...numbers, ...zeros];
    const cut = known.length - numbers.length;
    const coded = padded.map((number) => columns.map((_, i) => (i === number ? 1 : 0)));
    const many = words.map((_, i) => Math.max(...coded.map((row) => row[i + 1])));

    let place = 0;
    const list = make("ol", { class: "live-strip live-words", role: "list" }, ...tokens.map((word) => {
      const number = words.indexOf(word) + 1;
      if (number) place += 1;
      const note = !number ? "?" : place <= cut ? `${number}, cut` : String(number);
      return make("li", {}, make("span", {}, word), make("span", {}, note));
    }));
    const rows = padded.map((number, i) => make("tr", {}, make("th", { scope: "row" }, columns[number]),
      make("td", { class: "live-code" }, String(number)), ...coded[i].map(cell),
      ...table[number].map((one) => make("td", { class: "live-number" }, one.toFixed(3)))));
    output.replaceChildren(list, make("table", { class: "live-codes" },
      make("thead", {}, make("tr", {}, make("td", {}),
        ...["number", ...columns].map((name) => make("th", { scope: "col" }, make("span", { class: "live-upright" }, name))),
        make("th", { scope: "colgroup", colspan: 2 }, "embedding"))),
      make("tbody", {}, ...rows),
      make("tfoot", {}, make("tr", {}, make("th", { scope: "row", colspan: 2 }, "multi-hot"),
        make("td", { class: "live-code" }, "–"), ...many.map(cell), make("td", { colspan: 2 })))));
    say(`Numbers ${padded.join(", ")}. Multi-hot ${many.join(" ")}.`);
  };

  // ---- DNA ----

  const showDna = (text) => {
    const letters = [...text.replace(/[\r\n]/g, "")];
    stopAt(letters.find((base) => !ALPHABET.includes(base)), "ALPHABET", "This figure leaves its place empty.");
    const list = make("ol", { class: "live-strip live-bases", role: "list" }, ...letters.map((base) => {
      const at = ALPHABET.indexOf(base);
      return make("li", {}, make("span", {}, base), make("span", {}, at < 0 ? "?" : String(at + 1)),
        ...ALPHABET.map((_, i) => make("span", { class: i === at ? "live-on" : null }, at < 0 ? "–" : String(Number(i === at)))));
    }));
    const occurring = kmers.filter((kmer) => letters.join("").includes(kmer));
    const hits = make("ol", { class: "live-strip live-kmers", role: "list" }, ...kmers.map((kmer) => {
      const on = occurring.includes(kmer);
      return make("li", { class: on ? "live-on" : null }, make("span", {}, kmer), make("span", {}, on ? "1" : "0"));
    }));
    output.replaceChildren(
      make("p", { class: "live-note" }, `${letters.length} letters: number, and one-hot in the order ${ALPHABET.join(", ")}.`), list,
      make("p", { class: "live-note" }, `Multi-hot: ${occurring.length} of the ${kmers.length} ${K}-mers occur.`), hits);
    say(`${letters.length} letters. ${occurring.length} of the ${kmers.length} ${K}-mers occur.`);
  };

  // ---- both ----

  const show = () => (dna ? showDna : showSentence)(typed.input.value);
  const typed = field({
    label: "Text", value: SENTENCES[1], lines: 2,
    change: () => { if (!dna) start.set(null); show(); },
  });
  const side = choice({
    label: "Padding", options: [[true, "in front"], [false, "at the end"]], value: front,
    change: (next) => { front = next; show(); },
  });
  const start = choice({
    label: "Sentence", options: [...SENTENCES.map((text, i) => [text, String(i + 1)]), [NEW, "or DNA"]], value: SENTENCES[1],
    change: (text) => {
      dna = text === NEW;
      side.row.hidden = dna;
      typed.input.value = text;
      show();
    },
  });
  area.append(start.row, typed.row, side.row, error, output);
  show();
});
