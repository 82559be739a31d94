"""The values of a stream's target as kernels read them: `Labels` of classes, and `TargetNumbers`."""

from typing import Any

import numpy as np

from ..losses import Loss
from ..messages import few, shown
from ..typing import Scaling
from .columns import TEXT, is_dictionary, spelled_numbers
from .given_labels import array_of_labels, checked_labels, is_arrow_array, missing, no_labels, refuse_no_classes
from .targets import BYTE_CLASSES, as_numbers, as_targets, refuse_masked

MOST_CLASSES = 10_000


class Labels:
    """Turns values of a target into what kernels read.

    Parameters
    ----------
    outputs, loss : K, and what the net is trained for: log loss or cross-entropy
    classes : the values that stand for 0, 1, …; None: the values are numbers already, as `as_targets` wants them
    name : of the target, for messages
    others : give values that are no class the number after the last one, instead of raising ValueError
    """

    def __init__(
        self, outputs: int, loss: Loss, classes: list[Any] | None = None, name: str = "y", others: bool = False
    ) -> None:
        self.outputs, self.loss, self.classes, self.name, self.others = outputs, loss, classes, name, others
        self.numbers = {value: k for k, value in enumerate(classes or ())}

    @property
    def dtype(self) -> np.dtype:
        """Of what `encode` returns."""
        return np.dtype(np.int32 if self.loss.exclusive and self.numbers_in_all > BYTE_CLASSES else np.uint8)

    @property
    def numbers_in_all(self) -> int:
        """The number of different numbers that `encode` may return."""
        return max(2, self.outputs) + self.others

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of one row's target."""
        return () if self.loss.targets(self.outputs) == 1 else (self.outputs,)

    def encode(self, values: Any, n: int, first_row: int = 0) -> np.ndarray:
        """Return the values of n rows, an array or a pyarrow.Array, as numbers of classes."""
        if values is None:
            raise ValueError("a block has no y; labels are required, as in (X, y)")
        refuse_masked("y", values)
        if is_arrow_array(values):
            values = checked_labels(values, self.name)
        if self.classes is None:
            return as_targets(values, n, self.outputs, self.loss, self.dtype)
        if is_arrow_array(values):
            codes = self._codes_of_arrow(values)
        else:
            values = array_of_labels(values, self.name)
            if values.shape == (n, 1):
                values = values[:, 0]
            if values.shape != (n,):
                raise ValueError(f"y has shape {values.shape}, but X has {n} rows: it must have shape ({n},)")
            codes = self._codes_of_array(values)
            refuse_no_classes(values[codes < 0], self.name)
        if self.others:
            codes = np.where(codes < 0, self.numbers_in_all - 1, codes)
        if codes.min(initial=0) < 0:
            wrong = values[int(np.argmin(codes))]
            wrong = wrong.as_py() if hasattr(wrong, "as_py") else wrong
            raise ValueError(f"{self.name} contains {shown(wrong)}, but the classes are {few(self.classes or ())}")
        return np.asarray(codes.astype(self.dtype))

    def _codes_of_arrow(self, values: Any) -> np.ndarray:
        """Return the class numbers of an Arrow array, -1 for other values; each distinct value is looked up once.

        As in Python, True, 1 and 1.0 are equal, and "1" is another value.
        """
        values = in_one_piece(values)
        if hasattr(values, "dictionary") and len(values.dictionary) > len(values):
            values = values.dictionary_decode()
        if not hasattr(values, "dictionary"):
            values = values.dictionary_encode()
        entries = values.dictionary.to_pylist()
        if entries:
            self._check_kind(str(values.dictionary.type) in TEXT, values.dictionary.type)
        codes = np.array([self.numbers.get(entry, -1) for entry in entries], np.intp)
        return np.asarray(codes[values.indices.to_numpy(zero_copy_only=False)])

    def _codes_of_array(self, values: np.ndarray) -> np.ndarray:
        """Return the class numbers of an array, -1 for other values."""
        if values.dtype == object:
            try:
                return np.array([self.numbers.get(value, -1) for value in values.tolist()], np.intp)
            except TypeError:
                raise no_labels(values, self.name) from None
        if len(values):
            self._check_kind(values.dtype.kind in "SUT", values.dtype)
        codes = np.searchsorted(self.classes, values).astype(np.intp)  # type: ignore[arg-type]
        known = np.asarray(self.classes)[np.minimum(codes, len(self.classes or ()) - 1)] == values
        return np.where(known, codes, -1)

    def _check_kind(self, text: bool, kind: Any) -> None:
        """Raise ValueError for numbers where the classes are text, and for text where they are numbers."""
        if text != isinstance((self.classes or [None])[0], str):
            raise ValueError(f"target {self.name!r} is of type {kind}, but the classes are {few(self.classes or ())}")


class TargetNumbers:
    """Turns values of a target that are numbers into what kernels read.

    Parameters
    ----------
    outputs, loss : K, and what the net is trained for
    dtype : of the net
    scaling : (shift, factor), or None: targets are (y - shift) factor
    name : of the target, for messages
    """

    classes, others = None, False
    numbers_in_all = 0  # nothing is counted by class

    def __init__(
        self, outputs: int, loss: Loss, dtype: np.dtype, scaling: Scaling | None = None, name: str = "y"
    ) -> None:
        self.outputs, self.loss, self.dtype, self.scaling, self.name = outputs, loss, np.dtype(dtype), scaling, name

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of one row's target."""
        K = self.loss.targets(self.outputs)
        return () if K == 1 else (K,)

    def encode(self, values: Any, n: int, first_row: int = 0) -> np.ndarray:
        """Return the values of n rows, an array or a pyarrow.Array, as numbers; first_row: its number, for messages."""
        if values is None:
            raise ValueError("a block has no y; targets are required, as in (X, y)")
        if is_arrow_array(values):
            values = numbers_of_arrow(values, self.name)
            absent = np.flatnonzero(np.isnan(values))
            if len(absent):
                raise missing(self.name, len(absent), f", the first in row {first_row + int(absent[0])}")
        return as_numbers(values, n, self.outputs, self.loss, self.dtype, self.scaling, first_row, self.name)


Target = Labels | TargetNumbers


def numbers_of_arrow(values: Any, name: str) -> np.ndarray:
    """Return a target's Arrow array as numbers, with NaN where it has none; raise ValueError where it holds others."""
    import pyarrow
    import pyarrow.types as types

    values = in_one_piece(values)
    if is_dictionary(values.type):
        values = values.dictionary_decode()
    kind = values.type
    if str(kind) in TEXT:
        return numbers_of_text(values, name)
    numeric = types.is_integer(kind) or types.is_floating(kind) or types.is_decimal(kind) or types.is_boolean(kind)
    if types.is_null(kind):
        raise missing(name, len(values))
    if not numeric:
        raise ValueError(
            f"target {name!r} is of type {kind}; for this loss it must hold numbers. Convert it, or train for classes "
            "with loss='log_loss'"
        )
    if values.null_count or not (types.is_float32(kind) or types.is_float64(kind)):
        values = values.cast(pyarrow.float64(), safe=False)
    numbers: np.ndarray = values.to_numpy(zero_copy_only=False)  # NaN for nulls
    return numbers


def numbers_of_text(values: Any, name: str) -> np.ndarray:
    """Return the numbers that an Arrow array of text spells, with NaN for nulls; raise ValueError for other text."""
    import pyarrow.compute as pc

    numbers = spelled_numbers(values)
    others = values.filter(pc.and_(values.is_valid(), numbers.is_null()))
    if len(others):
        raise ValueError(
            f"target {name!r} holds text that spells no number ({few(others.unique().to_pylist())}); for this loss it "
            "must hold numbers"
        )
    return numbers_of_arrow(numbers, name)


def in_one_piece(values: Any) -> Any:
    """Return a pyarrow.Array, from one or from a ChunkedArray."""
    return values.combine_chunks() if hasattr(values, "chunks") else values
