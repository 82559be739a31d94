"""Columns of which a pass over a table knows not a single value, as where blanks or another spelling came in."""

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np

from .rows.columns import as_categories, column_of
from .shown import listed
from .table_encoding import CategoryColumn, TableEncoding

FEWEST = 2  # values, as a single one may well be new
SHOWN = 3


@dataclass
class Column:
    """A column of categories that has had no known value yet: where its categories begin, and what it had."""

    part: CategoryColumn
    begin: int
    n_values: int = 0
    examples: tuple[Any, ...] = ()


class Encoder:
    """Encodes the rows of one pass, or of several, and warns of columns whose values were all unknown."""

    def __init__(self, encoding: TableEncoding) -> None:
        ends = np.cumsum([part.n_features_out for part in encoding.parts])
        self.encoding = encoding
        self.unknown = [
            Column(part, int(end) - part.n_features_out)
            for part, end in zip(encoding.parts, ends, strict=True)
            if isinstance(part, CategoryColumn)
        ]

    def encode(self, table: Any, out: np.ndarray) -> None:
        """As `TableEncoding.encode`."""
        self.encoding.encode(table, out)
        self.unknown = [column for column in self.unknown if not self.is_known(column, table, out)]

    def is_known(self, column: Column, table: Any, out: np.ndarray) -> bool:
        """Has the column a value that was learned? Values that were not are counted."""
        part = column.part
        if out[:, column.begin : column.begin + len(part.categories)].any():
            return True
        values = column_of(table, part.name)
        for chunk in getattr(values, "chunks", [values]):
            present = as_categories(part.name, chunk).drop_null()
            column.n_values += len(present)
            if len(column.examples) < SHOWN:
                column.examples += tuple(present[: SHOWN - len(column.examples)].to_pylist())
        return False

    def warn(self) -> None:
        """At the end of a pass: name the columns, once."""
        found = [column for column in self.unknown if column.n_values >= FEWEST]
        self.unknown = []
        for column in found:
            part = column.part
            warnings.warn(
                f"column {part.name!r}: none of its {column.n_values:,} values ({listed(column.examples)}) is one of "
                f"the categories that were learned ({listed(part.categories, SHOWN)}); compare how they "
                "are written, also blanks and types",
                UserWarning,
                stacklevel=3,
            )
