"""The live figures: the third twin beside Keras, and every figure as a reader drives it."""

import gzip
import json
import re

import numpy as np
import pandas as pd
import pytest
from browser import AXE, NARROW, SETTLED, WIDE, WIDER, axe_finds, expect, reader, visit
from scipy import stats
from scipy.spatial import distance
from sklearn import metrics
from test_peptides import files

import export
from deeptwins.paths import BOOK, ROOT

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


@pytest.mark.parametrize(("name", "key"), MODELS)
def test_in_a_browser_the_third_twin_predicts_what_keras_predicted(visit, name, key):
    model = export.kept(name)[key]
    shape = next(one["config"]["batch_shape"][1:] for one in model["layers"])
    run = """async ([name, key, samples]) =>
      samples.map((await deeptwins.trained(`kept/${name}`, key)).predict)"""
    samples = export.samples(model, shape).tolist()
    found = visit("index.html").evaluate(run, [name, key, samples])
    expected = export.decoded(model["expected"])
    assert len(expected) == 500
    assert np.abs(np.array(found) - expected).max() < export.LARGEST
    assert np.ptp(expected) > 0.5, "they answer differently"
    assert not visit.complaints


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


def test_each_figure_has_words_for_a_page_without_scripts():
    head = r'^::: \{\.live data-figure="(\w+)"\}'
    block = re.compile(head + r".*?^::: \{\.live-without\}\n(.{40,}?)\n:::$", re.M | re.S)
    pages = [page.read_text(encoding="utf-8") for page in BOOK.glob("*.qmd")]
    assert {name for page in pages for name, _ in block.findall(page)} == FIGURES.keys()
    assert not [name for name in FIGURES if f"test_{name[3:]}" not in globals()], "nobody drives it"


SIZES = [(WIDE, "light"), (NARROW, "dark")]
SIZES += [pytest.param(one, marks=pytest.mark.long) for one in [(WIDE, "dark"), (NARROW, "light")]]


@pytest.fixture(params=SIZES, ids=lambda one: f"{one[0]}, {one[1]}")
def figure(visit, request):
    """Return a function that opens a figure's page and returns its box, when it is alive.

    As the test leaves it, it must fit into the page and break no rule of axe-core.
    """
    width, scheme = request.param
    boxes = []

    def opened(name):
        page = visit(f"book/{FIGURES[name]}.html", width=width, scheme=scheme)
        boxes.append(page.locator(f'[data-figure="{name}"]'))
        boxes[-1].scroll_into_view_if_needed()
        page.wait_for_selector(f'[data-figure="{name}"][data-ready]')
        return boxes[-1]

    yield opened
    found = visit.complaints.copy()
    for box in boxes:
        box.page.evaluate(AXE)
        box.page.evaluate(SETTLED)
        found += box.page.evaluate(WIDER)
        for colours in (True, False):
            found += axe_finds(box.page, colours=colours, part=".live")
        assert box.locator(".live-without").count() == 0
    assert not found, "\n".join(found)


def said(box, expected):
    """Wait until a screen reader was told something."""
    expect(box.locator(".live-spoken")).to_contain_text(re.compile(expected))


def test_flower(figure):
    box = figure("01_flower")
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


def test_folds(figure):
    iris = ROOT / "shared_data/iris"
    flowers = pd.read_csv(iris / "iris.csv").merge(pd.read_csv(iris / "partitions.csv"), on="row")
    flowers = flowers[flowers["partition"] != "test"]
    x, y = flowers.iloc[:, 1:5].to_numpy(), pd.factorize(flowers["species"], sort=True)[0]
    box = figure("02_folds")
    for k in (3, 5):
        box.get_by_role("button", name=str(k), exact=True).press("Enter")
        fold, scores = flowers[f"fold_{k}"].to_numpy(), []
        for own in range(1, k + 1):
            learn = fold != own
            scaled = np.c_[(x - x[learn].mean(0)) / x[learn].std(0), np.ones(len(x))]
            weights = np.zeros((5, 3))
            for _ in range(80):
                p = np.exp(scaled[learn] @ weights)
                p = p / p.sum(1, keepdims=True) - np.eye(3)[y[learn]]
                weights -= scaled[learn].T @ p / learn.sum()
            scores.append(((scaled @ weights).argmax(1) == y)[~learn].mean())
        told = ", ".join(f"{one:.3f}" for one in scores) + f"; mean {np.mean(scores):.3f}"
        expect(box.get_by_role("img")).to_have_attribute("aria-label", re.compile(told))
    box.get_by_role("button", name="Deal ten times").click()
    said(box, "Deal 11, 5 folds")
    spreads = box.locator("tbody .live-best").locator("td")
    expect(spreads).to_have_text(["11", "0.035", "0.004"])  # as the page says


def test_threshold(figure):
    people = pd.read_csv(ROOT / "shared_data/scores/screening.csv").query("part == 'val'")
    label, score, box = people["label"], people["score"], figure("03_threshold")
    fpr, tpr, _ = metrics.roc_curve(label, score, drop_intermediate=False)
    for miss, cheapest in [(1, 0.87), (17, 0.52), (51, 0.52), (100, 0.35)]:
        box.get_by_role("slider", name="Cost of a miss").fill(str(miss))
        box.get_by_role("button", name="Go to").press("Enter")
        cost = (miss * (1 - tpr) * label.sum() + fpr * (label == 0).sum()).min()
        said(box, f"cost {cost:.0f}. Lowest cost at {cheapest:.2f}")
    box.get_by_role("slider", name="Threshold").click()  # with the mouse, in its middle
    called = score >= 0.5
    (tn, fp), (fn, tp) = metrics.confusion_matrix(label, called)
    counts = [f"{tp} TP", f"{fn} FN", f"{fp:,} FP", f"{tn:,} TN"]
    expect(box.locator("table").first.locator("tbody td")).to_have_text(counts)
    recall, precision = metrics.recall_score(label, called), metrics.precision_score(label, called)
    rates = [f"{one:.3f}" for one in (recall, tn / (tn + fp), precision)]
    expect(box.locator(".live-bars .live-number")).to_have_text(rates)
    for name, point in [("ROC", (fp / (fp + tn), recall)), ("Precision", (recall, precision))]:
        told = re.compile("Your threshold: {:.3f}, {:.3f}".format(*point))
        expect(box.get_by_role("img", name=name)).to_have_attribute("aria-label", told)


def test_stop(figure):
    kept = export.kept("04_stop")
    losses, ended = kept["overfit"]["validation"], kept["stop"]["validation"]
    assert losses[: len(ended)] == ended, "the same training, which Keras ended"
    box = figure("04_stop")
    table, patience = box.locator("tbody tr"), box.get_by_role("slider", name="Patience")
    expect(table.nth(0).locator("td")).to_have_text(["16", str(len(ended)), "3"])
    patience.press("Home")
    for given in range(1, 16):
        waited = [i - int(np.argmin(losses[: i + 1])) for i in range(16)]
        end = next((i + 1 for i in range(16) if waited[i] >= given), 16)
        best = 1 + int(np.argmin(losses[:end]))
        expect(table.nth(0).locator("td")).to_have_text(["16", str(end), str(best)])
        patience.press("ArrowRight")
    said(box, "Patience 15: never stops, restores epoch 3")
    box.get_by_role("slider", name="Stop after epoch").click(position={"x": 2, "y": 10})
    said(box, f"after epoch 1: validation {losses[0]:.3f}")


def test_graph(figure):
    box = figure("05_graph")

    def check(point):
        f = lambda at: (at[0] + at[1]) * at[2]  # noqa: E731
        slopes = [(f(point + 1e-5 * one) - f(point - 1e-5 * one)) / 2e-5 for one in np.eye(3)]
        shown = numbers(box.get_by_role("img").get_attribute("aria-label"))
        expected = [*point[:2], point[:2].sum(), point[2], f(point), 1, point[2]]
        assert np.allclose(shown, [*expected, slopes[2], *slopes[:2]], atol=0.006)
        return np.array(slopes)

    check(np.array([-2.0, 5, -4]))
    z = box.get_by_label("z", exact=True)
    for _ in range(16):
        z.press("ArrowRight")
    said(box, "f is 12. Gradients: x 4, y 4, z 3")
    slopes = check(np.array([-2.0, 5, 4]))
    box.get_by_role("button", name="One step down").press("Enter")
    said(box, "8.14")  # as the page says
    check(np.array([-2.0, 5, 4]) - 0.1 * slopes)
    box.get_by_role("button", name="Start again").click()
    said(box, "f is −12")


def test_kernel(figure):
    box = figure("07_kernel")
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
        return [*own, pooled]

    assert check([-1, 0, 1] * 3, 13, 9)[0] == 489  # as the page says
    for _ in range(3):
        box.get_by_label("Window: column").press("ArrowLeft")
    assert check([-1, 0, 1] * 3, 13, 6)[:2] == [-468, 0]
    box.get_by_label("Weight in row 3, column 3").fill("1.75")
    check([-1, 0, 1, -1, 0, 1, -1, 0, 1.75], 13, 6)
    canvas = box.locator("canvas").first
    pixel = canvas.bounding_box()["width"] / 32
    canvas.click(position={"x": 20.5 * pixel, "y": 7.5 * pixel}, force=True)  # the window's middle
    box.get_by_role("button", name="Sharpen").click()
    *_, pooled = check([0, -1, 0, -1, 5, -1, 0, -1, 0], 6, 19)
    red = "one => [...one.getContext('2d').getImageData(0, 0, 15, 15).data]"
    seen = np.array(box.locator("canvas").nth(3).evaluate(red)).reshape(15, 15, 4)[:, :, 0]
    assert np.abs(seen - pooled / pooled.max() * 255).max() <= 0.51


def test_cells(figure):
    cells = export.kept("08_cells")["cells"]
    person, y, scores = (np.array([one[i] for one in cells]) for i in (1, 2, 3))

    def intervals(threshold):
        right = (scores >= threshold) == y
        shares = [right[person == one].mean() for one in np.unique(person)]
        over = stats.ttest_1samp(shares, 0).confidence_interval()
        wilson = stats.binomtest(int(right.sum()), len(y)).proportion_ci(method="wilson")
        values = [np.mean(shares), *over, right.mean(), wilson.low, wilson.high]
        return [f"{one:.3f}" for one in np.clip(values, 0, 1)]

    box = figure("08_cells")
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


def printed(exercise, section):
    """Return what a section of the Python twin printed in the committed run."""
    run = json.loads((BOOK / "runs" / f"{exercise}.json").read_text(encoding="utf-8"))
    return next(one["printed"] for one in run["python"]["sections"] if one["name"] == section)


def table(rows):
    """Return the texts of the cells of some rows."""
    return rows.evaluate_all("all => all.map((row) => [...row.cells].map((one) => one.innerText))")


def strip(box, number=0):
    """Return the texts of the letters of a strip, line by line."""
    items = box.locator(".live-strip").nth(number).locator("li")
    return items.evaluate_all("all => all.map((one) => one.innerText.trim().split(/\\n+/))")


def test_encode(figure):
    box = figure("10_encode")
    padded = np.array(re.findall(r"\d+", printed("10_encoding", "padding")), int).reshape(3, 8)
    multi_hot = np.array(re.findall(r"\d", printed("10_encoding", "multi hot"))).reshape(3, 10)
    for i in (0, 2, 1):
        box.get_by_role("button", name=str(i + 1), exact=True).click()
        rows = np.array(table(box.locator("tbody tr")))
        assert (rows[:, 1].astype(int) == padded[i]).all()
        assert (rows[:, 2:13].astype(int) == np.eye(11)[padded[i]]).all()
        assert table(box.locator("tfoot tr"))[0][2:-1] == [*multi_hot[i]]
    assert str(rows[:, 13:].astype(float)) == printed("10_encoding", "embedding")
    box.get_by_role("button", name="at the end").press("Enter")
    said(box, "Numbers 6, 3, 5, 0, 0, 0, 0, 0")
    box.get_by_label("Text").press("End")
    box.get_by_label("Text").press_sequentially(" The")
    expect(box.locator(".live-error")).to_contain_text("ValueError: 'The' is not in list")
    box.get_by_role("button", name="DNA").press("Space")
    said(box, "60 letters. 33 of the 64 3-mers")
    assert strip(box)[0] == ["T", "4", "0", "0", "0", "1"]
    box.get_by_label("Text").press("Control+Home")
    box.get_by_label("Text").press("Delete")
    said(box, "59 letters. 33 of the 64 3-mers")


def test_review(figure):
    box = figure("11_review")
    lstm, averaging = re.findall(r"[\d.]+ [\d.]+", printed("11_lstm", "predict"))
    for name, *p in zip("12", lstm.split(), averaging.split(), strict=True):
        box.get_by_role("button", name=name, exact=True).press("Enter")
        said(box, f"LSTM {p[0]}, negative. Averaging network {p[1]}, negative")
        assert table(box.locator("tbody").last.locator("tr"))[-1][-1] == p[0]
    for _ in range(2):
        shown = box.locator(".live-spoken").inner_text()
        box.get_by_role("button", name="Shuffle the words").click()
        expect(box.locator(".live-spoken")).not_to_have_text(shown)
        said(box, f"Averaging network {p[1]}")


@pytest.mark.keras
def test_the_words_of_a_review_are_those_of_keras(figure):
    from keras.layers import TextVectorization

    box, words = figure("11_review"), export.kept("11_review")["words"].split(" ")
    texts = ["ISN'T it well-made?!", "ÉLAN: <br />3.5 stars\t–\fA", "b\u00a0c _d_ [e]", "no " * 40]
    for text in texts:
        box.get_by_label("Review").fill(text)
        rows = np.array(table(box.locator("tbody").last.locator("tr")))
        expected = np.array(TextVectorization(vocabulary=words[1:])([text]))[0][:32]
        found = np.where(rows[:, 1] == "unknown", "1", rows[:, 1]).astype(int)
        assert found.tolist() == expected.tolist()
    said(box, "The last 8 are cut")


def test_peptide(figure):
    box, run = figure("12_peptide"), export.kept("12_peptide")["run"]
    score, lowest = re.findall(r"0\.\d+", printed("12_cnn_lstm", "predict"))
    said(box, f"Score {score}, lowest {lowest}: with D instead of G at place 3")
    lost = [float(bar) for _, bar in strip(box)]
    assert np.allclose(lost, run["lost"], atol=0.00501)
    assert len(lost) == 26
    box.get_by_role("button", name="three peptides").click()
    box.get_by_role("button", name="GLP-1").press("Enter")
    said(box, r"GLP-1: other. Score 0.217.*Largest bar: E 3, -0.39")  # the page says 0.217


def test_peptides_are_read_as_the_twins_read_them(figure):
    box = figure("12_peptide")
    typed, rows = box.get_by_label("Peptides"), box.locator(".live-sequence")
    for text, found in files(["GIGKF", "KWKLFKKIEK", 15 * "ACDE"]).values():
        typed.fill(">only a name\n\n")
        expect(box).to_contain_text("peptides: 0 - letters made X: 0 - cut: 0")
        expect(rows).to_have_count(0)
        typed.fill(text if isinstance(text, str) else text.decode("latin-1"))
        if isinstance(found, str):
            expect(box.locator(".live-error")).to_contain_text(found)
        else:
            expect(rows).to_have_text([one[:50] for one in found])
    expect(box).to_contain_text("peptides: 4 - letters made X: 5 - cut: 1")


def test_attention(figure):
    box, kept = figure("13_attention"), export.kept("13_attention")
    said(box, "Score 0.935: AMP. Correlation of the two: -0.12")  # the page says -0.12
    effect = np.abs(kept["run"]["score"] - np.array(kept["run"]["without"]))
    assert np.allclose([float(one[2]) for one in strip(box, 1)], effect, atol=0.000501)
    numbers = [1 + kept["constants"]["AMINO_ACIDS"].index(one) for one in kept["peptide"]]
    words, places, *look = map(export.decoded, kept["model"]["weights"][:6])
    x = words[numbers] + places[1 : len(numbers) + 1]
    q, k = (np.einsum("ld,dhk->hlk", x, look[i]) + look[i + 1][:, None] for i in (0, 2))
    weights = np.exp(q @ k.swapaxes(1, 2) / np.sqrt(32))
    weights /= weights.sum(axis=2, keepdims=True)
    found = lambda: [float(one[1]) for one in strip(box)]  # noqa: E731
    assert np.allclose(found(), weights.mean(axis=0)[0], atol=0.00501)
    assert found()[17] == 0.1  # the page says that K looks at W
    box.get_by_role("button", name="head 2").click()
    box.get_by_role("slider").press("End")
    said(box, "^L 19 looks most at")
    assert np.allclose(found(), weights[1, 18], atol=0.00501)
    box.get_by_label("Peptide").fill("KKb")
    expect(box.locator(".live-error")).to_contain_text("“b” is not in AMINO_ACIDS")


def test_maps(figure):
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

    box = figure("15_maps")
    for perplexity in (5, 30):  # as the twin's own table says
        expected = re.search(
            rf"tsne_{perplexity} +(\S+) +(\S+)", printed("15_maps", "compare")
        ).groups()
        row = box.locator("tr").filter(has_text=re.compile(f"^{perplexity}, PCA"))
        for i in (0, 1):
            expect(row.locator("td").nth(i)).to_have_text(expected[i])
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


def test_winner(figure):
    box, rng = figure("18_winner"), np.random.default_rng(5)

    def check(candidates, rows, truth):
        best = rng.binomial(rows, truth, (5000, candidates)).max(axis=1) / rows
        said(box, f"Best of {candidates}:")
        found = [numbers(one) for one in box.locator(".live-curse .live-number").all_inner_texts()]
        one, mean, _, fresh_mean, _, optimism = [x[0] for x in found[2:]]
        four = 4 * best.std() / 200**0.5  # standard errors of a mean over 200 searches
        assert abs(optimism - (best.mean() - truth)) < four + 0.0005
        assert best.min() <= one <= best.max()
        assert box.locator("svg circle:not(.live-winner)").count() == candidates
        return [one, mean, fresh_mean, optimism]

    first = check(200, 30, 0.5)
    assert first[1:] == [0.744, 0.499, 0.244], "as the page says"
    box.get_by_role("button", name="Draw again").press("Enter")
    assert check(200, 30, 0.5) != first
    box.get_by_label("Validation rows").press("End")
    box.get_by_label("True accuracy of all").click(position={"x": 50, "y": 10})
    truth = float(box.locator("output").nth(2).inner_text())
    check(200, 1000, truth)
    box.get_by_label("Candidates", exact=True).press("Home")
    check(1, 1000, truth)
