"""A Dask cluster of one worker with two threads, inside of this process."""

from contextlib import contextmanager

from distributed import Client, LocalCluster


@contextmanager
def one_worker(**settings):
    """Yield a client of such a cluster; settings: the client's."""
    with (
        LocalCluster(n_workers=1, threads_per_worker=2, processes=False, dashboard_address=":0") as cluster,
        Client(cluster, **settings) as client,
    ):
        yield client
