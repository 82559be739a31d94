"""Warn of columns of which not a single value is known, as after a change of spelling."""

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..messages import listed
from ..rows.columns import all_missing, as_categories, column_of, spelled_numbers
from .encoding import CategoryColumn, NumberColumn, TableEncoding

FEWEST = 2  # values; a single one may well be new
SHOWN = 3


@dataclass
class UnknownColumn:
    """A column of categories or spelled numbers without a known value so far.

    Attributes
    ----------
    part : how it is encoded
    begin : its first column in the output
    n_values, examples : the number of its values that are not missing, and some of them
    """

    part: CategoryColumn | NumberColumn
    begin: int
    n_values: int = 0
    examples: tuple[Any, ...] = ()


class WarningEncoder:
    """Encode the rows of one pass or more, and warn of columns whose values were all unknown."""

    def __init__(self, encoding: TableEncoding) -> None:
        ends = np.cumsum([part.n_features_out for part in encoding.parts])
        self.encoding = encoding
        self.unknown = [
            UnknownColumn(part, int(end) - part.n_features_out)
            for part, end in zip(encoding.parts, ends, strict=True)
            if (part.categories or not part.other if isinstance(part, CategoryColumn) else part.text)
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

    def warn(self) -> None:
        """Warn of each such column; call this at the end of a pass."""
        found = [column for column in self.unknown if column.n_values >= FEWEST]
        self.unknown = []
        for column in found:
            values = f"column {column.part.name!r}: none of its {column.n_values:,} values ({listed(column.examples)})"
            if isinstance(column.part, CategoryColumn):
                learned = listed(column.part.categories, SHOWN)
                problem = f"is one of the categories that were learned ({learned}); compare how they are written, also "
                problem += "blanks and types"
            else:
                problem = "spells a number, and all count as missing; write them as 1234.5"
            warnings.warn(f"{values} {problem}", UserWarning, stacklevel=3)
