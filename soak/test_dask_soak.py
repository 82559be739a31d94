"""Thirty exact fits over two worker processes, of which one is killed at a random moment of each."""

import os
import signal
import threading
import time
import warnings
from collections import Counter

import dask
import dask.array as da
import numpy as np
import pytest
from distributed import Client, KilledWorker, LocalCluster

import fastmlp.dask
from fastmlp import Model

FITS, TIMEOUT = 30, 60
n, p = 6000, 6
random = np.random.default_rng(0)
X = random.standard_normal((n, p))
y = (X[:, 0] * X[:, 1] + 0.3 * random.standard_normal(n) > 0).astype(int)
CLEAR = TimeoutError, KilledWorker, ConnectionError


def trained(client):
    model = Model([p, 16, 1], dtype="float64", seed=1)
    data = da.from_array(X, chunks=(1000, p)), da.from_array(y, chunks=1000)
    return fastmlp.dask.fit(model, *data, epochs=10, l2=0.01, client=client, timeout=TIMEOUT).parameters


def kill_later(cluster, seconds):
    """Kill one of the workers so many seconds from now; returns the thread that does it."""
    pids = [nanny.pid for nanny in cluster.workers.values() if nanny.pid]
    timer = threading.Timer(seconds, os.kill, [random.choice(pids), signal.SIGKILL])
    timer.start()
    return timer


@pytest.mark.filterwarnings("ignore")
def test_a_worker_is_killed_at_a_random_moment():
    settings = {
        # LocalCluster gives up the name of a worker that died twice within this time, though it came back between.
        "distributed.deploy.lost-worker-timeout": "1 hour", "distributed.worker.profile.enabled": False,
    }  # fmt: skip
    outcomes, slowest, killed_within = Counter(), 0.0, 0
    with (
        warnings.catch_warnings(),
        dask.config.set(settings),
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0", silence_logs=50) as cluster,
        Client(cluster, set_as_default=False) as client,
    ):
        warnings.simplefilter("ignore")
        expected = trained(client)
        begin = time.monotonic()
        trained(client)
        usual = time.monotonic() - begin
        for _ in range(FITS):
            client.wait_for_workers(2, timeout=TIMEOUT)
            killer, begin = kill_later(cluster, random.uniform(0, usual)), time.monotonic()
            try:
                theta = trained(client)
            except CLEAR as error:
                outcomes[type(error).__name__] += 1
            else:
                np.testing.assert_allclose(theta, expected, rtol=1e-9, atol=1e-12)
                outcomes["the undisturbed result"] += 1
            slowest = max(slowest, time.monotonic() - begin)
            killed_within += not killer.is_alive()
            killer.join()
    what = ", ".join(f"{count} × {name}" for name, count in outcomes.items())
    print(
        f"{FITS} fits of {usual:.1f} s, a worker killed in {killed_within} of them: {what}; the slowest took "
        f"{slowest:.1f} s"
    )
    assert killed_within > FITS / 2
    assert slowest < 2 * TIMEOUT
