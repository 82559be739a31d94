"""Rows of float32 as pairs of bfloat16, in blocks: rounded, with ReLU or its mask, and paired otherwise; in LLVM IR.

Products of bfloat16 take pairs of numbers. Two neighbours of a row share 32 bits here, the first in the lower half, so
arrays of bfloat16 are uint32. A block has BLOCK × BLOCK numbers. In rows, it is the left operand of products: BLOCK
rows of BLOCK / 2 pairs. Paired, it is a right one: row i of its left columns has the pairs (x[2i, j], x[2i+1, j]), and
its right columns lie behind them. Nothing here checks bounds: the callers do.
"""

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from .bfloat16_instructions import by_flags
from .intrinsics import INT32, INT64, array_pointer, declared
from .vectors import load, loop_over_k, spread, store, unpacked

BLOCK, HALF = 32, 16  # rows and columns of a block; columns of a tile, and the pairs of a row
PAIRS = BLOCK * HALF  # of a block
FLOATS, WORDS = ir.VectorType(ir.FloatType(), HALF), ir.VectorType(INT32, HALF)
INT16 = ir.IntType(16)
SHORTS = ir.VectorType(INT16, BLOCK)
QUIET, INFINITE, LEAST_NORMAL, SIGN = 0x40, 0x7F800000, 0x00800000, 0x8000


class BFloat(ir.types._BaseFloatType):
    """LLVM's type of a bfloat16, which llvmlite does not have."""

    intrinsic_name = "bf16"

    def __str__(self):
        return "bfloat"


BFloat._create_instance()


def constant(kind, value):
    """Return a vector of equal numbers, or a number."""
    return ir.Constant(kind, [value] * kind.count if isinstance(kind, ir.VectorType) else value)


def shuffled(builder, x, y, places):
    """Return the numbers at these places of x, followed by y."""
    return builder.shuffle_vector(x, y, ir.Constant(ir.VectorType(INT32, len(places)), list(places)))


def rounded_by_integers(builder, x, kind):
    """Return float32 as bfloat16, in integers of 32 bits (kind), by any instructions, as those of AVX512-BF16 do it.

    To the nearest, ties to even; subnormal numbers to 0; NaN stays NaN.
    """
    bits = builder.bitcast(x, kind)
    top = builder.lshr(bits, constant(kind, 16))
    even = builder.add(constant(kind, 0x7FFF), builder.and_(top, constant(kind, 1)))
    nearest = builder.lshr(builder.add(bits, even), constant(kind, 16))
    size = builder.and_(bits, constant(kind, 0x7FFFFFFF))
    is_nan = builder.icmp_unsigned(">", size, constant(kind, INFINITE))
    is_small = builder.icmp_unsigned("<", size, constant(kind, LEAST_NORMAL))
    result = builder.select(is_nan, builder.or_(top, constant(kind, QUIET)), nearest)
    return builder.select(is_small, builder.and_(top, constant(kind, SIGN)), result)


@intrinsic
def nearest_bfloat16(typing, x):
    """Return the float32 that is a bfloat16 and nearest to x."""

    def generate(context, builder, signature, arguments):
        top = rounded_by_integers(builder, arguments[0], INT32)
        return builder.bitcast(builder.shl(top, INT32(16)), ir.FloatType())

    return types.float32(types.float32), generate


def rounded(builder, left, right):
    """Return two vectors of float32 as one of bfloat16."""
    if by_flags() == "plain":
        short = ir.VectorType(INT16, HALF)
        halves = (builder.trunc(rounded_by_integers(builder, x, WORDS), short) for x in (left, right))
        return shuffled(builder, *halves, range(BLOCK))
    kind = ir.VectorType(BFloat(), BLOCK)
    both = declared(builder, "llvm.x86.avx512bf16.cvtne2ps2bf16.512", kind, [FLOATS] * 2)
    return builder.bitcast(builder.call(both, [right, left]), SHORTS)


def row_loop(builder, count, row):
    """Build row(i) for i = 0 … count-1."""

    def body(i, nothing):
        row(i)
        return {}

    loop_over_k(builder, {}, INT64(0), INT64(count), 1, body)


def block_pointer(context, builder, array_type, array, offset):
    """Return the address of the bfloat16 numbers of a block, as that of pairs."""
    return builder.gep(array_pointer(context, builder, array_type, array), [offset])


def load_row(builder, place, offset):
    """Load BLOCK numbers of float32, from `offset` on."""
    return load(builder, place, offset, FLOATS), load(builder, place, builder.add(offset, INT64(HALF)), FLOATS)


def load_pairs(builder, block, offset):
    """Load BLOCK bfloat16 numbers."""
    return builder.bitcast(load(builder, block, offset, WORDS), SHORTS)


def store_pairs(builder, numbers, block, offset):
    """Store BLOCK bfloat16 numbers."""
    store(builder, builder.bitcast(numbers, WORDS), block, offset)


@intrinsic
def round_row(typing, x, at, B, b):
    """Row 0 of block b of B (out, in rows) = BLOCK numbers of x (in, float32), from `at` on, in bfloat16."""

    def generate(context, builder, signature, arguments):
        place = builder.gep(array_pointer(context, builder, signature.args[0], arguments[0]), [arguments[1]])
        block = block_pointer(context, builder, signature.args[2], *arguments[2:])
        store_pairs(builder, rounded(builder, *load_row(builder, place, INT64(0))), block, INT64(0))
        return context.get_dummy_value()

    return types.void(x, types.intp, B, types.intp), generate


def two_rows_loop(builder, B, P, numbers):
    """Build the stores of numbers(i), row i of a block, two rows at a time: in rows into block B, and paired into P.

    P may be None: nothing is paired then.
    """

    def two_rows(i):
        rows = []
        for r in (0, 1):
            row = builder.add(builder.mul(i, INT64(2)), INT64(r))
            rows.append(numbers(row))
            store_pairs(builder, rows[r], B, builder.mul(row, INT64(HALF)))
        if P is not None:
            store_paired(builder, rows, P, i)

    row_loop(builder, HALF, two_rows)


def store_paired(builder, rows, P, i):
    """Build the store of the pairs of two rows, row i of a paired block P."""
    for half in (0, 1):
        columns = range(half * HALF, (half + 1) * HALF)
        pairs = shuffled(builder, *rows, [place for j in columns for place in (j, BLOCK + j)])
        store_pairs(builder, pairs, P, builder.add(builder.mul(i, INT64(HALF)), INT64(half * HALF * HALF)))


def clipping(pairs):
    """Build clip_and_pair_rows, or without pairs clip_rows, which leaves P as it is."""

    @intrinsic
    def clip(typing, Z, start, B, b, P, p):
        """B = max(Z + 1 startᵀ, 0), where NaN stays NaN, as in `round_and_pair_rows`; start (offset in Z.data) in."""

        def generate(context, builder, signature, arguments):
            data, z, ld = unpacked(context, builder, signature.args[0], arguments[0])
            rows = block_pointer(context, builder, signature.args[2], *arguments[2:4])
            paired = block_pointer(context, builder, signature.args[4], *arguments[4:])
            zero = constant(FLOATS, 0.0)
            biases = load_row(builder, builder.gep(data, [arguments[1]]), INT64(0))

            def numbers(i):
                halves = []
                for number, bias in zip(load_row(builder, z, builder.mul(i, ld)), biases, strict=True):
                    total = builder.fadd(number, bias)
                    halves.append(builder.select(builder.fcmp_ordered("<", total, zero), zero, total))
                return rounded(builder, *halves)

            two_rows_loop(builder, rows, paired if pairs else None, numbers)
            return context.get_dummy_value()

        return types.void(Z, types.intp, B, types.intp, P, types.intp), generate

    return clip


clip_rows, clip_and_pair_rows = clipping(False), clipping(True)


def pairing(finish):
    """Build f(X, B, b, P, p): X (data, offset, ld) in, float32; block b of B out, in rows; block p of P out, B paired.

    finish(builder, numbers, block, at) returns what to store of a row of X in bfloat16, at pair `at` of block b.
    """

    @intrinsic
    def round_and_pair(typing, X, B, b, P, p):
        def generate(context, builder, signature, arguments):
            _, x, ld = unpacked(context, builder, signature.args[0], arguments[0])
            rows = block_pointer(context, builder, signature.args[1], *arguments[1:3])
            paired = block_pointer(context, builder, signature.args[3], *arguments[3:])

            def numbers(i):
                row = rounded(builder, *load_row(builder, x, builder.mul(i, ld)))
                return finish(builder, row, rows, builder.mul(i, INT64(HALF)))

            two_rows_loop(builder, rows, paired, numbers)
            return context.get_dummy_value()

        return types.void(X, B, types.intp, P, types.intp), generate

    return round_and_pair


def where_positive(builder, numbers, block, at):
    """Return the numbers where those that the block has are above 0 or NaN, else 0."""
    zero = constant(SHORTS, 0)
    return builder.select(builder.icmp_signed(">", load_pairs(builder, block, at), zero), numbers, zero)


round_and_pair_rows = pairing(lambda builder, numbers, block, at: numbers)  # B = X
mask_and_pair_rows = pairing(where_positive)  # B = X where B > 0, else 0: B in/out


@intrinsic
def outer_rows(typing, d, w, C):
    """C = d wᵀ: BLOCK numbers from the offsets d and w on in C.data in, C (data, offset, ld) out, float32."""

    def generate(context, builder, signature, arguments):
        data, c, ld = unpacked(context, builder, signature.args[2], arguments[2])
        d = builder.gep(data, [arguments[0]])
        halves = load_row(builder, builder.gep(data, [arguments[1]]), INT64(0))

        def row(i):
            scale = spread(builder, d, i, FLOATS)
            for half, numbers in enumerate(halves):
                at = builder.add(builder.mul(i, ld), INT64(half * HALF))
                store(builder, builder.fmul(scale, numbers), c, at)

        row_loop(builder, BLOCK, row)
        return context.get_dummy_value()

    return types.void(types.intp, types.intp, C), generate
