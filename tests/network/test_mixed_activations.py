"""Activations of the user's own and dropout in nets of mixed_bfloat16."""

import math

import numpy as np
import pytest
from dropout_masks import factors
from mixed_nets import MIXED, norm_errors
from mixed_reference import gradient

from fastmlp import SGD, ActivationError, Model, RowError
from fastmlp.training.rules import seed_of_masks

pytestmark = pytest.mark.usefixtures("bfloat16")
random = np.random.default_rng(0)
X = random.standard_normal((2000, 7)).astype("float32")
y = (X[:, 0] > 0).astype(int)


def sinc(z):
    return math.sin(z) / z


def sinc_derivative(z):
    return (z * math.cos(z) - math.sin(z)) / (z * z)


def one(z):
    return 1.0


def identity(z):
    return z


def refuses_large(z):
    if z > 6:
        raise RuntimeError("too large for me")
    return z


@pytest.mark.parametrize("width", [1, 5, 31, 32, 33])
def test_padding_is_not_seen(width):
    """Division by the zeros there, and by what they become, must touch neither other columns nor other rows."""
    model = Model([7, width, width, 1], (sinc, sinc_derivative), dtype=MIXED, seed=3)
    J, got = model.loss_and_gradient(X, y)
    expected = gradient(X, y, None, model.weights, model.biases, [(sinc, sinc_derivative)] * 2)
    assert pytest.approx(expected.J, rel=1e-4) == J
    assert norm_errors([*got.weights, *got.biases], [*expected.dW, *expected.db]).max() < 2e-3
    model.fit(X, y, epochs=1, batch_size=33)
    assert np.isfinite(model.parameters).all()
    assert np.isfinite(model.predict_proba(X)).all()


def test_where_an_activation_is_not_defined_predictions_are_errors():
    undefined = Model([1, 1, 1], (lambda z: 0 / z, one), bias=False, dtype=MIXED)
    with pytest.raises(RowError, match=r"row 1: the output is NaN, as .* or an activation is not defined there"):
        undefined.predict_proba([[1.0], [0.0]])


@pytest.mark.parametrize("n_threads", [1, 3])
@pytest.mark.parametrize("broken", ["g", "g'"])
def test_exceptions_end_the_call(n_threads, broken):
    """That of a single row, whichever thread has it; the weights are those from before."""
    pair = (refuses_large, one) if broken == "g" else (identity, refuses_large)
    model = Model([7, 3, 3, 1], ["tanh", pair], bias=False, dtype=MIXED, n_threads=n_threads)
    model.weights[0][:] = np.eye(7, 3)
    model.weights[1][:] = 9 * np.eye(3)
    rows, before = X.clip(-0.3, 0.3), model.parameters.copy()
    rows[-7, 1] = 4.0
    calls = [
        lambda X: model.loss_and_gradient(X, y),
        lambda X: model.fit(X, y, epochs=1, batch_size=50, shuffle=False),
        lambda X: model.fit(X, y, epochs=1, batch_size=None),
    ]
    for call in [*calls, lambda X: model.loss(X, y), model.predict][: 5 if broken == "g" else 3]:
        model.parameters[:] = before
        with pytest.raises(ActivationError, match=rf"activation '\w+': {broken}\([6-9].*too large for me"):
            call(rows)
        assert np.array_equal(model.parameters, before)
        call(rows.clip(-0.3, 0.3))


@pytest.mark.parametrize("dropout", [0.5, 0.3])
@pytest.mark.parametrize("activation", ["relu", "tanh", "gelu", (math.atan, lambda z: 1 / (1 + z * z))])
@pytest.mark.parametrize("n", [33, 400])
def test_dropout_scales_operands_before_they_are_rounded(n, activation, dropout):
    model = Model([7, 33, 20, 1], activation, dtype=MIXED, seed=5, dropout=[dropout, 0.25])
    before = [part.astype(float) for part in (*model.weights, *model.biases)]
    weights, biases = [W.copy() for W in model.weights], [b.copy() for b in model.biases]
    model.fit(X[:n], y[:n], epochs=1, batch_size=n, shuffle=False, optimizer=SGD(1.0))
    seed = seed_of_masks(5)
    D = [factors(seed, 0, n, 0, dropout, 33), factors(seed, 0, n, 1, 0.25, 20)]
    expected = gradient(X[:n], y[:n], None, weights, biases, [activation] * 2, dropout=D)
    got = [n * (a - b) for a, b in zip(before, (*model.weights, *model.biases), strict=True)]
    assert norm_errors(got, [*expected.dW, *expected.db]).max() < 4e-4


@pytest.mark.parametrize("p", [0.1, 0.5, 0.9])
def test_masks_are_those_of_float32(p):
    """Seen in steps over one row: a unit that is left out leaves its row of W[2] as it was."""
    changed = {}
    for dtype in ("float32", MIXED):
        model = Model([7, 200, 1], "softplus", dtype=dtype, seed=4, dropout=p, loss="squared_error")
        optimizer, seen = SGD(1e-4), []
        for i in range(20):
            before = model.weights[1].copy()
            model.fit(X[i : i + 1], X[i : i + 1, 0], epochs=1, batch_size=1, optimizer=optimizer)
            seen.append(model.weights[1] != before)
        changed[dtype] = np.array(seen)
    np.testing.assert_array_equal(changed[MIXED], changed["float32"])
    assert abs(changed[MIXED].mean() - (1 - p)) < 4 * math.sqrt(p * (1 - p) / changed[MIXED].size)


def test_predictions_use_all_units():
    dropping, plain = Model([7, 33, 1], dtype=MIXED, dropout=0.5), Model([7, 33, 1], dtype=MIXED)
    dropping.fit(X, y, epochs=1)
    plain.parameters[:] = dropping.parameters
    assert dropping.predict_proba(X).tobytes() == plain.predict_proba(X).tobytes()
    assert dropping.loss(X, y) == plain.loss(X, y)
