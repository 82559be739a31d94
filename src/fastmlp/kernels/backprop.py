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
from .loss import sigmoid_log_loss, sigmoid_log_loss_1, softmax, softmax_log_loss
from .matmul import PACKED, multiply, multiply_transposed
from .pointwise import logistic_forward
from .single_output import add_scaled_rows, dot_rows, outer, outer_and_sums


@kernel
def forward(net, row, m, step, first):
    """A[1] … A[L-1] and the logits Z[L] (in dZ[L]'s place), from A[0]; dropout for step ≠ 0, see `drop`.

    Returns where the z lies at which an activation has raised, as `activation_forward` does, or NOWHERE.
    """
    keep_whole()
    layers, work, theta = net.layers, net.work, net.theta
    last = len(layers) - 1
    for l in range(last + 1):
        layer = layers[l]
        finish = finish_forward(layer)
        a = layer.A_in + row * layer.ld_in
        if l < last:
            z = (layer.A_out if layer.Z < 0 else layer.Z) + row * layer.ld_out
        else:
            z = layer.dZ + row * layer.ld_out
        if layer.narrow:
            w = work[layer.packed : layer.packed + layer.p_in]
            dot_rows(m, work, a, layer.ld_in, w, work[layer.start], z)
        else:
            W, at_W, ld = (theta, layer.W, layer.p_out) if layer.packed < 0 else (work, layer.packed, PACKED)
            multiply(
                m, layer.vectors, layer.p_in, work, a, layer.ld_in, W, at_W, ld,
                work, layer.start, work, z, layer.ld_out, finish, z,
            )  # fmt: skip
        if l < last and finish == AS_IS:
            bad = activation_forward(layer, work, row, m)
            if bad >= 0:
                return bad
        if step != 0 and layer.dropped:
            drop(layer, l, work, layer.A_out, row, m, step, first)
    return NOWHERE


@kernel
def head(layers, layout, work, row, m, loss):
    """dZ[L] in place of Z[L], and loss[:m] out, for m rows from `row` on; Y destroyed."""
    keep_whole()
    layer = layers[len(layers) - 1]
    z, y, w = layer.dZ + row * layer.ld_out, layout.Y + row * layout.ld_Y, work[layout.w + row : layout.w + row + m]
    if layer.narrow:
        sigmoid_log_loss_1(work[z : z + m], work[y : y + m], w, loss[:m])
    elif layout.softmax:
        softmax_log_loss(m, work, z, layer.ld_out, layer.vectors, y, w, loss)
    else:
        sigmoid_log_loss(m, work, z, layer.ld_out, layer.vectors, y, layout.ld_Y, w, loss)


@kernel
def probabilities(layers, layout, work, row, m):
    """A[L] in place of Z[L], for m rows from `row` on."""
    keep_whole()
    layer = layers[len(layers) - 1]
    z = layer.dZ + row * layer.ld_out
    if layout.softmax:
        softmax(m, work, z, layer.ld_out, layer.vectors)
    else:
        logistic_forward(work[z : z + m * layer.ld_out])


@kernel
def sums_come_along(layers):
    """Can `backward` sum dW[L] and db[L-1] in the pass that computes dZ[L-1]?"""
    last = len(layers) - 1
    if last == 0 or not layers[last].narrow:
        return False
    below = layers[last - 1]
    return finish_backward(below) == MASKED and below.dropped == 0


@kernel
def backward(layers, work, row, m, step, first, gradient, fresh):
    """dZ[L-1] … dZ[1] from dZ[L]; A in, Z in where g' needs it; dropout and what it returns as in `forward`.

    Unless `gradient` is NOWHERE, what `sums_come_along` names is set in that accumulator if fresh, else added to it.
    """
    keep_whole()
    for l in range(len(layers) - 1, 0, -1):
        layer, below = layers[l], layers[l - 1]
        finish = finish_backward(below)
        d, dA, A = layer.dZ + row * layer.ld_out, below.dZ + row * below.ld_out, below.A_out + row * below.ld_out
        if layer.narrow and gradient != NOWHERE and sums_come_along(layers):
            dW, db = gradient + layer.dW, gradient + below.db
            start_dW, start_db = (layer.zeros, layer.zeros) if fresh else (dW, db)
            outer_and_sums(
                m, below.vectors, work, d, layer.packed, A, dA, below.ld_out, start_dW, start_db, dW, db
            )  # fmt: skip
        elif layer.narrow:
            w = work[layer.packed : layer.packed + layer.p_in]
            outer(m, work, d, w, dA, below.ld_out, finish == MASKED, A)
        else:
            multiply(
                m, below.vectors, layer.p_out, work, d, layer.ld_out, work, layer.packed_T, PACKED, work, layer.zeros,
                work, dA, below.ld_out, finish, A,
            )  # fmt: skip
        if step != 0 and below.dropped:
            drop(below, l - 1, work, below.dZ, row, m, step, first)
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
    a = layer.A_in + row * layer.ld_in + first
    d = layer.dZ + row * layer.ld_out
    g = gradient + layer.dW + first * layer.ld_dW
    if layer.narrow:
        dW = work[g : g + last - first]
        if fresh:
            fill_zero(dW)
        add_scaled_rows(work[d : d + m], work, a, layer.ld_in, dW)
    elif first < last:
        multiply_transposed(
            last - first, layer.vectors, m, work, a, layer.ld_in, work, d, layer.ld_out,
            work, layer.zeros, fresh, work, g, layer.ld_dW, columns,
        )  # fmt: skip


@kernel
def bias_gradient(layer, work, row, m, first, last, gradient, fresh):
    """db[first:last] = column sums of dZ[l] over m rows if fresh, else +=; in the accumulator at `gradient`."""
    keep_whole()
    db = work[gradient + layer.db + first : gradient + layer.db + last]
    if fresh:
        fill_zero(db)
    if layer.narrow:
        d = layer.dZ + row
        db[0] += total_of(work[d : d + m])
        return
    add_rows(m, work, layer.dZ + row * layer.ld_out + first, layer.ld_out, db)


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
