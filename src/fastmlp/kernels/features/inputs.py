"""Inputs of a net from numbers of rows, a tile of rows at a time: A[0] of X (m × q), where NaN is a missing number.

Each part of the features that is not looked up has a record (FEATURE), and its place in an array of constants.
`fastmlp/feature_parts/` has the equations, and their slow twins.
"""

import numpy as np

from ...jit.compile import NOWHERE, ZERO, kernel
from ...jit.intrinsics import keep_whole
from ...jit.scalar_math import cos_turn, root, sin_turn
from ..arrays import copy, fill_zero, part, row_of

NUMBER, CLIPPED, MISSING, WAVES, VALUES, BINS, ONE_HOT = range(7)
CLIP = 1e15  # beyond, x / √(1 + (x/3)²) is ±3, and x² might overflow
MOST_TURNS = 2.0**60  # a whole number in both dtypes, as all numbers from there on


@kernel
def single(kind, x):
    """Return the only input of a part: x, x / √(1 + (x/3)²), or whether x is missing."""
    T = type(x)
    zero, one, clip = T(0), T(1), T(CLIP)
    if kind == MISSING:
        return zero if x == x else one
    x = x if x == x else zero
    if kind == NUMBER:
        return x
    x = x if x > -clip else -clip
    x = x if x < clip else clip
    third = x / T(3)
    return x / root(one + third * third)


@kernel
def waves(x, frequencies, target):
    """target = cos 2πfc for all f, then sin 2πfc, with c = x / √(1 + (x/3)²)."""
    T, n = target.dtype.type, len(frequencies)
    most, c = T(MOST_TURNS), single(CLIPPED, x)
    for k in range(n):
        turns = c * frequencies[k]
        turns = turns if turns > -most else -most
        turns = turns if turns < most else most
        target[k], target[n + k] = cos_turn(turns), sin_turn(turns)


@kernel
def code_of(x, n):
    """Return x as an integer where it is one of 0 … n-1, else NOWHERE."""
    if x >= 0 and x < n:  # not where x is missing
        code = np.intp(x)
        if code == x:
            return code
    return NOWHERE


@kernel
def make_features(net, X, m, A):
    """A[0] of the numbers of rows: X in (m × q), A out (m × those inputs that are not looked up)."""
    keep_whole()
    constants = net.constants
    for k in range(len(net.features)):
        feature = net.features[k]
        kind, size, count = feature.kind, feature.size, feature.count
        known = constants[feature.constants : feature.constants + feature.n_constants]
        for i in range(m):
            x = row_of(part(X, i, feature.column), ZERO, 1)[0]
            target = row_of(part(A, i, feature.first), ZERO, count)
            if kind <= MISSING:
                target[0] = single(kind, x)
            elif kind == WAVES and x == x:
                waves(x, known, target)
            else:
                code = code_of(x, size) if kind == VALUES else NOWHERE
                if code >= 0:
                    copy(known[code * count : (code + 1) * count], target)
                else:
                    fill_zero(target)
