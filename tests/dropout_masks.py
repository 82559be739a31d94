"""Which units dropout keeps: the hash of `kernels/dropout.py` in Python's integers."""

import numpy as np

MASK_64, MASK_32 = 2**64 - 1, 2**32 - 1


def mixed(h):
    for factor in (0xFF51AFD7ED558CCD, 0xC4CEB9FE1A85EC53):
        h = (h ^ (h >> 33)) * factor & MASK_64
    return h ^ (h >> 33)


def mask(seed, t, row, layer, p, width):
    """Return which units of a row are kept in step t; row: its number in the batch."""
    step = mixed((mixed(seed) + t) & MASK_64) | 1
    key = mixed((mixed((step + row) & MASK_64) + layer) & MASK_64) & MASK_32
    kept = []
    for k in range(width):
        h = (key + k * 0x9E3779B9) & MASK_32
        for shift, factor in ((16, 0x85EBCA6B), (13, 0xC2B2AE35)):
            h = (h ^ (h >> shift)) * factor & MASK_32
        kept.append((h ^ (h >> 16)) >= round(p * 2**32))
    return np.array(kept)


def factors(seed, t, n, layer, p, width):
    """Return what dropout multiplies A[layer + 1] by in a batch of n rows: 0 or 1 / (1 - p)."""
    return np.array([mask(seed, t, i, layer, p, width) for i in range(n)]) / (1 - p)
