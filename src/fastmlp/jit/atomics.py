"""LLVM IR for threads: numbers that they share, the core they are on, and how to wait.

Nothing here checks bounds: the callers do.
"""

import sys

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from .intrinsics import INT32, INT64, X86, array_pointer, declared

WINDOWS, LINUX = sys.platform == "win32", sys.platform == "linux"
WORD = 8  # bytes, the alignment of atomics


@intrinsic
def atomic_load(typing, array, i):
    """Return array[i], which other threads may be writing."""

    def generate(context, builder, signature, arguments):
        place = builder.gep(array_pointer(context, builder, signature.args[0], arguments[0]), [arguments[1]])
        return builder.load_atomic(place, "seq_cst", WORD)

    return types.int64(array, types.intp), generate


@intrinsic
def atomic_store(typing, array, i, value):
    """array[i] = value, for other threads to read."""

    def generate(context, builder, signature, arguments):
        place = builder.gep(array_pointer(context, builder, signature.args[0], arguments[0]), [arguments[1]])
        builder.store_atomic(arguments[2], place, "seq_cst", WORD)
        return context.get_dummy_value()

    return types.void(array, types.intp, types.int64), generate


def atomic_change(operation):
    """Build change(array, i, value): array[i] = operation(array[i], value); returns what stood there before."""

    @intrinsic
    def change(typing, array, i, value):
        def generate(context, builder, signature, arguments):
            place = builder.gep(array_pointer(context, builder, signature.args[0], arguments[0]), [arguments[1]])
            return builder.atomic_rmw(operation, place, arguments[2], "seq_cst")

        return types.int64(array, types.intp, types.int64), generate

    return change


atomic_add, atomic_or = atomic_change("add"), atomic_change("or")


@intrinsic
def this_core(typing):
    """Return the number of the core that the thread runs on; -1 where the system does not tell."""

    def generate(context, builder, signature, arguments):
        if not LINUX:
            return INT64(-1)
        return builder.sext(builder.call(declared(builder, "sched_getcpu", INT32, []), []), INT64)

    return types.int64(), generate


@intrinsic
def spin_pause(typing):
    """Tell the core that it runs a waiting loop."""

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
