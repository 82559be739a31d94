"""Names of Dask that are not public, each with the reason for its use."""

import os
from typing import Any


def threads_of_workers(client: Any, timeout: float) -> dict[str, int]:
    """Return the threads of each worker by its address; TimeoutError if the scheduler does not answer in time.

    The public `Client.nthreads` waits forever for a scheduler that is gone.
    """
    ncores = getattr(client.scheduler, "ncores", None)
    if ncores is None:
        return dict(client.nthreads())
    return dict(client.sync(ncores, callback_timeout=timeout))


def threads_of(worker: Any) -> int:
    """Return the threads of the worker that runs the present task; their public name differs between versions."""
    state = getattr(worker, "state", None)
    return int(getattr(state, "nthreads", None) or os.cpu_count() or 1)
