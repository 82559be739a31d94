"""Sparse matrices as tables: columns of numbers, made dense a block of rows at a time."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from ..rows.record_batches import BATCH_ROWS, RecordBatches

BLOCK_BYTES = 2**26  # of a dense block


class SparseTable:
    """A sparse matrix of numbers as columns x0, x1, …, of which `record_batches` can be asked for repeatedly.

    Parameters
    ----------
    X : sparse matrix or array (n, p) of any format

    Raises
    ------
    ValueError : X holds complex numbers, or its indices point outside of it
    """

    def __init__(self, X: Any) -> None:
        if X.dtype.kind not in "fiub":
            raise ValueError(f"Complex data not supported: X has dtype {X.dtype}; it must hold real numbers")
        if getattr(X, "ndim", 2) != 2:
            raise ValueError(f"Expected 2D array, got a sparse array of shape {X.shape}")
        self.X = X.tocsr()
        self.X.check_format(full_check=True)  # SciPy itself reads beyond the arrays
        self.shape = self.X.shape

    def record_batches(self) -> RecordBatches:
        """Return the rows as batches."""
        import pyarrow

        n, p = self.shape
        names = [f"x{k}" for k in range(p)]
        block_rows = min(BATCH_ROWS, max(1, BLOCK_BYTES // (8 * max(1, p))))

        def batches() -> Iterator[tuple[Any, str]]:
            for first in range(0, n, block_rows):
                block: np.ndarray = self.X[first : first + block_rows].toarray(order="F")
                yield pyarrow.RecordBatch.from_arrays([pyarrow.array(column) for column in block.T], names), ""

        return RecordBatches(names, False, n, batches())
