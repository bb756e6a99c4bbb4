"""The gradients that 03_backprop writes by hand, against central differences and Keras."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from helpers import names_of
from hypothesis import given, settings
from hypothesis import strategies as st

TWIN = names_of("03_backprop", ["head", "constants", "gates", "numeric", "forward", "backward"])
SOLUTION = names_of("solutions/03_backprop", ["head", "constants", "network"])
few_examples = settings(deadline=None, max_examples=25)
numbers = st.integers(0, 2**32 - 1)
values = st.integers(-100, 100)


def problem(number):
    """Random inputs, labels and weights of a network of random size, away from ReLU's kink."""
    rng = np.random.default_rng(number)
    points, inputs, units = rng.integers(2, 12), rng.integers(1, 4), rng.integers(1, 6)
    while True:
        x = rng.normal(size=(points, inputs))
        weights = [rng.normal(size=shape) for shape in [(inputs, units), units, (units, 1), 1]]
        if np.abs(x @ weights[0] + weights[1]).min() > 1e-3:
            return x, rng.integers(0, 2, size=(points, 1)), weights


def flat(arrays):
    return np.concatenate([np.ravel(array) for array in arrays])


def by_differences(loss, weights):
    """Central differences of the loss over every single weight."""
    ends = np.cumsum([array.size for array in weights])[:-1]

    def of_vector(vector):
        parts = np.split(vector, ends)
        return loss([part.reshape(w.shape) for part, w in zip(parts, weights, strict=True)])

    return TWIN.numeric_gradient(of_vector, flat(weights))


def loss_of_twin(x, y):
    return lambda weights: TWIN.cross_entropy(y, TWIN.forward(x, weights)[1])


@few_examples
@given(values, values, values)
def test_gates_follow_the_chain_rule_at_any_point(x, y, z):
    found = names_of("03_backprop", ["gates"], POINT=[x, y, z])
    assert found.f == (x + y) * z
    assert [found.dx, found.dy, found.dz] == [z, z, x + y]


def test_numeric_gradient_of_functions_with_known_derivatives():
    point = np.array([0.3, -1.2, 2.0])
    assert np.allclose(
        TWIN.numeric_gradient(lambda at: np.sin(at).sum(), point), np.cos(point), atol=1e-9
    )
    assert np.allclose(
        TWIN.numeric_gradient(lambda at: np.prod(at), point), point.prod() / point, atol=1e-9
    )


@few_examples
@given(numbers)
def test_backward_agrees_with_central_differences(number):
    x, y, weights = problem(number)
    ours = TWIN.backward(x, y, weights)
    assert [g.shape for g in ours] == [w.shape for w in weights]
    steps = by_differences(loss_of_twin(x, y), weights)
    assert flat(ours) == pytest.approx(steps, rel=1e-5, abs=1e-8)


@few_examples
@given(numbers)
def test_backward_of_the_solution_agrees_with_central_differences(number):
    x, y, weights = problem(number)
    steps = by_differences(lambda w: SOLUTION.cross_entropy(x, y, w), weights)
    ours = SOLUTION.backward(x, y, weights)
    assert flat(ours) == pytest.approx(steps, rel=1e-5, abs=1e-8)


def test_the_check_finds_a_wrong_gradient():
    x, y, weights = problem(1)
    right = flat(TWIN.backward(x, y, weights))
    steps = by_differences(loss_of_twin(x, y), weights)
    assert TWIN.relative_error(right, steps) < TWIN.TOLERANCE
    for i in np.flatnonzero(np.abs(right) > 1e-3):
        wrong = right.copy()
        wrong[i] *= 1.01
        assert TWIN.relative_error(wrong, steps) > TWIN.TOLERANCE


@pytest.mark.parametrize("twin", [TWIN, SOLUTION], ids=["relu", "tanh"])
@pytest.mark.parametrize("number", range(4))
def test_backward_agrees_with_keras(twin, number):
    x, y, weights = problem(number)
    activation = "relu" if twin is TWIN else "tanh"
    model = keras.Sequential(
        [
            keras.Input(shape=(x.shape[1],)),
            keras.layers.Dense(weights[0].shape[1], activation=activation),
            keras.layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.set_weights(weights)
    with tf.GradientTape() as tape:
        loss = keras.losses.BinaryCrossentropy()(y, model(x))
    theirs = tape.gradient(loss, model.trainable_variables)
    weights = [w.astype("float64") for w in model.get_weights()]
    for ours, keras_one in zip(twin.backward(x, y, weights), theirs, strict=True):
        assert np.abs(ours - keras_one.numpy()).max() < TWIN.TOLERANCE
