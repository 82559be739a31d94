"""Rows from dense and sparse arrays.

float32 and float64 of any strides are read in place, by address; every other type is cast, a window of rows at a time.
X is never copied whole.
"""

from collections.abc import Generator
from typing import Any

import numpy as np

from ..exceptions import RowError
from ..losses import LOG_LOSS, Loss
from ..messages import not_numbers
from ..system.files_at_rest import mapped_files
from ..typing import Scaling
from .columns import refuse_lazy
from .offers import is_partitioned, is_sparse
from .order import Order
from .ragged import as_array
from .targets import READ_IN_PLACE, as_targets, as_weights, weight_factor
from .window import Window, addresses, check_target, cuts, not_finite

WINDOW_BYTES = 16 * 2**20
OBJECTS_AND_TEXT = "OUS"  # kinds of arrays whose entries may stand for numbers


class ArrayRows:
    """Checked rows X with targets y and weights w, ready for kernels.

    Parameters
    ----------
    X : array-like (n, p)
    y : array-like (n) or (n, K), as the loss has its targets; or None
    sample_weight : array-like (n), finite and not negative, or None
    n_features : columns of X that the net reads
    dtype : of the net; X of other types than float32 and float64 is cast to it
    scaling : (shift, factor), each (p), or None: kernels compute (X - shift) factor
    outputs, loss : K, and what the net is trained for
    target_scaling : (shift, factor) of y, or None: the targets are (y - shift) factor
    with_missing : whether X may contain NaN, as the net's features take it for a missing number
    """

    def __init__(
        self, X: Any, y: Any = None, sample_weight: Any = None, *,
        n_features: int, dtype: np.dtype, scaling: tuple[np.ndarray, np.ndarray] | None = None,
        outputs: int = 1, loss: Loss = LOG_LOSS, target_scaling: Scaling | None = None, with_missing: bool = False,
    ) -> None:  # fmt: skip
        self.X, self.with_missing = self.checked(X), with_missing
        if self.X.shape[1] != n_features:
            raise ValueError(f"X has {self.X.shape[1]} features, but the model was made for {n_features}")
        self.n_rows = self.X.shape[0]
        self.dtype = np.dtype(dtype)
        self.bounds = loss.bounds(outputs, self.dtype)
        self.y = None if y is None else as_targets(y, self.n_rows, outputs, loss, self.dtype, target_scaling)
        self.w = None if sample_weight is None else as_weights(sample_weight, self.n_rows)
        self.w_factor = 1.0 if self.w is None else weight_factor(float(self.w.sum(dtype=np.float64)), self.n_rows)
        self.files = mapped_files(self.X, self.y, self.w)
        self.scaling = np.zeros((0, 0)) if scaling is None else np.stack(scaling).astype(np.float64)

    def checked(self, X: Any) -> Any:
        """Return X in a form that rows can be taken from."""
        return as_table(X)

    reads_ahead = False

    def order(self) -> Order:
        """Return the order in which rows are stored."""
        return Order(self.n_rows)

    @property
    def in_place(self) -> bool:
        """Whether kernels read X where it lies."""
        return self.X.dtype in READ_IN_PLACE

    @property
    def window_rows(self) -> int:
        """The number of rows to cast at a time."""
        return int(max(1, WINDOW_BYTES // (self.X.shape[1] * self.dtype.itemsize)))

    def splits(self, batch_rows: int) -> bool:
        """Return whether a batch of this size needs several windows."""
        return not self.in_place and batch_rows > self.window_rows

    def windows(self, order: Order, batch_rows: int) -> Generator[Window, None, None]:
        """Yield windows over `order`: of whole batches, or of parts of a batch that is larger than a window.

        Raises ValueError if a file that X, y or w is mapped from was modified.
        """
        for file in self.files:
            file.check()
        if self.in_place:
            source = addresses(self.X, self.y, self.w, order, self.scaling, self.w_factor)
            yield Window(source, order, True, self.X, self.y, self.w)
            return
        for first, last, ends_batch in cuts(order.size, max(1, batch_rows), self.window_rows):
            rows = order.rows(first, last)
            X = self.taken(rows)
            y, w = (None if a is None else a[rows] for a in (self.y, self.w))
            straight = Order(len(rows))
            source = addresses(X, y, w, straight, self.scaling, self.w_factor)
            yield Window(source, straight, ends_batch, X, y, w, rows)

    def taken(self, rows: np.ndarray) -> np.ndarray:
        """Return rows of X, dense, in the dtype of the net."""
        with np.errstate(all="ignore"):
            X: np.ndarray = self.X[rows].astype(self.dtype)
            return X

    def taken_exactly(self, row: int) -> np.ndarray:
        """Return a row of X in float64, for messages."""
        return np.asarray(self.X[row], np.float64)

    def place_of(self, window: Window, row: int) -> str:
        """Return the place of a row of the window, for messages."""
        return f"row {row if window.origins is None else int(window.origins[row])}"

    def refuse(self, window: Window, row: int) -> None:
        """Raise RowError for X or y, as kernels refused this row.

        Which row arrives here depends on which thread was last; the message must not depend on that, so it names the
        first row of X that is not finite.
        """
        found = row if window.origins is None else int(window.origins[row])
        for first in range(0, found + 1, self.window_rows):
            last = min(first + self.window_rows, found + 1)
            X = self.X[first:last] if self.in_place else self.taken(np.arange(first, last))
            good = fits(X, self.scaling, self.dtype, self.with_missing)
            if not good.all():
                i, column = np.argwhere(~good)[0].tolist()
                value = self.taken_exactly(first + i)[column]
                raise not_finite(value, f"in row {first + i}, column {column}", self.dtype)
        check_target(window.y, row, self.bounds, f"in row {found}")
        raise RowError(f"X: row {found} was not finite when it was read, and is finite now; do not modify X")


class SparseRows(ArrayRows):
    """Checked rows of a CSR or CSC matrix or array; parameters as for `ArrayRows`."""

    def checked(self, X: Any) -> Any:
        """Return X in CSR, which rows can be taken from."""
        return X.tocsr()

    @property
    def in_place(self) -> bool:
        return False

    def taken(self, rows: np.ndarray) -> np.ndarray:
        with np.errstate(all="ignore"):
            return np.ascontiguousarray(self.dense(rows), self.dtype)

    def taken_exactly(self, row: int) -> np.ndarray:
        return np.asarray(self.dense(np.array([row]))[0], np.float64)

    def dense(self, rows: np.ndarray) -> np.ndarray:
        """Return rows of X, dense. Raise RowError for indices outside of X, which SciPy does not check."""
        begin, end = self.X.indptr[rows], self.X.indptr[rows + 1]
        if np.any(begin < 0) or np.any(begin > end) or np.any(end > min(len(self.X.indices), len(self.X.data))):
            raise RowError("X is a sparse matrix whose indptr points outside of its indices; build it again")
        taken = self.X[rows]
        if taken.nnz and not (taken.indices.min() >= 0 and taken.indices.max() < self.X.shape[1]):
            raise RowError(f"X is a sparse matrix with a column index outside of 0 … {self.X.shape[1] - 1}")
        table: np.ndarray = taken.toarray()
        return table


def fits(X: np.ndarray, scaling: np.ndarray, dtype: np.dtype, with_missing: bool) -> np.ndarray:
    """Return for each number whether it is finite in the dtype of the net after scaling, or missing where it may be."""
    with np.errstate(all="ignore"):
        scaled = (X.astype(np.float64, copy=False) - scaling[0]) * scaling[1] if len(scaling) else X
        good: np.ndarray = np.isfinite(scaled.astype(dtype, copy=False))
    return good | np.isnan(X) if with_missing else good


def as_table(X: Any) -> np.ndarray:
    """Return X as a two-dimensional array of real numbers; an array is not copied."""
    if is_sparse(X):
        raise TypeError("X is sparse, but blocks of a stream must be dense; convert them with X.toarray()")
    if is_partitioned(X):
        raise TypeError("X is a dataframe of Dask; read it first, with X.compute(), or train with fastmlp.dask")
    refuse_hidden(X)
    table = as_array("X", X, "features")
    if table.dtype.kind in OBJECTS_AND_TEXT:
        table = numbers_from_objects(table)
    check_real(table)
    if table.ndim != 2:
        hint = (
            "; reshape with X.reshape(-1, 1) if it is one feature, X.reshape(1, -1) if one row"
            if table.ndim == 1
            else ""
        )
        raise ValueError(f"X has {table.ndim} dimension(s); it must have 2: rows × features{hint}")
    if table.shape[1] == 0:
        raise ValueError("X has 0 feature(s); at least 1 is required")
    return table.view()  # whose shape and strides nobody else can change


def refuse_hidden(X: Any) -> None:
    """Raise TypeError for masked values and lazy tables, which NumPy would turn into an array."""
    if isinstance(X, np.ma.MaskedArray) and np.ma.is_masked(X):
        raise TypeError("X is a masked array with masked entries; fill them, for example with X.filled(value)")
    refuse_lazy("X", X)


def check_real(table: np.ndarray) -> None:
    """Raise ValueError unless the numbers are real."""
    if table.dtype.kind not in "fiub":
        raise ValueError(f"X has dtype {table.dtype}; it must hold real numbers")


def numbers_from_objects(X: np.ndarray, name: str = "X") -> np.ndarray:
    """Return an array of objects or text as float64; text must spell numbers, as in scikit-learn."""
    kind: type[Exception]
    try:
        return X.astype(np.float64)
    except (ValueError, OverflowError) as error:
        kind, reason = ValueError, not_numbers(X, error)
    except TypeError as error:
        kind, reason = TypeError, str(error)
    raise kind(f"{name} contains a value that is not a number: {reason}")
