"""Phase 2 of a step for lookups: their rows of W[1], by columns, of which each thread has its own.

Rows of bins and of few codes are updated in each step, as if they were inputs like others. Rows of many codes (from
layout.first_lazy on) are updated only by a batch that has looked them up: until then, their moments and decay wait.
"""

from ...jit.compile import ZERO, kernel
from ...jit.intrinsics import keep_whole, prefetch_to_write
from ...jit.vectors import lanes_of
from ..arrays import add_cast, copy, fill_zero, share
from ..optimizers import update
from .lookup_gradient import dC_of, gradient_of, position, slot_of, sum_bins_of, sum_codes, summed_code
from .lookups import sum_bins

AHEAD = 2  # codes


@kernel
def take(net, sums, G, place, weight, constants):
    """Take the optimizer's step on a piece of V: G in; θ and moments in/out, from place on."""
    keep_whole()
    group = net.layers[0].W_group
    update(sums.optimizer[group], constants, net.theta, G, sums.moments, place, weight, True)


@kernel
def sum_above(net, lookup, dC, first, last):
    """dV[k] = Σ_{j>k} dC[j] for columns first:last of one column of bins, in the place of dC[k+1], at `dC` in work."""
    keep_whole()
    ld, work = net.layout[0].ld_table, net.work
    for k in range(lookup.size - 1, 0, -1):
        at = dC + k * ld + first
        add_cast(work[at + ld : at + ld + last - first], work[at : at + last - first])


@kernel
def add_chunks(net, lookup, dC, chunks, first, last):
    """Add dC of all other accumulators to that at `dC`, of the first one, in order of chunks: columns first:last."""
    layout, work = net.layout[0], net.work
    for k in range(1, lookup.size + 1):
        target = dC + k * layout.ld_table + first
        for c in range(1, chunks):
            at = target + c * layout.gradient_size
            add_cast(work[at : at + last - first], work[target : target + last - first])


@kernel
def update_bins(net, sums, m, slot, chunks, first, last, weight, constants):
    """Take the step on columns first:last of V for all columns of bins, and make their C, one column after the other.

    dC is summed over the m rows in the buffers, or the accumulators of chunks, which are destroyed.
    """
    keep_whole()
    layout, p, size = net.layout[0], net.layers[0].p_out, last - first
    for l in range(layout.n_bins):
        lookup = net.lookups[l]
        if m > 0:
            dC = dC_of(layout, net.lookups[0], ZERO)  # the same place for all: it stays in the cache
            sum_bins_of(net, ZERO, m, l, slot, dC, first, last, m > 0)
        else:
            dC = dC_of(layout, lookup, ZERO)
            add_chunks(net, lookup, dC, chunks, first, last)
        sum_above(net, lookup, dC, first, last)
        whole = size == p and p == layout.ld_table  # one piece
        for k in range(1 if whole else lookup.size):
            at = dC + (k + 1) * layout.ld_table + first
            G = net.work[at : at + (lookup.size * p if whole else size)]
            take(net, sums, G, lookup.W + k * p + first, weight, constants)
        sum_bins(net, lookup, first, last)


@kernel
def update_code(net, sums, code, at, first, last, weight, constants):
    """Take the step on columns first:last of a code's row, whose gradient lies at `at` in work (NOWHERE: it is 0)."""
    begin = net.layers[0].zeros if at < 0 else at
    place = net.layout[0].codes + code * net.layers[0].p_out + first
    take(net, sums, net.work[begin + first : begin + last], place, weight, constants)


@kernel
def look_ahead(net, sums, code, first, last):
    """Prefetch columns first:last of a code's row in θ and moments, which lie anywhere in memory."""
    place, half, lanes = net.layout[0].codes + code * net.layers[0].p_out, len(sums.moments) // 2, lanes_of(net.work)
    for j in range(place + first, place + last, lanes):
        prefetch_to_write(net.theta, j)
        if half > 0:
            prefetch_to_write(sums.moments, j)
            prefetch_to_write(sums.moments, half + j)


@kernel
def update_lazily(net, sums, slot, chunks, first, last, weight, constants):
    """Take the step on columns first:last of those rows of many codes that the batch has looked up."""
    keep_whole()
    layout, touched = net.layout[0], net.touched
    for c in range(chunks):
        begin = slot_of(net, slot + c)
        for t in range(touched[begin]):
            code = touched[begin + 1 + t]
            if t + AHEAD < touched[begin]:
                look_ahead(net, sums, touched[begin + 1 + t + AHEAD], first, last)
            if code < layout.first_lazy:
                continue
            known = False
            for earlier in range(c):
                known |= position(net, slot + earlier, code) >= 0
            if not known:
                at = summed_code(net, code, slot + c, c, chunks - c, first, last)
                update_code(net, sums, code, at, first, last, weight, constants)


@kernel
def update_from_total(thread, job, net, sums, scratch, first, last, weight, constants):
    """Take the step on all lookups whose gradient lies in sums.total: in, out: zero. scratch (p[1]) destroyed.

    Bins go by columns, as C is made of them, and codes by rows: those of many codes whose gradient is 0 are skipped.
    """
    keep_whole()
    layout, total, p = net.layout[0], sums.total, net.layers[0].p_out
    for place in range(layout.V + first, layout.codes, p):
        G, row = scratch[: last - first], total[place : place + last - first]
        copy(row, G)
        fill_zero(row)
        take(net, sums, G, place, weight, constants)
    for l in range(layout.n_bins):
        sum_bins(net, net.lookups[l], first, last)
    begin, end = share(layout.n_codes, 1, thread, job.n_threads)
    for code in range(begin, end):
        place = layout.codes + code * p
        row = total[place : place + p]
        used = code < layout.first_lazy
        for j in range(p):
            used |= row[j] != 0
        if used:
            copy(row, scratch)
            fill_zero(row)
            take(net, sums, scratch, place, weight, constants)


@kernel
def update_lookups(thread, job, net, sums, m, chunks, weight, constants):
    """Take the step on the thread's share of all lookups; m and chunks as in `parameter_update.update_share`.

    Unlike those of other parameters, its shares are columns, so that all threads have as much to do.
    """
    keep_whole()
    layout, p, slot = net.layout[0], net.layers[0].p_out, ZERO
    first, last = share(p, lanes_of(net.work), thread, job.n_threads)
    if m + chunks == 0:
        scratch = net.work[layout.scratch + thread * layout.ld_table :][:p]
        update_from_total(thread, job, net, sums, scratch, first, last, weight, constants)
    elif first < last:
        if m > 0:
            slot, chunks = thread, ZERO + 1
        update_bins(net, sums, m, slot, chunks, first, last, weight, constants)
        if m > 0:
            sum_codes(net, ZERO, m, slot, ZERO, first, last, m > 0)
        for code in range(layout.first_lazy):
            at = summed_code(net, code, slot, ZERO, chunks, first, last)
            update_code(net, sums, code, at, first, last, weight, constants)
        update_lazily(net, sums, slot, chunks, first, last, weight, constants)


@kernel
def fold_lookups(thread, job, net, total, chunks):
    """Add the thread's columns of the lookups' gradient, of all chunks in their order, to total: in/out (|θ|)."""
    keep_whole()
    layout, touched, work, p = net.layout[0], net.touched, net.work, net.layers[0].p_out
    first, last = share(p, lanes_of(net.work), thread, job.n_threads)
    for c in range(chunks):
        for l in range(layout.n_bins):
            lookup = net.lookups[l]
            dC = dC_of(layout, lookup, c)
            sum_above(net, lookup, dC, first, last)
            for k in range(lookup.size):
                G, place = work[dC + (k + 1) * layout.ld_table + first :], lookup.W + k * p + first
                add_cast(G, total[place : place + last - first])
        for t in range(touched[slot_of(net, c)]):
            at, place = gradient_of(layout, c, t) + first, layout.codes + touched[slot_of(net, c) + 1 + t] * p + first
            add_cast(work[at : at + last - first], total[place : place + last - first])
