// The third twin: a trained Keras model that answers in the reader's browser.
//
// It takes the configuration and the weights that export.py has written and does the forward pass,
// one sample at a time, in plain loops that one can read beside the formulas of the book. A sequence
// is an array of steps, a step an array of numbers. Learning, batches and a GPU are left to Keras;
// TensorFlow.js, which has them, is six times as large (368 of 60 kB, gzipped) as a figure may be.
(() => {
  "use strict";
  const deeptwins = (globalThis.deeptwins ??= {});

  // ---- arithmetic ----

  const sum = (numbers) => numbers.reduce((total, one) => total + one, 0);
  const dot = (a, b) => {
    let total = 0;
    for (let i = 0; i < a.length; i++) total += a[i] * b[i];
    return total;
  };
  const add = (a, b) => a.map((one, i) => (Array.isArray(one) ? add(one, b[i]) : one + b[i]));
  const each = (x, change) => x.map((one) => (Array.isArray(one) ? each(one, change) : change(one)));
  // A layer for one step of numbers, used for each step of a sequence.
  const steps = (x, layer) => (Array.isArray(x[0]) ? x.map(layer) : layer(x));
  const sigmoid = (x) => 1 / (1 + Math.exp(-x));

  const softmax = (x) => {
    const highest = Math.max(...x);
    const power = x.map((one) => Math.exp(one - highest));
    const total = sum(power);
    return power.map((one) => one / total);
  };

  // Of one step each, as in Keras.
  const ACTIVATIONS = {
    linear: (x) => x,
    relu: (x) => x.map((one) => Math.max(0, one)),
    sigmoid: (x) => x.map(sigmoid),
    tanh: (x) => x.map(Math.tanh),
    softmax,
  };

  const activation = (config, key = "activation") => {
    const found = ACTIVATIONS[config[key]];
    if (!found) throw new Error(`The third twin has no activation '${config[key]}'.`);
    return found;
  };

  // Adds x times a matrix to `output`, which is returned. The matrix begins at `from` in `values`;
  // its rows, one for each number of x, follow each other. This loop takes most of the time.
  const accumulate = (output, x, values, from = 0) => {
    const width = output.length;
    for (let i = 0; i < x.length; i++) {
      const one = x[i];
      if (!one) continue;
      const row = from + i * width;
      for (let j = 0; j < width; j++) output[j] += one * values[row + j];
    }
    return output;
  };

  // What to add to: the bias, or zeros. (Array.from takes several times as long.)
  const begun = (width, bias) => {
    const output = new Array(width);
    for (let i = 0; i < width; i++) output[i] = bias ? bias[i] : 0;
    return output;
  };

  // x times a matrix [inputs, outputs], added to `start`.
  const affine = (x, { values, shape }, start) => (
    accumulate(begun(shape[shape.length - 1], start), x, values));

  // ---- layers ----
  //
  // Each has `weights`, how many arrays it takes from the list that get_weights() gives, and
  // `call(x, config, weights, mask, masks)`, which returns its output; `several` gets all its inputs
  // as x. `mask` of a layer says which steps of its output are real; without it the mask of its
  // input is handed on, of several inputs a step that is real in any.

  const lstm = (x, config, [kernel, recurrent, bias], mask) => {
    const { units } = config;
    const gate = activation(config, "recurrent_activation");
    const squash = activation(config);
    const order = x.map((_, step) => step);
    if (config.go_backwards) order.reverse();
    let h = new Array(units).fill(0);
    let c = new Array(units).fill(0);
    const outputs = [];
    for (const step of order) {
      const real = !mask || mask[step];
      if (real) {
        const all = affine(h, recurrent, affine(x[step], kernel, bias?.values));
        const part = (k) => all.slice(k * units, (k + 1) * units);
        const [input, forget, output] = [0, 1, 3].map((k) => gate(part(k)));
        const proposed = squash(part(2));
        c = c.map((one, i) => forget[i] * one + input[i] * proposed[i]);
        h = squash(c).map((one, i) => output[i] * one);
      }
      // Where there is no word, the last output again, or zeros.
      outputs.push(real || !config.zero_output_for_mask ? h : h.map(() => 0));
    }
    return config.return_sequences ? outputs : h;
  };

  const bidirectional = (x, config, weights, mask) => {
    const { merge_mode: merge } = config;
    const layer = { ...config.layer, zero_output_for_mask: true }; // as Keras' wrapper has it
    const half = weights.length / 2;
    const forward = lstm(x, layer, weights.slice(0, half), mask);
    const inner = { ...layer, go_backwards: !layer.go_backwards };
    const backward = lstm(x, inner, weights.slice(half), mask);
    if (merge !== "concat") throw new Error(`The third twin cannot merge by '${merge}'.`);
    if (!layer.return_sequences) return [...forward, ...backward];
    return forward.map((one, i) => [...one, ...backward[backward.length - 1 - i]]);
  };

  // Which inputs the positions of a convolution or of pooling see; `null` is padding.
  const windows = (length, size, stride, dilation, padding) => {
    const reach = (size - 1) * dilation + 1;
    const count = padding === "valid"
      ? Math.floor((length - reach) / stride) + 1 : Math.ceil(length / stride);
    const missing = Math.max(0, (count - 1) * stride + reach - length);
    const before = { valid: 0, same: Math.floor(missing / 2), causal: reach - 1 }[padding];
    return Array.from({ length: count }, (_, i) => Array.from({ length: size }, (_, k) => {
      const place = i * stride + k * dilation - before;
      return place >= 0 && place < length ? place : null;
    }));
  };

  const pooled = (x, config, reduce) => {
    const seen = windows(x.length, config.pool_size[0], config.strides[0], 1, config.padding);
    return seen.map((places) => {
      const real = places.filter((one) => one !== null).map((one) => x[one]);
      return x[0].map((_, i) => reduce(real.map((step) => step[i])));
    });
  };

  const convolve = (x, config, [kernel, bias]) => {
    const [size, channels, filters] = kernel.shape;
    const act = activation(config);
    const [stride, dilation] = [config.strides[0], config.dilation_rate[0]];
    return windows(x.length, size, stride, dilation, config.padding).map((places) => {
      const output = begun(filters, bias?.values);
      places.forEach((place, k) => {
        if (place !== null) accumulate(output, x[place], kernel.values, k * channels * filters);
      });
      return act(output);
    });
  };

  // Softmax of (queries times keys) / sqrt(key_dim), times values, for each head.
  const attention = ([queries, values, keys = values], config, weights, mask, masks) => {
    const real = (i, j) => (masks[0]?.[i] ?? true) && (masks[1]?.[j] ?? true);
    const stride = config.use_bias ? 2 : 1;
    const [toQuery, toKey, toValue, toOutput] = [0, 1, 2, 3].map((k) => weights[k * stride]);
    const bias = [0, 1, 2, 3].map((k) => (config.use_bias ? weights[k * stride + 1] : null));
    const heads = config.num_heads;
    const project = (x, { values: of, shape }, start) => x.map((step) => affine(
      step, { values: of, shape: [shape[0], shape[1] * shape[2]] }, start?.values));
    // The numbers of each head, by head and place.
    const divided = (x) => Array.from({ length: heads }, (_, head) => x.map((step) => step.slice(
      (head * step.length) / heads, ((head + 1) * step.length) / heads)));
    const [q, k, v] = [[queries, toQuery], [keys, toKey], [values, toValue]].map(
      ([x, kernel], i) => divided(project(x, kernel, bias[i])));
    const scale = Math.sqrt(config.key_dim);
    const scores = q.map((ours, head) => ours.map((query, i) => {
      // A place that is padding looks at nothing, as in Keras.
      if (masks[0] && !masks[0][i]) return k[head].map(() => 0);
      return softmax(k[head].map((key, j) => (real(i, j) ? dot(query, key) / scale : -1e9)));
    }));
    const flat = { values: toOutput.values, shape: [0, toOutput.shape[2]] };
    const passed = v.map((of) => of.flat()); // a matrix for each head: a row for each place
    const output = queries.map((_, i) => {
      const seen = scores.flatMap((head, n) => accumulate(begun(v[n][0].length), head[i], passed[n]));
      return affine(seen, flat, bias[3]?.values);
    });
    return { output, scores };
  };

  const normalize = (x, config, [gamma, beta]) => {
    const mean = sum(x) / x.length;
    const variance = sum(x.map((one) => (one - mean) ** 2)) / x.length;
    const root = Math.sqrt(variance + config.epsilon);
    return x.map((one, i) => ((one - mean) / root) * gamma.values[i] + beta.values[i]);
  };

  const mean = (x, mask) => {
    const real = mask ? x.filter((_, step) => mask[step]) : x;
    return x[0].map((_, i) => sum(real.map((step) => step[i])) / real.length);
  };

  const none = () => 0;
  const kept = (x) => x;
  const biased = (config) => (config.use_bias ? 2 : 1);
  const recurrent = (config) => (config.use_bias ? 3 : 2);
  const forgotten = () => undefined;

  const LAYERS = {
    Dense: {
      weights: biased,
      call: (x, config, [kernel, bias]) => steps(
        x, (step) => activation(config)(affine(step, kernel, bias?.values))),
    },
    Embedding: {
      weights: () => 1,
      mask: (mask, x, config) => (config.mask_zero ? x.map((one) => one !== 0) : undefined),
      call: (x, config, [table]) => x.map((row) => {
        const [rows, width] = table.shape;
        if (!(row >= 0 && row < rows)) throw new Error(`There is no row ${row} of ${rows}.`);
        return Array.from(table.values.subarray(row * width, (row + 1) * width));
      }),
    },
    Normalization: {
      weights: () => 3, // mean, variance and a count
      call: (x, config, [center, variance]) => steps(x, (step) => step.map((one, i) => (
        (one - center.values[i]) / Math.max(Math.sqrt(variance.values[i]), 1e-7)))),
    },
    LayerNormalization: {
      weights: () => 2,
      call: (x, config, weights) => steps(x, (step) => normalize(step, config, weights)),
    },
    Conv1D: { weights: biased, call: convolve, mask: forgotten },
    MaxPooling1D: {
      weights: none, mask: forgotten,
      call: (x, config) => pooled(x, config, (seen) => Math.max(...seen)),
    },
    AveragePooling1D: {
      weights: none, mask: forgotten,
      call: (x, config) => pooled(x, config, (seen) => sum(seen) / seen.length),
    },
    GlobalAveragePooling1D: {
      weights: none, mask: forgotten, call: (x, config, weights, mask) => mean(x, mask),
    },
    GlobalMaxPooling1D: {
      weights: none, mask: forgotten,
      call: (x) => x[0].map((_, i) => Math.max(...x.map((step) => step[i]))),
    },
    LSTM: {
      weights: recurrent, call: lstm,
      mask: (mask, x, config) => (config.return_sequences ? mask : undefined),
    },
    Bidirectional: {
      weights: ({ layer }) => 2 * recurrent(layer), call: bidirectional,
      mask: (mask, x, { layer }) => (layer.return_sequences ? mask : undefined),
    },
    MultiHeadAttention: {
      weights: (config) => 4 * biased(config), several: true,
      mask: (mask, x, config, masks) => masks[0],
      call: attention,
    },
    Add: { weights: none, several: true, call: (x) => x.reduce(add) },
    Multiply: {
      weights: none, several: true, mask: forgotten,
      call: (x) => x.reduce((a, b) => a.map((one, i) => one * b[i])),
    },
    Activation: { weights: none, call: (x, config) => steps(x, activation(config)) },
    Sign: { weights: none, call: (x) => each(x, Math.sign), mask: forgotten },
    Cumsum: {
      weights: none, mask: forgotten,
      call: (x) => x.map((_, i) => sum(x.slice(0, i + 1))),
    },
    Flatten: { weights: none, call: (x) => x.flat(Infinity), mask: forgotten },
    Dropout: { weights: none, call: kept },
    InputLayer: { weights: none },
  };

  // ---- the model ----

  // Keras writes a weight as float32, the lower byte first; export.py as base64 of these bytes.
  const decoded = ({ shape, values }) => {
    const bytes = Uint8Array.from(atob(values), (letter) => letter.charCodeAt(0));
    return { shape, values: new Float32Array(bytes.buffer) };
  };

  // Return a trained model of `{layers, output, weights}`. `predict(sample)` returns what the
  // output layer says of one sample, an array of numbers; `run(sample)` what each layer says,
  // by its name: `{value, mask, scores}`, the scores [head][query][key] of attention alone.
  // Throws an Error that names a layer or an activation that is not there.
  deeptwins.network = ({ layers, output, weights }) => {
    const left = weights.map(decoded);
    const nodes = new Map(layers.map(({ type, name, config, inputs }) => {
      if (!LAYERS[type]) throw new Error(`The third twin has no layer '${type}' ('${name}').`);
      const taken = left.splice(0, LAYERS[type].weights(config));
      return [name, { type, config, inputs, weights: taken }];
    }));
    if (left.length) throw new Error(`${left.length} arrays of weights belong to no layer.`);

    const run = (sample) => {
      const done = new Map();
      const value = (name) => {
        if (done.has(name)) return done.get(name);
        const { type, config, inputs, weights: own } = nodes.get(name);
        const layer = LAYERS[type];
        if (type === "InputLayer") {
          done.set(name, { value: sample });
          return done.get(name);
        }
        const given = inputs.map(value);
        const masks = given.map((one) => one.mask);
        const mask = masks.every(Boolean)
          ? masks.reduce((a, b) => a.map((one, i) => one || b[i])) : undefined;
        const x = layer.several ? given.map((one) => one.value) : given[0].value;
        const returned = layer.call(x, config, own, mask, masks);
        done.set(name, {
          value: returned.output ?? returned,
          scores: returned.scores,
          mask: layer.mask ? layer.mask(mask, x, config, masks) : mask,
        });
        return done.get(name);
      };
      value(output);
      return Object.fromEntries(done);
    };
    return { run, predict: (sample) => run(sample)[output].value };
  };
})();
