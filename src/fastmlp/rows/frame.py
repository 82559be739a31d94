"""Rows from the columns of frames: a window of them is put together at a time."""

from typing import Any

import numpy as np

from .array import ArrayRows
from .columns import put_columns


class Columns:
    """The columns of a frame as arrays, without a copy where their memory allows it.

    Raises TypeError for a column that is no number, and names it.
    """

    dtype = np.dtype(object)  # no kernel reads it in place

    def __init__(self, frame: Any) -> None:
        table = hasattr(frame, "column_names")
        names = frame.column_names if table else frame.columns
        self.columns = [numbers(str(name), frame.column(name) if table else frame[name]) for name in names]
        self.shape = len(frame), len(self.columns)


class FrameRows(ArrayRows):
    """Checked rows of a pandas or polars DataFrame; parameters as for `ArrayRows`."""

    def checked(self, X: Any) -> Any:
        columns = Columns(X)
        if not columns.columns:
            raise ValueError("X has 0 feature(s); at least 1 is required")
        return columns

    @property
    def in_place(self) -> bool:
        return False

    def taken(self, rows: np.ndarray) -> np.ndarray:
        X = np.empty((len(rows), self.X.shape[1]), self.dtype)
        put_columns(self.X.columns, X, rows)
        return X

    def taken_exactly(self, row: int) -> np.ndarray:
        return np.array([column[row] for column in self.X.columns], np.float64)


def names_of(frame: Any) -> list[str]:
    """Of its columns: a frame's of pandas or polars, or a pyarrow.Table's."""
    return [str(name) for name in (frame.column_names if hasattr(frame, "column_names") else frame.columns)]


def shares_memory(frame: Any) -> bool:
    """Is the frame one array of float32 or float64, which kernels can read where it lies?"""
    kinds = {str(kind) for kind in getattr(frame, "dtypes", [])}
    if not hasattr(frame, "iloc") or not kinds <= {"float32", "float64"} or len(kinds) != 1:
        return False
    return np.shares_memory(frame.to_numpy(), frame.to_numpy())


def numbers(name: str, column: Any) -> np.ndarray:
    """A column as an array of numbers; missing values are NaN."""
    kind = str(column.dtype if hasattr(column, "dtype") else column.type)
    if kind.lower().startswith(
        ("categor", "enum", "date", "time", "duration", "period", "interval", "list", "struct", "dict")
    ):
        raise TypeError(f"X: column {name!r} is of type {kind}; it must hold numbers, see fastmlp.TableEncoder")
    if hasattr(column, "iloc") and getattr(column.dtype, "na_value", None) is not None and column.hasnans:
        values = column.to_numpy(np.float64, na_value=np.nan)
    else:
        values = np.asarray(column.to_numpy())
    if values.dtype == object:
        try:
            values = values.astype(np.float64)
        except (ValueError, TypeError) as error:
            raise type(error)(f"X: column {name!r} holds what is not a number: {error}") from None
    if values.dtype.kind not in "fiub":
        raise ValueError(f"X: column {name!r} is of type {kind}; it must hold numbers, see fastmlp.TableEncoder")
    return np.asarray(values)
