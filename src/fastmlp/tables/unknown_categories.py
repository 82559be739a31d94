"""Warn of columns of which not a single value is known, as after a change of spelling."""

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..messages import listed
from ..rows.columns import all_missing, as_categories, column_of, spelled_numbers
from .columns.category_code import CategoryCode
from .columns.category_column import CategoryColumn
from .columns.date_parts import DateParts
from .columns.description import AnyColumn
from .encoding import TableEncoding

FEWEST = 2  # values; a single one may well be new
SHOWN = 3


@dataclass
class UnknownColumn:
    """A column of categories, dates or spelled numbers without a known value so far.

    Attributes
    ----------
    part : how it is encoded
    begin : its first column in the output
    n_values, examples : the number of its values that are not missing, and some of them
    """

    part: AnyColumn
    begin: int
    n_values: int = 0
    examples: tuple[Any, ...] = ()


class WarningEncoder:
    """Encode the rows of one pass or more, and warn of columns whose values were all unknown."""

    def __init__(self, encoding: TableEncoding) -> None:
        self.encoding = encoding
        self.unknown = [
            UnknownColumn(part, numbers.start)
            for part, numbers in zip(encoding.parts, encoding.slices, strict=True)
            if may_be_unknown(part)
        ]

    def encode(self, table: Any, out: np.ndarray) -> None:
        """Encode rows as `TableEncoding.encode` does."""
        self.encoding.encode(table, out)
        self.unknown = [column for column in self.unknown if not self.is_known(column, table, out)]

    def is_known(self, column: UnknownColumn, table: Any, out: np.ndarray) -> bool:
        """Return whether a value of the column is a known category or a number; if not, count the values."""
        part = column.part
        values = column_of(table, part.name)
        chunks = getattr(values, "chunks", [values])
        if isinstance(part, CategoryColumn):
            known = bool(out[:, column.begin : column.begin + len(part.categories)].any())
        elif isinstance(part, CategoryCode):
            known = bool((out[:, column.begin] < len(part.categories)).any())
        elif isinstance(part, DateParts):
            known = not np.isnan(out[:, column.begin]).all()
        else:
            known = any(not all_missing(spelled_numbers(chunk)) for chunk in chunks)
        if known:
            return True
        for chunk in chunks:
            present = as_categories(part.name, chunk).drop_null()
            column.n_values += len(present)
            if len(column.examples) < SHOWN:
                column.examples += tuple(present[: SHOWN - len(column.examples)].to_pylist())
        return False

    def warn(self, stacklevel: int = 3) -> None:
        """Warn of each such column; call this at the end of a pass."""
        found = [column for column in self.unknown if column.n_values >= FEWEST]
        self.unknown = []
        for column in found:
            values = f"column {column.part.name!r}: none of its {column.n_values:,} values ({listed(column.examples)})"
            if isinstance(column.part, CategoryColumn | CategoryCode):
                learned = listed(column.part.categories, SHOWN)
                problem = f"is one of the categories that were learned ({learned}); compare how they are written, also "
                problem += "blanks and types"
            elif isinstance(column.part, DateParts):
                problem = "is a date, and all count as missing; write them as 2026-01-31"
            else:
                problem = "spells a number, and all count as missing; write them as 1234.5"
            warnings.warn(f"{values} {problem}", UserWarning, stacklevel=stacklevel)


def may_be_unknown(part: AnyColumn) -> bool:
    """Return whether values of the column may be other than those that were learned."""
    if isinstance(part, CategoryColumn):
        return bool(part.categories) or not part.other
    if isinstance(part, CategoryCode):
        return bool(part.categories)
    return isinstance(part, DateParts) or part.text
