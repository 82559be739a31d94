"""The head: logits, targets and weights to the loss and dZ[L], where σ or softmax and log loss cancel.

K sigmoids: ℓ = Σ max(z, 0) - y z + log1p(e^-|z|) and dZ = w (σ(z) - y). Softmax over K classes:
ℓ = log Σ e^z - z[y] and dZ = w (softmax(z) - e[y]). Both from logits and never from probabilities:
finite for every finite z. One exponential a logit serves both.
"""

import math

import numpy as np

from .compile import kernel
from .pointwise import exp_negative, log1p_unit


@kernel
def sigmoid_log_loss(Z, Y, w):
    """w Σ_K ℓ, and dZ[L] = w (σ(Z[L]) - Y), of one row of K sigmoids: Z in: logits, out: dZ (K); Y in (K)."""
    one, zero = Z.dtype.type(1), Z.dtype.type(0)
    loss = 0.0
    for k in range(len(Z)):
        z, y = Z[k], Y[k]
        e = exp_negative(-abs(z))
        loss += max(z, zero) - y * z + log1p_unit(e)
        Z[k] = w * ((one if z >= zero else e) / (one + e) - y)
    return w * loss


@kernel
def sigmoid_log_loss_1(Z, Y, w, loss):
    """`sigmoid_log_loss` of m rows of one sigmoid: Z in/out, Y, w in, loss out (float64), each (m).

    One loop, which LLVM runs on whole vectors of rows.
    """
    one, zero = Z.dtype.type(1), Z.dtype.type(0)
    for i in range(len(loss)):
        z, y = Z[i], Y[i]
        e = exp_negative(-abs(z))
        loss[i] = w[i] * (max(z, zero) - y * z + log1p_unit(e))
        Z[i] = w[i] * ((one if z >= zero else e) / (one + e) - y)


@kernel
def softmax(Z):
    """Z = e^Z / Σ e^Z of one row, in/out (K); returns the largest Z and log Σ e^(Z - largest)."""
    largest = Z[0]
    for k in range(1, len(Z)):
        largest = max(largest, Z[k])
    total = Z.dtype.type(0)
    for k in range(len(Z)):
        Z[k] = exp_negative(Z[k] - largest)
        total += Z[k]
    for k in range(len(Z)):
        Z[k] /= total
    return np.float64(largest), math.log(np.float64(total))


@kernel
def softmax_log_loss(Z, y, w):
    """w ℓ, and dZ[L] = w (softmax(Z[L]) - e[y]), of one row of class y: Z in: logits, out: dZ (K)."""
    z = np.float64(Z[np.intp(y)])
    largest, log_total = softmax(Z)
    Z[np.intp(y)] -= Z.dtype.type(1)
    for k in range(len(Z)):
        Z[k] *= w
    return w * (largest - z + log_total)
