"""Rows from frames: their columns are put together for a window of rows at a time."""

import copy
from typing import Any

import numpy as np

from ..messages import listed
from .array import OBJECTS_AND_TEXT, ArrayRows, check_real, numbers_from_objects, refuse_hidden
from .columns import check_named, put_columns, without_index
from .offers import offers
from .ragged import as_array

NO_NUMBERS = ("date", "time", "duration", "period", "interval", "list", "struct")
MAY_SPELL_NUMBERS = ("object", "categor", "enum", "dict", "str", "utf8", "large_string")


class FrameColumns:
    """The columns of a frame as arrays, which are not copied where that can be avoided; slices take rows.

    Raises TypeError, which names the column, where values are not numbers.

    Parameters
    ----------
    names : the columns that the frame must have, and no others, in the order to take them; None: as they are
    """

    dtype = np.dtype(object)  # no kernel reads it in place

    def __init__(self, frame: Any, names: list[str] | None = None) -> None:
        found = columns_of(frame)
        if names is not None and [name for name, _ in found] != names:
            found = ordered(found, names)
        self.columns = [numbers(name, column) for name, column in found]
        self.shape = len(frame), len(self.columns)
        if not self.columns:
            raise ValueError("X has 0 feature(s); at least 1 is required")

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: slice) -> "FrameColumns":
        other = copy.copy(self)
        other.columns = [column[rows] for column in self.columns]
        other.shape = len(range(*rows.indices(len(self)))), len(self.columns)
        return other


class FrameRows(ArrayRows):
    """Checked rows of a pandas or polars DataFrame; parameters as for `ArrayRows`."""

    def checked(self, X: Any) -> Any:
        return FrameColumns(X)

    @property
    def in_place(self) -> bool:
        return False

    def taken(self, rows: np.ndarray) -> np.ndarray:
        X = np.empty((len(rows), self.X.shape[1]), self.dtype)
        put_columns(self.X.columns, X, rows)
        return X

    def taken_exactly(self, row: int) -> np.ndarray:
        return np.array([column[row] for column in self.X.columns], np.float64)


def is_arrow_table(frame: Any) -> bool:
    """Return whether a frame is a pyarrow.Table or RecordBatch."""
    return offers(frame, "column_names")


def names_of(frame: Any) -> list[str]:
    """Return the names of the columns of a frame of pandas or polars, or of a pyarrow.Table."""
    return [str(name) for name in (without_index(frame).column_names if is_arrow_table(frame) else frame.columns)]


def is_frame(X: Any) -> bool:
    """Return whether X is a frame of pandas or polars, or an Arrow table, whose columns have names."""
    lazy = offers(X, "collect") or offers(X, "compute")  # which has columns, too
    return not lazy and (hasattr(X, "columns") or is_arrow_table(X))


def ordered(columns: list[tuple[str, Any]], names: list[str]) -> list[tuple[str, Any]]:
    """Return the columns in the order of names; ValueError where the frame has others."""
    by_name = dict(columns)
    if len(by_name) < len(columns) or by_name.keys() != set(names):
        found = [name for name, _ in columns]
        for name in names:
            check_named(found, name)
        extra = next(name for name in found if name not in names)
        raise ValueError(f"X has a column {extra!r}, which is not one of the features {listed(names)}; drop it")
    return [(name, by_name[name]) for name in names]


def columns_of(frame: Any) -> list[tuple[str, Any]]:
    """Return (name, column) of each column of a frame; two may have the same name."""
    if is_arrow_table(frame):
        return list(zip(names_of(frame), without_index(frame).columns, strict=True))
    if hasattr(frame, "items"):
        return [(str(name), column) for name, column in frame.items()]
    return [(name, frame[name]) for name in frame.columns]


def check_columns(frame: Any) -> None:
    """Raise TypeError or ValueError for columns of dates, of text that spells no number, or with missing values."""
    for name, column in columns_of(frame):
        check_kind(name, kind_of(column))
        if may_spell_numbers(kind_of(column)) and np.isnan(numbers(name, column)).any():
            raise ValueError(f"X: column {name!r} contains NaN; impute or drop such rows")


def without_surprises(X: Any) -> Any:
    """Return X for scikit-learn's checks, which would take dates and masked entries for numbers.

    These, lazy frames, ragged rows, and text and objects that are not numbers raise errors that name the column.
    """
    refuse_hidden(X)
    if offers(X, "compute"):  # a lazy frame, which becomes an array when NumPy asks for one
        return X
    X = without_index(X) if is_arrow_table(X) else X
    if hasattr(X, "columns"):
        check_columns(X)
    elif isinstance(X, (list, tuple)):
        X = as_array("X", X, "features")
        X = X.astype(np.float64) if X.dtype == np.float32 else X  # scikit-learn computes lists in float64
    if isinstance(X, np.ndarray) and X.dtype.kind in OBJECTS_AND_TEXT:
        return numbers_from_objects(X)
    if isinstance(X, np.ndarray) and X.dtype.kind != "c":
        check_real(X)
    return X


def shares_memory(frame: Any) -> bool:
    """Return whether a frame is one array of float32 or float64, which kernels can read where it lies."""
    kinds = {str(kind) for kind in getattr(frame, "dtypes", [])}
    if not hasattr(frame, "iloc") or not kinds <= {"float32", "float64"} or len(kinds) != 1:
        return False
    return np.shares_memory(frame.to_numpy(), frame.to_numpy())


def numbers(name: str, column: Any) -> np.ndarray:
    """Return a column as an array of numbers, also where categories or text stand for them; missing values are NaN."""
    kind = kind_of(column)
    check_kind(name, kind)
    if hasattr(column, "iloc") and getattr(column.dtype, "na_value", None) is not None and column.hasnans:
        values = column.to_numpy(object if may_spell_numbers(kind) else np.float64, na_value=np.nan)
    else:
        values = np.asarray(column.to_numpy())
    if values.dtype.kind in OBJECTS_AND_TEXT:
        values = numbers_from_objects(values, f"X: column {name!r}")
    if values.dtype.kind not in "fiub":
        raise ValueError(f"X: column {name!r} is of type {kind}; it must hold numbers, see fastmlp.TableEncoder")
    return np.asarray(values)


def kind_of(column: Any) -> str:
    """Return the name of a column's type."""
    return str(column.dtype if hasattr(column, "dtype") else column.type)


def may_spell_numbers(kind: str) -> bool:
    """Return whether a column of this type may hold objects or text that stand for numbers."""
    return kind.lower().startswith(MAY_SPELL_NUMBERS)


def check_kind(name: str, kind: str) -> None:
    """Raise TypeError, which names the column, for types that are not numbers."""
    if kind.lower().startswith(NO_NUMBERS):
        raise TypeError(f"X: column {name!r} is of type {kind}; it must hold numbers, see fastmlp.TableEncoder")
