"""The order of rows: a pure function of (seed, epoch), which takes no memory however many rows there are."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from ..kernels.records import PERMUTATION
from ..kernels.shuffle import permutation, permuted_rows

SPLIT_STREAM, EPOCH_STREAM = 0, 1
BLOCK_ROWS = 2**16


@dataclass(frozen=True)
class Order:
    """Positions 0 … size-1, each a row of a table.

    Attributes
    ----------
    size : number of positions
    permutations : records that kernels apply to a position one after the other; none: position = row
    index : the rows by position, instead of permutations
    """

    size: int
    permutations: np.ndarray = field(default_factory=lambda: np.zeros(0, PERMUTATION))
    index: np.ndarray = field(default_factory=lambda: np.zeros(0, np.intp))

    @staticmethod
    def of(index: np.ndarray) -> "Order":
        """Rows in an order that was drawn elsewhere: 8 bytes a row."""
        return Order(len(index), index=np.ascontiguousarray(index, np.intp))

    def rows(self, first: int, last: int) -> np.ndarray:
        """Rows at the positions first … last-1."""
        if len(self.index):
            return self.index[first:last]
        out = np.empty(last - first, np.intp)
        permuted_rows(first, self.permutations, out)
        return out

    def blocks(self) -> Iterator[np.ndarray]:
        """All rows in order, a bounded number at a time."""
        for first in range(0, self.size, BLOCK_ROWS):
            yield self.rows(first, min(first + BLOCK_ROWS, self.size))

    def shuffled(self, seed: int, epoch: int) -> "Order":
        """The same rows in the order of an epoch; not for an order with an index."""
        first = permutation(self.size, seed, EPOCH_STREAM, epoch)
        return Order(self.size, np.concatenate([first, self.permutations]))


def validation_split(n: int, fraction: float, seed: int) -> tuple[Order, Order]:
    """Two random, disjoint parts of n rows: a fraction of them for validation, and the rest for training."""
    kept = round(n * fraction)
    if kept < 2 or n - kept < 1:
        raise ValueError(f"validation_fraction={fraction}: of {n} rows, at least 2 must be kept and 1 left to train on")
    return (
        Order(kept, permutation(n, seed, SPLIT_STREAM)),
        Order(n - kept, permutation(n, seed, SPLIT_STREAM, offset=kept)),
    )
