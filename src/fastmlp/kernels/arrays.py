"""Plain loops over slices: NumPy's slice assignment compiles to checks and copies that kernels do not need."""

from ..jit.compile import kernel, sum_kernel
from ..jit.intrinsics import fma


@kernel
def check_corner(A, last):
    """Read the last element that LLVM IR will read or write: out of bounds it raises under NUMBA_BOUNDSCHECK."""
    return A[last]


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
def add_rows(m, A, at, ld, y):
    """y += Σ_i of m rows of A: A in (from `at` on, ld), y in/out. Four at a time: y is read and written less often."""
    n, whole = len(y), m // 4 * 4
    for i in range(0, whole, 4):
        p, q, r, s = at + i * ld, at + (i + 1) * ld, at + (i + 2) * ld, at + (i + 3) * ld
        a, b, c, d = A[p : p + n], A[q : q + n], A[r : r + n], A[s : s + n]
        for k in range(n):
            y[k] += (a[k] + b[k]) + (c[k] + d[k])
    for i in range(whole, m):
        add_multiple(A.dtype.type(1), A[at + i * ld : at + i * ld + n], y)
