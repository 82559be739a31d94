"""The passes over a net, chosen by the operands of its products: numbers as in `work`, or pairs of bfloat16."""

from . import backprop, packing
from .kinds import by_operands
from .mixed import backward as mixed_backward
from .mixed import blocks
from .mixed import forward as mixed_forward

begin_products = by_operands(None, blocks.begin_products)
end_products = by_operands(None, blocks.end_products)
forward = by_operands(backprop.forward, mixed_forward.forward)
backward = by_operands(backprop.backward, mixed_backward.backward)
add_gradients = by_operands(backprop.add_gradients, None)  # `backward` has added them
scratch_of_thread = by_operands(backprop.scratch_of_thread, blocks.scratch_of_thread)
weight_gradient = by_operands(backprop.weight_gradient, mixed_backward.weight_gradient)
bias_gradient = by_operands(backprop.bias_gradient, mixed_backward.bias_gradient)
pack_weights = by_operands(packing.pack_weights, blocks.pack_weights)
