"""Write what the live figures load, as scripts that call `deeptwins.receive` with JSON.

A figure live/figures/<name>.js may have files live/figures/*.py beside it, with one or both of:

    data()     what the course ships or is quickly computed: live/data/<name>.js, made with the book
    kept(run)  what a run of EXERCISE has learned: live/kept/<name>.js, which is committed

`python live/export.py [NAME]...` makes the second kind anew: it runs the twins, compares the third
twin in Node with Keras, and takes some minutes.
"""

import base64
import contextlib
import importlib.util
import io
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from deeptwins import files, sections
from deeptwins.paths import ROOT, script_file
from deeptwins.runs import record, runner

LIVE = ROOT / "live"
FIGURES, DATA, KEPT = LIVE / "figures", LIVE / "data", LIVE / "kept"
INPUTS = 500  # on which the third twin is compared with Keras
LARGEST = 1e-5  # difference of a prediction that is allowed
# What a configuration says of learning; the third twin only predicts.
LEARNING = ("_initializer", "_regularizer", "_constraint", "dtype", "trainable", "name", "seed")


class Run:
    """A twin that ran in Python, and the models that it has trained."""

    def __init__(self, exercise: str, results: Path):
        """Run the twin; SystemExit, with its last lines, where it fails."""
        settings = runner.Settings()
        ended = runner.run_twin(exercise, "python", settings, results=results)
        if not ended.ok:
            sys.exit(f"{exercise} {ended.problem}\n" + "\n".join(ended.last_lines))
        self.exercise = exercise
        self.folder = record.folder_of(exercise, "python", results)
        self.record = record.read(exercise, "python", results)

    def calls(self, name: str) -> list[dict[str, Any]]:
        """Return the calls of fit, predict or evaluate, in order."""
        return [call for call in self.record["calls"] if call["call"] == name]

    def arrays(self, kind: str, number: int) -> list[np.ndarray]:
        """Return the arrays of a kind of capture.KEPT that one call left, float32 in their shapes.

        `number` counts the calls that have such arrays: fits for "initial" and "final".
        """
        values = record.tensors(self.record, kind, self.folder)
        having = [call[kind] for call in self.record["calls"] if call.get(kind)]
        sizes = [[int(np.prod(one["shape"])) for one in arrays] for arrays in having]
        values = values[sum(map(sum, sizes[:number])) :]
        ends = np.cumsum(sizes[number])
        parts = np.split(values[: ends[-1]], ends[:-1])
        return [part.reshape(one["shape"]) for part, one in zip(parts, having[number], strict=True)]

    def variables(self, *names: str) -> dict[str, Any]:
        """Return the variables of the twin's sections, which run once more, in this process.

        `setup` and `constants` come first; name what needs no more than those and each other.
        """
        source = script_file(self.exercise, "python").read_text(encoding="utf-8")
        code, found = sections.of_script(source), {}
        before = Path.cwd()
        os.chdir(ROOT)  # contextlib.chdir needs Python 3.11
        try:
            with contextlib.redirect_stdout(io.StringIO()):
                for name in (sections.SETUP, sections.CONSTANTS, *names):
                    exec(code[name], found)
        finally:
            os.chdir(before)
        return found

    def model(self, number: int = 0) -> dict[str, Any]:
        """Return the model of a fit as network.js takes it, compared with Keras."""
        call = self.calls("fit")[number]
        text, weights = (
            self.record["architectures"][call["architecture"]],
            self.arrays("final", number),
        )
        exported = {**layers_of(json.loads(text)), "weights": [*map(encoded, weights)]}
        return exported | compare(text, weights, exported)


def layers_of(model: dict[str, Any]) -> dict[str, Any]:
    """Return the layers of `model.to_json()`, each with the names of those that it reads."""
    inner, layers = model["config"], []
    for one in inner["layers"]:
        config = _short(one["config"])
        name, inputs = one["config"]["name"], [layers[-1]["name"]] if layers else []
        if "inbound_nodes" in one:
            inputs = [at[0] for node in one["inbound_nodes"] for at in _histories(node["args"])]
        if "layer" in config:  # of Bidirectional
            config["layer"] = _short(config["layer"]["config"])
            config.pop("backward_layer")
        layers.append({"type": one["class_name"], "name": name, "inputs": inputs, "config": config})
    output = inner.get("output_layers", [layers[-1]["name"]])[0]
    needed, wanted = set(), [output]  # Keras also lists how it computes the masks
    while wanted:
        needed.add(name := wanted.pop())
        wanted += next(one for one in layers if one["name"] == name)["inputs"]
    return {"layers": [one for one in layers if one["name"] in needed], "output": output}


def _short(config: dict[str, Any]) -> dict[str, Any]:
    kept = {key: value for key, value in config.items() if not key.endswith(LEARNING)}
    return {key: value for key, value in kept.items() if value is not None}


def _histories(args: Any) -> list[list[Any]]:
    if isinstance(args, dict):
        return [args["config"]["keras_history"]]
    return [one for each in args for one in _histories(each)] if isinstance(args, list) else []


def encoded(array: np.ndarray) -> dict[str, Any]:
    """Return an array as its shape and base64 of its values: float32, the lower byte first."""
    values = base64.b64encode(np.ascontiguousarray(array, "<f4").tobytes()).decode()
    return {"shape": list(array.shape), "values": values}


def decoded(array: dict[str, Any]) -> np.ndarray:
    """Return the array of what `encoded` made."""
    return np.frombuffer(base64.b64decode(array["values"]), "<f4").reshape(array["shape"])


def compare(text: str, weights: Sequence[np.ndarray], exported: dict[str, Any]) -> dict[str, Any]:
    """Return what Keras predicts, and how far the third twin is from it; exit above 1e-5."""
    import keras

    model = keras.models.model_from_json(text)
    model.set_weights(weights)
    for layer in model.layers:
        if hasattr(layer, "finalize_state"):  # Normalization computes with a copy of its weights
            layer.finalize_state()
    x = samples(exported, model.input_shape[1:])
    expected = model.predict(x, verbose=0)
    difference = float(np.abs(np.array(predictions(exported, x)) - expected).max())
    if not difference <= LARGEST:
        sys.exit(f"the third twin differs from Keras by {difference:g}")
    return {"expected": encoded(expected), "difference": float(f"{difference:.1g}")}


def samples(exported: dict[str, Any], shape: Sequence[int]) -> np.ndarray:
    """Return random inputs of a model: sequences of any length for an embedding, else numbers."""
    draw = np.random.default_rng(1).random
    tables = [one["config"] for one in exported["layers"] if one["type"] == "Embedding"]
    if not tables:  # standard deviations around what Normalization has seen
        mean, variance = map(decoded, exported["weights"][:2])
        return (mean + 6 * np.sqrt(variance) * (draw((INPUTS, *shape)) - 0.5)).astype("float32")
    x = 1 + (draw((INPUTS, *shape)) * (tables[0]["input_dim"] - 1)).astype(int)
    places, lengths = np.arange(shape[0]), 1 + (draw((INPUTS, 1)) * shape[0]).astype(int)
    # Half of them padded in front, as chapter 10 has it, half behind, as TextVectorization does.
    front = np.arange(INPUTS)[:, None] % 2 == 0
    return x * np.where(front, places >= shape[0] - lengths, places < lengths)


def predictions(exported: dict[str, Any], x: np.ndarray) -> list[list[float]]:
    """Return what the third twin predicts, in Node; FileNotFoundError where there is no Node."""
    node = shutil.which("node")
    if node is None:
        raise FileNotFoundError(
            "node is missing, which runs the third twin (apt-get install nodejs)"
        )
    code = """
        require(process.argv[1]);
        const {model, samples} = JSON.parse(require("fs").readFileSync(0, "utf-8"));
        const network = globalThis.deeptwins.network(model);
        process.stdout.write(JSON.stringify(samples.map(network.predict)));
    """
    given = json.dumps({"model": exported, "samples": x.tolist()})
    command = [node, "-e", code, str(LIVE / "network.js")]
    ended = subprocess.run(command, input=given, capture_output=True, encoding="utf-8")
    if ended.returncode:
        raise ValueError(ended.stderr.strip())
    return json.loads(ended.stdout)


def sources() -> dict[str, ModuleType]:
    """Return the figures that load something, by name: the modules live/figures/<name>.py."""
    found = {}
    for path in sorted(FIGURES.glob("*.py")):
        spec = importlib.util.spec_from_file_location(f"live_{path.stem}", path)
        found[path.stem] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(found[path.stem])
    return found


def write() -> list[str]:
    """Write live/data/; return a warning for each file of live/kept/ whose twin has changed."""
    warnings = []
    for name, module in sources().items():
        if hasattr(module, "data"):
            files.update(DATA / f"{name}.js", received(f"data/{name}", module.data()))
        if hasattr(module, "kept") and kept(name).get("script") != digest(module.EXERCISE):
            warnings.append(
                f"live/kept/{name}.js is not of today's {module.EXERCISE}. "
                f"Run: python live/export.py {name}"
            )
    return warnings


def received(name: str, content: Any) -> str:
    """Return the script that hands content over to a page."""
    text = json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return f"deeptwins.receive({json.dumps(name)}, {text});\n"


def kept(name: str) -> dict[str, Any]:
    """Return the content of live/kept/<name>.js; {} where it is not there."""
    path = KEPT / f"{name}.js"
    if not path.is_file():
        return {}
    return json.loads(path.read_text(encoding="utf-8").partition(", ")[2].rpartition(")")[0])


def digest(exercise: str) -> str:
    """Return the SHA-256 of an exercise's Python script."""
    return files.sha256(script_file(exercise, "python"))


def differences() -> dict[str, float]:
    """Return, for each exercise with a network in a figure, its largest difference from Keras."""
    found: dict[str, float] = {}
    for name, module in sources().items():
        models = [one for one in kept(name).values() if isinstance(one, dict) and "weights" in one]
        for one in models:
            found[module.EXERCISE] = max(found.get(module.EXERCISE, 0), one["difference"])
    return found


def main(names: Sequence[str]) -> None:
    """Run the twins of figures and keep what these have learned."""
    modules = {name: one for name, one in sources().items() if hasattr(one, "kept")}
    if unknown := set(names) - modules.keys():
        sys.exit(f"{', '.join(unknown)} keeps nothing of a run; {', '.join(modules)} do.")
    with tempfile.TemporaryDirectory() as results:
        runs: dict[str, Run] = {}
        for name in names or modules:
            exercise = modules[name].EXERCISE
            print(f"{name}: {exercise} runs ...", flush=True)
            runs[exercise] = runs.get(exercise) or Run(exercise, Path(results))
            content = {"script": digest(exercise), **modules[name].kept(runs[exercise])}
            text = received(f"kept/{name}", content)
            files.update(KEPT / f"{name}.js", text)
            said = [
                f"differs from Keras by {one['difference']:g}"
                for one in content.values()
                if isinstance(one, dict) and "difference" in one
            ]
            print(f"{name}: {len(text) / 1e3:.0f} kB", *said, sep=", ")


if __name__ == "__main__":
    main(sys.argv[1:])
