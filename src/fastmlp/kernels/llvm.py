"""All LLVM IR of the project: what Numba's Python cannot say.

The register tile of fused multiply-adds, reads at an address, calls of a block function at an address,
atomics for the barrier, and flush-to-zero. Each intrinsic is a few lines of IR that Numba pastes into the
calling kernel. Nothing here checks bounds: the callers do.
"""

import platform
import sys

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from .compile import TILE_ROWS, VECTOR_BYTES

INT8, INT32, INT64 = ir.IntType(8), ir.IntType(32), ir.IntType(64)
X86 = platform.machine().lower() in ("x86_64", "amd64")
WINDOWS = sys.platform == "win32"
UNALIGNED, WORD = 1, 8  # alignment in bytes, as LLVM wants it


def array_pointer(context, builder, array_type, array):
    return context.make_array(array_type)(context, builder, array).data


def declared(builder, name, result, arguments):
    return cgutils.get_or_insert_function(builder.module, ir.FunctionType(result, arguments), name)


# --- the register tile -------------------------------------------------------------------------------


def fma_tile(vectors, accumulate):
    """Build the micro-kernel for a tile of TILE_ROWS rows and `vectors` vectors of columns.

    C[i, j] = start + Σ_k A[i rs + k cs] B[k ldb + j], for k = 0 .. K-1, where start is C[i, j] if
    `accumulate`, else start[j]. All sums stay in registers for the whole loop over k: per k it loads
    `vectors` vectors of B, and each element of A once, spread over a vector. A takes two strides, so
    that the same kernel computes A W (rs = ld, cs = 1) and Aᵀ dZ (rs = 1, cs = ld).
    """

    @intrinsic
    def tile(typing, A, at_a, rs, cs, B, at_b, ldb, start, at_start, C, at_c, ldc, K):
        lanes = VECTOR_BYTES // (A.dtype.bitwidth // 8)

        def generate(context, builder, signature, arguments):
            _, at_a, rs, cs, _, at_b, ldb, _, at_start, _, at_c, ldc, K = arguments
            scalar = context.get_data_type(signature.args[0].dtype)
            vector = ir.VectorType(scalar, lanes)
            fma = declared(builder, f"llvm.fma.v{lanes}f{VECTOR_BYTES * 8 // lanes}", vector, [vector] * 3)
            a, b, c, s = (
                builder.gep(array_pointer(context, builder, signature.args[n], arguments[n]), [offset])
                for n, offset in ((0, at_a), (4, at_b), (9, at_c), (7, at_start))
            )
            spread = ir.Constant(ir.VectorType(INT32, lanes), [0] * lanes)
            undefined = ir.Constant(vector, ir.Undefined)
            tile = [(i, j) for i in range(TILE_ROWS) for j in range(vectors)]

            scalar_bytes = VECTOR_BYTES // lanes

            def vector_at(pointer, offset):
                return builder.bitcast(builder.gep(pointer, [offset]), vector.as_pointer())

            def load(pointer, offset):
                return builder.load(vector_at(pointer, offset), align=scalar_bytes)

            rows_of_a = [builder.mul(rs, INT64(i)) for i in range(TILE_ROWS)]
            columns = [INT64(j * lanes) for j in range(vectors)]
            in_c = {(i, j): builder.add(builder.mul(ldc, INT64(i)), columns[j]) for i, j in tile}
            if accumulate:
                first = {ij: load(c, in_c[ij]) for ij in tile}
            else:
                row = [load(s, column) for column in columns]
                first = {(i, j): row[j] for i, j in tile}

            before = builder.block
            loop, done = builder.append_basic_block("over_k"), builder.append_basic_block("store")
            builder.cbranch(builder.icmp_signed(">", K, INT64(0)), loop, done)
            builder.position_at_end(loop)
            k = builder.phi(INT64)
            sums = {ij: builder.phi(vector) for ij in tile}
            row_of_b = builder.mul(k, ldb)
            column_of_a = builder.mul(k, cs)
            bs = [load(b, builder.add(row_of_b, column)) for column in columns]
            new = {}
            for i in range(TILE_ROWS):
                value = builder.load(builder.gep(a, [builder.add(column_of_a, rows_of_a[i])]))
                value = builder.insert_element(undefined, value, INT32(0))
                value = builder.shuffle_vector(value, undefined, spread)
                for j in range(vectors):
                    new[i, j] = builder.call(fma, [value, bs[j], sums[i, j]])
            after_k = builder.add(k, INT64(1))
            k.add_incoming(INT64(0), before)
            k.add_incoming(after_k, loop)
            for ij in tile:
                sums[ij].add_incoming(first[ij], before)
                sums[ij].add_incoming(new[ij], loop)
            builder.cbranch(builder.icmp_signed("<", after_k, K), loop, done)

            builder.position_at_end(done)
            for ij in tile:
                result = builder.phi(vector)
                result.add_incoming(first[ij], before)
                result.add_incoming(new[ij], loop)
                sums[ij] = result
            for ij in tile:
                builder.store(sums[ij], vector_at(c, in_c[ij]), align=scalar_bytes)
            return context.get_dummy_value()

        size = types.intp
        return types.void(A, size, size, size, B, size, size, start, size, C, size, size, size), generate

    return tile


@intrinsic
def transpose_tile(typing, A, at_a, lda, B, at_b, ldb):
    """B[j, i] = A[i, j] for TILE_ROWS rows i and a vector of columns j: A in (ld lda), B out (ld ldb).

    Interleaving the first half of the rows with the second, number by number, log₂(TILE_ROWS) times, leaves
    the columns one behind the other.
    """
    lanes = VECTOR_BYTES // (A.dtype.bitwidth // 8)
    per_vector = lanes // TILE_ROWS  # columns of A in one vector of the result

    def generate(context, builder, signature, arguments):
        if per_vector == 0:  # vectors shorter than a tile: the caller goes number by number
            return context.get_dummy_value()
        _, at_a, lda, _, at_b, ldb = arguments
        scalar = context.get_data_type(signature.args[0].dtype)
        vector, part = ir.VectorType(scalar, lanes), ir.VectorType(scalar, TILE_ROWS)
        a = builder.gep(array_pointer(context, builder, signature.args[0], arguments[0]), [at_a])
        b = builder.gep(array_pointer(context, builder, signature.args[3], arguments[3]), [at_b])
        scalar_bytes = VECTOR_BYTES // lanes

        def shuffle(x, y, places):
            return builder.shuffle_vector(x, y, ir.Constant(ir.VectorType(INT32, len(places)), places))

        def place(pointer, i, ld, kind):
            return builder.bitcast(builder.gep(pointer, [builder.mul(INT64(i), ld)]), kind.as_pointer())

        low = [n for j in range(lanes // 2) for n in (j, lanes + j)]
        high = [n + lanes // 2 for n in low]
        rows = [builder.load(place(a, i, lda, vector), align=scalar_bytes) for i in range(TILE_ROWS)]
        half = TILE_ROWS // 2
        for _ in range(TILE_ROWS.bit_length() - 1):
            rows = [shuffle(rows[i], rows[i + half], places) for i in range(half) for places in (low, high)]
        for j in range(lanes):
            first = j % per_vector * TILE_ROWS
            column = shuffle(rows[j // per_vector], rows[0], list(range(first, first + TILE_ROWS)))
            builder.store(column, place(b, j, ldb, part), align=scalar_bytes)
        return context.get_dummy_value()

    size = types.intp
    return types.void(A, size, size, B, size, size), generate


@intrinsic
def fma(typing, a, b, c):
    """a b + c, rounded once."""

    def generate(context, builder, signature, arguments):
        return builder.fma(*arguments)

    return a(a, a, a), generate


@intrinsic
def keep_whole(typing):
    """Forbid LLVM to inline the calling kernel into others: its code stands once, and compiles once."""

    def generate(context, builder, signature, arguments):
        builder.function.attributes.add("noinline")
        return context.get_dummy_value()

    return types.void(), generate


# --- memory and functions by address -----------------------------------------------------------------


def reader(numba_type, llvm_type):
    """Build read(address, offset): the value that lies `offset` bytes behind `address`, at any alignment."""

    @intrinsic
    def read(typing, address, offset):
        def generate(context, builder, signature, arguments):
            base = builder.inttoptr(arguments[0], INT8.as_pointer())
            place = builder.gep(base, [arguments[1]])
            return builder.load(builder.bitcast(place, llvm_type.as_pointer()), align=UNALIGNED)

        return numba_type(types.intp, types.intp), generate

    return read


read_float32 = reader(types.float32, ir.FloatType())
read_float64 = reader(types.float64, ir.DoubleType())
read_uint8 = reader(types.uint8, INT8)


@intrinsic
def prefetch(typing, address):
    """Ask for the cache line at `address`, to be read soon."""

    def generate(context, builder, signature, arguments):
        pointer = builder.inttoptr(arguments[0], INT8.as_pointer())
        function = declared(builder, "llvm.prefetch.p0", ir.VoidType(), [INT8.as_pointer(), INT32, INT32, INT32])
        read, keep, data = INT32(0), INT32(3), INT32(1)
        builder.call(function, [pointer, read, keep, data])
        return context.get_dummy_value()

    return types.void(types.intp), generate


@intrinsic
def copy_memory(typing, address, target):
    """Fill the contiguous array `target` with the bytes from `address` on."""

    def generate(context, builder, signature, arguments):
        array = context.make_array(signature.args[1])(context, builder, arguments[1])
        size = builder.mul(array.nitems, array.itemsize)
        source = builder.inttoptr(arguments[0], INT8.as_pointer())
        cgutils.raw_memcpy(builder, builder.bitcast(array.data, INT8.as_pointer()), source, size, 1)
        return context.get_dummy_value()

    return types.void(types.intp, target), generate


@intrinsic
def call_block(typing, address, source, target):
    """Call the compiled function at `address` as f(source, target, n), n = len(target)."""

    def generate(context, builder, signature, arguments):
        scalar = context.get_data_type(signature.args[1].dtype).as_pointer()
        function = ir.FunctionType(ir.VoidType(), [scalar, scalar, INT64]).as_pointer()
        target = context.make_array(signature.args[2])(context, builder, arguments[2])
        length = builder.extract_value(target.shape, 0)
        pointer = array_pointer(context, builder, signature.args[1], arguments[1])
        builder.call(builder.inttoptr(arguments[0], function), [pointer, target.data, length])
        return context.get_dummy_value()

    return types.void(types.intp, source, target), generate


# --- threads ------------------------------------------------------------------------------------------


@intrinsic
def atomic_load(typing, array, i):
    def generate(context, builder, signature, arguments):
        place = builder.gep(array_pointer(context, builder, signature.args[0], arguments[0]), [arguments[1]])
        return builder.load_atomic(place, "seq_cst", WORD)

    return types.int64(array, types.intp), generate


@intrinsic
def atomic_store(typing, array, i, value):
    def generate(context, builder, signature, arguments):
        place = builder.gep(array_pointer(context, builder, signature.args[0], arguments[0]), [arguments[1]])
        builder.store_atomic(arguments[2], place, "seq_cst", WORD)
        return context.get_dummy_value()

    return types.void(array, types.intp, types.int64), generate


@intrinsic
def atomic_add(typing, array, i, value):
    """Add to array[i]; returns what stood there before."""

    def generate(context, builder, signature, arguments):
        place = builder.gep(array_pointer(context, builder, signature.args[0], arguments[0]), [arguments[1]])
        return builder.atomic_rmw("add", place, arguments[2], "seq_cst")

    return types.int64(array, types.intp, types.int64), generate


@intrinsic
def spin_pause(typing):
    """Tell the core that this is a waiting loop."""

    def generate(context, builder, signature, arguments):
        if X86:
            builder.call(declared(builder, "llvm.x86.sse2.pause", ir.VoidType(), []), [])
        return context.get_dummy_value()

    return types.void(), generate


@intrinsic
def give_way(typing):
    """Let another runnable thread have this core."""

    def generate(context, builder, signature, arguments):
        name = "SwitchToThread" if WINDOWS else "sched_yield"
        builder.call(declared(builder, name, INT32, []), [])
        return context.get_dummy_value()

    return types.void(), generate


@intrinsic
def short_sleep(typing):
    """Sleep for the shortest time that the system offers, about 0.1 ms (Windows: 1 ms)."""

    def generate(context, builder, signature, arguments):
        if WINDOWS:
            builder.call(declared(builder, "Sleep", ir.VoidType(), [INT32]), [INT32(1)])
        else:
            builder.call(declared(builder, "usleep", INT32, [INT32]), [INT32(50)])
        return context.get_dummy_value()

    return types.void(), generate


# --- floating-point state -----------------------------------------------------------------------------

FLUSH_AND_DAZ = 0x8040  # MXCSR: results and operands that are subnormal count as zero


@intrinsic
def flush_to_zero(typing):
    """Treat subnormal numbers as zero in this thread; returns the former state for `restore_state`."""

    def generate(context, builder, signature, arguments):
        if not X86:
            return INT32(0)
        state = cgutils.alloca_once(builder, INT32)
        place = builder.bitcast(state, INT8.as_pointer())
        builder.call(declared(builder, "llvm.x86.sse.stmxcsr", ir.VoidType(), [INT8.as_pointer()]), [place])
        former = builder.load(state)
        builder.store(builder.or_(former, INT32(FLUSH_AND_DAZ)), state)
        builder.call(declared(builder, "llvm.x86.sse.ldmxcsr", ir.VoidType(), [INT8.as_pointer()]), [place])
        return former

    return types.int32(), generate


@intrinsic
def restore_state(typing, former):
    def generate(context, builder, signature, arguments):
        if X86:
            state = cgutils.alloca_once_value(builder, arguments[0])
            place = builder.bitcast(state, INT8.as_pointer())
            builder.call(declared(builder, "llvm.x86.sse.ldmxcsr", ir.VoidType(), [INT8.as_pointer()]), [place])
        return context.get_dummy_value()

    return types.void(types.int32), generate
