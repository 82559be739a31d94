"""Targets and weights of rows, checked and converted: 0 and 1 as bytes, numbers of classes, and numbers."""

import math
from typing import Any

import numpy as np

from ..losses import RESERVE, Loss
from ..messages import not_numbers
from ..typing import Scaling
from .ragged import as_array

SLICE_ROWS = 2**20
READ_IN_PLACE = (np.dtype(np.float32), np.dtype(np.float64))
MOST_EXPONENT = 1022  # of 2: this power and its inverse are normal numbers of float64
MISSING = {"NoneType": "None", "NAType": "NA", "NaTType": "NaT"}  # by name: pandas is not imported for it
BYTE_CLASSES = 256  # up to here, class numbers take one byte
LABELS_HINT = " (labels: 0 and 1, as from y == 'yes')"


def as_targets(y: Any, n: int, outputs: int, loss: Loss, dtype: np.dtype, scaling: Scaling | None = None) -> np.ndarray:
    """Return y as kernels read it: labels (n), class numbers (n), 0 and 1 for each output (n, K), or numbers.

    dtype, scaling : as for `as_numbers`
    """
    if loss.numeric:
        return as_numbers(y, n, outputs, loss, dtype, scaling)
    if loss.exclusive:
        return as_classes(y, n, outputs)
    return as_labels(y, n) if outputs == 1 else as_indicators(y, n, outputs)


def as_numbers(
    y: Any, n: int, outputs: int, loss: Loss, dtype: np.dtype, scaling: Scaling | None = None, first_row: int = 0,
    name: str = "y",
) -> np.ndarray:  # fmt: skip
    """Return y as numbers (n) or (n, K); an array of float32 or float64 is not copied, if it is not scaled.

    dtype : of the net, which must hold the numbers
    scaling : (shift, factor), or None: the result is (y - shift) factor
    first_row, name : the number of the first row, and what y is, for messages
    """
    K = loss.targets(outputs)
    numbers = as_reals(name, y, (n,) if K == 1 else (n, K))
    if numbers.dtype not in READ_IN_PLACE:
        with np.errstate(over="ignore"):  # of long doubles: what becomes inf is refused here
            numbers = numbers.astype(np.float64)
    out = numbers if scaling is None else np.empty(numbers.shape, dtype)
    least, most = map(np.float64, loss.bounds(outputs, dtype))  # compared in float64, also with float32
    largest = np.finfo(np.float64).max / RESERVE  # of a prediction in the units of y
    for first in range(0, n, SLICE_ROWS):
        given = numbers[first : first + SLICE_ROWS]
        if scaling is None:
            good = (given >= least) & (given <= most)
        else:
            shift, factor = scaling  # (K), in float64; of NumPy 1, a scalar would leave the difference in float32
            with np.errstate(all="ignore"):  # what becomes inf is refused here
                scaled = (given - shift) * factor
                out[first : first + SLICE_ROWS] = scaled
            good = (scaled >= least) & (scaled <= most) & (np.abs(given) <= largest)
        if not good.all():
            at = tuple(np.argwhere(~good)[0].tolist())
            column = f", column {at[1]}" if K > 1 else ""
            raise ValueError(refused(name, given[at], f"in row {first_row + first + at[0]}{column}", loss, dtype))
    return out


def refused(name: str, value: float, place: str, loss: Loss, dtype: np.dtype) -> str:
    """Return why a number cannot be a target, and what to do."""
    if np.isnan(value):
        return f"{name} contains NaN {place}; drop or impute such rows"
    if np.isinf(value):
        return f"{name} contains {value:g} {place}; replace or drop such rows"
    if loss.name == "poisson" and value < 0:
        return f"{name} contains {value:g} {place}, but loss='poisson' takes counts or rates, 0 and above"
    wider = "" if dtype == np.float64 else ", or use dtype='float64'"
    return f"{name} contains {value:g} {place}, with which loss={loss.name!r} overflows {dtype}; scale it{wider}"


def as_classes(y: Any, n: int, K: int) -> np.ndarray:
    """Return y as class numbers 0 … K-1."""
    vector = as_reals("y", y, (n,), hint=LABELS_HINT)
    if n and not (np.all(vector == np.floor(vector)) and vector.min() >= 0 and vector.max() < K):
        raise ValueError(f"y must hold classes 0 … {K - 1}; it contains {vector.min()} … {vector.max()}")
    return np.ascontiguousarray(vector, np.uint8 if K <= BYTE_CLASSES else np.int32)


def as_indicators(y: Any, n: int, K: int) -> np.ndarray:
    """Return y as bytes 0 and 1, one for each of K outputs."""
    table = as_array("y", y, "labels").view()
    if table.shape != (n, K):
        raise ValueError(f"y has shape {table.shape}, but it must be ({n}, {K}): 0 or 1 for each row and output")
    indicators = np.ascontiguousarray(table, np.uint8)
    if not np.all((indicators <= 1) & (indicators == table)):
        raise ValueError("y must hold 0 or 1 for each row and output")
    return indicators


def refuse_masked(name: str, values: Any) -> None:
    """Raise TypeError for masked values, as NumPy would use what lies behind the mask."""
    if isinstance(values, np.ma.MaskedArray) and np.ma.is_masked(values):
        raise TypeError(f"{name} is a masked array with masked entries; drop these rows")


def refuse_missing(name: str, values: Any) -> None:
    """Raise ValueError for None, pandas.NA and NaT among labels, which NumPy can neither sort nor compare."""
    array = values if isinstance(values, (list, tuple)) else np.asarray(values)
    if isinstance(array, np.ndarray):
        if array.dtype.kind == "M" and np.isnat(array).any():
            raise ValueError(f"{name} contains NaT; drop rows without a label")
        if array.dtype != object or array.ndim not in (1, 2):
            return
        array = array.ravel()
    found = {type(value).__name__ for value in array} & set(MISSING)
    if found:
        raise ValueError(f"{name} contains {MISSING[min(found)]}; drop rows without a target")


def as_reals(name: str, values: Any, shape: tuple[int, ...], target: bool = True, hint: str = "") -> np.ndarray:
    """Return real numbers of shape (n) or (n, K), one or K for each row; an array is not copied.

    target : whether they are targets, which may be a column (n, 1) and of which none may be missing
    hint : what to give instead of values that are no numbers
    """
    refuse_masked(name, values)
    try:
        array: np.ndarray = np.asarray(values)
        if array.dtype == object:
            if target:
                refuse_missing(name, array)
            array = array.astype(np.float64)
    except (ValueError, TypeError, OverflowError) as error:
        number = "one real number" if len(shape) == 1 else f"{shape[1]} real numbers"
        raise ValueError(f"{name} must hold {number} for each row ({not_numbers(values, error)})") from None
    array = array.view()  # whose shape and strides nobody else can change
    if target and len(shape) == 1 and array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.shape != shape:
        raise ValueError(f"{name} has shape {array.shape}, but X has {shape[0]} rows: it must have shape {shape}")
    if array.dtype.kind not in "fiub":
        raise ValueError(f"{name} has dtype {array.dtype}; it must hold numbers{hint}")
    return array


def as_labels(y: Any, n: int) -> np.ndarray:
    """Return y as bytes 0 and 1; an array of bytes is not copied."""
    vector = as_reals("y", y, (n,), hint=LABELS_HINT)
    if vector.dtype == bool:
        labels = vector.view(np.uint8)
        return (
            labels if n == 0 or labels.max() <= 1 else vector.astype(np.uint8)
        )  # a view of other bytes: all count as 1
    in_place = vector.dtype.itemsize == 1
    labels = vector.view(np.uint8) if in_place else np.empty(n, np.uint8)
    for first in range(0, n, SLICE_ROWS):
        values = vector[first : first + SLICE_ROWS]
        is_one = values == 1
        if not (is_one | (values == 0)).all():
            wrong = values[~(is_one | (values == 0))][0]
            raise ValueError(f"y contains {wrong}; a binary Model takes the labels 0 and 1")
        if not in_place:
            labels[first : first + SLICE_ROWS] = is_one
    return labels


def refuse_negative(name: str, w: np.ndarray) -> None:
    """Raise ValueError where a weight is negative."""
    if w.size and w.min() < 0:
        raise ValueError(f"{name} contains {w.min()}; weights must not be negative")


def as_weights(sample_weight: Any, n: int, some: bool = True) -> np.ndarray:
    """Return weights as float32 or float64: finite, not negative and, if `some` must be positive, not all 0."""
    w = as_reals("sample_weight", sample_weight, (n,), target=False)
    if w.dtype not in READ_IN_PLACE:
        w = w.astype(np.float64)
    if n and not np.isfinite(w).all():
        raise ValueError("sample_weight contains NaN or inf")
    refuse_negative("sample_weight", w)
    with np.errstate(over="ignore"):
        check_sum(w.sum(dtype=np.float64), some and n > 0)
    return w


def check_sum(total: float, some: bool = True, name: str = "sample_weight") -> None:
    """Raise ValueError where a sum of weights overflows or, if `some` must be positive, is 0 or underflows."""
    if some and total == 0:
        raise ValueError(f"{name} is 0 for every row")
    limits = np.finfo(np.float64)
    if total > limits.max or (some and total < limits.tiny):
        raise ValueError(f"{name} sums up to {total}, which float64 cannot hold well; divide it by its mean")


def weight_factor(total: float, n: int) -> float:
    """Return the power of two by which kernels multiply n weights with this sum, so that their mean is near 1.

    Sums are divided by it again. A power of two changes no bit of them, and keeps weights that the dtype of the net
    could not hold: in float32, weights of 1e-36 would underflow.
    """
    if total <= 0:
        return 1.0
    return math.ldexp(1.0, min(-math.frexp(total / n)[1], MOST_EXPONENT))
