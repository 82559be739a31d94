"""Copies of W and b that products read, made from θ: W packed and transposed, b padded."""

from ..jit.compile import kernel
from .arrays import PACKED, Matrix, copy
from .matmul import pack_rows, pack_transposed


@kernel
def pack_weights(net, l, first, last, transposed, scratch):
    """Copy rows first:last of W from θ into the packed copies, that of Wᵀ only if transposed."""
    theta, work, layer = net.theta, net.work, net.layers[l]
    if layer.narrow:
        copy(theta[layer.W + first : layer.W + last], work[layer.packed + first : layer.packed + last])
        return
    W = Matrix(theta, layer.W, layer.p_out)
    if layer.packed >= 0:
        pack_rows(first, last - first, W, Matrix(work, layer.packed, PACKED), layer.p_in, layer.vectors)
    if transposed and layer.packed_T >= 0:
        pack_transposed(first, last - first, W, Matrix(work, layer.packed_T, PACKED), layer.vectors_in)


@kernel
def pack_biases(layer, net, first, last):
    """Copy b[first:last] from θ to where sums start."""
    if layer.b >= 0:
        copy(net.theta[layer.b + first : layer.b + last], net.work[layer.start + first : layer.start + last])
