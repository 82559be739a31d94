"""What the types of a net's arrays say while a kernel is compiled: its operands, and whether it has features.

These alone are types, all else about a net is data: who has neither bfloat16 nor features does not wait until their
kernels are compiled.
"""

from numba import types

from ..jit.chosen import chosen
from .records import Net


def field_of_net(kinds, name):
    """Return the type of a field of the net that is among the arguments, given their types."""
    (net,) = (kind for kind in kinds if getattr(kind, "instance_class", None) is Net)
    return net.types[Net._fields.index(name)]


def by_operands(floats, pairs):
    """Build a call of one of two kernels with the same arguments, by the operands of products: floats, or bfloat16.

    None stands for a kernel that does nothing.
    """
    return chosen(
        floats or pairs, lambda *kinds: pairs if field_of_net(kinds, "pairs").dtype == types.uint32 else floats
    )


def with_features(kernel):
    """Build a call of a kernel that is compiled only for nets with features, and else does nothing."""
    return chosen(
        kernel, lambda *kinds: kernel if isinstance(field_of_net(kinds, "features").dtype, types.Record) else None
    )
