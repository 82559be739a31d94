"""Nets with features: the same as a net over the inputs that the features give, whatever batches, threads and rows."""

import numpy as np
import pandas as pd
import pytest
from bits import start_all_threads
from features_of_all_kinds import ALL, Q, rows_of

from fastmlp import Adam, AdamW, Model, RowError, TableEncoder, rows
from fastmlp.activations import resolve_all
from fastmlp.features import Bins, Features, Number, OneHot
from fastmlp.network.call import Tally
from fastmlp.network.network import Network
from fastmlp.network.plan import Plan
from fastmlp.network.workspace import aligned_zeros
from fastmlp.rows.array import ArrayRows
from fastmlp.rows.order import Order

N = 700
X = rows_of(N)
y = (np.nan_to_num(X[:, 0]) * X[:, 1] + 0.5 * X[:, 2] + X[:, 3] > 1).astype(int)
P = ALL.n_inputs


def pair(hidden=(24, 16), **settings):
    """Return a net with features, and a plain one for the inputs that they give."""
    made_from = {"dtype": "float64", "seed": 4, **settings}
    return [Model([P, *hidden, 1], "tanh", **made_from, **more) for more in ({"features": ALL}, {})]


def assert_near(got, expected, tolerance=1e-12):
    np.testing.assert_allclose(got, expected, rtol=0, atol=tolerance)


@pytest.mark.parametrize("hidden", [(24, 16), (7,), ()])
def test_loss_and_gradient(hidden):
    net, plain = pair(hidden)
    w = np.random.default_rng(0).uniform(0, 2, N)
    J, gradient = net.loss_and_gradient(X, y, w)
    J_plain, gradient_plain = plain.loss_and_gradient(ALL.apply(X), y, w)
    assert pytest.approx(J_plain, rel=1e-13) == J
    assert_near(gradient.parameters, gradient_plain.parameters, 1e-11)


def test_gradient_by_differences():
    net, _ = pair((6,))
    random, h = np.random.default_rng(1), 1e-6
    _, gradient = net.loss_and_gradient(X[:50], y[:50])
    theta = net.parameters.copy()
    for _ in range(5):
        step = random.standard_normal(theta.size)
        net.parameters[:] = theta + h * step
        above = net.loss(X[:50], y[:50])
        net.parameters[:] = theta - h * step
        assert (above - net.loss(X[:50], y[:50])) / (2 * h) == pytest.approx(gradient.parameters @ step, rel=1e-6)


@pytest.mark.parametrize("batch_size", [13, 64, 400, None])
@pytest.mark.parametrize("optimizer", ["sgd", "adamw"])
def test_training(optimizer, batch_size):
    net, plain = pair()
    settings = {"epochs": 3, "batch_size": batch_size, "l2": 0.01, "optimizer": optimizer}
    net.fit(X, y, **settings)
    plain.fit(ALL.apply(X), y, **settings)
    assert_near(net.parameters, plain.parameters)
    assert_near(net.predict_proba(X), plain.predict_proba(ALL.apply(X)))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("batch_size", [13, 64, 400, None])
def test_threads_change_no_bit(batch_size, dtype, monkeypatch):
    started = start_all_threads(monkeypatch)
    found = []
    for n_threads in (1, 2, 3):
        net, _ = pair(n_threads=n_threads, dtype=dtype)
        net.fit(X, y, epochs=2, batch_size=batch_size)
        _, gradient = net.loss_and_gradient(X, y)
        found.append((net.parameters.tobytes(), gradient.parameters.tobytes(), net.predict_proba(X).tobytes()))
    assert found[0] == found[1] == found[2]
    assert max(started) > 1


def test_dropout():
    """The units that a step leaves out are those of the plain net."""
    found = []
    for features in (ALL, None):
        layers = resolve_all("relu", 2, np.dtype(float))
        plan = Plan((P, 24, 16, 1), layers, True, np.dtype(float), dropout=(0.4, 0.2), features=features)
        theta = aligned_zeros(plan.n_parameters, plan.dtype)
        theta[:] = np.random.default_rng(0).standard_normal(theta.size) / 5
        read = X if features else ALL.apply(X)
        some = ArrayRows(read, y, n_features=plan.n_columns, dtype=plan.dtype, with_missing=True)
        Network(plan, theta).train(some, Order(N), 50, Adam(0.01), 0.0, None, Tally(), seed=3)
        found.append(theta)
    assert_near(*found)


def test_streams():
    net, plain = pair()
    settings = {"epochs": 2, "batch_size": 50, "shuffle": False}
    net.fit(rows.Blocks(lambda: ((X[i : i + 90], y[i : i + 90]) for i in range(0, N, 90))), **settings)
    plain.fit(ALL.apply(X), y, **settings)
    assert_near(net.parameters, plain.parameters)
    assert_near(net.predict_proba(rows.Array(X)), plain.predict_proba(ALL.apply(X)))
    bad = X.copy()
    bad[100, 1] = np.inf
    with pytest.raises(RowError, match=r"inf.* row 100, column 1"):
        net.predict(rows.Array(bad))


def test_frames_and_encodings():
    """The encoding gives the numbers of a row, and the features read these."""
    frame = pd.DataFrame({"a": X[:, 1], "b": X[:, 3]})
    encoder = TableEncoder("standard").fit(frame)
    features = Features(2, [Number(1), Bins(0, [-1, 0, 1])])
    net = Model([3, 5, 1], dtype="float64", features=features)
    net.encoding = encoder
    net.fit(frame, y, epochs=1, batch_size=50)
    plain = Model([3, 5, 1], dtype="float64").fit(features.apply(encoder.transform(frame)), y, epochs=1, batch_size=50)
    assert_near(net.parameters, plain.parameters, 1e-7)
    with pytest.raises(ValueError, match="gives 2 features, but the model has features of 4 columns"):
        pair((5,))[0].encoding = encoder
    named = Model([3, 5, 1], features=features).fit(frame, y, epochs=1)
    assert named.feature_names == ["a", "b"]


def test_missing_numbers_in_frames():
    frame = pd.DataFrame({"a": pd.array([1, None, 3], "Int64"), "b": [0.5, np.nan, 1.0]})
    features = Features(2, [Number(0), Number(1)])
    net, plain = Model([2, 1], features=features), Model([2, 1])
    np.testing.assert_array_equal(net.predict_proba(frame), plain.predict_proba([[1, 0.5], [0, 0], [3, 1]]))


def test_what_is_refused():
    net, _ = pair()
    with pytest.raises(ValueError, match="X has 3 features, but the model was made for 4"):
        net.predict(X[:, :3])
    with pytest.raises(ValueError, match="X has 3 features, but the model was made for 4"):
        net.predict(rows.Array(X[:, :3]))
    with pytest.raises(ValueError, match=rf"features: give {P} inputs, but widths=\[4, 1\]"):
        Model([Q, 1], features=ALL)
    with pytest.raises(TypeError, match="features="):
        Model([Q, 1], features=[Number(0)])
    with pytest.raises(ValueError, match="scaling: the model has features"):
        net.scaling = 0, 1
    with pytest.raises(ValueError, match="exceeds float32"):
        Model([1, 1], features=Features(1, [Bins(0, [0, 1e39])]))


def test_rows_of_several_nets():
    """Rows know only how many numbers they have: nets with other features read the same ones."""
    some = ArrayRows(X, y, n_features=Q, dtype=np.dtype(float), with_missing=True)
    other = Features(Q, [Number(1), OneHot(2, 6)])
    for features in (ALL, other):
        model = Model([features.n_inputs, 5, 1], features=features, dtype="float64")
        plain = Model([features.n_inputs, 5, 1], dtype="float64")
        found = model.network.logits(some, links=True)[:, 0]
        assert_near(found, plain.predict_proba(features.apply(X)))


def test_the_optimizer_goes_on():
    net, plain = pair()
    for model, read in ((net, X), (plain, ALL.apply(X))):
        optimizer = AdamW(0.01)
        model.fit(read, y, epochs=1, batch_size=100, optimizer=optimizer)
        model.fit(read, y, epochs=1, batch_size=100, optimizer=optimizer)
    assert_near(net.parameters, plain.parameters)
