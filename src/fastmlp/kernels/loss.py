"""The head: logits, targets and weights to the loss and dZ[L], where σ or softmax and log loss cancel.

K sigmoids: ℓ = Σ max(z, 0) - y z + log1p(e^-|z|) and dZ = w (σ(z) - y). Softmax over K classes:
ℓ = log Σ e^z - z[y] and dZ = w (softmax(z) - e[y]). Both from logits and never from probabilities:
finite for every finite z. One exponential per logit serves the loss and dZ. Targets that are numbers have their losses
in numeric_losses.py.
"""

import math

import numpy as np

from ..jit.compile import ZERO, kernel
from ..jit.intrinsics import keep_whole
from ..jit.scalar_math import exp, log1p_unit
from ..jit.vectors import divide_by, lanes_of, largest_of, multiply_by, subtract, sum_of
from .activations import logistic_forward
from .arrays import Matrix, check_corner, part, row_of, total_of
from .numeric_losses import exponential_forward, half_poisson_deviance, huber, numeric_loss, pinball

LOG_LOSS, CROSS_ENTROPY, POISSON, QUANTILE, HUBER = range(5)


@kernel
def loss_and_residual(z, y):
    """(ℓ, σ(z) - y) of one logit; LLVM runs it on whole vectors of them."""
    one, zero = type(z)(1), type(z)(0)
    e = exp(-abs(z))
    return max(z, zero) - y * z + log1p_unit(e), (one if z >= zero else e) / (one + e) - y


@kernel
def sigmoid_log_loss(m, vectors, Z, Y, w, loss):
    """w Σ_K ℓ of m rows of K sigmoids, and dZ[L] = w (σ(Z[L]) - Y): Z in, dZ out (m × vectors).

    Y in (m × vectors), destroyed; w in, loss out (m). Padding to whole vectors: the lowest number in Z, 0 in Y.
    """
    n = vectors * lanes_of(Z.data)
    for i in range(m):
        z, y, scale = row_of(Z, i, n), row_of(Y, i, n), w[i]
        for k in range(n):
            term, residual = loss_and_residual(z[k], y[k])
            y[k], z[k] = term, scale * residual
        loss[i] = scale * total_of(y)


@kernel
def sigmoid_log_loss_1(Z, Y, w, loss):
    """w ℓ of m rows of one sigmoid, and dZ[L]: Z in/out, Y, w in, loss out (float64), each (m).

    One loop, which LLVM runs on whole vectors of rows.
    """
    for i in range(len(loss)):
        term, residual = loss_and_residual(Z[i], Y[i])
        loss[i], Z[i] = w[i] * term, w[i] * residual


@kernel
def exponentials(m, n, Z):
    """Z = e^Z of m rows of n numbers, none above 0: in/out."""
    rows, size = (1, m * n) if Z.ld == n else (m, n)
    for i in range(rows):
        z = row_of(Z, i, size)
        for k in range(size):
            z[k] = exp(z[k])


@kernel
def softmax(m, vectors, Z):
    """Z = e^Z / Σ e^Z of m rows: in/out (m × vectors), padding -inf in, 0 out."""
    n = vectors * lanes_of(Z.data)
    check_corner(Z, m, n)
    for i in range(m):
        at = Z.offset + i * Z.ld
        subtract(Z.data, at, vectors, largest_of(Z.data, at, vectors))
    exponentials(m, n, Z)
    for i in range(m):
        at = Z.offset + i * Z.ld
        divide_by(Z.data, at, vectors, sum_of(Z.data, at, vectors))


@kernel
def softmax_log_loss(m, vectors, Z, y, w, loss):
    """w ℓ of m rows, and dZ[L] = w (softmax(Z[L]) - e[y]): Z in, dZ out as in `softmax`; y, w in, loss out (m)."""
    n, numbers = vectors * lanes_of(Z.data), Z.data
    check_corner(Z, m, n)
    for i in range(m):
        at = Z.offset + i * Z.ld
        largest = largest_of(numbers, at, vectors)
        loss[i] = np.float64(largest) - np.float64(numbers[at + np.intp(y[i])])
        subtract(numbers, at, vectors, largest)
    exponentials(m, n, Z)
    for i in range(m):
        at = Z.offset + i * Z.ld
        total = sum_of(numbers, at, vectors)
        loss[i] = w[i] * (loss[i] + math.log(np.float64(total)))
        multiply_by(numbers, at, vectors, w[i] / total)
        numbers[at + np.intp(y[i])] -= w[i]


@kernel
def head(layers, layout, work, row, m, loss):
    """Compute the loss of a net over m rows from `row` on: Z[L] in, dZ[L] out in its place, loss[:m] out, Y destroyed.

    This and `apply_link` are the only places that choose by the loss of the net.
    """
    keep_whole()
    layer = layers[len(layers) - 1]
    Z = part(Matrix(work, layer.dZ, layer.ld_out), row, ZERO)
    Y = part(Matrix(work, layout.Y, layout.ld_Y), row, ZERO)
    w = work[layout.w + row : layout.w + row + m]
    n = layer.vectors * lanes_of(work)
    parameters = work[layout.loss_parameters : layout.loss_parameters + n]
    if layout.loss == HUBER:
        numeric_loss(huber, layer.narrow, m, n, Z, Y, w, parameters, loss)
    elif layout.loss == QUANTILE:
        numeric_loss(pinball, layer.narrow, m, n, Z, Y, w, parameters, loss)
    elif layout.loss == POISSON:
        numeric_loss(half_poisson_deviance, layer.narrow, m, n, Z, Y, w, parameters, loss)
    elif layer.narrow:
        sigmoid_log_loss_1(row_of(Z, ZERO, m), row_of(Y, ZERO, m), w, loss[:m])
    elif layout.loss == CROSS_ENTROPY:
        softmax_log_loss(m, layer.vectors, Z, row_of(Y, ZERO, m), w, loss)
    else:
        sigmoid_log_loss(m, layer.vectors, Z, Y, w, loss)


@kernel
def apply_link(layers, layout, work, row, m):
    """A[L] = g[L](Z[L]) for m rows from `row` on: Z[L] in, A[L] out in its place."""
    keep_whole()
    layer = layers[len(layers) - 1]
    Z = part(Matrix(work, layer.dZ, layer.ld_out), row, ZERO)
    if layout.loss == CROSS_ENTROPY:
        softmax(m, layer.vectors, Z)
    elif layout.loss == LOG_LOSS:
        logistic_forward(row_of(Z, ZERO, m * Z.ld))
    elif layout.loss == POISSON:
        exponential_forward(row_of(Z, ZERO, m * Z.ld))
