"""Phase 2 of a step, over ranges of θ: each thread has its own, and together they are all of θ.

A thread sums the gradient of its ranges from what phase 1 left (rows in the buffers, accumulators of chunks, or a
total), takes the optimizer's step there, and refreshes the packed copies of W that products read.
"""

from ..jit.compile import TILE_ROWS, ZERO, kernel
from .arrays import add_cast, add_multiple, copy, dot, fill_zero, share
from .features.passes import fold_lookups, sum_all_bins, update_lookups
from .optimizers import step_constants, update
from .packing import pack_biases
from .passes import bias_gradient, pack_weights, scratch_of_thread, weight_gradient

BLOCK_NUMBERS = 4096 * TILE_ROWS  # of dW, computed and used before the next block


@kernel
def pack(thread, job, net):
    """Refresh the thread's share of all packed copies."""
    for l in range(len(net.layers)):
        layer = net.layers[l]
        first, last = share(layer.p_in, layer.W_together, thread, job.n_threads)
        pack_weights(net, l, first, last, job.backward, thread)
        first, last = share(layer.p_out, layer.b_together, thread, job.n_threads)
        pack_biases(layer, net, first, last)
        if l == 0 and len(net.lookups) > 0:
            sum_all_bins(net, first, last)


@kernel
def sum_squares(thread, job, net, squares):
    """Σ W² of the thread's share: squares out, one sum for each group of rows that stay together."""
    for l in range(len(net.layers)):
        layer = net.layers[l]
        group = layer.W_together
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
        first, last = share(layer.p_in, layer.W_together, thread, job.n_threads)
        if layer.narrow:
            fold(layout, work, layer.dW + first, total[layer.W + first : layer.W + last], chunks)
        else:
            for k in range(first, last):
                row = total[layer.W + k * p : layer.W + (k + 1) * p]
                fold(layout, work, layer.dW + k * layer.ld_dW, row, chunks)
        if layer.b >= 0:
            first, last = share(p, layer.b_together, thread, job.n_threads)
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
def update_rows(net, sums, l, m, chunks, weight, constants, first, last, scratch):
    """Sum rows first:last of dW, and take the optimizer's step on those of W; m and chunks as in `update_share`."""
    layer, work, layout = net.layers[l], net.work, net.layout[0]
    begin, end = layer.dW + first * layer.ld_dW, layer.dW + last * layer.ld_dW
    if m > 0:  # below, m > 0 is True without being a literal
        weight_gradient(net, l, ZERO, m, first, last, layout.gradient, m > 0, scratch)
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
def update_biases(net, sums, l, m, chunks, weight, constants, first, last, scratch):
    """Sum db[first:last], and take the optimizer's step on b[first:last]; m and chunks as in `update_share`."""
    layer, work, layout = net.layers[l], net.work, net.layout[0]
    at, place, size = layer.db + first, layer.b + first, last - first
    G = work[layout.gradient + at : layout.gradient + at + size]
    if m > 0:  # below, m > 0 is True without being a literal
        bias_gradient(net, l, ZERO, m, first, last, layout.gradient, m > 0, scratch)
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
    scratch = scratch_of_thread(net, thread, m)
    group = ZERO
    constants = step_constants(sums.optimizer[group], t)
    for l in range(len(net.layers)):
        layer = net.layers[l]
        if layer.W_group != group:
            group = layer.W_group
            constants = step_constants(sums.optimizer[group], t)
        first, last = share(layer.p_in, layer.W_together, thread, job.n_threads)
        block = max(BLOCK_NUMBERS // (layer.ld_dW * layer.W_together), 1) * layer.W_together
        for k in range(first, last, block):
            end = min(k + block, last)
            update_rows(net, sums, l, m, chunks, weight, constants, k, end, scratch)
            pack_weights(net, l, k, end, job.backward, thread)  # while these rows of θ are in the cache
        if l == 0 and len(net.lookups) > 0:
            update_lookups(thread, job, net, sums, m, chunks, weight, constants)
        if layer.b >= 0:
            first, last = share(layer.p_out, layer.b_together, thread, job.n_threads)
            if layer.b_group != group:
                group = layer.b_group
                constants = step_constants(sums.optimizer[group], t)
            if first < last:
                update_biases(net, sums, l, m, chunks, weight, constants, first, last, scratch)
                pack_biases(layer, net, first, last)
