"""The shape of a net, and where everything lies: the only arithmetic on offsets in the project.

θ is dense: all W, row by row, then all b. What kernels need padded, packed, transposed or aligned lies in a
workspace, one flat array that this module lays out.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from ..activations import Activation
from ..cached import cached_property
from ..features import Features
from ..jit.bfloat16 import BLOCK
from ..jit.compile import TILE_ROWS
from ..kernels.activations import IDENTITY, RELU
from ..kernels.matmul import COLUMNS, MOST_VECTORS_UNPACKED
from ..kernels.records import LAYER, LAYOUT
from ..kernels.steps import MOST_SUM_ROWS
from ..losses import LOG_LOSS, Loss
from .blocks import place_blocks
from .feature_records import FeatureRecords
from .formats import Allocator, Format, round_up

MOST_PARAMETERS = 2**46
MOST_ACCUMULATORS = 32
ACCUMULATOR_BYTES = 64 * 2**20  # for all accumulators together, if FEWEST_ACCUMULATORS or more fit
FEWEST_ACCUMULATORS, MOST_ACCUMULATOR_BYTES = 16, 256 * 2**20
# Numbers of A and dZ that cores exchange per number of θ, from which on two accumulators cost less; and one more
LEAST_EXCHANGE, EXCHANGE_RATIO = 0.9, 1.5
CHUNK_ROWS = 96  # about the fewest
FAR_APART = 2048  # bytes from row to row of W, from which on rows share few cache sets, and each has a page
MIXED_TILE_ROWS = 384
TILE_BYTES, FEWEST_TILE_ROWS, MOST_TILE_ROWS = 768 * 2**10, 128, 1024


def checked_size(argument: str, widths: Sequence[int]) -> int:
    """Return |θ| of a net with biases. Raise ValueError, which names the argument, if it cannot be addressed."""
    size = sum((p_in + 1) * p_out for p_in, p_out in pairwise(widths))
    if size > MOST_PARAMETERS:
        raise ValueError(f"{argument}: {size} parameters are more than can be addressed")
    return size


@dataclass(frozen=True)
class Plan:
    """The shape of a net.

    Attributes
    ----------
    widths : p[0], …, p[L]
    activations : g[1], …, g[L-1]
    bias : whether every layer has a b
    dtype : float32 or float64, of θ, of the sums of products, and of their operands unless mixed
    loss : what the net is trained for
    dropout : p of each hidden layer, the fraction of its units that a training step leaves out; (): none
    features : what makes the p[0] inputs of the numbers of a row; None: these are the inputs
    mixed : whether operands of products are rounded to bfloat16; dtype is float32 then
    """

    widths: tuple[int, ...]
    activations: tuple[Activation, ...]
    bias: bool
    dtype: np.dtype
    loss: Loss = LOG_LOSS
    dropout: tuple[float, ...] = ()
    features: Features | None = None
    mixed: bool = False

    def __post_init__(self) -> None:
        self.loss.check_dtype(self.dtype)
        if self.features is None:
            return
        self.features.check_dtype(self.dtype)
        if self.features.n_inputs != self.widths[0]:
            raise ValueError(
                f"features: give {self.features.n_inputs} inputs, but widths={list(self.widths)}; make a net with "
                f"widths[0]={self.features.n_inputs}"
            )

    @property
    def n_columns(self) -> int:
        """q: numbers of a row as it is gathered."""
        return self.widths[0] if self.features is None else self.features.n_columns

    @cached_property
    def inputs(self) -> FeatureRecords:
        """Which of the p[0] inputs A[0] holds, and which are looked up."""
        return FeatureRecords(self.features)

    @cached_property
    def product_shapes(self) -> list[tuple[int, int]]:
        """Shapes of the W that products read: `shapes`, but for the rows of W[1] that are looked up."""
        (p_in, p_out), *others = self.shapes
        return [(p_in - self.inputs.n_looked_up, p_out), *others]

    @property
    def row_numbers(self) -> int:
        """Numbers of A and of what is looked up, of one row."""
        return sum(p_in for p_in, _ in self.product_shapes) + self.widths[-1] + self.inputs.rows_per_row

    @property
    def n_layers(self) -> int:
        """L."""
        return len(self.widths) - 1

    @property
    def shapes(self) -> list[tuple[int, int]]:
        """(p[l-1], p[l]) of every W[l]."""
        return list(zip(self.widths, self.widths[1:], strict=False))

    @cached_property
    def n_weights(self) -> int:
        """Numbers in all W."""
        return sum(p_in * p_out for p_in, p_out in self.shapes)

    @cached_property
    def n_parameters(self) -> int:
        """|θ|."""
        return self.n_weights + (sum(self.widths[1:]) if self.bias else 0)

    def views(self, theta: np.ndarray) -> tuple[tuple[np.ndarray, ...], tuple[np.ndarray, ...]]:
        """Return all W and all b as views on θ."""
        weights, biases, at = [], [], 0
        for shape in self.shapes:
            size = shape[0] * shape[1]
            weights.append(theta[at : at + size].reshape(shape))
            at += size
        for width in self.widths[1:] if self.bias else ():
            biases.append(theta[at : at + width])
            at += width
        return tuple(weights), tuple(biases)

    def flops_per_row(self, backward: bool) -> int:
        """Return the operations in products: 2 per weight forward, 4 more backward (2 in the first layer)."""
        first, *others = (p_in * p_out for p_in, p_out in self.product_shapes)
        first += self.inputs.rows_per_row * self.widths[1]
        return 4 * first + 6 * sum(others) if backward else 2 * (first + sum(others))

    @property
    def together(self) -> int:
        """Rows of A, and of W, that stay together in products: those of a tile."""
        return BLOCK if self.mixed else TILE_ROWS

    @property
    def theta_format(self) -> Format:
        """Of θ, its gradient as users see it, and the optimizer's moments."""
        return Format(self.dtype)

    @property
    def operand_format(self) -> Format:
        """Of what products multiply: A, packed W, and dZ, which would be a rounded copy in another format."""
        return Format(self.dtype)

    @property
    def sum_format(self) -> Format:
        """Of what products sum (Z, dA, dW, db), and of all that loss and activations compute."""
        return Format(self.dtype, self.together)

    @cached_property
    def tile_rows(self) -> int:
        """Rows whose A and dZ stay in the L2 cache."""
        if self.mixed:
            return MIXED_TILE_ROWS
        formats = self.operand_format, self.sum_format  # A and dZ
        row = sum(one.leading_dimension(p) * one.itemsize for one in formats for p, _ in self.product_shapes)
        rows = int(min(max(TILE_BYTES // row, FEWEST_TILE_ROWS), MOST_TILE_ROWS))
        return int(rows // TILE_ROWS * TILE_ROWS)

    @cached_property
    def accumulator_size(self) -> int:
        """Numbers in one accumulator: every dW and db, padded."""
        return int(self.layout(self.together, 1)[1]["gradient_size"][0])

    @cached_property
    def most_accumulators(self) -> int:
        """Accumulators for large batches that memory has room for."""
        size = self.accumulator_size * self.sum_format.itemsize
        roomy = ACCUMULATOR_BYTES // size
        tight = min(FEWEST_ACCUMULATORS, MOST_ACCUMULATOR_BYTES // size)
        return int(min(max(roomy, tight, 1), MOST_ACCUMULATORS))

    def chunks(self, n: int) -> tuple[int, int]:
        """Return (rows of a chunk, accumulators) for sums over n rows.

        It depends on the net and n alone, because it decides the order of sums, and with it the bits of the result.
        """
        count = max(1, min(n // CHUNK_ROWS, self.most_accumulators))
        rows = min(round_up(max(1, -(-n // count)), self.together), MOST_SUM_ROWS)
        return rows, count

    def batch_chunks(self, n: int) -> tuple[int, int]:
        """Return `chunks` for training in batches of n rows; (0, 1): the whole batch lies in shared buffers.

        Cores that share buffers exchange A and dZ, about n Σ p numbers; with chunks, they exchange accumulators.
        """
        unused = sum(self.inputs.codes) - self.inputs.capacity(n)  # rows of W[1], at least
        exchange = n * self.row_numbers / (self.n_parameters - unused * self.widths[1])
        count = min(-(-n // CHUNK_ROWS), max(2, 1 + int(exchange / EXCHANGE_RATIO)))
        if exchange < LEAST_EXCHANGE or count < 2:
            return 0, 1
        count = min(count, self.most_accumulators)
        count = 2 ** (count.bit_length() - 1)  # an odd number would give one of two threads more
        return min(round_up(-(-n // count), self.together), MOST_SUM_ROWS), count

    def layout(
        self, rows: int, accumulators: int, sum_rows: int = 0, gradient_rows: int | None = None, n_threads: int = 1
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
        # One buffer holds both while their format is the same.
        operands = sums = Allocator(self.sum_format.lanes)
        layers, layout = np.zeros(self.n_layers, LAYER), np.zeros(1, LAYOUT)
        self._place_parameters(layers, operands, sums)
        self._place_tiles(layers, layout, rows, operands, sums)
        gradient = Allocator(self.sum_format.lanes)
        for layer in layers:
            layer["dW"] = gradient(round_up(layer["p_in"], self.together) * layer["ld_dW"])
            layer["db"] = gradient(layer["vectors"] * self.sum_format.lanes)
        self._place_lookups(layout[0], rows, gradient_rows, n_threads, operands, sums, gradient)
        if self.mixed:
            place_blocks(layers, layout[0], round_up(rows, BLOCK), n_threads, sums)
        elif layers["vectors"].max() > MOST_VECTORS_UNPACKED:
            layout["columns"] = operands(sum_rows * COLUMNS)
        layout["gradient_size"] = gradient.size
        layout["gradient"] = sums(gradient.size * accumulators)
        return layers, layout, sums.size

    def fill_constants(self, last: np.void, layout: np.void, work: np.ndarray) -> None:
        """Fill what a new workspace needs for the loss: its parameters, and the padding of b[L], where it must be 0."""
        at, parameters = layout["loss_parameters"], np.asarray(self.loss.parameters)
        work[at : at + last["p_out"]] = parameters if parameters.size else np.inf  # δ of the squared error
        if not last["narrow"]:
            begin, end = last["start"] + last["p_out"], last["start"] + last["vectors"] * self.sum_format.lanes
            work[begin:end] = self.loss.padding(self.sum_format.dtype)

    def _groups(self, p_in: int, narrow: bool) -> int:
        """Return in how many groups threads share the rows of a W."""
        return -(-p_in // self._rows_together(narrow))

    def _rows_together(self, narrow: bool) -> int:
        """Return how many rows of a W stay together when threads share them."""
        return self.sum_format.lanes if narrow and not self.mixed else self.together

    @property
    def n_squares(self) -> int:
        """Groups in all W, and then in the rows of W[1] that are looked up."""
        groups = sum(self._groups(p_in, self.is_narrow(l)) for l, (p_in, _) in enumerate(self.product_shapes))
        return groups + self._groups(self.inputs.n_looked_up, False)

    def is_narrow(self, l: int) -> bool:
        """Return whether W[l+1] leads to a single output: it is a vector then."""
        return l == self.n_layers - 1 and self.widths[-1] == 1

    def _place_parameters(self, layers: np.ndarray, operands: Allocator, sums: Allocator) -> None:
        """Write shapes, offsets in θ, and those of the packed copies of W and b."""
        at_W, at_b, squares = 0, self.n_weights, 0
        packed, summed = self.operand_format, self.sum_format
        zeros = sums(max(summed.padded(p) for p in self.widths[1:]))
        for l, (p_in, p_out) in enumerate(self.product_shapes):
            layer = layers[l]
            narrow = self.is_narrow(l)
            layer["p_in"], layer["p_out"], layer["narrow"] = p_in, p_out, narrow
            layer["vectors_in"], layer["vectors"] = (summed.padded(p) // summed.lanes for p in (p_in, p_out))
            layer["ld_dW"] = 1 if narrow else (summed.leading_dimension if self.mixed else summed.padded)(p_out)
            layer["W_together"] = self._rows_together(narrow)
            layer["b_together"] = max(summed.lanes, self.together if self.mixed else 1)
            layer["W"], layer["b"] = at_W, at_b if self.bias else -1
            layer["zeros"] = zeros
            layer["start"] = sums(summed.padded(p_out))
            layer["squares"], squares = squares, squares + self._groups(p_in, narrow)
            if self.mixed:
                layer["packed"], layer["packed_T"] = sums(summed.padded(p_in)) if narrow else -1, -1
                at_W, at_b = at_W + p_in * p_out, at_b + p_out
                continue
            in_theta = self.theta_format == packed and packed.padded(p_out) == p_out and at_W % packed.lanes == 0
            in_theta = in_theta and p_out * packed.itemsize < FAR_APART
            packs = packed.padded(p_in) if narrow else p_in * packed.padded(p_out)
            layer["packed"] = -1 if in_theta else operands(packs)
            at_W, at_b = at_W + self.shapes[l][0] * p_out, at_b + p_out
            layer["packed_T"] = -1 if narrow or l == 0 else operands(p_out * packed.padded(p_in))

    def _place_lookups(
        self, layout: Any, rows: int, gradient_rows: int | None, n_threads: int, operands: Allocator, sums: Allocator,
        gradient: Allocator,
    ) -> None:  # fmt: skip
        """Write where rows of W[1] that are looked up begin, and where their sums and gradients lie."""
        inputs, p = self.inputs, self.widths[1]
        if not inputs.looked_up:
            return
        n_codes, ld = sum(inputs.codes), self.sum_format.padded(p)
        layout["n_bins"], layout["n_codes"] = len(inputs.looked_up) - len(inputs.codes), n_codes
        layout["first_code"], layout["first_lazy"] = inputs.first_code, inputs.first_lazy
        layout["V"], layout["V_rows"] = inputs.n_computed * p, inputs.n_looked_up
        layout["V_squares"] = self.n_squares - self._groups(inputs.n_looked_up, False)
        layout["codes"] = layout["V"] + (inputs.n_looked_up - n_codes) * p
        layout["weights"] = operands(rows * len(inputs.looked_up))
        layout["table"], layout["ld_table"] = sums(inputs.first_code * ld), ld
        layout["scratch"] = sums(n_threads * ld)
        layout["capacity"] = n_codes if gradient_rows is None else inputs.capacity(gradient_rows)
        layout["dT"] = gradient((inputs.first_code + layout["capacity"]) * ld)
        most_bins = max(part.size for part in inputs.looked_up)
        layout["slot_order"] = 1 + layout["capacity"] + n_codes
        layout["slot_size"] = layout["slot_order"] + rows + most_bins + 1

    def _place_tiles(self, layers: Any, layout: Any, rows: int, operands: Allocator, sums: Allocator) -> None:
        """Write the offsets of A, Z and dZ of every layer for `rows` rows, and of the rows' targets and weights."""
        rows = round_up(rows, self.together)
        layout["rows_together"] = self.together
        ld = [self.sum_format.leading_dimension(p) for p in (self.product_shapes[0][0], *self.widths[1:])]
        if layers[-1]["narrow"]:
            ld[-1] = 1
        A = [operands(rows * ld[l]) if l == 0 or not self.mixed else -1 for l in range(self.n_layers)]
        layout["q"] = self.n_columns
        layout["X"] = A[0] if self.features is None else operands(rows * self.n_columns)
        for l, layer in enumerate(layers):
            layer["A_in"], layer["ld_in"], layer["ld_out"] = A[l], ld[l], ld[l + 1]
            layer["dZ"] = sums(rows * ld[l + 1]) if l == self.n_layers - 1 or not self.mixed else -1
            layer["A_out"], layer["Z"] = -1, -1
            if l < self.n_layers - 1:
                g = self.activations[l]
                layer["A_out"] = A[l + 1]
                p = self.dropout[l] if self.dropout else 0.0
                layer["keeps_A"] = not g.from_Z if self.mixed else g.from_A and p > 0
                needs_Z = g.from_Z or (layer["keeps_A"] and g.number not in (IDENTITY, RELU))
                layer["Z"] = sums(rows * ld[l + 1]) if needs_Z else -1
                layer["dropped"], layer["kept_scale"] = min(round(p * 2**32), 2**32 - 1), 1 / (1 - p)
                layer["activation"], (layer["g"], layer["dg"]) = g.number, g.addresses
                layer["clear_padding"] = g.moves_zero and ld[l + 1] > self.widths[l + 1]
        outputs, loss = self.widths[-1], self.loss
        Y_columns = 1 if loss.exclusive else outputs  # also of quantiles, whose outputs share a target
        layout["loss"], layout["Y_columns"] = loss.number, Y_columns
        layout["averaged"] = loss.averaged(outputs)
        layout["least_target"], layout["most_target"] = loss.bounds(outputs, self.sum_format.dtype)
        layout["loss_parameters"] = sums(self.sum_format.padded(outputs))
        ld_Y = self.sum_format.padded(Y_columns) if Y_columns > 1 else 1
        layout["ld_Y"], layout["Y"] = ld_Y, sums(rows * ld_Y)
        layout["w"] = sums(rows)
