// Nine weights over one image: convolution without padding, ReLU, and max pooling of 2 x 2.
deeptwins.figure("07_kernel", async (area, { make, id, slider, say, load }) => {
  const image = await load("data/07_kernel");
  const PRESETS = {
    "Edge left–right": [-1, 0, 1, -1, 0, 1, -1, 0, 1],
    "Edge top–bottom": [-1, -1, -1, 0, 0, 0, 1, 1, 1],
    Blur: [1, 1, 1, 1, 1, 1, 1, 1, 1],
    Sharpen: [0, -1, 0, -1, 5, -1, 0, -1, 0],
  };
  const MOST = 5;
  const CELLS = [0, 1, 2];
  let kernel = Object.values(PRESETS)[0];
  let row = 13; // where the window begins, from 0: at the right edge of an eye
  let column = 9;

  const number = (value) => String(Number(value.toFixed(2)) || 0).replace("-", "−");
  const factor = (value) => (value < 0 ? `(${number(value)})` : number(value));
  const grid = (side, value) => Array.from({ length: side }, (_, r) => Array.from({ length: side }, (_, c) => value(r, c)));
  const sum = (numbers) => numbers.reduce((total, one) => total + one, 0);

  // ---- the weights ----

  const weights = kernel.map((weight, i) => make("input", {
    type: "number", min: -MOST, max: MOST, step: 0.5, value: weight,
    "aria-label": `Weight in row ${Math.floor(i / 3) + 1}, column ${(i % 3) + 1}`,
    oninput: () => {
      const value = weights[i].valueAsNumber;
      wrong.hidden = Math.abs(value) <= MOST;
      if (!wrong.hidden) return;
      kernel = kernel.map((one, j) => (j === i ? value : one));
      show();
    },
  }));
  const wrong = make("p", { class: "live-error", hidden: true }, `A weight here is a number from −${MOST} to ${MOST}.`);
  const presets = Object.entries(PRESETS).map(([name, weights_]) => make("button", {
    type: "button", onclick: () => set(weights_),
  }, name));
  const set = (next) => {
    kernel = next;
    weights.forEach((input, i) => { input.value = next[i]; });
    wrong.hidden = true;
    show();
  };
  const place = (label, value, change) => slider({
    label, min: 1, max: image.length - 2, value: value + 1, change: (next) => { change(next - 1); show(); },
  });
  const places = [place("Window: row", row, (next) => { row = next; }),
    place("Window: column", column, (next) => { column = next; })];

  // ---- the pictures ----

  // A grey picture of side x side numbers, the lowest black and the highest white, and over it the frame of what we look at. `reach` is the
  // size of the frame, and `first` says where a press on the picture puts the window.
  const picture = (title, side, reach, first) => {
    const canvas = make("canvas", { width: side, height: side, role: "img" });
    const frame = make("rect", { width: reach, height: reach });
    const press = (event) => {
      if (event.type === "pointermove" && event.buttons !== 1) return;
      const { left, top, width } = canvas.getBoundingClientRect();
      const at = (distance) => Math.max(0, Math.min(image.length - 3, first(Math.floor((distance / width) * side))));
      [row, column] = [at(event.clientY - top), at(event.clientX - left)];
      show();
    };
    const range = make("span", { class: "live-range" });
    const box = make("figure", { class: "live-picture" },
      make("div", { onpointerdown: press, onpointermove: press }, canvas,
        make("svg", { viewBox: `0 0 ${side} ${side}`, "aria-hidden": "true" }, frame)),
      make("figcaption", {}, title, make("br"), range));
    const draw = (values, top, left, low, high) => {
      const context = canvas.getContext("2d");
      const pixels = context.createImageData(side, side);
      values.flat().forEach((value, i) => {
        pixels.data.fill(high > low ? Math.round(((value - low) / (high - low)) * 255) : 0, 4 * i, 4 * i + 3);
        pixels.data[4 * i + 3] = 255;
      });
      context.putImageData(pixels, 0, 0);
      frame.setAttribute("x", left);
      frame.setAttribute("y", top);
      range.textContent = `${number(low)} to ${number(high)}`;
      canvas.setAttribute("aria-label", `${title}, ${side} × ${side} pixels, from ${number(low)} (black) to ${number(high)} (white). `
        + `Framed: row ${top + 1}, column ${left + 1}.`);
    };
    return { box, draw };
  };
  const side = image.length - 2; // "valid": no frame of zeros around the image
  const shown = {
    image: picture("Image", side + 2, 3, (at) => at - 1),
    map: picture("Feature map", side, 1, (at) => at),
    relu: picture("After ReLU", side, 2, (at) => at),
    pooled: picture("After max pooling", side / 2, 1, (at) => 2 * at),
  };

  // ---- the sum ----

  const heading = make("p", { class: "live-note" });
  const sums = CELLS.map(() => make("div", { class: "live-terms" }));
  const results = make("p", { class: "live-note" });

  const show = () => {
    const map = grid(side, (r, c) => sum(kernel.map((weight, i) => weight * image[r + Math.floor(i / 3)][c + (i % 3)])));
    const relu = map.map((one) => one.map((value) => Math.max(0, value)));
    const square = (r, c) => [relu[2 * r][2 * c], relu[2 * r][2 * c + 1], relu[2 * r + 1][2 * c], relu[2 * r + 1][2 * c + 1]];
    const pooled = grid(side / 2, (r, c) => Math.max(...square(r, c)));
    const [up, across] = [Math.floor(row / 2), Math.floor(column / 2)];
    const extreme = Math.max(...map.flat().map(Math.abs));
    const highest = Math.max(...relu.flat());
    shown.image.draw(image, row, column, 0, 255);
    shown.map.draw(map, row, column, Math.min(...map.flat()) < 0 ? -extreme : 0, extreme);
    shown.relu.draw(relu, 2 * up, 2 * across, 0, highest);
    shown.pooled.draw(pooled, up, across, 0, highest);

    heading.textContent = `Pixel · weight in the window at row ${row + 1}, column ${column + 1}`;
    sums.forEach((one, r) => {
      const pairs = CELLS.map((c) => [image[row + r][column + c], kernel[3 * r + c]]);
      const total = sum(pairs.map(([pixel, weight]) => pixel * weight));
      one.replaceChildren(...[...pairs.map(([pixel, weight], c) => `${c ? "+ " : ""}${pixel} · ${factor(weight)}`), `= ${number(total)}`]
        .map((term) => make("span", {}, term)));
    });
    const value = map[row][column];
    results.textContent = `Sum: ${number(value)}. After ReLU: ${number(Math.max(0, value))}. `
      + `Pooling keeps the largest of ${square(up, across).map(number).join(", ")}: ${number(pooled[up][across])}.`;
    places.forEach((one, i) => one.set([row, column][i] + 1));
    presets.forEach((one) => one.setAttribute("aria-pressed", String(PRESETS[one.textContent]) === String(kernel)));
    say(`Row ${row + 1}, column ${column + 1}: sum ${number(value)}, after ReLU ${number(Math.max(0, value))}, after pooling ${number(pooled[up][across])}.`);
  };

  const own = id();
  area.append(
    make("div", { class: "live-choice", role: "group", "aria-labelledby": own }, make("span", { id: own }, "Filter"), ...presets),
    make("div", { class: "live-halves" },
      make("div", { class: "live-kernel", role: "group", "aria-label": "Weights of the filter" }, ...weights),
      make("div", {}, ...places.map((one) => one.row))), wrong,
    make("div", { class: "live-pictures" }, ...Object.values(shown).map((one) => one.box)),
    make("div", {}, heading, ...sums), results);
  show();
});
