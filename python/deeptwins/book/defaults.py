"""Set the defaults of Keras 2.1, of the first slides, beside those of the installed Keras."""

import importlib.metadata
import inspect
import re
from typing import Any

from deeptwins.book import markup

HEADS = {
    "layers": "Layers",
    "losses": "Losses",
    "optimizers": "Optimizers",
    "callbacks": "Callbacks",
    "Model": "Methods of a model",
    "applications": "Ready-made networks",
    "utils": "Helpers",
}
R_NAMES = {
    "RMSprop": "optimizer_rmsprop",
    "ReduceLROnPlateau": "callback_reduce_lr_on_plateau",
    "TensorBoard": "callback_tensorboard",
    "MobileNet": "application_mobilenet",
}
PREFIXES = {
    "layers": "layer_",
    "losses": "loss_",
    "optimizers": "optimizer_",
    "callbacks": "callback_",
}
RENAMED = {"lr": "learning_rate"}
# In Keras 2.1 an epsilon of None stood for the backend's.
EPSILON = 1e-7
# What a call must give anyway, and what every layer takes, then in **kwargs.
LEFT_OUT = {"x", "y", "name", "dtype", "trainable"}
# New arguments that have a value, but take effect only together with another one.
ASKED_FOR = {"ema_momentum", "renorm_momentum", "classifier_activation"}
ABSENT = "–"
Values = dict[str, Any]


def installed() -> str:
    """Return the version of the installed Keras, or nothing."""
    try:
        return importlib.metadata.version("keras")
    except importlib.metadata.PackageNotFoundError:
        return ""


def body(facts: dict[str, Any]) -> str:
    """Return tables of what differs, and lists of what does not. Imports Keras."""
    heads = ["Python, R", "Argument", f"Keras {facts['version']}", f"Keras {installed()}"]
    parts = []
    for group, entries in facts["tables"].items():
        rows, same, new = [], [], []
        for name, then in entries.items():
            if then is None:
                new.append(names(group, name))
                now(group, name)  # an error if it is not there now either
                continue
            found = differences(then, now(group, name))
            rows += [[names(group, name), *row] for row in found]
            if not found:
                same.append(names(group, name))
        parts.append(f"## {HEADS[group]}\n")
        if rows:
            parts.append(f"::: {{.band}}\n{markup.table(heads, rows, '---')}:::\n")
        if same:
            parts.append(f"The same then and now: {'; '.join(same)}.\n")
        if new:
            parts.append(f"Did not exist then: {'; '.join(new)}.\n")
    return "\n".join(parts)


def differences(then: Values, now: Values) -> list[tuple[str, str, str]]:
    """Return the arguments that differ, with their values then and now.

    A new argument that does nothing unless it is asked for is left out.
    """
    then = {RENAMED.get(name, name): value for name, value in then.items()}
    rows = []
    for name in dict.fromkeys([*then, *now]):
        old, new = (values.get(name, ABSENT) for values in (then, now))
        if name == "epsilon" and old is None:
            old = EPSILON
        idle = old == ABSENT and (new in (None, False, 1) or name in ASKED_FOR)
        same = (tuple(old) if isinstance(old, list) else old) == new
        if name not in LEFT_OUT and not idle and not same:
            rows.append((f"`{name}`", _shown(old), _shown(new)))
    return rows


def now(group: str, name: str) -> Values:
    """Return the defaults of a class or function of the installed Keras."""
    import keras  # takes seconds, and the book's other pages do without

    signature = inspect.signature(getattr(getattr(keras, group), name))
    found = {one.name: one.default for one in signature.parameters.values()}
    return {key: value for key, value in found.items() if value is not inspect.Parameter.empty}


def names(group: str, name: str) -> str:
    """Return a name as Python and R have it, once where it is the same: `LSTM`, `layer_lstm`."""
    snake = name.lower() if name.isupper() else re.sub(r"(?<=[a-z])(?=[A-Z0-9])", "_", name).lower()
    in_r = R_NAMES.get(name, PREFIXES.get(group, "") + snake)
    return f"`{name}`" if in_r == name else f"`{name}`, `{in_r}`"


def _shown(value: Any) -> str:
    return value if value == ABSENT else f"`{tuple(value) if isinstance(value, list) else value!r}`"
