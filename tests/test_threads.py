"""The number of threads changes no bit of any result; a failure or Ctrl-C ends all threads at once."""

import os
import signal
import threading
from itertools import product

import numba
import numpy as np
import pytest

from fastmlp import SGD, Model, team
from fastmlp.kernels.barrier import FAILED, STOP, barrier, new_team
from fastmlp.network import Tally
from fastmlp.rows.array import ArrayRows
from fastmlp.rows.order import Order

THREADS = [1, 2, 3, 4, 8]
NETS = {
    "logistic regression": ([1, 1], []),
    "wide logistic regression": ([300, 1], []),
    "narrow": ([2, 3, 1], ["selu"]),
    "wide": ([20, 130, 3, 1], ["gelu", "softplus"]),
    "square": ([28, 64, 64, 1], ["relu", "tanh"]),
    "deep": ([9, 17, 8, 33, 1, 20, 1], ["silu", "leaky_relu", "elu", "logistic", "identity"]),
}
OPTIMIZERS = ["sgd", "momentum", "nesterov", "adam", "adamw"]
ROWS = {7: 150, 32: 400, 200: 700, 1000: 2100, None: 2100}  # per batch size; the last batch is short


RUNNING = []  # threads that are inside of a kernel now


@pytest.fixture(autouse=True)
def many_threads(monkeypatch):
    """However little there is to do, as many threads start as may; yields the numbers that did."""
    monkeypatch.setattr(team, "FLOPS_PER_THREAD", 1)
    started, run = [], team.run

    def spy(work, flags, n_threads, short, watch):
        def counted(thread):
            RUNNING.append(thread)
            try:
                work(thread)
            finally:
                RUNNING.remove(thread)

        started.append(n_threads)
        return run(counted, flags, n_threads, short, watch)

    monkeypatch.setattr(team, "run", spy)
    yield started
    assert RUNNING == []


def rows_of(net, n, dtype):
    random = np.random.default_rng(n)
    X = random.standard_normal((n, NETS[net][0][0])).astype(dtype)
    return X, random.random(n) < 0.4, random.uniform(0, 2, n)


def most_threads(model, batch_size, n):
    """How many threads a batch can keep busy: one per chunk, where it is cut into chunks."""
    rows = n if batch_size is None else batch_size
    chunk = model._network.plan.batch_chunks(rows)[0]
    return -(-rows // chunk) if chunk else 8


def cases():
    """Every net with every batch size, dtype and optimizer; every third with row weights."""
    every = product(NETS, ROWS, ("float32", "float64"), OPTIMIZERS)
    return [(*case, turn % 3 == 0) for turn, case in enumerate(every)]


@pytest.mark.parametrize(("net", "batch_size", "dtype", "optimizer", "weighted"), cases())
def test_fit_gives_the_same_bits(net, batch_size, dtype, optimizer, weighted, many_threads):
    n = ROWS[batch_size]
    X, y, w = rows_of(net, n, dtype)
    results = {}
    for n_threads in THREADS:
        many_threads.clear()
        model = Model(NETS[net][0], NETS[net][1], dtype=dtype, seed=2, n_threads=n_threads)
        start = model.parameters.copy()
        model.fit(X, y, w if weighted else None, epochs=2, batch_size=batch_size, optimizer=optimizer, l2=0.001)
        assert set(many_threads) == {min(n_threads, most_threads(model, batch_size, n))}
        assert (model.parameters != start).any()
        record = model.history[-1]
        results[n_threads] = model.parameters.tobytes(), record["loss"], model.optimizer.moments.tobytes()
    for n_threads in THREADS:
        assert results[n_threads] == results[1], f"{n_threads} threads"


@pytest.mark.parametrize("widths", [[40_000, 1], [2, 700, 20, 1], [3, 600, 600, 1]])
def test_wide_layers_whose_ranges_are_cut_into_blocks(widths):
    random = np.random.default_rng(0)
    X, y = random.standard_normal((60, widths[0])).astype("f4"), np.arange(60) % 2
    results = {Model(widths, n_threads=n_threads).fit(X, y, epochs=1, batch_size=25).parameters.tobytes()
               for n_threads in THREADS}  # fmt: skip
    assert len(results) == 1


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("net", NETS)
def test_gradient_and_predictions_have_the_same_bits(net, dtype, weighted, many_threads):
    X, y, w = rows_of(net, 2500, dtype)
    results = set()
    for n_threads in THREADS:
        model = Model(NETS[net][0], NETS[net][1], dtype=dtype, n_threads=n_threads)
        many_threads.clear()
        J, gradient = model.loss_and_gradient(X, y, w if weighted else None)
        results.add((J, gradient.parameters.tobytes(), model.predict_proba(X).tobytes(), model.predict(X).tobytes()))
        assert many_threads[0] == n_threads
        assert (many_threads[-1] > 1) == (n_threads > 1)  # predictions: a tile at least for each
    assert len(results) == 1


def test_types_that_are_cast_have_the_same_bits():
    X, y, w = rows_of("square", 500, "float64")
    results = {Model(*NETS["square"], n_threads=n_threads).fit(X.astype("f2"), y, w, epochs=1).parameters.tobytes()
               for n_threads in THREADS}  # fmt: skip
    assert len(results) == 1


def test_a_bad_row_stops_all_threads():
    X, y, _ = rows_of("square", 2500, "float32")
    X[1234, 5] = np.nan
    model = Model(*NETS["square"], n_threads=4)
    before = model.parameters.copy()
    for batch_size in (50, 1000, None):
        with pytest.raises(ValueError, match="NaN in row 1234, column 5"):
            model.fit(X, y, epochs=3, batch_size=batch_size)
        np.testing.assert_array_equal(model.parameters, before)


# --- failures and Ctrl-C --------------------------------------------------------------------------------


@numba.njit(nogil=True)
def meet(flags, n_threads, times):
    """Pass `times` barriers, or as many as let this thread on."""
    for passed in range(times):
        if not barrier(flags, n_threads):
            return passed
    return times


def within(seconds, call):
    """Run call() in a thread of its own, so that a hang becomes a failure; returns what it raised."""
    caught = []

    def body():
        try:
            call()
        except BaseException as error:
            caught.append(error)

    thread = threading.Thread(target=body, daemon=True)
    thread.start()
    thread.join(seconds)
    assert not thread.is_alive(), f"still running after {seconds} s"
    return caught[0] if caught else None


@pytest.mark.parametrize("n_threads", [2, 3, 8])
@pytest.mark.parametrize("when", ["before the first barrier", "between barriers"])
def test_a_failing_thread_releases_the_others_from_the_barrier(n_threads, when):
    flags, passed, most = new_team(), {}, 10**9

    def work(thread):
        if thread == n_threads - 1:
            if when == "between barriers":
                assert meet(flags, n_threads, 10) == 10
            raise RuntimeError("planted")
        passed[thread] = meet(flags, n_threads, most)

    error = within(30, lambda: team.run(work, flags, n_threads, False, None))
    assert isinstance(error, RuntimeError)
    assert str(error) == "planted"
    assert flags[FAILED] == 1
    assert set(passed.values()) == {10 if when == "between barriers" else 0}
    assert len(passed) == n_threads - 1


def test_a_thread_that_cannot_start_releases_the_others(monkeypatch):
    flags, passed, start = new_team(), [], threading.Thread.start

    def refuse(thread):
        if thread.name == "fastmlp-2":
            raise RuntimeError("can't start new thread")
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", refuse)
    error = within(30, lambda: team.run(lambda thread: passed.append(meet(flags, 3, 10)), flags, 3, False, None))
    assert "can't start" in str(error)
    assert passed == [0, 0]


def test_a_stop_lets_all_threads_leave_at_one_barrier():
    flags, passed = new_team(), []

    def work(thread):
        passed.append(meet(flags, 3, 10**9))

    def watch(progress):
        flags[STOP] = 1

    assert within(30, lambda: team.run(work, flags, 3, False, watch)) is None
    assert len(passed) == 3
    assert len(set(passed)) == 1


def test_a_failing_watch_stops_the_team():
    flags = new_team()

    def watch(progress):
        raise RuntimeError("watch")

    error = within(30, lambda: team.run(lambda thread: meet(flags, 2, 10**9), flags, 2, False, watch))
    assert str(error) == "watch"


def after_steps(model, X, y, t, batch_size):
    """Train a fresh model for exactly t steps of sgd."""
    epochs, rest = divmod(t, -(-len(X) // batch_size))
    optimizer = SGD(0.01)
    if epochs:
        model.fit(X, y, epochs=epochs, batch_size=batch_size, optimizer=optimizer)
    if rest:
        order = Order(len(X)).shuffled(model.seed, epochs + 1)
        part = Order(min(rest * batch_size, len(X)), order.permutations)
        rows = ArrayRows(X, y, n_features=X.shape[1], dtype=model.dtype)
        model._network.train(rows, part, batch_size, optimizer, 0.0, None, Tally())
    assert optimizer.t == t
    return model.parameters


def interrupted_fit(model, X, y, seconds, **settings):
    """Press Ctrl-C after so many seconds of a fit that would take hours; no thread may run on behind it."""
    ctrl_c = threading.Timer(seconds, os.kill, (os.getpid(), signal.SIGINT))
    give_up = threading.Timer(30, lambda: None)
    former = signal.signal(signal.SIGINT, signal.default_int_handler)
    still_running = None
    try:
        give_up.start()
        ctrl_c.start()
        model.fit(X, y, epochs=10**6, callback=lambda model, record: not give_up.is_alive(), **settings)
    except KeyboardInterrupt:
        still_running = list(RUNNING)
    finally:
        ctrl_c.cancel()
        give_up.cancel()
        signal.signal(signal.SIGINT, former)
    assert still_running == []


@pytest.mark.parametrize("batch_size", [50, 1000])
@pytest.mark.parametrize("n_threads", [1, 2])
def test_ctrl_c_leaves_the_weights_of_a_whole_number_of_steps(n_threads, batch_size):
    X, y, _ = rows_of("square", 150_030, "float32")
    model, optimizer = Model(*NETS["square"], n_threads=n_threads), SGD(0.01)
    interrupted_fit(model, X, y, 0.3, batch_size=batch_size, optimizer=optimizer)
    assert optimizer.t > 0
    fresh = Model(*NETS["square"])
    np.testing.assert_array_equal(model.parameters, after_steps(fresh, X, y, optimizer.t, batch_size))
    t = optimizer.t
    model.fit(X[:200], y[:200], epochs=1, batch_size=50, optimizer=optimizer)
    assert optimizer.t == t + 4
    assert np.isfinite(model.predict_proba(X[:10])).all()


@pytest.mark.parametrize("n_threads", [1, 3])
def test_ctrl_c_waits_for_all_threads(n_threads):
    X, y, _ = rows_of("square", 150_030, "float32")
    model = Model(*NETS["square"], n_threads=n_threads).fit(X[:100], y[:100], epochs=1)
    for milliseconds in range(20, 120, 12):
        interrupted_fit(model, X, y, milliseconds / 1000, batch_size=10_000)


def test_many_models_train_at_once_as_if_alone():
    X, y, _ = rows_of("square", 600, "float32")

    def fit(seed):
        return Model(*NETS["square"], seed=seed, n_threads=2).fit(X, y, epochs=2, batch_size=100).parameters.tobytes()

    alone, together = [fit(seed) for seed in range(6)], {}
    threads = [threading.Thread(target=lambda seed=seed: together.update({seed: fit(seed)})) for seed in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [together[seed] for seed in range(6)] == alone
