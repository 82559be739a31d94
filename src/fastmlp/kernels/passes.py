"""The passes over a net, chosen by the format of its operands: numbers as in `work`, or pairs of bfloat16.

Which one a step calls is decided when it is compiled, by the type of `net.pairs`: who trains in float32 never waits for
the compilation of the others.
"""

from numba import types

from ..jit.chosen import chosen
from . import backprop, packing
from .mixed import backward as mixed_backward
from .mixed import blocks
from .mixed import forward as mixed_forward
from .records import Net


def is_mixed(kinds):
    """Return whether the net among the arguments, given their types, has operands in bfloat16."""
    (net,) = (kind for kind in kinds if getattr(kind, "instance_class", None) is Net)
    return net.types[Net._fields.index("pairs")].dtype == types.uint32


def by_operands(floats, pairs):
    """Build a call of one of two kernels with the same arguments; None stands for one that does nothing."""
    return chosen(floats or pairs, lambda *kinds: pairs if is_mixed(kinds) else floats)


begin_products = by_operands(None, blocks.begin_products)
end_products = by_operands(None, blocks.end_products)
forward = by_operands(backprop.forward, mixed_forward.forward)
backward = by_operands(backprop.backward, mixed_backward.backward)
add_gradients = by_operands(backprop.add_gradients, None)  # `backward` has added them
scratch_of_thread = by_operands(backprop.scratch_of_thread, blocks.scratch_of_thread)
weight_gradient = by_operands(backprop.weight_gradient, mixed_backward.weight_gradient)
bias_gradient = by_operands(backprop.bias_gradient, mixed_backward.bias_gradient)
pack_weights = by_operands(packing.pack_weights, blocks.pack_weights)
