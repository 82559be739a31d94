"""A last layer of width 1: W[L] is a vector w, so that products with it are dot products and rank-1 updates.

    Z[L] = A[L-1] w + b,  dA[L-1] = dZ[L] wᵀ,  dW[L] = A[L-1]ᵀ dZ[L]

If the layer below has ReLU, one pass computes dZ[L-1], dW[L] and db[L-1]: three passes would read A[L-1] and dZ[L-1]
from the L2 cache twice.
"""

from ..jit.compile import TILE_VECTORS, ZERO, kernel, sum_kernel
from ..jit.intrinsics import fma, keep_whole
from ..jit.micro_kernel import outer_tile
from ..jit.vectors import lanes_of
from .arrays import add_multiple, check_corner, check_index, part, row_of
from .matmul import panel_vectors

outer_1, outer_2, outer_3, outer_4 = (outer_tile(vectors) for vectors in (1, 2, 3, 4))


@sum_kernel
def four_dots(a, b, c, d, y):
    """Return (Σ a y, Σ b y, Σ c y, Σ d y), each summed in the same order: all in."""
    p = q = r = s = y.dtype.type(0)
    for k in range(len(y)):
        p += a[k] * y[k]
        q += b[k] * y[k]
        r += c[k] * y[k]
        s += d[k] * y[k]
    return p, q, r, s


@kernel
def dot_rows(m, A, w, b, z):
    """z_i = row_i of A · w + b: A in and out (m × len(w); z (m) in A.data, from `z` on), w in.

    Four rows at a time, the last row repeated, so that a row gets the same bits wherever it stands.
    """
    n, last, Z = len(w), m - 1, A.data
    for i in range(0, m, 4):
        j, k, l = min(i + 1, last), min(i + 2, last), min(i + 3, last)
        dots = four_dots(row_of(A, i, n), row_of(A, j, n), row_of(A, k, n), row_of(A, l, n), w)
        Z[z + i], Z[z + j], Z[z + k], Z[z + l] = dots[0] + b, dots[1] + b, dots[2] + b, dots[3] + b


@kernel
def add_scaled_rows(scale, A, y):
    """y += Σ_i scale_i row_i of A: scale in (m), A in (m × len(y)), y in/out."""
    n, m = len(y), len(scale)
    whole = m // 4 * 4
    for i in range(0, whole, 4):
        a, b, c, d = row_of(A, i, n), row_of(A, i + 1, n), row_of(A, i + 2, n), row_of(A, i + 3, n)
        for k in range(n):
            total = fma(scale[i + 1], b[k], fma(scale[i], a[k], y[k]))
            y[k] = fma(scale[i + 3], d[k], fma(scale[i + 2], c[k], total))
    for i in range(whole, m):
        add_multiple(scale[i], row_of(A, i, n), y)


@kernel
def outer(dZ, w, dA, masked, A):
    """dA = dZ wᵀ, or dZ wᵀ ⊙ (A > 0) if masked, for a last layer of width 1.

    dZ (m) and w (p) in, A in and dA out (m × p).
    """
    p, zero = len(w), w.dtype.type(0)
    for i in range(len(dZ)):
        scale, target, source = dZ[i], row_of(dA, i, p), row_of(A, i, p)
        if masked:
            for k in range(p):
                a, product = source[k], scale * w[k]
                target[k] = product if a > zero else zero
        else:
            for k in range(p):
                target[k] = scale * w[k]


@kernel
def outer_and_sums(m, vectors, d, w, A, dA, start_dW, start_db, dW, db):
    """dA = dZ wᵀ ⊙ (A > 0), dW = start_dW + Aᵀ dZ, db = start_db + dAᵀ 1, for a last layer of width 1 above ReLU.

    A in and dA out (m × vectors); in A.data, at these offsets: dZ in (d; m), w and both starts in, dW and db out (a
    row of A each).
    """
    keep_whole()
    work, lanes = A.data, lanes_of(A.data)
    j = 0
    while j < vectors:
        width = panel_vectors(vectors - j, TILE_VECTORS)
        n = j * lanes
        a, da = part(A, ZERO, n), part(dA, ZERO, n)
        if width == 3:
            outer_3(m, d, w + n, a, da, start_dW + n, start_db + n, dW + n, db + n)
        elif width == 2:
            outer_2(m, d, w + n, a, da, start_dW + n, start_db + n, dW + n, db + n)
        elif width == 1:
            outer_1(m, d, w + n, a, da, start_dW + n, start_db + n, dW + n, db + n)
        elif TILE_VECTORS == 4:
            outer_4(m, d, w + n, a, da, start_dW + n, start_db + n, dW + n, db + n)
        j += width
    check_corner(A, m, vectors * lanes)
    check_corner(dA, m, vectors * lanes)
    check_index(work, d + m - 1)
    for at in (w, start_dW, start_db, dW, db):
        check_index(work, at + vectors * lanes - 1)
