"""Count categories in one pass."""

from collections import Counter
from typing import Any

import numpy as np

from ..rows.columns import value_counts
from .columns.categories import ARROW_TYPES, PYTHON_TYPES, VALUE_TYPES
from .columns.category_column import CategoryColumn

MOST_CATEGORIES = 100_000
MOST_COUNTED = 2_000_000  # values of a column whose rare ones may be forgotten; then half of them are
AT_A_TIME = 2**17  # values and their counts that wait
WIDENING = ["boolean", "integer", "float", "string"]


class Categories:
    """Count how often each value occurs.

    Parameters
    ----------
    name : of the column
    forget : whether rare values may be forgotten where there are very many; else they are an error

    Attributes
    ----------
    n : number of values, without the missing ones
    n_different : number of different ones, and those forgotten
    """

    def __init__(self, name: str, forget: bool = False) -> None:
        self.name, self.forget = name, forget
        self.n = self.n_forgotten = self.n_waiting = 0
        self.value_type = "boolean"
        self.waiting: list[tuple[Any, np.ndarray]] = []  # the first holds all before the others

    def add(self, values: Any) -> int:
        """Add an Arrow array; return its number of missing values."""
        found, counts = value_counts(self.name, values)
        self.value_type = max(self.value_type, VALUE_TYPES[str(found.type)], key=WIDENING.index)
        missing = 0
        counts = counts.to_numpy()
        if found.null_count:
            present = np.asarray(found.is_valid())
            missing = int(counts[~present].sum())
            found, counts = found.drop_null(), counts[present]
        self.n += int(counts.sum())
        self.waiting.append((found, counts))
        self.n_waiting += len(found)
        if self.n_waiting > (max(AT_A_TIME, len(self.waiting[0][0])) if self.forget else MOST_CATEGORIES):
            self.join()
        return missing

    def join(self) -> None:
        """Sum the counts that wait."""
        import pyarrow

        if self.n_waiting == 0:
            return
        kind = ARROW_TYPES[self.value_type]
        coded = pyarrow.concat_arrays([found.cast(kind, safe=False) for found, _ in self.waiting]).dictionary_encode()
        weights = np.concatenate([counts for _, counts in self.waiting])
        values = coded.dictionary
        counts = np.bincount(coded.indices.to_numpy(), weights, len(values)).astype(np.int64)
        self.waiting, self.n_waiting = [(values, counts)], 0
        if self.forget and len(values) > MOST_COUNTED:
            kept = np.sort(by_frequency(values, counts)[: MOST_COUNTED // 2])
            self.n_forgotten += len(values) - len(kept)
            self.waiting = [(values.take(pyarrow.array(kept)), counts[kept])]
        if not self.forget and len(values) > MOST_CATEGORIES:
            raise ValueError(
                f"column {self.name!r} has more than {MOST_CATEGORIES:,} different values; "
                "leave it out (--drop) if it is an identifier; if it spells numbers, name it in numbers= (--numbers)"
            )

    def counted(self) -> tuple[Any, np.ndarray]:
        """Return the different values, as an Arrow array in the order of their first rows, and their counts."""
        import pyarrow

        self.join()
        if not self.waiting:
            return pyarrow.array([], ARROW_TYPES[self.value_type]), np.empty(0, np.int64)
        return self.waiting[0]

    @property
    def n_different(self) -> int:
        return len(self.counted()[0]) + self.n_forgotten

    @property
    def counts(self) -> Counter:
        """The count of each value, as Python's objects."""
        values, counts = self.counted()
        return Counter(dict(zip(values.to_pylist(), counts.tolist(), strict=True)))

    def most_frequent(self, most: int) -> tuple[Any, ...]:
        """Return the `most` most frequent values, in that order; of equally frequent ones, the smaller come first."""
        import pyarrow

        values, counts = self.counted()
        found = values.take(pyarrow.array(by_frequency(values, counts)[:most])).to_pylist()
        return tuple(map(PYTHON_TYPES[self.value_type], found))

    def part(self, max_categories: int, missing: bool) -> CategoryColumn:
        """Return how to encode the categories."""
        other = self.n_different > max_categories
        values = self.most_frequent(max_categories - 1 if other else max_categories)
        return CategoryColumn(self.name, self.value_type, tuple(sorted(values)), other, missing)


def by_frequency(values: Any, counts: np.ndarray) -> np.ndarray:
    """Return the places of values from the most to the least frequent one; of equally frequent ones, by value."""
    import pyarrow
    import pyarrow.compute as pc

    table = pyarrow.table({"value": values, "count": counts})
    places: np.ndarray = pc.sort_indices(table, sort_keys=[("count", "descending"), ("value", "ascending")]).to_numpy()
    return places
