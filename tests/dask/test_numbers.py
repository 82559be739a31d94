"""Targets that are numbers over a cluster: each loss trains and predicts as on one machine, whatever the partitions."""

import copy
import threading

import dask.array as da
import dask.dataframe as dd
import numpy as np
import pandas as pd
import pytest
from distributed import Client, LocalCluster
from sklearn.metrics import mean_pinball_loss, r2_score

import fastmlp.dask
from fastmlp import Adam, Model, rows
from fastmlp.dask import worker
from fastmlp.dask.cluster import Cluster
from fastmlp.rows.order import drawn_for_validation
from fastmlp.training.figures import Figures

n, p = 300, 4
random = np.random.default_rng(0)
X = random.standard_normal((n, p))
ONE = X[:, 0] * X[:, 1] + 0.5 * random.standard_normal(n)
THREE = np.stack([ONE, 3 * X[:, 2] + 20, np.sin(X[:, 3])], axis=1)
COUNTS = random.poisson(np.exp(0.5 * X[:, :2])).astype(np.int32)
LEVELS = [0.1, 0.5, 0.8]
w = np.where(random.random(n) < 0.1, 0, random.uniform(0.5, 2, n))
UNEQUAL = (120, 1, 0, 100, 79)
SCALING = {1: (np.array([0.5]), np.array([2.0])), 3: (np.array([0.0, 20, 0]), np.array([1.0, 0.3, 2.5]))}
LOSSES = {
    "squared_error": ({}, ONE), "squared_error of 3": ({}, THREE),
    "poisson": ({"loss": "poisson"}, COUNTS[:, 0]), "poisson of 2": ({"loss": "poisson"}, COUNTS),
    "quantile": ({"loss": "quantile", "quantile": 0.8}, ONE),
    "quantiles": ({"loss": "quantile", "quantile": LEVELS}, ONE),
    "huber of 3": ({"loss": "huber", "delta": 0.4}, THREE),
}  # fmt: skip


def cluster_of(n_workers, threads):
    return LocalCluster(n_workers=n_workers, threads_per_worker=threads, processes=False, dashboard_address=":0")


@pytest.fixture(scope="module", autouse=True)
def client():
    with cluster_of(1, 2) as cluster, Client(cluster) as client:
        yield client


def made(name, scaled=False, hidden=(5,), **options):
    """Return a model for a loss, and its target."""
    settings, y = LOSSES[name]
    outputs = len(LEVELS) if name == "quantiles" else 1 if y.ndim == 1 else y.shape[1]
    named = {"loss": "squared_error", "dtype": "float64", "seed": 1, **settings, **options}
    model = Model([p, *hidden, outputs], "tanh", **named)
    if scaled:
        model.target_scaling = SCALING[1 if y.ndim == 1 else y.shape[1]]
    return model, y


def cut(*values, chunks=UNEQUAL):
    return [da.from_array(value, chunks=(chunks, *value.shape[1:])) for value in values]


def trained(model, y, chunks=UNEQUAL, **options):
    return fastmlp.dask.fit(model, *cut(X, y, w, chunks=chunks), **{"epochs": 4, "l2": 0.01, "timeout": 60} | options)


def close(ours, expected, rtol=1e-9):
    np.testing.assert_allclose(ours.parameters, expected.parameters, rtol=rtol, atol=1e-12)


# --- training -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "scaled"),
    [(name, scaled) for name in LOSSES for scaled in (False, True) if not (scaled and "poisson" in name)],
)
def test_exact_steps_are_those_of_one_machine(name, scaled):
    (ours, y), (expected, _) = made(name, scaled), made(name, scaled)
    before = ours.parameters.copy()
    trained(ours, y, optimizer=Adam(0.05))
    expected.fit(X, y, w, batch_size=None, epochs=4, l2=0.01, optimizer=Adam(0.05))
    close(ours, expected)
    assert [r["loss"] for r in ours.history] == pytest.approx([r["loss"] for r in expected.history], rel=1e-10)
    assert abs(ours.parameters - before).max() > 0.1
    D = da.from_array(X, chunks=(UNEQUAL, p))
    np.testing.assert_array_equal(fastmlp.dask.predict(ours, D).compute(), ours.predict(X))


def test_float32():
    """y of float64 and of float32, each as it is, and of integers."""
    for name, y in (("huber of 3", THREE.astype(np.float32)), ("squared_error", ONE), ("poisson of 2", COUNTS)):
        (ours, _), (expected, _) = (made(name, dtype="float32") for _ in range(2))
        trained(ours, y)
        expected.fit(X, y, w, batch_size=None, epochs=4, l2=0.01)
        np.testing.assert_allclose(ours.parameters, expected.parameters, rtol=1e-4, atol=1e-5)


def test_lbfgs_solves_a_ridge_regression():
    """Without hidden layers: A solves (Xᵀ w X / Σw + l2) W = Xᵀ w Y / Σw of centred columns."""
    model, y = made("squared_error of 3", hidden=())
    trained(model, y, optimizer="lbfgs", epochs=100, l2=0.1, tol=1e-10)
    Z, Y = (a - np.average(a, axis=0, weights=w) for a in (X, y))
    W = np.linalg.solve(Z.T @ (w[:, None] * Z) / w.sum() + 0.1 * np.eye(p), Z.T @ (w[:, None] * Y) / w.sum())
    np.testing.assert_allclose(model.weights[0], W, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", ["squared_error of 3", "poisson", "quantiles"])
def test_validation_is_that_of_a_stream_and_its_r2_that_of_scikit_learn(name):
    settings = {"validation_fraction": 0.3, "early_stopping": True, "n_iter_no_change": 2, "epochs": 12, "tol": 1e-3}
    (ours, y), (expected, _) = made(name, name == "quantiles"), made(name, name == "quantiles")
    seen = []
    trained(ours, y, optimizer=Adam(0.1), callbacks=lambda model, record: seen.append(model.predict(X)), **settings)
    expected.fit(rows.Array(X, y, w), batch_size=None, optimizer=Adam(0.1), l2=0.01, **settings)
    assert len(ours.history) == len(expected.history)
    close(ours, expected, 1e-7)
    held = drawn_for_validation(0, n, 0.3, 1)
    figures = [{k: v for k, v in record.items() if k.startswith("validation")} for record in ours.history]
    if name == "quantiles":
        factor = SCALING[1][1][0]
        of_net = [
            factor * sum(mean_pinball_loss(y[held], P[held, k], sample_weight=w[held], alpha=q)
                         for k, q in enumerate(LEVELS))
            for P in seen
        ]  # fmt: skip
        assert [list(found) for found in figures] == [["validation_loss"]] * len(seen)
        # Outputs that cross have a larger loss than predictions, which are sorted.
        assert [found["validation_loss"] for found in figures][-1] == pytest.approx(of_net[-1], rel=0.01)
        return
    r2 = [r2_score(y[held], P[held], sample_weight=w[held]) for P in seen]
    assert [found["validation_r2"] for found in figures] == pytest.approx(r2, rel=1e-9)
    assert [found["validation_loss"] for found in figures] == pytest.approx(
        [record["validation_loss"] for record in expected.history], rel=1e-7
    )


def test_local_steps_of_one_worker_are_those_of_a_stream():
    settings = {"batch_size": 30, "validation_fraction": 0.2, "epochs": 3}
    with cluster_of(1, 1) as cluster, Client(cluster, set_as_default=False) as other:
        for name in ("quantiles", "huber of 3", "poisson of 2"):
            (ours, y), (expected, _) = made(name, "poisson" not in name), made(name, "poisson" not in name)
            trained(ours, y, (n,), client=other, **settings)
            expected.fit(rows.Array(X, y, w, block_rows=2**13), l2=0.01, **settings)
            close(ours, expected)
            figures = [model.history[-1]["validation_loss"] for model in (ours, expected)]
            assert figures[0] == pytest.approx(figures[1], rel=1e-9)


def test_the_same_bits_from_other_workers_and_from_a_checkpoint(tmp_path):
    def stop(model, record):
        if record["epoch"] == 2:
            raise KeyboardInterrupt

    options = {"validation_fraction": 0.2, "chunks": (40,) * 7 + (20,)}
    expected, y = made("huber of 3", scaled=True)
    trained(expected, y, **options)
    kept = {"checkpoint": tmp_path / "run", "checkpoint_every": 0}
    with pytest.raises(KeyboardInterrupt):
        trained(*made("huber of 3", scaled=True), callbacks=stop, **kept, **options)
    ours, _ = made("huber of 3", scaled=True)
    with pytest.raises(ValueError, match="the same rows and arguments"):
        trained(made("huber of 3")[0], y, resume=True, **kept, **options)
    with pytest.raises(ValueError, match="the same rows and arguments"):
        trained(made("huber of 3", scaled=True)[0], y + 1e-3, resume=True, **kept, **options)
    with cluster_of(2, 1) as cluster, Client(cluster, set_as_default=False) as other:
        trained(ours, y, client=other, resume=True, **kept, **options)
    assert ours.parameters.tobytes() == expected.parameters.tobytes()
    for key in ("loss", "validation_loss", "validation_r2"):
        assert [record[key] for record in ours.history] == [record[key] for record in expected.history]


def test_sums_leave_the_figures_of_partitions_as_they_are():
    """A partition's result may be added again, if a worker is lost."""
    model, y = made("squared_error of 3")
    loss, parts = model.network.plan.loss, []
    P = model.predict(X)
    for first, last in ((0, 100), (100, 100), (100, n)):
        found = Figures()
        if last > first:
            found.add(loss, P[first:last], y[first:last], w[first:last])
        parts.append(found)
    before, sums = copy.deepcopy(parts), [worker.add(parts) for _ in range(2)]
    assert sums[0].means(loss)[1] == pytest.approx(r2_score(y, P, sample_weight=w), rel=1e-12)
    assert sums[0].means(loss) == sums[1].means(loss)
    for one, other in zip(parts, before, strict=True):
        assert (one.loss, one.weight, one.moments.weight) == (other.loss, other.weight, other.moments.weight)
        np.testing.assert_array_equal(one.errors, other.errors)
        np.testing.assert_array_equal(one.moments.mean, other.moments.mean)
        np.testing.assert_array_equal(one.moments.squares, other.moments.squares)


def test_r2_of_a_constant_whose_means_differ_by_rounding():
    """0.1, of 88 rows and of 100."""
    model = trained(made("squared_error")[0], np.full(n, 0.1), validation_fraction=0.3)
    assert [record["validation_r2"] for record in model.history] == [0.0] * 4


# --- collections ----------------------------------------------------------------------------------


def frame():
    return pd.DataFrame(X, columns=list("abcd")).assign(r=THREE[:, 0], s=THREE[:, 1], t=THREE[:, 2], w=w)


def test_columns_of_dataframes():
    """One or several names, a series, a dataframe, and an array in other chunks."""
    expected, y = made("squared_error of 3")
    expected.fit(X, y, w, batch_size=None, epochs=4, l2=0.01)
    table = dd.from_pandas(frame(), npartitions=3)
    features, options = table[list("abcd")], {"epochs": 4, "l2": 0.01}
    for data in (
        (table, ["r", "s", "t"], "w"), (features, table[["r", "s", "t"]], table["w"]),
        (da.from_array(X, chunks=(100, 2)), da.from_array(y, chunks=(150, 1)), da.from_array(w, chunks=150)),
    ):  # fmt: skip
        close(fastmlp.dask.fit(made("squared_error of 3")[0], *data, **options), expected)
    expected = made("squared_error")[0].fit(X, ONE, w, batch_size=None, epochs=4, l2=0.01)
    column = da.from_array(ONE[:, None], chunks=(100, 1))
    whole = table.drop(columns=["s", "t"])
    for data in ((whole, "r", "w"), (whole, ["r"], "w"), (features, table["r"], table["w"]),
                 (features.to_dask_array(lengths=True), column, table["w"].to_dask_array(lengths=True))):  # fmt: skip
        model = fastmlp.dask.fit(made("squared_error")[0], *data, **options)
        close(model, expected)
    assert fastmlp.dask.fit(made("squared_error")[0], whole, ["r"], "w").feature_names == list("abcd")


def test_labels_in_several_columns():
    labels = frame()[["r", "s", "t"]] > [0, 20, 0]
    table = dd.from_pandas(frame().drop(columns=["r", "s", "t"]).join(labels), npartitions=3)
    ours, expected = (Model([p, 3], out_activation="logistic", dtype="float64") for _ in range(2))
    close(fastmlp.dask.fit(ours, table, ["r", "s", "t"], "w"), expected.fit(X, labels.to_numpy(), w, batch_size=None))


def test_more_values_than_there_may_be_classes(monkeypatch):
    monkeypatch.setattr("fastmlp.dask.partitions.MOST_CLASSES", 100)
    monkeypatch.setattr("fastmlp.dask.worker.MOST_CLASSES", 100)
    trained(*made("squared_error"), epochs=1)


@pytest.mark.parametrize("name", LOSSES)
def test_predictions_are_lazy_and_have_the_shape_and_dtype_of_the_model(name):
    model, y = made(name, "poisson" not in name, dtype="float32")
    model.fit(X, y, w, epochs=3)
    D = da.from_array(X, chunks=(UNEQUAL, p))
    lazy, expected = fastmlp.dask.predict(model, D), model.predict(X)
    assert lazy.shape == expected.shape
    assert lazy.dtype == expected.dtype == (np.float32 if "poisson" in name else np.float64)  # with a target_scaling
    assert lazy.compute(scheduler="synchronous").tobytes() == expected.tobytes()
    unknown = fastmlp.dask.predict(model, dd.from_pandas(pd.DataFrame(X), npartitions=3))
    assert unknown.ndim == expected.ndim
    np.testing.assert_array_equal(unknown.compute(scheduler="synchronous"), expected)
    if name == "quantiles":
        assert (np.diff(expected, axis=1) >= 0).all()
    with pytest.raises(AttributeError, match=r"predict_proba.*predicts numbers; call predict"):
        fastmlp.dask.predict_proba(model, D)


def test_collections_of_different_models_have_different_names():
    """Nets of the same widths and parameters."""
    models = [
        made("squared_error of 3")[0], made("squared_error of 3", scaled=True)[0], made("quantiles")[0],
        made("quantiles", quantile=[0.1, 0.5, 0.9])[0], made("huber of 3")[0], made("huber of 3", delta=0.5)[0],
        made("squared_error of 3", loss="poisson")[0],
    ]  # fmt: skip
    D = da.from_array(X, chunks=(100, p))
    assert len({fastmlp.dask.predict(model, D).name for model in models}) == len(models)


def test_nets_that_differ_in_their_loss_alone_are_not_confused(client):
    """Workers keep idle networks."""
    for name, change in (("quantiles", {"quantile": [0.3, 0.5, 0.6]}), ("huber of 3", {"delta": 0.7})):
        for options in ({}, change):
            (ours, y), (expected, _) = made(name, **options), made(name, **options)
            trained(ours, y, epochs=2)
            close(ours, expected.fit(X, y, w, batch_size=None, epochs=2, l2=0.01))


# --- what goes wrong ------------------------------------------------------------------------------


def put(y, value, *place):
    y = y.astype(type(value) if isinstance(value, str) else np.result_type(y, type(value)))
    y[place] = value
    return y


@pytest.mark.parametrize(
    ("name", "y", "words"),
    [
        ("squared_error", put(ONE, np.nan, 230), "y contains NaN in row 230; drop or impute such rows"),
        ("squared_error of 3", put(THREE, -np.inf, 121, 2), "y contains -inf in row 121, column 2; replace or drop"),
        ("poisson", put(COUNTS[:, 0], -2, 299), "y contains -2 in row 299, but loss='poisson' takes counts or rates"),
        ("squared_error", put(ONE, 1e30, 120), "1e.30 in row 120, with which .* overflows float32; scale it, or use"),
        ("squared_error", ONE.astype("datetime64[s]"), r"y has dtype datetime64\[s\]; it must hold numbers"),
        ("squared_error", ONE.astype(str).astype("U4") + "x", r"y has dtype <U5; it must hold numbers"),
        ("squared_error", THREE, "y has 3 columns, but the model, with one output, takes 1"),
        ("huber of 3", THREE[:, :2], "y has 2 columns, but the model, with loss='huber' and 3 outputs, takes 3"),
        ("quantiles", THREE, "y has 3 columns, but the model, with loss='quantile' and 3 outputs, takes 1"),
        ("squared_error", None, "y is None; give a Dask array, or the name of a column of X"),
        ("squared_error", ["a", "z"], r"y=\['a', 'z'\]: no such column; the columns of X are none"),
    ],
)
def test_bad_targets(name, y, words):
    model, _ = made(name, dtype="float32")
    before = model.parameters.copy()
    given = cut(y)[0] if isinstance(y, np.ndarray) else y
    with pytest.raises(ValueError, match=words):
        fastmlp.dask.fit(model, *cut(X), given, timeout=60)
    assert np.array_equal(model.parameters, before)
    assert (model.optimizer, model.history) == (None, [])


convert, result, failed = worker.convert, Cluster.result, threading.Event()


def convert_the_first_last(raw, first_row, **named):
    """Convert the first partition when the client knows that another one has failed."""
    if first_row == 0:
        failed.wait(20)
    return convert(raw, first_row, **named)


def result_that_tells(self, future):
    try:
        return result(self, future)
    except ValueError:
        failed.set()
        raise


def test_the_first_of_several_bad_rows_is_told(monkeypatch):
    monkeypatch.setattr(worker, "convert", convert_the_first_last)
    monkeypatch.setattr(Cluster, "result", result_that_tells)
    wrong = np.where(np.isin(np.arange(n), [7, 9, 150, 250]), np.nan, ONE)
    with pytest.raises(ValueError, match="y contains NaN in row 7;"):
        trained(made("squared_error")[0], wrong)
    assert failed.is_set()


def test_a_fit_that_a_row_ends_leaves_the_model_as_it_was():
    wrong = frame().assign(w=1.0)
    wrong.loc[200, "s"] = np.nan
    table = dd.from_pandas(wrong, npartitions=3)
    for y in (["r", "s", "t"], "s"):
        model, _ = made("squared_error of 3" if isinstance(y, list) else "squared_error")
        given = table if isinstance(y, list) else table.drop(columns=["r", "t"])
        with pytest.raises(ValueError, match="y contains NaN in row 200"):
            fastmlp.dask.fit(model, given, y, "w", timeout=60)
        assert (model.feature_names, model.optimizer, model.history) == (None, None, [])
