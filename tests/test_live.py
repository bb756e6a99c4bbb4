"""The live figures: the third twin beside Keras, and every figure as a reader drives it."""

import gzip
import json
import re

import numpy as np
import pytest
from browser import AXE, NARROW, SETTLED, WIDE, WIDER, axe_finds, expect, reader, visit
from scipy import stats
from scipy.spatial import distance

import export
from deeptwins.paths import BOOK

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


@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_cells(figure, width):
    cells = export.kept("08_cells")["cells"]
    person, y, scores = (np.array([one[i] for one in cells]) for i in (1, 2, 3))

    def intervals(threshold):
        right = (scores >= threshold) == y
        shares = [right[person == one].mean() for one in np.unique(person)]
        over = stats.ttest_1samp(shares, 0).confidence_interval()
        wilson = stats.binomtest(int(right.sum()), len(y)).proportion_ci(method="wilson")
        values = [np.mean(shares), *over, right.mean(), wilson.low, wilson.high]
        return [f"{one:.3f}" for one in np.clip(values, 0, 1)]

    box = figure("08_cells", width=width)
    numbers = box.locator(".live-halves .live-number:not(th)")
    total = box.locator(".live-people tr").last.locator(".live-number")
    expect(numbers).to_have_text(intervals(export.kept("08_cells")["threshold"]))
    run = json.loads((BOOK / "runs/08_transfer.json").read_text())["python"]["results"]
    expect(numbers.nth(3)).to_have_text(f"{run['val_accuracy']:.3f}")
    expect(total).to_have_text(["35 of 48", "13", "6 of 48", "0.80"])
    for _ in range(21):
        box.get_by_label("Threshold").press("ArrowRight")
    said(box, "0.800: found 23 of 48, missed 25, false alarms 1 of 48")
    expect(numbers).to_have_text(intervals(0.8))
    box.get_by_label("C156P217, cell 1:").click()
    box.page.keyboard.press("ArrowDown")  # to the next person
    chosen = next(one for one in cells if one[1] == "C161P222")
    said(box, f"C161P222: with a parasite, score {chosen[3]:.3f}")
    expect(box.locator(".live-detail")).to_contain_text(chosen[0])
    box.get_by_role("button", name="The twin's threshold").click()
    expect(total.first).to_have_text("35 of 48")


@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_maps(figure, width):
    kept = export.kept("15_maps")
    types, scores = np.array(kept["types"]), np.array(kept["scores"])
    means = np.unique(types)

    def compared(points, pair):
        rows = [points[types == one] for one in means]
        centre = np.array([one.mean(axis=0) for one in rows])
        width = [np.sqrt(one.var(axis=0).sum()) for one in rows]
        a, b = np.searchsorted(means, pair)
        far = distance.squareform(distance.pdist(centre))[a, b] / distance.pdist(centre).mean()
        return f"Distance {far:.2f}, width {width[b] / width[a]:.2f}"

    box = figure("15_maps", width=width)
    run = json.loads((BOOK / "runs/15_maps.json").read_text())["python"]["sections"]
    printed = next(one["printed"] for one in run if one["name"] == "compare")
    for perplexity in (5, 30):  # as the twin's own table says
        expected = re.search(rf"tsne_{perplexity} +(\S+) +(\S+)", printed).groups()
        row = box.locator("tr").filter(has_text=re.compile(f"^{perplexity}, PCA"))
        expect(row.locator("td").nth(0)).to_have_text(expected[0])
        expect(row.locator("td").nth(1)).to_have_text(expected[1])
    box.get_by_role("button", name="5", exact=True).click()
    box.get_by_role("button", name="random 2").press("Enter")
    chosen = next(one for one in kept["maps"] if one["perplexity"] == 5 and one["seed"] == 2)
    places = np.array(chosen["places"])
    said(box, f"torn {chosen['torn']:.3f}. {compared(places, ['B', 'dendritic'])}")
    box.get_by_role("button", name="NK").click()
    said(box, f"dendritic and NK. {compared(places, ['dendritic', 'NK'])}")
    box.get_by_label("Cell", exact=True).press("End")
    ranks = [distance.cdist(one[-1:], one)[0].argsort() for one in (scores, places)]
    near = len(set(ranks[0][1:11]) & set(ranks[1][1:41]))
    said(box, f"Cell 420, {types[-1]}: {near} of 10 neighbours kept")
    box.locator(".live-map").click(position={"x": 5, "y": 5})
    said(box, r"Cell (?!420)\d+, ")
