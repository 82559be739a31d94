"""Dropout of hidden units in training: A[l] ⊙ mask / (1 - p), with the expectation of A[l] (Srivastava et al. 2014).

The mask is a hash of (seed, step, row of the batch, layer, unit): nothing is stored, the backward pass computes
it again, and no thread changes it.
"""

import numpy as np

from ..jit.compile import kernel
from ..jit.intrinsics import keep_whole
from .arrays import row_of


@kernel
def mixed(h):
    """Return a hash of 64 bits: the finaliser of MurmurHash3."""
    h = np.uint64(h)
    h = (h ^ (h >> np.uint64(33))) * np.uint64(0xFF51AFD7ED558CCD)
    h = (h ^ (h >> np.uint64(33))) * np.uint64(0xC4CEB9FE1A85EC53)
    return h ^ (h >> np.uint64(33))


@kernel
def step_key(seed, t):
    """Return the key of all masks of step t; never 0, which stands for no dropout."""
    return np.int64(mixed(mixed(seed) + np.uint64(t))) | np.int64(1)


@kernel
def kept(row_key, k):
    """Return 32 bits for unit k of a row: at least `layer.dropped` where it is kept."""
    h = np.uint32(row_key + np.uint32(k) * np.uint32(0x9E3779B9))
    h = np.uint32((h ^ (h >> np.uint32(16))) * np.uint32(0x85EBCA6B))
    h = np.uint32((h ^ (h >> np.uint32(13))) * np.uint32(0xC2B2AE35))
    return np.uint32(h ^ (h >> np.uint32(16)))


@kernel
def drop(layer, l, m, first, count, X, key, in_batch):
    """X = X ⊙ mask / (1 - p), for m rows of A[l] or dA[l], the first of them row `in_batch` of its batch.

    X in/out (m × count), the units from `first` on; key: that of the step, see `step_key`.
    """
    keep_whole()
    zero, scale, dropped = X.data.dtype.type(0), X.data.dtype.type(layer.kept_scale), np.uint32(layer.dropped)
    for i in range(m):
        row_key = np.uint32(mixed(mixed(np.uint64(key) + np.uint64(in_batch + i)) + np.uint64(l)))
        x = row_of(X, i, count)
        for k in range(len(x)):
            value = x[k] * scale
            x[k] = value if kept(row_key, first + k) >= dropped else zero
