"""Which nonlinearity a layer has: g over the rows of a tile, and g' above it in the recursion.

Nets are data: the layer's record names g by a number, or by the address of a compiled block function
for an activation of the user's own.
"""

from ..jit.compile import NOWHERE, kernel
from ..jit.intrinsics import call_block, keep_whole
from ..jit.micro_kernel import AS_IS, CLIPPED, MASKED
from . import pointwise
from .arrays import copy, fill_zero

IDENTITY, LOGISTIC, TANH, RELU, LEAKY_RELU, ELU, SELU, SOFTPLUS, GELU, SILU, OWN = range(11)


@kernel
def finish_forward(layer):
    """How a product stores A[l] = g(Z[l]) at once, or AS_IS: then it stores Z[l] for `activation_forward`."""
    return CLIPPED if layer.activation == RELU else AS_IS


@kernel
def finish_backward(layer):
    """How a product stores dZ[l] = dA[l] ⊙ g'[l] at once, or AS_IS: then dA[l], for `activation_backward`."""
    return MASKED if layer.activation == RELU else AS_IS


@kernel
def activation_forward(layer, work, row, m):
    """A[l] = g(Z[l]) for m rows from `row` on, unless `finish_forward` did it; columns beyond p[l] are kept at zero.

    Z[l] in, A[l] out (m × p[l], ld); they share their memory unless g' needs Z[l], or A[l] as it is before dropout.
    Returns where in `work` the z lies at which a g of the user's own has raised, or NOWHERE.
    """
    keep_whole()
    ld = layer.ld_out
    a = layer.A_out + row * ld
    z = a if layer.Z < 0 else layer.Z + row * ld
    Z, A = work[z : z + m * ld], work[a : a + m * ld]
    final = A
    if layer.keeps_A:
        A = Z
    g = layer.activation
    if g == TANH:
        pointwise.tanh_forward(A)
    elif g == LOGISTIC:
        pointwise.logistic_forward(A)
    elif g == LEAKY_RELU:
        pointwise.leaky_relu_forward(A)
    elif g == ELU:
        pointwise.elu_forward(A)
    elif g == SELU:
        pointwise.selu_forward(A)
    elif g == SOFTPLUS:
        pointwise.softplus_forward(A)
    elif g == GELU:
        pointwise.gelu_forward(Z, A)
    elif g == SILU:
        pointwise.silu_forward(Z, A)
    elif g == OWN:
        bad = call_block(layer.g, Z, A, m, layer.p_out, ld)
        if bad >= 0:
            return z + bad
    if layer.keeps_A:
        copy(Z, final)
    if layer.clear_padding:
        for i in range(m):
            fill_zero(final[i * ld + layer.p_out : (i + 1) * ld])
    return NOWHERE


@kernel
def activation_backward(layer, work, row, m):
    """dZ[l] = dA[l] ⊙ g'[l] for m rows from `row` on.

    dA[l] in, dZ[l] out, in the same memory; A[l] or Z[l] in, whichever g' is computed from. Returns as the former.
    """
    keep_whole()
    ld = layer.ld_out
    a = (layer.A_out if layer.Z < 0 else layer.Z) + row * ld
    d = layer.dZ + row * ld
    A, dZ = work[a : a + m * ld], work[d : d + m * ld]
    g = layer.activation
    if g == TANH:
        pointwise.tanh_backward(A, dZ)
    elif g == LOGISTIC:
        pointwise.logistic_backward(A, dZ)
    elif g == LEAKY_RELU:
        pointwise.leaky_relu_backward(A, dZ)
    elif g == ELU:
        pointwise.elu_backward(A, dZ)
    elif g == SELU:
        pointwise.selu_backward(A, dZ)
    elif g == SOFTPLUS:
        pointwise.softplus_backward(A, dZ)
    elif g == GELU:
        pointwise.gelu_backward(A, dZ)
    elif g == SILU:
        pointwise.silu_backward(A, dZ)
    elif g == OWN:
        bad = call_block(layer.dg, A, dZ, m, layer.p_out, ld)
        if bad >= 0:
            return a + bad
    return NOWHERE
