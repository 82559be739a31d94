"""The order of rows: a pure function of (seed, epoch), which needs no memory per row."""

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np

from ..kernels.records import PERMUTATION
from ..kernels.shuffle import permutation, permuted_rows, shift

SPLIT_STREAM, EPOCH_STREAM, BLOCK_STREAM, WINDOW_STREAM, MASK_STREAM = range(5)  # of draws by one seed
FIRST_SLICE_ROWS, SLICE_ROWS = 2**8, 2**16


@dataclass(frozen=True)
class Order:
    """The row at each of the positions 0 … size-1.

    Attributes
    ----------
    size : number of positions
    permutations : records that kernels apply to a position, one after the other; may be empty
    index : the row by what the permutations give; empty: that number is the row
    """

    size: int
    permutations: np.ndarray = field(default_factory=lambda: np.zeros(0, PERMUTATION))
    index: np.ndarray = field(default_factory=lambda: np.zeros(0, np.intp))

    @staticmethod
    def of(index: np.ndarray) -> "Order":
        """Return an order that was drawn elsewhere; it takes 8 bytes per row."""
        return Order(len(index), index=np.ascontiguousarray(index, np.intp))

    def rows(self, first: int, last: int) -> np.ndarray:
        """Return the rows at the positions first … last-1, or up to the last that there is."""
        last = min(last, self.size)  # without rows, the index is empty, as where it is none
        if not len(self.permutations):
            return self.index[first:last] if len(self.index) else np.arange(first, last, dtype=np.intp)
        out = np.empty(max(0, last - first), np.intp)
        permuted_rows(first, self.permutations, out)
        return self.index[out] if len(self.index) else out

    def part(self, first: int, last: int) -> "Order":
        """Return an order of the positions first … last-1, or up to the last that there is, at no memory per row."""
        first = min(first, self.size)
        size = min(last, self.size) - first
        if not len(self.permutations):
            return Order(size, index=self.index[first:last]) if len(self.index) else Order(size, shift(first))
        permutations = self.permutations.copy()
        permutations["offset"][0] += first
        return Order(size, permutations, self.index)

    def slices(self) -> Iterator[np.ndarray]:
        """Yield all rows in order, a bounded number at a time; few at first, as a caller may need no more."""
        first, count = 0, FIRST_SLICE_ROWS
        while first < self.size:
            last = min(first + count, self.size)
            yield self.rows(first, last)
            first, count = last, min(4 * count, SLICE_ROWS)

    def shuffled(self, seed: int, epoch: int) -> "Order":
        """Return the same rows in the order of an epoch."""
        drawn = permutation(self.size, seed, EPOCH_STREAM, epoch)
        both = np.concatenate([drawn, self.permutations]) if len(self.permutations) else drawn
        return Order(self.size, both, self.index)


def validation_split(n: int, fraction: float, seed: int, y: np.ndarray | None = None) -> tuple[Order, Order]:
    """Draw a fraction of n rows for validation; return these, and the rest for training.

    y : class numbers (n), to draw from each class in its share, at 8 bytes per row; None: draw from all rows together
    """
    kept = round(n * fraction)
    if kept < 2 or n - kept < 1:
        raise ValueError(
            f"validation_fraction={fraction}: of {n} rows, at least 2 must be drawn and 1 be left to train on"
        )
    drawn = permutation(n, seed, SPLIT_STREAM)
    if y is None:
        return Order(kept, drawn), Order(n - kept, permutation(n, seed, SPLIT_STREAM, offset=kept))
    counts = np.zeros(int(y.max()) + 1, np.int64)
    for rows in Order(n).slices():
        counts += np.bincount(y[rows], minlength=len(counts))
    left = shares_of_classes(counts, kept)
    index, ends = np.empty(n, np.intp), [0, kept]  # where each part goes on in `index`
    for rows in Order(n, drawn).slices():
        labels = y[rows]
        takes = ranks(labels) < left[labels]  # of each class, the first ones
        left -= np.bincount(labels[takes], minlength=len(left))
        for part, chosen in enumerate((rows[takes], rows[~takes])):
            index[ends[part] : ends[part] + len(chosen)] = chosen
            ends[part] += len(chosen)
    return Order.of(index[:kept]), Order.of(index[kept:])


def shares_of_classes(counts: np.ndarray, kept: int) -> np.ndarray:
    """Return how many rows to keep of each class: `kept` in all, in proportion to the classes' sizes, rounded.

    At least one row of each class of two or more, if `kept` suffices; and one remains, where another can be taken.
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
    """Return for each label how many equal ones come before it."""
    by_label = np.argsort(labels, kind="stable")
    ordered = labels[by_label]
    result = np.empty(len(labels), np.intp)
    result[by_label] = np.arange(len(labels)) - np.searchsorted(ordered, ordered)
    return result


def drawn_for_validation(first: int, n: int, fraction: float, seed: int) -> np.ndarray:
    """Return which of the rows first … first+n-1 are drawn for validation, each with the same chance: (n) bool."""
    return np.asarray(lots(first, n, seed) < np.uint64(int(fraction * 2.0**64)))


def lots(first: int, n: int, seed: int) -> np.ndarray:
    """Return a random number in 0 … 2⁶⁴-1 for each of the rows first … first+n-1; the lowest are kept for validation.

    It is SplitMix64 of the row's number and the seed (Steele, Lea & Flood 2014), whatever else is read.
    """
    key = np.random.SeedSequence([seed, SPLIT_STREAM]).generate_state(1, np.uint64)[0]
    z = np.arange(first, first + n, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15) + key
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(z ^ (z >> np.uint64(31)))


@dataclass(frozen=True)
class Pass:
    """One pass over the rows of a stream.

    Attributes
    ----------
    size : number of rows; None: not known
    fraction, seed : of the draw for validation
    validation : whether the pass is over the rows drawn for validation, or over the others
    key : (seed, epoch) of the order of blocks, and of rows within windows; None: as they come
    moved : rows that change sides after the draw, ascending
    cut : whether the pass ends before the last row
    """

    size: int | None
    fraction: float = 0.0
    seed: int = 0
    validation: bool = False
    key: tuple[int, int] | None = None
    moved: tuple[int, ...] = ()
    cut: bool = False

    def part(self, first: int, last: int) -> "Pass":
        """Return a pass over the rows before position `last`; a stream is read from its beginning, so first is 0."""
        if first != 0:
            raise ValueError(f"first={first}: a pass over a stream begins with its first row")
        if self.size is not None and last >= self.size:
            return self
        return replace(self, size=last, cut=True)

    def shuffled(self, seed: int, epoch: int) -> "Pass":
        """Return the same rows in the order of an epoch."""
        return replace(self, key=(seed, epoch))

    def chosen(self, first: int, n: int) -> np.ndarray | None:
        """Return which of the rows first … first+n-1 belong to the pass: (n) bool, or None for all."""
        if self.fraction == 0:
            return None
        drawn = drawn_for_validation(first, n, self.fraction, self.seed)
        for row in self.moved[bisect_left(self.moved, first) : bisect_left(self.moved, first + n)]:
            drawn[row - first] ^= True
        return np.asarray(drawn == self.validation)

    def of_blocks(self, block_rows: np.ndarray, window_rows: int) -> np.ndarray | None:
        """Return the order of blocks with these numbers of rows, or None for the order of the stream.

        The stream is cut into as many strata as a window holds blocks, and blocks are drawn from all strata in turn.
        So a window is a sample of the whole stream, even if that is sorted.
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
        """Return the order of the n rows of window `number`."""
        if self.key is None or n == 0:
            return Order(n)
        return Order(n, permutation(n, self.key[0], WINDOW_STREAM, self.key[1], number))
