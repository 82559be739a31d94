"""The network that a task computes with, on threads of its worker that no other task uses."""

import contextlib
import threading
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from distributed import get_worker

from ..activations import resolve_all
from ..features import Features
from ..losses import Loss
from ..network.network import Network
from ..network.plan import Plan
from ..network.workspace import aligned_zeros
from ..precision import on_this_cpu
from ..system.machine import available_cores
from .dask_private import threads_of

MOST_NETS = 4  # of which a process keeps idle networks
_idle: dict[str, list[Network]] = {}  # by the net's token: a new network costs 0.5 ms, a quarter of a small task
_running: dict[str, int] = {}  # threads that tasks compute with, by worker: a process may hold several
_freed = threading.Condition()


class NetSpec(NamedTuple):
    """What a net is made of, beside its parameters.

    Attributes
    ----------
    token : names the net
    dtype, mixed : as of `Plan`
    n_threads : that a task over one of many partitions takes
    """

    token: str
    widths: tuple[int, ...]
    activation: Any
    bias: bool
    dtype: str
    mixed: bool
    loss: Loss
    n_threads: int
    scaling: Any
    features: Features | None

    @property
    def n_columns(self) -> int:
        """Numbers of a row."""
        return self.widths[0] if self.features is None else self.features.n_columns


@contextlib.contextmanager
def task_network(net: NetSpec, theta: np.ndarray, most: int | None = None) -> Iterator[Network]:
    """Lend a network with these parameters to one task, on `most` threads at most (None: all of the worker)."""
    with threads(most) as n:
        with _freed:
            idle = _idle.get(net.token)
            network = idle.pop() if idle else None
        network = network or new_network(net)
        network.n_threads = n
        network.theta[:] = theta
        yield network
        with _freed:
            _idle[net.token] = [*_idle.pop(net.token, []), network]
            while len(_idle) > MOST_NETS:
                del _idle[next(iter(_idle))]


@contextlib.contextmanager
def threads(most: int | None) -> Iterator[int]:
    """Lend a number of threads; wait for the end of another task where the worker has none left."""
    name, total = this_worker()
    with _freed:
        _freed.wait_for(lambda: _running.get(name, 0) < total)
        n = min(most or total, total - _running.get(name, 0))
        _running[name] = _running.get(name, 0) + n
    try:
        yield n
    finally:
        with _freed:
            _running[name] -= n
            _freed.notify_all()


def this_worker() -> tuple[str, int]:
    """Return the address and the threads of the worker that runs this task."""
    try:
        worker = get_worker()
    except ValueError:  # the task is called outside of a cluster
        return "none", available_cores()
    return str(worker.address), max(1, min(threads_of(worker), available_cores()))


def functions(plan: Plan) -> list[Any]:
    """Return what distinguishes activations, for tokens: of own functions, code and values, not the objects."""
    return [(g.name, g.number, g.own and g.own.key) for g in plan.activations]


def new_network(net: NetSpec) -> Network:
    """Make a network, with parameters that are all 0."""
    dtype = np.dtype(net.dtype)
    layers = resolve_all(net.activation, len(net.widths) - 2, dtype)
    plan = Plan(net.widths, layers, net.bias, dtype, net.loss, features=net.features, mixed=net.mixed)
    return Network(on_this_cpu(plan), aligned_zeros(plan.n_parameters, dtype), net.n_threads)
