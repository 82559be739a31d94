"""Tasks on a cluster, each wait with an end; sums along a tree."""

import time
import uuid
from collections.abc import Callable
from typing import Any

import numpy as np
from distributed import Client, default_client, wait

from . import worker

ARITY = 8  # of the tree along which sums are added, always over the same neighbours


class Cluster:
    """A client's cluster, for one fit.

    Parameters
    ----------
    client : distributed.Client, or None: the default one
    timeout : seconds that any wait may take

    Raises
    ------
    ValueError : there is no client, or it is closed
    TimeoutError : no answer in time, as when no worker is left
    """

    def __init__(self, client: Client | None, timeout: float) -> None:
        self.client = client or default_client()
        if self.client.status != "running":
            raise ValueError(f"client: it is {self.client.status}; connect a new distributed.Client")
        self.timeout, self.name = timeout, uuid.uuid4().hex[:12]
        self.client.wait_for_workers(1, timeout=timeout)
        self.count = 0

    @property
    def threads(self) -> dict[str, int]:
        """Threads of each worker."""
        return dict(self.client.nthreads())

    def map(self, what: str, function: Callable[..., Any], *lists: list[Any], **common: Any) -> list[Any]:
        """Futures of function(list₁[i], list₂[i], …, **common), for each i."""
        self.count += 1
        keys = [f"fastmlp-{what}-{self.name}-{self.count}-{i}" for i in range(len(lists[0]))]
        return list(self.client.map(function, *lists, key=keys, pure=True, **common))

    def submit(self, what: str, function: Callable[..., Any], *arguments: Any, workers: Any = None) -> Any:
        """The future of function(*arguments), on one of these workers if they live."""
        self.count += 1
        key = f"fastmlp-{what}-{self.name}-{self.count}"
        return self.client.submit(
            function, *arguments, key=key, pure=True, workers=workers, allow_other_workers=workers is not None
        )

    def shared(self, array: np.ndarray) -> Any:
        """An array that tasks take as an argument: sent once, and made again if a worker is lost."""
        return self.submit("parameters", np.copy, array)

    def total(self, futures: list[Any]) -> Any:
        """The sum of the results in their order, along a tree that does not depend on where they lie."""
        while len(futures) > 1:
            groups = [futures[first : first + ARITY] for first in range(0, len(futures), ARITY)]
            futures = self.map("sum", worker.add, groups)
        return self.result(futures[0])

    def all(self, futures: list[Any]) -> list[Any]:
        """The results in their order."""
        return list(self.result(self.submit("gather", list, futures)))

    def result(self, future: Any) -> Any:
        """A result, or what its task raised."""
        begin = time.monotonic()
        try:
            wait([future], timeout=self.timeout)
            return future.result(timeout=max(1.0, self.timeout - (time.monotonic() - begin)))
        except TimeoutError:
            future.cancel()
            raise TimeoutError(
                f"no answer from the cluster within timeout={self.timeout:g} seconds; "
                f"it has {len(self.client.nthreads())} workers"
            ) from None

    def where(self, futures: list[Any]) -> list[list[int]]:
        """The numbers of the futures that lie on each worker, a list for each worker, in order."""
        places = self.client.who_has(futures)
        groups: dict[str, list[int]] = {}
        for i, future in enumerate(futures):
            found = sorted(places.get(future.key, ())) or ["nowhere"]
            groups.setdefault(found[0], []).append(i)
        return sorted(groups.values())
