"""The only kernels that see the user's rows: from any address, stride and float type into a tile.

A[0] = (X - shift) factor, where the net has a scaling, else X.
"""

import numpy as np

from .compile import kernel, sum_kernel
from .llvm import copy_memory, keep_whole, prefetch, read_float32, read_float64, read_uint8
from .shuffle import permuted

CACHE_LINE, AHEAD = 64, 12  # bytes; rows


@kernel
def find_rows(source, first, index):
    """Rows at the positions first, first+1, …: through the explicit order, if any, then through each permutation.

    index out (m).
    """
    order, permutations = source.order, source.permutations
    for i in range(len(index)):
        position = first + i
        if len(order) > 0:
            position = order[position]
        index[i] = permuted(position, permutations)


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
    elif stride == 4:  # a constant stride lets LLVM read whole vectors
        for k in range(len(target)):
            target[k] = (read_float32(address, 4 * k) - shift[k]) * factor[k]
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
def gather_targets(rows, r, K, Y, w):
    """Y (K) and w (1) of row r: out."""
    for k in range(K):
        Y[k] = read_uint8(rows.Y, r * rows.Y_row_stride + k)
    w[0] = weight_of(rows, r)


@kernel
def gather_rows(source, first, m, net, row):
    """Rows at the positions first … first+m-1 into the buffers from `row` on: A[0], Y and w out.

    Returns the first row whose numbers are not all finite, else -1.
    """
    keep_whole()
    rows, scaling, work, layout = source.rows[0], source.scaling, net.work, net.layout[0]
    p, ld, K = net.layers[0].p_in, net.layers[0].ld_in, net.layers[len(net.layers) - 1].p_out
    A = net.layers[0].A_in + row * ld
    Y, w = layout.Y + row * K, layout.w + row
    index = net.index[row : row + m]
    find_rows(source, first, index)
    shuffled = len(source.order) > 0 or len(source.permutations) > 0
    for i in range(m):
        if shuffled and i + AHEAD < m:
            prefetch_row(rows, index[i + AHEAD], p)
        target = work[A + i * ld : A + i * ld + p]
        if len(scaling) > 0:
            gather_scaled_x(rows, index[i], scaling, target)
        else:
            gather_x(rows, index[i], target)
        if rows.Y != 0:
            gather_targets(rows, index[i], K, work[Y + i * K : Y + (i + 1) * K], work[w + i : w + i + 1])
    if all_finite(work[A : A + m * ld]):
        return np.intp(-1)
    for i in range(m):
        if not all_finite(work[A + i * ld : A + i * ld + p]):
            return index[i]
    return np.intp(-1)
