"""The head: logits, targets and weights to the loss and dZ[L], where sigmoid and log loss cancel.

ℓ = max(z, 0) - y z + log1p(e^-|z|) and dZ = w (σ(z) - y), from logits and never from probabilities:
finite for every finite z. One e^-|z| serves both.
"""

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
