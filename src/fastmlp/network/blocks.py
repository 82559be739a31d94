"""Where the blocks of bfloat16 lie that mixed nets multiply, see kernels/mixed/blocks.py."""

from typing import Any

import numpy as np

from ..jit.bfloat16 import BLOCK, PAIRS
from ..kernels.mixed.blocks import SCRATCH, SCRATCH_PAIRS
from .formats import Allocator, round_up

ONES = 0x3F803F80  # a pair of ones


def place_blocks(layers: np.ndarray, layout: Any, rows: int, n_threads: int, sums: Allocator) -> None:
    """Write the offsets of all operands, for `rows` rows, a multiple of BLOCK, and of scratch for rows and threads."""
    pairs = Allocator(PAIRS)
    row_blocks = rows // BLOCK
    layout["row_blocks"] = row_blocks
    layout["ones"] = pairs(PAIRS)
    scratch = max(row_blocks, n_threads)
    layout["block"], layout["block_pairs"] = sums(scratch * SCRATCH), pairs(scratch * SCRATCH_PAIRS)
    for layer in layers:
        K, N = (round_up(int(layer[p]), BLOCK) // BLOCK for p in ("p_in", "p_out"))
        layer["blocks_in"], layer["blocks"] = K, N
        layer["A_rows"], layer["A_turned"] = pairs(row_blocks * K * PAIRS), pairs(row_blocks * K * PAIRS)
        layer["D_paired"] = pairs(row_blocks * N * PAIRS)
        layer["W_paired"], layer["W_turned"] = pairs(K * N * PAIRS), pairs(K * N * PAIRS)
    layers["D_rows"][:-1] = layers["A_rows"][1:]
    layers["D_rows"][-1] = pairs(row_blocks * int(layers["blocks"][-1]) * PAIRS)
    layout["n_pairs"] = pairs.size


def operand_blocks(layout: Any) -> np.ndarray:
    """Return the blocks, all zero but for the ones that column sums are multiplied with."""
    buffer = np.zeros((int(layout["n_pairs"]) + PAIRS) * 4, np.uint8)
    skip = -buffer.ctypes.data % (4 * PAIRS)
    blocks = buffer[skip : skip + int(layout["n_pairs"]) * 4].view(np.uint32)
    blocks[layout["ones"] : layout["ones"] + PAIRS] = ONES
    return blocks
