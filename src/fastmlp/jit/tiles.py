"""Products of blocks of bfloat16 with sums in float32: by the tiles of AMX, by AVX512-BF16, or by plain loops.

A tile of AMX is a register of 16 rows of 64 bytes: of 16 pairs of bfloat16, or of 16 float32. One instruction
multiplies 16 × 16 pairs by 16 × 16 pairs, 16,384 operations in 16 cycles. Four tiles hold the sums of a block here,
and two each the operands. docs/how_it_works/performance.md explains them to those who have never seen one. Nothing here
checks bounds: the callers do.
"""

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from .bfloat16 import BLOCK, FLOATS, HALF, PAIRS, WORDS, BFloat, constant
from .bfloat16_instructions import by_flags
from .chosen import chosen
from .compile import kernel
from .intrinsics import INT8, INT64, array_pointer, declared
from .vectors import in_every_lane, load, loop_over_k, store, unpacked

BYTES_OF_PAIR = 4
TILE_PAIRS = HALF * HALF
LEFT, RIGHT = 4, 6  # numbers of the first tile of each operand; those of the sums begin at 0
ADDRESS = INT8.as_pointer()


def call(builder, name, *arguments):
    """Build an instruction on tiles."""
    function = declared(builder, f"llvm.x86.{name}", ir.VoidType(), [argument.type for argument in arguments])
    builder.call(function, arguments)


# --- the state of tiles -----------------------------------------------------------------------------------


@kernel
def no_tiles():
    """Do nothing: without AMX there are no tiles."""


@intrinsic
def shape_tiles(typing):
    """Give all eight tiles 16 rows of 64 bytes, in this thread."""

    def generate(context, builder, signature, arguments):
        palette, rows, row_bytes = 1, 48, 16  # places in the description
        description = bytearray(64)
        description[0] = palette
        for tile in range(8):
            description[row_bytes + 2 * tile], description[rows + tile] = 64, HALF
        kind = ir.ArrayType(INT8, 64)
        place = builder.alloca(kind)
        builder.store(ir.Constant(kind, description), place)
        call(builder, "ldtilecfg", builder.bitcast(place, ADDRESS))
        return context.get_dummy_value()

    return types.void(), generate


@intrinsic
def drop_tiles(typing):
    """Release the tiles of this thread: their 8 KiB need not be saved any more when threads take turns."""

    def generate(context, builder, signature, arguments):
        call(builder, "tilerelease")
        return context.get_dummy_value()

    return types.void(), generate


take_tiles = chosen(no_tiles, lambda: shape_tiles if by_flags() == "amx" else no_tiles)
release_tiles = chosen(no_tiles, lambda: drop_tiles if by_flags() == "amx" else no_tiles)


# --- products ---------------------------------------------------------------------------------------------


def in_ir(emit):
    """Build a product, see `product_of`, from emit(builder, n, left, step, right, c, ldc, fresh).

    left, right and c are addresses, where the product has arrays and offsets.
    """

    @intrinsic
    def product(typing, n, A, a, step, B, b, C, fresh):
        def generate(context, builder, signature, arguments):
            n, A, a, step, B, b, C, fresh = arguments
            left = builder.gep(array_pointer(context, builder, signature.args[1], A), [a])
            right = builder.gep(array_pointer(context, builder, signature.args[4], B), [b])
            _, c, ldc = unpacked(context, builder, signature.args[6], C)
            emit(builder, n, left, step, right, c, ldc, fresh)
            return context.get_dummy_value()

        size = types.intp
        return types.void(size, A, size, size, B, size, C, types.boolean), generate

    return product


def tile_product(rows, columns):
    """Build the product of `rows` tiles of rows and `columns` of columns by AMX, see `product_of`."""

    def emit(builder, n, left, step, right, c, ldc, fresh):
        row_bytes = builder.mul(ldc, INT64(BYTES_OF_PAIR))
        sums = [(i, j) for i in range(rows) for j in range(columns)]
        number = {(i, j): INT8(i * columns + j) for i, j in sums}
        place = {
            (i, j): builder.bitcast(
                builder.gep(c, [builder.add(builder.mul(ldc, INT64(HALF * i)), INT64(HALF * j))]), ADDRESS
            )
            for i, j in sums
        }
        with builder.if_else(builder.icmp_signed("!=", fresh, fresh.type(0))) as (set_to_zero, add):
            with set_to_zero:
                for ij in sums:
                    call(builder, "tilezero", number[ij])
            with add:
                for ij in sums:
                    call(builder, "tileloadd64", number[ij], place[ij], row_bytes)

        def multiply(k, nothing):
            at_left, at_right = builder.mul(k, step), builder.mul(k, INT64(PAIRS))
            for tiles, first, operand, at, load_tile in (
                (columns, RIGHT, right, at_right, "tileloadd64"),
                (rows, LEFT, left, at_left, "tileloaddt164"),  # read once: need not stay in L1
            ):
                for t in range(tiles):
                    here = builder.gep(operand, [builder.add(at, INT64(t * TILE_PAIRS))])
                    call(builder, load_tile, INT8(first + t), builder.bitcast(here, ADDRESS), INT64(64))
            for i, j in sums:
                call(builder, "tdpbf16ps", number[i, j], INT8(LEFT + i), INT8(RIGHT + j))
            return {}

        loop_over_k(builder, {}, INT64(0), n, 1, multiply)
        for ij in sums:
            call(builder, "tilestored64", number[ij], place[ij], row_bytes)

    return in_ir(emit)


ROWS_AT_ONCE = 8  # of sums in registers, by AVX512-BF16


def vector_product(rows, columns):
    """Build the product of `rows` tiles of rows and `columns` of columns by AVX512-BF16, see `product_of`."""

    def emit(builder, n, left, step, right, c, ldc, fresh):
        pairs = ir.VectorType(BFloat(), BLOCK)
        dot = declared(builder, "llvm.x86.avx512bf16.dpbf16ps.512", FLOATS, [FLOATS, pairs, pairs])
        zero = constant(FLOATS, 0.0)
        for first in range(0, HALF * rows, ROWS_AT_ONCE):
            tile = [(i, j) for i in range(first, first + ROWS_AT_ONCE) for j in range(columns)]
            place = {(i, j): builder.add(builder.mul(ldc, INT64(i)), INT64(HALF * j)) for i, j in tile}
            start = {ij: builder.select(fresh, zero, load(builder, c, place[ij], FLOATS)) for ij in tile}

            def block(k, sums, tile=tile):
                at_left, at_right = builder.mul(k, step), builder.mul(k, INT64(PAIRS))

                def pair(q, sums):
                    new = {}
                    for i, j in tile:
                        at = builder.add(at_left, builder.add(q, INT64(i * HALF)))
                        spread = in_every_lane(builder, builder.load(builder.gep(left, [at])), WORDS)
                        across = builder.add(builder.mul(q, INT64(HALF)), INT64(j * TILE_PAIRS))
                        numbers = load(builder, right, builder.add(at_right, across), WORDS)
                        operands = [builder.bitcast(x, pairs) for x in (spread, numbers)]
                        new[i, j] = builder.call(dot, [sums[i, j], *operands])
                    return new

                return loop_over_k(builder, sums, INT64(0), INT64(HALF), 1, pair)

            for ij, total in loop_over_k(builder, start, INT64(0), n, 1, block).items():
                store(builder, total, c, place[ij])

    return in_ir(emit)


@kernel
def first_of(pair):
    """Return the first bfloat16 of a pair."""
    return np.uint32(pair << np.uint32(16)).view(np.float32)


@kernel
def second_of(pair):
    """Return the second bfloat16 of a pair."""
    return np.uint32(pair & np.uint32(0xFFFF0000)).view(np.float32)


def plain_product(rows, columns):
    """Build the product of `rows` tiles of rows and `columns` of columns by loops, see `product_of`."""

    @kernel
    def product(n, A, a, step, B, b, C, fresh):
        for i in range(HALF * rows):
            for j in range(HALF * columns):
                at = C.offset + i * C.ld + j
                total = np.float32(0) if fresh else C.data[at]
                for k in range(n):
                    left, right = a + k * step + i * HALF, b + k * PAIRS + j // HALF * TILE_PAIRS + j % HALF
                    first, second = np.float32(0), np.float32(0)
                    for q in range(HALF):
                        x, y = A[left + q], B[right + q * HALF]
                        first += first_of(x) * first_of(y)  # exact in float32 but for the sum, as by AMX
                        second += second_of(x) * second_of(y)
                    total += first + second
                C.data[at] = total

    return product


def product_of(rows, columns):
    """Build product(n, A, a, step, B, b, C, fresh): C = Σ_k A[k] B[k] if fresh, else C +=, over n blocks k.

    A in: left operands in rows, from pair a on, each `step` pairs behind the one before; B in: right operands, paired,
    from pair b on; C (data, offset, ld) out or in/out. `rows` and `columns` count tiles, of 16 × 16 numbers of C.
    """
    plain = plain_product(rows, columns)
    by_name = {"amx": tile_product(rows, columns), "avx512_bf16": vector_product(rows, columns)}
    return chosen(plain, lambda *types: by_name.get(by_flags(), plain))


multiply_block, multiply_columns, multiply_row = product_of(2, 2), product_of(2, 1), product_of(1, 2)
