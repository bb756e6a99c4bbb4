// Peptides of one's own, read as the script reads them: their scores, and where they come from.
deeptwins.figure("12_peptide", async (area, { make, choice, field, strip, inSlices, say, load, trained }) => {
  const [model, { constants }] = await Promise.all([trained("kept/12_peptide"), load("kept/12_peptide")]);
  const { PEPTIDE, AMINO_ACIDS, LENGTH } = constants;
  const REPLACED_BY = [...AMINO_ACIDS.slice(0, 20)];
  const EXAMPLES = [ // of the tasks of the chapter
    [PEPTIDE, "melittin"],
    [">indolicidin\nILPWKWPWWPWRR\n>GLP-1\nHAEGTFTSDVSSYLEGQAAKEFIAWLVKGR\n>insulin, B chain\nFVNQHLCGSHLVEALYLVCGERGFFYTPKT", "three peptides"],
    [">first\ngigkf lhs\n>second\nKWKLFKKB\nIEK*", "five lines"],
  ];

  // As read_peptides() does. Returns {peptides, printed}, or {error}.
  const read = (text) => {
    const lines = text.replace(/^\uFEFF/, "").split("\n").map((line) => line.replace(/^[ \t\r]+|[ \t\r]+$/g, ""));
    const fasta = lines.some((line) => line.startsWith(">"));
    const entries = [];
    lines.forEach((line, i) => {
      const header = line.startsWith(">");
      if (header || !fasta || !entries.length) entries.push({ name: header ? line.slice(1).trim() : "", lines: [] });
      if (!header) entries.at(-1).lines.push([i + 1, line]);
    });
    const found = entries.map((one) => ({
      ...one, letters: one.lines.map(([, line]) => line).join("").replace(/\*+$/, ""),
    })).filter((one) => one.letters);
    const wrong = found.find((one) => !/^[A-Za-z]+$/.test(one.letters));
    if (wrong) {
      const [number] = wrong.lines.find(([, line]) => /[^A-Za-z]/.test(line));
      return { error: `Not a peptide: ${wrong.letters} (line ${number})` };
    }
    const capitals = found.map((one) => one.letters.toUpperCase());
    const made = capitals.join("").replace(/[^BJOUZ]/g, "").length;
    const cut = capitals.filter((letters) => letters.length > LENGTH).length;
    return {
      printed: `peptides: ${found.length} - letters made X: ${made} - cut: ${cut}`,
      peptides: capitals.map((letters, i) => ({
        name: found[i].name || `peptide ${i + 1}`, letters: letters.replace(/[BJOUZ]/g, "X").slice(0, LENGTH),
      })),
    };
  };

  const score = (letters) => {
    const numbers = [...letters].map((letter) => AMINO_ACIDS.indexOf(letter) + 1);
    return model.predict([...new Array(LENGTH - numbers.length).fill(0), ...numbers])[0];
  };
  const named = (p) => (p > 0.5 ? "AMP" : "other");

  const error = make("p", { class: "live-error" });
  const note = make("p", { class: "live-note" });
  const rows = make("tbody", {});
  const table = make("table", {}, make("thead", {}, make("tr", {},
    ...["peptide", "residues", "score", "class"].map((name) => make("th", { scope: "col" }, name)))), rows);
  const list = make("div", { class: "live-list live-scroll" }, table);
  const lost = strip();
  const summary = make("p", { class: "live-note" });
  const busy = (what, count) => (done) => {
    summary.textContent = `Computing the ${what}: ${Math.round((100 * done) / count)} % ...`;
  };

  // Replace each residue by each of the 20 amino acids.
  const explain = async ({ name, letters }, whole) => {
    const variants = [...letters].flatMap((_, i) => REPLACED_BY.map((one) => letters.slice(0, i) + one + letters.slice(i + 1)));
    const p = [];
    lost.box.setAttribute("aria-busy", true);
    if (!await inSlices(variants.length, (i) => { p[i] = score(variants[i]); }, busy("replacements", variants.length))) return;
    lost.box.setAttribute("aria-busy", false);
    const mean = (numbers) => numbers.reduce((a, b) => a + b) / numbers.length;
    const bars = [...letters].map((_, i) => whole - mean(p.slice(i * 20, i * 20 + 20)));
    const lowest = Math.min(...p);
    const at = p.indexOf(lowest);
    const most = bars.reduce((a, one, i) => (Math.abs(one) > Math.abs(bars[a]) ? i : a), 0);
    const place = Math.floor(at / 20);
    lost.set(`Score that ${name} loses on average without this residue`, letters, [bars], { chosen: most });
    summary.textContent = `Score ${whole.toFixed(3)}, lowest ${lowest.toFixed(3)}`
      + (lowest < whole ? `: with ${REPLACED_BY[at % 20]} instead of ${letters[place]} at place ${place + 1}.` : ".");
    say(`${name}: ${named(whole)}. ${summary.textContent} Largest bar: ${letters[most]} ${most + 1}, ${bars[most].toFixed(2)}.`);
  };

  const show = async (text) => {
    const found = read(text);
    const { peptides = [] } = found;
    error.textContent = found.error ?? "";
    note.textContent = found.printed ?? "";
    list.hidden = lost.box.hidden = summary.hidden = !peptides.length;
    const p = [];
    if (!await inSlices(peptides.length, (i) => { p[i] = score(peptides[i].letters); }, busy("peptides", peptides.length))) return;
    rows.replaceChildren();
    if (!peptides.length) { say(found.error ?? found.printed); return; }
    const buttons = peptides.map((one, i) => make("button", {
      type: "button", onclick: () => { choose(i); },
    }, one.name));
    const choose = (i) => {
      buttons.forEach((one, k) => one.setAttribute("aria-pressed", i === k));
      explain(peptides[i], p[i]);
    };
    rows.replaceChildren(...peptides.map((one, i) => make("tr", {}, make("th", { scope: "row" }, buttons[i]),
      make("td", { class: "live-sequence" }, one.letters), make("td", { class: "live-number" }, p[i].toFixed(3)), make("td", {}, named(p[i])))));
    choose(0);
  };

  const typed = field({
    label: "Peptides: FASTA, or one a line", value: PEPTIDE, lines: 4,
    change: (text) => { examples.set(null); show(text); },
  });
  const examples = choice({
    label: "Example", options: EXAMPLES, value: PEPTIDE,
    change: (text) => { typed.input.value = text; show(text); },
  });
  area.append(examples.row, typed.row, error, note, list, lost.box, summary);
  show(PEPTIDE);
});
