"""J and its gradient against the oracle, against differences of J itself, and against their own symmetries."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numba import types
from reference import FUNCTIONS, SMOOTH, assert_close, loss_and_gradient, magnitudes

from fastmlp import SGD, Model
from fastmlp.activations import resolve_all
from fastmlp.kernels import steps
from fastmlp.network import threads
from fastmlp.network.chunks import Chunks
from fastmlp.network.network import Network
from fastmlp.network.plan import Plan
from fastmlp.rows.array import ArrayRows

TOLERANCE = {"float64": 1e-10, "float32": 2e-4}
KINKED = {"relu", "leaky_relu", "selu"}  # their g' jumps at 0


@pytest.fixture(scope="module", autouse=True)
def threads_for_few_rows():
    with pytest.MonkeyPatch.context() as context:
        context.setattr(threads, "SHORT_FLOPS", 4e7)
        yield


def random_model(widths, activations, bias, dtype, seed):
    """Return a model whose A stay of order 1: Z's variance is about 1 in every layer; biases are not 0."""
    model = Model(widths, list(activations), bias=bias, dtype=dtype)
    random = np.random.default_rng(seed)
    for W in model.weights:
        W[...] = random.standard_normal(W.shape) * 1.2 / np.sqrt(W.shape[0])
    for b in model.biases:
        b[...] = random.uniform(-0.5, 0.5, b.shape)
    return model


def random_rows(n, p, seed, dtype, weighted=False):
    random = np.random.default_rng([seed, 1])
    X = random.standard_normal((n, p)).astype(dtype)
    return X, random.integers(0, 2, n), random.uniform(0.1, 3, n) if weighted else None


def kernel_masks(model, activations, X):
    """Z[l] > 0 of every hidden layer as the kernels round it.

    A net that ends in layer l has Z[l] as its logits. A column of zeros beside W[l] keeps its last layer on
    the path of hidden layers also where p[l] = 1. The order of the sum over k, and so every bit, is the same.
    """
    masks = []
    for l in range(len(activations)):
        widths = (*model.widths[: l + 1], model.widths[l + 1] + 1)
        plan = Plan(widths, resolve_all(list(activations[:l]), l, model.dtype), model.bias, model.dtype)
        theta = np.zeros(plan.n_parameters, model.dtype)
        weights, biases = plan.views(theta)
        for source, target in zip(model.weights[: l + 1] + model.biases[: l + 1], weights + biases, strict=True):
            target[tuple(slice(size) for size in source.shape)] = source
        rows = ArrayRows(X, n_features=widths[0], dtype=model.dtype)
        masks.append(Network(plan, theta).logits(rows)[:, :-1] > 0)
    return masks


def check(model, activations, X, y, w, tolerance, masks=None):
    """Compare J, every dW and every db with the oracle."""
    J, gradient = model.loss_and_gradient(X, y, w)
    expected_J, dWs, dbs = loss_and_gradient(X, y, w, model.weights, model.biases, activations, masks)
    assert_close(J, expected_J, tolerance)
    floor_W, floor_b = magnitudes(X, y, w, model.weights, model.biases, activations)
    parts = ("dW", gradient.weights, dWs, floor_W), ("db", gradient.biases, dbs, floor_b)
    for name, got, expected, floor in parts:
        for l, (a, b, scale) in enumerate(zip(got, expected, floor, strict=True)):
            try:
                assert_close(a, b, tolerance, floor=1e-2 * scale)
            except AssertionError as error:
                raise AssertionError(f"{name}[{l + 1}]: {error}") from None


width = st.one_of(st.integers(1, 20), st.integers(1, 130), st.sampled_from([1, 8, 16, 17, 48, 64, 128]))


@st.composite
def nets(draw):
    """widths, activations, bias, weights?, tiles + extra rows, seed."""
    depth = draw(st.integers(1, 6))
    widths = [draw(width) for _ in range(depth)] + [1]
    activations = [draw(st.sampled_from(sorted(FUNCTIONS))) for _ in range(depth - 1)]
    rows = draw(st.one_of(st.tuples(st.just(0), st.integers(1, 40)), st.tuples(st.integers(1, 3), st.integers(-1, 1))))
    return widths, activations, draw(st.booleans()), draw(st.booleans()), rows, draw(st.integers(0, 2**32 - 1))


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@settings(max_examples=300, deadline=None, derandomize=True, database=None,
          suppress_health_check=[HealthCheck.too_slow])  # fmt: skip
@given(net=nets())
def test_gradient_equals_the_oracle(dtype, net):
    widths, activations, bias, weighted, (tiles, extra), seed = net
    model = random_model(widths, activations, bias, dtype, seed)
    n = tiles * model._network.plan.tile_rows + extra
    X, y, w = random_rows(n, widths[0], seed, dtype, weighted)
    masks = kernel_masks(model, activations, X) if dtype == "float32" and KINKED & set(activations) else None
    check(model, activations, X, y, w, TOLERANCE[dtype], masks)


def test_all_those_nets_shared_one_signature_per_dtype():
    """But for those with features, or with operands in bfloat16, which other tests may have compiled."""
    for dtype in ("float64", "float32"):
        for widths in ([3, 1], [3, 9, 1], [20, 4, 4, 4, 1]):
            model = Model(widths, "gelu", dtype=dtype)
            X, y, w = random_rows(50, widths[0], 0, dtype, weighted=True)
            model.fit(X, y, w, epochs=1, optimizer="adamw").predict(X)
    for kernel in (steps.train, steps.predict):
        nets = [dict(zip(signature[3].fields, signature[3].types, strict=True)) for signature in kernel.signatures]
        plain = [
            net for net in nets if net["pairs"].dtype == net["work"].dtype and net["features"].dtype == types.uint8
        ]
        assert sorted(str(net["work"].dtype) for net in plain) == ["float32", "float64"]


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_layers_so_wide_that_W_and_columns_of_A_are_packed(dtype):
    """The gradient tile by tile, and that of a small batch, whose dW is summed over all its rows at once."""
    activations = ["tanh", "tanh"]
    model = random_model([70, 528, 300, 1], activations, True, dtype, 9)
    X, y, w = random_rows(300, 70, 9, dtype, weighted=True)
    check(model, activations, X, y, w, TOLERANCE[dtype])
    _, gradient = model.loss_and_gradient(X[:40], y[:40])
    before = model.parameters.copy()
    model.fit(X[:40], y[:40], epochs=1, batch_size=40, optimizer=SGD(learning_rate=1.0))
    assert_close(before - model.parameters, gradient.parameters / 40, TOLERANCE[dtype])


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("activations", [["relu", "relu"], ["relu", "tanh"]])
def test_chunks_of_several_tiles(activations, dtype):
    """What a tile adds to its chunk's dW and db is added to that of the tiles before it."""
    model, n = random_model([3, 50, 400, 1], activations, True, dtype, 5), 9000
    plan = model._network.plan
    assert Chunks(plan).of_rows(n)[0] > plan.tile_rows
    X, y, w = random_rows(n, 3, 5, dtype, weighted=True)
    masks = kernel_masks(model, activations, X) if dtype == "float32" else None
    check(model, activations, X, y, w, TOLERANCE[dtype], masks)


@pytest.mark.parametrize("activation", SMOOTH)
def test_gradient_equals_signed_differences_of_J(activation):
    model = random_model([7, 18, 5, 1], [activation] * 2, True, "float64", 3)
    X, y, w = random_rows(230, 7, 3, "float64", weighted=True)
    _, gradient = model.loss_and_gradient(X, y, w)
    theta, h = model.parameters, 1e-5
    scale = np.abs(gradient.parameters).max()
    for i in np.random.default_rng(0).choice(theta.size, 25, replace=False):
        middle = theta[i]
        J = []
        for step in (h, -h):
            theta[i] = middle + step
            J.append(model.loss(X, y, w))
        theta[i] = middle
        assert abs((J[0] - J[1]) / (2 * h) - gradient.parameters[i]) <= 1e-7 * scale


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_one_flipped_sign_is_noticed(dtype, monkeypatch):
    activations = ["tanh", "relu"]
    model = random_model([4, 9, 6, 1], activations, True, dtype, 1)
    X, y, w = random_rows(100, 4, 1, dtype)
    masks = kernel_masks(model, activations, X)
    check(model, activations, X, y, w, TOLERANCE[dtype], masks)
    correct = model.loss_and_gradient

    def flipped(*arguments):
        J, gradient = correct(*arguments)
        gradient.weights[1][3, 2] *= -1
        return J, gradient

    monkeypatch.setattr(model, "loss_and_gradient", flipped)
    with pytest.raises(AssertionError, match=r"dW\[2\]"):
        check(model, activations, X, y, w, TOLERANCE[dtype], masks)


def test_own_activation_equals_the_built_in_one():
    def g(z):
        return z * z

    def dg(z):
        return 2 * z

    model = random_model([5, 7, 1], [(g, dg)], True, "float64", 2)
    X, y, _ = random_rows(150, 5, 2, "float64")
    _, gradient = model.loss_and_gradient(X, y)
    A = (X @ model.weights[0] + model.biases[0]) ** 2
    z = (A @ model.weights[1] + model.biases[1])[:, 0]
    d = 1 / (1 + np.exp(-z)) - y
    dZ = d[:, None] * model.weights[1].T * 2 * (X @ model.weights[0] + model.biases[0])
    assert_close(gradient.weights[1], A.T @ d[:, None], 1e-12)
    assert_close(gradient.weights[0], X.T @ dZ, 1e-12)
    assert_close(gradient.biases[0], dZ.sum(axis=0), 1e-12)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("logit", [1e4, -1e4])
def test_extreme_logits_are_finite_and_right(dtype, logit):
    model = random_model([3, 8, 1], ["tanh"], True, dtype, 5)
    model.biases[-1][0] = logit
    X, y, w = random_rows(200, 3, 5, dtype, weighted=True)
    check(model, ["tanh"], X, y, w, TOLERANCE[dtype])
    J, _ = model.loss_and_gradient(X, y, w)
    assert_close(J, 1e4 * w[y == (logit < 0)].sum(), 1e-3)
    np.testing.assert_allclose(model.predict_proba(X), float(logit > 0), atol=1e-37)


@pytest.mark.parametrize("n", [9, 250, 700])
def test_weight_zero_leaves_a_row_out_and_weight_two_doubles_it(n):
    model = random_model([6, 20, 1], ["silu"], True, "float64", 7)
    X, y, _ = random_rows(n, 6, 7, "float64")
    times = np.random.default_rng(n).integers(0, 3, n)
    J, gradient = model.loss_and_gradient(X, y, times)
    expected_J, expected = model.loss_and_gradient(X.repeat(times, axis=0), y.repeat(times))
    assert_close(J, expected_J, 1e-13)
    assert_close(gradient.parameters, expected.parameters, 1e-12)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("n", [1, 100, 1000])
def test_loss_is_the_J_of_loss_and_gradient(dtype, n):
    model = random_model([6, 20, 4, 1], ["elu", "gelu"], True, dtype, 8)
    X, y, w = random_rows(n, 6, 8, dtype, weighted=True)
    before = model.parameters.copy()
    assert model.loss(X, y, w) == model.loss_and_gradient(X, y, w)[0] > 0
    np.testing.assert_array_equal(model.parameters, before)
