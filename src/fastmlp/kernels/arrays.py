"""Plain loops over slices: NumPy's slice assignment compiles to checks and copies that kernels do not need."""

from .compile import kernel, sum_kernel
from .llvm import fma


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


@sum_kernel
def four_dots(a, b, c, d, y):
    """(Σ a y, Σ b y, Σ c y, Σ d y), each with the same order of sums: all in."""
    p = q = r = s = y.dtype.type(0)
    for k in range(len(y)):
        p += a[k] * y[k]
        q += b[k] * y[k]
        r += c[k] * y[k]
        s += d[k] * y[k]
    return p, q, r, s


@kernel
def dot_rows(m, A, at, ld, y, shift, z):
    """z_i = row_i of A · y + shift for m rows: A in and out (rows from `at` on, ld; z from `z` on), y in.

    Four at a time, the last of them repeated: so a row gets the same bits wherever it stands.
    """
    n, last = len(y), m - 1
    for i in range(0, m, 4):
        j, k, l = min(i + 1, last), min(i + 2, last), min(i + 3, last)
        p, q, r, s = at + i * ld, at + j * ld, at + k * ld, at + l * ld
        dots = four_dots(A[p : p + n], A[q : q + n], A[r : r + n], A[s : s + n], y)
        A[z + i], A[z + j], A[z + k], A[z + l] = dots[0] + shift, dots[1] + shift, dots[2] + shift, dots[3] + shift


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


@kernel
def add_scaled_rows(scale, A, at, ld, y):
    """y += Σ_i scale_i row_i of A: scale in (m), A in (from `at` on, ld), y in/out."""
    n, m = len(y), len(scale)
    whole = m // 4 * 4
    for i in range(0, whole, 4):
        p, q, r, s = at + i * ld, at + (i + 1) * ld, at + (i + 2) * ld, at + (i + 3) * ld
        a, b, c, d = A[p : p + n], A[q : q + n], A[r : r + n], A[s : s + n]
        for k in range(n):
            total = fma(scale[i + 1], b[k], fma(scale[i], a[k], y[k]))
            y[k] = fma(scale[i + 3], d[k], fma(scale[i + 2], c[k], total))
    for i in range(whole, m):
        add_multiple(scale[i], A[at + i * ld : at + i * ld + n], y)
