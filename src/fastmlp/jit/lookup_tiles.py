"""Tiles of lookups, in LLVM IR: pieces of rows between two rows of a table, read or summed with sums in registers.

Nothing here checks bounds: the callers in kernels/features/ do.
"""

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from .intrinsics import INT64, array_pointer
from .vectors import in_every_lane, load, multiply_add, spread, store, sums_over_k, unpacked, vector_of


def number_at(builder, pointer, offset):
    """Load the number `offset` numbers behind `pointer`."""
    return builder.load(builder.gep(pointer, [offset]))


def read_between(vectors):
    """Build a sum of what one row looks up, for `vectors` vectors of columns.

    Z = start + Σ_k (1 - f_k) C[i_k] + f_k C[i_k + 1] for k = 0 … n-1: i_k in found, from at_found on; C is (data,
    offset, ld); f, start and Z are offsets in its data.
    """

    @intrinsic
    def tile(typing, n, found, at_found, f, C, start, Z):
        def generate(context, builder, signature, arguments):
            kind = vector_of(context, C[0].dtype)
            n, found, at_found, f, _, start, Z = arguments
            data, c, ld = unpacked(context, builder, signature.args[4], arguments[4])
            indices = builder.gep(array_pointer(context, builder, signature.args[1], found), [at_found])
            weights, start, z = (builder.gep(data, [at]) for at in (f, start, Z))
            fma, one = multiply_add(builder, kind), ir.Constant(kind, [1.0] * kind.count)
            columns = [INT64(j * kind.count) for j in range(vectors)]
            first = {j: load(builder, start, column, kind) for j, column in enumerate(columns)}

            def lookup(k, sums):
                lower = builder.mul(number_at(builder, indices, k), ld)
                upper = builder.add(lower, ld)
                weight = spread(builder, weights, k, kind)
                rest, new = builder.fsub(one, weight), {}
                for j, column in enumerate(columns):
                    below, above = (load(builder, c, builder.add(row, column), kind) for row in (lower, upper))
                    new[j] = builder.call(fma, [weight, above, builder.call(fma, [rest, below, sums[j]])])
                return new

            sums = sums_over_k(builder, first, n, lookup)
            for j, column in enumerate(columns):
                store(builder, sums[j], z, column)
            return context.get_dummy_value()

        size = types.intp
        return types.void(size, found, size, size, C, size, size), generate

    return tile


def add_between(vectors):
    """Build the sum of rows that lie in one bin, for `vectors` vectors of columns.

    lower += Σ_i (1 - f_i) A[i], upper += Σ_i f_i A[i] for the `count` rows i in order, from at_order on; f_i lies
    i stride behind f. A is (data, offset, ld); f, lower and upper are offsets in its data.
    """

    @intrinsic
    def tile(typing, count, order, at_order, f, stride, A, lower, upper):
        def generate(context, builder, signature, arguments):
            kind = vector_of(context, A[0].dtype)
            count, order, at_order, f, stride, _, lower, upper = arguments
            data, a, ld = unpacked(context, builder, signature.args[5], arguments[5])
            rows = builder.gep(array_pointer(context, builder, signature.args[1], order), [at_order])
            weights, lower, upper = (builder.gep(data, [at]) for at in (f, lower, upper))
            fma, one = multiply_add(builder, kind), ir.Constant(kind, [1.0] * kind.count)
            columns = [INT64(j * kind.count) for j in range(vectors)]
            first = {}
            for j, column in enumerate(columns):
                first["lower", j] = load(builder, lower, column, kind)
                first["upper", j] = load(builder, upper, column, kind)

            def row(k, sums):
                i = number_at(builder, rows, k)
                weight = in_every_lane(builder, number_at(builder, weights, builder.mul(i, stride)), kind)
                rest, at, new = builder.fsub(one, weight), builder.mul(i, ld), {}
                for j, column in enumerate(columns):
                    value = load(builder, a, builder.add(at, column), kind)
                    new["lower", j] = builder.call(fma, [rest, value, sums["lower", j]])
                    new["upper", j] = builder.call(fma, [weight, value, sums["upper", j]])
                return new

            sums = sums_over_k(builder, first, count, row)
            for j, column in enumerate(columns):
                store(builder, sums["lower", j], lower, column)
                store(builder, sums["upper", j], upper, column)
            return context.get_dummy_value()

        size = types.intp
        return types.void(size, order, size, size, size, A, size, size), generate

    return tile
