"""The machine's peak in float32: fused multiply-adds on registers alone, on a number of threads."""

import time
from concurrent.futures import ThreadPoolExecutor

import numba
from llvmlite import ir
from numba.core import cgutils
from numba.extending import intrinsic

CHAINS = 12  # independent, to hide the latency; with their two operands they fit into 16 registers
VECTOR_BYTES = (16, 32, 64)  # LLVM takes them all; the fastest is the machine's own
LOOPS = 100_000_000  # of vectors of 16 bytes: about 0.1 s
LANE = ir.IntType(32)


def fma_kernel(vector_bytes):
    """Build run(loops, a, c): `loops` times x ← a x + c, for CHAINS vectors x that stay in registers."""
    lanes = vector_bytes // 4
    vector = ir.VectorType(ir.FloatType(), lanes)

    def spread(builder, scalar):
        filled = vector(ir.Undefined)
        for lane in range(lanes):
            filled = builder.insert_element(filled, scalar, LANE(lane))
        return filled

    @intrinsic
    def chains(typing, loops, a, c):
        def generate(context, builder, signature, arguments):
            loops, a, c = arguments[0], spread(builder, arguments[1]), spread(builder, arguments[2])
            fma_type = ir.FunctionType(vector, [vector] * 3)
            fma = cgutils.get_or_insert_function(builder.module, fma_type, f"llvm.fma.v{lanes}f32")
            X = [cgutils.alloca_once_value(builder, vector([float(i)] * lanes)) for i in range(CHAINS)]
            with cgutils.for_range(builder, loops):
                for x in X:
                    builder.store(builder.call(fma, [a, builder.load(x), c]), x)
            total = builder.load(X[0])
            for x in X[1:]:
                total = builder.fadd(total, builder.load(x))  # or LLVM would drop the chain
            return builder.extract_element(total, LANE(0))

        return numba.float32(numba.intp, numba.float32, numba.float32), generate

    @numba.njit("float32(intp, float32, float32)", nogil=True)
    def run(loops, a, c):
        return chains(loops, a, c)

    return run


def flops(loops, vector_bytes):
    return 2 * loops * CHAINS * vector_bytes // 4


def peak(threads):
    """Build run(), which keeps all threads busy and returns the number of operations that they did."""
    kernels = {size: fma_kernel(size) for size in VECTOR_BYTES}

    def seconds(size):
        begin = time.perf_counter()
        kernels[size](LOOPS // 10, 0.5, 0.5)
        return time.perf_counter() - begin

    size = max(VECTOR_BYTES, key=lambda size: size / min(seconds(size) for _ in range(3)))
    loops = LOOPS * min(VECTOR_BYTES) // size
    team = ThreadPoolExecutor(threads)

    def run():
        list(team.map(lambda _: kernels[size](loops, 0.5, 0.5), range(threads)))
        return threads * flops(loops, size)

    return run
