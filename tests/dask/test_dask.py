"""Over a cluster of two worker processes: the gradient of one machine, whatever the partitions and whoever dies."""

import contextlib
import contextvars
import functools
import os
import pickle
import signal
import sys
import threading
import time
from dataclasses import replace

import cloudpickle
import dask
import dask.array as da
import dask.dataframe as dd
import numpy as np
import pandas as pd
import pyarrow
import pytest
from dask import delayed
from distributed import Client, KilledWorker, LocalCluster
from one_worker import one_worker
from pyarrow import parquet
from scipy.sparse import csr_matrix
from sklearn.base import clone
from sklearn.metrics import roc_auc_score

import fastmlp.dask
from fastmlp import Adam, DivergenceError, Model, TableEncoder, rows
from fastmlp.dask import DaskMLPClassifier, DaskMLPRegressor, task_network, worker
from fastmlp.dask.cluster import Cluster
from fastmlp.dask.partitions import dealt_slices
from fastmlp.dask.task_network import NetSpec
from fastmlp.rows.order import Pass, drawn_for_validation

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

n, p = 1500, 4
random = np.random.default_rng(0)
X = random.standard_normal((n, p))
y = (X[:, 0] * X[:, 1] + 0.3 * random.standard_normal(n) > 0).astype(int)
w = random.integers(0, 4, n) / 2
CLEAR = (X[:, 0] + X[:, 1] > 0).astype(int)
KINDS = np.array(["ash", "birch", "cedar"])[CLEAR + (X[:, 2] > 0.5)]
UNEQUAL = (700, 1, 0, 299, 500)
MANY = (100,) * 15


@pytest.fixture(scope="module")
def two_workers():
    # 15 seconds after a worker's death, LocalCluster looks for a worker of its name, and gives the name up for good if
    # there is none: also if that one came back long ago, and was killed by another test a moment before.
    cloudpickle.register_pickle_by_value(sys.modules[__name__])  # a new worker would import all that is imported here
    with (
        dask.config.set(
            {"distributed.deploy.lost-worker-timeout": "1 hour", "distributed.worker.profile.enabled": False}
        ),
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0", silence_logs=50) as cluster,
        Client(cluster) as client,
    ):
        yield client


@pytest.fixture
def client(two_workers):
    """Two workers, also where an earlier test has killed some."""
    two_workers.wait_for_workers(2, timeout=60)
    return two_workers


def arrays(chunks, *values):
    return [da.from_array(value, chunks=(chunks, *value.shape[1:])) for value in values]


def trained(model=None, chunks=(400, 400, 700), data=(X, y, w), **options):
    model = model or Model([p, 8, 1], dtype="float64", seed=1)
    return fastmlp.dask.fit(model, *arrays(chunks, *data), **{"epochs": 4, "l2": 0.01, "timeout": 60} | options)


@functools.cache
def expected(validation_fraction=0.0, batch_size=None):
    """Parameters after a fit that nothing disturbs."""
    return trained(validation_fraction=validation_fraction, batch_size=batch_size).parameters


def alone(**options):
    return Model([p, 8, 1], dtype="float64", seed=1).fit(
        X, y, w, batch_size=None, **{"epochs": 4, "l2": 0.01} | options
    )


# --- exactness ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("chunks", "optimizer"),
    [*((MANY, name) for name in ("sgd", "momentum", "adamw")),
     *((chunks, "adam") for chunks in ((n,), (400, 400, 700), UNEQUAL, MANY))],
)  # fmt: skip
def test_the_model_of_one_machine_whatever_the_partitions(client, chunks, optimizer):
    ours, expected = trained(chunks=chunks, optimizer=optimizer), alone(optimizer=optimizer)
    np.testing.assert_allclose(ours.parameters, expected.parameters, rtol=1e-9, atol=1e-12)
    assert [r["loss"] for r in ours.history] == pytest.approx([r["loss"] for r in expected.history], rel=1e-10)
    assert ours.optimizer.t == expected.optimizer.t == 4


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_same_partitions_give_the_same_bits(client, dtype):
    models = [trained(Model([p, 8, 1], dtype=dtype, seed=1), chunks=MANY) for _ in range(2)]
    assert models[0].parameters.tobytes() == models[1].parameters.tobytes()
    np.testing.assert_allclose(models[0].parameters, alone().parameters, rtol=1e-4, atol=1e-5)


def test_an_own_worker_thread_computes_the_same():
    """Of a worker inside of this process: tasks share memory with the client."""
    with one_worker(set_as_default=False) as client:
        for _ in range(2):
            np.testing.assert_allclose(trained(client=client).parameters, alone().parameters, rtol=1e-9, atol=1e-12)
        models = [trained(client=client, batch_size=100).parameters for _ in range(2)]
        np.testing.assert_array_equal(*models)


def test_parameters_of_more_than_dask_likes_to_send(client):
    """11 MB, without a warning of a large graph; moments are twice as much."""
    ours, expected = (Model([p, 1200, 1200, 1], dtype="float64", seed=1) for _ in range(2))
    few = {"data": (X[:300], y[:300]), "chunks": (100, 200), "epochs": 1}
    trained(ours, **few)
    expected.fit(X[:300], y[:300], batch_size=None, epochs=1, l2=0.01)
    np.testing.assert_allclose(ours.parameters, expected.parameters, rtol=1e-5, atol=1e-8)
    trained(ours, batch_size=100, **few)


def test_lbfgs_finds_what_scipy_finds_on_one_machine(client):
    from scipy.optimize import minimize

    model = Model([p, 8, 1], "tanh", dtype="float64", seed=1)
    reference = Model([p, 8, 1], "tanh", dtype="float64", seed=1)

    def objective(theta):
        reference.parameters[:] = theta
        J, gradient = reference.loss_and_gradient(X, y, w)
        W = np.concatenate([W.ravel() for W in reference.weights] + [np.zeros(9)])
        return J / w.sum() + 0.005 * W @ W, gradient.parameters / w.sum() + 0.01 * W

    expected = minimize(
        objective, reference.parameters.copy(), jac=True, method="L-BFGS-B", options={"maxiter": 12, "gtol": 1e-4}
    )
    model.optimizer = Adam()
    trained(model, optimizer="lbfgs", epochs=12)
    np.testing.assert_allclose(model.parameters, expected.x, rtol=1e-6, atol=1e-8)
    assert model.optimizer is None
    assert [r["epoch"] for r in model.history] == list(range(1, expected.nit + 1))
    assert model.history[-1]["loss_with_l2"] == pytest.approx(expected.fun)
    assert model.history[-1]["loss"] == pytest.approx(model.loss(X, y, w) / w.sum())


def test_lbfgs_ends_when_it_is_told_to(client, capsys):
    before = Model([p, 8, 1], dtype="float64", seed=1).parameters.copy()
    model = trained(optimizer="lbfgs", callbacks=lambda model, record: record["epoch"] == 2, verbose=1)
    assert len(model.history) == 2
    lines = [f"Iteration {k}, loss = {record['loss_with_l2']:.8f}" for k, record in enumerate(model.history, 1)]
    assert capsys.readouterr().out.splitlines() == lines

    def stop(model, record):
        raise KeyboardInterrupt

    stopped = Model([p, 8, 1], dtype="float64", seed=1)
    with pytest.raises(KeyboardInterrupt):
        trained(stopped, optimizer="lbfgs", callbacks=stop)
    assert len(stopped.history) == 1
    assert stopped.history[0]["loss"] == pytest.approx(stopped.loss(X, y, w) / w.sum())
    assert not np.array_equal(stopped.parameters, before)


def test_validation_and_early_stopping_are_those_of_a_stream_on_one_machine(client):
    settings = {"validation_fraction": 0.25, "early_stopping": True, "n_iter_no_change": 2, "epochs": 30}
    ours = trained(chunks=UNEQUAL, optimizer=Adam(0.3), **settings)
    stream = rows.Array(X, y, w)
    expected = Model([p, 8, 1], dtype="float64", seed=1)
    expected.fit(stream, batch_size=None, optimizer=Adam(0.3), l2=0.01, **settings)
    assert len(ours.history) == len(expected.history) < 30
    np.testing.assert_allclose(ours.parameters, expected.parameters, rtol=1e-7, atol=1e-9)
    for key in ("loss", "validation_loss", "validation_accuracy"):
        assert [r[key] for r in ours.history] == pytest.approx([r[key] for r in expected.history], rel=1e-8)


def test_scaling_and_own_activations_travel(client):
    def model():
        made = Model([p, 8, 1], (cube, cube_derivative), dtype="float64", seed=1)
        made.scaling = np.full(p, 0.5), np.full(p, 0.1)
        return made

    expected = model().fit(X, y, w, batch_size=None, epochs=2, l2=0.01)
    np.testing.assert_allclose(trained(model(), epochs=2).parameters, expected.parameters, rtol=1e-9, atol=1e-12)


def test_own_activations_are_compiled_once_in_a_worker(client):
    """Each block brings functions from a pickle."""

    def compilations():
        from fastmlp.own_activations import compiled

        return compiled.cache_info().misses

    model = Model([p, 8, 1], (lambda z: z * z - 0.25, lambda z: 2 * z), dtype="float64")
    before = client.run(compilations)
    P = fastmlp.dask.predict_proba(model, arrays(MANY, X)[0]).compute()
    assert all(now - before[address] <= 1 for address, now in client.run(compilations).items())
    np.testing.assert_allclose(P, model.predict_proba(X), rtol=1e-12)


def cube(z):
    return z * z * z


def cube_derivative(z):
    return 3 * z * z


# --- local steps ----------------------------------------------------------------------------------


def test_local_steps_learn_as_well_as_one_machine(client):
    Z = np.random.default_rng(1).standard_normal((24_000, 6)).astype("float32")
    label = (Z**2).sum(axis=1) > 5.35
    chunks = (1000, 9000, 500, 5500, 4000)
    ours, one = (Model([6, 32, 1], seed=0) for _ in range(2))
    settings = {"epochs": 16, "batch_size": 64, "optimizer": "adam"}
    fastmlp.dask.fit(ours, *arrays(chunks, Z[:20_000], label[:20_000]), timeout=60, **settings)
    one.fit(Z[:20_000], label[:20_000], **settings)
    auc = [roc_auc_score(label[20_000:], model.predict_proba(Z[20_000:])) for model in (ours, one)]
    assert auc[0] > auc[1] - 0.005
    assert ours.history[-1]["loss"] < 0.3 * ours.history[0]["loss"]


def test_local_steps_of_one_worker_are_those_of_a_stream():
    """Nothing is averaged, and validation rows are left out."""
    settings = {"batch_size": 100, "optimizer": "adam", "validation_fraction": 0.2}
    with (
        LocalCluster(n_workers=1, threads_per_worker=1, processes=False, dashboard_address=":0") as cluster,
        Client(cluster, set_as_default=False) as client,
    ):
        ours = trained(client=client, chunks=(n,), **settings)
    expected = Model([p, 8, 1], dtype="float64", seed=1)
    expected.fit(rows.Array(X, y, w, block_rows=2**13), l2=0.01, epochs=4, **settings)
    np.testing.assert_allclose(ours.parameters, expected.parameters, rtol=1e-9, atol=1e-12)
    assert ours.history[-1]["validation_loss"] == pytest.approx(expected.history[-1]["validation_loss"])


def test_a_schedule_ends_with_the_fit(client):
    """Though each of two workers makes but half of the steps."""
    for batch_size in (None, 100):
        optimizer = Adam(0.01, schedule="cosine")
        trained(chunks=(500, 500, 500), batch_size=batch_size, optimizer=optimizer)
        assert optimizer.rate < 0.002
        assert optimizer.t <= optimizer.schedule_steps


def test_an_epoch_leaves_its_arguments_as_they_were():
    model = Model([p, 8, 1], dtype="float64", seed=1)
    net = NetSpec("test", model.widths, "relu", True, "float64", False, model.network.plan.loss, 1, None, None)
    partition = worker.Partition(X, y.astype(np.uint8), w)
    optimizer, theta, moments = Adam(), model.parameters.copy(), np.zeros(2 * model.parameters.size)
    arguments = [partition], theta, moments, net, optimizer, 0.0, 100, (0, 1)
    first, second = worker.epoch(*arguments), worker.epoch(*arguments)
    assert optimizer.t == 0
    assert optimizer.moments is None
    assert not moments.any()
    np.testing.assert_array_equal(theta, model.parameters)
    np.testing.assert_array_equal(first.theta, second.theta)
    assert first.t == n * 15


def test_rows_are_dealt_evenly_and_from_all_parts_of_the_table():
    def of(share):
        return [tuple(each) for each in share]

    ours, others = dealt_slices([10, 70, 0, 20], [1, 1])
    assert of(ours) == [(0, 0, 2), (1, 0, 2), (3, 0, 2)]
    assert of(others) == [(0, 1, 2), (1, 1, 2), (3, 1, 2)]
    assert [len(share) for share in dealt_slices([30], [4, 8])] == [1, 2]  # three turns: as many as threads have it
    assert [len(share) for share in dealt_slices([2], [1] * 5)] == [1, 1, 0, 0, 0]
    assert dealt_slices([1] * 5, [3]) == [[(k, 0, 1) for k in range(5)]]
    many = dealt_slices([100] * 1000, [2] * 10)
    assert {len(share) for share in many} == {100}  # whole partitions
    assert [each.partition for each in many[3]] == list(range(3, 1000, 10))


def test_each_row_is_dealt_once():
    partition = worker.Partition(np.arange(14.0).reshape(7, 2), np.arange(7, dtype=np.uint8), None, 100)
    order = Pass(None, 0.3, 5)
    subsets = [worker.subset(partition, start, 3, order=order) for start in range(3)]
    validation = worker.subset(partition, order=replace(order, validation=True))
    assert sorted(np.concatenate([each.y for each in [*subsets, validation]])) == list(range(7))
    assert validation.y.tolist() == np.flatnonzero(drawn_for_validation(100, 7, 0.3, 5)).tolist()
    assert all((each.X[:, 0] == 2 * each.y).all() for each in [*subsets, validation])
    assert worker.subset(partition, order=Pass(7)) is partition


def test_partitions_of_one_row_are_either_trained_on_or_validated_on():
    drawn = drawn_for_validation(0, 20, 0.5, 5)
    for row in range(20):
        partition = worker.Partition(np.ones((1, 2)), np.ones(1, np.uint8), None, row)
        sizes = [len(worker.subset(partition, order=Pass(None, 0.5, 5, validation=v)).X) for v in (True, False)]
        assert sizes == [drawn[row], not drawn[row]]


def test_local_steps_of_a_sorted_table(client):
    """Each partition holds other rows than the next: workers must see all of them."""
    Z = np.random.default_rng(1).standard_normal((24_000, 6)).astype("float32")
    Z[:20_000] = Z[:20_000][np.argsort(Z[:20_000, 0])]
    label = (Z**2).sum(axis=1) > 5.35
    ours, one = (Model([6, 32, 1], seed=0) for _ in range(2))
    settings = {"epochs": 16, "batch_size": 64}
    fastmlp.dask.fit(ours, *arrays((7000, 3000, 8000, 2000), Z[:20_000], label[:20_000]), timeout=60, **settings)
    one.fit(Z[:20_000], label[:20_000], **settings)
    auc = [roc_auc_score(label[20_000:], model.predict_proba(Z[20_000:])) for model in (ours, one)]
    assert auc[0] > auc[1] - 0.005


# --- collections ----------------------------------------------------------------------------------


def frame():
    return pd.DataFrame(X, columns=list("abcd")).assign(label=y, weight=w)


def test_dataframes(client, tmp_path):
    expected = trained()
    table = dd.from_pandas(frame(), npartitions=3)
    model = Model([p, 8, 1], dtype="float64", seed=1)
    fastmlp.dask.fit(model, table, "label", "weight", epochs=4, l2=0.01)
    np.testing.assert_allclose(model.parameters, expected.parameters, rtol=1e-9, atol=1e-12)
    assert model.feature_names == list("abcd")
    parquet.write_table(pyarrow.Table.from_pandas(frame(), preserve_index=False), tmp_path / "t.parquet")
    table = dd.read_parquet(tmp_path / "t.parquet")
    model = Model([p, 8, 1], dtype="float64", seed=1)
    fastmlp.dask.fit(model, table[list("abcd")], table["label"], table["weight"], epochs=4, l2=0.01)
    np.testing.assert_allclose(model.parameters, expected.parameters, rtol=1e-9, atol=1e-12)
    lazy = fastmlp.dask.predict_proba(model, table[list("abcd")])
    np.testing.assert_array_equal(lazy.compute(), model.predict_proba(X))


def test_dataframes_of_all_kinds_of_numbers(client):
    kinds = pd.DataFrame({
        "i": np.arange(n, dtype=np.int32) % 7, "f": X[:, 1].astype(np.float32), "b": X[:, 2] > 0,
        "n": pd.array(np.arange(n) % 5, dtype="Int64"),
    })  # fmt: skip
    plain = kinds.astype(float).to_numpy()
    for names in (list("abcd"), [0, 1, 2, 3], ["a", 1, 2.5, "b"]):
        table = dd.from_pandas(kinds.set_axis(names, axis=1), npartitions=3)
        ours, expected = (Model([p, 8, 1], dtype="float64", seed=1) for _ in range(2))
        fastmlp.dask.fit(ours, table, dd.from_pandas(pd.Series(y), npartitions=3), epochs=2)
        expected.fit(plain, y, batch_size=None, epochs=2)
        np.testing.assert_allclose(ours.parameters, expected.parameters, rtol=1e-9, atol=1e-12)
        assert ours.feature_names == [str(name) for name in names]
        lazy = fastmlp.dask.predict_proba(ours, table)
        assert lazy.ndim == 1
        np.testing.assert_allclose(lazy.compute(), expected.predict_proba(plain))
        with pytest.raises(ValueError, match="trained with"):
            fastmlp.dask.predict(ours, table[names[::-1]])
        classifier = DaskMLPClassifier((4,), max_iter=2).fit(table, dd.from_pandas(pd.Series(y), npartitions=3))
        assert hasattr(classifier, "feature_names_in_") == (names == list("abcd"))


def test_y_in_other_chunks_and_features_in_several(client):
    model = Model([p, 8, 1], dtype="float64", seed=1)
    D, Y = da.from_array(X, chunks=(400, 2)), da.from_array(y, chunks=333)
    fastmlp.dask.fit(model, D, Y, da.from_array(w, chunks=n), epochs=4, l2=0.01)
    np.testing.assert_allclose(model.parameters, alone().parameters, rtol=1e-9, atol=1e-12)
    np.testing.assert_array_equal(fastmlp.dask.predict_proba(model, D).compute(), model.predict_proba(X))


def test_unknown_chunk_sizes(client):
    D, Y, W = arrays(500, X, y, w)
    kept = X[:, 0] > -1
    model = Model([p, 8, 1], dtype="float64", seed=1)
    known = da.from_array(kept, chunks=500)
    fastmlp.dask.fit(model, D[known], Y[known], W[known], epochs=4, l2=0.01)
    expected = Model([p, 8, 1], dtype="float64", seed=1)
    expected.fit(X[kept], y[kept], w[kept], batch_size=None, epochs=4, l2=0.01)
    np.testing.assert_allclose(model.parameters, expected.parameters, rtol=1e-9, atol=1e-12)
    assert len(fastmlp.dask.predict(model, D[known]).compute()) == kept.sum()


def test_predictions_stay_lazy_and_need_no_cluster():
    calls = []

    def block(k):
        calls.append(k)
        return X[500 * k : 500 * k + 500]

    model = alone()
    D = da.concatenate([da.from_delayed(delayed(block)(k), (500, p), float) for k in range(3)])
    lazy = fastmlp.dask.predict_proba(model, D)
    assert not calls
    assert lazy.shape == (n,)
    with dask.config.set(scheduler="threads"):
        np.testing.assert_array_equal(lazy.compute(), model.predict_proba(X))
        np.testing.assert_array_equal(fastmlp.dask.predict(model, D).compute(), model.predict(X))
    three = Model([p, 3])
    assert fastmlp.dask.predict_proba(three, D).shape == (n, 3)
    assert fastmlp.dask.predict(three, D).shape == (n,)
    with pytest.raises(ValueError, match="4 features"):
        fastmlp.dask.predict(three, D[:, :2])
    with pytest.raises(TypeError, match="X is a ndarray"):
        fastmlp.dask.predict(three, X)


# --- the estimator --------------------------------------------------------------------------------


ADAM = {"batch_size": 50, "learning_rate_init": 0.01, "random_state": 0}
LBFGS = {"solver": "lbfgs", "random_state": 0}


@pytest.mark.parametrize(
    ("labels", "settings"), [(CLEAR, LBFGS), (KINDS, LBFGS), (KINDS, ADAM), (np.where(CLEAR, 1.0, -1.0), ADAM)]
)
def test_classifier(client, labels, settings):
    D, Y = arrays(UNEQUAL, X, labels)
    classifier = DaskMLPClassifier((16,), max_iter=20, timeout=60, **settings).fit(D, Y)
    assert classifier.classes_.tolist() == sorted(set(labels.tolist()))
    assert (classifier.predict(D).compute() == labels).mean() > 0.93
    P = classifier.predict_proba(D)
    assert P.shape == (n, len(classifier.classes_))
    np.testing.assert_allclose(P.sum(axis=1).compute(), 1, rtol=1e-5)
    assert classifier.coefs_[0].shape == (p, 16)
    assert classifier.n_features_in_ == p


def test_classifier_stops_early_and_refuses_other_solvers(client):
    D, Y = arrays(500, X, y)
    settings = {"learning_rate_init": 0.1, "early_stopping": True, "n_iter_no_change": 3, "random_state": 0}
    classifier = DaskMLPClassifier((8,), **settings).fit(D, Y)
    assert classifier.n_iter_ < 200
    with pytest.raises(ValueError, match="'solver' parameter"):
        DaskMLPClassifier(solver="x").fit(D, Y)


def test_regressors_learn_by_local_steps(client):
    """Of three quantiles, and of two counts."""
    settings = {"batch_size": 50, "learning_rate_init": 0.02, "random_state": 0, "max_iter": 30, "timeout": 60}
    Z = X[:, 0] + np.sin(2 * X[:, 1])
    target = 1000 + 50 * Z + 10 * np.random.default_rng(1).standard_normal(n)
    levels = {"loss": "quantile", "quantile": [0.1, 0.5, 0.9], "standardize_target": True}
    D, Y = arrays(UNEQUAL, X, target)
    P = DaskMLPRegressor(hidden_layer_sizes=(16,), **levels, **settings).fit(D, Y).predict(D).compute()
    np.testing.assert_allclose((target[:, None] <= P).mean(axis=0), levels["quantile"], atol=0.08)
    D, Y = arrays(UNEQUAL, X, np.random.default_rng(1).poisson(np.exp(np.stack([1 + Z / 2, 1 - Z / 2], axis=1))))
    assert DaskMLPRegressor("poisson", (16,), **settings).fit(D, Y).score(D, Y) > 0.4


def test_clones_share_the_client_and_files_leave_it_out(client):
    D, Y = arrays(500, X, y)
    classifier = DaskMLPClassifier(8, max_iter=2, random_state=0, client=client).fit(D, Y)
    again = clone(classifier)
    assert again.client is client
    assert not hasattr(again, "model_")
    np.testing.assert_array_equal(again.fit(D, Y).coefs_[0], classifier.coefs_[0])
    loaded = pickle.loads(pickle.dumps(classifier))
    assert loaded.client is None
    np.testing.assert_array_equal(loaded.predict(D).compute(), classifier.predict(D).compute())


def test_labels_that_one_partition_alone_has(client):
    order = np.argsort(KINDS, kind="stable")
    D, Y = arrays((500, 500, 500), X[order], KINDS[order])
    classifier = DaskMLPClassifier((16,), max_iter=30, **LBFGS).fit(D, Y)
    assert classifier.classes_.tolist() == ["ash", "birch", "cedar"]
    assert (classifier.predict(D).compute() == KINDS[order]).mean() > 0.93


# --- what goes wrong ------------------------------------------------------------------------------


def other_width():
    parts = [da.from_delayed(delayed(X[:, :k])[a : a + 750], (750, p), float) for k, a in ((4, 0), (3, 750))]
    return da.concatenate(parts)


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"X": other_width}, ValueError, "partition 1 of X has 3 features, but the first has 4"),
        ({"X": lambda: X}, TypeError, "X is a ndarray; it must be a Dask array"),
        ({"y": lambda: y}, TypeError, "y is a ndarray"),
        ({"y": lambda: da.zeros(n, chunks=750)}, ValueError, "only one class"),
        ({"y": lambda: da.from_array(np.array(1.0))}, ValueError, r"y has 0 dimension\(s\); it must have 1"),
        ({"y": lambda: da.ma.masked_array(da.from_array(y, chunks=750), mask=y > 0)}, TypeError,
         "y is a masked array with masked entries; drop these rows"),
        ({"sample_weight": lambda: da.ma.masked_array(da.from_array(w, chunks=750), mask=w > 1)}, TypeError,
         "sample_weight is a masked array"),
        ({"X": lambda: dd.from_pandas(pd.DataFrame({"a": y}), npartitions=2), "y": lambda: ["a"]}, ValueError,
         "X has 0 features beside y and sample_weight"),
        ({"y": lambda: da.from_array(y * 2, chunks=750)}, ValueError, "0 and 1"),
        ({"y": lambda: da.from_array(y[:-1], chunks=750)}, ValueError, "y or sample_weight has 1499 rows"),
        ({"y": lambda: da.from_array(np.where(y, np.nan, 1.0), chunks=750)}, ValueError,
         "target 'y' has 362 missing values"),
        ({"X": lambda: da.from_array(np.where(X > 3, np.inf, X), chunks=(750, p))}, ValueError, "X contains inf"),
        ({"X": lambda: da.from_array(X[:0], chunks=(1, p)), "y": lambda: da.from_array(y[:0], chunks=1)}, ValueError,
         "0 rows"),
        ({"X": lambda: da.from_array(X[:, :2], chunks=(750, 2))}, ValueError, "2 features, but the model was made for"),
        ({"sample_weight": lambda: da.from_array(w - 1, chunks=750)}, ValueError, "must not be negative"),
        ({"sample_weight": lambda: da.zeros(n, chunks=750)}, ValueError, "0 for every row"),
        ({"X": lambda: da.from_array(X[:, 0], chunks=750)}, ValueError, "X has 1 dimension"),
        ({"X": lambda: da.from_array(X, chunks=(750, p)).map_blocks(csr_matrix, dtype=float)}, TypeError,
         "a partition is a csr_matrix"),
        ({"X": lambda: da.from_array(np.where(X > 3, "a", "b"), chunks=(750, p))}, ValueError, "is not a number: "),
        ({"y": lambda: da.from_array(np.arange(10 * n)[: n] / 7, chunks=750)}, ValueError, "0 and 1"),
        ({"y": lambda: "label"}, ValueError, "y='label': no such column; the columns of X are none"),
        ({"y": lambda: da.from_array(y, chunks=500)[da.from_array(y, chunks=500) > 0]}, ValueError,
         "y has 3 partitions, but X has 2"),
        ({"y": lambda: dd.from_pandas(pd.Series(np.where(y, "a", None)), npartitions=2)}, ValueError,
         "y has missing values"),
        ({"timeout": lambda: 0}, ValueError, "timeout=0: must be greater than 0"),
        ({"timeout": lambda: "soon"}, TypeError, "timeout='soon'"),
        ({"optimizer": lambda: "lbfgs", "batch_size": lambda: 10}, ValueError, "'lbfgs' takes all rows at once"),
        ({"validation_fraction": lambda: 1.0}, ValueError, "validation_fraction=1.0"),
        ({"validation_fraction": lambda: 1e-9}, ValueError,
         "1e-09: of 1500 rows, 0 would validate and 1500 be trained on; at least 2 and 1 are required: take another"),
        ({"early_stopping": lambda: True}, ValueError, "early_stopping needs"),
        ({"optimizer": lambda: "best"}, ValueError, "optimizer='best'"),
    ],
)  # fmt: skip
def test_bad_input(client, change, error, words):
    D, Y = arrays(750, X, y)
    given = {"X": D, "y": Y, "epochs": 2} | {name: make() for name, make in change.items()}
    model = Model([p, 3, 1])
    before = model.parameters.copy()
    with pytest.raises(error, match=words):
        fastmlp.dask.fit(model, **{"timeout": 60} | given)
    assert np.array_equal(model.parameters, before)


def test_a_fit_that_fails_leaves_no_names(client, monkeypatch):
    table = dd.from_pandas(frame().assign(label=1), npartitions=3)
    model, classifier = Model([p, 3, 1]), DaskMLPClassifier()
    with pytest.raises(ValueError, match="only one class"):
        fastmlp.dask.fit(model, table[list("abcd")], table["label"])
    assert model.feature_names is None
    assert model.optimizer is None
    with pytest.raises(ValueError, match="only one class"):
        classifier.fit(table[list("abcd")], table["label"])
    assert not [name for name in vars(classifier) if name.endswith("_")]
    wide = dd.from_pandas(frame().assign(label=np.arange(n) * 1.0), npartitions=3)
    monkeypatch.setattr("fastmlp.dask.partitions.MOST_CLASSES", 100)
    with pytest.raises(ValueError, match="more than 100 values"):
        classifier.fit(wide[list("abcd")], wide["label"])


def test_a_model_with_dropout_is_refused(client):
    with pytest.raises(ValueError, match="the model has dropout"):
        fastmlp.dask.fit(Model([p, 3, 1], dropout=0.1), *arrays(750, X, y), epochs=1)


@pytest.mark.parametrize(("X", "y", "w", "error", "words"), [
    (csr_matrix(X), y, w, TypeError, "X: a partition is a csr_matrix; it must be a dense table"),
    (X[:, 0], y, w, TypeError, "X: a partition is a ndarray; it must be a dense table"),
    (X, y[:-1], w, ValueError, "y has 1499 rows in a partition where X has 1500"),
    (X, y, w[:-1], ValueError, "sample_weight has 1499 rows in a partition where X has 1500"),
    (X, pd.Series(np.where(y, "a", None)), w, ValueError, "y has missing values; drop these rows"),
    (np.zeros((10_001, 1)), np.arange(10_001), None, ValueError, "y has more than 10000 values .*: no classes"),
])  # fmt: skip
def test_a_partition_that_cannot_be_used_is_refused_by_its_worker(X, y, w, error, words):
    with pytest.raises(error, match=words):
        worker.summary((X, y, w), numeric=False)


def test_a_model_that_reads_tables_is_refused(client):
    table = frame()
    model = Model([p, 3, 1])
    model.encoding = TableEncoder().fit(table[list("abcd")])
    with pytest.raises(ValueError, match="the model has an encoding, which reads tables; encode X first, with TableEn"):
        fastmlp.dask.fit(model, dd.from_pandas(table, npartitions=2)[list("abcd")], *arrays(750, y), epochs=1)


def test_partitions_that_do_not_match(client):
    table = dd.from_pandas(frame(), npartitions=3)
    with pytest.raises(ValueError, match="y has 2 partitions, but X has 3"):
        fastmlp.dask.fit(Model([p, 1]), table[list("abcd")], dd.from_pandas(frame(), npartitions=2)["label"])
    with pytest.raises(ValueError, match="y='z': no such column"):
        fastmlp.dask.fit(Model([p, 1]), table, "z")
    kinds = dd.from_pandas(frame().assign(kind=pd.Categorical(KINDS)), npartitions=2)
    with pytest.raises(ValueError, match="column 'kind' contains a value that is not a number"):
        fastmlp.dask.fit(Model([6, 1]), kinds, "label")


def test_a_partition_with_one_class_and_one_whose_weights_are_zero(client):
    order = np.argsort(y, kind="stable")
    weights = np.where(np.arange(n) < 300, 0, w)
    model = trained(chunks=(300, 200, 1000), data=(X[order], y[order], weights))
    expected = Model([p, 8, 1], dtype="float64", seed=1)
    expected.fit(X[order], y[order], weights, batch_size=None, epochs=4, l2=0.01)
    np.testing.assert_allclose(model.parameters, expected.parameters, rtol=1e-9, atol=1e-12)
    trained(chunks=(300, 200, 1000), data=(X[order], y[order], weights), batch_size=50)


@pytest.mark.parametrize("batch_size", [None, 100])
def test_divergence(batch_size, client):
    model = Model([p, 8, 1], seed=1)
    with pytest.raises(DivergenceError, match="epoch"):
        trained(model, data=(1e30 * X, y, w), optimizer="sgd", epochs=40, batch_size=batch_size)
    assert np.isfinite(model.parameters).all()


def test_a_client_that_is_closed(client):
    other = Client(client.scheduler.address, set_as_default=False)
    other.close()
    with pytest.raises(ValueError, match="the client is closed"):
        fastmlp.dask.fit(Model([p, 1]), *arrays(750, X, y), client=other)


def test_no_client_but_the_one_that_is_given(client, monkeypatch):
    monkeypatch.setattr("distributed.client._global_clients", {})
    fit = functools.partial(fastmlp.dask.fit, Model([p, 1]), *arrays(750, X, y))
    with pytest.raises(ValueError, match="there is no default client; make a"):
        contextvars.Context().run(fit)
    contextvars.Context().run(fit, client=client)


def test_every_wait_ends(client):
    def slow(X):
        time.sleep(2)
        return X

    begin = time.monotonic()
    D = da.from_array(X, chunks=(750, p)).map_blocks(slow, dtype=float, meta=np.empty((0, p)))
    with pytest.raises(TimeoutError, match="timeout=1 seconds"):
        fastmlp.dask.fit(Model([p, 1]), D, da.from_array(y, chunks=750), timeout=1)
    assert time.monotonic() - begin < 10


def left(client):
    """Tasks of the library that the scheduler knows; it forgets them a moment after the client releases them."""
    for _ in range(500):
        found = client.run_on_scheduler(
            lambda dask_scheduler: [key for key in dask_scheduler.tasks if "fastmlp" in key]
        )
        if not found:
            break
        time.sleep(0.02)
    return found


def test_nothing_stays_on_the_cluster(client):
    """After a fit that ends well, that fails, that is interrupted or too slow; partitions go when rows are made."""
    seen = []

    def look(model, record):
        seen.append({key.split("-")[1] for key, places in client.who_has().items() if "fastmlp" in key and places})

    D = da.from_array(X, chunks=(400, p)).persist()
    settings = {"epochs": 2, "callbacks": look}
    for options in ({"batch_size": None}, {"batch_size": 100, "validation_fraction": 0.2}, {"optimizer": "lbfgs"}):
        model = Model([p, 8, 1], dtype="float64", seed=1)
        fastmlp.dask.fit(model, D, da.from_array(y, chunks=400), **settings | options)
        assert not left(client)
    assert all({"convert", "share"} & kinds and not {"partition", "slice"} & kinds for kinds in seen)
    assert any("share" in kinds and "convert" not in kinds for kinds in seen)
    DaskMLPClassifier((4,), max_iter=2).fit(D, da.from_array(y, chunks=400))
    assert not left(client)

    def stop(model, record):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt) as kept:  # with its traceback, whose frames hold futures
        trained(callbacks=stop)
    assert not left(client)
    with pytest.raises(ValueError, match="X contains inf") as also_kept:
        trained(data=(np.where(X > 3, np.inf, X), y))
    assert not left(client)
    assert kept is not also_kept
    assert len(D.compute()) == n


def test_the_dashboard_tells_what_goes_on(client):
    trained(validation_fraction=0.2)
    prefixes = client.run_on_scheduler(lambda dask_scheduler: set(dask_scheduler.task_prefixes))
    ours = {name for name in prefixes if name.startswith("fastmlp")}
    kinds = {"partition", "summary", "gather", "convert", "converted", "parameters", "gradient", "sum", "score"}
    more = {"moments", "slice", "share", "validation", "epoch", "predict", "predict-proba"}  # of other tests
    assert {f"fastmlp-{kind}" for kind in kinds} <= ours <= {f"fastmlp-{kind}" for kind in kinds | more}


def test_fits_at_the_same_time_do_not_disturb_each_other(client):
    expected = {seed: trained(Model([p, 8, 1], seed=seed)).parameters for seed in range(4)}
    found = {}

    def fit(seed):
        found[seed] = trained(Model([p, 8, 1], seed=seed), client=client).parameters

    threads = [threading.Thread(target=fit, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert all(np.array_equal(found[seed], expected[seed]) for seed in range(4))


def test_no_more_threads_than_the_workers_have(client):
    from fastmlp.dask.network import DaskNetwork

    class Two:
        sizes = [1]  # noqa: RUF012

    class Wide:
        threads = {"a": 4, "b": 4}  # noqa: RUF012

    model = Model([p, 1])
    assert DaskNetwork(model.network, model, Wide, Two).net.n_threads == 4
    Two.sizes = [1] * 3
    assert DaskNetwork(model.network, model, Wide, Two).net.n_threads == 2
    Two.sizes = [1] * 100
    assert DaskNetwork(model.network, model, Wide, Two).net.n_threads == 1


def test_tasks_wait_where_all_threads_of_a_worker_run(monkeypatch):
    monkeypatch.setattr("fastmlp.dask.task_network.this_worker", lambda: ("a", 4))
    running, most = [], []

    def task(wanted):
        with task_network.threads(wanted) as granted:
            running.append(granted)
            most.append(sum(running))
            time.sleep(0.02)
            running.remove(granted)

    tasks = [threading.Thread(target=task, args=(wanted,)) for wanted in (3, 3, None, 1, 1, 4, 2, None)]
    for thread in tasks:
        thread.start()
    for thread in tasks:
        thread.join(10)
    assert len(most) == 8
    assert max(most) <= 4
    assert task_network._running["a"] == 0


# --- workers that die -----------------------------------------------------------------------------


def kill_a_worker(client):
    pid = sorted(client.run(os.getpid).values())[0]
    os.kill(pid, signal.SIGKILL)


class DiesOnce:
    """A block function whose worker dies when it is called first."""

    def __init__(self, folder):
        self.flag = folder / "died"

    def __call__(self, block):
        if len(block):
            with contextlib.suppress(FileExistsError):
                os.close(os.open(self.flag, os.O_CREAT | os.O_EXCL))
                os.kill(os.getpid(), signal.SIGKILL)
        return block


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("batch_size", [None, 100])
def test_a_worker_that_dies_between_steps(client, batch_size):
    def die(model, record):
        if record["epoch"] == 2:
            kill_a_worker(client)

    ours = trained(batch_size=batch_size, callbacks=die, validation_fraction=0.2)
    assert len(ours.history) == 4
    if batch_size is None:
        np.testing.assert_array_equal(ours.parameters, expected(0.2))


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("batch_size", [None, 100])
def test_all_workers_die_at_once(client, batch_size):
    def die(model, record):
        if record["epoch"] == 2:
            for pid in client.run(os.getpid).values():
                os.kill(pid, signal.SIGKILL)

    ours = trained(batch_size=batch_size, callbacks=die)
    assert len(ours.history) == 4
    if batch_size is None:
        np.testing.assert_array_equal(ours.parameters, expected())


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_a_partition_that_kills_every_worker(client):
    def die(block):
        if len(block):
            os.kill(os.getpid(), signal.SIGKILL)
        return block

    D = da.from_array(X, chunks=(n, p)).map_blocks(die, dtype=float, meta=np.empty((0, p)))
    allow(client, 0)
    with pytest.raises(KilledWorker):
        fastmlp.dask.fit(Model([p, 1]), D, da.from_array(y, chunks=n), timeout=60)
    allow(client, 3)


def allow(client, failures):
    def change(dask_scheduler):
        dask_scheduler.allowed_failures = failures

    client.run_on_scheduler(change)


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_a_worker_that_dies_while_partitions_are_made(client, tmp_path):
    D, Y, W = arrays((400, 400, 700), X, y, w)
    D = D.map_blocks(DiesOnce(tmp_path), dtype=float, meta=np.empty((0, p)))
    model = fastmlp.dask.fit(Model([p, 8, 1], dtype="float64", seed=1), D, Y, W, epochs=4, l2=0.01, timeout=60)
    assert (tmp_path / "died").exists()
    np.testing.assert_array_equal(model.parameters, expected())


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("phase", [
    "summary", "gather", "convert", "parameters", "gradient", "sum", "score", "slice", "validation", "share", "epoch",
])  # fmt: skip
def test_a_worker_that_dies_in_the_middle_of_a_task(client, phase, tmp_path, monkeypatch):
    """The first task of a kind kills its worker: it runs again elsewhere, and each row counts once."""
    dealing = phase in ("slice", "validation", "share", "epoch")
    settings = {"validation_fraction": 0.2, "batch_size": 100 if dealing else None}
    expected(**settings)
    once = DiesOnce(tmp_path)
    plain_map, plain_submit = Cluster.map, Cluster.submit

    def dying_map(self, what, function, *lists, **common):
        return plain_map(self, what, dying(function, once) if what == phase else function, *lists, **common)

    def dying_submit(self, what, function, *arguments, **options):
        return plain_submit(self, what, dying(function, once) if what == phase else function, *arguments, **options)

    monkeypatch.setattr(Cluster, "map", dying_map)
    monkeypatch.setattr(Cluster, "submit", dying_submit)
    chunks = MANY if phase == "sum" else (400, 400, 700)
    ours = trained(chunks=chunks, **settings)
    assert (tmp_path / "died").exists()
    assert len(ours.history) == 4
    np.testing.assert_allclose(ours.parameters, expected(**settings), rtol=1e-9, atol=1e-12)


def dying(function, once):
    def call(*arguments, **options):
        once([1])
        return function(*arguments, **options)

    return call


@pytest.mark.filterwarnings("ignore")
def test_the_cluster_is_restarted_and_then_no_worker_is_left():
    with (
        LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=":0", silence_logs=50) as cluster,
        Client(cluster, set_as_default=False) as client,
    ):
        with pytest.raises(ConnectionError, match="closed or restarted"):
            trained(client=client, callbacks=lambda model, record: client.restart() and None)

        def leave(model, record):
            cluster.scale(0)
            while client.nthreads():
                time.sleep(0.05)

        trained(client=client)  # the new worker loads kernels: that shall not count
        begin = time.monotonic()
        with pytest.raises(TimeoutError, match="0 workers"):
            trained(client=client, callbacks=leave, timeout=2)
        assert time.monotonic() - begin < 40


@pytest.mark.filterwarnings("ignore")
def test_the_cluster_is_closed():
    cluster = LocalCluster(n_workers=1, processes=False, dashboard_address=":0", silence_logs=50)
    with Client(cluster, set_as_default=False) as client, pytest.raises(ConnectionError, match="closed"):
        trained(client=client, callbacks=lambda model, record: cluster.close(), timeout=10)
