"""The three products of backpropagation over one micro-kernel: A W, dZ Wᵀ and Aᵀ dZ; and the packing of W.

A product walks over panels of at most TILE_VECTORS vectors of columns, and in each panel over rows, a register
tile at a time. Wᵀ is packed panel by panel, so that the micro-kernel reads it as one stream; so is a W whose
rows are not whole vectors, or lie far apart, while any other is read where it lies in θ. A wide Aᵀ dZ packs columns
of A as it goes: the numbers of a column lie in as many pages.
"""

from ..jit.compile import TILE_ROWS, TILE_VECTORS, kernel
from ..jit.intrinsics import keep_whole, prefetch_to_write
from ..jit.micro_kernel import AS_IS, copy_tile_rows, copy_vector, fma_tile, transpose_square, transpose_tile
from ..jit.vectors import lanes_of
from .arrays import check_corner

assert TILE_VECTORS in (3, 4), "panel_vectors and the tiles below are written for these"
COLUMNS = 64  # of A that Aᵀ B packs at a time
MOST_VECTORS_UNPACKED = 16  # in a row of B: up to these, packing A takes what it brings
PACKED = 0  # as the leading dimension of B: it lies in panels
tile_1, tile_2, tile_3 = (fma_tile(TILE_ROWS, vectors) for vectors in (1, 2, 3))
low_tile_3 = fma_tile(TILE_ROWS // 2, 3)
tile_4, low_tile_4 = fma_tile(6, 4), fma_tile(4, 4)


@kernel
def panel_vectors(remaining, most):
    """Vectors in the next panel when `remaining` are left: as many as may be, unless the last ones were 1 or 2 then.

    Tiles of 3 and 4 vectors are equally fast, one of 2 is slower, and one of 1 slower by far.
    """
    if most == 4 and (remaining == 4 or remaining == 7 or remaining == 8 or remaining > 9):
        return 4
    return 2 if remaining == 4 else min(remaining, 3)


@kernel
def panel(
    vectors, M, K, A, at_a, next_row, rs, cs, B, at_b, ldb, start, at_start, lds, C, at_c, ldc, finish, mask, far
):
    """One panel of C = finish(start + A B), tile by tile; compiled twice, with rs = 1 and with cs = 1 in the code.

    A in (M × K; next_row from a tile's row to the next tile's, the rest as in `fma_tile`), B in (K × vectors, ld ldb),
    start in (lds 0: a row, lds = ldc: M rows), C out (M rounded up to TILE_ROWS, ld ldc; far: it may not be cached).
    """
    keep_whole()
    lanes = lanes_of(A)
    i = 0
    while i < M:
        a, s, c, m = at_a + i * next_row, at_start + i * lds, at_c + i * ldc, mask + i * ldc
        rows = TILE_ROWS
        if far:  # the next tile's lines
            for r in range(rows, 2 * rows):
                for j in range(0, vectors * lanes, lanes):
                    prefetch_to_write(C, c + r * ldc + j)
        if vectors == 3 and M - i <= TILE_ROWS // 2:
            low_tile_3(A, a, rs, cs, B, at_b, ldb, start, s, lds, C, c, ldc, K, finish, m)
        elif vectors == 3:
            tile_3(A, a, rs, cs, B, at_b, ldb, start, s, lds, C, c, ldc, K, finish, m)
        elif vectors == 2:
            tile_2(A, a, rs, cs, B, at_b, ldb, start, s, lds, C, c, ldc, K, finish, m)
        elif vectors == 1:
            tile_1(A, a, rs, cs, B, at_b, ldb, start, s, lds, C, c, ldc, K, finish, m)
        elif TILE_VECTORS == 4:
            rows = 6 if M - i > TILE_ROWS or 4 < M - i <= 6 else 4  # 6 leave no 1 or 2 of 8 rows
            if rows == 6:
                tile_4(A, a, rs, cs, B, at_b, ldb, start, s, lds, C, c, ldc, K, finish, m)
            else:
                low_tile_4(A, a, rs, cs, B, at_b, ldb, start, s, lds, C, c, ldc, K, finish, m)
        i += rows


@kernel
def multiply(M, vectors, K, A, at_a, lda, B, at_b, ldb, start, at_start, C, at_c, ldc, finish, mask):
    """C = finish(1 startᵀ + A B): g(A W + 1 bᵀ), and dZ Wᵀ ⊙ g'.

    A in (M × K, ld lda), B in (K × vectors, ld ldb, or in panels if ldb = PACKED), start in (a row of C), C out (M
    rounded up to TILE_ROWS, ld ldc); finish and mask (offset in C's array, shape and ld of C) as in `fma_tile`.
    """
    keep_whole()
    lanes = lanes_of(A)
    j = 0
    while j < vectors:
        width = panel_vectors(vectors - j, TILE_VECTORS)
        b, step = at_b + j * lanes, ldb
        if ldb == PACKED:
            b, step = at_b + j * lanes * K, width * lanes
        check_corner(B, b + (K - 1) * step + width * lanes - 1)
        s, c, o = at_start + j * lanes, at_c + j * lanes, mask + j * lanes
        panel(width, M, K, A, at_a, lda, lda, 1, B, b, step, start, s, 0, C, c, ldc, finish, o, False)
        j += width
    rows = (M + TILE_ROWS - 1) // TILE_ROWS * TILE_ROWS
    check_corner(A, at_a + (rows - 1) * lda + K - 1)
    check_corner(C, at_c + (rows - 1) * ldc + vectors * lanes - 1)


@kernel
def pack_columns(count, K, A, at_a, lda, packed, at):
    """Copy columns 0 … count-1 of A (in: K rows, ld lda) into panels of TILE_ROWS columns (out)."""
    for k in range(K):
        for i in range(0, count, TILE_ROWS):
            copy_tile_rows(A, at_a + k * lda + i, packed, at + i * K + k * TILE_ROWS)


@kernel
def multiply_transposed(M, vectors, K, A, at_a, lda, B, at_b, ldb, zeros, at_zeros, fresh, C, at_c, ldc, columns):
    """C = Aᵀ B if fresh, else C += Aᵀ B: dW = A[l-1]ᵀ dZ[l].

    A in (K × M, ld lda), B in (K × vectors, ld ldb), zeros in (a row of C), C out or in/out (M rounded up to
    TILE_ROWS, ld ldc); columns (offset in A's array of K × COLUMNS numbers, if `packs`) destroyed.
    """
    keep_whole()
    lanes = lanes_of(A)
    packs = vectors > MOST_VECTORS_UNPACKED
    block, most = (COLUMNS, 3) if packs else (M, TILE_VECTORS)  # columns are packed by TILE_ROWS
    far = packs and not fresh
    for first in range(0, M, block):
        count = min(block, M - first)
        source, across, down = at_a + first, 1, lda
        if packs:
            pack_columns(count, K, A, source, lda, A, columns)
            source, across, down = columns, K, TILE_ROWS
        j = 0
        while j < vectors:
            width = panel_vectors(vectors - j, most)
            b = at_b + j * lanes
            c = at_c + first * ldc + j * lanes
            begin, s, lds = (zeros, at_zeros + j * lanes, 0) if fresh else (C, c, ldc)
            panel(width, count, K, A, source, across, 1, down, B, b, ldb, begin, s, lds, C, c, ldc, AS_IS, c, far)
            j += width
    rows = (M + TILE_ROWS - 1) // TILE_ROWS * TILE_ROWS
    check_corner(A, at_a + (K - 1) * lda + rows - 1)
    if packs:
        check_corner(A, columns + K * min(COLUMNS, rows) - 1)
    check_corner(B, at_b + (K - 1) * ldb + vectors * lanes - 1)
    check_corner(C, at_c + (rows - 1) * ldc + vectors * lanes - 1)


@kernel
def pack_rows(k, count, W, at_w, p_out, packed, at, K, vectors):
    """Copy rows k … k+count-1 of W (in: ld p_out) into the panels of W (out; K rows, `vectors` vectors)."""
    keep_whole()
    lanes = lanes_of(packed)
    j = 0
    while j < vectors:
        width = panel_vectors(vectors - j, TILE_VECTORS)
        first, last = j * lanes, min((j + width) * lanes, p_out)
        whole = first + (last - first) // lanes * lanes
        for i in range(k, k + count):
            source, place = at_w + i * p_out, at + first * K + i * width * lanes - first
            for q in range(first, whole, lanes):
                copy_vector(W, source + q, packed, place + q)
            for q in range(whole, last):
                packed[place + q] = W[source + q]
        j += width


@kernel
def pack_transposed_block(k, count, W, at_w, p_out, packed, at, vectors):
    """`pack_transposed` for count = lanes_of(W) and a multiple k of it, or for at most TILE_ROWS, and of that."""
    lanes = lanes_of(packed)
    square = count == lanes
    tiles = p_out // lanes * lanes if square or (count == TILE_ROWS and lanes >= TILE_ROWS) else 0
    j, width = 0, panel_vectors(vectors, TILE_VECTORS)
    for i in range(count):
        while k + i >= (j + width) * lanes:
            j += width
            width = panel_vectors(vectors - j, TILE_VECTORS)
        step, place = width * lanes, at + j * lanes * p_out + k + i - j * lanes
        if i == 0:
            for q in range(0, tiles, lanes):
                w, b = at_w + k * p_out + q, place + q * step
                if square:
                    transpose_square(W, w, p_out, packed, b, step)
                else:
                    transpose_tile(W, w, p_out, packed, b, step)
        row = W[at_w + (k + i) * p_out : at_w + (k + i + 1) * p_out]
        target = packed[place : place + (p_out - 1) * step + 1]
        for q in range(tiles, p_out):
            target[q * step] = row[q]


@kernel
def pack_transposed(first, count, W, at_w, p_out, packed, at, vectors):
    """Copy rows first … first+count-1 of W (in: ld p_out) into the panels of Wᵀ (out; p_out rows, `vectors` vectors).

    first is a multiple of TILE_ROWS. A square block must lie in one vector of the panels: others go by TILE_ROWS.
    """
    keep_whole()
    lanes, k, last = lanes_of(packed), first, first + count
    while k < last:
        block = lanes if k % lanes == 0 and last - k >= lanes else min(TILE_ROWS, last - k)
        pack_transposed_block(k, block, W, at_w, p_out, packed, at, vectors)
        k += block
