"""A row of A that is padded to whole vectors: its largest number, its sum, and all its numbers changed by one.

Nothing here checks bounds: the callers do.
"""

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from .llvm import INT32, INT64, array_pointer
from .vectors import in_every_lane, load, loop_over_k, store, vector_of


def larger(builder, a, b):
    """The larger number in each lane. A NaN may get lost, but not in the sum that follows."""
    return builder.select(builder.fcmp_ordered(">", a, b), a, b)


def folded(builder, vector, combine):
    """All numbers of a vector combined, its upper half with its lower one, and so on."""
    count = vector.type.count
    while count > 1:
        count //= 2
        lower, upper = (
            builder.shuffle_vector(vector, vector, ir.Constant(ir.VectorType(INT32, count), list(range(k, k + count))))
            for k in (0, count)
        )
        vector = combine(builder, lower, upper)
    return builder.extract_element(vector, INT32(0))


def reduction(combine):
    """Build the reduction of a row, the `vectors` vectors of A from `at` on, to one number."""

    @intrinsic
    def reduce(typing, A, at, vectors):
        def generate(context, builder, signature, arguments):
            kind = vector_of(context, A.dtype)
            place = builder.gep(array_pointer(context, builder, signature.args[0], arguments[0]), [arguments[1]])
            first = {0: load(builder, place, INT64(0), kind)}

            def next_vector(k, so_far):
                offset = builder.mul(k, INT64(kind.count))
                return {0: combine(builder, so_far[0], load(builder, place, offset, kind))}

            return folded(builder, loop_over_k(builder, first, INT64(1), arguments[2], 1, next_vector)[0], combine)

        return A.dtype(A, types.intp, types.intp), generate

    return reduce


def change(operation):
    """Build, for a row as in `reduction`: each of its numbers = operation(it, number); in/out."""

    @intrinsic
    def apply(typing, A, at, vectors, number):
        def generate(context, builder, signature, arguments):
            kind = vector_of(context, A.dtype)
            place = builder.gep(array_pointer(context, builder, signature.args[0], arguments[0]), [arguments[1]])
            operand = in_every_lane(builder, arguments[3], kind)

            def next_vector(k, nothing):
                offset = builder.mul(k, INT64(kind.count))
                store(builder, operation(builder, load(builder, place, offset, kind), operand), place, offset)
                return {}

            loop_over_k(builder, {}, INT64(0), arguments[2], 1, next_vector)
            return context.get_dummy_value()

        return types.void(A, types.intp, types.intp, A.dtype), generate

    return apply


largest_of = reduction(larger)
sum_of = reduction(lambda builder, a, b: builder.fadd(a, b))
subtract = change(lambda builder, a, b: builder.fsub(a, b))
multiply_by = change(lambda builder, a, b: builder.fmul(a, b))
divide_by = change(lambda builder, a, b: builder.fdiv(a, b))
