"""Losses of targets that are numbers: (z, y, parameter) to (ℓ, dℓ/dz) of one output.

Each is a function of scalars, which `numeric_loss` runs over a tile. ℓ and dℓ/dz are 0 at z = 0, y = 0 with
parameter 0, as padding has it, also that of the squared error (but for Poisson, whose padding is the lowest number in
z). NaN in z makes ℓ NaN.
"""

import numpy as np

from ..jit.compile import ZERO, kernel, sum_kernel
from ..jit.scalar_math import exp, exp_limit, expm1_negative, log
from .arrays import row_of

MOST_LOSS = np.finfo(np.float64).max / 4  # of one output: J of a row far beyond the bound is finite


@kernel
def huber(z, y, delta):
    """(ℓ, dℓ/dz) of ℓ = c (d - c/2), c = clip(d, ±δ), d = z - y: d²/2 up to δ, and linear beyond (Huber 1964).

    With δ = ∞ it is the squared error, ℓ = (z - y)² / 2 as in scikit-learn, bit for bit.
    """
    d, half = z - y, type(z)(0.5)
    c = delta if d > delta else (-delta if d < -delta else d)
    return c * (d - half * c), c


@kernel
def pinball(z, y, tau):
    """(ℓ, dℓ/dz) of ℓ = (1[y < z] - τ) (z - y) for the quantile at level τ (Koenker & Bassett 1978)."""
    d, zero, one = z - y, type(z)(0), type(z)(1)
    slope = (one if d > zero else zero) - tau
    return slope * d, slope


@kernel
def bounded(z):
    """Return z, or the largest number whose exponential is finite with room to spare: `exp_limit`."""
    limit = exp_limit(z)
    return limit if z > limit else z


@kernel
def half_poisson_deviance(z, y, _):
    """(ℓ, dℓ/dz) of ℓ = e^z - y z + y log y - y, which is y (e^u - 1 - u) with u = z - log y; dℓ/dz = e^z - y.

    Where e^z would pass a quarter of the largest number, it stays there, and ℓ goes on linearly with this slope. ℓ in
    float64: for large y, its terms are far larger than their sum.
    """
    one, zero = 1.0, 0.0
    near = bounded(z)
    mean = exp(near)
    mu, target = np.float64(mean), np.float64(y)
    u = np.float64(near) - log(target)
    q = expm1_negative(-abs(u))
    above = q if u <= zero else -q / (one + q)
    loss = mu - target - target * u if u > one else target * (above - u)
    loss += (mu - target) * (np.float64(z) - np.float64(near))
    return MOST_LOSS if loss > MOST_LOSS else loss, mean - y


@kernel
def exponential_forward(Z):
    """A = e^Z, with Z bounded as in the loss: Z in, A out."""
    for i in range(len(Z)):
        Z[i] = exp(bounded(Z[i]))


@sum_kernel
def numeric_loss(f, narrow, m, n, Z, Y, w, parameters, loss):
    """w Σ ℓ of m rows, and dZ[L] = w dℓ/dz, by one of the functions above: Z in, dZ out (m × n), Y (m × n) in.

    w, parameters (n) in, loss out (m). If narrow, Z and Y are columns: m numbers that lie behind each other.
    """
    if narrow:
        z, y, parameter = row_of(Z, ZERO, m), row_of(Y, ZERO, m), parameters[0]
        for i in range(m):
            term, slope = f(z[i], y[i], parameter)
            loss[i], z[i] = w[i] * term, w[i] * slope
        return
    for i in range(m):
        z, y, scale, total = row_of(Z, i, n), row_of(Y, i, n), w[i], 0.0
        for k in range(n):
            term, slope = f(z[k], y[k], parameters[k])
            total += term
            z[k] = scale * slope
        loss[i] = scale * total
