"""Phase 2 of a step, over ranges of θ: each thread has its own, and together they are all of θ.

A thread sums the gradient of its ranges from what phase 1 left (rows in the buffers, accumulators of chunks, or a
total), takes the optimizer's step there, and refreshes the packed copies of W that products read.
"""

from ..jit.compile import TILE_ROWS, ZERO, kernel
from ..jit.vectors import lanes_of
from .arrays import PACKED, Matrix, add_cast, add_multiple, copy, dot, fill_zero, share
from .backprop import bias_gradient, weight_gradient
from .features.lookup_update import fold_lookups, update_lookups
from .features.lookups import sum_all_bins
from .matmul import COLUMNS, pack_rows, pack_transposed
from .optimizers import step_constants, update

BLOCK_NUMBERS = 4096  # of dW in each of its TILE_ROWS rows, computed and used before the next block


@kernel
def weight_group(layer, work):
    """Return how many rows of W stay together when threads share W."""
    return lanes_of(work) if layer.narrow else TILE_ROWS


@kernel
def pack_weights(layer, net, first, last, transposed):
    """Copy rows first:last of W from θ into the packed copies, that of Wᵀ only if transposed."""
    theta, work = net.theta, net.work
    if layer.narrow:
        copy(theta[layer.W + first : layer.W + last], work[layer.packed + first : layer.packed + last])
        return
    W = Matrix(theta, layer.W, layer.p_out)
    if layer.packed >= 0:
        pack_rows(first, last - first, W, Matrix(work, layer.packed, PACKED), layer.p_in, layer.vectors)
    if transposed and layer.packed_T >= 0:
        pack_transposed(first, last - first, W, Matrix(work, layer.packed_T, PACKED), layer.vectors_in)


@kernel
def pack_biases(layer, net, first, last):
    """Copy b[first:last] from θ to where sums start."""
    if layer.b >= 0:
        copy(net.theta[layer.b + first : layer.b + last], net.work[layer.start + first : layer.start + last])


@kernel
def pack(thread, job, net):
    """Refresh the thread's share of all packed copies."""
    for l in range(len(net.layers)):
        layer = net.layers[l]
        first, last = share(layer.p_in, weight_group(layer, net.work), thread, job.n_threads)
        pack_weights(layer, net, first, last, job.backward)
        first, last = share(layer.p_out, lanes_of(net.work), thread, job.n_threads)
        pack_biases(layer, net, first, last)
        if l == 0 and len(net.lookups) > 0:
            sum_all_bins(net, first, last)


@kernel
def sum_squares(thread, job, net, squares):
    """Σ W² of the thread's share: squares out, one sum for each group of rows that `weight_group` keeps together."""
    for l in range(len(net.layers)):
        layer = net.layers[l]
        group = weight_group(layer, net.work)
        first, last = share(layer.p_in, group, thread, job.n_threads)
        for k in range(first, last, group):
            W = net.theta[layer.W + k * layer.p_out : layer.W + min(k + group, last) * layer.p_out]
            squares[layer.squares + k // group] = dot(W, W)
    layout, p = net.layout[0], net.layers[0].p_out
    first, last = share(layout.V_rows, TILE_ROWS, thread, job.n_threads)
    for k in range(first, last, TILE_ROWS):
        V = net.theta[layout.V + k * p : layout.V + min(k + TILE_ROWS, last) * p]
        squares[layout.V_squares + k // TILE_ROWS] = dot(V, V)


@kernel
def fold(layout, work, at, total, chunks):
    """total += the numbers at `at` of each accumulator, in order of chunks: total in/out, in float64."""
    for c in range(chunks):
        place = layout.gradient + c * layout.gradient_size + at
        add_cast(work[place : place + len(total)], total)


@kernel
def fold_share(thread, job, net, total, chunks):
    """Add the thread's share of all accumulators to total: in/out (|θ|)."""
    layout, work = net.layout[0], net.work
    for l in range(len(net.layers)):
        layer = net.layers[l]
        p = layer.p_out
        first, last = share(layer.p_in, weight_group(layer, work), thread, job.n_threads)
        if layer.narrow:
            fold(layout, work, layer.dW + first, total[layer.W + first : layer.W + last], chunks)
        else:
            for k in range(first, last):
                row = total[layer.W + k * p : layer.W + (k + 1) * p]
                fold(layout, work, layer.dW + k * layer.ld_dW, row, chunks)
        if layer.b >= 0:
            first, last = share(p, lanes_of(work), thread, job.n_threads)
            fold(layout, work, layer.db + first, total[layer.b + first : layer.b + last], chunks)
    if len(net.lookups) > 0:
        fold_lookups(thread, job, net, total, chunks)


@kernel
def take_total(total, G):
    """Move float64 sums to where the optimizer looks for them: total in, out: zero; G out."""
    copy(total, G)
    fill_zero(total)


@kernel
def add_accumulators(layout, work, at, size, chunks):
    """Add all other accumulators to the first, in order of chunks: `size` numbers at `at`, in the net's dtype."""
    one = work.dtype.type(1)
    target = work[layout.gradient + at : layout.gradient + at + size]
    for c in range(1, chunks):
        place = layout.gradient + c * layout.gradient_size + at
        add_multiple(one, work[place : place + size], target)


@kernel
def update_rows(net, sums, layer, m, chunks, weight, constants, first, last, columns):
    """Sum rows first:last of dW, and take the optimizer's step on those of W; m and chunks as in `update_share`."""
    work, layout = net.work, net.layout[0]
    begin, end = layer.dW + first * layer.ld_dW, layer.dW + last * layer.ld_dW
    if m > 0:  # below, m > 0 is True without being a literal
        weight_gradient(layer, work, ZERO, m, first, last, layout.gradient, m > 0, columns)
    elif chunks > 0:
        add_accumulators(layout, work, begin, end - begin, chunks)
    if layer.ld_dW == layer.p_out:  # no padding: the rows are one piece
        size, count = end - begin, 1
    else:
        size, count = layer.p_out, last - first
    for i in range(count):
        at = layout.gradient + begin + i * layer.ld_dW
        place = layer.W + first * layer.p_out + i * size
        G = work[at : at + size]
        if m + chunks == 0:
            take_total(sums.total[place : place + size], G)
        update(sums.optimizer[layer.W_group], constants, net.theta, G, sums.moments, place, weight, True)


@kernel
def update_biases(net, sums, layer, m, chunks, weight, constants, first, last):
    """Sum db[first:last], and take the optimizer's step on b[first:last]; m and chunks as in `update_share`."""
    work, layout = net.work, net.layout[0]
    at, place, size = layer.db + first, layer.b + first, last - first
    G = work[layout.gradient + at : layout.gradient + at + size]
    if m > 0:  # below, m > 0 is True without being a literal
        bias_gradient(layer, work, ZERO, m, first, last, layout.gradient, m > 0)
    elif chunks > 0:
        add_accumulators(layout, work, at, size, chunks)
    else:
        take_total(sums.total[place : place + size], G)
    update(sums.optimizer[layer.b_group], constants, net.theta, G, sums.moments, place, weight, False)


@kernel
def update_share(thread, job, net, sums, m, chunks, weight, t):
    """Take step t on the thread's ranges of θ: sum their gradient, update them, and refresh their packed copies.

    The gradient is summed over the m rows in the buffers, or over the accumulators of `chunks` chunks; if both are 0,
    it lies in sums.total. θ and moments in/out, accumulators and total destroyed.
    """
    columns = net.layout[0].columns + thread * m * COLUMNS
    group = ZERO
    constants = step_constants(sums.optimizer[group], t)
    for l in range(len(net.layers)):
        layer = net.layers[l]
        if layer.W_group != group:
            group = layer.W_group
            constants = step_constants(sums.optimizer[group], t)
        first, last = share(layer.p_in, weight_group(layer, net.work), thread, job.n_threads)
        block = max(BLOCK_NUMBERS // layer.ld_dW, 1) * TILE_ROWS
        for k in range(first, last, block):
            update_rows(net, sums, layer, m, chunks, weight, constants, k, min(k + block, last), columns)
        pack_weights(layer, net, first, last, job.backward)
        if l == 0 and len(net.lookups) > 0:
            update_lookups(thread, job, net, sums, m, chunks, weight, constants)
        if layer.b >= 0:
            first, last = share(layer.p_out, lanes_of(net.work), thread, job.n_threads)
            if layer.b_group != group:
                group = layer.b_group
                constants = step_constants(sums.optimizer[group], t)
            if first < last:
                update_biases(net, sums, layer, m, chunks, weight, constants, first, last)
                pack_biases(layer, net, first, last)
