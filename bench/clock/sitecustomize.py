"""Time what Keras does in a process, from either language, and try settings on its twins.

Python reads a module of this name by itself when its folder is in PYTHONPATH;
R's does too. A line of JSON for every call goes to the file BENCH_CLOCK:
fit, evaluate or predict, at which second of processor time it began, how many it
took, and of these `compile`, what the
first calls of a step took beyond the later ones; and `import` for loading Keras
and TensorFlow, which R does when it first needs them. BENCH_COMPILE holds arguments
for compile() as JSON; BENCH_NO names methods of tf.data to leave out.
"""

import functools
import importlib.abc
import importlib.machinery
import json
import os
import sys
import time

TRAINER = "keras.src.backend.tensorflow.trainer"
STEPS = ("train_function", "test_function", "predict_function")
WARMING = 2  # calls of a step that may trace it


def write(call, began, **more):
    """Add a call that ends now to the file."""
    event = {"call": call, "at": began, "seconds": time.process_time() - began, **more}
    with open(os.environ["BENCH_CLOCK"], "a") as out:  # noqa: PTH123
        out.write(json.dumps(event) + "\n")


def beyond(calls):
    """Return how much longer the first calls took than a usual one."""
    if len(calls) <= WARMING:
        return sum(calls)
    usual = sorted(calls[WARMING:])[(len(calls) - WARMING) // 2]
    return sum(max(0.0, one - usual) for one in calls[:WARMING])


def time_calls(trainer):
    """Wrap the methods of Keras' trainer."""
    depth, calls = [], {}

    def outermost(name):
        method = getattr(trainer, name)

        @functools.wraps(method)
        def timed(*args, **kwargs):
            if depth:
                return method(*args, **kwargs)
            depth.append(name)
            calls.clear()
            began = time.process_time()
            try:
                return method(*args, **kwargs)
            finally:
                depth.clear()
                write(name, began, compile=sum(beyond(one) for one in calls.values()))

        setattr(trainer, name, timed)

    def step(name):
        make = getattr(trainer, f"make_{name}")

        @functools.wraps(make)
        def made(self, *args, **kwargs):
            before = getattr(self, name, None)
            found = make(self, *args, **kwargs)
            function = getattr(self, name)
            if function is before:
                return found

            def timed(*args, **kwargs):
                began = time.process_time()
                try:
                    return function(*args, **kwargs)
                finally:
                    calls.setdefault((id(self), name), []).append(time.process_time() - began)

            setattr(self, name, timed)
            return found

        setattr(trainer, f"make_{name}", made)

    for name in ("fit", "evaluate", "predict"):
        outermost(name)
    for name in STEPS:
        step(name)


def change(trainer):
    """Give compile() other arguments, and take methods of tf.data away."""
    if given := json.loads(os.environ.get("BENCH_COMPILE") or "{}"):
        compiled = trainer.compile
        trainer.compile = lambda self, *args, **kwargs: compiled(self, *args, **(kwargs | given))
    import tensorflow as tf

    for name in os.environ.get("BENCH_NO", "").split():
        setattr(tf.data.Dataset, name, lambda self, *args, **kwargs: self)


class Watch(importlib.abc.MetaPathFinder):
    """Change the trainer as soon as Keras has loaded it."""

    began = None

    def find_spec(self, name, path, target=None):
        """Find the trainer, and no other module."""
        if name in ("tensorflow", "keras") and self.began is None:
            self.began = time.process_time()
        if name != TRAINER:
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path, target)
        load = spec.loader.exec_module

        def loaded(module):
            load(module)
            change(module.TensorFlowTrainer)
            time_calls(module.TensorFlowTrainer)
            write("import", self.began)

        spec.loader.exec_module = loaded
        return spec


if os.environ.get("BENCH_CLOCK"):
    sys.meta_path.insert(0, Watch())
