"""One tile of rows: all layers forward, and all layers backward, while the tile lies in the L2 cache.

    Z[l] = A[l-1] W[l] + 1 b[l]ᵀ,  A[l] = g(Z[l])             l = 1 … L
    dZ[l] = (dZ[l+1] W[l+1]ᵀ) ⊙ g'(Z[l])                      l = L-1 … 1
    dW[l] = A[l-1]ᵀ dZ[l],  db[l] = column sums of dZ[l]

`layers` has a record per layer (plan.py), `work` is the flat workspace that all offsets point into, and a
tile is the rows `row` … `row + m - 1` of its buffers. A last layer of width 1 is a dot product forward and
a rank-1 update backward; any other goes the way of the hidden layers.
"""

from ..jit.compile import NOWHERE, ZERO, kernel
from ..jit.intrinsics import keep_whole
from ..jit.micro_kernel import AS_IS, MASKED
from .activations import activation_backward, activation_forward, finish_backward, finish_forward
from .arrays import add_rows, fill_zero, total_of
from .dropout import drop
from .matmul import multiply, multiply_transposed
from .matrix import PACKED, Matrix, part, row_of
from .single_output import add_scaled_rows, dot_rows, outer, outer_and_sums


@kernel
def forward(net, row, m, key, in_batch):
    """A[1] … A[L-1] and the logits Z[L] (in dZ[L]'s place), from A[0]; dropout for key ≠ 0, see `drop`.

    Returns where the z lies at which an activation has raised, as `activation_forward` does, or NOWHERE.
    """
    keep_whole()
    layers, work, theta = net.layers, net.work, net.theta
    last = len(layers) - 1
    for l in range(last + 1):
        layer = layers[l]
        finish = finish_forward(layer)
        A = part(Matrix(work, layer.A_in, layer.ld_in), row, ZERO)
        at_Z = layer.dZ if l == last else layer.A_out if layer.Z < 0 else layer.Z
        Z = part(Matrix(work, at_Z, layer.ld_out), row, ZERO)
        if layer.narrow:
            dot_rows(m, A, work[layer.packed : layer.packed + layer.p_in], work[layer.start], Z.offset)
        else:
            W = Matrix(theta, layer.W, layer.p_out) if layer.packed < 0 else Matrix(work, layer.packed, PACKED)
            b = Matrix(work, layer.start, ZERO)
            multiply(m, layer.vectors, layer.p_in, A, W, b, Z, finish, Z.offset)
        if l < last and finish == AS_IS:
            bad = activation_forward(layer, work, row, m)
            if bad >= 0:
                return bad
        if key != 0 and layer.dropped:
            drop(layer, l, m, part(Matrix(work, layer.A_out, layer.ld_out), row, ZERO), key, in_batch)
    return NOWHERE


@kernel
def sums_come_along(layers):
    """Can `backward` sum dW[L] and db[L-1] in the pass that computes dZ[L-1]?"""
    last = len(layers) - 1
    if last == 0 or not layers[last].narrow:
        return False
    below = layers[last - 1]
    return finish_backward(below) == MASKED and below.dropped == 0


@kernel
def backward(layers, work, row, m, key, in_batch, gradient, fresh):
    """dZ[L-1] … dZ[1] from dZ[L]; A in, Z in where g' needs it; dropout and what it returns as in `forward`.

    Unless `gradient` is NOWHERE, what `sums_come_along` names is set in that accumulator if fresh, else added to it.
    """
    keep_whole()
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
            drop(below, l - 1, m, dA, key, in_batch)
        if finish == AS_IS:
            bad = activation_backward(below, work, row, m)
            if bad >= 0:
                return bad
    return NOWHERE


@kernel
def weight_gradient(layer, work, row, m, first, last, gradient, fresh, columns):
    """dW[first:last] = A[l-1]ᵀ dZ[l] over m rows if fresh, else +=; in the accumulator at `gradient`.

    columns: see `multiply_transposed`.
    """
    keep_whole()
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
        multiply_transposed(last - first, layer.vectors, m, A, dZ, zeros, fresh, dW, columns)


@kernel
def bias_gradient(layer, work, row, m, first, last, gradient, fresh):
    """db[first:last] = column sums of dZ[l] over m rows if fresh, else +=; in the accumulator at `gradient`."""
    keep_whole()
    dZ = part(Matrix(work, layer.dZ, layer.ld_out), row, first)
    db = work[gradient + layer.db + first : gradient + layer.db + last]
    if fresh:
        fill_zero(db)
    if layer.narrow:
        db[0] += total_of(row_of(dZ, ZERO, m))
    else:
        add_rows(m, dZ, db)


@kernel
def add_gradients(layers, work, row, m, gradient, fresh, columns):
    """dW and db of all layers over m rows if fresh, else +=; in the accumulator at `gradient`.

    After `backward` with the same accumulator, which has summed what comes along; columns: see `multiply_transposed`.
    """
    keep_whole()
    last, come_along = len(layers) - 1, sums_come_along(layers)
    for l in range(last + 1):
        layer = layers[l]
        if not (come_along and l == last):
            weight_gradient(layer, work, row, m, ZERO, layer.p_in, gradient, fresh, columns)
        if not (come_along and l == last - 1):
            bias_gradient(layer, work, row, m, ZERO, layer.p_out, gradient, fresh)
