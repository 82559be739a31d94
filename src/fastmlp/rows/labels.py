"""What the values of a stream's target mean: 0 and 1, or numbers of classes."""

from typing import Any

import numpy as np

from .columns import without_views
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
        if self.classes is None:
            return as_targets(np.asarray(values), n, self.outputs, self.softmax)
        if not hasattr(values, "null_count"):
            values = np.asarray(values)
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

        if values.null_count:
            raise missing(self.name, values.null_count)
        values = without_views(values)
        if hasattr(values, "dictionary"):
            codes, known = self._found(values.dictionary)
            index = values.indices.to_numpy(zero_copy_only=False)
            return codes[index], known[index]
        if self._set is None or self._set.type != values.type:
            try:
                self._set = pyarrow.array(self.classes, type=values.type)
            except (pyarrow.ArrowInvalid, pyarrow.ArrowTypeError, pyarrow.ArrowNotImplementedError):
                raise ValueError(
                    f"target {self.name!r} is of type {values.type}, but the classes are {shown(self.classes)}"
                ) from None
        codes = pyarrow.compute.index_in(values, value_set=self._set).fill_null(-1).to_numpy(zero_copy_only=False)
        return codes, codes >= 0


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
    if hasattr(values, "null_count"):
        if values.null_count:
            raise missing(name, values.null_count)
        return set(without_views(values).unique().to_pylist())
    values = np.asarray(values)
    if values.dtype.kind == "f" and not np.isfinite(values).all():
        raise ValueError("y contains NaN or inf")
    return set(np.unique(values).tolist())
