"""Checkpoints of exact steps over a cluster: a fit that was interrupted ends with the bits of one that was not."""

import itertools
import shutil
import signal
import threading

import dask.array as da
import numpy as np
import pandas as pd
import pytest
from dask import dataframe
from distributed import Client, LocalCluster

import fastmlp.dask
from fastmlp import Adam, Model, Momentum
from fastmlp.dask import worker
from fastmlp.network.network import Network
from fastmlp.training import checkpoint

random = np.random.default_rng(0)
X = random.standard_normal((300, 4))
y = (X[:, 0] * X[:, 1] + 0.3 * random.standard_normal(300) > 0).astype(int)
w = random.integers(0, 3, 300) / 2.0
PARTITIONS = (120, 1, 100, 79)
HOUR = 3600.0  # so that a fit which goes on spends no time on checkpoints of its own
FITS = {
    "adam, l2": {"l2": 0.01},
    "float32, a schedule": {"model": lambda: Model([4, 6, 1], seed=3), "optimizer": lambda: Adam(schedule="one_cycle")},
    "early stopping": {"optimizer": lambda: Momentum(3.0), "epochs": 12, "validation_fraction": 0.3,
                       "early_stopping": True, "n_iter_no_change": 2},
}  # fmt: skip


def cluster_of(n_workers):
    options = {"processes": False, "dashboard_address": ":0"}
    return LocalCluster(n_workers=n_workers, threads_per_worker=3 - n_workers, **options)


@pytest.fixture(scope="module", autouse=True)
def client():
    with cluster_of(1) as cluster, Client(cluster) as client:
        yield client


def fitted(path=None, resume=False, chunks=PARTITIONS, data=(X, y, w), every=0, **options):
    settings = {"epochs": 4, "optimizer": Adam, "timeout": 60} | options
    model = settings.pop("model", lambda: Model([4, 6, 1], dtype="float64", seed=3))()
    settings["optimizer"] = settings["optimizer"]()
    arrays = [da.from_array(values, chunks=(chunks, *values.shape[1:])) for values in data]
    return fastmlp.dask.fit(model, *arrays, checkpoint=path, checkpoint_every=every, resume=resume, **settings)


def assert_same(ours, expected):
    assert ours.parameters.tobytes() == expected.parameters.tobytes()
    assert ours.optimizer.moments.tobytes() == expected.optimizer.moments.tobytes()
    assert ours.optimizer.t == expected.optimizer.t
    timed = ("seconds", "rows_per_second")
    histories = [[{k: v for k, v in r.items() if k not in timed} for r in m.history] for m in (ours, expected)]
    assert histories[0] == histories[1]


def stop(model=None, record=None):
    raise KeyboardInterrupt


def interrupted(path, epoch=2, **options):
    """Begin a fit, and end it by Ctrl-C in the callback of an epoch."""
    with pytest.raises(KeyboardInterrupt):
        fitted(path, callbacks=lambda model, record: stop() if record["epoch"] == epoch else None, **options)


@pytest.mark.parametrize("name", FITS)
def test_the_same_bits_from_every_checkpoint_on(name, monkeypatch, tmp_path):
    """Checkpoints lie before validation, too."""
    expected, copies, write = fitted(**FITS[name]), [], checkpoint.Checkpoint.write

    def written(self, progress):
        write(self, progress)
        copies.append((shutil.copy(self.file.path, tmp_path / f"copy-{len(copies)}"), progress.tally.rows))

    with monkeypatch.context() as patch:
        patch.setattr(checkpoint.Checkpoint, "write", written)
        assert_same(fitted(tmp_path / "run", **FITS[name]), expected)
    assert sum(rows > 0 for _, rows in copies) == len(expected.history)
    for copy, _ in (*copies[::3], copies[-1]):  # of each kind: before validation, and at the end of an epoch
        assert_same(fitted(copy, resume=True, every=HOUR, **FITS[name]), expected)


def test_on_other_workers(tmp_path):
    interrupted(tmp_path / "run")
    with cluster_of(2) as cluster, Client(cluster, set_as_default=False) as other:
        assert_same(fitted(tmp_path / "run", resume=True, client=other), fitted())


def test_ctrl_c_in_callbacks_and_a_fit_that_has_ended(tmp_path):
    interrupted(tmp_path / "run", 1)
    interrupted(tmp_path / "run", 3, resume=True)
    for _ in range(2):
        assert_same(fitted(tmp_path / "run", resume=True), fitted())


@pytest.mark.parametrize("takes_step", [True, False], ids=["after the step", "before it"])
def test_ctrl_c_in_the_step(takes_step, monkeypatch, tmp_path):
    step, calls = Network.step, itertools.count()

    def step_with_ctrl_c(*arguments):
        second = next(calls) == 1
        if second:
            signal.raise_signal(signal.SIGINT)
        if takes_step or not second:
            step(*arguments)

    monkeypatch.setattr(Network, "step", step_with_ctrl_c)
    with pytest.raises(KeyboardInterrupt):
        fitted(tmp_path / "run")
    monkeypatch.undo()
    assert Model.load(tmp_path / "run").optimizer.t == 1 + takes_step
    assert_same(fitted(tmp_path / "run", resume=True), fitted())


gradient, gradients, over, patience = worker.gradient, itertools.count(), threading.Event(), []


def gradient_that_waits(*arguments, **named):
    """Send Ctrl-C to the client from a task that ends after the fit only."""
    if next(gradients) == 2 * len(PARTITIONS):
        signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)
        patience.append(over.wait(20))
    return gradient(*arguments, **named)


def test_ctrl_c_does_not_wait_for_the_cluster(monkeypatch, tmp_path):
    monkeypatch.setattr(worker, "gradient", gradient_that_waits)
    with pytest.raises(KeyboardInterrupt):
        fitted(tmp_path / "run")
    monkeypatch.undo()
    assert patience == [], "the fit has ended before the task"
    over.set()
    assert Model.load(tmp_path / "run").optimizer.t == 2
    assert_same(fitted(tmp_path / "run", resume=True), fitted())


@pytest.mark.parametrize(
    ("options", "what"),
    [
        ({"epochs": 5}, "epochs=4, but this one has 5"),
        ({"l2": 0.1}, "l2=0.0"),
        ({"optimizer": lambda: Adam(0.01)}, "optimizer="),
        ({"model": lambda: Model([4, 6, 1], dtype="float64", seed=4)}, "seed=3"),
        ({"validation_fraction": 0.1}, "rows="),
        ({"chunks": (120, 1, 79, 100)}, "partitions='4, of 120, 1, 100, 79 rows'"),
        ({"data": (X[:-1], y[:-1], w[:-1]), "chunks": (120, 1, 100, 78)}, "partitions="),
        ({"data": (X + 1, y, w)}, "rows="),
        ({"data": (X, 1 - y, w)}, "rows="),
        ({"data": (X, y, w + 1)}, "of weight"),
        ({"data": (X, y, w[::-1].copy())}, "rows="),
    ],
)
def test_a_fit_goes_on_with_the_same_rows_and_arguments_only(options, what, tmp_path):
    interrupted(tmp_path / "run")
    before = (tmp_path / "run").read_bytes()
    with pytest.raises(ValueError, match=f"{what}.*the same rows and arguments"):
        fitted(tmp_path / "run", resume=True, **options)
    assert (tmp_path / "run").read_bytes() == before


def test_names_of_features(tmp_path):
    """They are in the file; others are refused, and the model that was to go on does not take them over."""

    def on_frame(names, model, **options):
        frame = dataframe.from_pandas(pd.DataFrame(X, columns=names).assign(y=y), npartitions=2)
        return fastmlp.dask.fit(model, frame, "y", epochs=2, checkpoint=tmp_path / "run", **options)

    with pytest.raises(KeyboardInterrupt):
        on_frame(list("abcd"), Model([4, 1]), callbacks=stop)
    model = Model([4, 1])
    with pytest.raises(ValueError, match="feature_names="):
        on_frame(list("abce"), model, resume=True)
    assert model.feature_names is None
    assert on_frame(list("abcd"), model, resume=True).feature_names == list("abcd")


def test_a_fit_that_has_not_ended_is_not_replaced_and_one_of_a_model_not_resumed(tmp_path):
    interrupted(tmp_path / "run")
    with pytest.raises(FileExistsError, match="come to epoch 3"):
        fitted(tmp_path / "run")
    model = Model([4, 6, 1], dtype="float64", seed=3)
    with pytest.raises(ValueError, match="is of Model on Dask, not of Model"):
        model.fit(X, y, w, batch_size=None, epochs=4, checkpoint=tmp_path / "run", resume=True)


@pytest.mark.parametrize(
    ("options", "what"),
    [
        ({"batch_size": 30}, "checkpoint=.*use batch_size=None in place of 30"),
        ({"optimizer": lambda: "lbfgs"}, "checkpoint=.*optimizer='lbfgs' cannot be resumed; use 'adam'"),
        ({"path": None, "resume": True}, "resume=True needs checkpoint="),
    ],
)
def test_fits_that_have_no_checkpoints(options, what, tmp_path):
    with pytest.raises(ValueError, match=what):
        fitted(**{"path": tmp_path / "run"} | options)
    assert list(tmp_path.iterdir()) == []
