"""Forward: Z[l] = A[l-1] W[l] + 1 b[l]ᵀ and A[l] = g(Z[l]), block by block, operands in bfloat16.

What g' needs stays in float32, in blocks (r, n) from `layer.Z` on: A where it is computed from A, before dropout, else
Z. ReLU needs A in bfloat16 only, and does all of it in one pass over a block.
"""

from ...jit.bfloat16 import BLOCK, HALF, PAIRS, clip_and_pair_rows, clip_rows, round_and_pair_rows
from ...jit.compile import NOWHERE, ZERO, kernel
from ...jit.intrinsics import keep_whole
from ..activations import RELU, activate, clear_padding
from ..arrays import Matrix, check_corner, copy, fill_zero, part, row_of
from ..dropout import drop
from .blocks import NUMBERS, block_rows, check_layer, multiply, scratch_of, turn


@kernel
def A_paired(net, l, r, k, scratch):
    """Return where to pair block (r, k) of A[l]: where a single output reads it, or in scratch, to be turned."""
    layer = net.layers[l]
    return layer.A_turned + (k * net.layout[0].row_blocks + r) * PAIRS if layer.narrow else scratch


@kernel
def turn_A(net, l, r, k, scratch):
    """Turn block (r, k) of A[l], which has been paired in scratch."""
    layer = net.layers[l]
    if not layer.narrow:
        turn(net.pairs, scratch, net.pairs, layer.A_turned + (k * net.layout[0].row_blocks + r) * PAIRS)


@kernel
def round_inputs(net, row, m, backward):
    """A[0] in bfloat16: float32 in work in (m × p[0]), A_rows out, and A_turned if backward."""
    keep_whole()
    layer, pairs = net.layers[0], net.pairs
    X, begin = Matrix(net.work, layer.A_in, layer.ld_in), row // BLOCK
    _, scratch = scratch_of(net, begin)
    check_corner(X, row + block_rows(m) * BLOCK, layer.blocks_in * BLOCK)
    for i in range(m, block_rows(m) * BLOCK):
        fill_zero(row_of(X, row + i, layer.blocks_in * BLOCK))
    for r in range(begin, begin + block_rows(m)):
        for k in range(layer.blocks_in):
            paired = A_paired(net, ZERO, r, k, scratch)
            rows = layer.A_rows + (r * layer.blocks_in + k) * PAIRS
            round_and_pair_rows(part(X, r * BLOCK, k * BLOCK), pairs, rows, pairs, paired)
            if backward:
                turn_A(net, ZERO, r, k, scratch)


@kernel
def add_bias(Z, b):
    """Z += 1 bᵀ: Z in/out (BLOCK × BLOCK), b in."""
    for i in range(BLOCK):
        z = row_of(Z, i, BLOCK)
        for k in range(BLOCK):
            z[k] += b[k]


@kernel
def store_outputs(net, r, n, m, C):
    """Z[L] = C + 1 b[L]ᵀ, as the head reads it: C in (m rows of block (r, n)), Z[L] out."""
    keep_whole()
    layer, work = net.layers[len(net.layers) - 1], net.work
    first = n * BLOCK
    if layer.narrow:
        z = work[layer.dZ + r * BLOCK : layer.dZ + r * BLOCK + m]
        for i in range(m):
            z[i] = work[C.offset + i * BLOCK] + work[layer.start]
        return
    columns = min(BLOCK, layer.ld_out - first)
    Z = part(Matrix(work, layer.dZ, layer.ld_out), r * BLOCK, first)
    b = work[layer.start + first : layer.start + first + columns]
    for i in range(m):
        z, c = row_of(Z, i, columns), row_of(C, i, columns)
        for k in range(columns):
            z[k] = c[k] + b[k]


@kernel
def activate_block(net, l, r, n, m, key, in_batch, C, scratch, paired):
    """A[l+1] = g(C + 1 bᵀ), dropped if key ≠ 0: C in, in the block of `layer.Z` or in scratch; A out, and paired.

    Returns where in work the user's own g has raised, or NOWHERE.
    """
    keep_whole()
    layer, work, first = net.layers[l], net.work, n * BLOCK
    count = min(BLOCK, layer.p_out - first)
    add_bias(C, work[layer.start + first : layer.start + first + BLOCK])
    final = Matrix(work, scratch + NUMBERS, BLOCK)
    Z, A = work[C.offset : C.offset + m * BLOCK], work[final.offset : final.offset + m * BLOCK]
    if layer.activation == RELU:
        for i in range(m * BLOCK):
            z = Z[i]
            A[i] = Z.dtype.type(0) if z < 0 else z
    else:
        bad = activate(layer, Z, Z if layer.keeps_A else A, m, count, BLOCK)
        if bad >= 0:
            return C.offset + bad
        if layer.keeps_A:
            copy(Z, A)
    if key != 0 and layer.dropped:
        drop(layer, l, m, first, count, final, key, in_batch)
    clear_padding(A, m, count, BLOCK)
    fill_zero(work[final.offset + m * BLOCK : final.offset + NUMBERS])
    at = net.layers[l + 1].A_rows + (r * layer.blocks + n) * PAIRS
    round_and_pair_rows(final, net.pairs, at, net.pairs, paired)
    return NOWHERE


@kernel
def layer_forward(net, l, row, m, key, in_batch, backward):
    """A[l+1] of A[l], or Z[L]: A_rows in, those of layer l+1 out, and A_turned if backward. Returns as `forward`."""
    keep_whole()
    layer, pairs = net.layers[l], net.pairs
    last = l == len(net.layers) - 1
    clips = not last and layer.activation == RELU and (key == 0 or layer.dropped == 0)
    K, begin = layer.blocks_in, row // BLOCK
    scratch, scratch_pairs = scratch_of(net, begin)
    check_layer(net, l, row, m)
    for n in range(layer.blocks):
        count = min(BLOCK, layer.p_out - n * BLOCK)
        for r in range(begin, begin + block_rows(m)):
            rows = min(BLOCK, row + m - r * BLOCK)
            C = Matrix(net.work, scratch, BLOCK)
            if not last and layer.Z >= 0:
                C = Matrix(net.work, layer.Z + (r * layer.blocks + n) * NUMBERS, BLOCK)
            multiply(net, K, layer.A_rows + r * K * PAIRS, PAIRS, layer.W_paired + n * K * PAIRS, count, C, True)
            if count <= HALF and not layer.narrow:
                for i in range(BLOCK):
                    fill_zero(row_of(part(C, i, HALF), ZERO, HALF))
            if last:
                store_outputs(net, r, n, rows, C)
                continue
            at, paired = (
                net.layers[l + 1].A_rows + (r * layer.blocks + n) * PAIRS,
                A_paired(net, l + 1, r, n, scratch_pairs),
            )
            if not clips:
                bad = activate_block(net, l, r, n, rows, key, in_batch + r * BLOCK - row, C, scratch, paired)
                if bad >= 0:
                    return bad
            elif backward:
                clip_and_pair_rows(C, layer.start + n * BLOCK, pairs, at, pairs, paired)
            else:
                clip_rows(C, layer.start + n * BLOCK, pairs, at, pairs, paired)
            if backward:
                turn_A(net, l + 1, r, n, scratch_pairs)
    return NOWHERE


@kernel
def forward(net, row, m, key, in_batch, backward):
    """Z[l] = A[l-1] W[l] + 1 b[l]ᵀ, A[l] = g[l](Z[l]) for l = 1 … L, see `backprop.forward`."""
    keep_whole()
    round_inputs(net, row, m, backward)
    for l in range(len(net.layers)):
        bad = layer_forward(net, l, row, m, key, in_batch, backward)
        if bad >= 0:
            return bad
    return NOWHERE
