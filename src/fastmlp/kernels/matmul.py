"""The three products of backpropagation over one micro-kernel: A W, dZ Wᵀ and Aᵀ dZ; and the packing of W.

A product takes one panel of at most TILE_VECTORS vectors of columns after the other, and in each panel one register
tile of rows after the other. Wᵀ is packed panel by panel, so that the micro-kernel reads it as one stream; so is a W
whose rows are not whole vectors, or lie far apart. Any other W is read in θ. A wide Aᵀ dZ packs columns of A as it
goes, because the numbers of a column of A lie in as many pages.
"""

from ..jit.compile import TILE_ROWS, TILE_VECTORS, ZERO, kernel
from ..jit.intrinsics import keep_whole, prefetch_to_write
from ..jit.micro_kernel import AS_IS, copy_tile_rows, copy_vector, fma_tile, transpose_square, transpose_tile
from ..jit.vectors import lanes_of
from .arrays import PACKED, Matrix, check_corner, check_index, part, row_of

assert TILE_VECTORS in (3, 4), "panel_vectors and the tiles below are written for these"
COLUMNS = 64  # of A that Aᵀ B packs at a time
MOST_VECTORS_UNPACKED = 16  # in a row of B: up to these, packing A takes what it brings
tile_1, tile_2, tile_3 = (fma_tile(TILE_ROWS, vectors) for vectors in (1, 2, 3))
low_tile_3 = fma_tile(TILE_ROWS // 2, 3)
tile_4, low_tile_4 = fma_tile(6, 4), fma_tile(4, 4)


@kernel
def panel_vectors(remaining, most):
    """Return the vectors of the next panel when `remaining` are left: the most that leave no panel of 1 or 2.

    Tiles of 3 and 4 vectors are equally fast, those of 2 are slower, and those of 1 are slower by far.
    """
    if most == 4 and (remaining == 4 or remaining == 7 or remaining == 8 or remaining > 9):
        return 4
    return 2 if remaining == 4 else min(remaining, 3)


@kernel
def panel(vectors, M, K, A, rs, cs, B, start, C, finish, mask, far):
    """One panel of C = finish(start + A B), tile by tile; compiled twice, with rs = 1 and with cs = 1 in the code.

    A in (M × K; ld from a tile's row to the next tile's, rs and cs as in `fma_tile`), B in (K × vectors), start in
    (ld 0: a row, else M rows), C out (M rounded up to TILE_ROWS; far: it may not be cached).
    """
    keep_whole()
    width = vectors * lanes_of(C.data)
    i = 0
    while i < M:
        a, s, c, m = part(A, i, ZERO), part(start, i, ZERO), part(C, i, ZERO), mask + i * C.ld
        rows = TILE_ROWS
        if far:  # the next tile's lines
            for r in range(rows, 2 * rows):
                for j in range(0, width, lanes_of(C.data)):
                    prefetch_to_write(C.data, c.offset + r * C.ld + j)
        if vectors == 3 and M - i <= TILE_ROWS // 2:
            low_tile_3(K, a, rs, cs, B, s, c, finish, m)
        elif vectors == 3:
            tile_3(K, a, rs, cs, B, s, c, finish, m)
        elif vectors == 2:
            tile_2(K, a, rs, cs, B, s, c, finish, m)
        elif vectors == 1:
            tile_1(K, a, rs, cs, B, s, c, finish, m)
        elif TILE_VECTORS == 4:
            rows = 6 if M - i > TILE_ROWS or 4 < M - i <= 6 else 4  # 6 leave no 1 or 2 of 8 rows
            if rows == 6:
                tile_4(K, a, rs, cs, B, s, c, finish, m)
            else:
                low_tile_4(K, a, rs, cs, B, s, c, finish, m)
        i += rows


@kernel
def multiply(M, vectors, K, A, B, start, C, finish, mask):
    """C = finish(1 startᵀ + A B): g(A W + 1 bᵀ), and dZ Wᵀ ⊙ g'.

    A in (M × K), B in (K × vectors; ld PACKED: in panels), start in (a row of C, ld 0), C out (M rounded up to
    TILE_ROWS); finish and mask (offset in C.data, shape and ld of C) as in `fma_tile`.
    """
    keep_whole()
    lanes = lanes_of(C.data)
    j = 0
    while j < vectors:
        width = panel_vectors(vectors - j, TILE_VECTORS)
        n = j * lanes
        b = Matrix(B.data, B.offset + n * K, width * lanes) if B.ld == PACKED else part(B, ZERO, n)
        check_corner(b, K, width * lanes)
        panel(width, M, K, A, A.ld, 1, b, part(start, ZERO, n), part(C, ZERO, n), finish, mask + n, False)
        j += width
    rows = (M + TILE_ROWS - 1) // TILE_ROWS * TILE_ROWS
    check_corner(A, rows, K)
    check_corner(C, rows, vectors * lanes)


@kernel
def pack_columns(count, K, A, packed):
    """Copy `count` columns of A (in: K rows) into panels of TILE_ROWS columns (out, from packed.offset on)."""
    for k in range(K):
        for i in range(0, count, TILE_ROWS):
            copy_tile_rows(A.data, A.offset + k * A.ld + i, packed.data, packed.offset + i * K + k * TILE_ROWS)


@kernel
def multiply_transposed(M, vectors, K, A, B, zeros, fresh, C, columns):
    """C = Aᵀ B if fresh, else C += Aᵀ B: dW = A[l-1]ᵀ dZ[l].

    A in (K × M), B in (K × vectors), zeros in (a row of C, ld 0), C out or in/out (M rounded up to TILE_ROWS);
    columns (offset in A.data of K × COLUMNS numbers, if `packs`) destroyed.
    """
    keep_whole()
    lanes = lanes_of(C.data)
    packs = vectors > MOST_VECTORS_UNPACKED
    block, most = (COLUMNS, 3) if packs else (M, TILE_VECTORS)  # columns are packed by TILE_ROWS
    far = packs and not fresh
    for i in range(0, M, block):
        count = min(block, M - i)
        a, down = Matrix(A.data, A.offset + i, 1), A.ld
        if packs:
            pack_columns(count, K, part(A, ZERO, i), Matrix(A.data, columns, PACKED))
            a, down = Matrix(A.data, columns, K), TILE_ROWS
        j = 0
        while j < vectors:
            width = panel_vectors(vectors - j, most)
            n = j * lanes
            c = part(C, i, n)
            start = part(zeros, ZERO, n) if fresh else c
            panel(width, count, K, a, 1, down, part(B, ZERO, n), start, c, AS_IS, c.offset, far)
            j += width
    rows = (M + TILE_ROWS - 1) // TILE_ROWS * TILE_ROWS
    check_corner(A, K, rows)
    if packs:
        check_index(A.data, columns + K * min(COLUMNS, rows) - 1)
    check_corner(B, K, vectors * lanes)
    check_corner(C, rows, vectors * lanes)


@kernel
def pack_rows(first, count, W, packed, K, vectors):
    """Copy rows first … first+count-1 of W (in: K × W.ld, dense) into its panels (out; K rows, `vectors` vectors)."""
    keep_whole()
    lanes, p_out = lanes_of(packed.data), W.ld
    j = 0
    while j < vectors:
        width = panel_vectors(vectors - j, TILE_VECTORS)
        left, right = j * lanes, min((j + width) * lanes, p_out)
        whole = left + (right - left) // lanes * lanes
        for i in range(first, first + count):
            source, place = W.offset + i * p_out, packed.offset + left * K + i * width * lanes - left
            for q in range(left, whole, lanes):
                copy_vector(W.data, source + q, packed.data, place + q)
            for q in range(whole, right):
                packed.data[place + q] = W.data[source + q]
        j += width


@kernel
def pack_transposed_block(first, count, W, packed, vectors):
    """`pack_transposed` for count = lanes_of(W.data) and a multiple of it, or for at most TILE_ROWS, and of that."""
    lanes, p_out = lanes_of(packed.data), W.ld
    square = count == lanes
    tiles = p_out // lanes * lanes if square or (count == TILE_ROWS and lanes >= TILE_ROWS) else 0
    j, width = 0, panel_vectors(vectors, TILE_VECTORS)
    for i in range(count):
        while first + i >= (j + width) * lanes:
            j += width
            width = panel_vectors(vectors - j, TILE_VECTORS)
        stride, place = width * lanes, packed.offset + j * lanes * p_out + first + i - j * lanes
        if i == 0:
            for q in range(0, tiles, lanes):
                w, b = W.offset + first * p_out + q, place + q * stride
                if square:
                    transpose_square(W.data, w, p_out, packed.data, b, stride)
                else:
                    transpose_tile(W.data, w, p_out, packed.data, b, stride)
        source = row_of(W, first + i, p_out)
        target = packed.data[place : place + (p_out - 1) * stride + 1]
        for q in range(tiles, p_out):
            target[q * stride] = source[q]


@kernel
def pack_transposed(first, count, W, packed, vectors):
    """Copy rows first … first+count-1 of W (in: ld p_out, dense) into the panels of Wᵀ (out; p_out × vectors).

    first is a multiple of TILE_ROWS. A square block must lie in one vector of the panels: others go by TILE_ROWS.
    """
    keep_whole()
    lanes, k, last = lanes_of(packed.data), first, first + count
    while k < last:
        block = lanes if k % lanes == 0 and last - k >= lanes else min(TILE_ROWS, last - k)
        pack_transposed_block(k, block, W, packed, vectors)
        k += block
