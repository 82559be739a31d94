"""The micro-kernels, in LLVM IR: tiles whose sums stay in registers; and how tiles are copied and transposed.

`fma_tile` serves all products, `outer_tile` a last layer of width 1. Nothing here checks bounds: their callers in
kernels/ do. docs/how_it_works/performance.md explains the tile to those who do not read IR.
"""

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from .compile import TILE_ROWS
from .intrinsics import INT32, INT64, array_pointer
from .vectors import load, multiply_add, spread, store, sums_over_k, unpacked, vector_of

AS_IS, CLIPPED, MASKED = range(3)  # how a product stores C


def store_finished(builder, finish, sums, masks, c, in_c):
    """Build the store of a tile at c: a block of stores for each value of `finish`, and a jump to one of them."""
    kind = sums[0, 0].type
    zero = ir.Constant(kind, [0.0] * kind.count)
    finished = {
        AS_IS: lambda ij: sums[ij],
        CLIPPED: lambda ij: builder.select(builder.fcmp_ordered("<", sums[ij], zero), zero, sums[ij]),
        MASKED: lambda ij: builder.select(
            builder.fcmp_ordered(">", load(builder, masks, in_c[ij], kind), zero), sums[ij], zero
        ),
    }
    blocks = [builder.append_basic_block("finish") for _ in finished]
    stored = builder.append_basic_block("stored")
    choice = builder.switch(finish, blocks[AS_IS])
    for number, block in enumerate(blocks):
        choice.add_case(INT64(number), block)
        builder.position_at_end(block)
        for ij in sums:
            store(builder, finished[number](ij), c, in_c[ij])
        builder.branch(stored)
    builder.position_at_end(stored)


def fma_tile(rows, vectors):
    """Build the micro-kernel for a tile of `rows` rows and `vectors` vectors of columns.

    C[i, j] = start[i, j] + Σ_k A[i rs + k cs] B[k, j], for k = 0 … K-1: a start of ld 0 starts every row alike, C
    itself as start adds to it. `finish` says how C is stored: AS_IS; CLIPPED: 0 where it is negative; MASKED: 0
    where the number at the same place of the tile at `mask`, in C.data, is not above 0.

    A, B, start and C are (data, offset, ld), a NamedTuple. All sums stay in registers for the whole loop over k: per
    k it loads `vectors` vectors of B, and each element of A once, spread over a vector. A takes two strides, so that
    the same kernel computes A W (rs = ld, cs = 1) and Aᵀ dZ (rs = 1, cs = ld).
    """

    @intrinsic
    def tile(typing, K, A, rs, cs, B, start, C, finish, mask):
        def generate(context, builder, signature, arguments):
            kind = vector_of(context, C[0].dtype)
            K, _, rs, cs, _, _, _, finish, mask = arguments
            (_, a, _), (_, b, ldb), (_, s, lds), (in_data, c, ldc) = (
                unpacked(context, builder, signature.args[n], arguments[n]) for n in (1, 4, 5, 6)
            )
            masks = builder.gep(in_data, [mask])
            fma = multiply_add(builder, kind)
            tile = [(i, j) for i in range(rows) for j in range(vectors)]
            rows_of_a = [builder.mul(rs, INT64(i)) for i in range(rows)]
            columns = [INT64(j * kind.count) for j in range(vectors)]
            in_c, in_s = (
                {(i, j): builder.add(builder.mul(ld, INT64(i)), columns[j]) for i, j in tile} for ld in (ldc, lds)
            )
            first = {ij: load(builder, s, in_s[ij], kind) for ij in tile}

            def products(k, sums):
                row_of_b, column_of_a = builder.mul(k, ldb), builder.mul(k, cs)
                bs = [load(builder, b, builder.add(row_of_b, column), kind) for column in columns]
                new = {}
                for i in range(rows):
                    value = spread(builder, a, builder.add(column_of_a, rows_of_a[i]), kind)
                    for j in range(vectors):
                        new[i, j] = builder.call(fma, [value, bs[j], sums[i, j]])
                return new

            store_finished(builder, finish, sums_over_k(builder, first, K, products), masks, c, in_c)
            return context.get_dummy_value()

        size = types.intp
        return types.void(size, A, size, size, B, start, C, size, size), generate

    return tile


def outer_tile(vectors):
    """Build a pass over m rows, of `vectors` vectors of columns: a rank-1 update with ReLU's mask, and two sums.

    dA[i] = d[i] w where A[i] > 0, else 0; dW = start_dW + Σ_i d[i] A[i]; db = start_db + Σ_i dA[i]. w and the sums stay
    in registers over all rows. A and dA are (data, offset, ld); d, w, the starts, dW and db are offsets in A.data.
    """

    @intrinsic
    def over_rows(typing, m, d, w, A, dA, start_dW, start_db, dW, db):
        def generate(context, builder, signature, arguments):
            kind = vector_of(context, A[0].dtype)
            m = arguments[0]
            (data, a, ld), (_, da, ld_da) = (
                unpacked(context, builder, signature.args[n], arguments[n]) for n in (3, 4)
            )
            d, w, start_dW, start_db, dW, db = (builder.gep(data, [arguments[n]]) for n in (1, 2, 5, 6, 7, 8))
            fused, zero = multiply_add(builder, kind), ir.Constant(kind, [0.0] * kind.count)
            columns = [INT64(j * kind.count) for j in range(vectors)]
            weights = [load(builder, w, column, kind) for column in columns]
            first = {}
            for j, column in enumerate(columns):
                first["dW", j] = load(builder, start_dW, column, kind)
                first["db", j] = load(builder, start_db, column, kind)

            def row(i, sums):
                scale, new = spread(builder, d, i, kind), {}
                for j, column in enumerate(columns):
                    value = load(builder, a, builder.add(builder.mul(i, ld), column), kind)
                    product = builder.fmul(scale, weights[j])
                    product = builder.select(builder.fcmp_ordered(">", value, zero), product, zero)
                    store(builder, product, da, builder.add(builder.mul(i, ld_da), column))
                    new["dW", j] = builder.call(fused, [scale, value, sums["dW", j]])
                    new["db", j] = builder.fadd(sums["db", j], product)
                return new

            sums = sums_over_k(builder, first, m, row)
            for j, column in enumerate(columns):
                store(builder, sums["dW", j], dW, column)
                store(builder, sums["db", j], db, column)
            return context.get_dummy_value()

        size = types.intp
        return types.void(size, size, size, A, dA, size, size, size, size), generate

    return over_rows


def copy_at_once(kind_of):
    """Build a copy of one vector, whose type is kind_of(context, dtype)."""

    @intrinsic
    def copy(typing, A, at_a, B, at_b):
        def generate(context, builder, signature, arguments):
            source, target = (array_pointer(context, builder, signature.args[n], arguments[n]) for n in (0, 2))
            store(builder, load(builder, source, arguments[1], kind_of(context, A.dtype)), target, arguments[3])
            return context.get_dummy_value()

        return types.void(A, types.intp, B, types.intp), generate

    return copy


# B[at_b + j] = A[at_a + j], for a vector of numbers j, or for TILE_ROWS of them: A in, B out.
copy_vector = copy_at_once(vector_of)
copy_tile_rows = copy_at_once(lambda context, dtype: ir.VectorType(context.get_data_type(dtype), TILE_ROWS))


def transposition(rows_for):
    """Build the transposition of a tile of rows_for(lanes) rows, a power of two, by a vector of columns.

    Interleaving the first half of the rows with the second, number by number, log₂(rows) times, leaves the columns
    one behind the other.
    """

    @intrinsic
    def transpose(typing, A, at_a, lda, B, at_b, ldb):
        def generate(context, builder, signature, arguments):
            kind = vector_of(context, A.dtype)
            lanes = kind.count
            count = rows_for(lanes)
            if count > lanes:  # the caller goes number by number
                return context.get_dummy_value()
            per_vector = lanes // count  # columns of A in one vector of the result
            _, at_a, lda, _, at_b, ldb = arguments
            a = builder.gep(array_pointer(context, builder, signature.args[0], arguments[0]), [at_a])
            b = builder.gep(array_pointer(context, builder, signature.args[3], arguments[3]), [at_b])

            def shuffle(x, y, places):
                return builder.shuffle_vector(x, y, ir.Constant(ir.VectorType(INT32, len(places)), places))

            low = [n for j in range(lanes // 2) for n in (j, lanes + j)]
            high = [n + lanes // 2 for n in low]
            rows = [load(builder, a, builder.mul(INT64(i), lda), kind) for i in range(count)]
            half = count // 2
            for _ in range(count.bit_length() - 1):
                rows = [shuffle(rows[i], rows[i + half], places) for i in range(half) for places in (low, high)]
            for j in range(lanes):
                first = j % per_vector * count
                column = shuffle(rows[j // per_vector], rows[0], list(range(first, first + count)))
                store(builder, column, b, builder.mul(INT64(j), ldb))
            return context.get_dummy_value()

        size = types.intp
        return types.void(A, size, size, B, size, size), generate

    return transpose


# B[j, i] = A[i, j] for a vector of columns j, and for as many rows i or for TILE_ROWS: A in (ld lda), B out (ld ldb).
transpose_square = transposition(lambda lanes: lanes)
transpose_tile = transposition(lambda lanes: TILE_ROWS)
