"""Fewer threads where other programs have the cores; all again when they are free; the same bits throughout."""

import time

import numpy as np
import pytest

from fastmlp import Model
from fastmlp.kernels.barrier import PROGRESS
from fastmlp.network import contention as contention_module
from fastmlp.network import network, threads
from fastmlp.network.contention import (
    BESIDE_READER,
    CROWDED,
    IDLE,
    MOST_CALLS_UNTIL_RETRY,
    PATIENCE,
    TRIAL,
    WORTH,
    Contention,
)
from fastmlp.system.machine import CoreTime

SECONDS = 0.7 * PATIENCE


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    """Provide a clock that stands still, except for what a test adds to it."""
    now = [100.0]
    monkeypatch.setattr(contention_module, "perf_counter", lambda: now[0])
    return now


def crowd(contention, most, free, calls):
    """Return the threads that each of some calls started, when `free` threads at most run without waiting."""
    started = []
    for _ in range(calls):
        n = contention.threads(most)
        started.append(n)
        contention.saw(n, SECONDS, n * SECONDS * (0.95 if n <= free else 0.5))
    return started


@pytest.mark.parametrize("most", [1, 2, 8])
def test_all_threads_while_all_run(most):
    assert crowd(Contention(), most, free=most, calls=50) == [most] * 50


def test_one_crowded_call_may_be_chance():
    contention = Contention()
    assert crowd(contention, 2, free=1, calls=1) + crowd(contention, 2, free=2, calls=1) == [2, 2]
    assert crowd(contention, 2, free=1, calls=1) + crowd(contention, 2, free=2, calls=5) == [2] * 6


@pytest.mark.parametrize(("most", "free"), [(2, 1), (8, 7), (8, 5)])
def test_as_many_threads_as_run(most, free):
    started = crowd(Contention(), most, free, calls=200)
    assert started[:2] == [most, most]
    assert np.mean(np.array(started[50:]) == free) > 0.75
    assert min(started) == free


def test_all_threads_again_soon_after_cores_are_free():
    contention = Contention()
    crowd(contention, 2, free=1, calls=100)
    started = crowd(contention, 2, free=2, calls=MOST_CALLS_UNTIL_RETRY + 20)
    assert started[MOST_CALLS_UNTIL_RETRY:] == [2] * 20


def test_many_short_calls_are_as_good_as_a_long_one():
    contention = Contention()
    for _ in range(9):
        assert contention.threads(2) == 2
        contention.saw(2, PATIENCE / 8, 0.0)  # eighths, whose sums are exact
    assert contention.threads(2) == 1


def test_nothing_is_known_after_a_pause(clock):
    contention = Contention()
    crowd(contention, 2, free=1, calls=20)
    clock[0] += 2 * IDLE
    assert crowd(contention, 2, free=2, calls=5) == [2] * 5
    for _ in range(20):
        clock[0] += 2 * IDLE
        assert crowd(contention, 2, free=1, calls=1) == [2]


@pytest.mark.parametrize("batch_size", [32, 300])
def test_threads_that_change_within_an_epoch_change_no_bit(batch_size, monkeypatch):
    random = np.random.default_rng(0)
    X, y = random.standard_normal((3001, 5), np.float32), random.integers(0, 2, 3001)
    row_flops = Model([5, 16, 8, 1])._network.plan.flops_per_row(True) + threads.ROW_FLOPS
    monkeypatch.setattr(network, "CALL_FLOPS", 3 * batch_size * row_flops)
    monkeypatch.setattr(threads, "CALLER_FLOPS", 2 * batch_size * row_flops)
    expected = Model([5, 16, 8, 1], n_threads=1).fit(X, y, epochs=2, batch_size=batch_size)

    counts, started = iter([2, 1, 3] * 100), []
    monkeypatch.setattr(threads, "FLOPS_PER_THREAD", 1.0)
    monkeypatch.setattr(threads, "SHORT_FLOPS", 1.0)
    monkeypatch.setattr(Contention, "threads", lambda self, most: min(most, next(counts)))
    run = threads.run

    def spy(work, flags, n_threads, *rest):
        started.append(n_threads)
        return run(work, flags, n_threads, *rest)

    monkeypatch.setattr(threads, "run", spy)
    model = Model([5, 16, 8, 1], n_threads=3).fit(X, y, epochs=2, batch_size=batch_size)
    assert len(started) > 3001 / (3 * batch_size)
    assert len(set(started)) > 1
    assert model.parameters.tobytes() == expected.parameters.tobytes()
    assert model.history[-1]["loss"] == expected.history[-1]["loss"]


def calls(contention, clock, free, seconds, count):
    """(threads, seconds) of some calls, of which a whole one of threads that all run takes so many seconds."""
    found = []
    for _ in range(count):
        n = contention.threads(2)
        patience = contention.patience(n)
        took = seconds * (100 if n > free else 1)  # a step waits for threads that have no core
        if patience is not None and n > free:
            took = min(took, patience.seconds)
        clock[0] += took
        contention.saw(n, took, n * took * (0.95 if n <= free else 0.01))
        found.append((n, took))
    return found


def test_patience_is_short_only_where_a_crowd_was_seen(clock):
    contention = Contention()
    assert contention.patience(1) is None
    assert contention.patience(2) == (PATIENCE, CROWDED)
    found = calls(contention, clock, 1, PATIENCE, 3)
    assert [n for n, _ in found] == [2, 2, 1]
    assert contention.patience(2, BESIDE_READER) == (TRIAL, BESIDE_READER)
    assert contention.patience(8) == (PATIENCE, CROWDED), "so many threads were not tried"
    clock[0] += 2 * IDLE
    contention.threads(2)
    assert contention.patience(2).seconds == PATIENCE, "nothing is known after a pause"


def test_trials_take_a_small_part_of_the_time_on_a_crowded_machine(clock):
    found = calls(Contention(), clock, 1, 0.1, 300)
    trials, others = (sum(took for n, took in found if n == k) for k in (2, 1))
    assert 0 < trials <= others / WORTH
    assert {took for n, took in found[2:] if n == 2} == {TRIAL}


@pytest.mark.skipif(not CoreTime.known_to_others, reason="this system does not tell the time of other threads")
def test_a_crowded_call_ends_early_after_a_whole_step(monkeypatch):
    """Threads that sleep in the middle of their work stand for threads that wait for a core."""
    random = np.random.default_rng(0)
    X, y = random.standard_normal((200_000, 5), np.float32), random.integers(0, 2, 200_000)
    expected = Model([5, 16, 8, 1], n_threads=1).fit(X, y, epochs=1, batch_size=64)
    monkeypatch.setattr(threads, "FLOPS_PER_THREAD", 1.0)
    monkeypatch.setattr(threads, "SHORT_FLOPS", 1.0)
    monkeypatch.setattr(contention_module, "PATIENCE", 0.01)
    run, started = threads.run, []

    def spy(work, flags, n_threads, *rest):
        def slow(thread):
            if n_threads == 2:
                time.sleep(0.05)
            work(thread)

        took = run(slow, flags, n_threads, *rest)
        started.append((n_threads, int(flags[PROGRESS])))
        return took

    monkeypatch.setattr(threads, "run", spy)
    model = Model([5, 16, 8, 1], n_threads=2).fit(X, y, epochs=1, batch_size=64)
    assert model.parameters.tobytes() == expected.parameters.tobytes()
    assert started[0][0] == 2
    assert started[0][1] < 200_000
    assert sum(rows for _, rows in started) == 200_000


def test_a_reading_thread_of_our_own_is_no_crowd():
    for share, expected in ((0.5, 2), (0.05, 1)):
        contention = Contention()
        for _ in range(3):
            contention.saw(contention.threads(2), SECONDS, 2 * SECONDS * share, BESIDE_READER)
        assert contention.threads(2) == expected
