"""The order of rows: a pure function of (seed, epoch), which takes no memory however many rows there are."""

from dataclasses import dataclass, field

import numpy as np

from ..kernels.records import PERMUTATION
from ..kernels.shuffle import permutation, permuted_rows

SPLIT_STREAM, EPOCH_STREAM = 0, 1


@dataclass(frozen=True)
class Order:
    """Positions 0 … size-1, each a row of a table.

    Attributes
    ----------
    size : number of positions
    permutations : records that kernels apply to a position one after the other; none: position = row
    """

    size: int
    permutations: np.ndarray = field(default_factory=lambda: np.zeros(0, PERMUTATION))

    def rows(self, first: int, last: int) -> np.ndarray:
        """Rows at the positions first … last-1."""
        out = np.empty(last - first, np.intp)
        permuted_rows(first, self.permutations, out)
        return out

    def shuffled(self, seed: int, epoch: int) -> "Order":
        """The same rows in the order of an epoch."""
        first = permutation(self.size, seed, EPOCH_STREAM, epoch)
        return Order(self.size, np.concatenate([first, self.permutations]))


def split(n: int, n_first: int, seed: int) -> tuple[Order, Order]:
    """Two random, disjoint parts of n rows: n_first, and the rest."""
    return (
        Order(n_first, permutation(n, seed, SPLIT_STREAM)),
        Order(n - n_first, permutation(n, seed, SPLIT_STREAM, offset=n_first)),
    )
