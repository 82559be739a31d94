"""The head: logits, targets and weights to the loss and dZ[L], where σ or softmax and log loss cancel.

K sigmoids: ℓ = Σ max(z, 0) - y z + log1p(e^-|z|) and dZ = w (σ(z) - y). Softmax over K classes:
ℓ = log Σ e^z - z[y] and dZ = w (softmax(z) - e[y]). Both from logits and never from probabilities:
finite for every finite z. One exponential a logit serves both.
"""

import math

import numpy as np

from .arrays import check_corner, total_of
from .compile import kernel
from .padded_rows import divide_by, largest_of, multiply_by, subtract, sum_of
from .pointwise import exp_negative, log1p_unit
from .vectors import lanes_of


@kernel
def sigmoid_log_loss(m, work, z, ld, vectors, y, ld_Y, w, loss):
    """w Σ_K ℓ of m rows of K sigmoids, and dZ[L] = w (σ(Z[L]) - Y): Z in, dZ out (from `z` on, ld).

    Y in (from `y` on, ld_Y), destroyed; w in, loss out (m). Padding to whole vectors: the lowest number in Z, 0 in Y.
    """
    one, zero, n = work.dtype.type(1), work.dtype.type(0), vectors * lanes_of(work)
    for i in range(m):
        Z, Y, scale = work[z + i * ld : z + i * ld + n], work[y + i * ld_Y : y + i * ld_Y + n], w[i]
        for k in range(n):
            logit, target = Z[k], Y[k]
            e = exp_negative(-abs(logit))
            Y[k] = max(logit, zero) - target * logit + log1p_unit(e)
            Z[k] = scale * ((one if logit >= zero else e) / (one + e) - target)
        loss[i] = scale * total_of(Y)


@kernel
def sigmoid_log_loss_1(Z, Y, w, loss):
    """The same of m rows of one sigmoid: Z in/out, Y, w in, loss out (float64), each (m).

    One loop, which LLVM runs on whole vectors of rows.
    """
    one, zero = Z.dtype.type(1), Z.dtype.type(0)
    for i in range(len(loss)):
        z, y = Z[i], Y[i]
        e = exp_negative(-abs(z))
        loss[i] = w[i] * (max(z, zero) - y * z + log1p_unit(e))
        Z[i] = w[i] * ((one if z >= zero else e) / (one + e) - y)


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
