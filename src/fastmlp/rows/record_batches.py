"""Tables of any library as Arrow's record batches."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from numbers import Real
from typing import Any

import numpy as np

from .columns import column_of, first_line, refuse_lazy, without_index
from .offers import is_partitioned, offers
from .ragged import as_array

BATCH_ROWS = 65536
MIXED = b"fastmlp.types"  # in the metadata of a column: Python's types of objects that became text, as "int, str"


@dataclass(frozen=True)
class RecordBatches:
    """A table as an iterator of record batches, to be read once.

    Attributes
    ----------
    names : list of str
        The columns to take of each batch.
    named : bool
        Whether the table has names of its own.
    n_rows : int or None
        None: known only after the last batch.
    batches : iterator of (pyarrow.RecordBatch, its place)
    schema : pyarrow.Schema, or None where it is not known before the first batch
    """

    names: list[str]
    named: bool
    n_rows: int | None
    batches: Iterator[tuple[Any, str]]
    schema: Any = None

    def __post_init__(self) -> None:
        if not self.names:
            raise ValueError(
                f"Found array with 0 feature(s) (shape=({self.n_rows}, 0)) while a minimum of 1 is required."
            )
        if len(set(self.names)) < len(self.names):
            raise ValueError(f"two columns are named {max(self.names, key=self.names.count)!r}")

    def renamed(self, names: list[str]) -> "RecordBatches":
        """Return the same columns under other names."""
        import pyarrow

        def batches() -> Iterator[tuple[Any, str]]:
            for batch, place in self.batches:
                columns = [column_of(batch, name) for name in self.names]
                yield pyarrow.RecordBatch.from_arrays(columns, names), place

        return RecordBatches(names, self.named, self.n_rows, batches())


def record_batches(X: Any) -> RecordBatches:
    """Return the rows of a stream of this package, an Arrow table or reader, a data frame or an array as batches.

    An object of a user with `batches()` and `names` will do, too.
    """
    import pyarrow

    refuse_lazy("X", X)
    if offers(X, "record_batches"):  # of this package
        return X.record_batches()  # type: ignore[no-any-return]
    if is_partitioned(X):
        return batches_of_partitions(X)
    if hasattr(X, "iloc") and hasattr(X, "columns"):  # before the rest: a column may have any name, such as "batches"
        return batches_of_pandas(X)
    if hasattr(X, "table_blocks") and hasattr(X, "names"):
        names = list(X.names)
        return RecordBatches(names, True, None, ((block.X, block.place) for block in X.table_blocks(names, None)))
    if hasattr(X, "batches") and hasattr(X, "names"):
        return RecordBatches(list(X.names), True, None, placeless(X.batches()))
    if hasattr(X, "numbered") and hasattr(X, "n_features"):
        return batches_of_numbers(X)
    if isinstance(X, pyarrow.RecordBatch):
        X = pyarrow.Table.from_batches([X])
    if isinstance(X, pyarrow.Table):
        return batches_of_table(without_index(X), True)
    if hasattr(X, "__arrow_c_stream__") and len(getattr(X, "shape", (0, 0))) == 2:  # not a Series
        reader = pyarrow.RecordBatchReader.from_stream(X)
        n = len(X) if hasattr(X, "__len__") else None
        schema = without_index(reader.schema.empty_table()).schema
        return RecordBatches(schema.names, True, n, cut(reader), schema)
    return batches_of_array(X)


def batches_of_table(table: Any, named: bool) -> RecordBatches:
    """Return the rows of a pyarrow.Table."""
    batches = placeless(table.to_reader(max_chunksize=BATCH_ROWS))
    return RecordBatches(table.column_names, named, table.num_rows, batches, table.schema)


def placeless(batches: Any) -> Iterator[tuple[Any, str]]:
    """Pair batches that lie in memory with an empty place."""
    return ((batch, "") for batch in batches)


def batches_of_numbers(X: Any) -> RecordBatches:
    """Return the rows of a stream of numbers as columns; those without names are x0, x1 and so on."""
    names = [f"x{k}" for k in range(X.n_features)] if X.names is None else list(X.names)
    batches = ((batch_of_numbers(block.X, names), block.place) for block in X.numbered())
    return RecordBatches(names, X.names is not None, None, batches)


def batch_of_numbers(X: Any, names: list[str]) -> Any:
    """Return an array (n, p) of numbers, or `FrameColumns`, as a record batch."""
    import pyarrow

    columns = X.columns if hasattr(X, "columns") else np.asarray(X).T
    arrays = [pyarrow.array(column.astype(column.dtype.newbyteorder("="), copy=False)) for column in columns]
    return pyarrow.RecordBatch.from_arrays(arrays, names)


def cut(reader: Any) -> Iterator[tuple[Any, str]]:
    """Yield the batches of a reader, cut to BATCH_ROWS rows at most."""
    for batch in map(without_index, reader):
        for first in range(0, batch.num_rows, BATCH_ROWS):
            yield batch.slice(first, BATCH_ROWS), ""


def batches_of_pandas(X: Any) -> RecordBatches:
    """Return the rows of a frame of pandas, without its index."""
    arrays = [arrow_from_series(X.iloc[:, k]) for k in range(X.shape[1])]
    table = table_of(arrays, [str(name) for name in X.columns])
    return batches_of_table(table, any_named(X.columns))


def batches_of_partitions(X: Any) -> RecordBatches:
    """Return the rows of a Dask dataframe, whose partitions are computed one after the other."""

    def batches() -> Iterator[tuple[Any, str]]:
        for number, partition in enumerate(X.to_delayed()):
            yield from ((batch, f"partition {number}") for batch, _ in batches_of_pandas(partition.compute()).batches)

    return RecordBatches([str(name) for name in X.columns], any_named(X.columns), None, batches())


def any_named(columns: Any) -> bool:
    """Return whether any column of a frame has a name that is text."""
    return any(isinstance(name, str) for name in columns)


def table_of(columns: list[tuple[Any, str]], names: list[str]) -> Any:
    """Return pairs of an Arrow array and the types of `arrow_from_objects` as a table."""
    import pyarrow

    fields = [
        pyarrow.field(name, array.type, metadata={MIXED: types} if types else None)
        for name, (array, types) in zip(names, columns, strict=True)
    ]
    return pyarrow.table([array for array, _ in columns], schema=pyarrow.schema(fields))


def arrow_from_series(column: Any) -> tuple[Any, str]:
    """Return a column of a frame of pandas as an Arrow array, and the types of `arrow_from_objects`."""
    import pyarrow

    if column.dtype == object:
        return arrow_from_objects(column.to_numpy())
    if hasattr(column, "cat") and type(column.cat.categories.dtype).__name__ in ("IntervalDtype", "PeriodDtype"):
        column = column.cat.rename_categories(column.cat.categories.astype(str).astype(object))
    if hasattr(column, "cat") and column.cat.categories.dtype == object:
        codes = column.cat.codes.to_numpy()
        entries, types = arrow_from_objects(column.cat.categories.to_numpy())
        return pyarrow.DictionaryArray.from_arrays(pyarrow.array(codes, mask=codes < 0), entries), types
    if type(column.dtype).__name__ == "PeriodDtype":
        column = column.dt.to_timestamp()
    try:
        values = column.sparse.to_dense() if hasattr(column, "sparse") else column
        return pyarrow.array(values, from_pandas=True), ""
    except pyarrow.ArrowException as error:
        raise TypeError(
            f"column {column.name!r} is of type {column.dtype}, which Arrow cannot convert ({first_line(error)}); "
            "convert it to numbers or strings first"
        ) from None


def batches_of_array(X: Any) -> RecordBatches:
    """Return the rows of an array-like (n, p) as columns x0, x1, …; masked values are missing."""
    import pyarrow
    from sklearn.utils import check_array

    if isinstance(X, (list, tuple)) and as_array("X", X, "features").dtype.kind in "SU":
        X = np.asarray(X, dtype=object)  # numbers stay numbers beside strings
    mask = np.ma.getmaskarray(X) if np.ma.is_masked(X) else None
    X = check_array(X, dtype=None, ensure_all_finite=False, ensure_min_samples=0, ensure_min_features=0)
    names = [f"x{k}" for k in range(X.shape[1])]
    if mask is not None:
        X = np.where(mask, None, X.astype(object))
    if X.dtype.kind in "OSUT":
        table = table_of([arrow_from_objects(column) for column in X.astype(object).T], names)
        return batches_of_table(table, False)
    native = np.float64 if X.dtype.kind == "f" and X.dtype.itemsize > 8 else X.dtype.newbyteorder("=")

    def batches() -> Iterator[Any]:
        for first in range(0, len(X), BATCH_ROWS):
            columns = X[first : first + BATCH_ROWS].astype(native, copy=False).T
            yield pyarrow.RecordBatch.from_arrays([pyarrow.array(column) for column in columns], names)

    return RecordBatches(names, False, len(X), placeless(batches()))


def arrow_from_objects(values: np.ndarray) -> tuple[Any, str]:
    """Return a column of Python objects as numbers if all are, else as strings; Arrow takes no mixture.

    The second is "" unless other values than strings became strings; then it has the names of all types.
    """
    import pyarrow

    try:
        return pyarrow.array(values, from_pandas=True), ""
    except (pyarrow.ArrowException, OverflowError):
        present = [value for value in values if not is_missing(value)]
        numbers = all(isinstance(value, (Real, Decimal, np.bool_)) for value in present)
        types = "" if numbers else ", ".join(sorted({type(value).__name__ for value in present}))
        kind = float if numbers else str
        array = pyarrow.array([None if is_missing(value) else kind(value) for value in values])
        return array, "" if types == "str" else types


def is_missing(value: Any) -> bool:
    """Return whether a value is None, NaN, or pandas' NA or NaT."""
    nan = isinstance(value, (float, np.floating)) and np.isnan(value)
    return value is None or bool(nan) or type(value).__name__ in ("NAType", "NaTType")
