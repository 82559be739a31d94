"""The shape of a net. θ is dense: all W, row by row, then all b."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from ..activations import Activation
from ..cached import cached_property
from ..features import Features
from ..jit.bfloat16 import BLOCK
from ..jit.compile import TILE_ROWS
from ..losses import LOG_LOSS, Loss
from .feature_records import FeatureRecords
from .formats import Format

MOST_PARAMETERS = 2**46
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
    def format(self) -> Format:
        """How numbers of a workspace are stored, but for operands in bfloat16."""
        return Format(self.dtype, self.together)

    @cached_property
    def tile_rows(self) -> int:
        """Rows whose A and dZ stay in the L2 cache."""
        if self.mixed:
            return MIXED_TILE_ROWS
        row = sum(2 * self.format.leading_dimension(p) * self.format.itemsize for p, _ in self.product_shapes)  # A, dZ
        rows = int(min(max(TILE_BYTES // row, FEWEST_TILE_ROWS), MOST_TILE_ROWS))
        return int(rows // TILE_ROWS * TILE_ROWS)

    def groups(self, p_in: int, narrow: bool) -> int:
        """Return in how many groups threads share the rows of a W."""
        return -(-p_in // self.rows_together(narrow))

    def rows_together(self, narrow: bool) -> int:
        """Return how many rows of a W stay together when threads share them."""
        return self.format.lanes if narrow and not self.mixed else self.together

    @property
    def n_squares(self) -> int:
        """Groups in all W, and then in the rows of W[1] that are looked up."""
        groups = sum(self.groups(p_in, self.is_narrow(l)) for l, (p_in, _) in enumerate(self.product_shapes))
        return groups + self.groups(self.inputs.n_looked_up, False)

    def is_narrow(self, l: int) -> bool:
        """Return whether W[l+1] leads to a single output: it is a vector then."""
        return l == self.n_layers - 1 and self.widths[-1] == 1
