"""Rows from SciPy's sparse matrices: a window of them is made dense at a time."""

from typing import Any

import numpy as np

from ..exceptions import RowError
from .array import ArrayRows


class SparseRows(ArrayRows):
    """Checked rows of a CSR or CSC matrix or array; parameters as for `ArrayRows`."""

    def checked(self, X: Any) -> Any:
        """X in CSR, whose rows can be taken."""
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
        """Some rows; RowError for indices outside of X, which SciPy would write to without a check."""
        begin, end = self.X.indptr[rows], self.X.indptr[rows + 1]
        if np.any(begin < 0) or np.any(begin > end) or np.any(end > min(len(self.X.indices), len(self.X.data))):
            raise RowError("X is a sparse matrix whose indptr points outside of its indices; make it anew")
        part = self.X[rows]
        if part.nnz and not (part.indices.min() >= 0 and part.indices.max() < self.X.shape[1]):
            raise RowError(f"X is a sparse matrix with a column index outside of 0 … {self.X.shape[1] - 1}")
        table: np.ndarray = part.toarray()
        return table
