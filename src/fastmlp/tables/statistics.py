"""Collect statistics of columns in one pass over a table, and choose from them how to encode each column."""

from collections import Counter
from typing import Any

import numpy as np
from sklearn.preprocessing import StandardScaler

from ..rows.columns import all_missing, as_numbers, family, is_dictionary, spelled_numbers, value_counts
from .encoding import PYTHON_TYPES, VALUE_TYPES, CategoryColumn, NumberColumn

SAMPLE_SIZE = 100_000
AT_A_TIME = 2**17  # numbers
MOST_CATEGORIES = 100_000
MOST_INTEGERS = 20  # different integers that a column of codes may have
FIRST = 64  # numbers that are looked at first: they mostly show whether all are integers, and few
EXAMPLES = 5
WIDENING = ["boolean", "integer", "float", "string"]


class ColumnSoFar:
    """Statistics of the rows seen so far of a column; its first value decides between numbers and categories.

    Parameters
    ----------
    name : of the column
    role : "categories" or "numbers" if the user says that the values are these, else ""
    seed : of the sample from which quartiles are computed; None: no sample
    """

    def __init__(self, name: str, role: str, seed: Any) -> None:
        self.name, self.role, self.seed = name, role, seed
        self.n_missing, self.kind = 0, "null"
        self.n_not_spelled = 0  # number of texts that spell no number; the first are in `not_spelled`
        self.not_spelled: list[str] = []
        self.values: Numbers | Categories | None = None

    def add(self, column: Any) -> None:
        """Add the values of an Arrow array or chunked array."""
        kind = family(self.name, column.type)
        kind = "number" if self.role == "numbers" and kind == "string" else kind
        categories = kind != "number" or is_dictionary(column.type) if self.role == "" else self.role == "categories"
        if (self.values is None or kind != self.kind) and all_missing(column):
            self.n_missing += len(column)
            self.kind = kind if self.values is None and kind != "null" else self.kind
            return
        if self.values is None:
            self.kind = kind
            self.values = Categories(self.name) if categories else Numbers(self.name, self.seed)
        if kind != self.kind or (categories and isinstance(self.values, Numbers)):
            raise ValueError(
                f"column {self.name!r} is of type {column.type}, but was of {self.kind}s in rows before; "
                "convert it, or name it in categories= or numbers="
            )
        for chunk in getattr(column, "chunks", [column]):
            self.n_missing += self.values.add(self.spelled(chunk) if self.role == "numbers" else chunk)

    def spelled(self, chunk: Any) -> Any:
        """Return the numbers that text spells, and count the texts that spell none."""
        import pyarrow.compute as pc

        numbers = spelled_numbers(chunk)
        if numbers.null_count > chunk.null_count:
            others = chunk.filter(pc.and_(chunk.is_valid(), numbers.is_null()))
            self.n_not_spelled += len(others)
            if not self.not_spelled:
                self.not_spelled = others[:EXAMPLES].to_pylist()
        return numbers

    def part(self, scaling: str | None, max_categories: int, indicator: bool) -> NumberColumn | CategoryColumn:
        """Return how to encode the column; parameters as those of `TableEncoder`."""
        missing = indicator and self.n_missing > 0
        if isinstance(self.values, Categories):
            return self.values.part(max_categories, missing)
        text = self.role == "numbers"
        if isinstance(self.values, Numbers) and self.values.integers.n:
            return self.values.part(scaling, missing, text)
        if text or (self.kind == "number" and self.role == ""):
            return NumberColumn(self.name, 0.0, 0.0, 1.0, missing, text)
        return CategoryColumn(self.name, "string", (), False, missing)


class Numbers:
    """Mean, variance and a sample of numbers; the sample has the numbers with the smallest of random keys."""

    def __init__(self, name: str, seed: Any) -> None:
        self.name = name
        self.scaler = StandardScaler()
        self.random = None if seed is None else np.random.default_rng(seed)
        self.sample = self.keys = np.empty(0)
        self.integers = Integers()
        self.waiting: list[np.ndarray] = []  # a call of scikit-learn costs as much as some 50,000 numbers

    def add(self, values: Any) -> int:
        """Add an Arrow array; return its number of missing values."""
        given = as_numbers(values).astype(np.float64, copy=False)
        x = given[~np.isnan(given)]
        n_missing = len(given) - len(x)
        if np.isinf(x).any():
            raise ValueError(f"column {self.name!r} contains inf; replace it, or leave these rows out")
        self.integers.add(x)
        self.waiting.append(x)
        if sum(map(len, self.waiting)) >= AT_A_TIME:
            self.take()
        return n_missing

    def take(self) -> None:
        """Add the numbers that wait to the statistics."""
        x, self.waiting = np.concatenate([np.empty(0), *self.waiting]), []
        if x.size:
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
        fill = shift = float(self.scaler.mean_[0])
        spread = float(self.scaler.scale_[0]) if np.isfinite(self.scaler.var_[0]) else np.inf
        if scaling is None:
            shift, spread = 0.0, 1.0
        elif scaling == "robust":
            low, shift, high = (float(quartile) for quartile in np.percentile(self.sample, [25, 50, 75]))
            fill, spread = shift, high - low if high - low > np.finfo(float).tiny else spread
        if not (np.isfinite(fill) and np.isfinite(spread)):
            raise ValueError(f"column {self.name!r}: its numbers are too large to be scaled; divide them")
        return NumberColumn(self.name, fill, shift, 1 / spread, indicator, text)


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


class Categories:
    """Count how often each value occurs."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.counts: Counter = Counter()
        self.value_type = "boolean"

    def add(self, values: Any) -> int:
        """Add an Arrow array; return its number of missing values."""
        found, counts = value_counts(self.name, values)
        if len(found) <= MOST_CATEGORIES + 1:
            for value, count in zip(found.to_pylist(), counts.to_pylist(), strict=True):
                self.counts[value] += count
        missing = self.counts.pop(None, 0)
        if max(len(found) - 1, len(self.counts)) > MOST_CATEGORIES:
            raise ValueError(
                f"column {self.name!r} has more than {MOST_CATEGORIES:,} different values; "
                "leave it out (--drop) if it is an identifier; if it spells numbers, name it in numbers= (--numbers)"
            )
        self.value_type = max(self.value_type, VALUE_TYPES[str(found.type)], key=WIDENING.index)
        return missing

    def part(self, max_categories: int, missing: bool) -> CategoryColumn:
        """Return how to encode the categories."""
        other = len(self.counts) > max_categories
        n = max_categories - 1 if other else len(self.counts)
        frequent = sorted(self.counts, key=lambda value: (-self.counts[value], value))[:n]
        values = tuple(sorted(map(PYTHON_TYPES[self.value_type], frequent)))
        return CategoryColumn(self.name, self.value_type, values, other, missing)
