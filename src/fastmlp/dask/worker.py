"""Tasks of workers: pure functions over the rows of a partition."""

import copy
from collections.abc import Generator
from typing import Any, NamedTuple

import numpy as np

from ..losses import Loss
from ..messages import few
from ..network.call import Tally
from ..optimizers import Optimizer
from ..precision import check_trains
from ..rows.array import ArrayRows, as_table
from ..rows.columns import put_columns
from ..rows.frame import FrameColumns
from ..rows.given_labels import distinct
from ..rows.labels import MOST_CLASSES, Labels, Target, TargetNumbers
from ..rows.moments import Moments
from ..rows.offers import is_sparse, offers
from ..rows.order import Order, Pass
from ..rows.streamed import StreamedRows
from ..rows.streams.stream import Block, Stream, equal_blocks
from ..rows.targets import as_weights, refuse_masked
from ..rows.window import Window, not_finite
from ..training.figures import Figures
from ..training.validation import figures
from ..typing import Scaling
from .task_network import NetSpec, task_network

BLOCK_ROWS = 2**13  # consecutive rows that stay together when a worker shuffles its partitions


RawPartition = tuple[Any, Any, Any]  # X, y and weights, as Dask has them


class Partition(NamedTuple):
    """Rows of one partition as kernels read them.

    Attributes
    ----------
    X, y, w : (n, p), (n) or (n, K), and (n) or None
    first_row : the number of the first row in the whole table
    """

    X: np.ndarray
    y: np.ndarray
    w: np.ndarray | None
    first_row: int = 0

    @property
    def has_weight(self) -> bool:
        """Whether any row has a weight above 0."""
        return len(self.X) > 0 and (self.w is None or bool(self.w.any()))


class Summary(NamedTuple):
    """Rows, columns of X and of y, classes, and sum of weights of a partition."""

    rows: int
    columns: int
    targets: int
    classes: frozenset
    weight: float | None


class GradientSum(NamedTuple):
    """Σ loss, Σ w, the gradient of Σ loss (|θ|), and the number of rows, of one partition or of several."""

    J: float
    weight: float
    gradient: np.ndarray
    rows: int


class EpochSum(NamedTuple):
    """Sums over epochs of workers: those of `Tally`, and Σ rows × (θ, moments, t of the optimizer)."""

    J: float
    weight: float
    objective: float
    objective_rows: float
    rows: int
    theta: np.ndarray
    moments: np.ndarray
    t: float


def target_of(
    loss: Loss, outputs: int, dtype: Any, classes: list[Any] | None = None, scaling: Scaling | None = None
) -> Target:
    """Return what turns y into what kernels read; without classes or scaling, y of a partition that is converted."""
    if loss.numeric:
        return TargetNumbers(outputs, loss, np.dtype(dtype), scaling)
    return Labels(outputs, loss, classes)


def summary(raw: RawPartition, numeric: bool) -> Summary:
    """Return the summary of a partition; raise where y or weights do not fit X, or are missing.

    numeric : y holds numbers, which `moments` and `convert` check
    """
    X, y, w = raw
    if is_sparse(X) or np.ndim(X) != 2:
        raise TypeError(f"X: a partition is a {type(X).__name__}; it must be a dense table, rows × features")
    n = len(X)
    for name, values in (("y", y), ("sample_weight", w)):
        if values is not None and len(values) != n:
            raise ValueError(f"{name} has {len(values)} rows in a partition where X has {n}")
        refuse_masked(name, values)
    weight = None if w is None else float(as_weights(np.asarray(w), n, some=False).sum())
    targets = np.shape(y)[1] if np.ndim(y) == 2 else 1
    return Summary(n, X.shape[1], targets, frozenset(() if numeric else classes_of(y, n)), weight)


def classes_of(y: Any, n: int) -> set:
    """Return the distinct values in y of n rows; raise where some are missing, or they are too many for classes."""
    if offers(y, "isna") and np.any(y.isna()):
        raise ValueError("y has missing values; drop these rows")
    classes = distinct(np.asarray(y), "y") if n else set()
    if len(classes) > MOST_CLASSES:
        raise ValueError(f"y has more than {MOST_CLASSES} values ({few(sorted(classes))}): no classes")
    return classes


def moments(raw: RawPartition, first_row: int, target: TargetNumbers, order: Pass) -> Moments:
    """Return the moments of the targets that belong to the pass; raise where one cannot be used, and name its row."""
    _, y, w = raw
    n, found = len(y), Moments()
    Y = target.encode(np.asarray(y), n, first_row)
    weights = None if w is None else as_weights(np.asarray(w), n, some=False).astype(np.float64)
    chosen = order.chosen(first_row, n)
    if chosen is not None:
        Y, weights = Y[chosen], None if weights is None else weights[chosen]
    if len(Y):
        found.add(Y, weights)
    return found


def convert(raw: RawPartition, first_row: int, dtype: str, target: Target, with_missing: bool) -> Partition:
    """Return a partition as kernels read it; with_missing: X may contain NaN."""
    X, y, w = raw
    n = len(X)
    table = dense(X, np.dtype(dtype))
    check_finite(table, np.dtype(dtype), first_row, with_missing)
    weights = None if w is None else as_weights(np.asarray(w), n, some=False)
    return Partition(table, target.encode(np.asarray(y), n, first_row), weights, first_row)


def dense(X: Any, dtype: np.dtype) -> np.ndarray:
    """Return X as an array: of float32 or float64 as it is, all else cast to dtype."""
    if hasattr(X, "columns"):
        columns = FrameColumns(X)
        out = np.empty(columns.shape, dtype)
        put_columns(columns.columns, out)
        return out
    table = as_table(X)
    return table if table.dtype in (np.float32, np.float64) else table.astype(dtype)


def check_finite(X: np.ndarray, dtype: np.dtype, first_row: int, with_missing: bool) -> None:
    """Raise RowError for a number that is not finite in the dtype of the net; it names the row in the whole table."""
    for start in range(0, len(X), BLOCK_ROWS):
        block = X[start : start + BLOCK_ROWS]
        good = (np.abs(block) <= np.finfo(dtype).max) | (with_missing & np.isnan(block))
        if not good.all():
            row, column = np.argwhere(~good)[0].tolist()
            raise not_finite(block[row, column], f"in row {first_row + start + row}, column {column}", dtype)


def subset(partition: Partition, start: int = 0, stride: int = 1, *, order: Pass) -> Partition:
    """Return rows [start::stride] of those that belong to the pass, copied: the others need not stay in memory."""
    belong = order_of(partition, order)
    chosen = belong.rows(0, belong.size)[start::stride]
    if len(chosen) == len(partition.X):
        return partition
    return Partition(partition.X[chosen], partition.y[chosen], None if partition.w is None else partition.w[chosen])


def array_rows(net: NetSpec, partition: Partition) -> ArrayRows:
    """Return the rows of a partition, ready for kernels."""
    return ArrayRows(
        partition.X, partition.y, partition.w, n_features=net.n_columns, dtype=np.dtype(net.dtype), scaling=net.scaling,
        outputs=net.widths[-1], loss=net.loss, with_missing=net.features is not None,
    )  # fmt: skip


def order_of(partition: Partition, order: Pass) -> Order:
    """Return the order of the partition's rows that belong to the pass."""
    n = len(partition.X)
    chosen = order.chosen(partition.first_row, n)
    return Order(n) if chosen is None else Order.of(np.flatnonzero(chosen))


def gradient(partition: Partition, theta: np.ndarray, net: NetSpec, order: Pass) -> GradientSum:
    """Return loss and gradient over the partition's rows that belong to the pass."""
    check_trains(net.mixed)
    chosen = order_of(partition, order)
    if chosen.size == 0 or not partition.has_weight:
        return GradientSum(0.0, 0.0, np.zeros(theta.size), chosen.size)
    with task_network(net, theta, net.n_threads) as network:
        tally, total = network.gradient(array_rows(net, partition), chosen)
    return GradientSum(tally.J, tally.weight, total, chosen.size)


def score(partition: Partition, theta: np.ndarray, net: NetSpec, order: Pass) -> Figures:
    """Return figures over the partition's rows that belong to the pass."""
    chosen = order_of(partition, order)
    if chosen.size == 0 or not partition.has_weight:
        return Figures()
    with task_network(net, theta, net.n_threads) as network:
        return figures(network, array_rows(net, partition), chosen, own=True)


def add(terms: list[Any]) -> Any:
    """Return the sum, in their order, of arrays, or of tuples of numbers and arrays."""
    if isinstance(terms[0], tuple):
        return type(terms[0])(*(add(list(values)) for values in zip(*terms, strict=True)))
    total = copy.copy(terms[0])
    for term in terms[1:]:
        total += term
    return total


class PartitionStream(Stream):
    """Rows of several partitions as a stream."""

    def __init__(self, partitions: list[Partition]) -> None:
        self.cuts = [(each, first) for each in partitions for first in range(0, len(each.X), BLOCK_ROWS)]
        self.n_features = partitions[0].X.shape[1]
        self.block_rows = np.concatenate([equal_blocks(len(each.X), BLOCK_ROWS) for each in partitions])

    def blocks(self, order: np.ndarray | None = None) -> Any:
        for number in range(len(self.cuts)) if order is None else order:
            partition, first = self.cuts[number]
            X, y, w = (None if a is None else a[first : first + BLOCK_ROWS] for a in partition[:3])
            yield Block(X, y, w)


class UnthreadedRows(StreamedRows):
    """Rows of a stream whose windows are filled between calls of kernels: a worker has no thread to read ahead."""

    def windows(self, order: Pass, batch_rows: int) -> Generator[Window, None, None]:
        buffer = self._idle.pop() if self._idle else self.buffer()
        yield from self.filled(order, batch_rows, [buffer, buffer], lambda: False)
        self._idle.append(buffer)


def epoch(
    share: list[Partition], theta: np.ndarray, moments: np.ndarray, net: NetSpec,
    optimizer: Optimizer, l2: float, batch_rows: int, key: tuple[int, int] | None,
) -> EpochSum:  # fmt: skip
    """Make an epoch of steps over a worker's share of the rows, from common parameters and moments; key as in Pass."""
    check_trains(net.mixed)
    optimizer = copy.copy(optimizer)  # the task may run again, with the same arguments
    optimizer.moments = np.array(moments)
    partitions, tally = [each for each in share if each.has_weight], Tally()
    n = sum(len(each.X) for each in partitions)
    with task_network(net, theta) as network:
        if partitions:
            target = target_of(net.loss, net.widths[-1], net.dtype)
            rows = UnthreadedRows(
                PartitionStream(partitions), n_features=net.n_columns, dtype=np.dtype(net.dtype), labels=target,
                scaling=net.scaling, with_missing=net.features is not None,
            )  # fmt: skip
            rows.survey()
            network.train(rows, Pass(n, key=key), batch_rows, optimizer, l2, None, tally)
        J = np.inf if tally.diverged else tally.J
        theta, moments = (n * a.astype(np.float64) for a in (network.theta, optimizer.moments))
    t = n * float(optimizer.t)
    return EpochSum(J, tally.weight, tally.objective, tally.objective_rows, n, theta, moments, t)
