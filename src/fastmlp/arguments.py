"""Checks of users' arguments: errors name the argument, the value and the remedy."""

import math
import operator
from collections.abc import Callable, Iterable
from numbers import Real
from typing import Any, SupportsFloat, SupportsIndex

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from .typing import Verbose

MIXED = "mixed_bfloat16"
DTYPES = f"choose 'float32', 'float64' or {MIXED!r}"


def checked_int(name: str, value: SupportsIndex, least: int) -> int:
    """Return an integer that is at least `least`."""
    try:
        number = operator.index(value)
    except TypeError:
        raise TypeError(f"{name}={value!r}: must be an integer") from None
    if isinstance(value, bool) or number < least:
        raise ValueError(f"{name}={value!r}: must be an integer and at least {least}")
    return number


def checked_float(name: str, value: SupportsFloat, least: float) -> float:
    """Return a finite number that is at least `least`."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise TypeError(f"{name}={value!r}: must be a number") from None
    except OverflowError:
        number = math.inf
    if not (math.isfinite(number) and number >= least):
        raise ValueError(f"{name}={value!r}: must be finite and at least {least:g}")
    return number


def checked_fraction(name: str, value: SupportsFloat) -> float:
    """Return a part of the rows, at least 0 and less than 1."""
    fraction = checked_float(name, value, 0)
    if fraction >= 1:
        raise ValueError(f"{name}={value}: must be at least 0 and less than 1")
    return fraction


def checked_callbacks(value: Any) -> list[Callable[..., Any]]:
    """Return the functions to call after each epoch, given as one, as a list, or as None."""
    callbacks = value if isinstance(value, list) else [] if value is None else [value]
    if not all(callable(callback) for callback in callbacks):
        raise TypeError(f"callbacks={value!r}: must be callable, a list of callables, or None")
    return list(callbacks)


def checked_verbose(value: Verbose) -> int | str:
    """Return 0 (silent), a positive integer (a line for each epoch) or "bar"."""
    if isinstance(value, str) and value == "bar":
        return value
    try:
        return checked_int("verbose", int(value) if isinstance(value, (bool, np.bool_)) else value, 0)
    except (TypeError, ValueError) as error:
        raise type(error)(f'verbose={value!r}: must be 0, 1 or "bar"') from None


def checked_widths(widths: Iterable[SupportsIndex]) -> tuple[int, ...]:
    """Return p[0], …, p[L] as integers."""
    try:
        checked = tuple(checked_int("widths", width, 1) for width in widths)
    except TypeError:
        raise TypeError(f"widths={widths!r}: must be a sequence of integers, such as [54, 256, 1]") from None
    if len(checked) < 2:
        raise ValueError(f"widths={widths!r}: give at least the numbers of features and of outputs")
    return checked


def checked_dtype(value: DTypeLike) -> tuple[np.dtype, bool]:
    """Return the dtype of θ, float32 or float64, and whether products are of bfloat16; `dtype_name` is the inverse."""
    if isinstance(value, str) and value == MIXED:
        return np.dtype(np.float32), True
    try:
        dtype = np.dtype(value)
    except TypeError:
        raise TypeError(f"dtype={value!r}: {DTYPES}") from None
    if dtype not in (np.float32, np.float64):
        raise ValueError(f"dtype={value!r}: {DTYPES}")
    return dtype, False


def dtype_name(dtype: np.dtype, mixed: bool) -> str:
    """Return the argument that `checked_dtype` takes for a dtype of θ, and products of bfloat16 or not."""
    return MIXED if mixed else str(dtype)


def checked_scaling(name: str, value: tuple[ArrayLike, ArrayLike], n: int) -> tuple[np.ndarray, np.ndarray]:
    """Return shift and factor, each an array (n) in float64; a number stands for n of them."""
    try:
        shift, factor = (np.array(part, np.float64) for part in value)  # copies, as the user may change his
    except (TypeError, ValueError):
        raise TypeError(f"{name}={value!r}: must be a pair (shift, factor) of arrays, or None") from None
    shift, factor = (np.full(n, part) if part.ndim == 0 else part for part in (shift, factor))
    if shift.shape != (n,) or factor.shape != (n,):
        raise ValueError(
            f"{name}: shift and factor have shapes {shift.shape} and {factor.shape}; each must have ({n},)"
        )
    if not (np.isfinite(shift).all() and np.isfinite(factor).all()):
        raise ValueError(f"{name}: shift and factor must be finite")
    return shift, factor


def checked_dropout(value: float | list[float] | tuple[float, ...], n_hidden: int) -> tuple[float, ...]:
    """Return the fraction of units that each hidden layer leaves out."""
    given = list(value) if isinstance(value, (list, tuple)) else [value]
    fractions = given if isinstance(value, (list, tuple)) else given * n_hidden
    numbers = all(isinstance(p, Real) for p in given)
    if not numbers or len(fractions) != n_hidden or not all(0 <= p < 1 for p in given):
        raise (ValueError if numbers else TypeError)(
            f"dropout={value!r}: give a number from 0 to below 1, or a list of {n_hidden}, one for each hidden layer"
        )
    return tuple(float(p) for p in fractions)
