"""Tasks on a cluster; every wait has a timeout, and sums are added along a tree."""

import asyncio
import concurrent.futures
import uuid
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np
from distributed import Client, default_client

from ..arguments import checked_float
from ..system.interrupts import allowed
from . import worker
from .dask_private import threads_of_workers

ARITY = 8  # of the tree along which sums are added
SENT_BYTES = 2**22  # of an array, to the scheduler at a time; Dask warns of more than 10 MB
LOST = "the cluster or its client was closed or restarted, or rows kept there were lost; load the data and fit again"


class Cluster:
    """A client's cluster, as a context for one fit, which leaves nothing on the cluster.

    Parameters
    ----------
    client : distributed.Client; None: the default one
    timeout : seconds that a wait may take

    Raises
    ------
    ValueError : there is no client, or it is closed
    TimeoutError : the cluster did not answer in time, for example because no worker is left
    ConnectionError : the cluster was closed or restarted during the fit
    """

    def __init__(self, client: Client | None, timeout: float) -> None:
        self.timeout, self.name, self.count = checked_float("timeout", timeout, 0), uuid.uuid4().hex[:12], 0
        if self.timeout == 0:
            raise ValueError("timeout=0: must be greater than 0, in seconds")
        try:
            self._client = client or default_client()
        except ValueError:
            raise ValueError("client=None, but there is no default client; make a distributed.Client") from None
        if self._client.status != "running":
            raise ValueError(f"the client is {self._client.status}; connect a new distributed.Client")
        self.futures: weakref.WeakSet[Any] = weakref.WeakSet()
        try:
            self.client.wait_for_workers(1, timeout=self.timeout)
        except TimeoutError:
            raise TimeoutError(
                f"the cluster has 0 workers after timeout={self.timeout:g} seconds; start one, or raise timeout"
            ) from None

    def __enter__(self) -> "Cluster":
        return self

    def __exit__(self, *error: Any) -> None:
        """Release all futures, also those that the traceback of an error keeps, and cancel tasks that wait."""
        for future in list(self.futures):
            future.release()

    def kept(self, futures: list[Any]) -> list[Any]:
        """Return the same futures, which are released when this context ends."""
        self.futures.update(futures)
        return futures

    def named(self, what: str) -> str:
        """Return a new key for tasks; the dashboard shows what stands before its first number."""
        self.count += 1
        return f"fastmlp-{what}-{self.name}-{self.count}"

    @property
    def client(self) -> Client:
        """The client; ConnectionError if it was closed."""
        if self._client.status in ("closing", "closed"):
            raise ConnectionError(LOST)
        return self._client

    @property
    def threads(self) -> dict[str, int]:
        """Threads of each worker, by address."""
        with allowed():
            return threads_of_workers(self.client, self.timeout)

    def map(self, what: str, function: Callable[..., Any], *lists: list[Any], **common: Any) -> list[Any]:
        """Return the futures of function(list₁[i], list₂[i], …, **common), one for each i."""
        name = self.named(what)
        keys = [f"{name}-{i}" for i in range(len(lists[0]))]
        return self.kept(list(self.client.map(function, *lists, key=keys, pure=True, **common)))

    def submit(self, what: str, function: Callable[..., Any], *arguments: Any, workers: Any = None) -> Any:
        """Return the future of function(*arguments), run by one of these workers if they are alive."""
        future = self.client.submit(
            function, *arguments, key=self.named(what), pure=True, workers=workers,
            allow_other_workers=workers is not None,
        )  # fmt: skip
        return self.kept([future])[0]

    def compute(self, collections: list[Any]) -> list[Any]:
        """Return the futures of Dask's delayed values."""
        return self.kept(list(self.client.compute(collections)))

    def shared(self, array: np.ndarray) -> Any:
        """Return an array as an argument for tasks: sent once, and computed again if a worker is lost."""
        sections = np.array_split(array.copy(), -(-array.nbytes // SENT_BYTES) or 1)
        futures = [self.submit("parameters", np.copy, section) for section in sections]
        return futures[0] if len(futures) == 1 else self.submit("parameters", np.concatenate, futures)

    def total(self, futures: list[Any]) -> Any:
        """Return the sum of the results, along a tree that depends on their order, not on where they lie."""
        level = 0
        while len(futures) > 1:
            groups, level = [futures[i : i + ARITY] for i in range(0, len(futures), ARITY)], level + 1
            # Higher levels first: few gradients lie in memory at a time.
            futures = self.map("sum", worker.add, groups, priority=level)
        return self.result(futures[0])

    def all(self, futures: list[Any]) -> list[Any]:
        """Return all results in their order; for small ones.

        Of several partitions that cannot be used, the first is told, whichever task ends first.
        """
        try:
            return list(self.result(self.submit("gather", list, futures)))
        except (ValueError, TypeError):
            for future in futures:
                self.result(future)
            raise

    def result(self, future: Any) -> Any:
        """Return a result, or raise what its task raised; Ctrl-C ends the wait at once, as nothing changes in it."""
        try:
            with allowed():
                return future.result(timeout=self.timeout)
        except TimeoutError:
            raise TimeoutError(
                f"no answer from the cluster within timeout={self.timeout:g} seconds; it has {self.alive()} workers"
            ) from None
        except (asyncio.CancelledError, concurrent.futures.CancelledError) as error:
            raise ConnectionError(f"{LOST} ({error})") from None

    def alive(self) -> str:
        """Return the number of workers as text, or "unreachable" if the scheduler does not answer within 5 s."""
        try:
            return str(len(threads_of_workers(self.client, 5)))
        except (OSError, TimeoutError):
            return "unreachable"
