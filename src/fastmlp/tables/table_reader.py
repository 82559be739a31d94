"""Read a table as it is: learn in one pass how each column becomes a number, a code, or parts of a date."""

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..exceptions import ColumnWarning
from ..messages import listed, shown
from ..rows.columns import column_of
from ..rows.offers import offers
from ..rows.record_batches import RecordBatches, record_batches
from ..rows.streams.stream import located
from .encoding import TableEncoding
from .matrix import as_learned, blocks, matrix
from .read_column import ColumnToRead
from .statistics import roles_of


@dataclass(frozen=True)
class TableReading:
    """What a pass over a table found.

    Attributes
    ----------
    encoding : how each column that is used becomes numbers
    names : of all columns, in their order
    named : whether the table has names of its own
    n_rows : number of rows
    left_out : columns that are not used, and why
    notes : what the user should know of columns; each was given as a `ColumnWarning`
    """

    encoding: TableEncoding
    names: tuple[str, ...]
    named: bool
    n_rows: int
    left_out: dict[str, str]
    notes: tuple[str, ...]

    def matrix(self, X: Any, dtype: Any = np.float32, owner: str = "the model", stacklevel: int = 2) -> np.ndarray:
        """Return the rows of any table X as numbers (n, n_features_out); NaN where a number is missing.

        Columns are found by name, in any order, or by their places where the table or the one that was learned has no
        names. `owner` is the class of the estimator, for messages.
        """
        rows = record_batches(as_written(X, self.encoding.text_columns, self.encoding.spelled_columns))
        rows = as_learned(rows, list(self.names), self.named, owner, stacklevel + 1)
        return matrix(self.encoding, rows, dtype, stacklevel + 1)

    def blocks(
        self, X: Any, dtype: Any = np.float32, owner: str = "the model", stacklevel: int = 2
    ) -> Iterator[np.ndarray]:
        """Yield what `matrix` returns, some rows at a time."""
        rows = as_learned(record_batches(self.read(X)), list(self.names), self.named, owner, stacklevel + 1)
        return blocks(self.encoding, rows, dtype, stacklevel + 1)

    def read(self, X: Any) -> Any:
        """Return a stream that reads only the columns that are used, as text where text was learned."""
        X = as_written(X, self.encoding.text_columns, self.encoding.spelled_columns)
        if self.named and offers(X, "table_blocks"):
            return X.with_columns(self.encoding.columns)
        return X


def read_columns(
    X: Any, *, categories: Sequence[str] = (), numbers: Sequence[str] = (), seed: int = 0, stacklevel: int = 2
) -> TableReading:
    """Learn how to read a table, in one pass over it.

    Numbers are scaled by median and quartiles, False and True become -1 and 1, a category becomes a code, and a date
    its year, month, weekday, hour and day. Columns without values, constant ones, and text of which nearly every value
    occurs once, as in identifiers, are left out.

    Parameters
    ----------
    X : a frame of pandas, polars or Dask, an Arrow table or reader, an array, or a stream of `fastmlp.rows`
    categories : columns that are categories, such as numbers that are codes
    numbers : columns of text that spells numbers; other text in them counts as missing
    seed : draws the rows from which quartiles are computed, if there are more than 100,000
    stacklevel : of warnings

    Raises
    ------
    TypeError : a column holds lists, structs, bytes or another type that is neither number, text nor date
    ValueError : two columns have one name, a column contains inf, there are no rows, or no column is left
    """
    rows = record_batches(as_written(X, [], list(map(str, numbers))))
    roles = roles_of(rows.names, categories, numbers)
    columns = [ColumnToRead(name, roles[name], [seed, k]) for k, name in enumerate(rows.names)]
    n_rows = add_all(columns, rows)
    if n_rows == 0:
        shape = (0, len(columns))
        raise ValueError(f"Found array with 0 sample(s) (shape={shape}) while a minimum of 1 is required.")
    found = {column.name: column.read() for column in columns}
    notes = tuple(note for each in found.values() for note in each.notes)
    for note in notes:
        warnings.warn(note, ColumnWarning, stacklevel=stacklevel)
    left_out = {name: each.reason for name, each in found.items() if each.part is None}
    parts = tuple(each.part for each in found.values() if each.part is not None)
    if not parts:
        name, reason = next(iter(left_out.items()))
        others = f", and of the others ({listed(list(left_out)[1:])}) none can be used" if len(left_out) > 1 else ""
        raise ValueError(f"no column is left to learn from: {shown(name)} {reason}{others}")
    return TableReading(TableEncoding(parts), tuple(rows.names), rows.named, n_rows, left_out, notes)


def as_written(X: Any, text: list[str], spelled: list[str]) -> Any:
    """Return a stream whose columns of text are read as text, whatever they look like; other tables as they are."""
    return X.with_text(text, spelled) if offers(X, "with_text") else X


def add_all(columns: list[ColumnToRead], rows: RecordBatches) -> int:
    """Add all rows to the statistics of their columns; return their number."""
    n_rows = 0
    for batch, place in rows.batches:
        with located(place):
            for column in columns:
                column.add_field(column_of(batch, column.name), batch.schema.field(column.name))
        n_rows += batch.num_rows
    return n_rows
