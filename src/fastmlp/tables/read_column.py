"""What one pass found of a column, and how to read it into a number or a code."""

from typing import Any, NamedTuple

import numpy as np

from ..messages import few, shown
from ..rows.columns import all_missing, is_dictionary, is_seconds
from ..rows.record_batches import MIXED
from .category_counts import MOST_COUNTED, Categories
from .columns.category_code import CategoryCode
from .columns.dates import is_date, local_times
from .columns.description import AnyColumn
from .columns.scaled_number import ScaledNumber
from .date_statistics import Dates
from .number_statistics import Numbers
from .statistics import ColumnSoFar

MOST = 20_000  # categories with a code of their own
FEWEST_ROWS = 20  # in fewer rows, all values of a useful column may be different
IDENTIFIERS = 0.95  # of the values, or more, are different
FIRST = 64  # texts that are looked at first: they mostly show whether all are dates
NO_VALUES = {"list", "tuple", "dict", "set", "frozenset", "bytes", "bytearray", "ndarray"}


class ReadColumn(NamedTuple):
    """How to read a column, or why it is left out, and what the user should know of it."""

    part: AnyColumn | None
    reason: str = ""
    notes: tuple[str, ...] = ()


class ColumnToRead(ColumnSoFar):
    """Statistics of the rows seen so far of a column of any kind that can be read."""

    def __init__(self, name: str, role: str, seed: Any) -> None:
        super().__init__(name, role, seed)
        self.boolean, self.text = True, True  # all values so far
        self.mixed = ""  # Python's types of a column of objects

    def add_field(self, column: Any, field: Any) -> None:
        """Add the values of a column with its field of the schema."""
        import pyarrow

        mixed = (field.metadata or {}).get(MIXED, b"").decode()
        if NO_VALUES & set(mixed.split(", ")):
            raise TypeError(
                f"column {self.name!r} has values of type {mixed}; convert it to a number or a string, or leave it out"
            )
        self.mixed = mixed or self.mixed
        self.add(column)
        if self.boolean and not pyarrow.types.is_boolean(column.type):
            self.boolean = all_missing(column)
        if self.text and is_dictionary(column.type):
            self.text = all_missing(column)

    def kind_of(self, type: Any) -> str:
        if self.role == "" and (is_date(type) or is_seconds(type)):
            return "date" if is_date(type) else "time"
        return super().kind_of(type)

    def has_categories(self, kind: str, type: Any) -> bool:
        return kind not in ("date", "time") and super().has_categories(kind, type)

    def statistics(self, categories: bool) -> Numbers | Categories | Dates:
        if self.kind == "date":
            return Dates(self.name, self.seed)
        if categories:
            return Categories(self.name, forget=True)
        return Numbers(self.name, self.seed, moments=False)

    def read(self) -> ReadColumn:
        """Return how to read the column."""
        values = self.values
        if isinstance(values, Categories) and values.n:
            return self.of_categories(values)
        if isinstance(values, Dates) and values.n:
            return self.of_dates(values)
        if isinstance(values, Numbers) and values.integers.n:
            return self.of_numbers(values)
        return ReadColumn(None, "has no values")

    def of_numbers(self, numbers: Numbers) -> ReadColumn:
        """Return how to read numbers; False becomes -1 and True 1."""
        if numbers.constant and not self.n_missing:
            return ReadColumn(None, "is constant")
        shift, factor = (0.5, 2.0) if self.boolean else numbers.robust()
        return ReadColumn(ScaledNumber(self.name, shift, factor, self.role == "numbers", self.kind == "time"))

    def of_dates(self, dates: Dates) -> ReadColumn:
        """Return how to read dates."""
        if all(numbers.constant for numbers in dates.units.values()) and not self.n_missing:
            return ReadColumn(None, "is constant")
        return ReadColumn(dates.part())

    def of_categories(self, categories: Categories) -> ReadColumn:
        """Return how to read categories, or text that may be dates."""
        n = categories.n_different
        if n == 1 and not self.n_missing:
            return ReadColumn(None, "is constant")
        if self.role == "" and self.text and self.all_dates(categories):
            dates = Dates(self.name, self.seed)
            dates.add_counted(*categories.counted())
            return self.of_dates(dates)
        examples = few(categories.most_frequent(5))
        if self.role == "" and categories.value_type == "string" and is_identifier(n, categories.n):
            found = f"{n:,} different values in {categories.n:,} rows, like identifiers or free text"
            note = f"column {shown(self.name)} was left out: it has {found} ({examples}); "
            return ReadColumn(None, f"has {found}", (note + f"categories=[{shown(self.name)}] keeps it",))
        notes = []
        if n > MOST:
            number = f"more than {MOST_COUNTED:,}" if categories.n_forgotten else f"{n:,}"
            notes.append(
                f"column {shown(self.name)} has {number} categories; the {MOST:,} most frequent ones are told apart, "
                "and the others count as one"
            )
        if self.mixed:
            notes.append(
                f"column {shown(self.name)} has values of several types ({self.mixed}), which were read as categories "
                f"by their text ({examples}); convert them to one type"
            )
        part = CategoryCode(self.name, categories.value_type, categories.most_frequent(MOST))
        return ReadColumn(part, notes=tuple(notes))

    def all_dates(self, categories: Categories) -> bool:
        """Return whether all values are text that writes a date."""
        if categories.value_type != "string":
            return False
        texts, _ = categories.counted()
        parts = (texts[:FIRST], texts[FIRST:])
        return all(bool((~np.isnat(local_times(self.name, part)[0])).all()) for part in parts)


def is_identifier(n_different: int, n: int) -> bool:
    """Return whether nearly every one of n values occurs once."""
    return n >= FEWEST_ROWS and n_different >= IDENTIFIERS * n
