"""Gradients and steps of nets whose targets are numbers, beside the oracle's, and their own symmetries."""

import numpy as np
import pytest
from numeric_losses import LOSSES, model_of, target
from reference import Stepper, assert_close, loss_and_gradient, magnitudes, train

from fastmlp import SGD, Adam, Model

TOLERANCE = {"float64": 1e-11, "float32": 1e-4}
DTYPES = list(TOLERANCE)
SHAPES = {  # widths and activations; K outputs, of which vectors have a rest, or none
    "no hidden layer": ([5, 1], []),
    "narrow": ([6, 17, 1], ["tanh"]),
    "two outputs": ([6, 30, 9, 2], ["silu", "gelu"]),
    "three": ([4, 8, 3], ["logistic"]),
    "a vector": ([4, 8, 8], ["tanh"]),
    "nine": ([7, 33, 9], ["softplus"]),
    "seventeen": ([7, 17, 17], ["tanh"]),
    "thirty-three, no hidden layer": ([20, 33], []),
    "three hundred": ([6, 8, 300], ["tanh"]),
}


def made(name, shape, dtype, **settings):
    """Return a model whose A and Z are of order 1, and whose biases are not 0."""
    widths, activations = SHAPES[shape]
    model = model_of(name, widths, activations, dtype=dtype, **settings)
    random = np.random.default_rng(4)
    for W in model.weights:
        W[...] = random.standard_normal(W.shape) / np.sqrt(W.shape[0])
    for b in model.biases:
        b[...] = random.uniform(-0.5, 0.5, b.shape)
    return model


def data(model, name, n, dtype):
    random = np.random.default_rng(n)
    X = random.standard_normal((n, model.widths[0])).astype(dtype)
    return X, target(name, n, model.widths[-1]).astype(dtype), random.uniform(0, 3, n) * (random.random(n) < 0.8)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("weighted", [False, True])
def test_gradient_equals_the_oracle(weighted, name, shape, dtype):
    for n, bias in ((1, True), (3, False), (260, True), (2500, True)):
        model = made(name, shape, dtype, bias=bias)
        X, y, w = data(model, name, n, dtype)
        w = w + (n == 1) if weighted else None
        net, twin = (model.weights, model.biases, SHAPES[shape][1]), LOSSES[name].twin(dtype)
        J, gradient = model.loss_and_gradient(X, y, w)
        expected, dWs, dbs = loss_and_gradient(X, y, w, *net, loss=twin)
        assert_close(J, expected, TOLERANCE[dtype])
        assert model.loss(X, y, w) == J
        of_W, of_b = magnitudes(X, y, w, *net, loss=twin)
        parts = gradient.weights + gradient.biases
        for got, want, floor in zip(parts, dWs + dbs, of_W + of_b, strict=True):
            assert_close(got, want, TOLERANCE[dtype], floor=0.01 * floor)


@pytest.mark.parametrize("name", LOSSES)
def test_gradient_equals_signed_differences_of_J(name):
    model = made(name, "two outputs", "float64")
    X, y, w = data(model, name, 230, "float64")
    _, gradient = model.loss_and_gradient(X, y, w)
    theta, h = model.parameters, 1e-6
    scale = np.abs(gradient.parameters).max()
    for i in np.random.default_rng(0).choice(theta.size, 40, replace=False):
        middle, J = theta[i], []
        for step in (h, -h):
            theta[i] = middle + step
            J.append(model.loss(X, y, w))
        theta[i] = middle
        assert abs((J[0] - J[1]) / (2 * h) - gradient.parameters[i]) <= 2e-6 * scale


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("batch_size", [40, 600])
@pytest.mark.parametrize("name", LOSSES)
def test_three_steps_with_weights_and_l2(name, batch_size, dtype):
    model = made(name, "two outputs", dtype)
    X, y, w = data(model, name, 3 * batch_size, dtype)
    start = model.parameters.astype(np.float64)
    expected = train(
        X, y, w, model.weights, model.biases, SHAPES["two outputs"][1], Stepper("adam", 0.02), batch_size, 0.3,
        LOSSES[name].twin(dtype),
    )  # fmt: skip
    model.fit(X, y, w, epochs=1, batch_size=batch_size, optimizer=Adam(0.02), l2=0.3, shuffle=False)
    moved = np.concatenate([part.ravel() for parts in expected for part in parts]) - start
    assert_close(model.parameters - start, moved, {"float64": 1e-10, "float32": 1e-3}[dtype])


@pytest.mark.parametrize("n", [9, 250, 700])
@pytest.mark.parametrize("name", LOSSES)
def test_weight_zero_leaves_a_row_out_and_weight_two_doubles_it(name, n):
    model = made(name, "three", "float64")
    X, y, _ = data(model, name, n, "float64")
    times = np.random.default_rng(n).integers(0, 3, n)
    J, gradient = model.loss_and_gradient(X, y, times)
    expected_J, expected = model.loss_and_gradient(X.repeat(times, axis=0), y.repeat(times, axis=0))
    assert_close(J, expected_J, 1e-13)
    assert_close(gradient.parameters, expected.parameters, 1e-12)


@pytest.mark.parametrize("name", LOSSES)
def test_a_factor_of_all_weights_is_one_of_J_and_changes_no_fit(name):
    model = made(name, "three", "float64")
    X, y, w = data(model, name, 300, "float64")
    (J, gradient), (J_16, gradient_16) = (model.loss_and_gradient(X, y, v) for v in (w, 16 * w))
    assert J_16 == 16 * J
    np.testing.assert_array_equal(gradient_16.parameters, 16 * gradient.parameters)
    fits = [made(name, "three", "float64").fit(X, y, v, epochs=2, batch_size=50).parameters for v in (w, 16 * w)]
    np.testing.assert_array_equal(*fits)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", [name for name, case in LOSSES.items() if case.outputs is None])
def test_the_order_of_outputs_does_not_matter(name, dtype):
    """Padding lies behind the last output: none of it may reach the others."""
    one, other = made(name, "nine", dtype), made(name, "nine", dtype)
    X, y, w = data(one, name, 500, dtype)
    turn = np.random.default_rng(0).permutation(9)
    other.weights[1][:], other.biases[1][:] = one.weights[1][:, turn], one.biases[1][turn]
    (J, gradient), (turned_J, turned) = one.loss_and_gradient(X, y, w), other.loss_and_gradient(X, y[:, turn], w)
    assert_close(turned_J, J, 1e-6)
    assert_close(turned.weights[1], gradient.weights[1][:, turn], TOLERANCE[dtype])
    assert_close(turned.weights[0], gradient.weights[0], TOLERANCE[dtype])
    np.testing.assert_array_equal(other.predict(X), one.predict(X)[:, turn])


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", LOSSES)
def test_a_J_that_is_not_finite_leaves_nothing_behind(name, dtype):
    """The next call over the same buffers, with finite weights again, has the numbers from before."""
    model = made(name, "nine", dtype)
    X, y, _ = data(model, name, 50, dtype)
    (J, gradient), predicted, theta = model.loss_and_gradient(X, y), model.predict(X), model.parameters.copy()
    model.parameters[:] = np.finfo(dtype).max
    with np.errstate(all="ignore"):
        assert not np.isfinite(model.loss(X, y))
    model.parameters[:] = theta
    again = model.loss_and_gradient(X, y)
    assert again[0] == J
    np.testing.assert_array_equal(again[1].parameters, gradient.parameters)
    np.testing.assert_array_equal(model.predict(X), predicted)


def test_squared_error_finds_the_least_squares_of_weights_and_l2():
    """L = 1 and squared error: the optimum is that of the normal equations."""
    random = np.random.default_rng(0)
    X, Y, w = random.standard_normal((300, 4)), random.standard_normal((300, 3)), random.uniform(0, 2, 300)
    Y += X @ random.standard_normal((4, 3))
    model = Model([4, 3], loss="squared_error", dtype="float64")
    model.fit(X, Y, w, epochs=600, batch_size=None, optimizer=SGD(0.5), l2=0.1)
    ones = np.c_[X, np.ones(300)]
    A = ones.T @ (w[:, None] * ones) / w.sum() + np.diag([0.1] * 4 + [0])
    expected = np.linalg.solve(A, ones.T @ (w[:, None] * Y) / w.sum())
    assert_close(np.vstack([model.weights[0], model.biases[0]]), expected, 1e-10)


def test_poisson_finds_the_rates_of_groups():
    """One indicator for each group and no bias: e^w is the mean count of the group, weighted."""
    random = np.random.default_rng(1)
    group, w = np.arange(400) % 4, random.uniform(0.1, 2, 400)
    y = random.poisson([0.5, 1, 4, 20], (100, 4)).ravel()
    model = Model([4, 1], loss="poisson", dtype="float64", bias=False)
    X = np.eye(4)[group]
    model.fit(X, y, w, epochs=3000, batch_size=None, optimizer=SGD(0.1))
    expected = [np.average(y[group == g], weights=w[group == g]) for g in range(4)]
    assert_close(model.predict(np.eye(4)), expected, 1e-6)


@pytest.mark.parametrize("dtype", DTYPES)
def test_quantiles_are_those_of_the_rows(dtype):
    """A net of biases alone: so many of the targets lie below each output as its level says."""
    y = np.random.default_rng(2).standard_exponential(4001)
    levels = [0.1, 0.25, 0.5, 0.95]
    model = Model([1, 4], loss="quantile", quantile=levels, dtype=dtype)
    X = np.zeros((4001, 1), dtype)
    for rate in (0.05, 0.01, 0.002):
        model.fit(X, y, epochs=400, batch_size=None, optimizer=Adam(rate))
    found = model.predict(X[:1])[0]
    np.testing.assert_allclose([(y < value).mean() for value in found], levels, atol=0.01)


def own(z):
    return z * z


def own_derivative(z):
    return 2 * z


@pytest.mark.parametrize("name", LOSSES)
def test_own_activations(name):
    model = model_of(name, [4, 5, 3], [(own, own_derivative)], dtype="float64", seed=4)
    X, y, _ = data(model, name, 500, "float64")
    J, gradient = model.loss_and_gradient(X, y)
    Z = X @ model.weights[0] + model.biases[0]
    outputs, Y = Z**2 @ model.weights[1] + model.biases[1], y.reshape(500, -1)
    twin = LOSSES[name].twin("float64")
    dZ = twin.slope(outputs, Y)
    assert_close(J, twin.value(outputs, Y).sum(), 1e-12)
    assert_close(gradient.weights[1], (Z**2).T @ dZ, 1e-11)
    assert_close(gradient.weights[0], X.T @ (dZ @ model.weights[1].T * 2 * Z), 1e-11)
