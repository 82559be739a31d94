"""Slices and matrices of flat arrays: what kernels of products are given, and loops over slices, written out.

A `Matrix` is three numbers of an argument list in one. Shapes stand beside it: a kernel that has m rows of A and one
that has all of them read the same `Matrix`. NumPy's slice assignment compiles to checks and copies that kernels do not
need, so slices are copied and summed by loops.
"""

from typing import NamedTuple

import numpy as np

from ..jit.compile import inlined, kernel, sum_kernel
from ..jit.intrinsics import fma

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


@kernel
def fill_zero(x):
    """x = 0: x out."""
    zero = x.dtype.type(0)
    for i in range(len(x)):
        x[i] = zero


@kernel
def copy(source, target):
    """target = source, cast: source in, target out."""
    T = target.dtype.type
    for i in range(len(target)):
        target[i] = T(source[i])


@kernel
def add_cast(x, y):
    """y += x, cast: x in, y in/out."""
    for i in range(len(y)):
        y[i] += x[i]


@kernel
def share(size, group, thread, n_threads):
    """Return begin and end of the thread's part of range(size), which is cut at multiples of `group`."""
    groups = (size + group - 1) // group
    return groups * thread // n_threads * group, min(groups * (thread + 1) // n_threads * group, size)


@sum_kernel
def total_of(x):
    """Σ x in float64: x in."""
    total = 0.0
    for i in range(len(x)):
        total += x[i]
    return total


@sum_kernel
def dot(x, y):
    """Σ x y: x, y in."""
    total = x.dtype.type(0)
    for k in range(len(x)):
        total += x[k] * y[k]
    return total


@kernel
def add_multiple(scale, x, y):
    """y += scale x: x in, y in/out."""
    for k in range(len(x)):
        y[k] = fma(scale, x[k], y[k])


@kernel
def add_rows(m, A, y):
    """y += Σ_i row_i of A: A in (m × len(y)), y in/out. Four rows at a time: y is read and written less often."""
    n, whole = len(y), m // 4 * 4
    for i in range(0, whole, 4):
        a, b, c, d = row_of(A, i, n), row_of(A, i + 1, n), row_of(A, i + 2, n), row_of(A, i + 3, n)
        for k in range(n):
            y[k] += (a[k] + b[k]) + (c[k] + d[k])
    for i in range(whole, m):
        add_multiple(y.dtype.type(1), row_of(A, i, n), y)
