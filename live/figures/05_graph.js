// The two gates of the drawing, with values to change, and steps down the slope of f.
deeptwins.figure("05_graph", async (area, { make, slider, button, say }) => {
  const NAMES = ["x", "y", "z"];
  const POINT = [-2, 5, -4]; // of the twins
  const FAR = 100; // f has no lowest value, so the steps must end somewhere
  let point = [...POINT];
  let rate = 0.1;

  // Two decimals at most, and fewer where there would be no room for them.
  const text = (value) => String(Number(value.toFixed(Math.abs(value) < 100 ? 2 : 0)) || 0).replace("-", "−");
  const factor = (value) => (value < 0 ? `(${text(value)})` : text(value));

  // As in the section "Gates": forward to f, and back from 1.
  const pass = ([x, y, z]) => {
    const q = x + y;
    const f = q * z;
    const dq = z;
    const dz = q;
    return { q, f, dq, dz, dx: 1 * dq, dy: 1 * dq };
  };

  const sliders = NAMES.map((label, i) => slider({
    label, min: -8, max: 8, step: 0.5, value: point[i], shown: text,
    change: (value) => { point[i] = value; show(); },
  }));
  const speed = slider({
    label: "Learning rate", min: 0.05, max: 2, step: 0.05, value: rate, shown: text,
    change: (value) => { rate = value; show(); },
  });

  // Each wire: its way, where its two numbers begin, its height there, and where its name stands.
  const WIRES = {
    x: { way: "M26 40 H96 L126 74", from: 30, level: 40, name: [14, 45] },
    y: { way: "M26 132 H96 L126 98", from: 30, level: 132, name: [14, 137] },
    z: { way: "M26 208 H228 L274 164", from: 30, level: 208, name: [14, 213] },
    q: { way: "M152 86 H228 L274 135", from: 160, level: 86, name: [190, 56] },
    f: { way: "M300 149 H378", from: 304, level: 149, name: [389, 154] },
  };
  const numbers = {};
  const wires = Object.entries(WIRES).map(([name, { way, from, level, name: [at, below] }]) => {
    const forward = make("text", { x: from + 20, y: level - 8 });
    const backward = make("text", { x: from + 20, y: level + 20 });
    numbers[name] = { forward, backward };
    return make("g", {}, make("path", { d: way }), forward, backward,
      make("text", { class: "live-forward", x: from, y: level - 8 }, "→"),
      make("text", { class: "live-backward", x: from, y: level + 20 }, "←"),
      make("text", { class: "live-name", x: at, y: below, "text-anchor": "middle" }, name));
  });
  const gates = [["+", 136, 86], ["×", 284, 149]].map(([sign, x, y]) => make("g", {},
    make("circle", { cx: x, cy: y, r: 17 }),
    make("text", { class: "live-name", x, y: y + 6, "text-anchor": "middle" }, sign)));
  const svg = make("svg", { class: "live-plot live-graph", viewBox: "0 0 400 236", role: "img" }, ...wires, ...gates);

  const sums = make("div", { class: "live-sums" });
  const steps = make("p", { class: "live-note" });

  const show = (last = "") => {
    const [x, y, z] = point;
    const { q, f, dq, dz, dx, dy } = pass(point);
    const values = { x: [x, dx], y: [y, dy], z: [z, dz], q: [q, dq], f: [f, 1] };
    for (const [name, [forward, backward]] of Object.entries(values)) {
      numbers[name].forward.textContent = text(forward);
      numbers[name].backward.textContent = text(backward);
    }
    svg.setAttribute("aria-label", "Two gates. "
      + `Forward: x = ${text(x)}, y = ${text(y)}, q = x + y = ${text(q)}, z = ${text(z)}, f = q times z = ${text(f)}. `
      + `Gradients, backward: f 1, q ${text(dq)}, z ${text(dz)}, x ${text(dx)}, y ${text(dy)}.`);
    sums.replaceChildren(
      make("p", {}, make("span", { class: "live-forward" }, "→"), " Forward, the values:", make("br"),
        `q = x + y = ${text(x)} + ${factor(y)} = ${text(q)}`, make("br"),
        `f = q · z = ${text(q)} · ${factor(z)} = ${text(f)}`),
      make("p", {}, make("span", { class: "live-backward" }, "←"), " Backward, the slopes of f:", make("br"),
        `dq = 1 · z = ${text(dq)}`, make("br"),
        `dz = 1 · q = ${text(dz)}`, make("br"),
        `dx = dq · 1 = ${text(dx)}`, make("br"),
        `dy = dq · 1 = ${text(dy)}`));
    sliders.forEach((one, i) => one.set(point[i]));
    steps.textContent = last || `One step changes x by −${text(rate)} · dx = ${text(-rate * dx)}, y by ${text(-rate * dy)} and z by ${text(-rate * dz)}.`;
    say(last || `f is ${text(f)}. Gradients: x ${text(dx)}, y ${text(dy)}, z ${text(dz)}.`);
  };

  const step = () => {
    const before = pass(point);
    const slopes = [before.dx, before.dy, before.dz];
    const next = point.map((value, i) => value - rate * slopes[i]);
    if (Math.max(...next.map(Math.abs)) > FAR) {
      show(`The next step would go beyond ${FAR}. f has no lowest value, so it would fall for ever. A loss cannot fall below 0. Start again.`);
      return;
    }
    point = next;
    const after = pass(point).f;
    const predicted = -rate * slopes.reduce((sum, one) => sum + one * one, 0);
    show(`f before the step: ${text(before.f)}. After it: ${text(after)}. `
      + `That is a change of ${text(after - before.f)}; the slopes alone predict ${text(predicted)}.`);
  };

  area.append(make("div", { class: "live-halves" },
    make("div", {}, ...sliders.map((one) => one.row), speed.row,
      make("div", { class: "live-row" }, button("One step down", step),
        button("Start again", () => { point = [...POINT]; show(); })), steps),
    svg), sums);
  show();
});
