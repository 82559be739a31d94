"""Names of Dask that are not part of its public interface, each with its use, and the public way where there is one."""

import os
from typing import Any


def threads_of_workers(client: Any, timeout: float) -> dict[str, int]:
    """Threads of each worker by its address; TimeoutError if the scheduler does not answer in time.

    The public `Client.nthreads` waits without an end for a scheduler that is gone.
    """
    ncores = getattr(client.scheduler, "ncores", None)
    if ncores is None:
        return dict(client.nthreads())
    return dict(client.sync(ncores, callback_timeout=timeout))


def threads_of(worker: Any) -> int:
    """Threads of the worker that runs the present task; no public name of it is the same in all versions."""
    state = getattr(worker, "state", None)
    return int(getattr(state, "nthreads", None) or os.cpu_count() or 1)
