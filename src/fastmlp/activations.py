"""The nonlinearities g[l] that a layer can have, by name or as the user's own pair (g, g')."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np
from numba import carray, cfunc, njit, types

from .kernels import activate


@dataclass(frozen=True)
class Activation:
    """What a plan needs to know of a layer's g.

    Attributes
    ----------
    name : the word in a model file; an own activation has the name of its function
    number : kernels/activate.py's number of it
    from_Z : is g' computed from Z? (else from A)
    moves_zero : is g(0) ≠ 0, or not known?
    g, dg : addresses of an own activation's block functions, else 0
    keep : what must live as long as the addresses are used
    """

    name: str
    number: int
    from_Z: bool = False
    moves_zero: bool = False
    g: int = 0
    dg: int = 0
    keep: Any = field(default=None, repr=False, compare=False)

    @property
    def from_A(self) -> bool:
        """Does g' need A as it is before dropout? What relu's needs, dropout leaves."""
        return not self.from_Z and self.number not in (activate.IDENTITY, activate.RELU)


ACTIVATIONS = {
    activation.name: activation
    for activation in (
        Activation("identity", activate.IDENTITY),
        Activation("logistic", activate.LOGISTIC, moves_zero=True),
        Activation("tanh", activate.TANH),
        Activation("relu", activate.RELU),
        Activation("leaky_relu", activate.LEAKY_RELU),
        Activation("elu", activate.ELU),
        Activation("selu", activate.SELU),
        Activation("softplus", activate.SOFTPLUS, moves_zero=True),
        Activation("gelu", activate.GELU, from_Z=True),
        Activation("silu", activate.SILU, from_Z=True),
    )
}


@cache
def own_activation(g: Callable, dg: Callable, dtype: np.dtype) -> Activation:
    """Compile the scalar functions g(z) and g'(z) into block functions, once per pair and dtype."""
    scalar = types.float32 if dtype == np.float32 else types.float64
    g_compiled, dg_compiled = (f if hasattr(f, "py_func") else njit(f) for f in (g, dg))
    block = cfunc(types.void(types.CPointer(scalar), types.CPointer(scalar), types.intp))

    @block
    def forward(Z_pointer, A_pointer, n):  # type: ignore[no-untyped-def]
        Z, A = carray(Z_pointer, (n,)), carray(A_pointer, (n,))
        for i in range(n):
            A[i] = g_compiled(Z[i])

    @block
    def backward(Z_pointer, dZ_pointer, n):  # type: ignore[no-untyped-def]
        Z, dZ = carray(Z_pointer, (n,)), carray(dZ_pointer, (n,))
        for i in range(n):
            dZ[i] *= dg_compiled(Z[i])

    name = getattr(g, "__name__", type(g).__name__)
    return Activation(name, activate.OWN, True, True, forward.address, backward.address, (forward, backward))


def resolve(activation: Any, dtype: np.dtype) -> Activation:
    """One layer's activation: a name of `ACTIVATIONS`, or a pair (g, dg) of scalar functions."""
    if isinstance(activation, str):
        if activation not in ACTIVATIONS:
            raise ValueError(f"activation={activation!r}: choose one of {', '.join(ACTIVATIONS)}, or a pair (g, dg)")
        return ACTIVATIONS[activation]
    if isinstance(activation, tuple) and len(activation) == 2 and all(callable(f) for f in activation):
        return own_activation(*activation, np.dtype(dtype))
    raise TypeError(f"activation={activation!r}: give a name, or a pair (g, dg) of scalar functions of z")


def resolve_all(activation: Any, n_hidden: int, dtype: np.dtype) -> tuple[Activation, ...]:
    """One activation per hidden layer: from one for all of them, or from a list with one for each."""
    per_layer = activation if isinstance(activation, list) else [activation] * n_hidden
    if len(per_layer) != n_hidden:
        raise ValueError(f"activation: {len(per_layer)} given for {n_hidden} hidden layers; give one, or one for each")
    return tuple(resolve(one, dtype) for one in per_layer)
