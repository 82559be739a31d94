"""The head: logits, targets and weights to the loss and dZ[L], where σ or softmax and log loss cancel.

K sigmoids: ℓ = Σ max(z, 0) - y z + log1p(e^-|z|) and dZ = w (σ(z) - y). Softmax over K classes:
ℓ = log Σ e^z - z[y] and dZ = w (softmax(z) - e[y]). Both from logits and never from probabilities:
finite for every finite z. One exponential a logit serves both.
"""

import math

import numpy as np

from ..jit.compile import kernel
from ..jit.scalar_math import exp_negative, log1p_unit
from ..jit.vectors import divide_by, lanes_of, largest_of, multiply_by, subtract, sum_of
from .arrays import check_corner, total_of


@kernel
def loss_and_residual(z, y):
    """(ℓ, σ(z) - y) of one logit; LLVM runs it on whole vectors of them."""
    one, zero = type(z)(1), type(z)(0)
    e = exp_negative(-abs(z))
    return max(z, zero) - y * z + log1p_unit(e), (one if z >= zero else e) / (one + e) - y


@kernel
def sigmoid_log_loss(m, work, z, ld, vectors, y, ld_Y, w, loss):
    """w Σ_K ℓ of m rows of K sigmoids, and dZ[L] = w (σ(Z[L]) - Y): Z in, dZ out (from `z` on, ld).

    Y in (from `y` on, ld_Y), destroyed; w in, loss out (m). Padding to whole vectors: the lowest number in Z, 0 in Y.
    """
    n = vectors * lanes_of(work)
    for i in range(m):
        Z, Y, scale = work[z + i * ld : z + i * ld + n], work[y + i * ld_Y : y + i * ld_Y + n], w[i]
        for k in range(n):
            term, residual = loss_and_residual(Z[k], Y[k])
            Y[k], Z[k] = term, scale * residual
        loss[i] = scale * total_of(Y)


@kernel
def sigmoid_log_loss_1(Z, Y, w, loss):
    """The same of m rows of one sigmoid: Z in/out, Y, w in, loss out (float64), each (m).

    One loop, which LLVM runs on whole vectors of rows.
    """
    for i in range(len(loss)):
        term, residual = loss_and_residual(Z[i], Y[i])
        loss[i], Z[i] = w[i] * term, w[i] * residual


@kernel
def exponentials(m, work, z, ld, n):
    """Z = e^Z of m rows of n numbers, none above 0: in/out (from `z` on, ld)."""
    rows, size = (1, m * n) if ld == n else (m, n)
    for i in range(rows):
        Z = work[z + i * ld : z + i * ld + size]
        for k in range(size):
            Z[k] = exp_negative(Z[k])


@kernel
def softmax(m, work, z, ld, vectors):
    """Z = e^Z / Σ e^Z of m rows: in/out (from `z` on, ld), of whole vectors, padding -inf in, 0 out."""
    check_corner(work, z + (m - 1) * ld + vectors * lanes_of(work) - 1)
    for i in range(m):
        row = z + i * ld
        subtract(work, row, vectors, largest_of(work, row, vectors))
    exponentials(m, work, z, ld, vectors * lanes_of(work))
    for i in range(m):
        row = z + i * ld
        divide_by(work, row, vectors, sum_of(work, row, vectors))


@kernel
def softmax_log_loss(m, work, z, ld, vectors, y, w, loss):
    """w ℓ of m rows, and dZ[L] = w (softmax(Z[L]) - e[y]): Z in, dZ out as in `softmax`; y in (m, from `y` on).

    w in, loss out (m).
    """
    check_corner(work, z + (m - 1) * ld + vectors * lanes_of(work) - 1)
    for i in range(m):
        row = z + i * ld
        largest = largest_of(work, row, vectors)
        loss[i] = np.float64(largest) - np.float64(work[row + np.intp(work[y + i])])
        subtract(work, row, vectors, largest)
    exponentials(m, work, z, ld, vectors * lanes_of(work))
    for i in range(m):
        row = z + i * ld
        total = sum_of(work, row, vectors)
        loss[i] = w[i] * (loss[i] + math.log(np.float64(total)))
        multiply_by(work, row, vectors, w[i] / total)
        work[row + np.intp(work[y + i])] -= w[i]
