"""Where everything lies in a workspace, one flat array: the only arithmetic on offsets, beside that in blocks.py.

It holds what kernels need padded, packed, transposed or aligned.
"""

from typing import Any

import numpy as np

from ..jit.bfloat16 import BLOCK
from ..kernels.activations import IDENTITY, RELU
from ..kernels.matmul import COLUMNS, MOST_VECTORS_UNPACKED
from ..kernels.records import LAYER, LAYOUT
from .blocks import place_blocks
from .formats import Allocator, round_up
from .plan import Plan

FAR_APART = 2048  # bytes from row to row of W, from which on rows share few cache sets, and each has a page


def lay_out(
    plan: Plan, rows: int, accumulators: int, sum_rows: int = 0, gradient_rows: int | None = None, n_threads: int = 1
) -> tuple[np.ndarray, np.ndarray, int]:
    """Lay out a workspace.

    Parameters
    ----------
    rows : in the buffers, of which threads sum dW over `sum_rows` at a time
    gradient_rows : whose gradient one accumulator sums; None: any number
    n_threads : of calls, at most

    Returns
    -------
    layers : records (L) of kernels.records.LAYER
    layout : record (1) of kernels.records.LAYOUT
    size : of the workspace, in numbers
    """
    work = Allocator(plan.format.lanes)
    layers, layout = np.zeros(plan.n_layers, LAYER), np.zeros(1, LAYOUT)
    place_parameters(plan, layers, work)
    place_tiles(plan, layers, layout, rows, work)
    gradient = Allocator(plan.format.lanes)
    for layer in layers:
        layer["dW"] = gradient(round_up(layer["p_in"], plan.together) * layer["ld_dW"])
        layer["db"] = gradient(layer["vectors"] * plan.format.lanes)
    place_lookups(plan, layout[0], rows, gradient_rows, n_threads, work, gradient)
    if plan.mixed:
        place_blocks(layers, layout[0], round_up(rows, BLOCK), n_threads, work)
    elif layers["vectors"].max() > MOST_VECTORS_UNPACKED:
        layout["columns"] = work(sum_rows * COLUMNS)
    layout["gradient_size"] = gradient.size
    layout["gradient"] = work(gradient.size * accumulators)
    return layers, layout, work.size


def fill_constants(plan: Plan, last: np.void, layout: np.void, work: np.ndarray) -> None:
    """Fill what a new workspace needs for the loss: its parameters, and the padding of b[L], where it must be 0."""
    at, parameters = layout["loss_parameters"], np.asarray(plan.loss.parameters)
    work[at : at + last["p_out"]] = parameters if parameters.size else np.inf  # δ of the squared error
    if not last["narrow"]:
        begin, end = last["start"] + last["p_out"], last["start"] + last["vectors"] * plan.format.lanes
        work[begin:end] = plan.loss.padding(plan.format.dtype)


def place_parameters(plan: Plan, layers: np.ndarray, work: Allocator) -> None:
    """Write shapes, offsets in θ, and those of the packed copies of W and b."""
    at_W, at_b, squares = 0, plan.n_weights, 0
    numbers = plan.format
    zeros = work(max(numbers.padded(p) for p in plan.widths[1:]))
    for l, (p_in, p_out) in enumerate(plan.product_shapes):
        layer = layers[l]
        narrow = plan.is_narrow(l)
        layer["p_in"], layer["p_out"], layer["narrow"] = p_in, p_out, narrow
        layer["vectors_in"], layer["vectors"] = (numbers.padded(p) // numbers.lanes for p in (p_in, p_out))
        layer["ld_dW"] = 1 if narrow else (numbers.leading_dimension if plan.mixed else numbers.padded)(p_out)
        layer["W_together"] = plan.rows_together(narrow)
        layer["b_together"] = max(numbers.lanes, plan.together if plan.mixed else 1)
        layer["W"], layer["b"] = at_W, at_b if plan.bias else -1
        layer["zeros"] = zeros
        layer["start"] = work(numbers.padded(p_out))
        layer["squares"], squares = squares, squares + plan.groups(p_in, narrow)
        if plan.mixed:
            layer["packed"], layer["packed_T"] = work(numbers.padded(p_in)) if narrow else -1, -1
            at_W, at_b = at_W + p_in * p_out, at_b + p_out
            continue
        in_theta = numbers.padded(p_out) == p_out and at_W % numbers.lanes == 0
        in_theta = in_theta and p_out * numbers.itemsize < FAR_APART
        packs = numbers.padded(p_in) if narrow else p_in * numbers.padded(p_out)
        layer["packed"] = -1 if in_theta else work(packs)
        at_W, at_b = at_W + plan.shapes[l][0] * p_out, at_b + p_out
        layer["packed_T"] = -1 if narrow or l == 0 else work(p_out * numbers.padded(p_in))


def place_lookups(
    plan: Plan, layout: Any, rows: int, gradient_rows: int | None, n_threads: int, work: Allocator,
    gradient: Allocator,
) -> None:  # fmt: skip
    """Write where rows of W[1] that are looked up begin, and where their sums and gradients lie."""
    inputs, p = plan.inputs, plan.widths[1]
    if not inputs.looked_up:
        return
    n_codes, ld = sum(inputs.codes), plan.format.padded(p)
    layout["n_bins"], layout["n_codes"] = len(inputs.looked_up) - len(inputs.codes), n_codes
    layout["first_code"], layout["first_lazy"] = inputs.first_code, inputs.first_lazy
    layout["V"], layout["V_rows"] = inputs.n_computed * p, inputs.n_looked_up
    layout["V_squares"] = plan.n_squares - plan.groups(inputs.n_looked_up, False)
    layout["codes"] = layout["V"] + (inputs.n_looked_up - n_codes) * p
    layout["weights"] = work(rows * len(inputs.looked_up))
    layout["table"], layout["ld_table"] = work(inputs.first_code * ld), ld
    layout["scratch"] = work(n_threads * ld)
    layout["capacity"] = n_codes if gradient_rows is None else inputs.capacity(gradient_rows)
    layout["dT"] = gradient((inputs.first_code + layout["capacity"]) * ld)
    most_bins = max(part.size for part in inputs.looked_up)
    layout["slot_order"] = 1 + layout["capacity"] + n_codes
    layout["slot_size"] = layout["slot_order"] + rows + most_bins + 1


def place_tiles(plan: Plan, layers: Any, layout: Any, rows: int, work: Allocator) -> None:
    """Write the offsets of A, Z and dZ of every layer for `rows` rows, and of the rows' targets and weights."""
    rows = round_up(rows, plan.together)
    layout["rows_together"] = plan.together
    ld = [plan.format.leading_dimension(p) for p in (plan.product_shapes[0][0], *plan.widths[1:])]
    if layers[-1]["narrow"]:
        ld[-1] = 1
    A = [work(rows * ld[l]) if l == 0 or not plan.mixed else -1 for l in range(plan.n_layers)]
    layout["q"] = plan.n_columns
    layout["X"] = A[0] if plan.features is None else work(rows * plan.n_columns)
    for l, layer in enumerate(layers):
        layer["A_in"], layer["ld_in"], layer["ld_out"] = A[l], ld[l], ld[l + 1]
        layer["dZ"] = work(rows * ld[l + 1]) if l == plan.n_layers - 1 or not plan.mixed else -1
        layer["A_out"], layer["Z"] = -1, -1
        if l < plan.n_layers - 1:
            g = plan.activations[l]
            layer["A_out"] = A[l + 1]
            p = plan.dropout[l] if plan.dropout else 0.0
            layer["keeps_A"] = not g.from_Z if plan.mixed else g.from_A and p > 0
            needs_Z = g.from_Z or (layer["keeps_A"] and g.number not in (IDENTITY, RELU))
            layer["Z"] = work(rows * ld[l + 1]) if needs_Z else -1
            layer["dropped"], layer["kept_scale"] = min(round(p * 2**32), 2**32 - 1), 1 / (1 - p)
            layer["activation"], (layer["g"], layer["dg"]) = g.number, g.addresses
            layer["clear_padding"] = g.moves_zero and ld[l + 1] > plan.widths[l + 1]
    outputs, loss = plan.widths[-1], plan.loss
    Y_columns = 1 if loss.exclusive else outputs  # also of quantiles, whose outputs share a target
    layout["loss"], layout["Y_columns"] = loss.number, Y_columns
    layout["averaged"] = loss.averaged(outputs)
    layout["least_target"], layout["most_target"] = loss.bounds(outputs, plan.format.dtype)
    layout["loss_parameters"] = work(plan.format.padded(outputs))
    ld_Y = plan.format.padded(Y_columns) if Y_columns > 1 else 1
    layout["ld_Y"], layout["Y"] = ld_Y, work(rows * ld_Y)
    layout["w"] = work(rows)
