// Four lengths, three probabilities, and the real flower that is nearest.
deeptwins.figure("01_flower", async (area, { make, slider, bars, say, load, trained }) => {
  const LENGTHS = ["Sepal length", "Sepal width", "Petal length", "Petal width"];
  const SPECIES = ["setosa", "versicolor", "virginica"];
  const flowers = await load("data/01_flower");
  const model = await trained("kept/01_flower");
  const flower = [6.0, 2.9, 4.6, 1.4]; // NEW_FLOWER of the twins

  const cm = (length) => `${length.toFixed(1)} cm`;
  const sliders = LENGTHS.map((label, i) => {
    const column = flowers.map((one) => one[i]);
    return slider({
      label, min: Math.min(...column), max: Math.max(...column), step: 0.1, value: flower[i],
      shown: cm, change: (length) => { flower[i] = length; show(); },
    });
  });
  const probabilities = bars(SPECIES, { label: "Probability by the network" });
  const nearest = make("p", { class: "live-note" });

  const show = () => {
    const p = model.predict(flower);
    const best = p.indexOf(Math.max(...p));
    probabilities.set(p, (one) => one.toFixed(3), best);
    const distance = (one) => Math.hypot(...flower.map((length, i) => length - one[i]));
    const real = flowers.reduce((a, b) => (distance(b) < distance(a) ? b : a));
    const lengths = real.slice(0, 4).map((one) => one.toFixed(1)).join(", ");
    nearest.textContent = `The most similar of the 150 real flowers: ${real[4]}, with ${lengths} cm. It is ${cm(distance(real))} away.`;
    say(`${SPECIES[best]}, probability ${p[best].toFixed(2)}. Nearest real flower: ${real[4]}.`);
  };

  area.append(make("div", { class: "live-halves" },
    make("div", {}, ...sliders.map((one) => one.row)),
    make("div", {}, probabilities.table, nearest)));
  show();
});
