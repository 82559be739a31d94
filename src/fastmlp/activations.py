"""The activations g[l] that a layer can have, by name or as a user's own pair (g, g')."""

from dataclasses import dataclass

import numpy as np

from .kernels import activations
from .own_activations import Own, own
from .typing import ActivationName, Activations, Pair


@dataclass(frozen=True)
class Activation:
    """What a plan needs to know of a layer's g.

    Attributes
    ----------
    name : as in a model file; a user's own activation has the name of its function
    number : its number in kernels/activations.py
    from_Z : whether g' is computed from Z, and not from A
    moves_zero : whether g(0) is not 0, so that padding has to be cleared after it
    own : the user's pair, which keeps its machine code alive
    """

    name: str
    number: int
    from_Z: bool = False
    moves_zero: bool = False
    own: Own | None = None

    @property
    def addresses(self) -> tuple[int, int]:
        """The addresses of a user's block functions, else 0."""
        return (self.own.forward.address, self.own.backward.address) if self.own else (0, 0)

    @property
    def from_A(self) -> bool:
        """Whether g' needs A from before dropout. relu does not: dropout leaves the sign that its g' needs."""
        return not self.from_Z and self.number not in (activations.IDENTITY, activations.RELU)


ACTIVATIONS = {
    activation.name: activation
    for activation in (
        Activation("identity", activations.IDENTITY),
        Activation("logistic", activations.LOGISTIC, moves_zero=True),
        Activation("tanh", activations.TANH),
        Activation("relu", activations.RELU),
        Activation("leaky_relu", activations.LEAKY_RELU),
        Activation("elu", activations.ELU),
        Activation("selu", activations.SELU),
        Activation("softplus", activations.SOFTPLUS, moves_zero=True),
        Activation("gelu", activations.GELU, from_Z=True),
        Activation("silu", activations.SILU, from_Z=True),
    )
}


def resolve(activation: ActivationName | Pair, dtype: np.dtype) -> Activation:
    """Return the activation of one layer, given as a name of `ACTIVATIONS` or as a pair (g, g') of scalar functions."""
    if isinstance(activation, str):
        if activation not in ACTIVATIONS:
            raise ValueError(f"activation={activation!r}: choose one of {', '.join(ACTIVATIONS)}, or a pair (g, g')")
        return ACTIVATIONS[activation]
    if isinstance(activation, tuple) and len(activation) == 2 and all(callable(f) for f in activation):
        pair = own(*activation, np.dtype(dtype))
        return Activation(pair.name, activations.OWN, from_Z=True, own=pair)
    raise TypeError(f"activation={activation!r}: give a name, or a pair (g, g') of scalar functions of z")


def resolve_all(activation: Activations, n_hidden: int, dtype: np.dtype) -> tuple[Activation, ...]:
    """Return the activation of each hidden layer, given one for all of them or a list with one for each."""
    per_layer = activation if isinstance(activation, list) else [activation] * n_hidden
    if len(per_layer) != n_hidden:
        raise ValueError(f"activation: {len(per_layer)} given for {n_hidden} hidden layers; give one, or one for each")
    return tuple(resolve(one, dtype) for one in per_layer)
