"""One tile of rows: all layers forward, and all layers backward, while the tile lies in the L2 cache.

    Z[l] = A[l-1] W[l] + 1 b[l]ᵀ,  A[l] = g(Z[l])             l = 1 … L
    dZ[l] = (dZ[l+1] W[l+1]ᵀ) ⊙ g'(Z[l])                      l = L-1 … 1
    dW[l] = A[l-1]ᵀ dZ[l],  db[l] = column sums of dZ[l]

`layers` has a record per layer (records.py), `work` is the flat workspace that all offsets point into, and a
tile is the rows `row` … `row + m - 1` of its buffers. A last layer of width 1 is a dot product forward and
a rank-1 update backward; any other is computed like a hidden layer. Between the two stands loss.py.
"""

from ..jit.compile import NOWHERE, ZERO, kernel
from ..jit.intrinsics import keep_whole
from ..jit.micro_kernel import AS_IS, MASKED
from .activations import activation_backward, activation_forward, finish_backward, finish_forward
from .arrays import PACKED, Matrix, add_rows, fill_zero, part, row_of, total_of
from .dropout import drop
from .features.passes import add_lookups_to_output, start_with_lookups
from .matmul import COLUMNS, multiply, multiply_transposed
from .single_output import add_scaled_rows, dot_rows, outer, outer_and_sums


@kernel
def forward(net, row, m, key, in_batch, backward):
    """Z[l] = A[l-1] W[l] + 1 b[l]ᵀ, A[l] = g[l](Z[l]) for l = 1 … L, but Z[L], in the place of dZ[L], instead of A[L].

    Z[1] also gets the rows of W[1] that features look up.

    A[0] in, A[1] … A[L-1] and Z[L] out (m × p[l]); units are dropped if key ≠ 0, see `drop`; backward: whether that
    pass follows. Returns where in `work` the z lies at which an activation has raised, or NOWHERE.
    """
    keep_whole()
    layers, work, theta = net.layers, net.work, net.theta
    last = len(layers) - 1
    for l in range(last + 1):
        layer = layers[l]
        finish, looks_up = finish_forward(layer), l == 0 and len(net.lookups) > 0
        A = part(Matrix(work, layer.A_in, layer.ld_in), row, ZERO)
        at_Z = layer.dZ if l == last else layer.A_out if layer.Z < 0 else layer.Z
        Z = part(Matrix(work, at_Z, layer.ld_out), row, ZERO)
        if layer.narrow:
            dot_rows(m, A, work[layer.packed : layer.packed + layer.p_in], work[layer.start], Z.offset)
            if looks_up:
                add_lookups_to_output(net, row, m, Z)
        else:
            W = Matrix(theta, layer.W, layer.p_out) if layer.packed < 0 else Matrix(work, layer.packed, PACKED)
            start = Matrix(work, layer.start, ZERO)
            if looks_up:
                start_with_lookups(net, row, m, layer.start, Z)
                start = Z
            multiply(m, layer.vectors, layer.p_in, A, W, start, Z, finish, Z.offset)
        if l < last and finish == AS_IS:
            bad = activation_forward(layer, work, row, m)
            if bad >= 0:
                return bad
        if key != 0 and layer.dropped:
            A = part(Matrix(work, layer.A_out, layer.ld_out), row, ZERO)
            drop(layer, l, m, ZERO, layer.p_out, A, key, in_batch)
    return NOWHERE


@kernel
def sums_come_along(layers):
    """Return whether `backward` sums dW[L] and db[L-1], too, in the pass that computes dZ[L-1]."""
    last = len(layers) - 1
    if last == 0 or not layers[last].narrow:
        return False
    below = layers[last - 1]
    return finish_backward(below) == MASKED and below.dropped == 0


@kernel
def backward(net, row, m, key, in_batch, gradient, fresh):
    """dZ[l] = (dZ[l+1] W[l+1]ᵀ) ⊙ g'(Z[l]) for l = L-1 … 1.

    dZ[L] in, A in, Z in where g' needs it, dZ[L-1] … dZ[1] out; key and the number returned as in `forward`. If
    `gradient` is an accumulator (not NOWHERE), it gets the sums that `sums_come_along` names: set if fresh, else added.
    """
    keep_whole()
    layers, work = net.layers, net.work
    for l in range(len(layers) - 1, 0, -1):
        layer, below = layers[l], layers[l - 1]
        finish = finish_backward(below)
        dZ = part(Matrix(work, layer.dZ, layer.ld_out), row, ZERO)
        dA = part(Matrix(work, below.dZ, below.ld_out), row, ZERO)
        A = part(Matrix(work, below.A_out, below.ld_out), row, ZERO)
        if layer.narrow and gradient != NOWHERE and sums_come_along(layers):
            dW, db = gradient + layer.dW, gradient + below.db
            start_dW, start_db = (layer.zeros, layer.zeros) if fresh else (dW, db)
            outer_and_sums(m, below.vectors, dZ.offset, layer.packed, A, dA, start_dW, start_db, dW, db)
        elif layer.narrow:
            w = work[layer.packed : layer.packed + layer.p_in]
            outer(row_of(dZ, ZERO, m), w, dA, finish == MASKED, A)
        else:
            W_T, zeros = Matrix(work, layer.packed_T, PACKED), Matrix(work, layer.zeros, ZERO)
            multiply(m, below.vectors, layer.p_out, dZ, W_T, zeros, dA, finish, A.offset)
        if key != 0 and below.dropped:
            drop(below, l - 1, m, ZERO, below.p_out, dA, key, in_batch)
        if finish == AS_IS:
            bad = activation_backward(below, work, row, m)
            if bad >= 0:
                return bad
    return NOWHERE


@kernel
def scratch_of_tile(net, row):
    """Return where scratch for the sums of a tile begins in work."""
    return net.layout[0].columns + row * COLUMNS


@kernel
def scratch_of_thread(net, thread, m):
    """Return where scratch for the thread's sums over m rows begins in work."""
    return net.layout[0].columns + thread * m * COLUMNS


@kernel
def weight_gradient(net, l, row, m, first, last, gradient, fresh, scratch):
    """Rows first:last of dW[l] = A[l-1]ᵀ dZ[l] if fresh, else +=.

    A[l-1] and dZ[l] in (m rows), dW[l] out or in/out, in the accumulator at `gradient`; scratch destroyed, for the
    columns of `multiply_transposed`.
    """
    keep_whole()
    layer, work = net.layers[l], net.work
    A = part(Matrix(work, layer.A_in, layer.ld_in), row, first)
    dZ = part(Matrix(work, layer.dZ, layer.ld_out), row, ZERO)
    dW = part(Matrix(work, gradient + layer.dW, layer.ld_dW), first, ZERO)
    if layer.narrow:
        dw = row_of(dW, ZERO, last - first)
        if fresh:
            fill_zero(dw)
        add_scaled_rows(row_of(dZ, ZERO, m), A, dw)
    elif first < last:
        zeros = Matrix(work, layer.zeros, ZERO)
        multiply_transposed(last - first, layer.vectors, m, A, dZ, zeros, fresh, dW, scratch)


@kernel
def bias_gradient(net, l, row, m, first, last, gradient, fresh, scratch):
    """db[l][first:last] = column sums of dZ[l] if fresh, else +=.

    dZ[l] in (m rows), db[l] out or in/out, in the accumulator at `gradient`.
    """
    keep_whole()
    layer, work = net.layers[l], net.work
    dZ = part(Matrix(work, layer.dZ, layer.ld_out), row, first)
    db = work[gradient + layer.db + first : gradient + layer.db + last]
    if fresh:
        fill_zero(db)
    if layer.narrow:
        db[0] += total_of(row_of(dZ, ZERO, m))
    else:
        add_rows(m, dZ, db)


@kernel
def add_gradients(net, row, m, gradient, fresh, scratch):
    """dW[l] and db[l] of all layers if fresh, else +=, but those that `backward` has summed in the same accumulator.

    A and dZ in (m rows), dW and db out or in/out, in the accumulator at `gradient`; scratch as in `weight_gradient`.
    """
    keep_whole()
    last, come_along = len(net.layers) - 1, sums_come_along(net.layers)
    for l in range(last + 1):
        layer = net.layers[l]
        if not (come_along and l == last):
            weight_gradient(net, l, row, m, ZERO, layer.p_in, gradient, fresh, scratch)
        if not (come_along and l == last - 1):
            bias_gradient(net, l, row, m, ZERO, layer.p_out, gradient, fresh, scratch)
