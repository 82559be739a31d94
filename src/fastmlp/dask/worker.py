"""What the workers of a cluster run: pure functions over the rows of a partition."""

import threading
from typing import Any, NamedTuple

import numpy as np

from ..activations import resolve_all
from ..network import Network, Tally, aligned_zeros
from ..optimizers import Optimizer
from ..plan import Plan
from ..rows.array import ArrayRows, as_table
from ..rows.frame import Columns
from ..rows.labels import Labels, distinct
from ..rows.order import Order, Pass
from ..rows.streamed import StreamedRows
from ..rows.streams.stream import Block, Stream
from ..rows.targets import as_weights
from ..validation import sums

BLOCK_ROWS = 2**13  # that stay together when a worker shuffles its rows
_networks: dict[
    Any, list[Network]
] = {}  # idle ones by what they were made of, as buffers cost time at their first touch
_lock = threading.Lock()


class Net(NamedTuple):
    """What a net is made of, beside its parameters; `token` names it."""

    token: str
    widths: tuple[int, ...]
    activation: Any
    bias: bool
    dtype: str
    softmax: bool
    n_threads: int
    scaling: Any


class Rows(NamedTuple):
    """The rows of one partition: X (n, p), y and w as kernels read them, and the number of the first row."""

    X: np.ndarray
    y: np.ndarray
    w: np.ndarray | None
    first: int = 0


class Found(NamedTuple):
    """What one pass over a partition's labels tells."""

    rows: int
    columns: int
    classes: frozenset
    weight: float | None


class Sums(NamedTuple):
    """Σ loss, Σ w, their gradient (|θ|) or None, and rows: of a partition, or of several."""

    J: float
    weight: float
    gradient: np.ndarray | None
    rows: int


class Trained(NamedTuple):
    """What an epoch over a worker's rows left: θ, moments and t of the optimizer, Σ loss, Σ w and rows."""

    theta: np.ndarray
    moments: np.ndarray
    t: float
    J: float
    weight: float
    rows: int


def survey(X: Any, y: Any, w: Any) -> Found:
    """Rows, columns, classes and weight of a partition."""
    n = len(X)
    for name, values in (("y", y), ("sample_weight", w)):
        if values is not None and len(values) != n:
            raise ValueError(f"{name} has {len(values)} rows in a partition where X has {n}")
    weight = None if w is None else float(as_weights(np.asarray(w), n, some=False).sum())
    classes = frozenset(distinct(np.asarray(y), "y")) if n else frozenset()
    return Found(n, X.shape[1], classes, weight)


def rows(X: Any, y: Any, w: Any, dtype: str, labels: Labels, first: int) -> Rows:
    """A partition as kernels read it."""
    n = len(X)
    table = dense(X, np.dtype(dtype))
    weights = None if w is None else as_weights(np.asarray(w), n, some=False)
    return Rows(table, labels.encode(np.asarray(y), n), weights, first)


def dense(X: Any, dtype: np.dtype) -> np.ndarray:
    """Numbers in float32 or float64: arrays of these are taken as they are, all else is cast to dtype."""
    if hasattr(X, "columns"):
        columns = Columns(X)
        out = np.empty(columns.shape, dtype)
        for k, column in enumerate(columns.columns):
            out[:, k] = column
        return out
    table = as_table(X)
    return table if table.dtype in (np.float32, np.float64) else table.astype(dtype)


class Borrowed:
    """A network for one call, with these parameters; given back at the end."""

    def __init__(self, net: Net, theta: np.ndarray) -> None:
        self.net, self.theta = net, theta

    def __enter__(self) -> Network:
        with _lock:
            idle = _networks.setdefault(self.net.token, [])
            self.network = idle.pop() if idle else made(self.net)
        self.network.theta[:] = self.theta
        return self.network

    def __exit__(self, *error: Any) -> None:
        with _lock:
            if len(_networks) > 8:
                _networks.clear()
            _networks.setdefault(self.net.token, []).append(self.network)


def made(net: Net) -> Network:
    """A new network."""
    dtype = np.dtype(net.dtype)
    layers = resolve_all(net.activation, len(net.widths) - 2, dtype)
    plan = Plan(net.widths, layers, net.bias, dtype, net.softmax)
    return Network(plan, aligned_zeros(plan.n_parameters, dtype), net.n_threads)


def array_rows(net: Net, part: Rows) -> ArrayRows:
    return ArrayRows(
        part.X, part.y, part.w if part.w is None or part.w.any() else None,
        n_features=net.widths[0], dtype=np.dtype(net.dtype), scaling=net.scaling,
        outputs=net.widths[-1], softmax=net.softmax,
    )  # fmt: skip


def order_of(part: Rows, order: Pass) -> Order:
    """The rows of the partition that belong to the pass."""
    chosen = order.chosen(part.first, len(part.X))
    return Order(len(part.X)) if chosen is None else Order.of(np.flatnonzero(chosen))


def gradient(part: Rows, theta: np.ndarray, net: Net, order: Pass) -> Sums:
    """Loss and gradient over a partition's rows of a pass."""
    chosen = order_of(part, order)
    if chosen.size == 0 or (part.w is not None and not part.w.any()):
        return Sums(0.0, 0.0, np.zeros(theta.size), chosen.size)
    with Borrowed(net, theta) as network:
        tally, total = network.gradient(array_rows(net, part), chosen)
    return Sums(tally.J, tally.weight, total, chosen.size)


def score(part: Rows, theta: np.ndarray, net: Net, order: Pass) -> np.ndarray:
    """Σ loss, Σ right, Σ w over a partition's rows of a pass."""
    chosen = order_of(part, order)
    if chosen.size == 0 or (part.w is not None and not part.w.any()):
        return np.zeros(3)
    with Borrowed(net, theta) as network:
        return np.array(sums(network, array_rows(net, part), chosen, own=True))


def add(parts: list[Any]) -> Any:
    """Sums of several partitions, in their order."""
    if isinstance(parts[0], np.ndarray):
        return np.sum(parts, axis=0)
    first, *others = parts
    total = None if first.gradient is None else first.gradient.copy()
    J, weight, n = first.J, first.weight, first.rows
    for part in others:
        J, weight, n = J + part.J, weight + part.weight, n + part.rows
        if total is not None:
            total += part.gradient
    return Sums(J, weight, total, n)


class Parts(Stream):
    """The rows of a worker's partitions as a stream: blocks that lie in memory."""

    def __init__(self, parts: list[Rows]) -> None:
        self.cuts = [(k, a) for k, part in enumerate(parts) for a in range(0, len(part.X), BLOCK_ROWS)]
        self.parts, self.n_features = parts, parts[0].X.shape[1]
        self.block_rows = np.array([min(BLOCK_ROWS, len(parts[k].X) - a) for k, a in self.cuts], np.intp)

    def blocks(self, order: np.ndarray | None = None) -> Any:
        for number in range(len(self.cuts)) if order is None else order:
            k, a = self.cuts[number]
            part, rows = self.parts[k], slice(a, a + BLOCK_ROWS)
            w = None if part.w is None else part.w[rows]
            yield Block(part.X[rows], part.y[rows], w, part.first + a)


def epoch(
    parts: list[Rows], theta: np.ndarray, moments: np.ndarray, net: Net,
    optimizer: Optimizer, l2: float, batch_rows: int, order: Pass,
) -> Trained:  # fmt: skip
    """An epoch of steps over a worker's rows, from common parameters and moments on."""
    parts = [part for part in parts if len(part.X)]
    with Borrowed(net, theta) as network:
        tally, n = Tally(), 0
        optimizer.moments = np.array(moments)
        if parts:
            labels = Labels(net.widths[-1], net.softmax)
            streamed = StreamedRows(
                Parts(parts), n_features=net.widths[0], dtype=np.dtype(net.dtype), labels=labels, scaling=net.scaling
            )
            found = streamed.survey(order.fraction, order.seed)
            n = found.n_training
            if n and any(part.w is None or part.w.any() for part in parts):
                own = Pass(n, order.fraction, order.seed, key=order.key)
                network.train(streamed, own, batch_rows, optimizer, l2, None, tally)
        J = np.inf if tally.diverged else tally.J
        return Trained(network.theta.copy(), optimizer.moments, float(optimizer.t), J, tally.weight, n)
