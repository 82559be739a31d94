"""Tasks on a cluster, each wait with an end; sums along a tree."""

import asyncio
import concurrent.futures
import uuid
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np
from distributed import Client, default_client

from ..arguments import checked_float
from . import worker
from .dask_private import threads_of_workers

ARITY = 8  # of the tree along which sums are added, always over the same neighbours
PIECE_BYTES = 2**22  # of an array, that go to the scheduler at a time; Dask warns of more than 10 MB
LOST = "the cluster or its client was closed or restarted, or rows kept there were lost; make these anew and fit again"


class Cluster:
    """A client's cluster, for one fit: a context, which leaves nothing on the cluster.

    Parameters
    ----------
    client : distributed.Client, or None: the default one
    timeout : seconds that any wait may take

    Raises
    ------
    ValueError : there is no client, or it is closed
    TimeoutError : no answer in time, as when no worker is left
    ConnectionError : the cluster was closed or restarted meanwhile
    """

    def __init__(self, client: Client | None, timeout: float) -> None:
        self.timeout, self.name, self.count = checked_float("timeout", timeout, 0), uuid.uuid4().hex[:12], 0
        if self.timeout == 0:
            raise ValueError("timeout=0: must be greater than 0, in seconds")
        try:
            self._client = client or default_client()
        except ValueError:
            raise ValueError("client: there is none; make a distributed.Client first, or give client=") from None
        if self._client.status != "running":
            raise ValueError(f"client: it is {self._client.status}; connect a new distributed.Client")
        self.futures: weakref.WeakSet[Any] = weakref.WeakSet()
        self.client.wait_for_workers(1, timeout=self.timeout)

    def __enter__(self) -> "Cluster":
        return self

    def __exit__(self, *error: Any) -> None:
        """Release all futures, also those that the traceback of an error keeps: tasks not yet begun go with them."""
        for future in list(self.futures):
            future.release()

    def kept(self, futures: list[Any]) -> list[Any]:
        """The same futures, which end with this context."""
        self.futures.update(futures)
        return futures

    def named(self, what: str) -> str:
        """A new key for tasks; the part before the number is what the dashboard shows."""
        self.count += 1
        return f"fastmlp-{what}-{self.name}-{self.count}"

    @property
    def client(self) -> Client:
        """The client, as long as it is open."""
        if self._client.status in ("closing", "closed"):
            raise ConnectionError(LOST)
        return self._client

    @property
    def threads(self) -> dict[str, int]:
        """Threads of each worker."""
        return threads_of_workers(self.client, self.timeout)

    def map(self, what: str, function: Callable[..., Any], *lists: list[Any], **common: Any) -> list[Any]:
        """Futures of function(list₁[i], list₂[i], …, **common), for each i."""
        name = self.named(what)
        keys = [f"{name}-{i}" for i in range(len(lists[0]))]
        return self.kept(list(self.client.map(function, *lists, key=keys, pure=True, **common)))

    def submit(self, what: str, function: Callable[..., Any], *arguments: Any, workers: Any = None) -> Any:
        """The future of function(*arguments), on one of these workers if they live."""
        future = self.client.submit(
            function, *arguments, key=self.named(what), pure=True, workers=workers,
            allow_other_workers=workers is not None,
        )  # fmt: skip
        return self.kept([future])[0]

    def compute(self, collections: list[Any]) -> list[Any]:
        """Futures of Dask's delayed values."""
        return self.kept(list(self.client.compute(collections)))

    def shared(self, array: np.ndarray) -> Any:
        """An array that tasks take as an argument: sent once, and made again if a worker is lost."""
        pieces = np.array_split(array.copy(), -(-array.nbytes // PIECE_BYTES) or 1)
        if len(pieces) == 1:
            return self.submit("parameters", np.copy, pieces[0])
        return self.submit("parameters", np.concatenate, [self.submit("parameters", np.copy, a) for a in pieces])

    def total(self, futures: list[Any]) -> Any:
        """The sum of the results in their order, along a tree that does not depend on where they lie."""
        level = 0
        while len(futures) > 1:
            groups, level = [futures[i : i + ARITY] for i in range(0, len(futures), ARITY)], level + 1
            # Sums go before what is yet to be summed: few gradients lie in memory at a time.
            futures = self.map("sum", worker.add, groups, priority=level)
        return self.result(futures[0])

    def all(self, futures: list[Any]) -> list[Any]:
        """The results in their order; they are small."""
        return list(self.result(self.submit("gather", list, futures)))

    def result(self, future: Any) -> Any:
        """A result, or what its task raised."""
        try:
            return future.result(timeout=self.timeout)
        except TimeoutError:
            raise TimeoutError(
                f"no answer from the cluster within timeout={self.timeout:g} seconds; it has {self.alive()} workers"
            ) from None
        except (asyncio.CancelledError, concurrent.futures.CancelledError) as error:
            raise ConnectionError(f"{LOST} ({error})") from None

    def alive(self) -> str:
        """The number of workers, if the scheduler tells it soon."""
        try:
            return str(len(threads_of_workers(self.client, 5)))
        except (OSError, TimeoutError):
            return "unreachable"
