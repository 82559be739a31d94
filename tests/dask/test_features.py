"""Nets with features over a cluster: the gradient and the predictions of one machine, missing numbers included."""

import copy

import dask.array as da
import numpy as np
import pytest
from features_of_all_kinds import ALL, rows_of
from one_worker import one_worker

import fastmlp.dask
from fastmlp import Model

X = rows_of(300)
y = (X[:, 1] + X[:, 3] > 0).astype(int)
CHUNKS = (120, 1, 79, 100)


@pytest.fixture(scope="module", autouse=True)
def client():
    with one_worker() as client:
        yield client


def made():
    return Model([ALL.n_inputs, 5, 1], "tanh", dtype="float64", features=ALL)


def lazy(X):
    return da.from_array(X, chunks=(CHUNKS, X.shape[1]))


def test_exact_steps_are_those_of_one_machine():
    local = made().fit(X, y, epochs=3, batch_size=None)
    model = fastmlp.dask.fit(made(), lazy(X), da.from_array(y, chunks=(CHUNKS,)), epochs=3, batch_size=None)
    np.testing.assert_allclose(model.parameters, local.parameters, rtol=0, atol=1e-12)
    probabilities = fastmlp.dask.predict_proba(model, lazy(X)).compute()
    np.testing.assert_allclose(probabilities, local.predict_proba(X), rtol=0, atol=1e-12)


def test_local_steps_train():
    model = made()
    before = model.loss(X, y)
    fastmlp.dask.fit(model, lazy(X), da.from_array(y, chunks=(CHUNKS,)), epochs=5, batch_size=20)
    assert model.loss(X, y) < 0.7 * before


def test_what_is_refused():
    bad = copy.copy(X)
    bad[150, 3] = np.inf
    with pytest.raises(ValueError, match="inf in row 150, column 3"):
        fastmlp.dask.fit(made(), lazy(bad), da.from_array(y, chunks=(CHUNKS,)), batch_size=None)
    with pytest.raises(ValueError, match="X has 3 features, but the model was made for 4"):
        fastmlp.dask.fit(made(), lazy(X[:, :3]), da.from_array(y, chunks=(CHUNKS,)), batch_size=None)
    with pytest.raises(ValueError, match="made for 4 features"):
        fastmlp.dask.predict(made(), lazy(X[:, :3]))
    plain = Model([4, 1])
    with pytest.raises(ValueError, match="NaN in row"):
        fastmlp.dask.fit(plain, lazy(X), da.from_array(y, chunks=(CHUNKS,)), batch_size=None)
