"""What the workers of a cluster run: pure functions over the rows of a partition."""

import copy
from collections.abc import Generator
from typing import Any, NamedTuple

import numpy as np

from ..messages import few
from ..model import Model
from ..network.call import Tally
from ..optimizers import Optimizer
from ..rows.array import ArrayRows, as_table
from ..rows.columns import put_columns
from ..rows.frame import FrameColumns
from ..rows.labels import MOST_CLASSES, Labels, distinct
from ..rows.order import Order, Pass
from ..rows.streamed import StreamedRows
from ..rows.streams.stream import Block, Stream, equal_blocks
from ..rows.targets import as_weights
from ..rows.window import Window, not_finite
from ..training.validation import sums
from .borrow import Net, borrowed

BLOCK_ROWS = 2**13  # that stay together when a worker shuffles its rows


class Rows(NamedTuple):
    """The rows of one partition: X (n, p), y and w as kernels read them, and the number of the first row."""

    X: np.ndarray
    y: np.ndarray
    w: np.ndarray | None
    first: int = 0

    @property
    def has_weight(self) -> bool:
        """Does any row count?"""
        return len(self.X) > 0 and (self.w is None or bool(self.w.any()))


class Found(NamedTuple):
    """What one pass over a partition's labels tells."""

    rows: int
    columns: int
    classes: frozenset
    weight: float | None


class Sums(NamedTuple):
    """Σ loss, Σ w, their gradient (|θ|), and rows: of a partition, or of several."""

    J: float
    weight: float
    gradient: np.ndarray
    rows: int


class Trained(NamedTuple):
    """What epochs of workers left: sums as in Tally, and Σ rows × (θ, moments, t of the optimizer)."""

    J: float
    weight: float
    objective: float
    objective_rows: float
    rows: int
    theta: np.ndarray
    moments: np.ndarray
    t: float


def survey(X: Any, y: Any, w: Any) -> Found:
    """Rows, columns, classes and weight of a partition."""
    if hasattr(X, "tocsr") or np.ndim(X) != 2:
        raise TypeError(f"X: a partition is a {type(X).__name__}; it must be a dense table, rows × features")
    n = len(X)
    for name, values in (("y", y), ("sample_weight", w)):
        if values is not None and len(values) != n:
            raise ValueError(f"{name} has {len(values)} rows in a partition where X has {n}")
    if hasattr(y, "isna") and np.any(y.isna()):
        raise ValueError("y has missing values; drop these rows")
    weight = None if w is None else float(as_weights(np.asarray(w), n, some=False).sum())
    classes = distinct(np.asarray(y), "y") if n else set()
    if len(classes) > MOST_CLASSES:
        raise ValueError(f"y has more than {MOST_CLASSES} values ({few(sorted(classes))}): no classes")
    return Found(n, X.shape[1], frozenset(classes), weight)


def rows(X: Any, y: Any, w: Any, dtype: str, labels: Labels, first: int) -> Rows:
    """A partition as kernels read it."""
    n = len(X)
    table = dense(X, np.dtype(dtype))
    refuse_not_finite(table, np.dtype(dtype), first)
    weights = None if w is None else as_weights(np.asarray(w), n, some=False)
    return Rows(table, labels.encode(np.asarray(y), n), weights, first)


def dense(X: Any, dtype: np.dtype) -> np.ndarray:
    """Numbers in float32 or float64: arrays of these are taken as they are, all else is cast to dtype."""
    if hasattr(X, "columns"):
        columns = FrameColumns(X)
        out = np.empty(columns.shape, dtype)
        put_columns(columns.columns, out)
        return out
    table = as_table(X)
    return table if table.dtype in (np.float32, np.float64) else table.astype(dtype)


def refuse_not_finite(X: np.ndarray, dtype: np.dtype, first: int) -> None:
    """Raise where a number is not finite in the dtype of the net, with the number of its row in the whole table."""
    for start in range(0, len(X), BLOCK_ROWS):
        block = X[start : start + BLOCK_ROWS]
        good = np.abs(block) <= np.finfo(dtype).max
        if not good.all():
            row, column = np.argwhere(~good)[0].tolist()
            raise not_finite(block[row, column], f"in row {first + start + row}, column {column}", dtype)


def piece(part: Rows, turn: int = 0, of: int = 1, *, order: Pass) -> Rows:
    """Every `of`-th of the partition's rows of a pass; copied, so that the others need not stay."""
    chosen = order_of(part, order).rows(0, len(part.X))[turn::of]
    if len(chosen) == len(part.X):
        return part
    return Rows(part.X[chosen], part.y[chosen], None if part.w is None else part.w[chosen])


def array_rows(net: Net, part: Rows) -> ArrayRows:
    return ArrayRows(
        part.X, part.y, part.w, n_features=net.widths[0], dtype=np.dtype(net.dtype), scaling=net.scaling,
        outputs=net.widths[-1], softmax=net.softmax,
    )  # fmt: skip


def order_of(part: Rows, order: Pass) -> Order:
    """The rows of the partition that belong to the pass."""
    chosen = order.chosen(part.first, len(part.X))
    return Order(len(part.X)) if chosen is None else Order.of(np.flatnonzero(chosen))


def gradient(part: Rows, theta: np.ndarray, net: Net, order: Pass) -> Sums:
    """Loss and gradient over a partition's rows of a pass."""
    chosen = order_of(part, order)
    if chosen.size == 0 or not part.has_weight:
        return Sums(0.0, 0.0, np.zeros(theta.size), chosen.size)
    with borrowed(net, theta, net.n_threads) as network:
        tally, total = network.gradient(array_rows(net, part), chosen)
    return Sums(tally.J, tally.weight, total, chosen.size)


def score(part: Rows, theta: np.ndarray, net: Net, order: Pass) -> np.ndarray:
    """Σ loss, Σ right, Σ w over a partition's rows of a pass."""
    chosen = order_of(part, order)
    if chosen.size == 0 or not part.has_weight:
        return np.zeros(3)
    with borrowed(net, theta, net.n_threads) as network:
        return np.array(sums(network, array_rows(net, part), chosen, own=True))


def right(X: Any, y: Any, w: Any, model: Model, classes: np.ndarray) -> np.ndarray:
    """Σ right, Σ w over a partition's rows; right is a row whose y equals the class that the model tells."""
    found = survey(X, y, w)
    if found.rows == 0:
        return np.zeros(2)
    if found.columns != model.widths[0]:
        raise ValueError(f"X has {found.columns} features, but the model was made for {model.widths[0]}")
    hits = classes[model.predict(dense(X, model.dtype))] == np.asarray(y).reshape(found.rows)
    weights = np.ones(found.rows) if w is None else as_weights(np.asarray(w), found.rows, some=False)
    return np.array([np.sum(weights * hits), np.sum(weights)], np.float64)


def add(parts: list[Any]) -> Any:
    """The sum of arrays, or of tuples of numbers and arrays, in their order."""
    if isinstance(parts[0], tuple):
        return type(parts[0])(*(add(list(values)) for values in zip(*parts, strict=True)))
    total = copy.copy(parts[0])
    for part in parts[1:]:
        total += part
    return total


class Parts(Stream):
    """The rows of several partitions as a stream: blocks that lie in memory."""

    def __init__(self, parts: list[Rows]) -> None:
        self.cuts = [(part, first) for part in parts for first in range(0, len(part.X), BLOCK_ROWS)]
        self.n_features = parts[0].X.shape[1]
        self.block_rows = np.concatenate([equal_blocks(len(part.X), BLOCK_ROWS) for part in parts])

    def blocks(self, order: np.ndarray | None = None) -> Any:
        for number in range(len(self.cuts)) if order is None else order:
            part, first = self.cuts[number]
            X, y, w = (None if a is None else a[first : first + BLOCK_ROWS] for a in part[:3])
            yield Block(X, y, w)


class RowsInTurn(StreamedRows):
    """Rows of a stream; windows are filled between the kernels' calls, as a worker has no thread to read ahead."""

    def windows(self, order: Pass, batch_rows: int) -> Generator[Window, None, None]:
        buffer = self._idle.pop() if self._idle else self.buffer()
        yield from self.filled(order, batch_rows, [buffer, buffer], lambda: False)
        self._idle.append(buffer)


def epoch(
    hand: list[Rows], theta: np.ndarray, moments: np.ndarray, net: Net,
    optimizer: Optimizer, l2: float, batch_rows: int, key: tuple[int, int] | None,
) -> Trained:  # fmt: skip
    """An epoch of steps over the rows dealt to a worker, from common parameters and moments on; key as in Pass."""
    optimizer = copy.copy(optimizer)  # the task may run again, with the same arguments
    optimizer.moments = np.array(moments)
    parts, tally = [part for part in hand if part.has_weight], Tally()
    n = sum(len(part.X) for part in parts)
    with borrowed(net, theta) as network:
        if parts:
            labels = Labels(net.widths[-1], net.softmax)
            streamed = RowsInTurn(
                Parts(parts), n_features=net.widths[0], dtype=np.dtype(net.dtype), labels=labels, scaling=net.scaling
            )
            streamed.survey()
            network.train(streamed, Pass(n, key=key), batch_rows, optimizer, l2, None, tally)
        J = np.inf if tally.diverged else tally.J
        left = n * network.theta.astype(np.float64), n * optimizer.moments.astype(np.float64), n * float(optimizer.t)
    return Trained(J, tally.weight, tally.objective, tally.objective_rows, n, *left)
