"""What every thread of a call runs: steps over batches of rows, or predictions over tiles of rows.

A step has two phases with a barrier behind each. Phase 1 goes over rows, phase 2 over ranges of θ:

- a small batch lies whole in shared buffers: phase 1 computes A and dZ for its rows, each thread some of
  them; phase 2 gives each thread ranges of dW, which it sums over all rows of the batch in order.
- a large batch is cut into chunks of rows with an accumulator each: phase 1 takes chunks from a counter
  and sums dW tile by tile; phase 2 adds the accumulators in order of chunks. Beyond MOST_SUM_ROWS rows, or
  more chunks than accumulators, they are added to a total in float64, block by block, with a barrier more.

In both, which thread does what changes no bit of the result. Phase 2 then updates its ranges of θ and
refreshes the packed copies of W.
"""

import numpy as np

from ..jit.atomics import atomic_add, atomic_store
from ..jit.compile import ZERO, entry_point, kernel
from ..jit.intrinsics import flush_to_zero, restore_state
from .arrays import copy, share, total_of
from .backprop import NOWHERE, scratch_of_tile
from .barrier import NEXT, PROGRESS, barrier, report_bad_row, report_bad_z, spread_out, stopped
from .dropout import step_key
from .features.passes import sum_lookups
from .gather import gather_rows
from .loss import apply_link, head
from .parameter_update import fold_share, pack, sum_squares, update_share
from .passes import add_gradients, backward, begin_products, end_products, forward

MOST_SUM_ROWS = 65536  # beyond, a sum in float32 would lose digits


@kernel
def begin(thread, team, net):
    """Spread threads over cores and pack W. Return False to stop."""
    job = team.job[0]
    spread_out(team.flags, job.n_threads)
    pack(thread, job, net)
    return barrier(team.flags, job.n_threads)


@kernel
def tile(team, source, first, m, net, row, loss, key, gradient, fresh):
    """Take the rows at positions first … first+m-1 through the net, forward and, if the job wants it, backward.

    A, dZ (in the buffers from `row` on) and loss (m) out. key: of this step's dropout, 0 for none; gradient and fresh
    as in `backward`. A bad row or z is reported to the team.
    """
    layers, layout, work, job = net.layers, net.layout[0], net.work, team.job[0]
    in_batch = (job.rows_before + first - job.first) % job.batch_rows
    bad = gather_rows(source, first, m, net, row)
    if bad >= 0:
        report_bad_row(team.flags, bad)
        return
    bad = forward(net, row, m, key, in_batch, job.backward)
    if bad < 0:
        head(layers, layout, work, row, m, loss)
        if job.backward:
            bad = backward(net, row, m, key, in_batch, gradient, fresh)
    if bad >= 0:
        report_bad_z(team.flags, bad)


@kernel
def chunk(team, source, first, m, net, row, c, losses, key):
    """Return (Σ loss, Σ w) of the m rows of chunk c; their gradient goes into accumulator c, tile by tile."""
    job, layout, work = team.job[0], net.layout[0], net.work
    gradient = layout.gradient + c * layout.gradient_size
    J, weight = 0.0, 0.0
    scratch = scratch_of_tile(net, row)
    for start in range(0, m, job.tile_rows):
        if stopped(team.flags):
            break
        t = min(job.tile_rows, m - start)
        loss = losses[row : row + t]
        tile(team, source, first + start, t, net, row, loss, key, gradient, start == 0)
        J += total_of(loss)
        weight += total_of(work[layout.w + row : layout.w + row + t])
        if job.backward:
            add_gradients(net, row, t, gradient, start == 0, scratch)
            if len(net.lookups) > 0:
                sum_lookups(net, row, t, c, start == 0)
    return J, weight


@kernel
def small_batch(thread, team, source, first, m, net, losses, key):
    """Phase 1 of a small batch: A and dZ of this thread's rows, out.

    Returns (Σ loss, Σ w) of the whole batch, and whether to go on.
    """
    job, w = team.job[0], net.layout[0].w
    begin, end = share(m, net.layout[0].rows_together, thread, job.n_threads)
    for row in range(begin, end, job.tile_rows):
        if stopped(team.flags):
            break
        t = min(job.tile_rows, end - row)
        tile(team, source, first + row, t, net, row, losses[row : row + t], key, NOWHERE, row == begin)
    if not barrier(team.flags, job.n_threads):
        return 0.0, 0.0, False
    return total_of(losses[:m]), total_of(net.work[w : w + m]), True


@kernel
def take_chunks(thread, team, source, first, m, net, losses, key):
    """Compute chunks of m rows, each by whichever thread is free. Return their number, at most one per accumulator.

    losses out: (Σ loss, Σ w) of each chunk, behind the rows' losses.
    """
    job = team.job[0]
    per_chunk = job.n_threads * job.tile_rows
    chunks = (m + job.chunk_rows - 1) // job.chunk_rows
    while True:
        c = atomic_add(team.flags, NEXT, 1)
        if c >= chunks:
            return chunks
        begin = c * job.chunk_rows
        size = min(job.chunk_rows, m - begin)
        result = chunk(team, source, first + begin, size, net, thread * job.tile_rows, c, losses, key)
        losses[per_chunk + 2 * c], losses[per_chunk + 2 * c + 1] = result


@kernel
def large_batch(thread, team, source, first, m, net, sums, key):
    """Phase 1 of a large batch, in blocks of as many chunks as there are accumulators.

    Returns Σ loss, Σ w, the accumulators that phase 2 has to sum (0: the gradient lies in sums.total), and whether to
    go on.
    """
    job, losses = team.job[0], sums.losses
    J, weight = 0.0, 0.0
    per_chunk = job.n_threads * job.tile_rows
    block = job.accumulators * job.chunk_rows
    for start in range(0, m, block):
        chunks = take_chunks(thread, team, source, first + start, min(block, m - start), net, losses, key)
        if not barrier(team.flags, job.n_threads):
            return 0.0, 0.0, ZERO, False
        if thread == 0:
            atomic_store(team.flags, NEXT, 0)
        for c in range(chunks):
            J += losses[per_chunk + 2 * c]
            weight += losses[per_chunk + 2 * c + 1]
        if job.updates and m <= min(block, MOST_SUM_ROWS):
            return J, weight, chunks, True
        if job.backward:
            fold_share(thread, job, net, sums.total, chunks)
        if not barrier(team.flags, job.n_threads):
            return 0.0, 0.0, ZERO, False
    return J, weight, ZERO, True


@kernel
def add_objective(job, optimizer, averaged, m, J, weight, sums):
    """Add (J / averaged + l2/2 ‖W‖²) / Σw of a batch to the job's objective, m times; squares of W before the step."""
    job.objective += m * ((J / averaged + optimizer.l2 / 2 * total_of(sums.squares)) / weight)
    job.objective_rows += m


@kernel
def all_batches(thread, team, source, net, sums):
    """Run one thread's part of the steps over the batches of positions job.first … job.last-1."""
    job, optimizer = team.job[0], sums.optimizer[0]
    t = optimizer.t  # before the first barrier, as thread 0 counts steps in it behind that
    if not begin(thread, team, net):
        return
    if job.updates and job.first == job.last and job.weight > 0:  # a gradient that was summed over several calls
        if optimizer.l2_per_batch:
            sum_squares(thread, job, net, sums.squares)
            if not barrier(team.flags, job.n_threads):
                return
        update_share(thread, job, net, sums, ZERO, ZERO, job.weight, t + 1)
        if thread == 0:
            optimizer.t = t + 1
            if optimizer.l2_per_batch:
                add_objective(job, optimizer, net.layout[0].averaged, job.batch_rows, job.J, job.weight, sums)
    for first in range(job.first, job.last, job.batch_rows):
        m = min(job.batch_rows, job.last - first)
        in_buffers = chunks = ZERO
        key = step_key(job.seed, t) if job.drops else np.int64(0)
        if job.updates and optimizer.l2_per_batch:
            sum_squares(thread, job, net, sums.squares)
        if job.chunk_rows == 0:
            in_buffers = m
            J, weight, go_on = small_batch(thread, team, source, first, m, net, sums.losses, key)
        else:
            J, weight, chunks, go_on = large_batch(thread, team, source, first, m, net, sums, key)
        if not go_on:
            return
        if not np.isfinite(J):  # every thread has the same J: all leave here, before the update
            if thread == 0:
                job.diverged = 1
                if not job.updates:
                    job.J += J
            return
        if job.updates and weight > 0:
            t += 1
            update_share(thread, job, net, sums, in_buffers, chunks, weight, t)
        if thread == 0:
            job.J += J
            job.weight += weight
            if job.updates and optimizer.l2_per_batch and weight > 0:
                add_objective(job, optimizer, net.layout[0].averaged, m, J, weight, sums)
            optimizer.t = t
            atomic_store(team.flags, PROGRESS, first + m - job.first)
        if not barrier(team.flags, job.n_threads):
            return


@entry_point
def train(thread, team, source, net, sums):
    """Sum the gradient (job.updates = 0; sums.total out), or train (θ and moments in/out); work destroyed."""
    former = flush_to_zero()
    begin_products(net)
    all_batches(thread, team, source, net, sums)
    end_products(net)
    restore_state(former)


@kernel
def all_tiles(thread, team, source, net, out):
    """Run one thread's part of `predict`, tile by tile."""
    job, layers, work = team.job[0], net.layers, net.work
    if not begin(thread, team, net):
        return
    layer = layers[len(layers) - 1]
    K, row = layer.p_out, thread * job.tile_rows
    while not stopped(team.flags):
        start = job.first + atomic_add(team.flags, NEXT, 1) * job.tile_rows
        if start >= job.last:
            break
        m = min(job.tile_rows, job.last - start)
        bad = gather_rows(source, start, m, net, row)
        if bad >= 0:
            report_bad_row(team.flags, bad)
            break
        bad = forward(net, row, m, np.int64(0), ZERO, job.backward)
        if bad >= 0:
            report_bad_z(team.flags, bad)
            break
        if job.links:
            apply_link(layers, net.layout[0], work, row, m)
        size, count = (m, 1) if layer.narrow else (K, m)
        for i in range(count):
            z, place = layer.dZ + row * layer.ld_out + i * layer.ld_out, (start - job.first + i) * K
            copy(work[z : z + size], out[place : place + size])
        atomic_add(team.flags, PROGRESS, m)


@entry_point
def predict(thread, team, source, net, out):
    """A[L] if job.links, else Z[L], at positions job.first … job.last-1: out (K per row); work destroyed."""
    former = flush_to_zero()
    begin_products(net)
    all_tiles(thread, team, source, net, out)
    end_products(net)
    restore_state(former)
