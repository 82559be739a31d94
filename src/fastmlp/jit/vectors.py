"""Vectors in LLVM IR: loaded, stored, summed in loops that keep the sums in registers, and rows of whole vectors.

Nothing here checks bounds: the callers do.
"""

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from .compile import VECTOR_BYTES, kernel
from .intrinsics import INT32, INT64, array_pointer, declared

NUMBER_BYTES = {ir.FloatType(): 4, ir.DoubleType(): 8, INT32: 4}


@kernel
def lanes_of(A):
    """Return how many numbers of A's dtype a vector holds."""
    return VECTOR_BYTES // A.itemsize


def vector_of(context, dtype):
    """Return LLVM's type of a vector of numbers."""
    return ir.VectorType(context.get_data_type(dtype), VECTOR_BYTES // (dtype.bitwidth // 8))


def unpacked(context, builder, matrix_type, matrix):
    """Return of a tuple (data, offset, ld) the address of data, that of the number at offset, and ld."""
    data, offset, ld = (builder.extract_value(matrix, n) for n in range(3))
    base = array_pointer(context, builder, matrix_type[0], data)
    return base, builder.gep(base, [offset]), ld


def load(builder, pointer, offset, kind):
    """Load the vector `offset` numbers behind `pointer`, aligned as its numbers are."""
    place = builder.bitcast(builder.gep(pointer, [offset]), kind.as_pointer())
    return builder.load(place, align=NUMBER_BYTES[kind.element])


def store(builder, vector, pointer, offset):
    """Store a vector `offset` numbers behind `pointer`, aligned as its numbers are."""
    place = builder.bitcast(builder.gep(pointer, [offset]), vector.type.as_pointer())
    builder.store(vector, place, align=NUMBER_BYTES[vector.type.element])


def in_every_lane(builder, number, kind):
    """Return a vector that holds `number` in every lane."""
    undefined = ir.Constant(kind, ir.Undefined)
    vector = builder.insert_element(undefined, number, INT32(0))
    return builder.shuffle_vector(vector, undefined, ir.Constant(ir.VectorType(INT32, kind.count), [0] * kind.count))


def spread(builder, pointer, offset, kind):
    """Load the number `offset` numbers behind `pointer` into every lane of a vector."""
    return in_every_lane(builder, builder.load(builder.gep(pointer, [offset])), kind)


def multiply_add(builder, kind):
    """Return LLVM's function of three vectors, a b + c, rounded once."""
    return declared(builder, f"llvm.fma.v{kind.count}f{8 * NUMBER_BYTES[kind.element]}", kind, [kind] * 3)


def sums_over_k(builder, first, K, products):
    """Build `sums = products(k, sums)` for k = 0 … K-1, from the vectors `first` on; returns the sums.

    Two k in each turn of the loop, which halves the arithmetic on addresses, and one more k if K is odd.
    """
    pairs = builder.and_(K, INT64(-2))
    sums = loop_over_k(builder, first, INT64(0), pairs, 2, products)
    return loop_over_k(builder, sums, pairs, K, 1, products)


def loop_over_k(builder, first, begin, end, stride, products):
    """Build the loop over k = begin, begin + stride, … below `end`, of `stride` products each; returns the sums."""
    before = builder.block
    loop, done = builder.append_basic_block("over_k"), builder.append_basic_block("summed")
    builder.cbranch(builder.icmp_signed("<", begin, end), loop, done)
    builder.position_at_end(loop)
    k = builder.phi(INT64)
    sums = {ij: builder.phi(vector.type) for ij, vector in first.items()}
    new = sums
    for after in range(stride):
        new = products(builder.add(k, INT64(after)), new)
    next_k = builder.add(k, INT64(stride))
    turned = builder.block  # `loop` itself, unless products have loops in them
    k.add_incoming(begin, before)
    k.add_incoming(next_k, turned)
    for ij, phi in sums.items():
        phi.add_incoming(first[ij], before)
        phi.add_incoming(new[ij], turned)
    builder.cbranch(builder.icmp_signed("<", next_k, end), loop, done)
    builder.position_at_end(done)
    results = {ij: builder.phi(vector.type) for ij, vector in first.items()}
    for ij, phi in results.items():
        phi.add_incoming(first[ij], before)
        phi.add_incoming(new[ij], turned)
    return results


# Over a row that is padded to whole vectors: its largest number, its sum, and operations on all its numbers.


def larger(builder, a, b):
    """Return the larger number in each lane. A NaN may get lost here, but not in the sum that follows."""
    return builder.select(builder.fcmp_ordered(">", a, b), a, b)


def folded(builder, vector, combine):
    """Return all numbers of a vector combined: its upper half with its lower one, and so on."""
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
    """Build a change of a row, as in `reduction`: each x = operation(x, number), in/out."""

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
