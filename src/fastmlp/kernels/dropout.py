"""Dropout of hidden units in training: A[l] ⊙ mask / (1 - p), with the expectation of A[l] (Srivastava et al. 2014).

The mask is a hash of (seed, step, row of the batch, layer, unit): nothing is stored, the backward pass computes
it again, and no thread changes it.
"""

import numpy as np

from ..jit.compile import kernel
from ..jit.intrinsics import keep_whole


@kernel
def mixed(h):
    """A hash of 64 bits: the finaliser of MurmurHash3."""
    h = np.uint64(h)
    h = (h ^ (h >> np.uint64(33))) * np.uint64(0xFF51AFD7ED558CCD)
    h = (h ^ (h >> np.uint64(33))) * np.uint64(0xC4CEB9FE1A85EC53)
    return h ^ (h >> np.uint64(33))


@kernel
def step_key(seed, t):
    """The key of all masks of step t; never 0, which stands for no dropout."""
    return np.int64(mixed(mixed(seed) + np.uint64(t))) | np.int64(1)


@kernel
def kept(key, k):
    """32 bits of unit k in the row of this key: at least `layer.dropped` where it is kept."""
    h = np.uint32(key + np.uint32(k) * np.uint32(0x9E3779B9))
    h = np.uint32((h ^ (h >> np.uint32(16))) * np.uint32(0x85EBCA6B))
    h = np.uint32((h ^ (h >> np.uint32(13))) * np.uint32(0xC2B2AE35))
    return np.uint32(h ^ (h >> np.uint32(16)))


@kernel
def drop(layer, l, work, at, row, m, step, first):
    """x = x ⊙ mask / (1 - p) for m rows of layer l, the first of them row `first` of its batch: A, or dA.

    work in/out (m × p[l], from `at` on with ld, at buffer row `row`); step: the step's key.
    """
    keep_whole()
    zero, scale = work.dtype.type(0), work.dtype.type(layer.kept_scale)
    dropped, ld = np.uint32(layer.dropped), layer.ld_out
    for i in range(m):
        key = np.uint32(mixed(mixed(np.uint64(step) + np.uint64(first + i)) + np.uint64(l)))
        x = work[at + (row + i) * ld : at + (row + i) * ld + layer.p_out]
        for k in range(len(x)):
            value = x[k] * scale
            x[k] = value if kept(key, k) >= dropped else zero
