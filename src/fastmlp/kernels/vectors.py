"""Vectors in LLVM IR: loaded, stored, and summed in loops that keep the sums in registers.

Nothing here checks bounds: the callers do.
"""

from llvmlite import ir

from .compile import VECTOR_BYTES, kernel
from .llvm import INT32, INT64, declared

NUMBER_BYTES = {ir.FloatType(): 4, ir.DoubleType(): 8}


@kernel
def lanes_of(A):
    """Numbers per vector in A's dtype."""
    return VECTOR_BYTES // A.itemsize


def vector_of(context, dtype):
    """LLVM's type of a vector of numbers."""
    return ir.VectorType(context.get_data_type(dtype), VECTOR_BYTES // (dtype.bitwidth // 8))


def load(builder, pointer, offset, kind):
    """The vector `offset` numbers behind `pointer`, aligned as its numbers are."""
    place = builder.bitcast(builder.gep(pointer, [offset]), kind.as_pointer())
    return builder.load(place, align=NUMBER_BYTES[kind.element])


def store(builder, vector, pointer, offset):
    """Store it there."""
    place = builder.bitcast(builder.gep(pointer, [offset]), vector.type.as_pointer())
    builder.store(vector, place, align=NUMBER_BYTES[vector.type.element])


def in_every_lane(builder, number, kind):
    """A vector of the same number."""
    undefined = ir.Constant(kind, ir.Undefined)
    vector = builder.insert_element(undefined, number, INT32(0))
    return builder.shuffle_vector(vector, undefined, ir.Constant(ir.VectorType(INT32, kind.count), [0] * kind.count))


def spread(builder, pointer, offset, kind):
    """The number there, in every lane of a vector."""
    return in_every_lane(builder, builder.load(builder.gep(pointer, [offset])), kind)


def multiply_add(builder, kind):
    """LLVM's function of three vectors, a b + c, rounded once."""
    return declared(builder, f"llvm.fma.v{kind.count}f{8 * NUMBER_BYTES[kind.element]}", kind, [kind] * 3)


def sums_over_k(builder, first, K, products):
    """Build `sums = products(k, sums)` for k = 0 … K-1, from the vectors `first` on; returns the sums.

    In steps of two, which need what addresses have in common half as often, and one more where K is odd.
    """
    pairs = builder.and_(K, INT64(-2))
    sums = loop_over_k(builder, first, INT64(0), pairs, 2, products)
    return loop_over_k(builder, sums, pairs, K, 1, products)


def loop_over_k(builder, first, begin, end, step, products):
    """Build the loop over k = begin, begin + step, … below `end`, of `step` products each; returns the sums."""
    before = builder.block
    loop, done = builder.append_basic_block("over_k"), builder.append_basic_block("summed")
    builder.cbranch(builder.icmp_signed("<", begin, end), loop, done)
    builder.position_at_end(loop)
    k = builder.phi(INT64)
    sums = {ij: builder.phi(vector.type) for ij, vector in first.items()}
    new = sums
    for after in range(step):
        new = products(builder.add(k, INT64(after)), new)
    next_k = builder.add(k, INT64(step))
    k.add_incoming(begin, before)
    k.add_incoming(next_k, loop)
    for ij, phi in sums.items():
        phi.add_incoming(first[ij], before)
        phi.add_incoming(new[ij], loop)
    builder.cbranch(builder.icmp_signed("<", next_k, end), loop, done)
    builder.position_at_end(done)
    results = {ij: builder.phi(vector.type) for ij, vector in first.items()}
    for ij, phi in results.items():
        phi.add_incoming(first[ij], before)
        phi.add_incoming(new[ij], loop)
    return results
