"""Tables from files, through pyarrow: CSV and Parquet, columns chosen by name, numbers only."""

import os
from pathlib import Path
from typing import Any

import numpy as np

EXACT_IN_FLOAT32 = {"bool", "int8", "int16", "uint8", "uint16", "halffloat", "float"}


def read_table(path: str | os.PathLike) -> Any:
    """A CSV or Parquet file as a pyarrow.Table.

    Raises
    ------
    OSError : the file is missing, or damaged
    ValueError : its name ends neither with .csv nor with .parquet
    """
    import pyarrow
    from pyarrow import csv, parquet

    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file")
    readers = {".csv": csv.read_csv, ".parquet": parquet.read_table}
    if path.suffix.lower() not in readers:
        raise ValueError(f"{path}: the name must end with .csv or .parquet")
    try:
        return readers[path.suffix.lower()](path)
    except pyarrow.ArrowInvalid as error:
        raise OSError(f"{path}: not a readable {path.suffix[1:]} file ({first_line(error)})") from None


def write_table(path: str | os.PathLike, columns: dict[str, Any]) -> None:
    """Columns to a CSV or Parquet file, by the ending of its name."""
    import pyarrow
    from pyarrow import csv, parquet

    suffix = Path(path).suffix.lower()
    if suffix not in (".csv", ".parquet"):
        raise ValueError(f"{path}: the name must end with .csv or .parquet")
    table = pyarrow.table(columns)
    if suffix == ".csv":
        csv.write_csv(table, path)
    else:
        parquet.write_table(table, path)


def column_named(table: Any, name: str) -> Any:
    """The column of that name; a missing one is an error that lists what is there."""
    count = table.column_names.count(name)
    if count != 1:
        problem = "no column" if count == 0 else f"{count} columns"
        raise ValueError(f"{problem} named {name!r}; the columns are {', '.join(table.column_names)}")
    return table.column(name)


def numeric_matrix(table: Any, names: list[str]) -> np.ndarray:
    """Columns as an array (n, p): float32 where that holds every value exactly, else float64."""
    import pyarrow.types

    columns = [column_named(table, name) for name in names]
    for name, column in zip(names, columns, strict=True):
        kind = column.type
        number = pyarrow.types.is_integer(kind) or pyarrow.types.is_floating(kind) or pyarrow.types.is_boolean(kind)
        if not number:
            raise ValueError(f"column {name!r} is not numeric (its type is {kind}); encode or drop it")
        if column.null_count:
            raise ValueError(f"column {name!r} has {column.null_count} missing values; impute or drop them")
    exact = all(str(column.type) in EXACT_IN_FLOAT32 for column in columns)
    X = np.empty((table.num_rows, len(names)), np.float32 if exact else np.float64)
    for k, (name, column) in enumerate(zip(names, columns, strict=True)):
        first = 0
        for chunk in column.chunks:
            X[first : first + len(chunk), k] = chunk.to_numpy(zero_copy_only=False)
            first += len(chunk)
        if not np.isfinite(X[:, k]).all():
            raise ValueError(f"column {name!r} contains NaN or inf; impute or drop such rows")
    return X


def binary_target(table: Any, name: str, classes: list[Any] | None = None) -> tuple[np.ndarray, list[Any]]:
    """The target as 0 and 1, and the two values that these stand for, in ascending order."""
    import pyarrow.compute

    column = column_named(table, name)
    if column.null_count:
        raise ValueError(f"target {name!r} has {column.null_count} missing values; drop these rows")
    found = sorted(pyarrow.compute.unique(column).to_pylist())
    if classes is None:
        if len(found) != 2:
            shown = ", ".join(map(str, found[:5])) + (", …" if len(found) > 5 else "")
            raise ValueError(f"target {name!r} has {len(found)} values ({shown}); a binary classifier needs 2")
        classes = found
    unknown = [value for value in found if value not in classes]
    if unknown:
        raise ValueError(
            f"target {name!r} contains {unknown[0]!r}, but the model knows {classes[0]!r} and {classes[1]!r}"
        )
    value = pyarrow.scalar(classes[1], type=value_type(column.type))
    return np.asarray(pyarrow.compute.equal(decoded(column), value)), classes


def value_type(kind: Any) -> Any:
    """The type of a column's values: that of the dictionary for a dictionary column."""
    return getattr(kind, "value_type", kind)


def decoded(column: Any) -> Any:
    """A dictionary column as plain values."""
    return column.cast(value_type(column.type)) if hasattr(column.type, "value_type") else column


def first_line(error: Exception) -> str:
    return str(error).splitlines()[0]
