"""A last layer of width 1: W[L] is a vector w, so that products with it are dot products and rank-1 updates.

    Z[L] = A[L-1] w + b,  dA[L-1] = dZ[L] wᵀ,  dW[L] = A[L-1]ᵀ dZ[L]

Below it, where ReLU makes dZ[L-1] of dA[L-1] on the way, one pass computes that, dW[L] and db[L-1]: three passes would
read A[L-1] and dZ[L-1] from the L2 cache twice.
"""

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from ..jit.compile import TILE_VECTORS, kernel, sum_kernel
from ..jit.intrinsics import INT64, array_pointer, fma, keep_whole
from ..jit.vectors import lanes_of, load, multiply_add, spread, store, sums_over_k, vector_of
from .arrays import add_multiple, check_corner
from .matmul import panel_vectors


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


@kernel
def outer(m, work, d, w, dA, ld, masked, A):
    """dA = dZ wᵀ, or dZ wᵀ ⊙ (A > 0) if masked, for a last layer of width 1.

    work: dZ in (m, from `d` on), A in and dA out (m × p, ld, from `A` and `dA` on); w in (p).
    """
    p, zero = len(w), w.dtype.type(0)
    for i in range(m):
        scale, target, source = work[d + i], work[dA + i * ld : dA + i * ld + p], work[A + i * ld : A + i * ld + p]
        if masked:
            for k in range(p):
                a, product = source[k], scale * w[k]
                target[k] = product if a > zero else zero
        else:
            for k in range(p):
                target[k] = scale * w[k]


def outer_tile(vectors):
    """Build `outer_and_sums` for that many vectors of columns, whose sums and w stay in registers over all rows."""

    @intrinsic
    def over_rows(typing, work, m, d, w, A, dA, ld, start_dW, start_db, dW, db):
        def generate(context, builder, signature, arguments):
            kind = vector_of(context, work.dtype)
            m, ld = arguments[1], arguments[6]
            d, w, A, dA, start_dW, start_db, dW, db = (
                builder.gep(array_pointer(context, builder, signature.args[0], arguments[0]), [arguments[n]])
                for n in (2, 3, 4, 5, 7, 8, 9, 10)
            )
            fused, zero = multiply_add(builder, kind), ir.Constant(kind, [0.0] * kind.count)
            columns = [INT64(j * kind.count) for j in range(vectors)]
            weights = [load(builder, w, column, kind) for column in columns]
            first = {}
            for j, column in enumerate(columns):
                first["dW", j] = load(builder, start_dW, column, kind)
                first["db", j] = load(builder, start_db, column, kind)

            def row(i, sums):
                scale, at, new = spread(builder, d, i, kind), builder.mul(i, ld), {}
                for j, column in enumerate(columns):
                    place = builder.add(at, column)
                    a = load(builder, A, place, kind)
                    product = builder.fmul(scale, weights[j])
                    product = builder.select(builder.fcmp_ordered(">", a, zero), product, zero)
                    store(builder, product, dA, place)
                    new["dW", j] = builder.call(fused, [scale, a, sums["dW", j]])
                    new["db", j] = builder.fadd(sums["db", j], product)
                return new

            sums = sums_over_k(builder, first, m, row)
            for j, column in enumerate(columns):
                store(builder, sums["dW", j], dW, column)
                store(builder, sums["db", j], db, column)
            return context.get_dummy_value()

        return types.void(work, *[types.intp] * 10), generate

    return over_rows


outer_1, outer_2, outer_3, outer_4 = (outer_tile(vectors) for vectors in (1, 2, 3, 4))


@kernel
def outer_and_sums(m, vectors, work, d, w, A, dA, ld, start_dW, start_db, dW, db):
    """dA = dZ wᵀ ⊙ (A > 0), dW = start + Aᵀ dZ, db = start + dAᵀ 1, for a last layer of width 1 above ReLU.

    work: dZ in (m, from `d` on), A in and dA out (m × vectors, ld); w, both starts in, dW, db out (a row of A each).
    """
    keep_whole()
    lanes = lanes_of(work)
    j = 0
    while j < vectors:
        width = panel_vectors(vectors - j, TILE_VECTORS)
        o = j * lanes
        if width == 3:
            outer_3(work, m, d, w + o, A + o, dA + o, ld, start_dW + o, start_db + o, dW + o, db + o)
        elif width == 2:
            outer_2(work, m, d, w + o, A + o, dA + o, ld, start_dW + o, start_db + o, dW + o, db + o)
        elif width == 1:
            outer_1(work, m, d, w + o, A + o, dA + o, ld, start_dW + o, start_db + o, dW + o, db + o)
        elif TILE_VECTORS == 4:
            outer_4(work, m, d, w + o, A + o, dA + o, ld, start_dW + o, start_db + o, dW + o, db + o)
        j += width
    check_corner(work, d + m - 1)
    for rows in (A, dA):
        check_corner(work, rows + (m - 1) * ld + vectors * lanes - 1)
    for row in (w, start_dW, start_db, dW, db):
        check_corner(work, row + vectors * lanes - 1)
