"""Any table as Arrow's record batches, and the values of their columns."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from numbers import Real
from typing import Any

import numpy as np

from .rows.table import column_named, first_line, value_type

BATCH_ROWS = 65536


@dataclass(frozen=True)
class Rows:
    """A table's rows in batches, to be read once.

    Attributes
    ----------
    names : list of str
        The columns of each batch that count.
    named : bool
        Did the table bring these names along?
    n_rows : int or None
        None: known only after the last batch.
    batches : iterator of pyarrow.RecordBatch
    """

    names: list[str]
    named: bool
    n_rows: int | None
    batches: Iterator[Any]

    def __post_init__(self) -> None:
        if not self.names:
            raise ValueError(
                f"Found array with 0 feature(s) (shape=({self.n_rows}, 0)) while a minimum of 1 is required."
            )
        if len(set(self.names)) < len(self.names):
            raise ValueError(f"two columns are named {max(self.names, key=self.names.count)!r}")

    def renamed(self, names: list[str]) -> "Rows":
        """The same columns under other names."""
        import pyarrow

        def batches() -> Iterator[Any]:
            for batch in self.batches:
                columns = [column_of(batch, name) for name in self.names]
                yield pyarrow.RecordBatch.from_arrays(columns, names)

        return Rows(names, self.named, self.n_rows, batches())


def record_batches(X: Any) -> Rows:
    """Read a source with `batches()` and `names`, Arrow's tables, readers and streams, a data frame or an array."""
    import pyarrow

    if hasattr(X, "batches") and hasattr(X, "names"):
        return Rows(list(X.names), True, None, iter(X.batches()))
    if hasattr(X, "iloc") and hasattr(X, "columns"):
        return from_pandas(X)
    if isinstance(X, pyarrow.RecordBatch):
        X = pyarrow.Table.from_batches([X])
    if isinstance(X, pyarrow.Table):
        return Rows(X.column_names, True, X.num_rows, iter(X.to_reader(max_chunksize=BATCH_ROWS)))
    if hasattr(X, "__arrow_c_stream__") and len(getattr(X, "shape", (0, 0))) == 2:  # a Series is a stream, too
        reader = pyarrow.RecordBatchReader.from_stream(X)
        return Rows(reader.schema.names, True, len(X) if hasattr(X, "__len__") else None, pieces(reader))
    return from_array(X)


def pieces(reader: Any) -> Iterator[Any]:
    """Its batches, none with more than BATCH_ROWS rows."""
    for batch in reader:
        for first in range(0, batch.num_rows, BATCH_ROWS):
            yield batch.slice(first, BATCH_ROWS)


def from_pandas(X: Any) -> Rows:
    """A data frame, without its index."""
    import pyarrow

    named = any(isinstance(name, str) for name in X.columns)
    arrays = [from_series(X.iloc[:, k]) for k in range(X.shape[1])]
    table = pyarrow.table(arrays, names=[str(name) for name in X.columns])
    return Rows(table.column_names, named, len(X), iter(table.to_reader(max_chunksize=BATCH_ROWS)))


def from_series(column: Any) -> Any:
    """A column of a data frame of pandas."""
    import pyarrow

    if column.dtype == object:
        return from_objects(column.to_numpy())
    return pyarrow.array(column.sparse.to_dense() if hasattr(column, "sparse") else column, from_pandas=True)


def from_array(X: Any) -> Rows:
    """What scikit-learn takes as an array (n, p); its columns are x0, x1, …"""
    import pyarrow
    from sklearn.utils import check_array

    if isinstance(X, (list, tuple)) and np.asarray(X).dtype.kind in "SU":
        X = np.asarray(X, dtype=object)  # numbers stay numbers beside strings
    X = check_array(X, dtype=None, ensure_all_finite=False, ensure_min_samples=0, ensure_min_features=0)
    names = [f"x{k}" for k in range(X.shape[1])]
    if X.dtype.kind in "OSUT":
        table = pyarrow.table([from_objects(column) for column in X.astype(object).T], names=names)
        return Rows(names, False, len(X), iter(table.to_reader(max_chunksize=BATCH_ROWS)))
    native = np.float64 if X.dtype.kind == "f" and X.dtype.itemsize > 8 else X.dtype.newbyteorder("=")

    def batches() -> Iterator[Any]:
        for first in range(0, len(X), BATCH_ROWS):
            columns = X[first : first + BATCH_ROWS].astype(native, copy=False).T
            yield pyarrow.RecordBatch.from_arrays([pyarrow.array(column) for column in columns], names)

    return Rows(names, False, len(X), batches())


def from_objects(values: np.ndarray) -> Any:
    """A column of Python objects: numbers if all are, else strings; Arrow refuses a mixture."""
    import pyarrow

    try:
        return pyarrow.array(values, from_pandas=True)
    except (pyarrow.ArrowException, OverflowError):
        present = [value for value in values if not is_missing(value)]
        kind = float if all(isinstance(value, (Real, Decimal, np.bool_)) for value in present) else str
        return pyarrow.array([None if is_missing(value) else kind(value) for value in values])


def is_missing(value: Any) -> bool:
    """None, NaN, and pandas' NA and NaT."""
    nan = isinstance(value, (float, np.floating)) and np.isnan(value)
    return value is None or bool(nan) or type(value).__name__ in ("NAType", "NaTType")


# --- the columns of a batch -------------------------------------------------------------------------


def column_of(table: Any, name: str) -> Any:
    """`column_named`, without a search through all names."""
    index = table.schema.get_field_index(name)
    return table.column(index) if index >= 0 else column_named(table, name)


def is_dictionary(kind: Any) -> bool:
    """Of an Arrow type."""
    return hasattr(kind, "index_type")


def family(name: str, kind: Any) -> str:
    """What an Arrow type's values are: "number", "string", or "null" for nothing but nulls."""
    import pyarrow.types as types

    of_values = value_type(kind) if is_dictionary(kind) else kind
    for each in (types.is_boolean, types.is_integer, types.is_floating, types.is_decimal):
        if each(of_values):
            return "number"
    if types.is_null(of_values):
        return "null"
    dates = is_dictionary(kind) and types.is_temporal(of_values)
    if dates or str(of_values) in ("string", "large_string", "string_view"):
        return "string"
    raise TypeError(f"column {name!r} is of type {kind}; convert it to a number or a string first, or leave it out")


def all_missing(values: Any) -> bool:
    """Are there only nulls and NaN?"""
    import pyarrow.compute as pc

    if values.null_count == len(values):
        return True
    return bool(pc.all(pc.is_null(values, nan_is_null=True)).as_py())


def as_numbers(values: Any) -> np.ndarray:
    """A column of numbers as an array of integers or floats, NaN for missing ones."""
    import pyarrow.types as types

    if not (types.is_integer(values.type) or types.is_floating(values.type)):
        values = values.cast("float64")
    array: np.ndarray = values.to_numpy(zero_copy_only=False)
    return array


def as_categories(name: str, values: Any) -> Any:
    """Values as large_string, bool, int64 or double, null for missing ones; those of a dictionary are looked up."""
    import pyarrow
    import pyarrow.types as types

    try:
        if is_dictionary(values.type):
            return as_categories(name, values.dictionary).take(values.indices)
        if types.is_boolean(values.type):
            return values
        if types.is_integer(values.type):
            return values.cast("int64")
        if family(name, values.type) != "number":
            return values.cast("large_string")
    except pyarrow.ArrowInvalid as error:
        raise ValueError(f"column {name!r}: {first_line(error)}") from None
    numbers = as_numbers(values).astype(np.float64) + 0.0  # -0.0 is the category 0.0
    if np.isinf(numbers).any():
        raise ValueError(f"column {name!r} contains inf")
    return pyarrow.array(numbers, from_pandas=True)


def value_counts(name: str, values: Any) -> tuple[Any, Any]:
    """The values that occur, as `as_categories` gives them, and how often each does; some may occur twice."""
    import pyarrow.compute as pc

    if not is_dictionary(values.type):
        return tuple(pc.value_counts(as_categories(name, values)).flatten())
    entries, counts = pc.value_counts(values.indices).flatten()
    return as_categories(name, values.dictionary).take(entries), counts
