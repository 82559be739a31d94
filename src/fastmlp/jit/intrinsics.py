"""LLVM IR for what Numba's Python cannot express; vectors and threads have files of their own.

Fused multiply-adds, reads at an address, calls of a block function at an address, and flush-to-zero. Each intrinsic
is a few lines of IR that Numba pastes into the calling kernel. Nothing here checks bounds: the callers do.
"""

import platform

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from .compile import VECTOR_BYTES

INT8, INT32, INT64 = ir.IntType(8), ir.IntType(32), ir.IntType(64)
X86 = platform.machine().lower() in ("x86_64", "amd64")
UNALIGNED = 1  # alignment in bytes, as LLVM wants it


def array_pointer(context, builder, array_type, array):
    """Return the address of an array's first number."""
    return context.make_array(array_type)(context, builder, array).data


def declared(builder, name, result, arguments):
    """Return the function of that name, declared in the module."""
    return cgutils.get_or_insert_function(builder.module, ir.FunctionType(result, arguments), name)


@intrinsic
def fma(typing, a, b, c):
    """Return a b + c, rounded once."""

    def generate(context, builder, signature, arguments):
        return builder.fma(*arguments)

    return a(a, a, a), generate


@intrinsic
def keep_whole(typing):
    """Forbid LLVM to inline the calling kernel, so that its code is emitted and optimised once."""

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
read_int32 = reader(types.int32, INT32)


def ask_for(builder, pointer, write):
    """Prefetch the cache line at `pointer`, to be read or written soon."""
    function = declared(builder, "llvm.prefetch.p0", ir.VoidType(), [INT8.as_pointer(), INT32, INT32, INT32])
    keep, data = INT32(3), INT32(1)
    builder.call(function, [pointer, INT32(write), keep, data])


@intrinsic
def prefetch(typing, address):
    """Prefetch the cache line at `address`, to be read soon."""

    def generate(context, builder, signature, arguments):
        ask_for(builder, builder.inttoptr(arguments[0], INT8.as_pointer()), write=0)
        return context.get_dummy_value()

    return types.void(types.intp), generate


@intrinsic
def prefetch_to_write(typing, array, i):
    """Prefetch the cache line of array[i], to be written soon."""

    def generate(context, builder, signature, arguments):
        place = builder.gep(array_pointer(context, builder, signature.args[0], arguments[0]), [arguments[1]])
        ask_for(builder, builder.bitcast(place, INT8.as_pointer()), write=1)
        return context.get_dummy_value()

    return types.void(array, types.intp), generate


@intrinsic
def read_vector(typing, address, B, at_b):
    """B[at_b + j] = the number that lies j numbers behind `address`, for a vector of numbers j: B out."""
    lanes = VECTOR_BYTES // (B.dtype.bitwidth // 8)

    def generate(context, builder, signature, arguments):
        vector = ir.VectorType(context.get_data_type(signature.args[1].dtype), lanes)
        target = builder.gep(array_pointer(context, builder, signature.args[1], arguments[1]), [arguments[2]])
        value = builder.load(builder.inttoptr(arguments[0], vector.as_pointer()), align=UNALIGNED)
        builder.store(value, builder.bitcast(target, vector.as_pointer()), align=VECTOR_BYTES // lanes)
        return context.get_dummy_value()

    return types.void(types.intp, B, types.intp), generate


@intrinsic
def call_block(typing, address, source, target, m, p, ld):
    """Call the compiled function at `address` as f(source, target, m, p, ld), which returns a number."""

    def generate(context, builder, signature, arguments):
        scalar = context.get_data_type(signature.args[1].dtype).as_pointer()
        function = ir.FunctionType(INT64, [scalar, scalar, INT64, INT64, INT64]).as_pointer()
        pointers = [array_pointer(context, builder, signature.args[i], arguments[i]) for i in (1, 2)]
        return builder.call(builder.inttoptr(arguments[0], function), [*pointers, *arguments[3:]])

    return types.intp(types.intp, source, target, types.intp, types.intp, types.intp), generate


@intrinsic
def try_call(typing, f, z):
    """Return (whether f has raised, f(z) as a number of z's type), for a function that Numba has compiled.

    Numba's own try statement doubles the time of compilation, and keeps loops from running on vectors. How a call tells
    that it has raised is not public: `numba_private.KNOWN` says whether this may be used.
    """
    inner = f.get_call_type(typing, (z,), {})

    def generate(context, builder, signature, arguments):
        compiled = f.dispatcher.get_compile_result(inner)
        context.active_code_library.add_linking_library(compiled.library)
        status, value = context.call_internal_no_propagate(builder, compiled.fndesc, inner, [arguments[1]])
        value = context.cast(builder, value, inner.return_type, z)
        return context.make_tuple(builder, signature.return_type, [status.is_error, value])

    return types.Tuple([types.boolean, z])(f, z), generate


# --- floating-point state -----------------------------------------------------------------------------

FLUSH_AND_DAZ = 0x8040  # MXCSR: results and operands that are subnormal count as zero


@intrinsic
def flush_to_zero(typing):
    """Treat subnormal numbers as zero in this thread. Return the former state for `restore_state`."""

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
    """Undo `flush_to_zero`."""

    def generate(context, builder, signature, arguments):
        if X86:
            state = cgutils.alloca_once_value(builder, arguments[0])
            place = builder.bitcast(state, INT8.as_pointer())
            builder.call(declared(builder, "llvm.x86.sse.ldmxcsr", ir.VoidType(), [INT8.as_pointer()]), [place])
        return context.get_dummy_value()

    return types.void(types.int32), generate
