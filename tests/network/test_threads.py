"""All threads of a call end with it: after a failure, and after Ctrl-C with a whole number of steps done."""

import os
import resource
import signal
import sys
import threading

import numba
import numpy as np
import pytest

from fastmlp import SGD, Model
from fastmlp.kernels.barrier import CORES, FAILED, STOP, barrier, new_team, spread_out
from fastmlp.network import network, threads
from fastmlp.network.call import Tally
from fastmlp.network.contention import Contention
from fastmlp.rows.ahead import read_ahead
from fastmlp.rows.array import ArrayRows
from fastmlp.rows.order import Order
from fastmlp.system import machine

NET = [28, 64, 64, 1], ["relu", "tanh"]
RUNNING = []  # threads that are inside of a kernel now


@pytest.fixture(autouse=True)
def counted_threads(monkeypatch):
    """As many threads start as may, and RUNNING knows them."""
    monkeypatch.setattr(threads, "FLOPS_PER_THREAD", 1)
    monkeypatch.setattr(threads, "SHORT_FLOPS", 0)
    run = threads.run

    def spy(work, flags, n_threads, short, watch, patience=None):
        def counted(thread):
            RUNNING.append(thread)
            try:
                work(thread)
            finally:
                RUNNING.remove(thread)

        return run(counted, flags, n_threads, short, watch, patience)

    monkeypatch.setattr(threads, "run", spy)
    yield
    assert RUNNING == []


def many_rows():
    random = np.random.default_rng(0)
    X = random.standard_normal((150_030, 28)).astype("float32")
    return X, random.random(len(X)) < 0.4


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

    error = within(30, lambda: threads.run(work, flags, n_threads, False, None))
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
    error = within(30, lambda: threads.run(lambda thread: passed.append(meet(flags, 3, 10)), flags, 3, False, None))
    assert "can't start" in str(error)
    assert passed == [0, 0]


@pytest.mark.parametrize("n_threads", [2, 3])
@pytest.mark.parametrize("watched", [False, True])
def test_a_thread_that_dies_outside_of_its_work_releases_the_others(monkeypatch, n_threads, watched):
    """As by a trace function that raises: it never reaches the code that would say so."""
    flags, passed, run = new_team(), [], threading.Thread.run
    monkeypatch.setattr(threading.Thread, "run", lambda self: None if self.name == "fastmlp-1" else run(self))
    watch = (lambda progress: None) if watched else None
    error = within(
        30,
        lambda: threads.run(lambda thread: passed.append(meet(flags, n_threads, 10)), flags, n_threads, False, watch),
    )
    assert isinstance(error, RuntimeError)
    assert "fastmlp-1 ended before its work was done" in str(error)
    assert passed == [0] * (n_threads - 1)


def test_a_dead_thread_that_should_read_ahead(monkeypatch):
    run = threading.Thread.run
    monkeypatch.setattr(threading.Thread, "run", lambda self: None if self.name == "fastmlp-read-ahead" else run(self))
    error = within(30, lambda: list(read_ahead(lambda stopped: iter([1, 2]), 2)))
    assert isinstance(error, RuntimeError)
    assert "reads ahead ended" in str(error)


def test_a_thread_that_dies_and_one_that_cannot_start(monkeypatch):
    """Nothing is left to wait for; the caller sees the failure to start."""
    flags, run, start = new_team(), threading.Thread.run, threading.Thread.start
    monkeypatch.setattr(threading.Thread, "run", lambda self: None if self.name == "fastmlp-0" else run(self))

    def refuse(thread):
        if thread.name == "fastmlp-1":
            raise RuntimeError("can't start new thread")
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", refuse)
    error = within(30, lambda: threads.run(lambda thread: meet(flags, 2, 10), flags, 2, False, None))
    assert "can't start" in str(error)


def test_a_stop_lets_all_threads_leave_at_one_barrier():
    flags, passed = new_team(), []

    def work(thread):
        passed.append(meet(flags, 3, 10**9))

    def watch(progress):
        flags[STOP] = 1

    assert within(30, lambda: threads.run(work, flags, 3, False, watch)) is None
    assert len(passed) == 3
    assert len(set(passed)) == 1


def test_a_failing_watch_stops_the_team():
    flags = new_team()

    def watch(progress):
        raise RuntimeError("watch")

    error = within(30, lambda: threads.run(lambda thread: meet(flags, 2, 10**9), flags, 2, False, watch))
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
        model.fit(X, y, epochs=10**6, callbacks=lambda model, record: not give_up.is_alive(), **settings)
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
    X, y = many_rows()
    Model(*NET).fit(X[:100], y[:100], epochs=1)  # loads the kernels
    model, optimizer = Model(*NET, n_threads=n_threads), SGD(0.01)
    interrupted_fit(model, X, y, 0.3, batch_size=batch_size, optimizer=optimizer)
    assert optimizer.t > 0
    fresh = Model(*NET)
    np.testing.assert_array_equal(model.parameters, after_steps(fresh, X, y, optimizer.t, batch_size))
    t = optimizer.t
    model.fit(X[:200], y[:200], epochs=1, batch_size=50, optimizer=optimizer)
    assert optimizer.t == t + 4
    assert np.isfinite(model.predict_proba(X[:10])).all()


@pytest.mark.parametrize("n_threads", [1, 3])
def test_ctrl_c_waits_for_all_threads(n_threads):
    X, y = many_rows()
    model = Model(*NET, n_threads=n_threads).fit(X[:100], y[:100], epochs=1)
    for milliseconds in range(20, 120, 12):
        interrupted_fit(model, X, y, milliseconds / 1000, batch_size=10_000)


@pytest.fixture
def ctrl_c_in_the_first_call(monkeypatch):
    """Send Ctrl-C as the threads of the first call begin, to a handler that raises nothing; return what came."""
    came, original = [], threads.Threads.run

    def run(self, look, first):
        if not came:
            signal.raise_signal(signal.SIGINT)
        original(self, look, first)

    monkeypatch.setattr(threads, "CALLER_FLOPS", 0)
    monkeypatch.setattr(threads.Threads, "run", run)
    former = signal.signal(signal.SIGINT, lambda number, frame: came.append(number))
    yield came
    signal.signal(signal.SIGINT, former)


@pytest.mark.parametrize("n_threads", [1, 2])
def test_a_handler_that_does_not_raise_leaves_predictions_whole(n_threads, request):
    X, _ = many_rows()
    model = Model(*NET, n_threads=n_threads)
    expected = model.predict_proba(X[:5000])
    came = request.getfixturevalue("ctrl_c_in_the_first_call")
    np.testing.assert_array_equal(model.predict_proba(X[:5000]), expected)
    assert came == [signal.SIGINT]


def test_a_sum_that_ctrl_c_cut_is_none_whatever_the_handler_does(ctrl_c_in_the_first_call):
    X, y = many_rows()
    net = Model(*NET, n_threads=2).network
    rows = ArrayRows(X[:5000], y[:5000].astype(int), n_features=28, dtype=net.plan.dtype, loss=net.plan.loss)
    with pytest.raises(KeyboardInterrupt):
        net.gradient(rows)
    assert ctrl_c_in_the_first_call == [signal.SIGINT]
    assert np.isfinite(net.gradient(rows)[1]).all()


@numba.njit
def begin(flags, n_threads):
    spread_out(flags, n_threads)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells the core, and starts threads on a busy one")
def test_who_begins_on_a_core_that_is_taken_sleeps_once():
    cores, flags, slept = os.sched_getaffinity(0), new_team(), []
    begin(flags, 1)
    assert not flags.any()
    try:
        for core in (max(cores), max(cores), min(cores)):
            os.sched_setaffinity(0, {core})
            before = resource.getrusage(resource.RUSAGE_THREAD).ru_nvcsw
            begin(flags, 2)
            slept.append(resource.getrusage(resource.RUSAGE_THREAD).ru_nvcsw > before)
    finally:
        os.sched_setaffinity(0, cores)
    assert slept == [False, True, len(cores) == 1]
    begun = {64 * slot + bit for slot in range(16) for bit in range(64) if flags[CORES + slot] >> bit & 1}
    assert begun == {max(cores), min(cores)}


def test_calls_at_the_same_time_share_the_cores(monkeypatch):
    """The first call has all of them; while it runs, others find what it leaves, and one at least."""
    monkeypatch.setattr(machine, "available_cores", lambda: 4)
    seen = []
    threads.run(lambda thread: seen.append(threads.free_cores()), new_team(), 3, False, None)
    threads.run(lambda thread: seen.append(threads.free_cores()), new_team(), 1, True, None)
    threads.run(lambda thread: seen.append(threads.free_cores()), new_team(), 6, False, None)
    assert seen == [1] * 3 + [3] + [1] * 6
    with pytest.raises(ZeroDivisionError):
        threads.run(lambda thread: 1 / 0, new_team(), 2, False, None)
    assert threads.free_cores() == 4


def test_fits_at_the_same_time_start_no_more_threads_than_cores(monkeypatch):
    """Apart from the first calls, which may begin before the others are counted."""
    monkeypatch.setattr(machine, "available_cores", lambda: 2)
    monkeypatch.setattr(threads, "FLOPS_PER_THREAD", 1.0)
    monkeypatch.setattr(threads, "SHORT_FLOPS", 1.0)
    monkeypatch.setattr(network, "CALL_FLOPS", 2e6)
    monkeypatch.setattr(threads, "CALLER_FLOPS", 2e6)
    monkeypatch.setattr(Contention, "threads", lambda self, most: most)  # it, too, would start one thread fewer
    running, run = [], threads.run_counted
    monkeypatch.setattr(threads, "run_counted", lambda *a: running.append(sum(threads._running.values())) or run(*a))
    random = np.random.default_rng(0)
    X, y = random.standard_normal((4000, 10), np.float32), random.integers(0, 2, 4000)
    fits = [threading.Thread(target=lambda: Model([10, 32, 1]).fit(X, y, epochs=20, batch_size=200)) for _ in range(2)]
    for fit in fits:
        fit.start()
    for fit in fits:
        fit.join()
    assert len(running) > 50
    # One has both cores, the other one thread at least; without the count, both would start two.
    assert np.mean(np.array(running) > 3) < 0.2
