"""A fit on a machine whose cores are all taken by four processes that spin.

Of c cores, a fit of t threads beside 4 others that never sleep has, if cores are shared evenly among all that want to
run, t / (t + 4) of them: its share explains a time of max(1, (t + 4) / c) times that of a quiet machine (3 for two
threads on two cores). The rest is what barriers cost where a thread waits for one that has no core: at most MOST.
"""

import os
import statistics
import subprocess
import sys
import time

import numpy as np
import pytest

from fastmlp import Model, rows
from fastmlp.network import threads

BUSY, ROUNDS, MOST = 4, 3, 2.5
CORES = len(os.sched_getaffinity(0))
SPIN = "print('spins', flush=True)\nwhile True: pass"
SECONDS = 2.0  # of the fit on a quiet machine, about


CASES = [
    *((hidden, batch_size, False) for batch_size in (32, 256, None) for hidden in ((64, 64), (256, 256))),
    ((64, 64), 256, True),
]


def busy_processes():
    """Start processes that spin, and wait until they do."""
    processes = [subprocess.Popen([sys.executable, "-c", SPIN], stdout=subprocess.PIPE) for _ in range(BUSY)]
    for process in processes:
        process.stdout.readline()
    return processes


def end(processes):
    for process in processes:
        process.kill()
        process.wait()
        process.stdout.close()


@pytest.mark.parametrize(("hidden", "batch_size", "streamed"), CASES)
def test_a_fit_beside_four_busy_processes(hidden, batch_size, streamed, monkeypatch):
    random = np.random.default_rng(0)
    X = random.standard_normal((40_000, 28), np.float32)
    y = X[:, 0] * X[:, 1] > 0
    data = (rows.Array(X, y),) if streamed else (X, y)
    started, run = [], threads.run
    monkeypatch.setattr(threads, "run", lambda *call: started.append(call[2]) or run(*call))

    def seconds(epochs):
        model = Model([28, *hidden, 1], seed=0)
        begin = time.perf_counter()
        model.fit(*data, epochs=epochs, batch_size=batch_size)
        return time.perf_counter() - begin

    epochs = max(1, round(SECONDS / min(seconds(1) for _ in range(4))))
    n_threads = max(started)
    alone, busy = [], []
    for _ in range(ROUNDS):
        alone.append(seconds(epochs))
        processes = busy_processes()
        try:
            busy.append(seconds(epochs))
        finally:
            end(processes)
    t_alone, t_busy = statistics.median(alone), statistics.median(busy)
    explained = t_alone * max(1, (n_threads + BUSY) / CORES)
    print(
        f"28-{'-'.join(map(str, hidden))}-1, batches of {batch_size or 'all rows'}"
        f"{' of a stream' if streamed else ''}, {n_threads} threads: "
        f"{t_alone:.2f} s alone, {t_busy:.2f} s beside {BUSY} busy processes on {CORES} cores, of which its share "
        f"explains {explained:.2f} s: {t_busy / explained:.2f} times that"
    )
    assert t_busy <= MOST * explained
