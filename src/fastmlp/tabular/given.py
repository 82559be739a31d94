"""What users give as X, y and weights: tables that can be read twice, and the rows whose target is there."""

import warnings
from typing import Any

import numpy as np
from sklearn.utils import check_consistent_length, column_or_1d

from ..messages import shown
from ..rows.columns import refuse_lazy
from ..rows.offers import is_sparse, offers
from ..rows.ragged import as_array
from ..rows.record_batches import is_missing
from ..rows.targets import check_sum, refuse_masked
from ..sklearn.data import checked_weights
from ..sklearn_private import _safe_indexing
from ..system.machine import check_memory
from ..tables.sparse_table import SparseTable

NARROWER = (
    "make it narrower first, as scikit-learn's TruncatedSVD or SelectKBest do, or take MLPClassifier or MLPRegressor, "
    "which read sparse rows as they are"
)


def usable(
    estimator: Any, suffix: str, X: Any, y: Any, w: Any, stacklevel: int
) -> tuple[Any, np.ndarray, np.ndarray | None]:
    """Return X, y and weights of the rows whose target is there, checked.

    Parameters
    ----------
    estimator : whose `_checked` is asked for what is about y
    suffix : of the arguments' names: "", or "_val" for rows to validate on
    stacklevel : of warnings
    """
    refuse_lazy("X", X)
    refuse_own_target(X, f"y{suffix}", y)
    y = one_target(f"y{suffix}", y, type(estimator).__name__)
    known = there(y)
    w = weights_of_rows(f"sample_weight{suffix}", w, y)
    X = with_target(X, f"y{suffix}", known, stacklevel + 1)
    if w is not None:
        w = w[known]
        with np.errstate(over="ignore"):
            check_sum(w.sum(dtype=np.float64), len(w) > 0, f"sample_weight{suffix}")
    return readable(X), estimator._checked(f"y{suffix}", y, known), w


def readable(X: Any, n_bytes: int = 4) -> Any:
    """Return a table that can be read more than once: readers are read, and sparse matrices become dense by blocks.

    n_bytes : for each number of a sparse matrix, that its dense form will take
    """
    refuse_lazy("X", X)
    if offers(X, "read_all"):
        return X.read_all()
    if not is_sparse(X):
        return X
    n, p = X.shape
    check_memory(
        lambda: f"X is sparse, and would be a dense matrix of {n:,} × {p:,} numbers; {NARROWER}", n * p * n_bytes
    )
    return SparseTable(X)


def one_target(name: str, y: Any, owner: str) -> np.ndarray:
    """Return y as an array (n); owner: the class of the estimator, for messages."""
    if is_sparse(y):
        raise TypeError(f"{name} is sparse; give {name}.toarray()")
    refuse_masked(name, y)
    array = as_array(name, y, "targets")
    if array.dtype.kind == "c":
        raise ValueError(f"{name} has dtype {array.dtype}: Complex data not supported")
    text = isinstance(y, list | tuple) and array.dtype.kind in "SU"
    y = np.asarray(y, object) if text else array  # so that numbers stay numbers beside text
    shape = y.shape
    if len(shape) == 2 and shape[1] > 1:
        other = "MultiOutputClassifier" if owner.endswith("Classifier") else "MultiOutputRegressor"
        raise ValueError(
            f"{name} should be a 1d array, got an array of shape {shape}: {owner} takes one target; fit one for each "
            f"column, as sklearn.multioutput.{other} does"
        )
    return np.asarray(column_or_1d(y, warn=True))


def there(y: np.ndarray) -> np.ndarray:
    """Return for each target whether it is there, (n)."""
    if y.dtype.kind == "f":
        return np.asarray(~np.isnan(y))
    if y.dtype.kind == "O":
        return np.array([not is_missing(value) for value in y], bool)
    return np.ones(len(y), bool)


def weights_of_rows(name: str, given: Any, y: np.ndarray) -> np.ndarray | None:
    """Return weights, checked, one for each of the targets, or None."""
    return checked_weights(name, given, np.empty((len(y), 1)))


def with_target(X: Any, name: str, known: np.ndarray, stacklevel: int) -> Any:
    """Return the rows of X whose target is there; warn of the others. `name` is that of the target."""
    if hasattr(X, "shape") or hasattr(X, "__len__"):
        check_consistent_length(X, known)
    if known.all():
        return X
    n, missing = len(known), int(np.sum(~known))
    if missing == n:
        raise ValueError(f"{name} is missing in all {n:,} rows; at least 2 with a target are required")
    warnings.warn(f"{name} is missing in {missing:,} of {n:,} rows, which are left out", stacklevel=stacklevel)
    return rows_at(X, np.flatnonzero(known))


def rows_at(X: Any, index: np.ndarray) -> Any:
    """Return some rows of a table, an array, a sparse matrix or a list."""
    if isinstance(X, SparseTable):
        return SparseTable(X.X[index])
    if offers(X, "__arrow_c_stream__", "take"):
        return X.take(index)  # of an Arrow table, which scikit-learn does not know
    return _safe_indexing(X.tocsr() if is_sparse(X) else X, index)


def refuse_own_target(X: Any, name: str, y: Any) -> None:
    """Raise ValueError where y is a column of the table X, under the same name."""
    label = getattr(y, "name", None)
    columns = X.column_names if offers(X, "column_names") else getattr(X, "columns", None)
    if not isinstance(label, str) or columns is None or not hasattr(X, "__getitem__"):
        return
    if sum(each == label for each in columns if isinstance(each, str)) != 1:
        return
    same = np.asarray(X[label]), np.asarray(y)
    if same[0].shape == same[1].shape and all(map(alike, *same)):
        raise ValueError(f"X has the column {shown(label)}, which is {name} itself; leave it out of X")


def alike(p: Any, q: Any) -> bool:
    """Return whether two values are the same, NaN included."""
    return p is q or bool(p == q) or bool(p != p and q != q)
