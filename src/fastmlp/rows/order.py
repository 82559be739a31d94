"""The order of rows: a pure function of (seed, epoch), which takes no memory however many rows there are."""

from bisect import bisect_left
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
    permutations : records that kernels apply to a position one after the other; none: the position as it is
    index : rows by what the permutations give; none: that is the row
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
        if not len(self.permutations):
            return self.index[first:last] if len(self.index) else np.arange(first, last, dtype=np.intp)
        out = np.empty(last - first, np.intp)
        permuted_rows(first, self.permutations, out)
        return self.index[out] if len(self.index) else out

    def blocks(self) -> Iterator[np.ndarray]:
        """All rows in order, a bounded number at a time: few at first, which are often enough for a caller."""
        first, count = 0, FIRST_BLOCK_ROWS
        while first < self.size:
            last = min(first + count, self.size)
            yield self.rows(first, last)
            first, count = last, min(4 * count, BLOCK_ROWS)

    def shuffled(self, seed: int, epoch: int) -> "Order":
        """The same rows in the order of an epoch."""
        drawn = permutation(self.size, seed, EPOCH_STREAM, epoch)
        both = np.concatenate([drawn, self.permutations]) if len(self.permutations) else drawn
        return Order(self.size, both, self.index)


def validation_split(n: int, fraction: float, seed: int, y: np.ndarray | None = None) -> tuple[Order, Order]:
    """Two random, disjoint parts of n rows: a fraction of them for validation, and the rest for training.

    y : numbers of classes (n), of each of which a part is drawn, at 8 bytes a row; None: of all rows together
    """
    kept = round(n * fraction)
    if kept < 2 or n - kept < 1:
        raise ValueError(f"validation_fraction={fraction}: of {n} rows, at least 2 must be kept and 1 left to train on")
    drawn = permutation(n, seed, SPLIT_STREAM)
    if y is None:
        return Order(kept, drawn), Order(n - kept, permutation(n, seed, SPLIT_STREAM, offset=kept))
    counts = np.zeros(int(y.max()) + 1, np.int64)
    for rows in Order(n).blocks():
        counts += np.bincount(y[rows], minlength=len(counts))
    left = shares_of_classes(counts, kept)
    index, ends = np.empty(n, np.intp), [0, kept]  # first the rows for validation
    for rows in Order(n, drawn).blocks():
        labels = y[rows]
        takes = ranks(labels) < left[labels]  # of each class, the first that come
        left -= np.bincount(labels[takes], minlength=len(left))
        for part, chosen in enumerate((rows[takes], rows[~takes])):
            index[ends[part] : ends[part] + len(chosen)] = chosen
            ends[part] += len(chosen)
    return Order.of(index[:kept]), Order.of(index[kept:])


def shares_of_classes(counts: np.ndarray, kept: int) -> np.ndarray:
    """How many rows to keep of each class, `kept` in all: in the shares that the classes have, rounded.

    One at least of each class of two rows or more, if `kept` is enough for that; and one is left, if there is another.
    """
    exact = counts * (kept / counts.sum())
    least = (counts >= 2).astype(np.int64)
    least *= least.sum() <= kept
    shares: np.ndarray = np.maximum(np.floor(exact).astype(np.int64), least)
    rest = kept - int(shares.sum())
    for _ in range(-rest):
        shares[np.argmax(shares - least)] -= 1
    wants = np.where(shares + 1 < counts, exact - shares, np.where(counts > shares, -1, -2))
    shares[np.argsort(-wants, kind="stable")[: max(rest, 0)]] += 1
    return shares


def ranks(labels: np.ndarray) -> np.ndarray:
    """How many of the same label come before each one."""
    by_label = np.argsort(labels, kind="stable")
    ordered = labels[by_label]
    result = np.empty(len(labels), np.intp)
    result[by_label] = np.arange(len(labels)) - np.searchsorted(ordered, ordered)
    return result


def drawn_for_validation(first: int, n: int, fraction: float, seed: int) -> np.ndarray:
    """Which of the rows first … first+n-1 of a stream are kept for validation: (n) bool, each with the same chance."""
    return np.asarray(lots(first, n, seed) < np.uint64(int(fraction * 2.0**64)))


def lots(first: int, n: int, seed: int) -> np.ndarray:
    """The lot of each of the rows first … first+n-1 of a stream, 0 … 2⁶⁴-1: the lowest are kept for validation.

    A function of the seed and a row's number alone: SplitMix64 of it, Steele, Lea & Flood 2014.
    """
    key = np.random.SeedSequence([seed, SPLIT_STREAM]).generate_state(1, np.uint64)[0]
    z = np.arange(first, first + n, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15) + key
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(z ^ (z >> np.uint64(31)))


@dataclass(frozen=True)
class Pass:
    """One pass over rows that come block by block.

    Attributes
    ----------
    size : number of positions; None: to the end, wherever that is
    fraction, seed : of the rows, this part is drawn for validation
    moved : rows that change sides after the draw, ascending
    validation : are those the rows of this pass, or the others?
    key : (seed, epoch) of the order of blocks, and of the order within windows; None: as they come
    """

    size: int | None
    fraction: float = 0.0
    seed: int = 0
    validation: bool = False
    key: tuple[int, int] | None = None
    moved: tuple[int, ...] = ()

    def shuffled(self, seed: int, epoch: int) -> "Pass":
        """The same rows in the order of an epoch."""
        return replace(self, key=(seed, epoch))

    def chosen(self, first: int, n: int) -> np.ndarray | None:
        """Which of the rows first … first+n-1 belong to the pass: (n) bool; None: all."""
        if self.fraction == 0:
            return None
        drawn = drawn_for_validation(first, n, self.fraction, self.seed)
        for row in self.moved[bisect_left(self.moved, first) : bisect_left(self.moved, first + n)]:
            drawn[row - first] ^= True
        return np.asarray(drawn == self.validation)

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
