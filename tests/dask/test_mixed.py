"""Nets of mixed_bfloat16 over a cluster: workers compute as one machine does, or refuse to train."""

import dask.array as da
import numpy as np
import pytest
from one_worker import one_worker

import fastmlp.dask
from fastmlp import Model, UnsupportedCPUError
from fastmlp.dask import DaskMLPClassifier, DaskMLPRegressor, task_network

n = 300
X = np.random.default_rng(0).standard_normal((n, 4)).astype("float32")
y = (X[:, 0] * X[:, 1] > 0).astype(int)
CHUNKS = (120, 100, 80)
PARTITIONS = da.from_array(X, chunks=(CHUNKS, 4)), da.from_array(y, chunks=(CHUNKS,))
KINDS = [DaskMLPClassifier, DaskMLPRegressor]

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@pytest.fixture(scope="module", autouse=True)
def client():
    with one_worker() as client:
        yield client


@pytest.fixture
def plans(monkeypatch):
    """Return the plans of all nets that workers make."""
    found, made = [], task_network.new_network

    def new_network(net):
        network = made(net)
        found.append(network.plan)
        return network

    monkeypatch.setattr(task_network, "new_network", new_network)
    monkeypatch.setattr(task_network, "_idle", {})
    return found


def mixed(**arguments):
    return Model([4, 8, 1], dtype="mixed_bfloat16", **arguments)


@pytest.mark.parametrize("batch_size", [None, 50])
def test_workers_compute_with_the_plan_of_the_model(batch_size, bfloat16, plans):
    model = fastmlp.dask.fit(mixed(seed=5), *PARTITIONS, epochs=2, batch_size=batch_size, validation_fraction=0.2)
    assert {plan.mixed for plan in plans} == {True}
    assert model.mixed
    assert model.parameters.dtype == np.float32


def test_exact_steps_are_those_of_one_machine(bfloat16):
    """But for the order of sums in float32; after a second step, these may have moved a W to the next bfloat16."""
    model = fastmlp.dask.fit(mixed(), *PARTITIONS, epochs=1, optimizer="sgd")
    local = mixed().fit(X, y, epochs=1, batch_size=None, optimizer="sgd")
    np.testing.assert_allclose(model.parameters, local.parameters, rtol=0, atol=1e-6)
    found = fastmlp.dask.predict_proba(model, PARTITIONS[0]).compute()
    np.testing.assert_allclose(found, model.predict_proba(X), rtol=0, atol=1e-6)


def test_networks_are_not_shared_with_float32(bfloat16, plans):
    for dtype in ("float32", "mixed_bfloat16"):
        fastmlp.dask.fit(Model([4, 7, 1], dtype=dtype), *PARTITIONS, epochs=1)
    assert {plan.mixed for plan in plans} == {True, False}


@pytest.mark.parametrize("kind", KINDS)
def test_estimators(kind, bfloat16):
    estimator = kind(hidden_layer_sizes=(8,), dtype="mixed_bfloat16", max_iter=2, random_state=0).fit(*PARTITIONS)
    assert estimator.model_.mixed
    assert estimator.predict(PARTITIONS[0]).compute().shape == (n,)


@pytest.mark.parametrize("kind", KINDS)
def test_lbfgs_is_refused(kind, bfloat16):
    with pytest.raises(ValueError, match=r"mixed_bfloat16.*line search of optimizer='lbfgs'"):
        fastmlp.dask.fit(mixed(), *PARTITIONS, optimizer="lbfgs")
    with pytest.raises(ValueError, match=r"mixed_bfloat16.*line search of solver='lbfgs'"):
        kind(hidden_layer_sizes=(8,), dtype="mixed_bfloat16", solver="lbfgs").fit(*PARTITIONS)


@pytest.mark.parametrize("batch_size", [None, 50])
def test_workers_without_instructions_refuse_to_train(batch_size, without_bfloat16):
    without_bfloat16()
    model = mixed()
    before = model.parameters.copy()
    with pytest.raises(UnsupportedCPUError, match=r"dtype='mixed_bfloat16': products .*; use dtype='float32'"):
        fastmlp.dask.fit(model, *PARTITIONS, batch_size=batch_size)
    assert np.array_equal(model.parameters, before)


@pytest.mark.parametrize("batch_size", [None, 50])
def test_the_client_needs_no_instructions(batch_size, bfloat16, without_bfloat16, monkeypatch):
    """As it multiplies nothing: its model is one that was made without them."""
    expected = fastmlp.dask.fit(mixed(), *PARTITIONS, epochs=2, batch_size=batch_size)
    with monkeypatch.context() as patch:
        without_bfloat16(patch)
        model = mixed()
    assert not model.network.plan.mixed
    fastmlp.dask.fit(model, *PARTITIONS, epochs=2, batch_size=batch_size)
    assert np.array_equal(model.parameters, expected.parameters)
