"""The live figures: the third twin beside Keras, and every figure as a reader drives it."""

import gzip
import json
import re

import numpy as np
import pytest
from browser import AXE, NARROW, SETTLED, WIDE, WIDER, axe_finds, expect, reader, visit

import export
from deeptwins.paths import BOOK, ROOT, script_file

__all__ = ["reader", "visit"]  # fixtures
NODE = pytest.mark.skipif(not export.shutil.which("node"), reason="node is missing")
MODELS = [
    (name, key)
    for name in export.sources()
    for key, one in export.kept(name).items()
    if isinstance(one, dict) and "weights" in one
]
FIGURES = {
    name: page.stem
    for page in sorted(BOOK.glob("*.qmd"))
    for name in re.findall(r'data-figure="(\w+)"', page.read_text(encoding="utf-8"))
}
LARGEST, LARGEST_KEPT = 60_000, 300_000  # bytes of a figure with what all share; of one kept file


# ---- the third twin ----


@NODE
@pytest.mark.parametrize(("name", "key"), MODELS)
def test_the_third_twin_predicts_what_keras_predicted(name, key):
    model = export.kept(name)[key]
    shape = next(one["config"]["batch_shape"][1:] for one in model["layers"])
    found = np.array(export.predictions(model, export.samples(model, shape)))
    expected = export.decoded(model["expected"])
    assert len(expected) == 500
    assert np.abs(found - expected).max() < export.LARGEST
    assert np.ptp(expected) > 0.5, "they answer differently"


def models():
    """Models that have, together, each layer with its settings."""
    from keras import Input, Model, Sequential, layers

    words = [Input((9,)), layers.Embedding(7, 4, mask_zero=True)]
    lstm = {"return_sequences": True, "bias_initializer": "uniform"}
    yield Sequential([*words, layers.LSTM(3, **lstm), layers.LSTM(2, go_backwards=True)])
    yield Sequential(
        [*words, layers.Bidirectional(layers.LSTM(3, **lstm)), layers.GlobalMaxPooling1D()]
    )
    yield Sequential([*words, layers.Bidirectional(layers.LSTM(3)), layers.Dropout(0.5)])
    yield Sequential([*words, layers.LSTM(3, use_bias=False), layers.Activation("tanh")])
    for padding, more in [
        ("same", {"strides": 2}),
        ("valid", {"dilation_rate": 2}),
        ("causal", {}),
    ]:
        yield Sequential([*words, layers.Conv1D(5, 3, padding=padding, **more), layers.Flatten()])
    for padding in ("same", "valid"):
        yield Sequential([*words, layers.AveragePooling1D(2, padding=padding), layers.Flatten()])
        yield Sequential([*words, layers.MaxPooling1D(4, 3, padding=padding), layers.Flatten()])
    a = layers.Embedding(7, 4, mask_zero=True)(x := Input((9,)))
    b = layers.MultiHeadAttention(3, 2, value_dim=5, use_bias=False)(a, a)
    h = layers.LayerNormalization()(layers.Add()([a, b]))
    h = layers.GlobalAveragePooling1D()(layers.Dense(4, "relu", use_bias=False)(h))
    yield Model(x, layers.Dense(3, "softmax")(h))


@NODE
@pytest.mark.keras
def test_each_layer_computes_what_keras_does():
    seen = set()
    for model in models():
        rng = np.random.default_rng(2)
        weights = [rng.normal(0, 0.7, one.shape) for one in model.get_weights()]
        exported = export.layers_of(json.loads(model.to_json()))
        exported["weights"] = [export.encoded(one) for one in weights]
        assert export.compare(model.to_json(), weights, exported)["difference"] <= export.LARGEST
        seen |= {one["type"] for one in exported["layers"]}
    seen |= {one["type"] for name, key in MODELS for one in export.kept(name)[key]["layers"]}
    code = (export.LIVE / "network.js").read_text(encoding="utf-8")
    assert seen == set(re.findall(r"^    (\w+): \{", code.partition("LAYERS = {")[2], re.M))


@NODE
@pytest.mark.parametrize(
    ("type_", "config", "weights", "said"),
    [
        ("GRU", {}, 0, r"no layer 'GRU' \('here'\)"),
        ("Activation", {"activation": "swish"}, 0, "no activation 'swish'"),
        ("Flatten", {}, 1, "1 arrays of weights belong to no layer"),
    ],
)
def test_what_the_third_twin_cannot_do_is_refused_by_name(type_, config, weights, said):
    first = {"type": "InputLayer", "name": "x", "inputs": [], "config": {}}
    layer = {"type": type_, "name": "here", "inputs": ["x"], "config": config}
    extra = [export.encoded(np.zeros(2))] * weights
    with pytest.raises(ValueError, match=said):
        export.predictions(
            {"layers": [first, layer], "output": "here", "weights": extra}, np.ones((1, 2))
        )


def test_what_figures_load_is_of_todays_scripts():
    assert not export.write()


def test_a_figure_is_small():
    live = export.LIVE
    shared = [live / "page.js", live / "live.css", live / "network.js"]
    for name in FIGURES:
        files = [*shared, live / f"figures/{name}.js", live / f"data/{name}.js"]
        assert sum(len(gzip.compress(one.read_bytes())) for one in files if one.is_file()) < LARGEST
    assert max(one.stat().st_size for one in export.KEPT.iterdir()) < LARGEST_KEPT


# ---- every figure ----


@pytest.fixture
def figure(visit):
    """Return a function that opens a figure's page and returns its box, when it is alive."""

    def opened(name, **how):
        page = visit(f"book/{FIGURES[name]}.html", **how)
        box = page.locator(f'[data-figure="{name}"]')
        box.scroll_into_view_if_needed()
        page.wait_for_selector(f'[data-figure="{name}"][data-ready]')
        return box

    return opened


def said(box, expected):
    """Wait until a screen reader was told something."""
    expect(box.locator(".live-spoken")).to_contain_text(re.compile(expected))


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_is_whole_and_accessible(figure, visit, name, scheme):
    box = figure(name, scheme=scheme)
    page, found = box.page, []
    page.evaluate(AXE)
    for width in (WIDE, NARROW):
        page.set_viewport_size({"width": width, "height": 900})
        page.evaluate(SETTLED)
        found += page.evaluate(WIDER)
        for colours in (True, False):
            found += axe_finds(page, colours=colours, part=f'[data-figure="{name}"]')
    assert box.locator(".live-without").count() == 0
    assert not visit.complaints + found, "\n".join(visit.complaints + found)


@pytest.mark.parametrize("name", FIGURES)
def test_without_scripts_a_figure_says_what_to_do_instead(visit, name):
    page = visit(f"book/{FIGURES[name]}.html", java_script_enabled=False)
    assert len(page.locator(f'[data-figure="{name}"] .live-without').inner_text()) > 40


@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_flower(figure, width):
    box = figure("01_flower", width=width)
    petal = box.get_by_label("Petal length")
    petal.focus()
    petal.press("End")
    said(box, "virginica, probability 0.7")
    box.get_by_label("Petal width").press("Home")
    said(box, "versicolor")
    petal.click(position={"x": 2, "y": 10})  # with the mouse, at its left end
    said(box, "setosa, probability 0.8")


def numbers(text):
    """Return the numbers of a text, in their order."""
    return [float(one.replace("−", "-")) for one in re.findall(r"[-−]?\d+(?:\.\d+)?", text)]


@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_graph(figure, width):
    box = figure("05_graph", width=width)
    script = script_file("05_backprop", "python").read_text(encoding="utf-8")

    def f(point):
        return (point[0] + point[1]) * point[2]

    def steps(point, h=1e-5):
        return np.array([(f(point + h * one) - f(point - h * one)) / 2 / h for one in np.eye(3)])

    def check(expected=None):
        label = box.get_by_role("img").get_attribute("aria-label")
        x, y, q, z, value, one, dq, dz, dx, dy = numbers(label)
        point = np.array([x, y, z])
        assert np.allclose(point, point if expected is None else expected, atol=0.006)
        assert np.allclose([q, value, one], [x + y, f(point), 1], atol=0.15)  # x, y, z are rounded
        assert np.allclose([dx, dy, dz, dq], [*steps(point), z], atol=0.02)
        return point

    check(json.loads(re.search(r"^POINT = (.*)", script, re.M)[1]))
    for _ in range(16):
        box.get_by_label("z", exact=True).press("ArrowRight")
    said(box, "f is 12. Gradients: x 4, y 4, z 3")
    box.get_by_label("x", exact=True).click(position={"x": 30, "y": 10})
    rate, now = 0.25, check()
    for _ in range(3):
        box.get_by_label("Learning rate").press("ArrowRight")
    box.get_by_role("button", name="One step down").press("Enter")
    after = now - rate * steps(now)
    said(box, "f before the step")
    found = numbers(box.locator(".live-note").inner_text())
    predicted = -rate * (steps(now) ** 2).sum()
    assert np.allclose(found, [f(now), f(after), f(after) - f(now), predicted], atol=0.006)
    check(after)
    box.get_by_role("button", name="Start again").click()
    said(box, "f is −12")


@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_kernel(figure, width):
    box = figure("07_kernel", width=width)
    x = np.load(ROOT / "shared_data" / "emoji10" / "emoji10.npz")["x_train"]
    image = np.rint(x[77].astype(float).mean(axis=2))

    def check(kernel, row, column):
        each = [(i, j) for i in range(3) for j in range(3)]
        parts = [w * image[i : i + 30, j : j + 30] for w, (i, j) in zip(kernel, each, strict=True)]
        relu = np.maximum(sum(parts), 0)
        pooled = relu.reshape(15, 2, 15, 2).max(axis=(1, 3))
        own = [sum(parts)[row, column], relu[row, column], pooled[row // 2, column // 2]]
        said(box, f"Row {row + 1}, column {column + 1}: sum {own[0]:g},".replace("-", "−"))
        assert numbers(box.locator(".live-spoken").inner_text()) == [row + 1, column + 1, *own]
        red = "one => [...one.getContext('2d').getImageData(0, 0, 15, 15).data]"
        seen = np.array(box.locator("canvas").nth(3).evaluate(red)).reshape(15, 15, 4)[:, :, 0]
        assert np.abs(seen - pooled / pooled.max() * 255).max() <= 0.51
        return own

    edge = [-1, 0, 1] * 3
    assert check(edge, 13, 9)[0] == 489
    for _ in range(3):
        box.get_by_label("Window: column").press("ArrowLeft")
    assert check(edge, 13, 6)[:2] == [-468, 0]
    box.get_by_label("Weight in row 2, column 1").press("ArrowUp")
    box.get_by_label("Weight in row 3, column 3").fill("1.75")
    edited = [-1, 0, 1, -0.5, 0, 1, -1, 0, 1.75]
    check(edited, 13, 6)
    box.get_by_label("Weight in row 1, column 1").fill("99")
    expect(box.locator(".live-error")).to_be_visible()
    canvas = box.locator("canvas").first
    pixel = canvas.bounding_box()["width"] / 32
    canvas.click(position={"x": 20.5 * pixel, "y": 7.5 * pixel}, force=True)  # the window's middle
    check(edited, 6, 19)
    box.get_by_role("button", name="Sharpen").click()
    check([0, -1, 0, -1, 5, -1, 0, -1, 0], 6, 19)


@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_winner(figure, width):
    box, rng = figure("18_winner", width=width), np.random.default_rng(5)

    def check(candidates, rows, truth):
        best = rng.binomial(rows, truth, (5000, candidates)).max(axis=1) / rows
        said(box, f"Best of {candidates}:")
        found = [numbers(one) for one in box.locator(".live-curse .live-number").all_inner_texts()]
        one, mean, fresh, fresh_mean, optimism, mean_optimism = [x[0] for x in found[2:]]
        four = 4 * best.std() / 200**0.5  # standard errors of a mean over 200 searches
        assert abs(mean_optimism - (best.mean() - truth)) < four + 0.0005
        assert abs(fresh_mean - truth) < 4 * (truth * (1 - truth) / 320 / 200) ** 0.5 + 0.0005
        assert abs(one - truth - optimism) < 0.0011
        assert best.min() <= one <= best.max()
        assert box.locator("svg circle:not(.live-winner)").count() == candidates
        return [one, mean, fresh, fresh_mean, mean_optimism]

    first = check(200, 30, 0.5)
    assert [first[1], first[3], first[4]] == [0.744, 0.499, 0.244], "as the page says"
    again = box.get_by_role("button", name="Draw again")
    again.press("Enter")
    second = check(200, 30, 0.5)
    assert second != first
    box.get_by_label("Validation rows").press("End")
    box.get_by_label("True accuracy of all").click(position={"x": 50, "y": 10})
    truth = float(box.locator("output").nth(2).inner_text())
    assert truth > 0.5
    check(200, 1000, truth)
    box.get_by_label("Candidates", exact=True).press("Home")
    check(1, 1000, truth)
    other = figure("18_winner", width=width)
    other.get_by_role("button", name="Draw again").click()
    box = other
    said(box, f"{second[4]:.3f}")
    assert check(200, 30, 0.5) == second, "the same seed gives the same searches"
