"""The oracle of dtype="mixed_bfloat16": plain float64 NumPy that shares no code with fastmlp.

Every operand of a product is rounded to bfloat16, r: A[l-1] (A[0] is the scaled inputs), W[l] and dZ[l]. All else has
the precision of the sums, which is float32 in the kernels and float64 here:

    Z[l] = r(A[l-1]) r(W[l]) + 1 b[l]ᵀ                        l = 1 … L, also where p[L] = 1
    A[l] = g[l](Z[l]) ⊙ D[l]                                  D[l]: 0 or 1 / (1 - p) with dropout, else 1
    J and dZ[L] from Z[L], which is not rounded
    dZ[l] = (r(dZ[l+1]) r(W[l+1])ᵀ) ⊙ D[l] ⊙ g'[l](Z[l])      g' of Z[l], not of the rounded A[l]
    dW[l] = r(A[l-1])ᵀ r(dZ[l]),  db[l] = column sums of r(dZ[l])

r is to the nearest, and to an even last bit from the middle between two; NaN stays NaN, subnormal numbers become 0.
Updates of θ are in float32, on a θ that is not rounded.
"""

from typing import NamedTuple

import numpy as np
from reference import FUNCTIONS, LOG_LOSS
from scipy.special import logsumexp, softmax

LEAST_NORMAL = 2.0**-126


def rounded(M):
    """Return r(M) in float64, by arithmetic on the bits of M in float32: a bfloat16 is their upper half."""
    M = np.ascontiguousarray(M, np.float32)
    bits = M.view(np.uint32)
    last_kept = bits >> np.uint32(16) & np.uint32(1)
    nearest = (bits + np.uint32(0x7FFF) + last_kept & np.uint32(0xFFFF0000)).view(np.float32)
    nearest = np.where(np.abs(M) < LEAST_NORMAL, np.copysign(np.float32(0), M), nearest)
    return np.where(np.isnan(M), np.float32(np.nan), nearest).astype(np.float64)


def unrounded(M):
    """Return M in float64: in place of `rounded`, it makes the exact gradient."""
    return np.asarray(M, np.float64)


class Pass(NamedTuple):
    """What a pass over all rows computes; the operands of products as they are multiplied."""

    J: float
    dW: list
    db: list
    A: list
    W: list
    dZ: list
    Z: list


def functions_of(activation):
    """Return g(Z) and g'(Z) of a name of `reference`, or of a pair of functions of scalars."""
    if isinstance(activation, str):
        g, dg = FUNCTIONS[activation]
        return g, lambda Z: dg(Z, Z > 0)
    return [np.vectorize(f, otypes=[float]) for f in activation]


def head(Z, y, w, classes, loss):
    """J and dZ[L] of Z[L]: as in `reference`."""
    n, K = Z.shape
    w = (np.ones(n) if w is None else np.asarray(w, np.float64))[:, None]
    if classes:
        Y = np.eye(K)[np.asarray(y, int)]
        return float(w[:, 0] @ (logsumexp(Z, axis=1) - (Y * Z).sum(axis=1))), w * (softmax(Z, axis=1) - Y)
    Y = np.asarray(y, np.float64).reshape(n, -1)
    return float(w[:, 0] @ loss.value(Z, Y).sum(axis=1)), w * loss.slope(Z, Y)


def gradient(X, y, w, weights, biases, activations, classes=False, loss=LOG_LOSS, dropout=None, r=rounded):
    """Return J, summed over rows, and its gradient, with all operands.

    X (n, p[0]), y (n) or (n, K), w (n) or None; biases possibly empty; activations: names or pairs (g, g') of the
    hidden layers; classes, loss: as for `reference.loss_and_gradient`; dropout: D[l] (n, p[l]) of each hidden layer, or
    None; r: what makes operands of numbers.
    """
    L, g = len(weights), [functions_of(activation) for activation in activations]
    W, A, Z = [r(W) for W in weights], [r(X)], []
    for l in range(L):
        Z.append(A[l] @ W[l] + (np.asarray(biases[l], np.float64) if len(biases) else 0))
        if l < L - 1:
            A.append(r(g[l][0](Z[l]) * (1 if dropout is None else dropout[l])))
    J, dZ_last = head(Z[-1], y, w, classes, loss)
    dZ = [r(dZ_last)]
    for l in reversed(range(L - 1)):
        dA = dZ[0] @ W[l + 1].T * (1 if dropout is None else dropout[l])
        dZ.insert(0, r(dA * g[l][1](Z[l])))
    dW = [A[l].T @ dZ[l] for l in range(L)]
    db = [d.sum(axis=0) for d in dZ] if len(biases) else []
    return Pass(J, dW, db, A, W, dZ, Z)
