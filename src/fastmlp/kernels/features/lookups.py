"""Lookups: inputs of which a row has few, read as rows of W[1] in place of products with zeros and ones.

A code c gives V[c], one row of W[1]. A number x in bin k, which has come through a fraction f of it, gives

    Σ_{j<k} V[j] + f V[k] = (1 - f) C[k] + f C[k+1],   C[k] = Σ_{j<k} V[j],

where C is made of V before each step; a missing x gives C[0] = 0. Z[1] = A[0] W + 1 bᵀ + the sum of these rows, so that
a lookup costs one or two rows, however many bins or codes there are. The rows that can be looked up are numbered one
after the other: those of C for each column of bins, then the codes of all columns, in the order of W[1].
"""

from ...jit.compile import NOWHERE, ZERO, kernel
from ...jit.intrinsics import keep_whole
from ...jit.lookup_tiles import read_between
from ...jit.vectors import lanes_of
from ..arrays import Matrix, check_corner, fill_zero, part, row_of
from .inputs import BINS, code_of

read_4, read_1 = read_between(4), read_between(1)


@kernel
def find_bins(net, lookup, X, m, row, k):
    """Find the bins of m numbers: X in (m × 1), column k of net.found and of the weights f out."""
    keep_whole()
    n, size, work = len(net.lookups), lookup.size, net.work
    zero, one = work.dtype.type(0), work.dtype.type(1)
    known = net.constants[lookup.constants : lookup.constants + lookup.n_constants]
    for i in range(m):
        x, at = row_of(X, i, 1)[0], (row + i) * n + k
        index, rest = ZERO, size  # the last lower edge that x has reached, or 0: before the first, or missing
        while rest > 1:
            half = rest // 2
            index += half if x >= known[index + half] else ZERO
            rest -= half
        f = (x - known[index]) * known[size + index]
        f = f if f > zero else zero
        net.found[at] = lookup.first + index
        work[net.layout[0].weights + at] = f if f < one else one


@kernel
def find_lookups(net, X, m, row):
    """Find what m rows look up: X in (m × q), net.found (NOWHERE: no code) and the weights f in `work` out."""
    keep_whole()
    n = len(net.lookups)
    for k in range(n):
        lookup = net.lookups[k]
        if lookup.kind == BINS:
            find_bins(net, lookup, part(X, ZERO, lookup.column), m, row, k)
            continue
        for i in range(m):
            code = code_of(row_of(part(X, i, lookup.column), ZERO, 1)[0], lookup.size)
            net.found[(row + i) * n + k] = lookup.first + code if code >= 0 else NOWHERE


@kernel
def add_bins(net, row, m, start, Z):
    """Z = 1 startᵀ + the rows of C that m rows look up: start in (a padded row), Z out (m × p[1], padded)."""
    keep_whole()
    layout, n, lanes = net.layout[0], len(net.lookups), lanes_of(net.work)
    C = Matrix(net.work, layout.table, layout.ld_table)
    for i in range(m):
        at = (row + i) * n
        f, z, j = layout.weights + at, Z.offset + i * Z.ld, ZERO
        while j < layout.ld_table:
            if j + 4 * lanes <= layout.ld_table:
                read_4(layout.n_bins, net.found, at, f, part(C, ZERO, j), start + j, z + j)
                j += 4 * lanes
            else:
                read_1(layout.n_bins, net.found, at, f, part(C, ZERO, j), start + j, z + j)
                j += lanes
    if layout.n_bins > 0:
        check_corner(C, layout.first_code, layout.ld_table)
    check_corner(Z, m, layout.ld_table)


@kernel
def add_codes(net, row, m, Z):
    """Z += the rows of V of the codes of m rows: Z in/out (m × p[1])."""
    keep_whole()
    layout, theta, n, p = net.layout[0], net.theta, len(net.lookups), net.layers[0].p_out
    for i in range(m):
        z = row_of(Z, i, p)
        for k in range(layout.n_bins, n):
            index = net.found[(row + i) * n + k]
            if index >= 0:
                at = layout.codes + (index - layout.first_code) * p
                V = theta[at : at + p]
                for j in range(p):
                    z[j] += V[j]


@kernel
def start_with_lookups(net, row, m, start, Z):
    """Z = 1 startᵀ + all rows that m rows look up: start in (a padded row of work), Z out (m × p[1], padded)."""
    keep_whole()
    add_bins(net, row, m, start, Z)
    add_codes(net, row, m, Z)


@kernel
def add_lookups_to_output(net, row, m, Z):
    """Z += all rows that m rows look up, where W[1] is a column: Z in/out (m)."""
    layout, work, n = net.layout[0], net.work, len(net.lookups)
    one = work.dtype.type(1)
    for i in range(m):
        z, begin = row_of(Z, i, 1), (row + i) * n
        for k in range(layout.n_bins):
            at, f = layout.table + net.found[begin + k] * layout.ld_table, work[layout.weights + begin + k]
            z[0] += (one - f) * work[at] + f * work[at + layout.ld_table]
    add_codes(net, row, m, Z)


@kernel
def sum_bins(net, lookup, first, last):
    """C[0] = 0, C[k+1] = C[k] + V[k] for one column of bins, in columns first:last of these: θ in, C out."""
    keep_whole()
    layout, work, theta, p = net.layout[0], net.work, net.theta, net.layers[0].p_out
    at = layout.table + lookup.first * layout.ld_table + first
    fill_zero(work[at : at + last - first])
    for k in range(lookup.size):
        V = theta[lookup.W + k * p + first : lookup.W + k * p + last]
        C, at = work[at : at + len(V)], at + layout.ld_table
        following = work[at : at + len(V)]
        for j in range(len(V)):
            following[j] = C[j] + V[j]


@kernel
def sum_all_bins(net, first, last):
    """Make columns first:last of C for all columns of bins: θ in, C out."""
    keep_whole()
    for l in range(net.layout[0].n_bins):
        sum_bins(net, net.lookups[l], first, last)
