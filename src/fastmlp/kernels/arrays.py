"""Loops over slices, written out: NumPy's slice assignment compiles to checks and copies that kernels do not need."""

from ..jit.compile import kernel, sum_kernel
from ..jit.intrinsics import fma
from .matrix import row_of


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
