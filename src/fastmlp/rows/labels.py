"""What the values of a stream's target mean: 0 and 1, or numbers of classes."""

from typing import Any

import numpy as np

from .columns import is_dictionary, value_type, without_views
from .targets import BYTE_CLASSES, as_targets

MOST_CLASSES = 10_000


class Labels:
    """From values of a target to what kernels read.

    Parameters
    ----------
    outputs, softmax : K, and whether the outputs are classes of which a row has one
    classes : the values that stand for 0, 1, …; None: the values are numbers already, as `as_targets` wants them
    name : of the target, for messages
    """

    def __init__(self, outputs: int, softmax: bool, classes: list[Any] | None = None, name: str = "y") -> None:
        self.outputs, self.softmax, self.classes, self.name = outputs, softmax, classes, name
        self._set: Any = None

    @property
    def dtype(self) -> type:
        return np.int32 if self.softmax and self.outputs > BYTE_CLASSES else np.uint8

    @property
    def shape(self) -> tuple[int, ...]:
        """Of one row."""
        return () if self.softmax or self.outputs == 1 else (self.outputs,)

    def encode(self, values: Any, n: int) -> np.ndarray:
        """Values of n rows, an array or a pyarrow.Array, as numbers."""
        if values is None:
            raise ValueError("a block has no y; the labels are required")
        if is_arrow(values):
            values = as_labels(values, self.name)
        if self.classes is None:
            return as_targets(values, n, self.outputs, self.softmax)
        if not is_arrow(values):
            values = np.asarray(values)
            if values.shape == (n, 1):
                values = values[:, 0]
            if values.shape != (n,):
                raise ValueError(f"y has shape {values.shape}, but X has {n} rows: it must have shape ({n},)")
            codes = np.searchsorted(self.classes, values).astype(np.intp)
            known = np.asarray(self.classes)[np.minimum(codes, len(self.classes) - 1)] == values
        else:
            codes, known = self._found(values)
        if not known.all():
            wrong = values[int(np.argmin(known))]
            wrong = wrong.as_py() if hasattr(wrong, "as_py") else wrong
            raise ValueError(f"{self.name} contains {wrong!r}, but the classes are {shown(self.classes)}")
        return np.asarray(codes.astype(self.dtype))

    def _found(self, values: Any) -> tuple[np.ndarray, np.ndarray]:
        """(Numbers of classes, are they known?) of a pyarrow.Array."""
        import pyarrow
        import pyarrow.compute

        if hasattr(values, "dictionary"):
            codes, known = self._found(values.dictionary)
            index = values.indices.to_numpy(zero_copy_only=False)
            return codes[index], known[index]
        if self._set is None or self._set.type != values.type:
            try:
                self._set = pyarrow.array(self.classes, type=values.type)
            except (pyarrow.ArrowException, OverflowError):
                raise ValueError(
                    f"target {self.name!r} is of type {values.type}, but the classes are {shown(self.classes)}"
                ) from None
        codes = pyarrow.compute.index_in(values, value_set=self._set).fill_null(-1).to_numpy(zero_copy_only=False)
        return codes, codes >= 0


def is_arrow(values: Any) -> bool:
    """Is it a pyarrow.Array or ChunkedArray?"""
    return type(values).__module__.startswith("pyarrow")


def as_labels(values: Any, name: str) -> Any:
    """A target's Arrow array, checked: booleans, numbers, strings, or a dictionary of these, and none missing."""
    import pyarrow.types as types

    kind = value_type(values.type) if is_dictionary(values.type) else values.type
    values = without_views(values)
    known = (types.is_boolean, types.is_integer, types.is_floating, types.is_string, types.is_large_string)
    if not any(is_kind(kind) for is_kind in known) and str(kind) not in ("string_view", "null"):
        raise TypeError(f"target {name!r} is of type {kind}; convert it to numbers or strings first")
    count = values.null_count
    if hasattr(values, "dictionary") and values.dictionary.null_count:
        count = sum(value is None for value in values.to_pylist())
    if types.is_floating(kind):
        values = values.dictionary_decode() if hasattr(values, "dictionary") else values
        values = values.cast("float64")  # of float16, Arrow knows little
        numbers = values.drop_null().to_numpy()
        count += int(np.isnan(numbers).sum())
        if np.isinf(numbers).any():
            raise ValueError(f"target {name!r} contains inf, which is no class; drop these rows")
    if count or str(kind) == "null":
        raise missing(name, count or len(values))
    return values


def missing(name: str, count: int) -> ValueError:
    """The error for labels that are missing."""
    return ValueError(f"target {name!r} has {count} missing value{'s' if count > 1 else ''}; drop these rows")


def shown(values: Any) -> str:
    """A few values, for a message."""
    few = ", ".join(repr(value) for value in list(values)[:5])
    return few + (", …" if len(values) > 5 else "")


def distinct(values: Any, name: str) -> set:
    """The values that a block's y holds, an array or a pyarrow.Array."""
    if values is None:
        raise ValueError("a block has no y; the labels are required")
    if is_arrow(values):
        return set(as_labels(values, name).unique().to_pylist())
    values = np.asarray(values)
    if values.dtype.kind == "f" and not np.isfinite(values).all():
        raise ValueError("y contains NaN or inf")
    return set(np.unique(values).tolist())
