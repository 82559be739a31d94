"""Neither threads, nor where rows lie, nor windows of streams change a bit of what mixed_bfloat16 computes."""

import functools
from itertools import cycle, product

import numpy as np
import pandas as pd
import pytest
from bits import start_all_threads
from mixed_nets import MIXED
from scipy.sparse import csr_matrix

from fastmlp import SGD, Adam, AdamW, Model, Momentum, Nesterov, rows

pytestmark = pytest.mark.usefixtures("bfloat16")
THREADS = 1, 2, 3
BATCHES = 1, 31, 32, 33, 100, 256, 1024, None
OPTIMIZERS = SGD, Momentum, Nesterov, Adam, AdamW
NETS = {
    "no hidden layer": ([33, 1], [], {}),
    "relu": ([31, 33, 63, 1], "relu", {}),
    "others": ([5, 17, 64, 32, 1], ["gelu", "tanh", "leaky_relu"], {}),
    "classes": ([40, 64, 17], "relu", {"dropout": 0.25}),
    "labels": ([9, 33, 40], "silu", {"out_activation": "logistic"}),
    "numbers": ([3, 300, 2], "relu", {"loss": "squared_error", "bias": False}),
    "poisson": ([64, 32, 5, 1], "elu", {"loss": "poisson", "dropout": [0.5, 0]}),
}


@pytest.fixture
def many_threads(monkeypatch):
    return start_all_threads(monkeypatch)


@functools.cache
def data(net, n):
    """X, y and w, some of them 0."""
    (widths, _, settings), random = NETS[net], np.random.default_rng([n, 3])
    X, K = random.standard_normal((n, widths[0])).astype("f4"), widths[-1]
    w = random.uniform(0, 2, n) * (random.random(n) < 0.9)
    if "loss" in settings:
        y = random.poisson(2.0, (n, K) if K > 1 else n)
    elif K == 1 or "out_activation" in settings:
        y = random.integers(0, 2, (n, K) if K > 1 else n)
    else:
        y = np.arange(n) % K
    return X, y, w


def model_of(net, n_threads=None):
    widths, activation, settings = NETS[net]
    return Model(widths, activation, dtype=MIXED, seed=2, n_threads=n_threads, **settings)


def cases():
    """Every net with every batch size, the optimizers in turn."""
    return [(*case, optimizer) for case, optimizer in zip(product(NETS, BATCHES), cycle(OPTIMIZERS), strict=False)]


@pytest.mark.parametrize(("net", "batch_size", "optimizer"), cases())
def test_threads_change_no_bit_of_a_fit(net, batch_size, optimizer, many_threads):
    n = {1: 5, 1024: 2100, None: 1500}.get(batch_size, 400)
    X, y, w = data(net, n)
    results = set()
    for n_threads in THREADS:
        many_threads.clear()
        model = model_of(net, n_threads)
        start = model.parameters.copy()
        model.fit(X, y, w, epochs=2, batch_size=batch_size, optimizer=optimizer(0.003), l2=1e-3)
        assert max(many_threads) > 1 or n_threads == 1 or batch_size == 1
        assert (model.parameters != start).any()
        assert np.isfinite(model.parameters).all()
        losses = [record["loss"] for record in model.history]
        results.add((model.parameters.tobytes(), *losses, model.optimizer.moments.tobytes()))
    assert len(results) == 1


@pytest.mark.parametrize("n", [1, 33, 3000])
@pytest.mark.parametrize("net", NETS)
def test_threads_change_no_bit_of_gradients_and_predictions(net, n, many_threads):
    X, y, w = data(net, n)
    results = set()
    for n_threads in THREADS:
        model = model_of(net, n_threads)
        J, gradient = model.loss_and_gradient(X, y, w)
        results.add((J, gradient.parameters.tobytes(), model.loss(X, y, w), model.predict(X).tobytes()))
    assert len(results) == 1


def layouts(X):
    """Return the same numbers at other places and in other types."""
    n, p = X.shape
    wide = np.zeros((2 * n, 3 * p), np.float32)
    wide[::2, ::3] = X
    return {
        "C order": X,
        "Fortran order": np.asfortranarray(X),
        "strided": wide[::2, ::3],
        "backwards": X[::-1, ::-1].copy()[::-1, ::-1],
        "float64": X.astype(np.float64),
        "float64, Fortran order": np.asfortranarray(X, np.float64),
        "list": X.tolist(),
        "frame": pd.DataFrame(X, columns=[f"x{k}" for k in range(p)]),
        "sparse": csr_matrix(X),
    }


@pytest.mark.parametrize("batch_size", [33, 256, None])
@pytest.mark.parametrize("net", ["relu", "others", "numbers"])
def test_layouts_change_no_bit(net, batch_size):
    X, y, w = data(net, 600)
    results = {}
    for name, given in layouts(X).items():
        model = model_of(net)
        model.fit(given, y, w, epochs=2, batch_size=batch_size)
        J, gradient = model.loss_and_gradient(given, y, w)
        found = model.parameters.tobytes(), J, gradient.parameters.tobytes(), model.predict(given).tobytes()
        results.setdefault(found, []).append(name)
    assert len(results) == 1, list(results.values())


def test_scaled_inputs_are_rounded_after_they_are_scaled():
    """Also where the numbers of X themselves would lose all in bfloat16."""
    X, y, w = data("relu", 500)
    X = (X * 8).round() / 8
    far, shift, factor = X / 4 + 4096, np.full(31, 4096.0), np.full(31, 4.0)
    assert ((far - shift) * factor == X).all()
    scaled, plain = model_of("relu"), model_of("relu")
    scaled.scaling = shift, factor
    for model, given in ((scaled, far), (plain, X)):
        model.fit(given, y, w, epochs=2, batch_size=64)
    assert scaled.parameters.tobytes() == plain.parameters.tobytes()
    assert scaled.predict_proba(far).tobytes() == plain.predict_proba(X).tobytes()


@pytest.mark.parametrize("batch_size", [32, 250])
@pytest.mark.parametrize("net", ["relu", "classes", "numbers"])
def test_streams_have_the_bits_of_arrays(net, batch_size):
    """In windows that hold whole batches. Windows that are smaller than a batch sum it in chunks, one after another."""
    X, y, w = data(net, 1000)
    results = set()
    for given in ((X, y, w), (rows.Array(X, y, w, block_rows=50, window_rows=500),)):
        model = model_of(net)
        model.fit(*given, epochs=2, batch_size=batch_size, shuffle=False)
        J, gradient = model.loss_and_gradient(*given)
        results.add((model.parameters.tobytes(), model.predict(given[0]).tobytes()))
    assert len(results) == 1
    assert np.isfinite(J)
    assert np.isfinite(gradient.parameters).all()


@pytest.mark.parametrize("net", ["relu", "classes"])
def test_threads_change_no_bit_of_streams_whose_batches_are_larger_than_windows(net, many_threads):
    X, y, w = data(net, 300)
    results = set()
    for n_threads in THREADS:
        model = model_of(net, n_threads)
        model.fit(rows.Array(X, y, w, block_rows=50, window_rows=100), epochs=1, batch_size=250)
        results.add(model.parameters.tobytes())
    assert len(results) == 1
    assert max(many_threads) > 1


def test_what_was_computed_before_changes_no_bit():
    """Workspaces that were used before hold nothing that counts."""
    X, y, w = data("others", 300)
    used = model_of("others")
    for n in (300, 33, 1, 299):
        used.loss_and_gradient(X[:n], y[:n], w[:n])
    for n in (1, 33, 299):
        J, gradient = model_of("others").loss_and_gradient(X[:n], y[:n], w[:n])
        again, second = used.loss_and_gradient(X[:n], y[:n], w[:n])
        assert again == J
        assert second.parameters.tobytes() == gradient.parameters.tobytes()
