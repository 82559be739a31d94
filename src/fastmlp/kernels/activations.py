"""Every nonlinearity g over a block of numbers, directly above its derivative g', and which of them a layer has.

A block is a flat slice of a tile. Where g' can be computed from A (tanh, ELU, …), g works in place: Z in, A out, in
the same memory. Where g' needs Z (GELU, SiLU), Z in, A out. Backward: dZ *= g', from A or from Z. Each number is
loaded before it is compared: LLVM makes vectors of a choice between values, but not of a load behind a branch.

Nets are data: a layer's record names g by a number, or by the address of a compiled block function for an activation
of the user's own.
"""

import math

from ..jit.compile import NOWHERE, kernel
from ..jit.intrinsics import call_block, keep_whole
from ..jit.micro_kernel import AS_IS, CLIPPED, MASKED
from ..jit.scalar_math import exp, expm1_negative, log1p_unit, normal_cdf, sigmoid, tanh
from .arrays import copy, fill_zero

IDENTITY, LOGISTIC, TANH, RELU, LEAKY_RELU, ELU, SELU, SOFTPLUS, GELU, SILU, OWN = range(11)
SELU_SCALE, SELU_ALPHA = 1.0507009873554805, 1.6732632423543772


@kernel
def logistic_forward(A):
    """A = 1 / (1 + e^-Z)."""
    for i in range(len(A)):
        z = A[i]
        A[i] = sigmoid(z)


@kernel
def logistic_backward(A, dZ):
    """dZ *= A (1 - A)."""
    one = A.dtype.type(1)
    for i in range(len(A)):
        a = A[i]
        dZ[i] *= a * (one - a)


@kernel
def tanh_forward(A):
    """A = tanh Z."""
    for i in range(len(A)):
        z = A[i]
        A[i] = tanh(z)


@kernel
def tanh_backward(A, dZ):
    """dZ *= 1 - A²."""
    one = A.dtype.type(1)
    for i in range(len(A)):
        a = A[i]
        dZ[i] *= one - a * a


@kernel
def leaky_relu_forward(A):
    """A = Z if Z > 0, else 0.01 Z."""
    zero, slope = A.dtype.type(0), A.dtype.type(0.01)
    for i in range(len(A)):
        z = A[i]
        A[i] = z if z > zero else slope * z


@kernel
def leaky_relu_backward(A, dZ):
    """dZ *= 1 if A > 0, else 0.01."""
    zero, slope = A.dtype.type(0), A.dtype.type(0.01)
    for i in range(len(A)):
        a, d = A[i], dZ[i]
        dZ[i] = d if a > zero else slope * d


@kernel
def elu_forward(A):
    """A = Z if Z > 0, else e^Z - 1."""
    zero = A.dtype.type(0)
    for i in range(len(A)):
        z = A[i]
        below = expm1_negative(min(z, zero))
        A[i] = z if z > zero else below


@kernel
def elu_backward(A, dZ):
    """dZ *= 1 if A > 0, else 1 + A."""
    zero, one = A.dtype.type(0), A.dtype.type(1)
    for i in range(len(A)):
        a = A[i]
        dZ[i] *= one + min(a, zero)


@kernel
def selu_forward(A):
    """A = λ Z if Z > 0, else λ α (e^Z - 1)."""
    zero, scale, alpha = A.dtype.type(0), A.dtype.type(SELU_SCALE), A.dtype.type(SELU_ALPHA)
    for i in range(len(A)):
        z = A[i]
        below = alpha * expm1_negative(min(z, zero))
        A[i] = scale * (z if z > zero else below)


@kernel
def selu_backward(A, dZ):
    """dZ *= λ if A > 0, else A + λ α."""
    zero, scale, alpha = A.dtype.type(0), A.dtype.type(SELU_SCALE), A.dtype.type(SELU_ALPHA)
    for i in range(len(A)):
        a = A[i]
        dZ[i] *= scale if a > zero else a + scale * alpha


@kernel
def softplus_forward(A):
    """A = log(1 + e^Z)."""
    zero = A.dtype.type(0)
    for i in range(len(A)):
        z = A[i]
        A[i] = max(z, zero) + log1p_unit(exp(-abs(z)))


@kernel
def softplus_backward(A, dZ):
    """dZ *= 1 - e^-A."""
    for i in range(len(A)):
        a = A[i]
        dZ[i] *= -expm1_negative(-a)


@kernel
def gelu_forward(Z, A):
    """A = Z Φ(Z)."""
    for i in range(len(A)):
        z = Z[i]
        A[i] = z * normal_cdf(z)


@kernel
def gelu_backward(Z, dZ):
    """dZ *= Φ(Z) + Z φ(Z)."""
    half, density = Z.dtype.type(0.5), Z.dtype.type(1 / math.sqrt(2 * math.pi))
    for i in range(len(Z)):
        z = Z[i]
        dZ[i] *= normal_cdf(z) + z * density * exp(-half * z * z)


@kernel
def silu_forward(Z, A):
    """A = Z σ(Z)."""
    for i in range(len(A)):
        z = Z[i]
        A[i] = z * sigmoid(z)


@kernel
def silu_backward(Z, dZ):
    """dZ *= s (1 + Z (1 - s)), s = σ(Z)."""
    one = Z.dtype.type(1)
    for i in range(len(Z)):
        z = Z[i]
        s = sigmoid(z)
        dZ[i] *= s * (one + z * (one - s))


@kernel
def finish_forward(layer):
    """Return how a product stores A[l] = g(Z[l]) itself, or AS_IS if it stores Z[l] for `activation_forward`."""
    return CLIPPED if layer.activation == RELU else AS_IS


@kernel
def finish_backward(layer):
    """Return how a product stores dZ[l] = dA[l] ⊙ g' itself, or AS_IS if it stores dA[l] for `activation_backward`."""
    return MASKED if layer.activation == RELU else AS_IS


@kernel
def activation_forward(layer, work, row, m):
    """A[l] = g(Z[l]) for m rows from `row` on, unless `finish_forward` did it; columns beyond p[l] are kept at zero.

    Z[l] in, A[l] out (m × p[l], ld); they share their memory unless g' needs Z[l], or A[l] as it is before dropout.
    Returns where in `work` the z lies at which the user's own g has raised, or NOWHERE.
    """
    ld = layer.ld_out
    a = layer.A_out + row * ld
    z = a if layer.Z < 0 else layer.Z + row * ld
    Z, A = work[z : z + m * ld], work[a : a + m * ld]
    bad = activate(layer, Z, Z if layer.keeps_A else A, m, layer.p_out, ld)
    if bad >= 0:
        return z + bad
    if layer.keeps_A:
        copy(Z, A)
    if layer.clear_padding:
        clear_padding(A, m, layer.p_out, ld)
    return NOWHERE


@kernel
def clear_padding(A, m, p, ld):
    """A = 0 beyond column p: A in/out (m × ld)."""
    for i in range(m):
        fill_zero(A[i * ld + p : (i + 1) * ld])


@kernel
def activate(layer, Z, A, m, p, ld):
    """A = g(Z) by the layer's g: Z in, A out (m × p, ld); the same memory unless g' needs Z.

    Returns where in Z the user's own g has raised, or NOWHERE.
    """
    keep_whole()
    g = layer.activation
    if g == TANH:
        tanh_forward(A)
    elif g == LOGISTIC:
        logistic_forward(A)
    elif g == LEAKY_RELU:
        leaky_relu_forward(A)
    elif g == ELU:
        elu_forward(A)
    elif g == SELU:
        selu_forward(A)
    elif g == SOFTPLUS:
        softplus_forward(A)
    elif g == GELU:
        gelu_forward(Z, A)
    elif g == SILU:
        silu_forward(Z, A)
    elif g == OWN:
        return call_block(layer.g, Z, A, m, p, ld)
    return NOWHERE


@kernel
def activation_backward(layer, work, row, m):
    """dZ[l] = dA[l] ⊙ g'[l] for m rows from `row` on.

    dA[l] in, dZ[l] out, in the same memory; A[l] or Z[l] in, whichever g' is computed from. Returns like
    `activation_forward`.
    """
    ld = layer.ld_out
    a = (layer.A_out if layer.Z < 0 else layer.Z) + row * ld
    d = layer.dZ + row * ld
    bad = differentiate(layer, work[a : a + m * ld], work[d : d + m * ld], m, layer.p_out, ld)
    return a + bad if bad >= 0 else NOWHERE


@kernel
def differentiate(layer, A, dZ, m, p, ld):
    """dZ *= g' by the layer's g: dZ in/out, and A or Z in, whichever g' is computed from (m × p, ld).

    Returns where in A the user's own g' has raised, or NOWHERE.
    """
    keep_whole()
    g = layer.activation
    if g == TANH:
        tanh_backward(A, dZ)
    elif g == LOGISTIC:
        logistic_backward(A, dZ)
    elif g == LEAKY_RELU:
        leaky_relu_backward(A, dZ)
    elif g == ELU:
        elu_backward(A, dZ)
    elif g == SELU:
        selu_backward(A, dZ)
    elif g == SOFTPLUS:
        softplus_backward(A, dZ)
    elif g == GELU:
        gelu_backward(A, dZ)
    elif g == SILU:
        silu_backward(A, dZ)
    elif g == OWN:
        return call_block(layer.dg, A, dZ, m, p, ld)
    return NOWHERE
