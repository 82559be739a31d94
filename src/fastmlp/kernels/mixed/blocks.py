"""Operands of products in blocks of bfloat16: where a block lies in `net.pairs`, and how it gets there.

A block is BLOCK rows by BLOCK columns, see jit/bfloat16.py. All operands of a net lie in blocks, padded with zeros:

    A_rows     A[l-1]   block (r, k), left of A W; when A[l-1] has been used, dZ[l-1] in its place
    A_turned   A[l-1]ᵀ  block (k, r), left of Aᵀ dZ; for a single output A[l-1] paired, right of dZᵀ A
    D_rows     dZ[l]    block (r, n), left of dZ Wᵀ; for a single output dZᵀ, in the first row of a block
    D_paired   dZ[l]    block (n, r), right of Aᵀ dZ
    W_paired   W[l]     block (n, k), right of A W
    W_turned   W[l]ᵀ    block (k, n), right of dZ Wᵀ

r, k and n count blocks of rows, of p[l-1] and of p[l]; the second of two indices runs first. So a sum over blocks reads
each operand as one stream. Turning a paired block gives the left operand of its transpose, and turning one in rows
gives the right operand of its transpose.
"""

from ...jit.bfloat16 import BLOCK, HALF, PAIRS, nearest_bfloat16, round_and_pair_rows
from ...jit.compile import VECTOR_BYTES, kernel
from ...jit.intrinsics import keep_whole
from ...jit.micro_kernel import transpose_square
from ...jit.tiles import multiply_block, multiply_columns, release_tiles, take_tiles
from ..arrays import Matrix, check_corner, check_index, copy, fill_zero, part, row_of

NUMBERS = BLOCK * BLOCK
LANES = VECTOR_BYTES // 4
SCRATCH = 2 * NUMBERS  # of float32, for each tile of rows or thread: sums of a product, and what becomes of them
SCRATCH_PAIRS = PAIRS  # a block that is turned, or packed, next


@kernel
def begin_products(net):
    """Make the calling thread ready for products."""
    take_tiles()


@kernel
def end_products(net):
    """Undo `begin_products`."""
    release_tiles()


@kernel
def block_rows(m):
    """Return how many blocks of rows m rows take."""
    return (m + BLOCK - 1) // BLOCK


@kernel
def scratch_of(net, index):
    """Return where scratch begins in work and in net.pairs; index: a tile's first block of rows, or a thread."""
    numbers, pairs = net.layout[0].block + index * SCRATCH, net.layout[0].block_pairs + index * SCRATCH_PAIRS
    check_index(net.work, numbers + SCRATCH - 1)
    check_index(net.pairs, pairs + SCRATCH_PAIRS - 1)
    return numbers, pairs


@kernel
def check_layer(net, l, row, m):
    """Read the last number of each operand of layer l that m rows from `row` on take, as `check_index` does."""
    layer, pairs, row_blocks = net.layers[l], net.pairs, net.layout[0].row_blocks
    R, K, N = row // BLOCK + block_rows(m), layer.blocks_in, layer.blocks
    check_index(pairs, layer.A_rows + R * K * PAIRS - 1)
    check_index(pairs, layer.A_turned + ((K - 1) * row_blocks + R) * PAIRS - 1)
    check_index(pairs, layer.D_rows + R * N * PAIRS - 1)
    check_index(pairs, layer.D_paired + ((N - 1) * row_blocks + R) * PAIRS - 1)
    check_index(pairs, layer.W_paired + K * N * PAIRS - 1)
    check_index(pairs, layer.W_turned + K * N * PAIRS - 1)
    check_index(net.work, layer.start + N * BLOCK - 1 if not layer.narrow else layer.start)
    if layer.Z >= 0:
        check_index(net.work, layer.Z + R * N * NUMBERS - 1)


@kernel
def scratch_of_thread(net, thread, m):
    """Return the index of the thread's scratch."""
    return thread


@kernel
def turn(A, a, T, t):
    """Transpose both tiles of a block as 16 × 16 pairs: block a of A in, block t of T out."""
    for tile in range(0, PAIRS, HALF * HALF):
        for i in range(0, HALF, LANES):
            for j in range(0, HALF, LANES):
                transpose_square(A, a + tile + i * HALF + j, HALF, T, t + tile + j * HALF + i, HALF)


@kernel
def copy_padded(m, n, X, block):
    """Copy m × n numbers of X (in) into a block of float32 (out), and fill it up with zeros."""
    for i in range(BLOCK):
        target = row_of(block, i, BLOCK)
        if i < m:
            copy(row_of(X, i, n), target[:n])
            fill_zero(target[n:])
        else:
            fill_zero(target)


@kernel
def round_padded(net, m, n, X, rows, paired, scratch):
    """Round m × n numbers of X (in), and zeros: blocks in rows and paired out; scratch (offset in work) destroyed."""
    block = X
    if m < BLOCK or n < BLOCK:
        block = Matrix(net.work, scratch, BLOCK)
        copy_padded(m, n, X, block)
    round_and_pair_rows(block, net.pairs, rows, net.pairs, paired)


@kernel
def multiply(net, n, a, step, b, columns, C, fresh):
    """C = A B if fresh, else C += A B, of n blocks each, from a and b on; of `columns` columns at least."""
    check_corner(C, BLOCK, min(columns, BLOCK))
    if columns > HALF:
        multiply_block(n, net.pairs, a, step, net.pairs, b, C, fresh)
    else:
        multiply_columns(n, net.pairs, a, step, net.pairs, b, C, fresh)


@kernel
def pack_weights(net, l, first, last, transposed, scratch):
    """Round rows first:last of W from θ into W_paired, and into W_turned if transposed; a single column stays, too.

    first and last are multiples of BLOCK, but at the end of W; scratch: index for `scratch_of`.
    """
    keep_whole()
    layer, pairs = net.layers[l], net.pairs
    if layer.narrow:
        for k in range(first, last):
            net.work[layer.packed + k] = nearest_bfloat16(net.theta[layer.W + k])
    scratch, rows = scratch_of(net, scratch)
    W = Matrix(net.theta, layer.W, layer.p_out)
    for k in range(first // BLOCK, block_rows(last)):
        m = min(BLOCK, layer.p_in - k * BLOCK)
        for n in range(layer.blocks):
            columns = min(BLOCK, layer.p_out - n * BLOCK)
            paired = layer.W_paired + (n * layer.blocks_in + k) * PAIRS
            round_padded(net, m, columns, part(W, k * BLOCK, n * BLOCK), rows, paired, scratch)
            if transposed and l > 0 and not layer.narrow:
                turn(pairs, rows, pairs, layer.W_turned + (k * layer.blocks + n) * PAIRS)
