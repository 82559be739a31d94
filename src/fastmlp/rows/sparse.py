"""Rows from SciPy's sparse matrices: a window of them is made dense at a time."""

from typing import Any

import numpy as np

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
        with np.errstate(over="ignore"):
            return np.ascontiguousarray(self.X[rows].toarray(), self.dtype)

    def taken_exactly(self, row: int) -> np.ndarray:
        return np.asarray(self.X[[row]].toarray()[0], np.float64)
