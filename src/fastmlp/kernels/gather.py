"""The only kernels that see the user's rows: from any address, stride and float type into a tile.

A[0] = (X - shift) factor, where the net has a scaling, else X; or what features make of X, see features.py.
"""

import numpy as np

from ..jit.compile import NOWHERE, VECTOR_BYTES, ZERO, kernel, sum_kernel
from ..jit.intrinsics import keep_whole, prefetch, read_float32, read_float64, read_int32, read_uint8, read_vector
from .arrays import Matrix, fill_zero, part, row_of
from .features.passes import find_lookups, make_features
from .records import FLOAT32, FLOAT64, INT32
from .shuffle import permute

CACHE_LINE, AHEAD = 64, 12  # bytes; rows


@kernel
def find_rows(source, first, index):
    """Find the rows at the positions first, first+1, …: index out (m).

    Positions go through each permutation, then through the explicit order, if there is one.
    """
    order = source.order
    for i in range(len(index)):
        index[i] = first + i
    permute(index, source.permutations)
    if len(order) > 0:
        for i in range(len(index)):
            index[i] = order[index[i]]


@kernel
def places(rows, p):
    """Return addresses and row strides of X and Y, and the bytes of a row of X if its numbers are adjacent, else 0.

    They are read once per tile: LLVM cannot know that stores elsewhere leave the record as it is.
    """
    size = p * rows.X_column_stride if rows.X_column_stride <= 8 else 0
    return rows.X, rows.X_row_stride, size, rows.Y, rows.Y_row_stride


@kernel
def look_ahead(place, index, i):
    """Prefetch the row that is read AHEAD rows after row i. It pays for rows in order, too."""
    X, X_row_stride, size, Y, Y_row_stride = place
    if i + AHEAD < len(index):
        row = index[i + AHEAD]
        if size > 0:
            address = X + row * X_row_stride
            for byte in range(0, size, CACHE_LINE):
                prefetch(address + byte)
            prefetch(address + size - 1)
        if Y != 0:
            prefetch(Y + row * Y_row_stride)


@kernel
def gather_vectors(rows, index, A, p):
    """`gather_x` for adjacent numbers in the dtype of A, a vector of them or more; the last two vectors may overlap."""
    place = places(rows, p)
    X, row_stride, itemsize = place[0], place[1], A.data.itemsize
    lanes = VECTOR_BYTES // itemsize
    last = p - lanes
    for i in range(-AHEAD, len(index)):
        look_ahead(place, index, i)
        if i < 0:
            continue
        address, target = X + index[i] * row_stride, A.offset + i * A.ld
        for k in range(0, last, lanes):
            read_vector(address + k * itemsize, A.data, target + k)
        read_vector(address + last * itemsize, A.data, target + last)


@kernel
def gather_x(rows, index, A, p):
    """A[0] = rows of X, cast: A out (m × p)."""
    stride = rows.X_column_stride
    itemsize = 8 if rows.X_is_float64 else 4
    if stride == itemsize == A.data.itemsize and p >= VECTOR_BYTES // itemsize:
        gather_vectors(rows, index, A, p)
        return
    place = places(rows, p)
    X, row_stride = place[0], place[1]
    for i in range(-AHEAD, len(index)):
        look_ahead(place, index, i)
        if i < 0:
            continue
        address = X + index[i] * row_stride
        target = row_of(A, i, p)
        if rows.X_is_float64:
            for k in range(p):
                target[k] = read_float64(address, stride * k)
        else:
            for k in range(p):
                target[k] = read_float32(address, stride * k)


@kernel
def gather_scaled_x(rows, index, scaling, A, p):
    """A[0] = (rows of X - shift) factor in float64, then cast: A out (m × p), scaling in (2, p)."""
    stride, place = rows.X_column_stride, places(rows, p)
    X, row_stride = place[0], place[1]
    shift, factor = scaling[0], scaling[1]
    for i in range(-AHEAD, len(index)):
        look_ahead(place, index, i)
        if i < 0:
            continue
        address = X + index[i] * row_stride
        target = row_of(A, i, p)
        if rows.X_is_float64:
            for k in range(p):
                target[k] = (read_float64(address, stride * k) - shift[k]) * factor[k]
        elif stride == 4:  # a constant stride lets LLVM read whole vectors
            for k in range(p):
                target[k] = (read_float32(address, 4 * k) - shift[k]) * factor[k]
        else:
            for k in range(p):
                target[k] = (read_float32(address, stride * k) - shift[k]) * factor[k]


@kernel
def gather_targets(rows, index, columns, ld, Y, w):
    """Y = targets, w = weights (1 where none are given) of the rows `index`: Y (m × columns, ld; 0 beyond), w (m) out.

    Weights are multiplied in float64, and then rounded.
    """
    m, address, stride, across, kind = len(index), rows.Y, rows.Y_row_stride, rows.Y_column_stride, rows.Y_kind
    if ld > columns:
        fill_zero(Y)
    for i in range(m):
        for k in range(columns):
            place = index[i] * stride + k * across
            if kind == INT32:
                Y[i * ld + k] = read_int32(address, place)
            elif kind == FLOAT32:
                Y[i * ld + k] = read_float32(address, place)
            elif kind == FLOAT64:
                Y[i * ld + k] = read_float64(address, place)
            else:
                Y[i * ld + k] = read_uint8(address, place)
    if rows.w == 0:
        for i in range(m):
            w[i] = 1
    elif rows.w_is_float64:
        for i in range(m):
            w[i] = read_float64(rows.w, index[i] * rows.w_stride) * rows.w_factor
    else:
        for i in range(m):
            w[i] = read_float32(rows.w, index[i] * rows.w_stride) * rows.w_factor


@sum_kernel
def all_finite(x):
    """Return whether all numbers of x (in) are finite: 0 times any other is NaN."""
    zero, total = x.dtype.type(0), x.dtype.type(0)
    for k in range(len(x)):
        total += zero * x[k]
    return total == zero


@kernel
def none_infinite(x):
    """Return whether all numbers of x (in) are finite or NaN."""
    wrong, inf = 0, x.dtype.type(np.inf)
    for k in range(len(x)):
        wrong += 1 if abs(x[k]) == inf else 0
    return wrong == 0


@kernel
def all_targets(Y, least, most):
    """Return whether all numbers of Y (in) are in least … most: the user's memory may have changed since its check."""
    wrong = 0
    for k in range(len(Y)):
        y = Y[k]
        wrong += 0 if least <= y <= most else 1
    return wrong == 0


@kernel
def rows_are_good(net, X, A, m):
    """Return whether the net can compute with m rows: X in (m × q), and A (m × p[0]), which is X without features."""
    good = all_finite(row_of(A, ZERO, m * A.ld))
    return good and (len(net.features) + len(net.lookups) == 0 or none_infinite(row_of(X, ZERO, m * X.ld)))


@kernel
def gather_rows(source, first, m, net, row):
    """Copy the rows at positions first … first+m-1 into the buffers from `row` on: A[0], Y and w out.

    Returns the first row that has a number which is not finite, or a target that the net does not have, or NOWHERE.
    """
    keep_whole()
    rows, scaling, work, layout = source.rows[0], source.scaling, net.work, net.layout[0]
    q, ld_Y, index = layout.q, layout.ld_Y, net.index[row : row + m]
    features = len(net.features) + len(net.lookups) > 0
    A = part(Matrix(work, net.layers[0].A_in, net.layers[0].ld_in), row, ZERO)
    X = part(Matrix(work, layout.X, q if features else A.ld), row, ZERO)
    Y, w = layout.Y + row * ld_Y, layout.w + row
    find_rows(source, first, index)
    if len(scaling) > 0:
        gather_scaled_x(rows, index, scaling, X, q)
    else:
        gather_x(rows, index, X, q)
    if features:
        make_features(net, X, m, A)
        find_lookups(net, X, m, row)
    good, least, most = True, work.dtype.type(layout.least_target), work.dtype.type(layout.most_target)
    if rows.Y != 0:
        gather_targets(rows, index, layout.Y_columns, ld_Y, work[Y : Y + m * ld_Y], work[w : w + m])
        good = all_targets(work[Y : Y + m * ld_Y], least, most)
    if good and rows_are_good(net, X, A, m):
        return NOWHERE
    for i in range(m):
        in_range = rows.Y == 0 or all_targets(work[Y + i * ld_Y : Y + (i + 1) * ld_Y], least, most)
        if not (in_range and rows_are_good(net, part(X, i, ZERO), part(A, i, ZERO), 1)):
            return index[i]
    return NOWHERE
