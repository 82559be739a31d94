"""The columns of Arrow's tables and record batches: names, kinds and values."""

from typing import Any

import numpy as np

from ..messages import listed
from .offers import offers

TEXT = ("string", "large_string", "string_view")  # Arrow's types of it
SPELLED = r"^[+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][+-]?[0-9]+)?$"
PER_SECOND = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
CACHED_ROWS = 4096  # of a window: its cache lines stay in cache while one column after the other is written


def put_columns(columns: list[np.ndarray], out: np.ndarray, rows: np.ndarray | None = None) -> None:
    """Write columns side by side, cast: out (n, p). rows (n): which of their rows; None: all."""
    with np.errstate(all="ignore"):
        for first in range(0, len(out), CACHED_ROWS):
            cached = out[first : first + CACHED_ROWS]
            chosen = slice(first, first + CACHED_ROWS) if rows is None else rows[first : first + CACHED_ROWS]
            for k, column in enumerate(columns):
                cached[:, k] = column[chosen]


def column_of(table: Any, name: str) -> Any:
    """Return the column of that name; ValueError, which lists the columns, if there is none."""
    index = table.schema.get_field_index(name)
    if index < 0:
        check_named(table.schema.names, name)
    return table.column(index)


def check_named(names: list[str], name: str) -> None:
    """Raise ValueError unless there is exactly one column of that name."""
    count = list(names).count(name)
    if count != 1:
        problem = "no column" if count == 0 else f"{count} columns"
        raise ValueError(f"{problem} named {name!r}; the columns are {listed(names)}")


def index_columns(schema: Any) -> list[str]:
    """Return the names of columns that are the index of a pandas frame, and so no features."""
    about = getattr(schema, "pandas_metadata", None) or {}
    return [name for name in about.get("index_columns", []) if isinstance(name, str)]


def without_index(table: Any) -> Any:
    """Return a pyarrow.Table or RecordBatch without the index that pandas put into it."""
    index = index_columns(table.schema)
    return table.select([k for k, name in enumerate(table.column_names) if name not in index]) if index else table


def refuse_lazy(name: str, data: Any) -> None:
    """Raise TypeError for a lazy frame, which was never read."""
    if offers(data, "collect") and not (offers(data, "__array__") or offers(data, "__arrow_c_stream__")):
        raise TypeError(f"{name} is a lazy frame; read it first, with {name}.collect()")


def is_dictionary(kind: Any) -> bool:
    """Return whether an Arrow type is a dictionary."""
    return hasattr(kind, "index_type")


def family(name: str, kind: Any) -> str:
    """Return what the values of an Arrow type are: "number", "string", or "null" if there are only nulls."""
    import pyarrow.types as types

    of_values = value_type(kind) if is_dictionary(kind) else kind
    for each in (types.is_boolean, types.is_integer, types.is_floating, types.is_decimal):
        if each(of_values):
            return "number"
    if types.is_null(of_values):
        return "null"
    dates = is_dictionary(kind) and types.is_temporal(of_values)
    if dates or str(of_values) in TEXT:
        return "string"
    raise TypeError(
        f"column {name!r} is of type {kind}; convert it to a number or a string first, or leave it out (--drop)"
    )


def without_views(values: Any) -> Any:
    """Return a column of string_view as large_string, as many of Arrow's functions do not take views."""
    if hasattr(values, "dictionary") and str(values.dictionary.type) == "string_view":
        return type(values).from_arrays(values.indices, values.dictionary.cast("large_string"))
    return values.cast("large_string") if str(values.type) == "string_view" else values


def all_missing(values: Any) -> bool:
    """Return whether a column holds only nulls and NaN."""
    import pyarrow.compute as pc

    if values.null_count == len(values):
        return True
    if str(values.type) == "halffloat":
        values = values.cast("float32")  # for float16, Arrow does not find NaN
    return bool(pc.all(pc.is_null(values, nan_is_null=True)).as_py())


def as_numbers(values: Any) -> np.ndarray:
    """Return a column of numbers as an array of integers or floats, with NaN for missing values.

    Lengths of time and times of day become seconds.
    """
    import pyarrow.types as types

    if is_seconds(values.type):
        ticks = values.cast("int32" if types.is_time32(values.type) else "int64").cast("float64", safe=False)
        return np.asarray(as_numbers(ticks) / PER_SECOND[values.type.unit])
    if not (types.is_integer(values.type) or types.is_floating(values.type)):
        values = values.cast("float64")
    array: np.ndarray = values.to_numpy(zero_copy_only=False)
    return array


def is_seconds(kind: Any) -> bool:
    """Return whether an Arrow type is one of lengths of time or of times of day."""
    import pyarrow.types as types

    return bool(types.is_duration(kind) or types.is_time(kind))


def spelled_numbers(values: Any) -> Any:
    """Return an Arrow array of numbers, text or a dictionary as numbers; text that spells no number becomes null.

    A number is spelled by digits, with or without a sign, a decimal point, an exponent, and blanks around them.
    """
    import pyarrow
    import pyarrow.compute as pc
    import pyarrow.types as types

    if is_dictionary(values.type):
        if len(values.dictionary) <= len(values):
            return spelled_numbers(values.dictionary).take(values.indices)
        return spelled_numbers(values.dictionary.take(values.indices))
    if not (str(values.type) in TEXT or types.is_temporal(values.type)):
        return values
    text = pc.utf8_trim_whitespace(values.cast("large_string"))
    plain = pc.match_substring_regex(text, SPELLED)
    return pc.if_else(plain, text, pyarrow.scalar(None, text.type)).cast("float64")


def as_categories(name: str, values: Any) -> Any:
    """Return values as large_string, bool, int64 or double, null where missing; dictionaries are decoded."""
    import pyarrow
    import pyarrow.types as types

    try:
        if is_dictionary(values.type):
            return as_categories(name, values.dictionary).take(values.indices)
        if types.is_boolean(values.type):
            return values
        if types.is_integer(values.type):
            return values.cast("int64")
        if not (types.is_floating(values.type) or types.is_decimal(values.type)):
            return values.cast("large_string")
    except pyarrow.ArrowInvalid as error:
        raise ValueError(f"column {name!r}: {first_line(error)}") from None
    numbers = as_numbers(values).astype(np.float64) + 0.0  # -0.0 is the category 0.0
    if np.isinf(numbers).any():
        raise ValueError(f"column {name!r} contains inf")
    large = numbers[np.abs(numbers) >= 2**53]
    if large.size:
        raise ValueError(
            f"column {name!r} contains {large[0]:.17g} as a floating-point number, which stands for several integers; "
            "give categories beyond 2⁵³ as integers or as text"
        )
    return pyarrow.array(numbers, from_pandas=True)


def value_counts(name: str, values: Any) -> tuple[Any, Any]:
    """Return the values of a column as `as_categories` gives them, and their counts; a value may come twice."""
    import pyarrow.compute as pc

    if not is_dictionary(values.type):
        return tuple(pc.value_counts(as_categories(name, values)).flatten())
    entries, counts = pc.value_counts(values.indices).flatten()
    return as_categories(name, values.dictionary).take(entries), counts


def value_type(kind: Any) -> Any:
    """Return the type of a column's values: of a dictionary column, that of its dictionary."""
    return getattr(kind, "value_type", kind)


def first_line(error: Exception) -> str:
    """Return the first line of an error's message, or the name of its class."""
    return (str(error) or type(error).__name__).splitlines()[0]
