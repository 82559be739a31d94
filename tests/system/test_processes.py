"""Fits and predictions in threads, in forked, spawned and served processes: each as if alone."""

import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from process_cases import CASES, fit_and_predict, rows, several

from fastmlp import Model
from fastmlp.network.contention import Contention

SCRIPT = Path(__file__).parents[1] / "process_cases.py"


@pytest.fixture(scope="module")
def expected():
    """Return the digest of a fit alone; the kernels are in the cache now."""
    return fit_and_predict()


@pytest.mark.parametrize("case", CASES)
def test_processes(case, expected):
    done = subprocess.run([sys.executable, SCRIPT, case], capture_output=True, text=True, timeout=200)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    found = done.stdout.split()
    assert len(found) > 2
    assert len(set(found)) == 1
    assert case == "fork_during_a_compilation" or found[0] == expected


def test_eight_threads_fit_at_once_each_as_if_alone():
    """Nets of their own, of one shape and of several, so that one that took another's buffers would show."""
    X, y = rows()

    def fit(seed):
        model = Model([20, 8 + 8 * (seed % 2), 1], "tanh", dtype=("float32", "float64")[seed // 4], seed=seed)
        return model.fit(X[:500], y[:500], epochs=2, batch_size=100).parameters.tobytes()

    alone, different, lock = [fit(seed) for seed in range(8)], [], threading.Lock()
    numbers = iter(range(8))

    def fit_again_and_again():
        with lock:
            seed = next(numbers)
        different.extend(i for i in range(20) if fit(seed) != alone[seed])

    several(fit_again_and_again, 8)
    assert different == []
    assert len(set(alone)) == 8


def test_eight_threads_predict_by_one_model():
    X, y = rows()
    model = Model([20, 64, 1]).fit(X, y, epochs=1)
    parts = [X[: 8000 - 700 * i] for i in range(3)]
    expected = [model.predict_proba(part) for part in parts]

    def predict():
        for _ in range(10):
            for part, before in zip(parts, expected):
                np.testing.assert_array_equal(model.predict_proba(part), before)

    several(predict, 8)


def test_a_thread_that_cannot_start_leaves_the_model_as_it_was(monkeypatch):
    """As where the system allows no more threads."""
    X, y = rows()
    model = Model([20, 64, 1], "relu", n_threads=2).fit(X, y, epochs=1, batch_size=500)
    before, start = model.parameters.copy(), threading.Thread.start

    def refuse(thread):
        if thread.name == "fastmlp-1":
            raise RuntimeError("can't start new thread")
        start(thread)

    with monkeypatch.context() as context:
        context.setattr(threading.Thread, "start", refuse)
        context.setattr(Contention, "threads", lambda contention, most: most)  # also on a busy machine
        with pytest.raises(RuntimeError, match="can't start new thread"):
            model.fit(X, y, epochs=1, batch_size=500)
    np.testing.assert_array_equal(model.parameters, before)
    fresh = Model([20, 64, 1], "relu", n_threads=1).fit(X, y, epochs=1, batch_size=500)
    np.testing.assert_array_equal(before, fresh.parameters)
    model.fit(X, y, epochs=1, batch_size=500)
    fresh.fit(X, y, epochs=1, batch_size=500)
    np.testing.assert_array_equal(model.parameters, fresh.parameters)
