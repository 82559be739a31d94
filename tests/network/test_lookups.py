"""Bins and codes are looked up: as a net over their inputs, and rows of many codes only where a batch has them."""

from itertools import pairwise

import numba
import numpy as np
import pytest
from features_of_all_kinds import ALL, rows_of
from numeric_losses import model_of

from fastmlp import SGD, Adam, AdamW, Model
from fastmlp.features import Bins, Features, Number, OneHot
from fastmlp.kernels.features.lookup_gradient import dC_of, sum_bins_of
from fastmlp.network import feature_records
from fastmlp.network.chunks import Chunks
from fastmlp.network.feature_records import FeatureRecords
from fastmlp.network.layout import lay_out
from fastmlp.network.workspace import Shape
from fastmlp.rows import array

N = 600
RANDOM = np.random.default_rng(3)
X = rows_of(N)
y = (np.nan_to_num(X[:, 0]) + X[:, 2] + X[:, 3] > 2).astype(int)
EDGES = (-1.5, -0.5, 0.0, 1.0)
FEATURES = {
    "bins": Features(4, [Bins(0, EDGES), Bins(3, np.linspace(-3, 3, 70))]),
    "one bin": Features(4, [Bins(3, [0.0, 1.0])]),
    "codes": Features(4, [OneHot(2, 5), OneHot(2, 3)]),
    "one code": Features(4, [OneHot(2, 1)]),
    "beside numbers": Features(4, [Number(1), Bins(0, EDGES), OneHot(2, 6), Number(3)]),
    "all": ALL,
}


def pair(features, hidden=(24,), outputs=1, **settings):
    """Return a net with features, and a plain one for the inputs that they give."""
    made_from = {"dtype": "float64", "seed": 4, **settings}
    widths = [features.n_inputs, *hidden, outputs]
    return [Model(widths, "relu", **made_from, **more) for more in ({"features": features}, {})]


def assert_near(got, expected, tolerance=1e-12):
    np.testing.assert_allclose(got, expected, rtol=0, atol=tolerance)


@pytest.mark.parametrize("name", FEATURES)
@pytest.mark.parametrize("hidden", [(), (1,), (7, 5), (50,), (300, 4)])
@pytest.mark.parametrize("batch_size", [40, None])
def test_as_a_net_over_the_inputs(batch_size, hidden, name):
    features = FEATURES[name]
    net, plain = pair(features, hidden)
    settings = {"epochs": 2, "batch_size": batch_size, "l2": 0.01}
    net.fit(X, y, optimizer=AdamW(0.01, weight_decay=0.1), **settings)
    plain.fit(features.apply(X), y, optimizer=AdamW(0.01, weight_decay=0.1), **settings)
    assert_near(net.parameters, plain.parameters)
    assert_near(net.predict_proba(X), plain.predict_proba(features.apply(X)))
    J, gradient = net.loss_and_gradient(X, y)
    J_plain, gradient_plain = plain.loss_and_gradient(features.apply(X), y)
    assert pytest.approx(J_plain, rel=1e-12) == J
    assert_near(gradient.parameters, gradient_plain.parameters, 1e-10)


@pytest.mark.parametrize("name", FEATURES)
def test_float32(name):
    features = FEATURES[name]
    net, plain = pair(features, (50,), dtype="float32")
    _, gradient = net.loss_and_gradient(X, y)
    _, gradient_plain = plain.loss_and_gradient(features.apply(X), y)
    scale = abs(gradient_plain.parameters).max()
    assert_near(gradient.parameters / scale, gradient_plain.parameters / scale, 2e-6)
    net.fit(X, y, epochs=1, batch_size=40, optimizer=SGD(0.1))
    plain.fit(features.apply(X), y, epochs=1, batch_size=40, optimizer=SGD(0.1))
    assert_near(net.parameters, plain.parameters, 1e-4)


@pytest.mark.parametrize("hidden", [(), (9,)])
def test_several_outputs(hidden):
    """Also where W[1] is the last: padding of outputs that do not exist must not count."""
    net, plain = pair(ALL, hidden, 3)
    classes = np.digitize(X[:, 3], [-0.5, 0.5])
    for model, read in ((net, X), (plain, ALL.apply(X))):
        model.fit(read, classes, epochs=2, batch_size=50)
    assert_near(net.parameters, plain.parameters)
    assert_near(net.predict_proba(X), plain.predict_proba(ALL.apply(X)))


def test_the_l2_term_of_all_weights():
    """The objective that scikit-learn's rules have is that of all rows of W[1]."""
    found = []
    for model, read in zip(pair(ALL), (X, ALL.apply(X)), strict=True):
        optimizer = Adam(0.01)
        optimizer.like_scikit_learn = True
        model.fit(read, y, epochs=2, batch_size=50, l2=3.0, optimizer=optimizer)
        found.append([record["loss_with_l2"] for record in model.history])
    assert_near(*found, 1e-11)


@pytest.mark.parametrize("many", [False, True])
def test_a_batch_in_several_windows(many, monkeypatch):
    """The gradient of such a batch is summed in a total, from which θ is updated."""
    monkeypatch.setattr(array, "WINDOW_BYTES", 4 * 8 * 100)
    if many:
        monkeypatch.setattr(feature_records, "MOST_DENSE_CODES", 0)
    integers = np.column_stack([RANDOM.integers(-3, 4, (N, 2)), RANDOM.integers(0, 6, N), RANDOM.integers(-2, 3, N)])
    net, plain = pair(ALL)
    for model, read in ((net, integers), (plain, ALL.apply(integers))):
        model.fit(read, y, epochs=3, batch_size=None, optimizer="sgd")
    assert_near(net.parameters, plain.parameters)


# --- many codes --------------------------------------------------------------------------------------------

CODES = 1500
MANY = Features(3, [Number(0), OneHot(1, CODES), OneHot(2, 4), Bins(0, EDGES)])
FIRST = MANY.n_inputs - CODES  # the first input of the many codes: columns of fewer come before


def rows_with_codes(n):
    return np.column_stack(
        [RANDOM.standard_normal(n), RANDOM.integers(0, CODES + 9, n) ** 2 // CODES, RANDOM.integers(0, 4, n)]
    )


def adam_step(plain, m, v, read, target, t, skipped):
    """One step of Adam in NumPy; `skipped` tells of each number of θ whether it stays as it is."""
    _, gradient = plain.loss_and_gradient(read, target)
    g = gradient.parameters / len(read)
    new_m, new_v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g
    m[:], v[:] = np.where(skipped, m, new_m), np.where(skipped, v, new_v)
    step = 0.01 * (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)
    plain.parameters[:] -= np.where(skipped, 0, step)


@pytest.mark.parametrize("n_threads", [1, 2])
@pytest.mark.parametrize("batch_size", [20, 300])
def test_rows_of_codes_that_a_batch_does_not_have_stay(batch_size, n_threads, monkeypatch):
    monkeypatch.setattr("fastmlp.network.threads.FLOPS_PER_THREAD", 1.0)
    monkeypatch.setattr("fastmlp.network.threads.SHORT_FLOPS", 1.0)
    monkeypatch.setattr("fastmlp.network.chunks.LEAST_EXCHANGE", 0.01)  # so that 300 rows are cut into chunks
    net, plain = pair(MANY, (6,), n_threads=n_threads)
    assert (Chunks(net.network.plan).of_batch(batch_size)[0] > 0) == (batch_size == 300)
    rows = rows_with_codes(N)
    target, inputs = (rows[:, 0] > 0).astype(int), MANY.apply(rows)
    net.fit(rows, target, epochs=1, batch_size=batch_size, shuffle=False, optimizer=Adam(0.01))
    m, v = np.zeros(plain.parameters.size), np.zeros(plain.parameters.size)
    for t, first in enumerate(range(0, N, batch_size), start=1):
        batch = slice(first, first + batch_size)
        skipped = np.zeros(m.size, bool)
        of_codes = skipped[FIRST * 6 : MANY.n_inputs * 6].reshape(CODES, 6)
        of_codes[...] = ~inputs[batch, FIRST:].any(axis=0)[:, np.newaxis]
        assert 0 < of_codes.sum() < of_codes.size
        adam_step(plain, m, v, inputs[batch], target[batch], t, skipped)
    assert_near(net.parameters, plain.parameters)
    assert_near(net.optimizer.moments, np.concatenate([m, v]))


@pytest.mark.parametrize("batch_size", [20, 300, None])
def test_many_codes_by_sgd_are_as_dense_ones(batch_size):
    net, plain = pair(MANY, (6,))
    rows = rows_with_codes(N)
    target = (rows[:, 0] > 0).astype(int)
    net.fit(rows, target, epochs=3, batch_size=batch_size, optimizer="sgd")
    plain.fit(MANY.apply(rows), target, epochs=3, batch_size=batch_size, optimizer="sgd")
    assert_near(net.parameters, plain.parameters)


@pytest.mark.parametrize(
    ("sizes", "dense"), [([], 0), ([1000], 1000), ([1001], 0), ([5, 2000, 990], 995), ([500, 500, 1], 501), ([3, 4], 7)]
)
def test_how_many_codes_every_step_updates(sizes, dense):
    features = Features(1, [Number(0), Bins(0, EDGES), *(OneHot(0, n) for n in sizes)])
    records = FeatureRecords(features)
    assert (records.first_code, records.first_lazy) == (4, dense)
    assert (records.n_computed, records.n_looked_up) == (1, 3 + sum(sizes))
    assert records.capacity(1) == len(sizes)


def test_memory_does_not_grow_with_codes():
    """Accumulators hold the codes of a batch."""
    million = Features(1, [OneHot(0, 10**6)])
    plan = Model([10**6, 2, 1], features=million).network.plan
    size = lay_out(plan, 64, 1, 64, 64, 1)[2]
    assert size < 64 * 200
    assert lay_out(plan, 64, 1, 64, 64, 1)[1]["capacity"][0] == 64


def test_losses_of_numbers():
    model = model_of("huber 0.3", [ALL.n_inputs, 9, 2], ["tanh"], dtype="float64", features=ALL)
    plain = model_of("huber 0.3", [ALL.n_inputs, 9, 2], ["tanh"], dtype="float64")
    target = RANDOM.standard_normal((N, 2))
    model.fit(X, target, epochs=2, batch_size=50)
    plain.fit(ALL.apply(X), target, epochs=2, batch_size=50)
    assert_near(model.parameters, plain.parameters)


# --- kernels -----------------------------------------------------------------------------------------------


@numba.njit
def bins_of_columns(net, m, first, last):
    sum_bins_of(net, 0, m, 0, 0, dC_of(net.layout[0], net.lookups[0], 0), first, last, True)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("p", [1, 5, 24, 50])
def test_the_gradient_of_bins_by_columns(p, dtype):
    """Each column range is its thread's alone: numbers beyond it stay, whichever comes first."""
    features, m = Features(1, [Bins(0, EDGES)]), 30
    plan = Model([3, p, 1 + p], dtype=dtype, features=features).network.plan
    network = Model([3, p, 1 + p], dtype=dtype, features=features).network
    net = network._workspaces.take(Shape(1, 1, 0, 1, m)).net
    layout, layer = net.layout[0], net.layers[0]
    dZ, f = RANDOM.standard_normal((m, p)), RANDOM.random(m)
    bins = RANDOM.integers(0, 3, m)
    net.found[:], net.work[layout["weights"] : layout["weights"] + m] = bins, f
    net.work[layer["dZ"] : layer["dZ"] + m * layer["ld_out"]].reshape(m, -1)[:, :p] = dZ
    at, ld = layout["gradient"] + layout["dT"], layout["ld_table"]
    dC = net.work[at : at + 4 * ld].reshape(4, ld)
    lanes = plan.format.lanes
    cuts = [*range(0, p, lanes), p]
    for first, last in reversed(list(pairwise(cuts))):
        dC[:, :first] = 99
        bins_of_columns(net, m, first, last)
        assert np.all(dC[:, :first] == 99)
    expected = np.zeros((4, p))
    np.add.at(expected, bins, (1 - f)[:, np.newaxis] * dZ)
    np.add.at(expected, bins + 1, f[:, np.newaxis] * dZ)
    assert_near(dC[:, :p], expected, 1e-5 if dtype == "float32" else 1e-13)
