"""Collect statistics of numbers in one pass, and scale by them."""

from typing import Any

import numpy as np
from sklearn.preprocessing import StandardScaler

from ..rows.columns import as_numbers
from .columns.number_column import NumberColumn

SAMPLE_SIZE = 100_000
AT_A_TIME = 2**17  # numbers
MOST_INTEGERS = 20  # different integers that a column of codes may have
FIRST = 64  # numbers that are looked at first: they mostly show whether all are integers, and few


class Numbers:
    """Mean, variance and a sample of numbers; the sample has the numbers with the smallest of random keys.

    Parameters
    ----------
    name : of the column
    seed : of the sample; None: no sample
    moments : whether mean and variance are asked for

    Attributes
    ----------
    low, high : the smallest and the largest number
    """

    def __init__(self, name: str, seed: Any, moments: bool = True) -> None:
        self.name = name
        self.scaler = StandardScaler() if moments else None
        self.low, self.high = np.inf, -np.inf
        self.random = None if seed is None else np.random.default_rng(seed)
        self.sample = self.keys = np.empty(0)
        self.integers = Integers()
        self.waiting: list[np.ndarray] = []  # a call of scikit-learn costs as much as some 50,000 numbers

    def add(self, values: Any) -> int:
        """Add an Arrow array; return its number of missing values."""
        return self.add_numbers(as_numbers(values).astype(np.float64, copy=False))

    def add_numbers(self, given: np.ndarray) -> int:
        """Add numbers; return how many of them are NaN."""
        x = given[~np.isnan(given)]
        n_missing = len(given) - len(x)
        if np.isinf(x).any():
            raise ValueError(f"column {self.name!r} contains inf; replace it, or leave these rows out")
        self.integers.add(x)
        self.low, self.high = float(x.min(initial=self.low)), float(x.max(initial=self.high))
        self.waiting.append(x)
        if sum(map(len, self.waiting)) >= AT_A_TIME:
            self.take()
        return n_missing

    def take(self) -> None:
        """Add the numbers that wait to the statistics."""
        x, self.waiting = np.concatenate([np.empty(0), *self.waiting]), []
        if x.size and self.scaler is not None:
            with np.errstate(over="ignore", invalid="ignore"):
                self.scaler.partial_fit(x[:, np.newaxis])
        if self.random is not None:
            keys = self.random.random(len(x))
            if len(self.keys) == SAMPLE_SIZE:
                chosen = keys < self.keys.max()
                x, keys = x[chosen], keys[chosen]
            x, keys = np.append(self.sample, x), np.append(self.keys, keys)
            chosen = np.argpartition(keys, SAMPLE_SIZE)[:SAMPLE_SIZE] if len(keys) > SAMPLE_SIZE else slice(None)
            self.sample, self.keys = x[chosen], keys[chosen]

    def part(self, scaling: str | None, indicator: bool, text: bool) -> NumberColumn:
        """Return how to encode the numbers, of which there is at least one."""
        self.take()
        assert self.scaler is not None
        fill = shift = float(self.scaler.mean_[0])
        spread = float(self.scaler.scale_[0]) if np.isfinite(self.scaler.var_[0]) else np.inf
        if scaling is None:
            shift, spread = 0.0, 1.0
        elif scaling == "robust":
            low, shift, high = (float(quartile) for quartile in np.percentile(self.sample, [25, 50, 75]))
            fill, spread = shift, high - low if high - low > np.finfo(float).tiny else spread
        if not (np.isfinite(fill) and np.isfinite(spread)):
            raise too_large(self.name)
        return NumberColumn(self.name, fill, shift, 1 / spread, indicator, text)

    @property
    def constant(self) -> bool:
        """Whether the numbers, of which there is at least one, are all the same."""
        return bool(self.high - self.low < np.finfo(float).tiny)

    def robust(self) -> tuple[float, float]:
        """Return (shift, factor) of `quartile_scaling`, or for one number alone itself and 1."""
        self.take()
        if self.constant:
            return float(self.low), 1.0
        median, factor = quartile_scaling(self.sample, self.low, self.high)
        if not (np.isfinite(median) and 0 < factor < np.inf):
            raise too_large(self.name)
        return float(median), float(factor)


def quartile_scaling(values: np.ndarray, low: Any, high: Any) -> tuple[np.ndarray, np.ndarray]:
    """Return (shift, factor) by median and quartiles; by the range where quartiles coincide or outliers overflow.

    Parameters
    ----------
    values : numbers (n), or columns of them (n, d); the factor is inf where they are all the same
    low, high : the smallest and the largest, of each column
    """
    with np.errstate(all="ignore"):
        lower, median, upper = np.percentile(values, [25, 50, 75], axis=0)
        factor = 1 / np.asarray(upper - lower)
        widest = np.maximum(high - median, median - low) * factor
        return median, np.where(widest < np.finfo(np.float32).max, factor, 2 / np.asarray(high - low))


def too_large(name: str) -> ValueError:
    """Return the error of a column that cannot be scaled."""
    return ValueError(f"column {name!r}: its numbers are too large to be scaled; divide them")


class Integers:
    """Smallest, largest and different values of numbers, as long as all are integers.

    Attributes
    ----------
    n : how many numbers were seen
    all : whether all are integers
    low, high : the smallest and the largest
    different : the different ones, or None if they are more than MOST_INTEGERS
    """

    def __init__(self) -> None:
        self.n, self.all, self.low, self.high = 0, True, np.inf, -np.inf
        self.different: set[float] | None = set()

    def add(self, x: np.ndarray) -> None:
        """Add numbers, of which none is missing."""
        self.n += len(x)
        if not (self.all and len(x)):
            return
        self.all = all_integers(x[:FIRST]) and all_integers(x)
        self.low, self.high = min(self.low, float(x.min())), max(self.high, float(x.max()))
        # Nothing can be added once all integers from low to high have occurred.
        if self.different is not None and len(self.different) <= self.high - self.low:
            self.different.update(np.unique(x[:FIRST]).tolist())
            if len(self.different) <= MOST_INTEGERS:
                self.different.update(unique(x))
            self.different = self.different if len(self.different) <= MOST_INTEGERS else None


def all_integers(x: np.ndarray) -> bool:
    """Return whether all numbers are integers."""
    return bool((np.floor(x) == x).all())


def unique(x: np.ndarray) -> list[float]:
    """Return the different numbers; for few of them, hashing is faster than sorting."""
    import pyarrow
    import pyarrow.compute as pc

    found: list[float] = pc.unique(pyarrow.array(x)).to_pylist()
    return found
