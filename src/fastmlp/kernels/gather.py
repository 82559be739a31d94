"""The only kernels that see the user's rows: from any address, stride and float type into a tile.

A[0] = (X - shift) factor, where the net has a scaling, else X.
"""

import numpy as np

from .compile import kernel, sum_kernel
from .llvm import copy_memory, keep_whole, prefetch, read_float32, read_float64, read_uint8
from .shuffle import permuted

CACHE_LINE, AHEAD = 64, 12  # bytes; rows


@kernel
def row_at(i, order, permutations):
    """Row at position i: through the explicit `order`, if there is one, then through each permutation."""
    if len(order) > 0:
        i = order[i]
    return permuted(i, permutations)


@kernel
def gather_x(rows, i, target):
    """A[0] = row i of X, cast: target out (p[0])."""
    address = rows.X + i * rows.X_row_stride
    stride = rows.X_column_stride
    itemsize = 8 if rows.X_is_float64 else 4
    if stride == itemsize == target.itemsize:
        copy_memory(address, target)
    elif rows.X_is_float64:
        for k in range(len(target)):
            target[k] = read_float64(address, stride * k)
    else:
        for k in range(len(target)):
            target[k] = read_float32(address, stride * k)


@kernel
def gather_scaled_x(rows, i, scaling, target):
    """A[0] = (row i of X - shift) factor in float64, then cast: target out (p[0]), scaling in (2, p[0])."""
    address = rows.X + i * rows.X_row_stride
    stride = rows.X_column_stride
    shift, factor = scaling[0], scaling[1]
    if rows.X_is_float64:
        for k in range(len(target)):
            target[k] = (read_float64(address, stride * k) - shift[k]) * factor[k]
    else:
        for k in range(len(target)):
            target[k] = (read_float32(address, stride * k) - shift[k]) * factor[k]


@kernel
def weight_of(rows, i):
    """Weight of row i in float64; 1 where there are no weights."""
    if rows.w == 0:
        return 1.0
    if rows.w_is_float64:
        return read_float64(rows.w, i * rows.w_stride)
    return np.float64(read_float32(rows.w, i * rows.w_stride))


@kernel
def prefetch_row(rows, i, p):
    """Bring row i nearer: in random order each row is a miss of several cache lines."""
    address = rows.X + i * rows.X_row_stride
    if rows.X_column_stride <= 8:
        for byte in range(0, p * rows.X_column_stride, CACHE_LINE):
            prefetch(address + byte)
        prefetch(address + p * rows.X_column_stride - 1)
    if rows.Y != 0:
        prefetch(rows.Y + i * rows.Y_row_stride)


@sum_kernel
def all_finite(x):
    """Is no number of x NaN or ±inf? For those, and for no other, 0 x is not 0."""
    zero, total = x.dtype.type(0), x.dtype.type(0)
    for k in range(len(x)):
        total += zero * x[k]
    return total == zero


@kernel
def gather_rows(source, first, m, layers, layout, work, row):
    """Rows at the positions first … first+m-1 into the buffers from `row` on: A[0], Y and w out.

    Returns the first row whose numbers are not all finite, else -1.
    """
    keep_whole()
    rows, scaling = source.rows[0], source.scaling
    p, ld, A = layers[0].p_in, layers[0].ld_in, layers[0].A_in
    K = layers[len(layers) - 1].p_out
    shuffled = len(source.order) > 0 or len(source.permutations) > 0
    for i in range(m):
        r = row_at(first + i, source.order, source.permutations)
        if shuffled and i + AHEAD < m:
            prefetch_row(rows, row_at(first + i + AHEAD, source.order, source.permutations), p)
        a = A + (row + i) * ld
        target = work[a : a + p]
        if len(scaling) > 0:
            gather_scaled_x(rows, r, scaling, target)
        else:
            gather_x(rows, r, target)
        if rows.Y != 0:
            for k in range(K):
                work[layout.Y + (row + i) * K + k] = read_uint8(rows.Y, r * rows.Y_row_stride + k)
            work[layout.w + row + i] = weight_of(rows, r)
    if all_finite(work[A + row * ld : A + (row + m) * ld]):
        return -1
    for i in range(m):
        a = A + (row + i) * ld
        if not all_finite(work[a : a + p]):
            return row_at(first + i, source.order, source.permutations)
    return -1
