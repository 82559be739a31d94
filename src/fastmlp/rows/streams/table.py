"""Streams of tables: what Parquet, CSV and Arrow have in common."""

import copy
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from ...arguments import checked_int
from ...exceptions import RowError
from ...messages import not_numbers
from ..columns import TEXT, check_named, index_columns, is_dictionary, put_columns, value_type, without_views
from .stream import Block, Stream, located


class Table(Stream):
    """Rows of a table whose columns have names.

    Parameters
    ----------
    schema : pyarrow.Schema
    target, weight : names of columns, or None
    columns : names of the features; None: all but target, weight, and the index of pandas
    window_rows : rows that are shuffled together; None: 128 MiB of them
    place : where the table comes from, for messages
    """

    def __init__(
        self, schema: Any, target: Any, weight: Any, columns: Any, window_rows: int | None, place: str = ""
    ) -> None:
        self.place = place
        target, weight = (None if name is None else str(name) for name in (target, weight))
        others = [name for name in (target, weight) if name is not None]
        if columns is None:
            columns = [name for name in schema.names if name not in [*others, *index_columns(schema)]]
        chosen = [*map(str, columns), *others]
        with located(place):
            for name in chosen:
                check_named(schema.names, name)
                if chosen.count(name) > 1:
                    raise ValueError(f"column {name!r} is asked for twice; target, weight and features must differ")
            if not columns:
                raise ValueError("the table has 0 feature(s); at least 1 is required")
        columns = chosen[: len(chosen) - len(others)]
        self.schema, self.names, self.target_name, self.weight_name = schema, list(columns), target, weight
        self.n_features = len(columns)
        self.window_rows = None if window_rows is None else checked_int("window_rows", window_rows, 1)

    def with_columns(self, names: list[str]) -> "Table":
        """Return the same rows with these features, in this order."""
        if names == self.names:
            return self
        with located(self.place):
            for name in names:
                check_named(self.schema.names, name)
        other = copy.copy(self)
        other.names, other.n_features = list(names), len(names)
        return other

    def with_text(self, names: list[str], numbers: Sequence[str] = ()) -> "Table":
        """Return the same table; if types are inferred, these columns are text, whatever their values look like.

        numbers : other columns to read as text, which spells numbers, with a point as the decimal sign
        """
        return self

    def table_blocks(self, columns: list[str], order: np.ndarray | None) -> Iterator[Block]:
        """Yield blocks whose X is a pyarrow.RecordBatch of these columns, without y; order as for `blocks`.

        The blocks in an order may come in several parts each.
        """
        raise NotImplementedError

    def batches(self) -> Iterator[Any]:
        """Yield pyarrow.RecordBatch of the features, from the first row on."""
        return (block.X for block in self.table_blocks(self.names or [], None))

    def blocks(self, order: np.ndarray | None = None) -> Iterator[Block]:
        return self._labelled(self.names or [], order)

    def encode(self, X: Any, out: np.ndarray) -> None:
        """Write columns of numbers without missing values, as they are: out (n, p)."""
        columns = [number_column(X, name) for name in self.names or []]
        if out.shape != (X.num_rows, len(columns)):
            raise ValueError(f"X has {len(columns)} columns; it must have {out.shape[1]}")
        put_columns(columns, out)

    def labels(self) -> Iterator[Block]:
        if self.target_name is None:
            raise ValueError("the stream has no target; name its column, as in rows.Parquet(path, target='label')")
        return self._labelled([], None)

    def _labelled(self, columns: list[str], order: np.ndarray | None) -> Iterator[Block]:
        """Yield blocks of these columns, with target and weight."""
        others = [name for name in (self.target_name, self.weight_name) if name is not None]
        for block in self.table_blocks([*columns, *(name for name in others if name not in columns)], order):
            batch, place = block.X, block.place
            y, w = (None if name is None else batch.column(name) for name in (self.target_name, self.weight_name))
            if w is not None and w.null_count:
                count = f"{w.null_count} missing value{'s' if w.null_count > 1 else ''}"
                with located(place):
                    raise RowError(f"weight {self.weight_name!r} has {count}; drop these rows, or give them weights")
            w = None if w is None else w.to_numpy(zero_copy_only=False)
            yield Block(batch.select(columns) if columns else None, y, w, block.first_row, place)


def number_column(batch: Any, name: str) -> np.ndarray:
    """Return a column of numbers, or of text that spells them, without missing values."""
    import pyarrow.types

    column = batch.column(name)
    kind = column.type
    of_values = value_type(kind) if is_dictionary(kind) else kind
    text = str(of_values) in TEXT
    numeric = (pyarrow.types.is_integer, pyarrow.types.is_floating, pyarrow.types.is_boolean)
    if not (text or any(is_kind(of_values) for is_kind in numeric)):
        raise ValueError(f"column {name!r} is not numeric (its type is {kind}); encode it, or leave it out")
    if column.null_count:
        raise ValueError(f"column {name!r} has {column.null_count} missing values; impute or drop them")
    values = np.asarray(without_views(column).to_numpy(zero_copy_only=False))
    try:
        return values.astype(np.float64) if text else values
    except ValueError as error:
        why = not_numbers(values, error)
        raise ValueError(f"column {name!r} is not numeric ({why}); encode it, or leave it out") from None
