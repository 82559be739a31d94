"""The order of rows: a pure function of (seed, epoch), which takes no memory however many rows there are."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np

from ..kernels.records import PERMUTATION
from ..kernels.shuffle import permutation, permuted_rows

SPLIT_STREAM, EPOCH_STREAM, BLOCK_STREAM, WINDOW_STREAM = range(4)
FIRST_BLOCK_ROWS, BLOCK_ROWS = 2**8, 2**16


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
        if not len(self.permutations):
            return np.arange(first, last, dtype=np.intp)
        out = np.empty(last - first, np.intp)
        permuted_rows(first, self.permutations, out)
        return out

    def blocks(self) -> Iterator[np.ndarray]:
        """All rows in order, a bounded number at a time: few at first, which are often enough for a caller."""
        first, count = 0, FIRST_BLOCK_ROWS
        while first < self.size:
            last = min(first + count, self.size)
            yield self.rows(first, last)
            first, count = last, min(4 * count, BLOCK_ROWS)

    def shuffled(self, seed: int, epoch: int) -> "Order":
        """The same rows in the order of an epoch; not for an order with an index."""
        drawn = permutation(self.size, seed, EPOCH_STREAM, epoch)
        return Order(self.size, np.concatenate([drawn, self.permutations]) if len(self.permutations) else drawn)


def validation_split(n: int, fraction: float, seed: int) -> tuple[Order, Order]:
    """Two random, disjoint parts of n rows: a fraction of them for validation, and the rest for training."""
    kept = round(n * fraction)
    if kept < 2 or n - kept < 1:
        raise ValueError(f"validation_fraction={fraction}: of {n} rows, at least 2 must be kept and 1 left to train on")
    return (
        Order(kept, permutation(n, seed, SPLIT_STREAM)),
        Order(n - kept, permutation(n, seed, SPLIT_STREAM, offset=kept)),
    )


def drawn_for_validation(first: int, n: int, fraction: float, seed: int) -> np.ndarray:
    """Which of the rows first … first+n-1 of a stream are kept for validation: (n) bool, each with the same chance.

    A function of the seed and a row's number alone: SplitMix64 of it, Steele, Lea & Flood 2014.
    """
    key = np.random.SeedSequence([seed, SPLIT_STREAM]).generate_state(1, np.uint64)[0]
    z = np.arange(first, first + n, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15) + key
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray((z ^ (z >> np.uint64(31))) < np.uint64(int(fraction * 2.0**64)))


@dataclass(frozen=True)
class Pass:
    """One pass over rows that come block by block.

    Attributes
    ----------
    size : number of positions; None: to the end, wherever that is
    fraction, seed : of the rows, this part is drawn for validation
    validation : are those the rows of this pass, or the others?
    key : (seed, epoch) of the order of blocks, and of the order within windows; None: as they come
    """

    size: int | None
    fraction: float = 0.0
    seed: int = 0
    validation: bool = False
    key: tuple[int, int] | None = None

    def shuffled(self, seed: int, epoch: int) -> "Pass":
        """The same rows in the order of an epoch."""
        return replace(self, key=(seed, epoch))

    def chosen(self, first: int, n: int) -> np.ndarray | None:
        """Which of the rows first … first+n-1 belong to the pass: (n) bool; None: all."""
        if self.fraction == 0:
            return None
        return np.asarray(drawn_for_validation(first, n, self.fraction, self.seed) == self.validation)

    def of_blocks(self, block_rows: np.ndarray, window_rows: int) -> np.ndarray | None:
        """The order of blocks of so many rows each; None: as they come.

        The table is cut into as many strata as a window holds blocks, and blocks are drawn from all strata in turn:
        so a window is a sample of the whole table, also where the table is sorted.
        """
        n, total = len(block_rows), int(block_rows.sum())
        if self.key is None or n == 0:
            return None
        keys = Order(n, permutation(n, self.key[0], BLOCK_STREAM, self.key[1])).rows(0, n)
        strata = max(1, min(n, window_rows * n // total))
        stratum = (np.cumsum(block_rows) - block_rows) * strata // total
        drawn = np.lexsort((keys, stratum))
        rank = np.empty(n, np.intp)
        rank[drawn] = np.arange(n) - np.searchsorted(stratum[drawn], stratum[drawn])
        return np.lexsort((keys, rank))

    def of_window(self, number: int, n: int) -> Order:
        """The order of the n rows of a window."""
        if self.key is None or n == 0:
            return Order(n)
        return Order(n, permutation(n, self.key[0], WINDOW_STREAM, self.key[1], number))
