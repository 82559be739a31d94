"""Tabular estimators whose members are trained by workers: the bits of one machine, whoever dies or calls it off."""

import os
import pickle
import signal
import sys
import threading
import time

import cloudpickle
import dask.dataframe as dd
import numpy as np
import pandas as pd
import pytest
from distributed import Client, LocalCluster
from sklearn.base import clone

from fastmlp import Model, TabularClassifier, TabularRegressor, rows
from fastmlp.dask import DaskTabularClassifier, DaskTabularRegressor, members
from fastmlp.dask.cluster import Cluster
from fastmlp.feature_parts import Clipped
from fastmlp.features import Features
from fastmlp.losses import LOG_LOSS
from fastmlp.tabular import estimator
from fastmlp.tabular.members.data import Data
from fastmlp.tabular.members.recipe import Recipe

n = 260
random = np.random.default_rng(0)
TABLE = pd.DataFrame({
    "number": random.normal(50, 20, n), "other": random.standard_normal(n), "kind": random.choice(["a", "b", "c"], n),
})  # fmt: skip
TABLE.loc[::7, "other"] = np.nan
CLASS = pd.Series(np.where((TABLE["number"] > 60) ^ (TABLE["kind"] == "b"), "yes", "no"), name="label")
NUMBER = np.abs(TABLE["number"]) / 10 + (TABLE["kind"] == "c") * 5
WEIGHT = random.uniform(0.5, 2, n)


@pytest.fixture(scope="module")
def client():
    with (
        LocalCluster(n_workers=2, threads_per_worker=1, processes=False, dashboard_address=":0") as cluster,
        Client(cluster) as client,
    ):
        yield client


@pytest.fixture(autouse=True)
def few_epochs(monkeypatch):
    recipe = Recipe(n_members=2, width=16, depth=1, epochs=4, batch_rows=32)
    monkeypatch.setattr(estimator, "recipe_for", lambda n, classes: recipe)


def classifier(**settings):
    return DaskTabularClassifier(**{"random_state": 0, "timeout": 60, **settings})


@pytest.mark.parametrize("given", ["frame", "dask", "named"])
def test_classes_have_the_bits_of_one_machine(client, given):
    local = TabularClassifier(n_members=4, random_state=0, class_weight="balanced").fit(TABLE, CLASS, WEIGHT)
    model = classifier(n_members=4, class_weight="balanced")
    whole = dd.from_pandas(TABLE.assign(label=CLASS, weight=WEIGHT), npartitions=3)
    X = whole[list(TABLE)]
    if given == "frame":
        model.fit(TABLE, CLASS.to_list(), WEIGHT)
    elif given == "dask":
        model.fit(X, whole["label"], whole["weight"])
    else:
        model.fit(whole, "label", "weight")
    np.testing.assert_array_equal(model.predict_proba(TABLE), local.predict_proba(TABLE))
    np.testing.assert_array_equal(model.weights_, local.weights_)
    assert [len(each.history) for each in model.models_] == [len(each.history) for each in local.models_]
    P = model.predict_proba(X)
    assert P.shape[1] == 2
    np.testing.assert_array_equal(P.compute(), local.predict_proba(TABLE))
    np.testing.assert_array_equal(model.predict(X).compute(), local.predict(TABLE))
    assert model.score(whole, "label", "weight") == pytest.approx(local.score(TABLE, CLASS, WEIGHT))
    np.testing.assert_array_equal(model.predict(TABLE), local.predict(TABLE))
    assert model.score(TABLE, CLASS, WEIGHT) == local.score(TABLE, CLASS, WEIGHT)


@pytest.mark.parametrize("settings", [{}, {"loss": "poisson"}, {"loss": "quantile", "quantile": [0.2, 0.7]}])
def test_numbers_have_the_bits_of_one_machine(client, settings):
    local = TabularRegressor(random_state=0, **settings).fit(TABLE, NUMBER)
    X = dd.from_pandas(TABLE, npartitions=3)
    model = DaskTabularRegressor(random_state=0, timeout=60, **settings).fit(X, NUMBER)
    np.testing.assert_array_equal(model.predict(TABLE), local.predict(TABLE))
    np.testing.assert_array_equal(model.predict(X).compute(), local.predict(TABLE))
    assert model.score(X, NUMBER) == pytest.approx(local.score(TABLE, NUMBER))


def test_rows_to_validate_on_may_be_partitions(client):
    X, X_val, y, y_val = TABLE[:200], TABLE[200:], CLASS[:200], CLASS[200:]
    local = TabularClassifier(random_state=0).fit(X, y, X_val=X_val, y_val=y_val)
    held = dd.from_pandas(X_val.assign(label=y_val), npartitions=2)
    model = classifier().fit(dd.from_pandas(X.assign(label=y), npartitions=2), "label", X_val=held, y_val="label")
    np.testing.assert_array_equal(model.predict_proba(TABLE), local.predict_proba(TABLE))


def test_empty_partitions_and_arrays_are_predicted(client):
    model = classifier().fit(TABLE[["number", "other"]].to_numpy(), CLASS)
    frame = dd.from_pandas(TABLE[["number", "other"]], npartitions=3)
    X = frame.to_dask_array(lengths=True)
    expected = model.predict_proba(TABLE[["number", "other"]].to_numpy())
    np.testing.assert_array_equal(model.predict_proba(X).compute(), expected)
    np.testing.assert_array_equal(model.predict(X).compute(), model.classes_[expected.argmax(axis=1)])
    np.testing.assert_array_equal(model.predict_proba(X.rechunk({1: 1})).compute(), expected)
    model.fit(TABLE, CLASS)
    some = dd.from_pandas(TABLE, npartitions=3)
    some = some[some["number"] > TABLE["number"][200]]
    assert len(model.predict(some).compute()) == (TABLE["number"] > TABLE["number"][200]).sum()


def test_each_member_is_a_task_of_its_own(client, monkeypatch):
    """All of them are submitted before the first has ended, in turn to all workers."""
    homes = []
    submit = Cluster.submit

    def noted(self, what, function, *arguments, workers=None):
        if what == "member":
            homes.append(workers[0])
        return submit(self, what, function, *arguments, workers=workers)

    monkeypatch.setattr(Cluster, "submit", noted)
    classifier(n_members=4).fit(TABLE, CLASS)
    addresses = sorted(client.scheduler_info()["workers"])
    assert homes == addresses * 2


def test_an_error_of_a_member_is_raised(client, monkeypatch):
    def fails(*arguments):
        raise ValueError("no such luck")

    monkeypatch.setattr(members, "trained", fails)
    with pytest.raises(ValueError, match="no such luck"):
        classifier().fit(TABLE, CLASS)


def test_a_member_may_take_longer_than_the_timeout(client, monkeypatch):
    def slow(*arguments, trained=members.trained):
        time.sleep(3)
        return trained(*arguments)

    monkeypatch.setattr(members, "trained", slow)
    assert classifier(timeout=2).fit(TABLE, CLASS).models_


def test_a_limit_ends_members(client, monkeypatch):
    """Each has far more epochs than the limit allows, as the speed that is measured is too high."""
    monkeypatch.setattr("fastmlp.tabular.members.time_limit.seconds_per_row", lambda member, recipe: 1e-12)
    monkeypatch.setattr(estimator, "recipe_for", lambda n, classes: Recipe(n_members=2, epochs=20_000, batch_rows=32))
    model = classifier(n_members=2, time_limit=3).fit(TABLE, CLASS)
    assert 1 <= len(model.models_) <= 2
    assert len(model.models_[0].history) < 20_000


def test_a_task_whose_time_is_over_returns_what_it_has(client):
    data = Data(np.zeros((100, 1), np.float32), [0], np.arange(100) % 2, None, LOG_LOSS, 1)
    model = Model([1, 4, 1], dtype="float32", features=Features(1, (Clipped(0),)))
    late, early = (
        client.submit(members.trained, data, None, Recipe(epochs=3), 0, end, "smooth", 0, model, pure=False).result()
        for end in (np.inf, 0.0)
    )
    assert len(late.history) == 3
    assert len(early.history) < 3


def test_streams_that_are_not_in_memory_are_refused(client):
    stream = rows.Arrow(TABLE.assign(label=CLASS), "label", window_rows=64)
    with pytest.raises(ValueError, match="give a Dask dataframe"):
        classifier().fit(stream)


def test_a_task_that_was_called_off_returns_nothing(monkeypatch):
    """What it has is not the whole training, and could be taken for it."""
    assert not members.TaskStop(np.inf).is_set()  # outside of a worker
    assert members.TaskStop(0.0).is_set()
    monkeypatch.setattr(members, "cancelled", lambda: lambda: True)
    data = Data(np.zeros((100, 1), np.float32), [0], np.arange(100) % 2, None, LOG_LOSS, 1)
    model = Model([1, 4, 1], dtype="float32", features=Features(1, (Clipped(0),)))
    with pytest.raises(RuntimeError, match="the task was cancelled"):
        members.trained(data, None, Recipe(epochs=3), 0, np.inf, "smooth", 0, model)


def test_a_cluster_without_workers_is_told():
    with (
        LocalCluster(n_workers=0, processes=False, dashboard_address=":0") as cluster,
        Client(cluster, set_as_default=False) as client,
        pytest.raises(TimeoutError, match=r"the cluster has 0 workers after timeout=0.3 seconds; start one, or raise"),
    ):
        classifier(client=client, timeout=0.3).fit(TABLE, CLASS)


ENDED, BEGUN = threading.Event(), threading.Event()  # of `endless`


def endless(*arguments):
    stop = members.TaskStop(np.inf)
    BEGUN.set()
    while not stop.is_set():
        time.sleep(0.01)
    ENDED.set()


def test_ctrl_c_ends_the_tasks(client, monkeypatch):
    monkeypatch.setattr(members, "trained", endless)

    def interrupt():
        BEGUN.wait(30)
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    thread.start()
    with pytest.raises(KeyboardInterrupt):
        classifier().fit(TABLE, CLASS)
    thread.join()
    assert ENDED.wait(30)


def dies_once(*arguments, trained=members.trained):
    """Train, but end the process where no other has done so."""
    try:
        os.close(os.open(os.environ["FASTMLP_DIED"], os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        return trained(*arguments)
    os.kill(os.getpid(), signal.SIGKILL)


def test_members_of_a_worker_that_dies_are_trained_elsewhere(monkeypatch, tmp_path):
    monkeypatch.setenv("FASTMLP_DIED", str(tmp_path / "died"))
    monkeypatch.setattr(members, "trained", dies_once)
    cloudpickle.register_pickle_by_value(sys.modules[__name__])
    local = TabularClassifier(random_state=0).fit(TABLE, CLASS)
    with (
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0", silence_logs=50) as cluster,
        Client(cluster) as client,
    ):
        model = classifier(client=client).fit(TABLE, CLASS)
    cloudpickle.unregister_pickle_by_value(sys.modules[__name__])
    assert (tmp_path / "died").exists()
    np.testing.assert_array_equal(model.predict_proba(TABLE), local.predict_proba(TABLE))


def test_parameters_are_those_of_the_local_estimators(client):
    for ours, local in ((DaskTabularClassifier, TabularClassifier), (DaskTabularRegressor, TabularRegressor)):
        assert ours().get_params().keys() == local().get_params().keys() | {"client", "timeout"}
        mine = {name: value for name, value in ours().get_params().items() if name not in ("client", "timeout")}
        assert mine == local().get_params()
    assert clone(classifier(client=client)).client is client


def test_pickles_and_files_do_without_the_client(client, tmp_path):
    model = classifier(client=client).fit(TABLE, CLASS)
    copied = pickle.loads(pickle.dumps(model))
    assert copied.client is None
    np.testing.assert_array_equal(copied.predict_proba(TABLE), model.predict_proba(TABLE))


def test_bad_arguments(client):
    with pytest.raises(ValueError, match="y='label': X is no dataframe"):
        classifier().fit(dd.from_pandas(TABLE, npartitions=2), "label")
    with pytest.raises(ValueError, match="sample_weight='number': X is no dataframe"):
        classifier().fit(TABLE.to_numpy(), CLASS, "number")
    whole = dd.from_pandas(TABLE.assign(label=CLASS.where(TABLE.index % 50 != 3)), npartitions=2)
    with pytest.raises(ValueError, match="y is missing in 6 rows; drop them"):
        classifier().fit(whole, "label")
    with pytest.raises(ValueError, match="y_val is missing in 6 rows"):
        classifier().fit(TABLE, CLASS, X_val=whole, y_val="label")
    with pytest.raises(ValueError, match="timeout=0"):
        classifier(timeout=0).fit(TABLE, CLASS)
