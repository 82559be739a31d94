"""A matrix in a flat array, as kernels of products are given it: three numbers of an argument list in one.

Shapes stand beside it: a kernel that has m rows of A and one that has all of them read the same `Matrix`.
"""

from typing import NamedTuple

import numpy as np

from ..jit.compile import inlined, kernel

PACKED = 0  # as `ld`: not rows, but panels of columns, one behind the other, see matmul.py


class Matrix(NamedTuple):
    """Rows of numbers in a flat array: the first from `offset` on, each `ld` numbers behind the one before."""

    data: np.ndarray
    offset: int
    ld: int


@kernel
def part(A, i, j):
    """Return A from row i and column j on."""
    return Matrix(A.data, A.offset + i * A.ld + j, A.ld)


@inlined
def row_of(A, i, size):
    """Return the first `size` numbers of row i of A, as a slice."""
    begin = A.offset + i * A.ld
    return A.data[begin : begin + size]


@kernel
def check_index(x, i):
    """Read x[i], the last number that LLVM IR will read or write: NUMBA_BOUNDSCHECK=1 makes it raise."""
    return x[i]


@kernel
def check_corner(A, m, n):
    """Read the last number of A (m × n), as `check_index` does."""
    check_index(A.data, A.offset + (m - 1) * A.ld + n - 1)
