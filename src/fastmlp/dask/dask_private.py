"""Names of Dask that are not public, each with the reason for its use."""

import os
from collections.abc import Callable
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


def cancelled() -> Callable[[], bool]:
    """Return a function that tells whether the task of this thread is wanted no longer.

    Tasks have no public way to learn it, and a worker lets those that run go on to their end.
    """
    from distributed import get_worker

    try:
        worker = get_worker()
        key, tasks = worker.get_current_task(), worker.state.tasks
    except (ValueError, AttributeError):  # no worker, or one of another version
        return lambda: False

    def is_cancelled() -> bool:
        return getattr(tasks.get(key), "state", "cancelled") == "cancelled"

    return is_cancelled
