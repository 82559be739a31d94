"""Backward: dZ[l] = (dZ[l+1] W[l+1]ᵀ) ⊙ g'(Z[l]), dW[l] = A[l-1]ᵀ dZ[l] and db[l], operands in bfloat16."""

from ...jit.bfloat16 import (
    BLOCK,
    PAIRS,
    mask_and_pair_rows,
    nearest_bfloat16,
    outer_rows,
    round_and_pair_rows,
    round_row,
)
from ...jit.compile import NOWHERE, ZERO, kernel
from ...jit.intrinsics import keep_whole
from ...jit.tiles import multiply_row
from ..activations import RELU, differentiate
from ..arrays import Matrix, add_cast, copy, fill_zero, part, row_of, total_of
from ..dropout import drop
from .blocks import NUMBERS, block_rows, check_layer, copy_padded, multiply, scratch_of


@kernel
def round_residuals(net, row, m):
    """dZ[L] in bfloat16: the head's dZ[L] in (m × p[L], float32), D_rows and D_paired out."""
    keep_whole()
    layer, row_blocks, pairs = net.layers[len(net.layers) - 1], net.layout[0].row_blocks, net.pairs
    begin = row // BLOCK
    scratch, _ = scratch_of(net, begin)
    dZ, block = Matrix(net.work, layer.dZ, layer.ld_out), Matrix(net.work, scratch, BLOCK)
    for r in range(begin, begin + block_rows(m)):
        rows = min(BLOCK, row + m - r * BLOCK)
        for n in range(layer.blocks):
            columns, at = min(BLOCK, layer.p_out - n * BLOCK), layer.D_rows + (r * layer.blocks + n) * PAIRS
            copy_padded(rows, columns, part(dZ, r * BLOCK, n * BLOCK), block)
            round_and_pair_rows(block, pairs, at, pairs, layer.D_paired + (n * row_blocks + r) * PAIRS)


@kernel
def round_residual(net, row, m):
    """`round_residuals` of a single output: dZ[L] in float32 in, rounded out in its place, and in D_rows."""
    layer, work, begin = net.layers[len(net.layers) - 1], net.work, row // BLOCK
    d = work[layer.dZ + row : layer.dZ + row + block_rows(m) * BLOCK]
    for i in range(m):
        d[i] = nearest_bfloat16(d[i])
    fill_zero(d[m:])
    for r in range(block_rows(m)):
        round_row(work, layer.dZ + row + r * BLOCK, net.pairs, layer.D_rows + (begin + r) * PAIRS)


@kernel
def finish_block(net, l, r, k, m, key, in_batch, dA):
    """dZ[l+1] = dA ⊙ g'(Z[l+1]) of block (r, k): dA in (m rows), destroyed; D_rows and D_paired out.

    Returns where in work the user's own g' has raised, or NOWHERE.
    """
    layer, work, first = net.layers[l], net.work, k * BLOCK
    at = layer.D_rows + (r * layer.blocks + k) * PAIRS
    paired = layer.D_paired + (k * net.layout[0].row_blocks + r) * PAIRS
    count = min(BLOCK, layer.p_out - first)
    if key != 0 and layer.dropped:
        drop(layer, l, m, first, count, dA, key, in_batch)
    if layer.activation == RELU:
        mask_and_pair_rows(dA, net.pairs, at, net.pairs, paired)
        return NOWHERE
    if layer.Z >= 0:
        z = layer.Z + (r * layer.blocks + k) * NUMBERS
        Z, d = work[z : z + m * BLOCK], work[dA.offset : dA.offset + m * BLOCK]
        bad = differentiate(layer, Z, d, m, count, BLOCK)
        if bad >= 0:
            return z + bad
    round_and_pair_rows(dA, net.pairs, at, net.pairs, paired)
    return NOWHERE


@kernel
def layer_backward(net, l, row, m, key, in_batch):
    """dZ[l] of dZ[l+1], of layer l: D_rows in; those and D_paired of the layer below out. Returns as `backward`."""
    keep_whole()
    layer, begin = net.layers[l], row // BLOCK
    N, K = layer.blocks, layer.blocks_in
    scratch, _ = scratch_of(net, begin)
    check_layer(net, l - 1, row, m)
    dA = Matrix(net.work, scratch, BLOCK)
    for k in range(K):
        for r in range(begin, begin + block_rows(m)):
            if layer.narrow:
                outer_rows(layer.dZ + r * BLOCK, layer.packed + k * BLOCK, dA)
            else:
                multiply(net, N, layer.D_rows + r * N * PAIRS, PAIRS, layer.W_turned + k * N * PAIRS, BLOCK, dA, True)
            rows = min(BLOCK, row + m - r * BLOCK)
            bad = finish_block(net, l - 1, r, k, rows, key, in_batch + r * BLOCK - row, dA)
            if bad >= 0:
                return bad
    return NOWHERE


@kernel
def backward(net, row, m, key, in_batch, gradient, fresh):
    """dZ[l] = (dZ[l+1] W[l+1]ᵀ) ⊙ g'(Z[l]) for l = L-1 … 1, see `backprop.backward`.

    If `gradient` is an accumulator (not NOWHERE), it gets all dW and db: set if fresh, else added. The gradient of a
    layer is summed as soon as its dZ is there.
    """
    keep_whole()
    if net.layers[len(net.layers) - 1].narrow:
        round_residual(net, row, m)
    else:
        round_residuals(net, row, m)
    scratch = row // BLOCK
    for l in range(len(net.layers) - 1, -1, -1):
        layer = net.layers[l]
        for first in range(0, layer.p_out if gradient != NOWHERE else 0, BLOCK):
            columns = min(BLOCK, layer.p_out - first)
            columns_gradient(net, l, row, m, ZERO, layer.p_in, first // BLOCK, gradient, fresh, scratch)
            bias_gradient(net, l, row, m, first, first + columns, gradient, fresh, scratch)
        if l > 0:
            bad = layer_backward(net, l, row, m, key, in_batch)
            if bad >= 0:
                return bad
    return NOWHERE


@kernel
def add_sums(sums, fresh, target):
    """target = sums if fresh, else +=: sums in, target out or in/out."""
    if fresh:
        copy(sums, target)
    else:
        add_cast(sums, target)


@kernel
def columns_gradient(net, l, row, m, first, last, n, gradient, fresh, scratch):
    """`weight_gradient` of block n of columns, while its dZ lies in the L1 cache."""
    layer, work, row_blocks, r, R = net.layers[l], net.work, net.layout[0].row_blocks, row // BLOCK, block_rows(m)
    count, d = min(BLOCK, layer.p_out - n * BLOCK), layer.D_paired + (n * row_blocks + r) * PAIRS
    for k in range(first // BLOCK, block_rows(last)):
        a = layer.A_turned + (k * row_blocks + r) * PAIRS
        if layer.narrow:
            block, _ = scratch_of(net, scratch)
            at, size = gradient + layer.dW + k * BLOCK, min(BLOCK, last - k * BLOCK)
            sums = Matrix(work, block, BLOCK)
            multiply_row(R, net.pairs, layer.D_rows + r * PAIRS, PAIRS, net.pairs, a, sums, True)
            add_sums(row_of(sums, ZERO, size), fresh, work[at : at + size])
        else:
            dW = Matrix(work, gradient + layer.dW + k * BLOCK * layer.ld_dW + n * BLOCK, layer.ld_dW)
            multiply(net, R, a, PAIRS, d, count, dW, fresh)


@kernel
def weight_gradient(net, l, row, m, first, last, gradient, fresh, scratch):
    """Rows first:last of dW[l] = A[l-1]ᵀ dZ[l] if fresh, else +=, see `backprop.weight_gradient`.

    first is a multiple of BLOCK; scratch: index for `scratch_of`.
    """
    keep_whole()
    for n in range(net.layers[l].blocks):
        columns_gradient(net, l, row, m, first, last, n, gradient, fresh, scratch)


@kernel
def bias_gradient(net, l, row, m, first, last, gradient, fresh, scratch):
    """db[l][first:last] = column sums of dZ[l] if fresh, else +=: a product with ones on the left.

    first is a multiple of BLOCK; scratch: index for `scratch_of`.
    """
    keep_whole()
    layer, layout, work = net.layers[l], net.layout[0], net.work
    if layer.narrow:
        db = work[gradient + layer.db : gradient + layer.db + 1]
        db[0] = total_of(work[layer.dZ + row : layer.dZ + row + m]) + (0.0 if fresh else db[0])
        return
    block, _ = scratch_of(net, scratch)
    sums = Matrix(work, block, BLOCK)
    for n in range(first // BLOCK, block_rows(last)):
        d = layer.D_paired + (n * layout.row_blocks + row // BLOCK) * PAIRS
        multiply_row(block_rows(m), net.pairs, layout.ones, ZERO, net.pairs, d, sums, True)
        at, count = gradient + layer.db + n * BLOCK, min(BLOCK, last - n * BLOCK)
        add_sums(row_of(sums, ZERO, count), fresh, work[at : at + count])
