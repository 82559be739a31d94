"""Every nonlinearity g over a block of numbers, directly above its derivative g'.

A block is a flat slice of a tile. Where g' can be computed from A (tanh, ELU, …), g works in place: A in:
Z, out: g(Z). Where g' needs Z (GELU, SiLU), Z in, A out. Backward: dZ *= g', from A or from Z. Every number is loaded
before it is compared: LLVM makes vectors of a choice between values, but not of a load behind a branch.
"""

import math

from ..jit.compile import kernel
from ..jit.scalar_math import exp_negative, expm1_negative, log1p_unit, normal_cdf, sigmoid, tanh

SELU_SCALE, SELU_ALPHA = 1.0507009873554805, 1.6732632423543772


@kernel
def logistic_forward(A):
    for i in range(len(A)):
        z = A[i]
        A[i] = sigmoid(z)


@kernel
def logistic_backward(A, dZ):
    one = A.dtype.type(1)
    for i in range(len(A)):
        a = A[i]
        dZ[i] *= a * (one - a)


@kernel
def tanh_forward(A):
    for i in range(len(A)):
        z = A[i]
        A[i] = tanh(z)


@kernel
def tanh_backward(A, dZ):
    one = A.dtype.type(1)
    for i in range(len(A)):
        a = A[i]
        dZ[i] *= one - a * a


@kernel
def leaky_relu_forward(A):
    zero, slope = A.dtype.type(0), A.dtype.type(0.01)
    for i in range(len(A)):
        z = A[i]
        A[i] = z if z > zero else slope * z


@kernel
def leaky_relu_backward(A, dZ):
    zero, slope = A.dtype.type(0), A.dtype.type(0.01)
    for i in range(len(A)):
        a, d = A[i], dZ[i]
        dZ[i] = d if a > zero else slope * d


@kernel
def elu_forward(A):
    zero = A.dtype.type(0)
    for i in range(len(A)):
        z = A[i]
        below = expm1_negative(min(z, zero))
        A[i] = z if z > zero else below


@kernel
def elu_backward(A, dZ):
    zero, one = A.dtype.type(0), A.dtype.type(1)
    for i in range(len(A)):
        a = A[i]
        dZ[i] *= one + min(a, zero)


@kernel
def selu_forward(A):
    zero, scale, alpha = A.dtype.type(0), A.dtype.type(SELU_SCALE), A.dtype.type(SELU_ALPHA)
    for i in range(len(A)):
        z = A[i]
        below = alpha * expm1_negative(min(z, zero))
        A[i] = scale * (z if z > zero else below)


@kernel
def selu_backward(A, dZ):
    zero, scale, alpha = A.dtype.type(0), A.dtype.type(SELU_SCALE), A.dtype.type(SELU_ALPHA)
    for i in range(len(A)):
        a = A[i]
        dZ[i] *= scale if a > zero else a + scale * alpha


@kernel
def softplus_forward(A):
    zero = A.dtype.type(0)
    for i in range(len(A)):
        z = A[i]
        A[i] = max(z, zero) + log1p_unit(exp_negative(-abs(z)))


@kernel
def softplus_backward(A, dZ):
    for i in range(len(A)):
        a = A[i]
        dZ[i] *= -expm1_negative(-a)


@kernel
def gelu_forward(Z, A):
    for i in range(len(A)):
        z = Z[i]
        A[i] = z * normal_cdf(z)


@kernel
def gelu_backward(Z, dZ):
    half, density = Z.dtype.type(0.5), Z.dtype.type(1 / math.sqrt(2 * math.pi))
    for i in range(len(Z)):
        z = Z[i]
        dZ[i] *= normal_cdf(z) + z * density * exp_negative(-half * z * z)


@kernel
def silu_forward(Z, A):
    for i in range(len(A)):
        z = Z[i]
        A[i] = z * sigmoid(z)


@kernel
def silu_backward(Z, dZ):
    one = Z.dtype.type(1)
    for i in range(len(Z)):
        z = Z[i]
        s = sigmoid(z)
        dZ[i] *= s * (one + z * (one - s))
