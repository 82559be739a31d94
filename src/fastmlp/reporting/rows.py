"""Rows that a report is about: drawn from those that are given, and read as the model reads them."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..rows.columns import refuse_lazy
from ..rows.offers import is_sparse, offers
from ..rows.ragged import as_array
from ..rows.streamed import StreamedRows
from ..rows.streams.stream import Stream, check_alone
from ..rows.targets import refuse_masked
from ..sklearn.data import checked_weights
from ..tabular.given import refuse_own_target, rows_at
from ..tabular.members.streamed_data import among, taken
from .subject import Subject

MOST_NUMBERS = 2**28  # in the rows of a report, which are in memory; of wide tables, fewer rows are drawn


@dataclass(frozen=True)
class ReportRows:
    """Rows as numbers, with targets, weights and what the model gives for them.

    Attributes
    ----------
    matrix : (n, q)
    y : class numbers (n), labels (n, K), or numbers (n) or (n, K) in float64
    w : weights (n), or None
    Z : Z[L] (n, p[L]) in float64
    index : the number of each row in `source`
    source : the table or array that the rows are from
    n_given : the number of rows of which these were drawn
    """

    matrix: np.ndarray
    y: np.ndarray
    w: np.ndarray | None
    Z: np.ndarray
    index: np.ndarray
    source: Any
    n_given: int

    def __len__(self) -> int:
        return len(self.matrix)


def drawn(n: int, most: int, seed: int) -> np.ndarray:
    """Return the numbers of at most `most` of n rows, ascending, drawn by the seed."""
    if n <= most:
        return np.arange(n)
    return np.sort(np.random.default_rng(seed).choice(n, most, replace=False))


def rows_given(subject: Subject, X: Any, y: Any, w: Any, max_rows: int, seed: int) -> ReportRows:
    """Return rows of what a user gives: a stream, or X with y and weights.

    Raises
    ------
    ValueError, TypeError : as from the model's own methods; there are no rows, or none with a weight above 0
    """
    refuse_lazy("X", X)
    if offers(X, "to_delayed"):
        raise TypeError("X is a Dask collection; give X.compute(), or a part of it that fits in memory")
    if isinstance(X, Stream):
        check_alone(y, w)
        rows = subject.streamed(X)
        n = rows.survey().n_training
        return rows_of_stream(subject, rows, drawn(n, most_rows(subject, max_rows), seed), n)
    if y is None:
        raise ValueError("y is None; a report compares predictions with it")
    refuse_own_target(X, "y", y)
    refuse_lazy("y", y)
    X, y, w = subject.usable(X, y, w)
    y = targets_given(y)
    n = len(y)
    w = checked_weights("sample_weight", w, np.empty((n, 1)))
    if n_rows(X) != n:
        raise ValueError(f"X has {n_rows(X):,} rows, but y has {n:,}; they must belong together")
    check_any(n)
    index = drawn(n, most_rows(subject, max_rows), seed)
    some = X if len(index) == n else rows_at(X, index)
    matrix = subject.matrix(some)
    codes = subject.target.encode(y[index], len(index))
    return completed(subject, matrix, codes, None if w is None else w[index], index, X, n)


def targets_given(y: Any) -> np.ndarray:
    """Return y as an array (n) or (n, K); raise TypeError where it is none, or some of it is masked."""
    refuse_masked("y", y)
    array = as_array("y", y.toarray() if is_sparse(y) else y, "targets")
    if array.ndim == 0:
        raise TypeError(f"y is a {type(y).__name__}; give an array, a list or a column with a target for each row of X")
    return array


def rows_of_stream(subject: Subject, rows: StreamedRows, index: np.ndarray, n_given: int) -> ReportRows:
    """Return the rows of a stream with these numbers, in their order; a number may come twice."""
    numbers, places = np.unique(index, return_inverse=True)
    check_any(len(numbers))
    found = taken(rows, len(numbers), lambda first, n: among(numbers, first, n))
    assert found.X is not None
    assert found.y is not None
    w = None if found.w is None else found.w[places]
    return completed(subject, found.X[places], found.y[places], w, index, rows.stream, n_given)


def completed(
    subject: Subject, matrix: np.ndarray, y: np.ndarray, w: np.ndarray | None, index: np.ndarray, source: Any, n: int
) -> ReportRows:  # fmt: skip
    """Return the rows with the outputs of the model."""
    if w is not None and not w.any():
        raise ValueError(f"the {len(w):,} rows have no weight; at least one must have a weight above 0")
    Z = subject.outputs(matrix, np.arange(len(matrix)))
    return ReportRows(matrix, y, w, np.asarray(Z, np.float64).reshape(len(matrix), -1), index, source, n)


def check_any(n: int) -> None:
    """Raise ValueError for no rows."""
    if n == 0:
        raise ValueError("X has 0 rows; a report needs at least 1")


def most_rows(subject: Subject, max_rows: int) -> int:
    """Return how many rows a report takes: at most max_rows, and fewer where a row has many numbers."""
    q: int = max(part.stop for part in subject.used.values())
    return max(1, min(max_rows, MOST_NUMBERS // q))


def n_rows(X: Any) -> int:
    """Return the number of rows of a table, an array or a list."""
    if getattr(X, "shape", ()):
        return int(X.shape[0])
    if isinstance(X, str) or not hasattr(X, "__len__"):
        raise TypeError(
            f"X is a {type(X).__name__}; give an array, a frame, a table, a sparse matrix or a stream of fastmlp.rows"
        )
    return len(X)
