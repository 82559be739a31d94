"""The gradient of lookups: rows of dZ[1], summed by the row that was looked up.

    dC[k] += (1 - f) dZ,  dC[k+1] += f dZ          for a number in bin k;    dV[j] = Σ_{k>j} dC[k]
    dV[c] += dZ                                    for a code c

An accumulator holds dC of all bins, and then the sums of those codes that occur, in the order in which they came up.
`net.touched` says which, in slots: in a small batch, each thread has one, and sums its columns of all rows; else, each
chunk has one. A slot holds the number of these codes, the list of them, and for each code its place in the list, which
counts only if the list says the same there, so that nothing has to be cleared (Briggs & Torczon 1993, An Efficient
Representation for Sparse Sets); then the order of rows by their bins.
"""

from ...jit.compile import NOWHERE, ZERO, kernel
from ...jit.intrinsics import keep_whole
from ...jit.lookup_tiles import add_between
from ...jit.vectors import lanes_of
from ..arrays import Matrix, add_multiple, fill_zero, part, row_of

add_4, add_1 = add_between(4), add_between(1)


@kernel
def slot_of(net, slot):
    """Return where a slot begins in net.touched."""
    return slot * net.layout[0].slot_size


@kernel
def position(net, slot, code):
    """Return where the code stands in the slot's list, or NOWHERE if it was not looked up."""
    touched, begin, capacity = net.touched, slot_of(net, slot), net.layout[0].capacity
    t = touched[begin + 1 + capacity + code]
    if t < touched[begin] and touched[begin + 1 + t] == code:
        return t
    return NOWHERE


@kernel
def gradient_of(layout, accumulator, t):
    """Return where the sum of the code at position t lies in `work`."""
    rows = layout.first_code + t
    return layout.gradient + accumulator * layout.gradient_size + layout.dT + rows * layout.ld_table


@kernel
def add_code(net, slot, accumulator, code, dZ, first):
    """Add dZ (in) to the columns from `first` on of the code's sum; the first one sets it."""
    touched, layout, work = net.touched, net.layout[0], net.work
    t = position(net, slot, code)
    fresh = t < 0
    if fresh:
        begin = slot_of(net, slot)
        t = touched[begin]
        touched[begin] = t + 1
        touched[begin + 1 + t] = code
        touched[begin + 1 + layout.capacity + code] = t
    at = gradient_of(layout, accumulator, t) + first
    G = work[at : at + len(dZ)]
    for j in range(len(dZ)):
        G[j] = dZ[j] if fresh else G[j] + dZ[j]


@kernel
def sort_by_bin(net, lookup, row, m, k, order, ends):
    """Sort m rows by their bins of column k, each bin's in their order: order out (m), ends of bins in it out."""
    n, found = len(net.lookups), net.found
    for b in range(lookup.size + 1):
        ends[b] = 0
    for i in range(m):
        ends[found[(row + i) * n + k] - lookup.first + 1] += 1
    for b in range(lookup.size):
        ends[b + 1] += ends[b]
    for i in range(m):
        b = found[(row + i) * n + k] - lookup.first
        order[ends[b]] = i
        ends[b] += 1


@kernel
def dC_of(layout, lookup, accumulator):
    """Return where dC[0] of a column of bins lies in an accumulator."""
    return layout.gradient + accumulator * layout.gradient_size + layout.dT + lookup.first * layout.ld_table


@kernel
def sum_bins_of(net, row, m, k, slot, dC, first, last, fresh):
    """Columns first:last of dC of the bins' column k if fresh, else +=: dZ[1] in (m rows), dC out, at `dC` in work."""
    keep_whole()
    layout, lookup, n, lanes = net.layout[0], net.lookups[k], len(net.lookups), lanes_of(net.work)
    ld = layout.ld_table
    if fresh:
        for b in range(lookup.size + 1):
            fill_zero(net.work[dC + b * ld + first : dC + b * ld + last])
    begin = slot_of(net, slot) + layout.slot_order
    order, ends = net.touched[begin : begin + m], net.touched[begin + m : begin + m + lookup.size + 1]
    sort_by_bin(net, lookup, row, m, k, order, ends)
    dZ = part(Matrix(net.work, net.layers[0].dZ, net.layers[0].ld_out), row, ZERO)
    f, s = layout.weights + row * n + k, ZERO
    for b in range(lookup.size):
        count, j = ends[b] - s, first
        while count > 0 and j < last:  # the last vector may end in padding
            at = dC + b * ld + j
            if j + 3 * lanes < last:
                add_4(count, net.touched, begin + s, f, n, part(dZ, ZERO, j), at, at + ld)
                j += 4 * lanes
            else:
                add_1(count, net.touched, begin + s, f, n, part(dZ, ZERO, j), at, at + ld)
                j += lanes
        s += count


@kernel
def sum_codes(net, row, m, slot, accumulator, first, last, fresh):
    """Columns first:last of the sums of all codes over m rows, in their order, if fresh, else +=: dZ[1] in."""
    keep_whole()
    layout, layer, n = net.layout[0], net.layers[0], len(net.lookups)
    dZ = part(Matrix(net.work, layer.dZ, layer.ld_out), row, first)
    if fresh:
        net.touched[slot_of(net, slot)] = 0
    for i in range(m):
        d = row_of(dZ, i, last - first)
        for k in range(layout.n_bins, n):
            index = net.found[(row + i) * n + k]
            if index >= 0:
                add_code(net, slot, accumulator, index - layout.first_code, d, first)


@kernel
def sum_lookups(net, row, m, c, fresh):
    """The gradient of all lookups over m rows of chunk c if fresh, else +=: dZ[1] in, accumulator c out."""
    keep_whole()
    layout, p = net.layout[0], net.layers[0].p_out
    for k in range(layout.n_bins):
        sum_bins_of(net, row, m, k, c, dC_of(layout, net.lookups[k], c), ZERO, p, fresh)
    sum_codes(net, row, m, c, c, ZERO, p, fresh)


@kernel
def summed_code(net, code, slot, accumulator, chunks, first, last):
    """Add up columns first:last of a code's sums of some chunks, in their order, in the first of them that has one.

    slot and accumulator: of the first chunk. Returns where column 0 of the sum lies in `work`, or NOWHERE for none.
    """
    keep_whole()
    layout, work, found = net.layout[0], net.work, NOWHERE
    for c in range(chunks):
        t = position(net, slot + c, code)
        if t < 0:
            continue
        at = gradient_of(layout, accumulator + c, t)
        if found < 0:
            found = at
        else:
            add_multiple(work.dtype.type(1), work[at + first : at + last], work[found + first : found + last])
    return found
