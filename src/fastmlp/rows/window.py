"""Windows: rows that kernels can read now, by address."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from ..exceptions import RowError
from ..kernels.records import ROWS, TARGET_KINDS, Source
from .order import Order


class Window(NamedTuple):
    """Rows that kernels can read now.

    Attributes
    ----------
    source : where they lie, for kernels
    order : which row of X, y and w is at each position
    ends_batch : whether the last position ends a batch
    X, y, w : arrays that the source's addresses point into
    origins : where the rows come from: their numbers in the table (None: 0, 1, …), or `Origin`s of a stream
    """

    source: Source
    order: Order
    ends_batch: bool
    X: np.ndarray
    y: np.ndarray | None
    w: np.ndarray | None
    origins: Any = None

    @property
    def w_factor(self) -> float:
        """The factor of weights, and so of all sums over rows, see `targets.weight_factor`."""
        return float(self.source.rows["w_factor"][0])

    @property
    def size(self) -> int:
        """The number of positions."""
        assert self.order.size is not None
        return self.order.size

    def labels(self, first: int, last: int) -> tuple[np.ndarray | None, np.ndarray | None]:
        """Return (y, w) at the positions first … last-1."""
        index = self.order.rows(first, last)
        return None if self.y is None else self.y[index], None if self.w is None else self.w[index]


def rows_of_a_window(n: int, batch_rows: int, most: int) -> int:
    """Return the rows of each window over n positions, `most` at most: whole batches, if one fits.

    The windows are about equally large: a short last one, with which the epoch ends, would hold rows of few blocks.
    """
    if batch_rows > most:
        return most
    batches, per_window = -(-n // batch_rows), most // batch_rows
    return max(1, -(-batches // max(1, -(-batches // per_window)))) * batch_rows


def cuts(n: int, batch_rows: int, window_rows: int) -> Iterator[tuple[int, int, bool]]:
    """Yield (first, last, whether a batch ends here) of windows over n positions.

    Each holds whole batches, or a part of a batch that is larger than a window.
    """
    size = rows_of_a_window(n, batch_rows, window_rows)
    stride = max(size, batch_rows)
    for start in range(0, n, stride):
        end = min(start + stride, n)
        for first in range(start, end, size):
            last = min(first + size, end)
            yield first, last, last == end


def addresses(
    X: np.ndarray, y: np.ndarray | None, w: np.ndarray | None, order: Order, scaling: np.ndarray, w_factor: float
) -> Source:
    """Return addresses and strides as kernels take them; w_factor: see `targets.weight_factor`."""
    rows = np.zeros(1, ROWS)
    rows["X"], (rows["X_row_stride"], rows["X_column_stride"]) = X.ctypes.data, X.strides
    rows["X_is_float64"] = X.dtype == np.float64
    if y is not None:
        rows["Y"], rows["Y_row_stride"], rows["Y_kind"] = y.ctypes.data, y.strides[0], TARGET_KINDS[y.dtype]
        rows["Y_column_stride"] = y.strides[1] if y.ndim == 2 else 0
    if w is not None:
        rows["w"], rows["w_stride"], rows["w_is_float64"] = w.ctypes.data, w.strides[0], w.dtype == np.float64
    rows["w_factor"] = w_factor
    return Source(rows, order.index, order.permutations, scaling)


def check_target(y: np.ndarray | None, row: int, bounds: tuple[float, float], place: str) -> None:
    """Raise RowError unless the target of a row is within bounds: y was checked before, so it was modified since."""
    least, most = bounds
    if y is not None and not np.all((y[row] >= least) & (y[row] <= most)):
        raise RowError(
            f"y contains {y[row]} {place}, but targets are {least:g} … {most:g}; do not modify y during a fit"
        )


def not_finite(value: float, place: str, dtype: np.dtype) -> RowError:
    """Return the error for a number of X that is not finite, or is not in the dtype of the net."""
    if np.isnan(value):
        return RowError(f"X contains NaN {place}; impute or drop such rows")
    if np.isinf(value):
        return RowError(f"X contains inf {place}; replace or drop such rows")
    return RowError(f"X contains {value:g} {place}, which exceeds {dtype}; scale X, or use dtype='float64'")
